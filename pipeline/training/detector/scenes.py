"""Whole scenes: a room, sheets, headings, layouts of notes, and the things that are not notes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.detector import camera, surfaces
from pipeline.training.detector.boards import (
    HEADING,
    INKS,
    PADS,
    Board,
    Scene,
    Style,
    add_note,
    finish,
    style,
)
from pipeline.training.detector.clutter import (
    big_letters,
    card,
    furniture,
    outlined_writing,
    pen_over,
    printed_sheet,
    small_things,
    stamp,
    writing_on_surface,
    written_sheet,
)
from pipeline.training.detector.ink import Pens, draw_path
from pipeline.training.detector.posters import key_poster, sign, torn_tape

Picture = NDArray[np.float32]
Rng = np.random.Generator
Region = tuple[float, float, float, float]


def _title(pens: Pens, rng: Rng) -> NDArray[np.uint8]:
    """One, two or three lines of print, centred or flush left, the further lines often smaller."""
    lines = [pens.titles[int(rng.integers(len(pens.titles)))]]
    for _ in range(int(rng.choice([0, 1, 2], p=[0.72, 0.2, 0.08]))):
        if rng.random() < 0.5:
            lines.append(pens.titles[int(rng.integers(len(pens.titles)))])
        else:
            lines.append(pens.line(rng, int(lines[0].shape[1] * rng.uniform(0.4, 1.6)), printed=True))
    width = max(line.shape[1] for line in lines)
    flush = rng.random() < 0.3
    rows = []
    for line in lines:
        left = 0 if flush else (width - line.shape[1]) // 2
        rows.append(np.pad(line, ((2, int(rng.uniform(2, 20))), (left, width - line.shape[1] - left))))
    return np.concatenate(rows)


def heading(
    board: Board,
    at: tuple[float, float],
    width: float,
    pens: Pens,
    rng: Rng,
    paper: NDArray[np.float32] | None = None,
) -> None:
    """A printed heading: a card (of the colour `paper`, if given), or print right on the sheet."""  # fmt: skip
    title = _title(pens, rng)
    th, tw = title.shape
    if rng.random() < 0.12:
        piece = cv2.resize(title, (int(width), max(6, int(width * th / tw))), interpolation=cv2.INTER_AREA)
        h, w = board.ids.shape
        x, y = int(at[0] - piece.shape[1] / 2), int(at[1] - piece.shape[0] / 2)
        stamp(board, piece, (x, y), rng)
        board.classes.append(HEADING)
        board.full_area.append(float(piece.size))
        there = (slice(max(0, y), min(h, y + piece.shape[0])), slice(max(0, x), min(w, x + piece.shape[1])))
        board.ids[there] = len(board.classes)
        return
    face_w = int(np.clip(width, 40, 700))
    inner_w = int(face_w * rng.uniform(0.55, 0.92))
    inner_h = int(inner_w * th / tw)
    face_h = int(max(inner_h / rng.uniform(0.4, 0.85), face_w / rng.uniform(3, 7)))
    if inner_h > face_h * 0.9:
        inner_h = int(face_h * 0.9)
        inner_w = int(inner_h * tw / th)
    kind = rng.random()
    ink = INKS[int(rng.integers(len(INKS)))]
    if kind < 0.62:
        colour = np.full(3, rng.uniform(0.85, 1.0)) + rng.normal(0, 0.02, 3)
    elif kind < 0.82:
        colour = PADS[int(rng.integers(len(PADS)))] * 0.5 + 0.48
    else:
        colour, ink = rng.uniform(0.02, 0.3, 3), np.full(3, rng.uniform(0.85, 1.0))
    if paper is not None:
        colour = paper.astype(np.float64) + rng.normal(0, 0.02, 3)
        ink = (
            INKS[int(rng.integers(len(INKS)))] if colour.mean() > 0.35 else np.full(3, rng.uniform(0.85, 1.0))
        )
    face = np.ones((face_h, face_w, 3), np.float32) * np.clip(colour, 0, 1).astype(np.float32)
    piece = cv2.resize(title, (max(4, inner_w), max(4, inner_h)), interpolation=cv2.INTER_AREA)
    y, x = (face_h - piece.shape[0]) // 2, (face_w - piece.shape[1]) // 2
    a = (piece.astype(np.float32) / 255)[..., None]
    spot = face[y : y + piece.shape[0], x : x + piece.shape[1]]
    spot[:] = spot * (1 - a) + ink.astype(np.float32) * a
    if rng.random() < 0.2:
        # A frame, a stripe or a mark printed on the card.
        deep = max(1, int(face_h * rng.uniform(0.03, 0.12)))
        if rng.random() < 0.5:
            cv2.rectangle(face, (deep, deep), (face_w - deep, face_h - deep), ink.tolist(), max(1, deep // 2))
        else:
            face[-deep:] = PADS[int(rng.integers(len(PADS)))]
    card(board, at, width, face_h / face_w, face, rng, HEADING)


Spot = tuple[float, float, NDArray[np.float32] | None]
"""Where a note goes, and its colour if the layout decides that."""


def _one(st: Style, rng: Rng, chance: float) -> NDArray[np.float32] | None:
    return st.palette[int(rng.integers(len(st.palette)))] if rng.random() < chance else None


def _grid(region: Region, size: float, st: Style, rng: Rng) -> Iterator[Spot]:
    """Rows and columns, often edge to edge, of one colour altogether or by row or column."""
    x0, y0, w, h = region
    gaps = [rng.uniform(-0.06, 0.04), rng.uniform(0.0, 0.2), rng.uniform(0.2, 0.8)]
    gap = rng.choice(gaps, p=[0.5, 0.3, 0.2])
    gap_y = gap if rng.random() < 0.6 else rng.uniform(-0.05, 0.5)
    same = rng.choice(["all", "row", "column", "free"])
    fill = rng.uniform(0.5, 1.0)
    slip = rng.uniform(0, 0.06)
    row = 0
    y = y0 + size / 2
    while y < y0 + h:
        column = 0
        x = x0 + size / 2 + rng.uniform(0, 0.5) * size * (gap > 0.1)
        while x < x0 + w:
            index = {"all": 0, "row": row, "column": column, "free": int(rng.integers(99))}[str(same)]
            if rng.random() < fill:
                colour = st.palette[index % len(st.palette)]
                yield x + rng.normal(0, slip) * size, y + rng.normal(0, slip) * size, colour
            x += size * (1 + gap)
            column += 1
        y += size * (1 + gap_y)
        row += 1


def _scatter(region: Region, size: float, rng: Rng, most: int) -> Iterator[Spot]:
    """Anywhere, at some distance from each other."""
    x0, y0, w, h = region
    taken: list[tuple[float, float]] = []
    near = rng.uniform(0.75, 1.5) * size
    for _ in range(most * 6):
        x, y = x0 + rng.uniform(0, w), y0 + rng.uniform(0, h)
        if all((x - a) ** 2 + (y - b) ** 2 > near**2 for a, b in taken):
            taken.append((x, y))
            yield x, y, None


def _piles(region: Region, size: float, st: Style, rng: Rng) -> Iterator[Spot]:
    """Heaps of up to five notes over each other."""
    x0, y0, w, h = region
    while True:
        cx, cy = x0 + rng.uniform(0, w), y0 + rng.uniform(0, h)
        one = _one(st, rng, 0.5)
        for _ in range(int(rng.integers(1, 6))):
            yield cx + rng.normal(0, 0.55) * size, cy + rng.normal(0, 0.55) * size, one


def _shingles(region: Region, size: float, st: Style, rng: Rng) -> Iterator[Spot]:
    """Columns in which each note covers part of the one above."""
    x0, y0, w, _ = region
    x = x0 + size / 2
    while x < x0 + w:
        step = rng.uniform(0.3, 0.95) * size
        one = _one(st, rng, 0.6)
        for k in range(int(rng.integers(2, 7))):
            yield x + rng.normal(0, 0.05) * size, y0 + size / 2 + k * step, one
        x += size * rng.uniform(1.0, 1.6)


def lay_notes(board: Board, region: Region, size: float, st: Style, pens: Pens, rng: Rng, most: int) -> None:
    """Lays up to `most` notes in a region (x, y, w, h), after one of four plans."""
    cut_out = len(st.kinds) >= 4
    plans = [0.12, 0.42, 0.4, 0.06] if cut_out else [0.38, 0.32, 0.2, 0.1]
    plan = rng.choice(["grid", "scatter", "piles", "shingles"], p=plans)
    # Cut-out ticks and hearts are stuck at any angle, pads hardly turned.
    spreads = [0.1, 0.25, 0.3, 0.35] if cut_out else [0.3, 0.4, 0.2, 0.1]
    spread = float(rng.choice([0.015, 0.05, 0.12, 0.3], p=spreads))
    turned = rng.random() < (0.22 if cut_out else 0.08)
    spots = {
        "grid": lambda: _grid(region, size, st, rng),
        "scatter": lambda: _scatter(region, size, rng, most),
        "piles": lambda: _piles(region, size, st, rng),
        "shingles": lambda: _shingles(region, size, st, rng),
    }[str(plan)]()
    for x, y, colour in itertools.islice(spots, most):
        angle = rng.normal(0, spread) + (rng.uniform(0, 6.28) if turned else 0)
        add_note(board, (x, y), size * float(np.exp(rng.normal(0, 0.03))), angle, st, pens, rng, colour)


def _sheets(board: Board, rng: Rng) -> Region:
    """Sheets on the wall, which may run out of the picture, door frames; returns where notes belong."""
    h, w = board.ids.shape
    region = (-0.03 * w, 0.02 * h, 1.04 * w, 0.98 * h)
    if rng.random() < 0.45:
        for _ in range(int(rng.integers(1, 3))):
            sw = w * rng.uniform(0.5, 1.1)
            at = (w * rng.uniform(0.3, 0.7), h * rng.uniform(0.35, 0.65))
            kind = surfaces.paper if rng.random() < 0.8 else surfaces.kraft
            aspect = rng.uniform(0.6, 1.5)
            face = kind(int(500 * aspect), 500, rng).astype(np.float32)
            card(board, at, sw, aspect, np.clip(face, 0, 1), rng, None)
            region = (at[0] - sw * 0.5, at[1] - sw * aspect * 0.48, sw, sw * aspect * 0.95)
    if rng.random() < 0.3:
        for x in (rng.uniform(0, 0.1), rng.uniform(0.9, 1.0)):
            if rng.random() < 0.5:
                k = int(x * w)
                strip = board.picture[:, :k] if x < 0.5 else board.picture[:, k:]
                strip[:] = strip * 0.1 + rng.uniform(0, 0.9, 3).astype(np.float32) * 0.9
    return region


def _not_notes(board: Board, size: float, pens: Pens, rng: Rng, negative: bool) -> None:
    """Everything that lies under or beside the notes and is none."""
    h, w = board.ids.shape
    if rng.random() < 0.6:
        writing_on_surface(board, size, pens, rng)
    if rng.random() < 0.3:
        outlined_writing(board, size, pens, rng)
    if rng.random() < 0.2:
        big_letters(board, size, pens, rng)
    if rng.random() < 0.25:
        furniture(board, size, rng)
    sheets = int(rng.integers(2, 6)) if negative else int(rng.random() < 0.35) + int(rng.random() < 0.15)
    for _ in range(sheets):
        make = printed_sheet if rng.random() < 0.7 else written_sheet
        make(board, (rng.uniform(0, w), rng.uniform(0, h)), size * rng.uniform(1.6, 6.5), pens, rng)
    if rng.random() < (0.5 if negative else 0.06):
        # A key, a how-to, an agenda: posters that show notes, one or several in a row.
        for _ in range(int(rng.integers(1, 4))):
            at = (rng.uniform(0.05, 0.95) * w, rng.uniform(0.1, 0.9) * h)
            key_poster(board, at, rng.uniform(0.25, 0.7) * max(w, h), pens, rng)
    if rng.random() < 0.12:
        for _ in range(int(rng.integers(1, 4))):
            at = (rng.uniform(0, w), rng.uniform(0, h))
            sign(board, at, size * float(np.exp(rng.uniform(-0.7, 0.8))), pens, rng)
    if rng.random() < 0.5:
        small_things(board, size, pens, rng)


def _headings(board: Board, size: float, st: Style, pens: Pens, rng: Rng) -> None:
    """One to four headings side by side, mostly at the top; now and then of the notes' own paper."""
    h, w = board.ids.shape
    n = int(rng.choice([1, 2, 3, 4], p=[0.5, 0.32, 0.13, 0.05]))
    paper = _one(st, rng, 0.25)
    level = h * rng.uniform(0.05, 0.2)
    for k in range(n):
        width = min(w / n * rng.uniform(0.4, 0.98), size * rng.uniform(1.6, 5))
        y = level if rng.random() < 0.5 else h * rng.uniform(0.05, 0.2 if rng.random() < 0.7 else 0.8)
        heading(board, (w * (k + 0.5) / n, y), width, pens, rng, paper)


def _table(board: Board, rng: Rng, pens: Pens) -> None:
    """A dark table or wall with written sheets on it, taped down: notes lie round and over them."""
    h, w = board.ids.shape
    dark = surfaces.cloth if rng.random() < 0.4 else surfaces.wall
    shade = rng.uniform(0.02, 0.3)
    face = dark(h, w, rng).astype(np.float32)
    board.picture[:] = np.clip(face * shade / max(0.05, float(face.mean())), 0, 1)
    for _ in range(int(rng.integers(1, 4))):
        at = (rng.uniform(0.2, 0.8) * w, rng.uniform(0.2, 0.8) * h)
        wide = rng.uniform(0.3, 0.75) * max(w, h)
        written_sheet(board, at, wide, pens, rng)
        for side in (-1, 1):
            if rng.random() < 0.5:
                corner = (at[0] + side * wide * 0.47, at[1] - wide * rng.uniform(0.3, 0.7))
                torn_tape(board, corner, wide * rng.uniform(0.08, 0.2), rng.uniform(-1, 1), rng)


def _over_everything(board: Board, size: float, rng: Rng) -> None:
    """A pen line across the notes, a hand, a finger over the lens."""
    h, w = board.ids.shape
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 9))):
            at = (rng.uniform(0, w), rng.uniform(0, h))
            ys, xs = np.nonzero(board.ids[::8, ::8]) if rng.random() < 0.6 else ([], [])
            if len(xs):
                # At a note's or a card's edge or upon it.
                k = int(rng.integers(len(xs)))
                at = (xs[k] * 8 + rng.normal(0, 0.3) * size, ys[k] * 8 + rng.normal(0, 0.3) * size)
            torn_tape(board, at, size * rng.uniform(0.2, 0.75), rng.normal(0, 0.6), rng)
    if rng.random() < 0.12:
        mask = np.zeros((h, w), np.uint8)
        points = np.stack([rng.uniform(0, w, 3), rng.uniform(0, h, 3)], 1)
        draw_path(mask, points, max(1, int(size * 0.03)), rng)
        pen_over(board, mask, rng)
    if rng.random() < 0.06:
        camera.bust(board.picture, board.ids, rng)
    if rng.random() < 0.1:
        camera.skin(board.picture, board.ids, rng)
    if rng.random() < 0.03:
        camera.finger(board.picture, board.ids, rng)


def compose(seed: int, pens: Pens, photos: list[Picture]) -> Scene:
    """The scene of a seed, between 640 and 1152 pixels on its longer side."""
    rng = np.random.default_rng([seed, 20261121])
    long = int(rng.uniform(640, 1152))
    short = int(long * rng.uniform(0.55, 0.85))
    w, h = (long, short) if rng.random() < 0.5 else (short, long)
    board = Board(surfaces.surface(h, w, rng, photos), np.zeros((h, w), np.uint8))
    size = long * float(np.exp(rng.uniform(np.log(0.034), np.log(0.26))))
    closeup = rng.random() < 0.07
    if closeup:
        size = long * rng.uniform(0.35, 0.8)
    region = _sheets(board, rng)
    negative = rng.random() < 0.1
    if rng.random() < 0.14:
        _table(board, rng, pens)
        size = max(size, long * rng.uniform(0.08, 0.24))
    _not_notes(board, size, pens, rng, negative)
    middle = board.picture[int(h * 0.3) : int(h * 0.7), int(w * 0.3) : int(w * 0.7)]
    st = style(rng, middle.mean(axis=(0, 1)).astype(float))
    if rng.random() < (0.6 if len(st.kinds) >= 4 else 0.15):
        _headings(board, size, st, pens, rng)
        region = (region[0], max(region[1], 0.15 * h), region[2], region[3] * 0.85)
    if closeup and not negative:
        for _ in range(int(rng.integers(1, 4))):
            at = (rng.uniform(0.3, 0.7) * w, rng.uniform(0.3, 0.7) * h)
            add_note(board, at, size, rng.normal(0, 0.1), st, pens, rng)
    elif not negative:
        room = max(1, int(region[2] * region[3] / size**2 * rng.uniform(0.15, 0.9)))
        lay_notes(board, region, size, st, pens, rng, min(room, 60 if rng.random() < 0.8 else 150))
    _over_everything(board, size, rng)
    return finish(board, rng)
