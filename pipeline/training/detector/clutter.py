"""The things on and around boards that are not notes: sheets, drawn shapes, titles, furniture, dots, tape."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.detector import camera, surfaces
from pipeline.training.detector.boards import INKS, PADS, Board, paste, place
from pipeline.training.detector.ink import Pens, doodle, draw_path
from pipeline.training.detector.shapes import outline

Picture = NDArray[np.float32]
Rng = np.random.Generator


def pen_over(
    board: Board, mask: NDArray[np.uint8], rng: Rng, colour: NDArray[np.float64] | None = None
) -> None:
    """Draws a mask as large as the board in ink."""
    ink = INKS[int(rng.integers(len(INKS)))] if colour is None else colour
    a = (mask.astype(np.float32) / 255 * rng.uniform(0.6, 1.0))[..., None]
    board.picture[:] = board.picture * (1 - a) + ink.astype(np.float32) * a


def stamp(
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
    edge, corners = place(points, width, at, rng.normal(0, 0.04) if angle is None else angle)
    paste(
        board,
        edge,
        face,
        corners,
        rng,
        label,
        rng.uniform(0, 0.4) if shadow is None else shadow,
        rng.uniform(1, 6),
    )


def _printed_notes(face: Picture, y: int, height: int, pens: Pens, rng: Rng) -> None:
    """A row of coloured boxes on a poster, outlined or not, with or without words: pictures of notes."""
    w = face.shape[1]
    n = int(rng.integers(1, 5))
    side = min(height, w * 0.8 / n) * rng.uniform(0.6, 0.95)
    one = PADS[int(rng.integers(len(PADS)))]
    same = rng.random() < 0.5
    tilt = rng.uniform(0, 8)
    for k in range(n):
        centre = (w * (0.1 + 0.8 * (k + 0.5) / n), y + height / 2)
        colour = one if same else PADS[int(rng.integers(len(PADS)))]
        size = (side * rng.uniform(0.8, 1.5), side)
        if n == 1 and rng.random() < 0.5:
            size = (w * rng.uniform(0.5, 0.85), side)
        box = cv2.boxPoints((centre, size, rng.normal(0, tilt))).astype(np.int32)
        cv2.fillPoly(face, [box], colour.tolist(), cv2.LINE_AA)
        if rng.random() < 0.55:
            cv2.polylines(face, [box], True, (0.05, 0.05, 0.05), int(rng.integers(1, 4)), cv2.LINE_AA)
        if rng.random() < 0.75:
            bw, bh = max(12, int(size[0] * 0.8)), max(8, int(size[1] * 0.75))
            mask = pens.block(rng, bw, bh, int(rng.integers(1, 4)), rng.random() < 0.5, 0.5)
            x0, y0 = max(0, int(centre[0] - bw / 2)), max(0, int(centre[1] - bh / 2))
            area = face[y0 : y0 + bh, x0 : x0 + bw]
            a = (mask[: area.shape[0], : area.shape[1]].astype(np.float32) / 255)[..., None] * 0.9
            area[:] = area * (1 - a) + INKS[0].astype(np.float32) * a


def printed_sheet(board: Board, at: tuple[float, float], width: float, pens: Pens, rng: Rng) -> None:
    """A poster, letter or slide: print, coloured boxes with borders, pictures of notes. Not a note."""
    aspect = rng.choice([1.41, 0.71, rng.uniform(0.5, 1.6)])
    w = int(np.clip(width, 60, 700))
    h = int(w * aspect)
    face = np.full((h, w, 3), rng.uniform(0.85, 1.0), np.float32)
    if rng.random() < 0.06:
        # Pale: a sheet of a pad's full colour covered with words is a note.
        face *= PADS[int(rng.integers(len(PADS)))] * 0.4 + 0.6
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
            _printed_notes(face, y, block_h, pens, rng)
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
            stamp(board, pens.block(rng, max(20, bw), max(10, bh), lines), (x, y), rng, colour)
            if rng.random() < 0.3:
                mask = np.zeros((h, w), np.uint8)
                box = np.array([[x, y], [x + bw, y], [x + bw, y + bh], [x, y + bh]]) + rng.normal(
                    0, 3, (4, 2)
                )
                draw_path(mask, box, pen, rng, True)
                pen_over(board, mask, rng, colour)
        elif kind < 0.65:
            s = int(size * rng.uniform(0.4, 3))
            piece = np.zeros((max(12, int(s * rng.uniform(0.6, 1.1))), max(12, s)), np.uint8)
            doodle(piece, rng, pen)
            stamp(board, piece, (x, y), rng, colour)
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
            pen_over(board, mask, rng, colour)


def outlined_writing(board: Board, size: float, pens: Pens, rng: Rng) -> None:
    """Writing inside a drawn box, ellipse, cloud, bubble, heart or banner of about a note's size: not a note."""
    h, w = board.ids.shape
    bright = float(board.picture.mean())
    for _ in range(int(rng.integers(1, 6))):
        colour = None if bright > 0.35 else np.full(3, rng.uniform(0.7, 1.0))
        at = np.array([rng.uniform(0, w), rng.uniform(0, h)])
        side = size * rng.uniform(0.5, 2.2)
        shape = str(
            rng.choice(
                ["square", "rectangle", "other", "speech_bubble", "heart", "tick"],
                p=[0.22, 0.28, 0.2, 0.14, 0.1, 0.06],
            )
        )
        line, corners = place(outline(shape, rng), side, (float(at[0]), float(at[1])), rng.normal(0, 0.08))
        pen = max(1, int(size * rng.uniform(0.012, 0.05)))
        mask = np.zeros((h, w), np.uint8)
        draw_path(mask, line[:: max(1, len(line) // 24)], pen, rng, True)
        pen_over(board, mask, rng, colour)
        if shape != "tick" and rng.random() < 0.8:
            span = np.ptp(corners, axis=0) * 0.62
            lines = int(rng.integers(1, 5))
            block = pens.block(rng, max(16, int(span[0])), max(12, int(span[1])), lines)
            if rng.random() < 0.3:
                block = cv2.dilate(block, np.ones((3, 3), np.uint8))
            stamp(board, block, (at[0] - block.shape[1] / 2, at[1] - block.shape[0] / 2), rng, colour)


def big_letters(board: Board, size: float, pens: Pens, rng: Rng) -> None:
    """A title written large with a thick marker, underlined or boxed: not a printed heading, not a note."""
    h, w = board.ids.shape
    bright = float(board.picture.mean())
    for _ in range(int(rng.integers(1, 3))):
        piece = pens.words[int(rng.integers(len(pens.words)))]
        height = int(size * rng.uniform(0.4, 1.6))
        width = int(min(height * piece.shape[1] / piece.shape[0], 0.8 * w))
        piece = cv2.resize(piece, (max(8, width), max(8, height)), interpolation=cv2.INTER_LINEAR)
        thick = max(1, int(height * rng.uniform(0.01, 0.07)))
        piece = cv2.dilate(piece, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick)))
        at = (rng.uniform(-0.1, 0.7) * w, rng.uniform(0, 0.9) * h)
        stamp(board, piece, at, rng, None if bright > 0.35 else np.full(3, 0.9))


def furniture(board: Board, size: float, rng: Rng) -> None:
    """Switches, clips, frames, screens, handles, books, bottles, balloons, bins: boxes and blobs with structure."""
    h, w = board.ids.shape
    for _ in range(int(rng.integers(1, 6))):
        at = np.array(
            [
                rng.choice([rng.uniform(0, 0.15), rng.uniform(0.85, 1), rng.uniform(0, 1)]) * w,
                rng.uniform(0, 1) * h,
            ]
        )
        colour = np.clip(
            rng.choice([rng.uniform(0.02, 0.3), rng.uniform(0.3, 0.95)]) + rng.normal(0, 0.12, 3), 0, 1
        )
        a, b = size * rng.uniform(0.3, 2.5), size * rng.uniform(0.3, 1.6)
        n = 48
        face = np.ones((n, n, 3), np.float32) * colour.astype(np.float32)
        ramp = np.linspace(-1, 1, n, dtype=np.float32)
        kind = int(rng.integers(5))
        if kind == 0:
            # A switch, a socket or a frame: a plate with a smaller plate in it.
            for inset in range(int(rng.integers(1, 4))):
                d = 5 + 6 * inset
                cv2.rectangle(
                    face,
                    (d, d),
                    (n - d, n - d),
                    (colour * rng.uniform(0.5, 1.2)).clip(0, 1).tolist(),
                    int(rng.choice([-1, 1, 2])),
                )
        elif kind == 1:
            # A rounded body: bottle, balloon, bin, arm, handle; lit from one side.
            face *= (1 - 0.55 * (ramp - rng.uniform(-0.6, 0.6)) ** 2)[None, :, None]
        elif kind == 2:
            # A screen, a magazine or a picture: a few flat blocks.
            for _ in range(6):
                x, y = rng.integers(0, n, 2)
                cv2.rectangle(
                    face,
                    (int(x), int(y)),
                    (int(x + rng.integers(4, 26)), int(y + rng.integers(2, 20))),
                    rng.uniform(0, 1, 3).tolist(),
                    -1,
                )
        elif kind == 3:
            face *= (1 + 0.3 * ramp * rng.choice([-1, 1]))[:, None, None]
        else:
            face *= 1 + 0.4 * surfaces.noise(n, n, rng.uniform(4, 20), rng)[..., None]
        face = np.clip(face, 0, 1).astype(np.float32)
        if (kind == 1 and rng.random() < 0.6) or kind == 4:
            t = np.linspace(0, 2 * np.pi, 30, endpoint=False)
            r = 1 + 0.15 * np.sin(t * int(rng.integers(1, 4)) + rng.uniform(0, 6)) * (kind == 4)
            points = np.stack([0.5 + 0.5 * r * np.cos(t), (0.5 + 0.5 * r * np.sin(t)) * b / a], 1)
            edge, corners = place(points, a, (float(at[0]), float(at[1])), rng.uniform(0, 3))
            paste(board, edge, face, corners, rng, None, rng.uniform(0, 0.4), rng.uniform(1, 8))
        else:
            card(
                board,
                (float(at[0]), float(at[1])),
                a,
                b / a,
                face,
                rng,
                None,
                rng.choice([0.0, rng.normal(0, 0.5)]),
            )


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
                if rng.random() < 0.2:
                    cv2.circle(board.ids, c, r, 0, -1)
        elif kind == 2:
            width, aspect, pale = size * rng.uniform(0.6, 2.2), rng.uniform(0.3, 0.75), rng.uniform(0.8, 1)
            blank = np.full((30, 60, 3), pale, np.float32) * rng.uniform(0.9, 1.0, 3).astype(np.float32)
            card(board, at, width, aspect, blank, rng, None)
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
