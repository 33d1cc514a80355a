"""Which heading of a board each note belongs to, from where they are: columns, rows, and what lies above.

Frame: any flat one, x to the right and y downwards along the headings' own lines (`level` turns a board into it).
A heading owns what is below it, down to the next heading of its column. Headings side by side are columns, whatever
their height; where one column ends and the next begins, a line drawn on the board says, or else it is where it cuts the
fewest notes. A line drawn across, between two headings of a column, ends the upper one's zone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon, Segment

Array = NDArray[np.float64]

SLANT = 0.3
"""How far a line may lean, as a tangent, to be one drawn down or across."""
REACH = 0.12
"""How far beyond its ends, in its own lengths, a line still parts what lies beside it."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box: left, upper, right, lower."""

    left: float
    upper: float
    right: float
    lower: float

    @property
    def x(self) -> float:
        """The middle, across."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """The middle, down."""
        return (self.upper + self.lower) / 2

    @property
    def height(self) -> float:
        """How tall the box is."""
        return self.lower - self.upper


@dataclass(frozen=True, slots=True)
class Claim:
    """Which heading (its number) owns a note; `heading` None where none does. `clarity`: 0 to 1."""

    heading: int | None
    clarity: float
    above: int | None = None
    """Where no heading owns the note because it lies above one: that heading."""


def level(headings: Sequence[Polygon], notes: Sequence[Polygon]) -> tuple[list[Box], list[Box]]:
    """Boxes of headings and notes in a frame turned so that the headings' lines run level."""
    spin = _spin(headings)
    return [_box(one, spin) for one in headings], [_box(one, spin) for one in notes]


def level_lines(headings: Sequence[Polygon], lines: Sequence[Segment]) -> list[Segment]:
    """Lines in the frame of `level`."""
    spin = _spin(headings)
    turned = [np.asarray(line, np.float64) @ spin.T for line in lines]
    return [((float(a[0]), float(a[1])), (float(b[0]), float(b[1]))) for a, b in turned]


def claims(headings: Sequence[Box], notes: Sequence[Box], lines: Sequence[Segment] = ()) -> list[Claim]:
    """For each note the heading that owns it; `lines` are those drawn on the board, in the same frame."""
    if not headings:
        return [Claim(None, 0.0) for _ in notes]
    return [_claim(list(range(len(headings))), headings, note, notes, lines) for note in notes]


def _claim(
    among: list[int],
    headings: Sequence[Box],
    note: Box,
    notes: Sequence[Box],
    lines: Sequence[Segment],
) -> Claim:
    if len(among) == 1:
        return _claim_of_one(among[0], headings, note)
    columns = _columns(among, headings)
    if len(columns) > 1:
        column, clarity = _column_of(columns, headings, note, notes, lines)
        inner = _claim(column, headings, note, notes, lines)
        return Claim(inner.heading, min(inner.clarity, clarity), inner.above)
    rows = _rows(among, headings)
    if len(rows) == 1:
        nearest = min(among, key=lambda i: (_distance(headings[i], note), i))
        return Claim(nearest, 0.5)
    own = rows[0]
    for before, row in itertools.pairwise(rows):
        drawn = _line_across([headings[i] for i in before], [headings[i] for i in row], note, lines)
        start = min(headings[i].y for i in row)
        if note.y > (start if drawn is None else drawn):
            own = row
            if note.y < start:
                # Above the card, but on its side of the line.
                nearest = min(row, key=lambda i: (_distance(headings[i], note), i))
                return Claim(nearest, 0.9 if len(row) == 1 else 0.6)
    return _claim(own, headings, note, notes, lines)


def _claim_of_one(heading: int, headings: Sequence[Box], note: Box) -> Claim:
    box = headings[heading]
    if note.y >= box.upper - 0.25 * box.height:
        return Claim(heading, 1.0)
    return Claim(None, 0.6, above=heading)


def _columns(among: Sequence[int], headings: Sequence[Box]) -> list[list[int]]:
    """Groups of headings that overlap across, from left to right."""
    ordered = sorted(among, key=lambda i: (headings[i].left, i))
    groups: list[list[int]] = []
    right = -math.inf
    for i in ordered:
        box = headings[i]
        slack = 0.25 * (box.right - box.left)
        if groups and box.left < right - slack:
            groups[-1].append(i)
        else:
            groups.append([i])
        right = max(right, box.right)
    return groups


def _rows(among: Sequence[int], headings: Sequence[Box]) -> list[list[int]]:
    """Groups of headings at about one height, from the top down."""
    ordered = sorted(among, key=lambda i: (headings[i].y, i))
    groups = [[ordered[0]]]
    for i in ordered[1:]:
        last = headings[groups[-1][-1]]
        if headings[i].y - last.y > 0.7 * min(last.height, headings[i].height):
            groups.append([i])
        else:
            groups[-1].append(i)
    return groups


def _column_of(
    columns: Sequence[list[int]],
    headings: Sequence[Box],
    note: Box,
    notes: Sequence[Box],
    lines: Sequence[Segment],
) -> tuple[list[int], float]:
    """The column a note sticks in, and how clear of the boundaries it is."""
    clarity = 1.0
    own = columns[0]
    for left, right in itertools.pairwise(columns):
        sides = [headings[i] for i in left], [headings[i] for i in right]
        drawn = _line_down(*sides, note, lines)
        boundary = _boundary(*sides, notes) if drawn is None else drawn
        width = max(note.right - note.left, 1e-6)
        clarity = min(clarity, 0.5 + min(0.5, abs(note.x - boundary) / width / 2))
        if note.x >= boundary:
            own = right
    return own, clarity


def _boundary(left: Sequence[Box], right: Sequence[Box], notes: Sequence[Box]) -> float:
    """Where one column ends: between the headings, where the fewest notes are cut, nearest the middle of the gap."""
    start, end = max(box.right for box in left), min(box.left for box in right)
    middle = (start + end) / 2
    low, high = max(box.x for box in left), min(box.x for box in right)
    if high <= low:
        return middle
    top = min(*(box.upper for box in left), *(box.upper for box in right))
    below = [note for note in notes if note.y > top]
    span = high - low

    def cost(x: float) -> tuple[float, float]:
        cut = sum(min(x - note.left, note.right - x) / span for note in below if note.left < x < note.right)
        clear = min((max(note.left - x, x - note.right, 0.0) for note in below), default=0.0)
        return round(cut + (0.35 * abs(x - middle) - 0.5 * clear) / span, 6), x

    return min((low + span * step / 80 for step in range(8, 73)), key=cost)


def _line_down(
    left: Sequence[Box], right: Sequence[Box], note: Box, lines: Sequence[Segment]
) -> float | None:
    """Where, at a note's height, a line drawn down between two columns runs, if there is one that reaches there."""
    low, high = max(box.x for box in left), min(box.x for box in right)
    found = []
    for ends in lines:
        (x0, y0), (x1, y1) = sorted(ends, key=lambda end: end[1])
        if abs(x1 - x0) > SLANT * (y1 - y0):
            continue
        beyond = REACH * (y1 - y0)
        if not y0 - beyond <= note.y <= y1 + beyond:
            continue
        slope = (x1 - x0) / max(y1 - y0, 1e-6)
        heights = [box.y for box in (*left, *right)]
        at_headings = x0 + slope * (sum(heights) / len(heights) - y0)
        if low < at_headings < high:
            found.append((y0 - y1, x0 + slope * (note.y - y0)))
    return min(found)[1] if found else None


def _line_across(
    upper: Sequence[Box], lower: Sequence[Box], note: Box, lines: Sequence[Segment]
) -> float | None:
    """The height, at a note's place, of a line drawn across between two headings of a column, if there is one."""
    top, bottom = max(box.lower for box in upper), min(box.upper for box in lower)
    found = []
    for ends in lines:
        (x0, y0), (x1, y1) = sorted(ends)
        if abs(y1 - y0) > SLANT * (x1 - x0):
            continue
        beyond = REACH * (x1 - x0)
        if not (x0 - beyond <= note.x <= x1 + beyond and x0 - beyond <= lower[0].x <= x1 + beyond):
            continue
        slope = (y1 - y0) / max(x1 - x0, 1e-6)
        if top < y0 + slope * (lower[0].x - x0) <= bottom + 0.25 * lower[0].height:
            found.append((x0 - x1, y0 + slope * (note.x - x0)))
    return min(found)[1] if found else None


def _distance(heading: Box, note: Box) -> float:
    across = max(heading.left - note.x, note.x - heading.right, 0.0)
    return math.hypot(across, note.y - heading.y)


def _spin(headings: Sequence[Polygon]) -> Array:
    angle = _line_angle(headings)
    return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


def _line_angle(headings: Sequence[Polygon]) -> float:
    """The direction in which the headings' lines run, radians; 0 where they do not agree."""
    total = np.zeros(2)
    length = 0.0
    for polygon in headings:
        if len(polygon) != 4:
            continue
        corners = np.asarray(polygon, np.float64)
        along = (corners[1] - corners[0]) + (corners[2] - corners[3])
        down = (corners[3] - corners[0]) + (corners[2] - corners[1])
        if np.hypot(*down) > 1.3 * np.hypot(*along):  # lines are longer than they are high
            along = down if down[0] >= 0 else -down
        total += along
        length += float(np.hypot(*along))
    if length <= 0 or np.hypot(*total) < 0.7 * length:
        return 0.0
    return float(math.atan2(total[1], total[0]))


def _box(polygon: Polygon, spin: Array) -> Box:
    points = np.asarray(polygon, np.float64) @ spin.T
    low, high = points.min(axis=0), points.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
