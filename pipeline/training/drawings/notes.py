"""Made-up notes: drawings, and writing of every kind, on paper in uneven light; each with whether it is a drawing.

Drawings are hand-drawn icons (icons.py), writing is UNIPEN's strokes (CC BY 4.0; see the reader's model card) as lone
figures, large and small words and lines, too small or too blurred to read, and scrawls drawn by the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.straighten import Straightened
from pipeline.training.drawings.icons import Grey

SIDE = 480
PAPERS = (
    (245, 240, 130), (250, 180, 200), (170, 220, 170), (240, 240, 235),
    (250, 200, 120), (150, 200, 235), (230, 70, 150), (200, 80, 50),
)  # fmt: skip
INKS = ((30, 30, 35), (30, 30, 35), (40, 50, 120), (150, 40, 40), (60, 60, 60))
KINDS = (
    "figure", "large", "word", "words", "lines", "blurred", "blurred", "blurred", "small", "scrawl", "foreign",
    "foreign", "foreign word",
)  # fmt: skip
"""Kinds of writing. `blurred` ones cannot be read, `small` ones hardly; `foreign` ones are mirrored, so that they are
writing in a script that the reader does not know."""
Canvas = NDArray[np.float32]
"""Height x width, 1 where ink is."""
Rng = np.random.Generator
Strokes = list[NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Written:
    """A word or line of one writer."""

    label: str
    strokes: Strokes


def load_strokes(folder: Path, split: str) -> tuple[list[Written], list[Written]]:
    """The words and the lines of a split ("train" or "heldout", no writer in both)."""
    found = []
    for name in ("words", "lines"):
        rows = pq.read_table(
            folder / f"{name}.parquet", columns=["label", "strokes", "split", "quality"]
        ).to_pylist()
        found.append(
            [
                Written(row["label"], [np.array(one, np.float64).reshape(-1, 2) for one in row["strokes"]])
                for row in rows
                if row["split"] == split and row["quality"] != "?" and row["label"].isascii()
            ]
        )
    return found[0], found[1]


def drawings(icons: Sequence[Grey], count: int, rng: Rng) -> Iterator[Straightened]:
    """Notes with one icon, or two to six of like size, different ones or the same."""
    for _ in range(count):
        canvas = _canvas(rng)
        height, width = canvas.shape
        least = min(height, width)
        if rng.random() < 1 / 3:
            side = rng.uniform(0.4, 0.9) * least
            _paste(
                canvas, icons[rng.integers(len(icons))], rng.uniform(0, width), rng.uniform(0, height), side
            )
        else:
            side = rng.uniform(0.22, 0.42) * least
            only = int(rng.integers(len(icons))) if rng.random() < 0.4 else None
            for cell in rng.permutation(9)[: rng.integers(2, 7)]:
                icon = icons[rng.integers(len(icons)) if only is None else only]
                x, y = (np.array([cell % 3, cell // 3]) + rng.uniform(-0.1, 0.1, 2)) / 3
                _paste(canvas, icon, x * width, y * height, side * rng.uniform(0.8, 1.2))
        yield _on_paper(canvas, rng)


def writings(
    words: Sequence[Written], lines: Sequence[Written], count: int, rng: Rng
) -> Iterator[Straightened]:
    """Notes with writing, in turn of every kind of KINDS."""
    short = [word for word in words if len(word.label) <= 2]
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        canvas = _canvas(rng)
        height, width = canvas.shape
        pen = float(rng.uniform(3, 8))
        if kind == "scrawl":
            rows = int(rng.integers(2, 7))
            for row in range(rows):
                _scrawl(
                    canvas,
                    (0.12 + 0.8 * (row + 0.6) / rows) * height,
                    rng.uniform(0.24, 0.48) * height / rows,
                    rng,
                )
        elif kind in ("figure", "large", "word", "foreign word"):
            chosen = short if kind == "figure" else words
            one = chosen[rng.integers(len(chosen))]
            extent = np.ptp(np.concatenate(one.strokes), axis=0) + 1
            if kind == "figure":
                scale = rng.uniform(0.2, 0.6) * min(height, width) / extent.max()
            elif kind != "word":
                scale = 0.88 * min(width / extent[0], 0.7 * height / extent[1])
            else:
                scale = min(rng.uniform(0.25, 0.6) * width / extent[0], 0.3 * height / extent[1])
            free = np.maximum(0, (width, height) - extent * scale)
            _write(
                canvas,
                one.strokes,
                free * rng.uniform(0.06, 0.94, 2),
                scale,
                pen if kind == "word" else pen + 2,
            )
        else:
            in_words = kind in ("words", "small") or (kind == "foreign" and rng.random() < 0.5)
            rows = int(rng.integers(2, 5) if in_words else rng.integers(3, 7))
            step = 0.84 * height / rows
            for row in range(rows):
                chosen = words if in_words else lines
                one = chosen[rng.integers(len(chosen))]
                extent = np.ptp(np.concatenate(one.strokes), axis=0) + 1
                scale = min(0.86 * width / extent[0], 0.85 * step / extent[1])
                place = np.array([0.07 * width, 0.08 * height + row * step])
                _write(canvas, one.strokes, place, scale, max(2, 0.6 * pen))
        if kind.startswith("foreign"):
            canvas = np.ascontiguousarray(
                cv2.flip(canvas, int(rng.integers(-1, 2)) if kind == "foreign" else 1)
            )
        seen = {"blurred": rng.uniform(0.07, 0.16), "small": rng.uniform(0.13, 0.25)}.get(kind)
        yield _on_paper(canvas, rng, seen)


# --- ink --------------------------------------------------------------------------------------


def _canvas(rng: Rng) -> Canvas:
    other = int(rng.integers(400, SIDE + 1) if rng.random() < 0.7 else rng.integers(300, SIDE + 1))
    return np.zeros((SIDE, other) if rng.random() < 0.5 else (other, SIDE), np.float32)


def _paste(canvas: Canvas, icon: Grey, x: float, y: float, side: float) -> None:
    size = max(8, round(side))
    how = cv2.INTER_AREA if size < len(icon) else cv2.INTER_LINEAR
    ink = cv2.resize(icon, (size, size), interpolation=how).astype(np.float32) / 255
    left = int(np.clip(x, 0, max(0, canvas.shape[1] - size)))
    top = int(np.clip(y, 0, max(0, canvas.shape[0] - size)))
    place = canvas[top : top + size, left : left + size]
    np.maximum(place, ink[: place.shape[0], : place.shape[1]], out=place)


def _write(canvas: Canvas, strokes: Strokes, place: NDArray[np.float64], scale: float, pen: float) -> None:
    corner = np.concatenate(strokes).min(axis=0)
    for stroke in strokes:
        _stroke(canvas, (stroke - corner) * scale + place, pen)


def _scrawl(canvas: Canvas, y: float, height: float, rng: Rng) -> None:
    """A row of waves of uneven height, broken as words are."""
    width = canvas.shape[1]
    x = 0.07 * width
    while x < 0.85 * width:
        length, period = rng.uniform(0.08, 0.3) * width, height * rng.uniform(0.35, 0.7)
        along = np.linspace(0, length, int(max(8, length / 3)))
        swing = np.interp(along, np.linspace(0, length, 6), rng.uniform(0.3, 1, 6))
        phase = along / period * np.pi
        up = -np.abs(np.sin(phase)) if rng.random() < 0.5 else np.sin(2 * phase) / 2
        points = np.column_stack([x + along + np.sin(2 * phase) * period / 4, y + up * height * swing])
        _stroke(canvas, points, height / 8)
        x += length + rng.uniform(0.03, 0.07) * width


def _stroke(canvas: Canvas, points: NDArray[np.float64], pen: float) -> None:
    fixed = np.round(points * 8).astype(np.int32)
    if len(fixed) == 1:
        cv2.circle(canvas, fixed[0].tolist(), int(pen * 4), 1.0, -1, cv2.LINE_AA, 3)
    else:
        cv2.polylines(canvas, [fixed], False, 1.0, max(1, round(pen)), cv2.LINE_AA, 3)


# --- paper ------------------------------------------------------------------------------------


def _on_paper(canvas: Canvas, rng: Rng, seen: float | None = None) -> Straightened:
    """The ink on coloured paper in uneven light, photographed; `seen`: its size in the photograph, of SIDE."""
    height, width = canvas.shape
    light = cv2.resize(
        rng.uniform(0.75, 1.05, (3, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    paper, ink = (np.array(colours[rng.integers(len(colours))], np.float32) for colours in (PAPERS, INKS))
    strength = rng.uniform(0.45, 1.0) if rng.random() < 0.5 else 1.0
    amount = strength * cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.6, 1.8)))[..., None]
    picture = (paper * (1 - amount) + ink * amount) * light[..., None]
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.5 else 0):
        picture = _with_sliver(picture, rng)
    grain = rng.normal(0, rng.uniform(1, 5), (height // 2, width // 2, 3)).astype(np.float32)
    picture = picture + cv2.resize(grain, (width, height))
    size = float(rng.choice([1, 1, 1, 0.5, 0.35])) if seen is None else seen
    if size < 1:
        small = cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    mask = np.full((height, width), 255, np.uint8)
    return Straightened(np.clip(picture, 0, 255).astype(np.uint8), mask, (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))


def _with_sliver(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """With a strip of what lies beside or over the note along one of its edges, and the shadow it throws."""
    quarter = int(rng.integers(4))
    turned = np.ascontiguousarray(np.rot90(picture, quarter))
    height, width = turned.shape[:2]
    ends = sorted(rng.uniform(-0.1, 1.1, 2) * width)
    depths = rng.uniform(0, 0.07, 2) * height
    corners = np.array([[ends[0], -9], [ends[1], -9], [ends[1], depths[1]], [ends[0], depths[0]]])
    strip = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(strip, np.round(corners * 8).astype(np.int32), 1.0, cv2.LINE_AA, 3)
    shadow = cv2.GaussianBlur(strip, (0, 0), float(rng.uniform(2, 14)))[..., None]
    colour = np.array(PAPERS[rng.integers(len(PAPERS))], np.float32) * rng.uniform(0.2, 1.0)
    shaded = turned * (1 - rng.uniform(0, 0.7) * shadow)
    covered = shaded * (1 - strip[..., None]) + colour * strip[..., None]
    return np.ascontiguousarray(np.rot90(covered.astype(np.float32), -quarter))
