"""Crossed-out words, told by their shape: one line, or several, drawn through letters that hold together.

The letters of a word that was crossed out are one piece of ink with the stroke: it runs straight from end to end at
about half their height, with ink above and below it, and encloses small holes between them. Handwriting that is
joined up runs along its lower edge, capitals with bars have gaps. A word that was scribbled over is dense and full of
holes. Only words that the network could not read anyway are looked at: a stroke through letters makes them unlike
any. The limits were chosen on the words of the notes that reading is measured on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Line, Reading, Word
from pipeline.signs import STRUCK

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

HEIGHT = 48
"""Height, in pixels, to which a word is brought."""
ROUND = 0.16
"""How far beside its box a word is looked at, in heights: a stroke reaches beyond the letters."""
LEAST_WIDE = 1.6
"""A crossed-out word is so many times wider than high."""
LEAST_LETTERS = 2
READ, LIKELY = 0.2, 0.8
"""Probabilities of a word's letters, without and with the language's help, from which it is taken to be read."""
SLOPES = np.linspace(-0.25, 0.25, 11)


@dataclass(frozen=True, slots=True)
class Stroke:
    """The straightest way through a piece of ink: which share of it is ink (`run`), the share of columns with ink
    above it, below it and on both sides, and its place between top (0) and bottom (1)."""

    run: float
    above: float
    below: float
    across: float
    place: float


MIDDLE = 0.53
"""Where the stroke mostly lies."""
LIMITS = (Stroke(0.975, 0.2, 0.15, 0.06, 0.2), Stroke(0.92, 0.35, 0.28, 0.15, 0.17))
"""What a word must have at least to be crossed out (`place`: at most away from MIDDLE), the straighter stroke first."""


def without_struck(views: Sequence[Reading], image: Image) -> tuple[Reading, ...]:
    """The readings of one note (the plain one first, the best one last) with STRUCK in place of each crossed-out
    word; what was read there stays among its alternatives."""
    if not views or views[-1].error is not None:
        return tuple(views)
    struck = [
        np.array(word.box, np.float32)
        for word in views[-1].words
        if len(word.box) == 4
        and sum(sign.isalnum() for sign in word.text) >= LEAST_LETTERS
        and word.confidence < LIKELY
        and not _is_read(word, views[0])
        and is_struck(image, word.box)
    ]
    return tuple(_without(view, struck) for view in views) if struck else tuple(views)


def is_struck(image: Image, box: Sequence[tuple[float, float]]) -> bool:
    """Is the word in a box (corners clockwise from its upper left) of an RGB picture crossed out?"""
    piece, holes, fill = _piece(image, np.array(box, np.float32))
    if piece is None or holes < 2:
        return False
    if holes >= 8 and fill >= 0.5 and _layers(piece) >= 1.6:
        return True  # scribbled over
    stroke = _stroke(piece)
    limits = next((limits for limits in LIMITS if stroke.run >= limits.run), None)
    return (
        limits is not None
        and abs(stroke.place - MIDDLE) <= limits.place
        and stroke.above >= limits.above
        and stroke.below >= limits.below
        and stroke.across >= limits.across
    )


def _piece(image: Image, quad: NDArray[np.float32]) -> tuple[Mask | None, int, float]:
    """The word's largest piece of ink, if it is most of the word, its holes and the share of its frame it fills."""
    along, down = (quad[1] - quad[0] + quad[2] - quad[3]) / 2, (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    width, height = float(np.hypot(*along)), float(np.hypot(*down))
    if height < 8 or width < 0.8 * height:
        return None, 0, 0.0
    beside = along / width * height * ROUND
    corners = quad + np.array([-beside, beside, beside, -beside], np.float32)
    size = (round(min(12.0, width / height + 2 * ROUND) * HEIGHT), HEIGHT)
    target = np.array([[0, 0], [size[0], 0], [size[0], HEIGHT], [0, HEIGHT]], np.float32)
    flat = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    strip = cv2.warpPerspective(image, flat, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY)
    limit, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    ink = grey <= limit
    if ink.mean() > 0.5:
        ink = ~ink
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(columns):
        return None, 0, 0.0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    index = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, w, h, area = (int(value) for value in stats[index])
    if h < HEIGHT / 4 or w < LEAST_WIDE * h or w < 0.6 * (columns[-1] - columns[0] + 1):
        return None, 0, 0.0
    piece = labels[y : y + h, x : x + w] == index
    holes = cv2.connectedComponents((~np.pad(piece, 1)).astype(np.uint8), connectivity=4)[0] - 2
    return piece, holes, area / (w * h)


def _layers(piece: Mask) -> float:
    """How many strokes lie above one another, on average."""
    return float((np.diff(np.pad(piece, ((1, 0), (0, 0))).astype(np.int8), axis=0) == 1).sum(axis=0).mean())


def _stroke(piece: Mask) -> Stroke:
    height, width = piece.shape
    depth = cv2.distanceTransform(np.pad(piece, 1).astype(np.uint8), cv2.DIST_L2, 3)
    pen = max(2.0, 2 * float(np.quantile(depth[depth > 0], 0.8)))
    near = round(0.35 * pen)
    columns = np.arange(width)
    low, high = int(0.2 * height), int(0.8 * height) + 1
    best: tuple[float, int, NDArray[np.bool_]] | None = None
    for slope in SLOPES:
        rows = np.arange(height)[:, None] + np.round(slope * (columns - width / 2)).astype(np.intp)[None, :]
        level = piece[np.clip(rows, 0, height - 1), columns[None, :]] & (rows >= 0) & (rows < height)
        wide = cv2.dilate(level.astype(np.uint8), np.ones((2 * near + 1, 1), np.uint8))
        score = level[low:high].mean(axis=1) + 0.5 * wide[low:high].mean(axis=1)
        row = int(np.argmax(score))
        if best is None or score[row] > best[0]:
            best = float(score[row]), low + row, level
    assert best is not None  # there are slopes
    _, row, level = best
    beside = round(0.9 * pen) + 1
    above, below = level[: max(0, row - beside)].any(axis=0), level[row + beside + 1 :].any(axis=0)
    return Stroke(
        float(level[row].mean()),
        float(above.mean()),
        float(below.mean()),
        float((above & below).mean()),
        row / height,
    )


def _is_read(word: Word, plain: Reading) -> bool:
    """Did the network itself see these letters there?"""
    place = np.array(word.box, np.float32)
    return any(
        _letters(other) == _letters(word) and other.confidence > READ and _lies_in(other, place)
        for other in plain.words
    )


def _without(view: Reading, struck: Sequence[NDArray[np.float32]]) -> Reading:
    def kept(word: Word) -> Word:
        if not any(_lies_in(word, place) for place in struck):
            return word
        return replace(word, text=STRUCK, alternatives=((word.text, word.confidence), *word.alternatives))

    return replace(view, lines=tuple(Line(tuple(kept(word) for word in line.words)) for line in view.lines))


def _letters(word: Word) -> str:
    return "".join(sign for sign in word.text.casefold() if sign.isalnum())


def _lies_in(word: Word, place: NDArray[np.float32]) -> bool:
    if not word.box:
        return False
    x, y = np.mean(word.box, axis=0)
    return cv2.pointPolygonTest(place, (float(x), float(y)), False) >= 0
