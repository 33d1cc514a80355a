"""Whole scenes: a room, sheets, headings, layouts of notes, and the things that are not notes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.detector import camera, surfaces
from pipeline.training.detector.boards import (
    HEADING, INKS, PADS, Board, Scene, Style, add_note, finish, paste, place, style,
)  # fmt: skip
from pipeline.training.detector.ink import Pens, doodle, draw_path

Picture = NDArray[np.float32]
Rng = np.random.Generator


def _pen_over(
    board: Board, mask: NDArray[np.uint8], rng: Rng, colour: NDArray[np.float64] | None = None
) -> None:
    ink = INKS[int(rng.integers(len(INKS)))] if colour is None else colour
    a = (mask.astype(np.float32) / 255 * rng.uniform(0.6, 1.0))[..., None]
    board.picture[:] = board.picture * (1 - a) + ink.astype(np.float32) * a


def _stamp(
    board: Board,
    piece: NDArray[np.uint8],
    at: tuple[float, float],
    rng: Rng,
    colour: NDArray[np.float64] | None = None,
) -> None:
    """Draws a mask in ink with its upper left corner at `at`, clipped to the board."""
    h, w = board.ids.shape
    x, y = int(at[0]), int(at[1])
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(w, x + piece.shape[1]), min(h, y + piece.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    ink = INKS[int(rng.integers(len(INKS)))] if colour is None else colour
    a = (piece[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32) / 255 * rng.uniform(0.6, 1.0))[..., None]
    area = board.picture[y0:y1, x0:x1]
    area[:] = area * (1 - a) + ink.astype(np.float32) * a


def card(
    board: Board,
    at: tuple[float, float],
    width: float,
    aspect: float,
    face: Picture,
    rng: Rng,
    label: int | None,
    angle: float | None = None,
    shadow: float | None = None,
) -> None:
    """A stiff rectangular card or sheet with a given face."""  # fmt: skip
    points = np.array([[0, 0], [1, 0], [1, aspect], [0, aspect]], float)
    outline, corners = place(points, width, at, rng.normal(0, 0.04) if angle is None else angle)
    paste(
        board,
        outline,
        face,
        corners,
        rng,
        label,
        rng.uniform(0, 0.4) if shadow is None else shadow,
        rng.uniform(1, 6),
    )


def heading(board: Board, at: tuple[float, float], width: float, pens: Pens, rng: Rng) -> float:
    """A printed heading: a card, or print right on the sheet; returns its height."""
    title = pens.titles[int(rng.integers(len(pens.titles)))]
    th, tw = title.shape
    if rng.random() < 0.12:
        piece = cv2.resize(title, (int(width), max(6, int(width * th / tw))), interpolation=cv2.INTER_AREA)
        h, w = board.ids.shape
        x, y = int(at[0] - piece.shape[1] / 2), int(at[1] - piece.shape[0] / 2)
        _stamp(board, piece, (x, y), rng)
        board.classes.append(HEADING)
        board.full_area.append(float(piece.size))
        board.ids[max(0, y) : min(h, y + piece.shape[0]), max(0, x) : min(w, x + piece.shape[1])] = len(
            board.classes
        )
        return float(piece.shape[0])
    face_w = int(np.clip(width, 40, 700))
    fill = rng.uniform(0.55, 0.92)
    inner_w = int(face_w * fill)
    inner_h = int(inner_w * th / tw)
    face_h = int(max(inner_h / rng.uniform(0.4, 0.85), face_w / rng.uniform(3, 7)))
    if inner_h > face_h * 0.9:
        inner_h = int(face_h * 0.9)
        inner_w = int(inner_h * tw / th)
    r = rng.random()
    if r < 0.62:
        colour, ink = (
            np.full(3, rng.uniform(0.85, 1.0)) + rng.normal(0, 0.02, 3),
            INKS[int(rng.integers(len(INKS)))],
        )
    elif r < 0.82:
        colour, ink = PADS[int(rng.integers(len(PADS)))] * 0.5 + 0.48, INKS[int(rng.integers(len(INKS)))]
    else:
        colour, ink = rng.uniform(0.02, 0.3, 3), np.full(3, rng.uniform(0.85, 1.0))
    face = np.ones((face_h, face_w, 3), np.float32) * np.clip(colour, 0, 1).astype(np.float32)
    piece = cv2.resize(title, (max(4, inner_w), max(4, inner_h)), interpolation=cv2.INTER_AREA)
    y, x = (face_h - piece.shape[0]) // 2, (face_w - piece.shape[1]) // 2
    a = (piece.astype(np.float32) / 255)[..., None]
    spot = face[y : y + piece.shape[0], x : x + piece.shape[1]]
    spot[:] = spot * (1 - a) + ink.astype(np.float32) * a
    card(board, at, width, face_h / face_w, face, rng, HEADING)
    return width * face_h / face_w


def printed_sheet(board: Board, at: tuple[float, float], width: float, pens: Pens, rng: Rng) -> None:
    """A poster, letter or slide: print, coloured boxes with borders, pictures of notes. Not a note."""
    aspect = rng.choice([1.41, 0.71, rng.uniform(0.5, 1.6)])
    w = int(np.clip(width, 60, 500))
    h = int(w * aspect)
    face = np.full((h, w, 3), rng.uniform(0.85, 1.0), np.float32)
    if rng.random() < 0.15:
        face *= PADS[int(rng.integers(len(PADS)))]
    y = int(0.05 * h)
    while y < 0.9 * h:
        block_h = int(h * rng.uniform(0.06, 0.3))
        block_h = min(block_h, h - y - 2)
        if block_h < 8:
            break
        kind = rng.random()
        if kind < 0.55:
            mask = pens.block(
                rng, int(w * 0.86), block_h, max(1, int(block_h / rng.uniform(8, 22))), rng.random() < 0.75
            )
            a = (mask.astype(np.float32) / 255)[..., None] * 0.85
            area = face[y : y + block_h, int(0.07 * w) : int(0.07 * w) + mask.shape[1]]
            area[:] = area * (1 - a) + INKS[0].astype(np.float32) * a
        elif kind < 0.85:
            n = int(rng.integers(1, 5))
            side = int(min(block_h, w * 0.8 / n) * 0.8)
            for k in range(n):
                x = int(w * 0.08 + k * w * 0.85 / n)
                colour = PADS[int(rng.integers(len(PADS)))].tolist()
                box = cv2.boxPoints(
                    ((x + side / 2, y + block_h / 2), (side * rng.uniform(0.8, 1.3), side), rng.normal(0, 5))
                )
                cv2.fillPoly(face, [box.astype(np.int32)], colour, cv2.LINE_AA)
                if rng.random() < 0.6:
                    cv2.polylines(
                        face,
                        [box.astype(np.int32)],
                        True,
                        (0.05, 0.05, 0.05),
                        int(rng.integers(1, 4)),
                        cv2.LINE_AA,
                    )
        else:
            cv2.rectangle(
                face, (int(0.1 * w), y), (int(0.9 * w), y + block_h), rng.uniform(0, 1, 3).tolist(), -1
            )
        y += block_h + int(0.02 * h) + 2
    card(board, at, width, h / w, face, rng, None)


def written_sheet(board: Board, at: tuple[float, float], width: float, pens: Pens, rng: Rng) -> None:
    """A white A4 or A3 sheet covered with handwriting: not a note."""
    aspect = float(rng.choice([1.41, 0.71]))
    w = int(np.clip(width, 60, 500))
    h = int(w * aspect)
    face = np.full((h, w, 3), rng.uniform(0.88, 1.0), np.float32)
    lines = int(rng.integers(5, 14))
    mask = pens.block(rng, int(w * 0.9), int(h * 0.85), lines)
    a = (mask.astype(np.float32) / 255)[..., None]
    area = face[int(0.07 * h) : int(0.07 * h) + mask.shape[0], int(0.05 * w) : int(0.05 * w) + mask.shape[1]]
    area[:] = area * (1 - a) + INKS[int(rng.integers(len(INKS)))].astype(np.float32) * a
    card(board, at, width, h / w, face, rng, None)


def writing_on_surface(board: Board, size: float, pens: Pens, rng: Rng) -> None:
    """What people write and draw straight on the sheet or board, in ink that suits its brightness."""
    h, w = board.ids.shape
    bright = float(board.picture.mean())
    for _ in range(int(rng.integers(1, 9))):
        colour = None if bright > 0.35 else np.full(3, rng.uniform(0.7, 1.0))
        x, y = rng.uniform(-0.05, 0.9) * w, rng.uniform(-0.02, 0.95) * h
        kind = rng.random()
        pen = max(1, int(size * rng.uniform(0.012, 0.06)))
        if kind < 0.4:
            lines = int(rng.integers(1, 4))
            bw = int(size * rng.uniform(0.8, 5))
            bh = int(size * rng.uniform(0.15, 0.6) * lines)
            _stamp(board, pens.block(rng, max(20, bw), max(10, bh), lines), (x, y), rng, colour)
            if rng.random() < 0.3:
                mask = np.zeros((h, w), np.uint8)
                box = np.array([[x, y], [x + bw, y], [x + bw, y + bh], [x, y + bh]]) + rng.normal(
                    0, 3, (4, 2)
                )
                draw_path(mask, box, pen, rng, True)
                _pen_over(board, mask, rng, colour)
        elif kind < 0.65:
            s = int(size * rng.uniform(0.4, 3))
            piece = np.zeros((max(12, int(s * rng.uniform(0.6, 1.1))), max(12, s)), np.uint8)
            doodle(piece, rng, pen)
            _stamp(board, piece, (x, y), rng, colour)
        else:
            mask = np.zeros((h, w), np.uint8)
            n = int(rng.integers(2, 6))
            pts = np.stack([rng.uniform(0, w, n), rng.uniform(0, h, n)], 1)
            if rng.random() < 0.5:
                pts[:, int(rng.integers(2))] = pts[0, int(rng.integers(2))]
                draw_path(mask, pts, pen, rng)
            else:
                t = np.linspace(0, 1, 30)[:, None]
                a, b, c = pts[0], rng.uniform(0, 1, 2) * [w, h], pts[-1]
                draw_path(mask, a * (1 - t) ** 2 + b * 2 * t * (1 - t) + c * t**2, pen, rng)
            _pen_over(board, mask, rng, colour)


def small_things(board: Board, size: float, pens: Pens, rng: Rng) -> None:
    """Dots, magnets, pins, coins, pens, blank cards, tape, crumpled paper, cables, coffee rings, switches."""
    h, w = board.ids.shape
    for _ in range(int(rng.integers(0, 7))):
        at = (rng.uniform(0, w), rng.uniform(0, h))
        kind = int(rng.integers(8))
        colour = PADS[int(rng.integers(len(PADS)))] * rng.uniform(0.5, 1.0)
        if kind <= 1:
            r = max(2, int(size * rng.uniform(0.04, 0.16)))
            for k in range(int(rng.integers(1, 6))):
                c = (int(at[0] + k * r * 2.4), int(at[1]))
                cv2.circle(board.picture, (c[0] + 1, c[1] + 2), r, (0.3, 0.3, 0.3), -1, cv2.LINE_AA)
                cv2.circle(board.picture, c, r, colour.tolist(), -1, cv2.LINE_AA)
                cv2.circle(board.ids, c, r, 0, -1) if rng.random() < 0.2 else None
        elif kind == 2:
            card(board, at, size * rng.uniform(0.6, 2.2), rng.uniform(0.3, 0.75), np.full((30, 60, 3), rng.uniform(0.8, 1), np.float32)
                 * rng.uniform(0.9, 1.0, 3).astype(np.float32), rng, None)  # fmt: skip
        elif kind == 3:
            camera.tape(board.picture, at, size * rng.uniform(0.4, 2), rng.uniform(0, 3.14), rng)
        elif kind == 4:
            box = cv2.boxPoints(
                (at, (size * rng.uniform(1, 3), size * rng.uniform(0.06, 0.14)), rng.uniform(0, 180))
            )
            cv2.fillPoly(board.picture, [box.astype(np.int32)], (colour * 0.5).tolist(), cv2.LINE_AA)
        elif kind == 5:
            cv2.circle(
                board.picture,
                (int(at[0]), int(at[1])),
                int(size * rng.uniform(0.3, 0.7)),
                (0.5, 0.35, 0.2),
                max(1, int(size * 0.03)),
                cv2.LINE_AA,
            )
        elif kind == 6:
            pts = np.array(at) + rng.normal(0, size * 0.5, (6, 2))
            cv2.polylines(
                board.picture,
                [pts.astype(np.int32)],
                False,
                (colour * 0.4).tolist(),
                max(2, int(size * 0.05)),
                cv2.LINE_AA,
            )
        else:
            hull = cv2.convexHull((np.array(at) + rng.normal(0, size * 0.25, (9, 2))).astype(np.float32))[
                :, 0
            ].astype(float)
            face = (
                np.ones((40, 40, 3), np.float32)
                * colour
                * (1 + surfaces.noise(40, 40, 8, rng)[..., None] * 0.35)
            )
            box = cv2.boxPoints(cv2.minAreaRect(hull.astype(np.float32)))
            paste(board, hull, face.astype(np.float32), box.astype(float), rng, -1, 0.4, 3)


def lay_notes(
    board: Board,
    region: tuple[float, float, float, float],
    size: float,
    st: Style,
    pens: Pens,
    rng: Rng,
    most: int,
) -> None:
    """Lays notes in a region (x, y, w, h): grid edge to edge, scattered, piles, columns of shingles."""
    x0, y0, w, h = region
    plan = rng.choice(["grid", "scatter", "piles", "shingles"], p=[0.36, 0.34, 0.2, 0.1])
    spread = float(rng.choice([0.015, 0.05, 0.12, 0.3], p=[0.3, 0.4, 0.2, 0.1]))
    turned = rng.random() < 0.08
    count = 0

    def put(x: float, y: float, colour: NDArray[np.float32] | None = None) -> None:
        angle = rng.normal(0, spread) + (rng.uniform(0, 6.28) if turned else 0)
        add_note(board, (x, y), size * float(np.exp(rng.normal(0, 0.03))), angle, st, pens, rng, colour)

    if plan == "grid":
        gap = rng.choice(
            [rng.uniform(-0.06, 0.04), rng.uniform(0.0, 0.2), rng.uniform(0.2, 0.8)], p=[0.5, 0.3, 0.2]
        )
        gap_y = gap if rng.random() < 0.6 else rng.uniform(-0.05, 0.5)
        same = rng.choice(["all", "row", "column", "free"])
        fill = rng.uniform(0.5, 1.0)
        slip = rng.uniform(0, 0.06)
        row = 0
        y = y0 + size / 2
        while y < y0 + h:
            column = 0
            x = x0 + size / 2 + rng.uniform(0, 0.5) * size * (gap > 0.1)
            while x < x0 + w and count < most:
                index = {"all": 0, "row": row, "column": column, "free": int(rng.integers(99))}[str(same)]
                if rng.random() < fill:
                    put(
                        x + rng.normal(0, slip) * size,
                        y + rng.normal(0, slip) * size,
                        st.palette[index % len(st.palette)],
                    )
                    count += 1
                x += size * (1 + gap)
                column += 1
            y += size * (1 + gap_y)
            row += 1
    elif plan == "scatter":
        taken: list[tuple[float, float]] = []
        near = rng.uniform(0.75, 1.5) * size
        for _ in range(most * 6):
            x, y = x0 + rng.uniform(0, w), y0 + rng.uniform(0, h)
            if all((x - a) ** 2 + (y - b) ** 2 > near**2 for a, b in taken):
                taken.append((x, y))
                put(x, y)
            if len(taken) >= most:
                break
    elif plan == "piles":
        while count < most:
            cx, cy = x0 + rng.uniform(0, w), y0 + rng.uniform(0, h)
            one = st.palette[int(rng.integers(len(st.palette)))] if rng.random() < 0.5 else None
            for _ in range(int(rng.integers(1, 6))):
                put(cx + rng.normal(0, 0.55) * size, cy + rng.normal(0, 0.55) * size, one)
                count += 1
    else:
        x = x0 + size / 2
        while x < x0 + w and count < most:
            step = rng.uniform(0.3, 0.95) * size
            one = st.palette[int(rng.integers(len(st.palette)))] if rng.random() < 0.6 else None
            for k in range(int(rng.integers(2, 7))):
                put(x + rng.normal(0, 0.05) * size, y0 + size / 2 + k * step, one)
                count += 1
            x += size * rng.uniform(1.0, 1.6)


def compose(seed: int, pens: Pens, photos: list[Picture]) -> Scene:
    """The scene of a seed, between 640 and 1152 pixels on its longer side."""
    rng = np.random.default_rng([seed, 20261121])
    long = int(rng.uniform(640, 1152))
    short = int(long * rng.uniform(0.55, 0.85))
    w, h = (long, short) if rng.random() < 0.5 else (short, long)
    picture = surfaces.surface(h, w, rng, photos)
    board = Board(picture, np.zeros((h, w), np.uint8))
    size = long * float(np.exp(rng.uniform(np.log(0.045), np.log(0.26))))
    closeup = rng.random() < 0.07
    if closeup:
        size = long * rng.uniform(0.35, 0.8)
    region = (-0.03 * w, 0.02 * h, 1.04 * w, 0.98 * h)
    if rng.random() < 0.45:
        # One or more sheets on the wall, which may run out of the picture.
        for _ in range(int(rng.integers(1, 3))):
            sw = w * rng.uniform(0.5, 1.1)
            sheet_at = (w * rng.uniform(0.3, 0.7), h * rng.uniform(0.35, 0.65))
            kind = surfaces.paper if rng.random() < 0.8 else surfaces.kraft
            aspect = rng.uniform(0.6, 1.5)
            face = kind(int(500 * aspect), 500, rng).astype(np.float32)
            card(board, sheet_at, sw, aspect, np.clip(face, 0, 1), rng, None)
            region = (sheet_at[0] - sw * 0.5, sheet_at[1] - sw * aspect * 0.48, sw, sw * aspect * 0.95)
    if rng.random() < 0.3:
        for x in (rng.uniform(0, 0.1), rng.uniform(0.9, 1.0)):
            if rng.random() < 0.5:
                k = int(x * w)
                strip = board.picture[:, :k] if x < 0.5 else board.picture[:, k:]
                strip[:] = strip * 0.1 + rng.uniform(0, 0.9, 3).astype(np.float32) * 0.9
    negative = rng.random() < 0.07
    if rng.random() < 0.6:
        writing_on_surface(board, size, pens, rng)
    for _ in range(
        int(rng.integers(2, 6)) if negative else int(rng.random() < 0.22) + int(rng.random() < 0.08)
    ):
        make = printed_sheet if rng.random() < 0.6 else written_sheet
        make(board, (rng.uniform(0, w), rng.uniform(0, h)), size * rng.uniform(1.6, 4.5), pens, rng)
    if rng.random() < 0.5:
        small_things(board, size, pens, rng)
    patch = (
        board.picture[int(h * 0.3) : int(h * 0.7), int(w * 0.3) : int(w * 0.7)]
        .mean(axis=(0, 1))
        .astype(float)
    )
    st = style(rng, patch)
    if rng.random() < (0.6 if len(st.kinds) >= 4 else 0.15):
        n = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
        for k in range(n):
            hw = min(w / n * rng.uniform(0.4, 0.9), size * rng.uniform(1.6, 5))
            heading(
                board,
                (w * (k + 0.5) / n, h * rng.uniform(0.05, 0.2 if rng.random() < 0.8 else 0.8)),
                hw,
                pens,
                rng,
            )
        region = (region[0], max(region[1], 0.15 * h), region[2], region[3] * 0.85)
    if not negative:
        if closeup:
            for _ in range(int(rng.integers(1, 4))):
                add_note(
                    board,
                    (rng.uniform(0.3, 0.7) * w, rng.uniform(0.3, 0.7) * h),
                    size,
                    rng.normal(0, 0.1),
                    st,
                    pens,
                    rng,
                )
        else:
            room = max(1, int(region[2] * region[3] / size**2 * rng.uniform(0.15, 0.9)))
            lay_notes(board, region, size, st, pens, rng, min(room, 60))
    if rng.random() < 0.12:
        mask = np.zeros((h, w), np.uint8)
        pts = np.stack([rng.uniform(0, w, 3), rng.uniform(0, h, 3)], 1)
        draw_path(mask, pts, max(1, int(size * 0.03)), rng)
        _pen_over(board, mask, rng)
    if rng.random() < 0.1:
        camera.skin(board.picture, board.ids, rng)
    return finish(board, rng)
