"""Signs people draw rather than write, told by their shape: arrows and ticks.

A reader of letters takes "↑" for a "T", a "1" or nothing, and "✓" for a "J". Each such sign is one piece of ink by
itself, so it can be told by plain geometry: an arrow is a straight shaft whose one end is a point with two barbs
that fall back from it; a tick is a short stroke down and a long one up to the right. Ordinary letters fail one of
these tests ("T" has its widest place at the very end, "t" and "4" have level bars, "1" and "7" one barb only).
The limits were chosen on synthetic strokes and on the single-letter words of the notes that reading is measured on.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Line, Reading, Word
from pipeline.signs import ARROWS, TICK, is_sign

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

LONG_SIDE = 64
"""Pieces are looked at in this size, so that limits mean the same for all of them."""
ROUND = 6.0
"""Pixels round a word's box in which its sign may reach."""
LEAST_SIDE = 14
LEAST_SHARE, LEAST_CONTRAST = 0.9, 24.0
"""A drawn sign is nearly all of the ink in its place, and clearly darker (0-255) than the paper."""
THICKEST = 0.2
"""Stroke width beside the sign's length."""
STEPS = 24
"""Directions tried."""
SURE = 0.9
"""The confidence that a sign told by its shape is given."""
ARROW_LIKE, TICK_LIKE = frozenset("T1Il7ftiJjYyr4"), frozenset("VvLlI1rU")
"""What readers of letters take them for."""
Place = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the note."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The largest connected piece of ink at a place: its pixels, LONG_SIDE on the longer side; its share of all
    the ink there, and how much darker than the paper it is (0-255)."""

    pixels: Mask
    share: float
    contrast: float


def sign_at(image: Image, place: Place) -> str:
    """The arrow or tick drawn at a place (left, top, right, bottom) of an RGB picture; "" for anything else."""
    piece = piece_at(image, place)
    if piece is None or piece.share < LEAST_SHARE or piece.contrast < LEAST_CONTRAST:
        return ""
    return arrow(piece.pixels) or (TICK if is_tick(piece.pixels) else "")


def with_signs(views: Sequence[Reading], image: Image, left_out: Sequence[Place]) -> tuple[Reading, ...]:
    """The readings of one note (the best one last) with its drawn signs in them, as words of their own.

    What was read as a lone letter and is an arrow or a tick becomes that sign; the letter stays among its
    alternatives. `left_out` are places of ink that no box covers: an arrow among them is added.
    """
    if not views or views[-1].error is not None:
        return tuple(views)
    signs = []
    for line in views[-1].lines:
        for word in line.words:
            if word.box and len(word.text) <= (1 if len(line.words) > 1 else 2):
                place = _bounds(word)
                sign = sign_at(image, place)
                if sign and _is_mistakable(word.text, sign, _seen(views[0], place, word)):
                    signs.append((place, sign))
    if any(len(word.text) > 1 for word in views[-1].words):  # beside words: a lone figure is a drawing
        signs += [(place, sign) for place in left_out if (sign := sign_at(image, place)) in set(ARROWS)]
    return tuple(_signed(view, signs) for view in views) if signs else tuple(views)


def _is_mistakable(text: str, sign: str, confidence: float) -> bool:
    """May what was read so be that sign? A letter that is surely seen stays, but for the "J" of a tick."""
    if is_sign(text):
        return True
    if sign == TICK:
        return text == "J" or (text in TICK_LIKE and confidence < SURE)
    return text in ARROW_LIKE and confidence < SURE


def _seen(plain: Reading, place: Place, word: Word) -> float:
    """How likely the letter is without the language's help, to which a lone "T" is likelier than to the eye."""
    there = [other.confidence for other in plain.words if other.text == word.text and _lies_in(other, place)]
    return min([word.confidence, *there])


def _bounds(word: Word) -> Place:
    xs, ys = [x for x, _ in word.box], [y for _, y in word.box]
    return min(xs) - ROUND, min(ys) - ROUND, max(xs) + ROUND, max(ys) + ROUND


def _signed(view: Reading, signs: Sequence[tuple[Place, str]]) -> Reading:
    """The reading with each sign in the place of the short word that was read there, or as a line of its own."""
    left = dict(signs)
    lines = []
    for line in view.lines:
        words = []
        for word in line.words:
            place = next((place for place in left if _lies_in(word, place)), None)
            if place is None:
                words.append(word)
            else:
                instead = ((word.text, word.confidence), *word.alternatives)
                words.append(Word(left.pop(place), SURE, word.box, instead))
        lines.append(Line(tuple(words)))
    lines += [Line((Word(sign, SURE, _corners(place)),)) for place, sign in left.items()]
    return replace(view, lines=tuple(sorted(lines, key=_height) if left else lines))


def _lies_in(word: Word, place: Place) -> bool:
    if not word.box or len(word.text) > 2:
        return False
    left, top, right, bottom = _bounds(word)
    x, y = (left + right) / 2, (top + bottom) / 2
    return place[0] < x < place[2] and place[1] < y < place[3]


def _corners(place: Place) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = (round(value, 1) for value in place)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _height(line: Line) -> float:
    ys = [y for word in line.words for _, y in word.box]
    return sum(ys) / len(ys) if ys else 0.0


def piece_at(image: Image, place: Place) -> Piece | None:
    """The largest piece of ink at a place (left, top, right, bottom); None where there is nothing to see."""
    height, width = image.shape[:2]
    left, top = max(0, math.floor(place[0])), max(0, math.floor(place[1]))
    right, bottom = min(width, math.ceil(place[2])), min(height, math.ceil(place[3]))
    if min(right - left, bottom - top) < LEAST_SIDE // 2 or max(right - left, bottom - top) < LEAST_SIDE:
        return None
    grey = cv2.cvtColor(np.ascontiguousarray(image[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    limit, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    ink = grey <= limit
    if ink.mean() > 0.5:  # light ink on dark paper
        ink = ~ink
    if not ink.any() or ink.all():
        return None
    contrast = abs(float(grey[ink].mean()) - float(grey[~ink].mean()))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    index = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, w, h, area = (int(value) for value in stats[index])
    if max(w, h) < LEAST_SIDE:
        return None
    scale = LONG_SIDE / max(w, h)
    region = (labels[y : y + h, x : x + w] == index).astype(np.uint8) * 255
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return Piece(cv2.resize(region, size, interpolation=how) > 127, area / int(ink.sum()), contrast)


def arrow(pixels: Mask) -> str:
    """Which of ARROWS a piece is, by the direction that fits best; "" if it is none."""
    points, stroke = _points(pixels)
    if points is None:
        return ""
    best, best_symmetry = "", 0.0
    for step in range(STEPS):
        angle = 2 * math.pi * step / STEPS
        symmetry = _symmetry(points, stroke, np.array([math.cos(angle), math.sin(angle)]))
        if symmetry > best_symmetry:
            best, best_symmetry = ARROWS[round(angle / (math.pi / 4)) % 8], symmetry
    return best


def _points(pixels: Mask) -> tuple[Array | None, float]:
    """The piece's pixels as points (x, y) and its stroke's width; None for what is no thin stroke."""
    ys, xs = np.nonzero(pixels)
    if len(xs) < 40:
        return None, 0.0
    depth = cv2.distanceTransform(np.pad(pixels, 1).astype(np.uint8), cv2.DIST_L2, 5)
    stroke = max(2.0, 2 * float(np.quantile(depth[depth > 0], 0.8)))
    return np.column_stack([xs, ys]).astype(np.float64), stroke


def _symmetry(points: Array, stroke: float, forward: Array) -> float:
    """How like the barbs of an arrow that points `forward` are (1: equally long); 0 if it is no such arrow."""
    ahead, aside = points @ forward, points @ np.array([-forward[1], forward[0]])
    length = float(np.ptp(ahead))
    if stroke > THICKEST * length:
        return 0.0
    depth = (float(ahead.max()) - ahead) / length  # 0 at the tip, 1 at the tail
    width = stroke / length
    tail = depth > 0.55
    if (np.histogram(depth, bins=12, range=(0, 1))[0] == 0).any():
        return 0.0
    slope, start = np.polyfit(depth[tail], aside[tail], 1)
    away = (aside - slope * depth - start) / length  # from the shaft's line
    if abs(slope / length) > 0.25 or np.quantile(np.abs(away[depth > 0.65]), 0.95) > max(0.8 * width, 0.07):
        return 0.0  # the shaft leans or is no single straight stroke
    if np.abs(away[depth < 0.5 * width]).max() > 0.75 * width + 0.1:
        return 0.0  # blunt, as the top of a "T" is
    barbs = [_barb(side * away, depth, width) for side in (-1, 1)]
    if barbs[0] is None or barbs[1] is None or abs(barbs[0][1] - barbs[1][1]) > 0.28:
        return 0.0
    shorter, longer = sorted((barbs[0][0], barbs[1][0]))
    return shorter / longer if shorter >= 0.42 * longer else 0.0


def _barb(away: Array, depth: Array, width: float) -> tuple[float, float] | None:
    """How far one side's barb reaches and how far back it ends, as shares of the length; None if it is no barb."""
    reach = float(away.max())
    if not max(0.12, 0.95 * width) <= reach <= 0.7:
        return None
    back = float(depth[away > max(0.65 * reach, 0.6 * width)].mean())
    if back > 0.6:
        return None
    # The barb's outer edge falls back from the tip, evenly.
    steps = np.linspace(0.5 * width, reach, 6)
    edge = np.array(
        [depth[(away >= low) & (away <= high)].min(initial=1.0) for low, high in itertools.pairwise(steps)]
    )
    middles = (steps[1:] + steps[:-1]) / 2
    slope, start = np.polyfit(middles, edge, 1)
    if slope < 0.35 or np.abs(edge - slope * middles - start).max() > 0.13:
        return None
    return reach, back


def is_tick(pixels: Mask) -> bool:
    """Is it a tick: one stroke, down to a corner left of the middle and longer up to the right?"""
    points, stroke = _points(pixels)
    if points is None:
        return False
    # A thin end may have been lost when the piece was brought to size: it need not fill its box.
    points = points - points.min(axis=0)
    xs, ys = points[:, 0], points[:, 1]
    width, height = float(xs.max()) + 1, float(ys.max()) + 1
    if stroke > THICKEST * LONG_SIDE or not 0.5 <= width / height <= 1.8:
        return False
    corner_x = float(np.median(xs[ys >= height - 1 - 0.5 * stroke]))
    left = xs <= 0.5 * stroke
    left_top = float(ys[left].min())
    right_top = float(ys[xs >= width - 1 - 0.5 * stroke].min())
    if (
        not 0.12 <= corner_x / width <= 0.5
        or not 0.3 <= left_top / height <= 0.85
        or right_top > 0.12 * height
    ):
        return False
    # Each arm is straight: all ink lies near one of the two lines from the corner.
    corner = np.array([corner_x, height - 1 - 0.5 * stroke])
    ends = (
        np.array([0.5 * stroke, left_top + 0.4 * stroke]),
        np.array([width - 1 - 0.4 * stroke, 0.4 * stroke]),
    )
    distance = np.min([_from_line(points, corner, end) for end in ends], axis=0)
    return float(np.quantile(distance, 0.97)) <= 0.5 * stroke + 0.07 * LONG_SIDE


def _from_line(points: Array, start: Array, end: Array) -> Array:
    """Distance of points from a stretch of line."""
    along = end - start
    share = np.clip((points - start) @ along / max(1e-9, float(along @ along)), 0.0, 1.0)
    return np.asarray(np.hypot(*(points - start - share[:, None] * along).T))
