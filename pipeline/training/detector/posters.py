"""Printed things that look like notes and are none: keys and posters that show notes, signs, badges, torn tape."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.detector import surfaces
from pipeline.training.detector.boards import INKS, PADS, Board, paste, place
from pipeline.training.detector.clutter import card
from pipeline.training.detector.ink import Pens, doodle

Picture = NDArray[np.float32]
Rng = np.random.Generator


def _stamped(face: Picture, mask: NDArray[np.uint8], x: int, y: int, ink: NDArray[np.float64]) -> None:
    """Draws a mask in ink at x, y of a face, clipped."""
    x, y = max(0, x), max(0, y)
    area = face[y : y + mask.shape[0], x : x + mask.shape[1]]
    a = (mask[: area.shape[0], : area.shape[1]].astype(np.float32) / 255)[..., None] * 0.92
    area[:] = area * (1 - a) + ink.astype(np.float32) * a


def _drawn_note(face: Picture, centre: tuple[float, float], side: float, pens: Pens, rng: Rng) -> None:
    """The picture of one note: flat colour, often a dark outline and a few words, tilted; no shadow of its own."""
    colour = PADS[int(rng.integers(len(PADS)))]
    tilt = rng.normal(0, 9)
    size = (side * rng.uniform(0.85, 1.6), side)
    box = cv2.boxPoints((centre, size, tilt)).astype(np.int32)
    if rng.random() < 0.25:
        # Drawn shadows are hard and the same everywhere.
        cv2.fillPoly(face, [box + int(max(1, side * 0.06))], (0.6, 0.6, 0.6), cv2.LINE_AA)
    cv2.fillPoly(face, [box], colour.tolist(), cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.polylines(face, [box], True, (0.05, 0.05, 0.05), max(1, int(side * 0.04)), cv2.LINE_AA)
    w, h = max(10, int(size[0] * 0.8)), max(8, int(side * 0.75))
    if rng.random() < 0.25:
        mask = np.zeros((h, w), np.uint8)
        doodle(mask, rng, max(1, int(side * rng.uniform(0.03, 0.12))))
    else:
        mask = pens.block(rng, w, h, int(rng.integers(1, 4)), rng.random() < 0.4, 0.5)
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), -tilt, 1)
    mask = cv2.warpAffine(mask, turn, (w, h))
    _stamped(face, mask, int(centre[0] - w / 2), int(centre[1] - h / 2), INKS[0])


def _banner(face: Picture, y: int, height: int, pens: Pens, rng: Rng) -> None:
    """A title on a coloured ribbon with tails, or in a box."""
    w = face.shape[1]
    colour = PADS[int(rng.integers(len(PADS)))]
    left, right = int(w * rng.uniform(0.08, 0.25)), int(w * rng.uniform(0.75, 0.92))
    if rng.random() < 0.7:
        for sign, x in ((-1, left), (1, right)):
            reach = sign * int(0.07 * w)
            low = y + int(0.35 * height)
            tail = [(x - reach // 2, low), (x + reach, low), (x + reach // 2, low + height // 2)]
            tail += [(x + reach, low + height), (x - reach // 2, low + height)]
            cv2.fillPoly(face, [np.array(tail, np.int32)], (colour * 0.75).tolist(), cv2.LINE_AA)
    cv2.rectangle(face, (left, y), (right, y + height), colour.tolist(), -1)
    if rng.random() < 0.6:
        cv2.rectangle(face, (left, y), (right, y + height), (0.05, 0.05, 0.05), max(1, height // 16))
    title = pens.titles[int(rng.integers(len(pens.titles)))]
    scale = min(0.85 * (right - left) / title.shape[1], 0.7 * height / title.shape[0])
    size = (max(4, int(title.shape[1] * scale)), max(4, int(title.shape[0] * scale)))
    piece = cv2.resize(title, size, interpolation=cv2.INTER_AREA)
    _stamped(face, piece, (left + right - size[0]) // 2, y + (height - size[1]) // 2, INKS[0])


def key_poster(board: Board, at: tuple[float, float], width: float, pens: Pens, rng: Rng) -> None:
    """A key or a how-to poster: a banner, lines of words, and pictures of notes among them. Nothing is a note."""
    aspect = float(rng.choice([1.41, 1.0, 0.71, rng.uniform(0.7, 1.9)]))
    w = int(np.clip(width, 120, 700))
    h = int(w * aspect)
    pale = rng.uniform(0.86, 1.0) if rng.random() < 0.85 else rng.uniform(0.1, 0.6)
    face = np.full((h, w, 3), pale, np.float32)
    y = int(0.04 * h)
    row = int(w * rng.uniform(0.07, 0.16))
    while y < 0.95 * h - row:
        kind = rng.random()
        if kind < 0.2:
            _banner(face, y, int(row * rng.uniform(0.9, 1.6)), pens, rng)
            y += int(2.2 * row)
            continue
        if kind < 0.55:
            # One or two notes in a line of words.
            mask = pens.block(rng, int(w * 0.8), row, 1, rng.random() < 0.5)
            _stamped(face, mask, int(w * 0.12), y, INKS[0])
            for _ in range(int(rng.integers(1, 3))):
                _drawn_note(
                    face, (rng.uniform(0.1, 0.9) * w, y + row / 2), row * rng.uniform(0.7, 1.2), pens, rng
                )
        elif kind < 0.85:
            # A cluster that overlaps as notes do, words beside it.
            cx = w * rng.choice([0.25, 0.75])
            mask = pens.block(rng, int(w * 0.42), 2 * row, int(rng.integers(2, 5)), rng.random() < 0.5)
            _stamped(face, mask, int(w * (0.52 if cx < w / 2 else 0.06)), y, INKS[0])
            for _ in range(int(rng.integers(2, 7))):
                where = (cx + rng.normal(0, 0.09) * w, y + row + rng.normal(0, 0.5) * row)
                _drawn_note(face, where, row * rng.uniform(0.8, 1.3), pens, rng)
            y += int(1.3 * row)
        else:
            mask = pens.block(rng, int(w * 0.85), 2 * row, int(rng.integers(2, 4)), rng.random() < 0.7)
            _stamped(face, mask, int(w * 0.07), y, INKS[0])
            y += row
        y += int(row * rng.uniform(1.05, 1.6))
    card(board, at, width, h / w, np.clip(face, 0, 1), rng, None)


def sign(board: Board, at: tuple[float, float], size: float, pens: Pens, rng: Rng) -> None:
    """A door sign, a badge, a logo or a ticket: stiff, with a stripe, a frame, a letter in a ring or a symbol."""
    w = int(np.clip(size, 40, 360))
    h = int(w * rng.choice([0.63, 1.0, 1.41, rng.uniform(0.4, 1.2)]))
    # Rarely of a pad's colour: a blank coloured square is a note.
    base = np.full(3, rng.uniform(0.88, 1)) if rng.random() < 0.92 else PADS[int(rng.integers(len(PADS)))]
    face = np.ones((h, w, 3), np.float32) * base.astype(np.float32)
    ink = INKS[int(rng.integers(len(INKS)))] if rng.random() < 0.7 else PADS[int(rng.integers(len(PADS)))]
    ink = np.asarray(ink, np.float64)
    kind = rng.random()
    if kind < 0.35:
        # A card with a coloured band, blank or with small print.
        deep = int(h * rng.uniform(0.12, 0.35))
        band = slice(0, deep) if rng.random() < 0.7 else slice(h - deep, h)
        face[band] = ink
        if rng.random() < 0.5:
            mask = pens.block(rng, int(w * 0.8), max(8, int(h * 0.4)), int(rng.integers(1, 5)), True, 0.5)
            _stamped(face, mask, int(w * 0.1), int(h * 0.42), INKS[0])
    elif kind < 0.7:
        r = int(min(w, h) * rng.uniform(0.28, 0.44))
        cv2.circle(face, (w // 2, h // 2), r, ink.tolist(), int(rng.choice([-1, 2, 4])), cv2.LINE_AA)
        letter = pens.titles[int(rng.integers(len(pens.titles)))]
        if rng.random() < 0.6:
            letter = letter[:, : int(letter.shape[0] * 0.8)]
        scale = min(1.3 * r / letter.shape[1], 1.2 * r / letter.shape[0])
        dims = (max(4, int(letter.shape[1] * scale)), max(4, int(letter.shape[0] * scale)))
        piece = cv2.resize(letter, dims, interpolation=cv2.INTER_AREA)
        _stamped(face, piece, (w - dims[0]) // 2, (h - dims[1]) // 2, INKS[0])
    else:
        mask = np.zeros((h, w), np.uint8)
        doodle(mask, rng, max(2, int(w * rng.uniform(0.03, 0.09))))
        _stamped(face, mask, 0, 0, ink)
    if rng.random() < 0.3:
        cv2.rectangle(face, (2, 2), (w - 3, h - 3), (0.1, 0.1, 0.1), int(rng.integers(1, 5)))
    card(board, at, size, h / w, np.clip(face, 0, 1), rng, None, rng.normal(0, 0.08))


def torn_tape(board: Board, at: tuple[float, float], length: float, angle: float, rng: Rng) -> None:
    """A piece of masking, cloth or clear tape with torn ends, lying over whatever is there; changes no label."""
    n = 7
    deep = rng.uniform(0.28, 0.6)
    ends = np.linspace(0, deep, n)
    left = np.stack([rng.uniform(0, 0.06, n), ends[::-1]], 1)
    right = np.stack([1 - rng.uniform(0, 0.06, n), ends], 1)
    if rng.random() < 0.4:
        left[:, 0], right[:, 0] = 0, 1
    edge, corners = place(np.concatenate([right, left]), length, at, angle)
    colours = ((0.85, 0.78, 0.6), (0.93, 0.88, 0.72), (0.92, 0.91, 0.88), (0.8, 0.72, 0.5), (0.35, 0.5, 0.8))
    colour = np.array(colours[int(rng.choice(5, p=[0.3, 0.28, 0.2, 0.14, 0.08]))], np.float32)
    crepe = 1 + rng.uniform(0, 0.05) * surfaces.noise(12, 40, 2, rng)[..., None]
    face = np.clip(colour * np.float32(rng.uniform(0.8, 1.08)) * crepe, 0, 1).astype(np.float32)
    kept = board.ids.copy()
    paste(
        board,
        edge,
        face,
        corners,
        rng,
        None,
        rng.uniform(0, 0.3),
        rng.uniform(0.5, 3),
        rng.uniform(0.55, 1.0),
    )
    board.ids[:] = kept
