"""Whether two photographs show one sheet: points, places and writing must agree.

A pair of photographs is one sheet only if three things agree: points all over it (pipeline.registration), what lies
where (the notes that both must show do lie over each other, with their colours), and the writing on the notes. The
last keeps apart two sheets that share a heading card, a template or a cork wall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from shapely import make_valid
from shapely.geometry import Polygon as Shape
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from pipeline.compared import Compared
from pipeline.model import PhotoRecord
from pipeline.registration import Registration, transform

Array = NDArray[np.float64]

SAME_NOTE = 0.4
"""Least share of two outlines' union, within what both photographs show, that is their common part."""
COMMON_SHARE = 0.6
"""Least share of the notes that both photographs should show that must be seen in both."""
FEWEST_ON_NOTES = 10
FEWEST_ON_ONE_NOTE = 18


@dataclass(frozen=True, slots=True)
class Link:
    """Two photographs of one sheet: `matrix` from B to A, and which outlines (a, b) are one note."""

    a: str
    b: str
    matrix: Array
    inliers: int
    pairs: tuple[tuple[int, int], ...]


def find_links(records: Mapping[str, PhotoRecord], compared: Compared) -> list[Link]:
    """The pairs of photographs that show one sheet, surest first."""
    links = []
    for a, b in compared.candidates(list(records)):
        one, other = records[a], records[b]
        found = compared.registration(a, b, size(one), size(other))
        link = found and _checked(one, other, found)
        if link:
            links.append(link)
    return sorted(links, key=lambda link: (-link.inliers, link.a, link.b))


def _checked(one: PhotoRecord, other: PhotoRecord, found: Registration) -> Link | None:
    """The link, if the notes of both photographs bear it out."""
    view = common_view(one, other, found.matrix)
    if view is None:
        return None
    first, second = in_view(one, np.eye(3), view), in_view(other, found.matrix, view)
    pairs = pair_outlines(first, second)
    if not pairs:
        return None
    whole_first = sum(note.is_whole for note in first.values())
    whole_second = sum(note.is_whole for note in second.values())
    of_first = sum(first[i].is_whole for i, _ in pairs) / max(whole_first, 1)
    of_second = sum(second[j].is_whole for _, j in pairs) / max(whole_second, 1)
    # Notes may be added or taken away between two photographs, but hardly both at once.
    if max(of_first, of_second) < COMMON_SHARE or min(of_first, of_second) < COMMON_SHARE / 2:
        return None
    whole = [(i, j) for i, j in pairs if first[i].is_whole or second[j].is_whole]
    alike = sum(_looks_alike(one, other, i, j) for i, j in whole)
    if not whole or alike < 0.5 * len(whole):
        return None
    needed = FEWEST_ON_ONE_NOTE if len(pairs) == 1 else FEWEST_ON_NOTES
    on_notes = _points_on(found, [first[i].shape for i, _ in pairs])
    if sum(on_notes) < needed or sum(count >= 2 for count in on_notes) < min(2, len(pairs)):
        return None
    if not _same_writing(one, other, found, pairs, [first[i].shape for i, _ in pairs]):
        return None
    return Link(one.photo.path, other.photo.path, found.matrix, found.inliers, tuple(pairs))


@dataclass(frozen=True, slots=True)
class Seen:
    """An outline within the common view, in photograph A's pixels."""

    shape: BaseGeometry
    is_whole: bool


def common_view(one: PhotoRecord, other: PhotoRecord, matrix: Array) -> BaseGeometry | None:
    """What both photographs show, in the first one's pixels."""
    width, height = size(other)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    w = corners @ matrix[2, :2] + matrix[2, 2]
    if (w * np.sign(matrix[2, 2]) <= 1e-9).any():
        # Part of the photograph lies behind the horizon of the other: keep to what is well before it.
        corners = np.array([width / 2, height / 2]) + 0.6 * (corners - [width / 2, height / 2])
        w = corners @ matrix[2, :2] + matrix[2, 2]
        if (w * np.sign(matrix[2, 2]) <= 1e-9).any():
            return None
    view = valid(Shape(transform(matrix, corners))).intersection(box(0, 0, *size(one)))
    return None if view.is_empty else view


def in_view(record: PhotoRecord, matrix: Array, view: BaseGeometry) -> dict[int, Seen]:
    """The outlines that lie in a view, by number: the part in it, and whether that is all of the note.

    `matrix` leads from the photograph to the frame of `view`.
    """
    seen = {}
    for index, outline in enumerate(record.detection.outlines):
        whole = valid(Shape(transform(matrix, np.asarray(outline.polygon, np.float64))))
        part = whole.intersection(view)
        if whole.area > 0 and part.area > 0.005 * whole.area:
            seen[index] = Seen(part, part.area > 0.85 * whole.area)
    return seen


def pair_outlines(first: Mapping[int, Seen], second: Mapping[int, Seen]) -> list[tuple[int, int]]:
    """Outlines that lie over each other, best first, each at most once."""
    scored = []
    for i, one in first.items():
        for j, other in second.items():
            share = _overlap(one.shape, other.shape)
            if share >= SAME_NOTE:
                scored.append((-round(share, 4), i, j))
            elif not (one.is_whole and other.is_whole) and _sliver(one.shape, other.shape):
                scored.append((-round(share / 10, 4), i, j))
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    pairs = []
    for _, i, j in sorted(scored):
        if i not in taken_first and j not in taken_second:
            taken_first.add(i)
            taken_second.add(j)
            pairs.append((i, j))
    return sorted(pairs)


def _overlap(one: BaseGeometry, other: BaseGeometry) -> float:
    if one.area <= 0 or other.area <= 0 or not one.intersects(other):
        return 0.0
    common = one.intersection(other).area
    return float(common / (one.area + other.area - common))


def _sliver(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether what a picture's edge left of a note lies on the other; a strip is soon beside itself."""
    if not one.intersects(other):
        return False
    slack = 0.06 * max(one.area, other.area) ** 0.5
    common = one.buffer(slack).intersection(other.buffer(slack)).area
    return bool(common >= 0.6 * min(one.buffer(slack).area, other.buffer(slack).area))


def _looks_alike(one: PhotoRecord, other: PhotoRecord, i: int, j: int) -> bool:
    """Whether two outlines' paper could be one: neighbouring colour names count as alike."""
    first, second = one.classifications[i].colour, other.classifications[j].colour
    return first == second or frozenset((first, second)) in _NEAR_COLOURS


_NEAR_COLOURS = frozenset(
    frozenset(pair)
    for pair in (
        ("yellow", "orange"), ("yellow", "green"), ("yellow", "cream"), ("cream", "white"), ("white", "grey"),
        ("orange", "red"), ("orange", "pink"), ("orange", "cream"), ("orange", "brown"), ("red", "pink"),
        ("pink", "purple"), ("purple", "blue"), ("blue", "teal"), ("teal", "green"), ("blue", "white"),
        ("blue", "grey"), ("cream", "brown"), ("brown", "red"), ("grey", "black"), ("purple", "white"),
        ("pink", "white"), ("cream", "pink"), ("green", "cream"),
    )
)  # fmt: skip


def _same_writing(
    one: PhotoRecord,
    other: PhotoRecord,
    found: Registration,
    pairs: Sequence[tuple[int, int]],
    shapes: Sequence[BaseGeometry],
) -> bool:
    """Whether what is written on the paired notes is the same, as far as it can be told.

    Two sheets filled in on one template agree in cards, lines and even in where the notes sit: not in the
    writing. Points well inside a note are on its writing; two sure readings speak for or against.
    """
    inner = _points_on(found, [shape.buffer(-0.12 * shape.area**0.5) for shape in shapes])
    written = speaking = against = 0
    for (i, j), points in zip(pairs, inner, strict=True):
        if not (one.page.notes[i].ink.is_written and other.page.notes[j].ink.is_written):
            continue
        written += 1
        first, second = _sure_text(one, i), _sure_text(other, j)
        likeness = Levenshtein.normalized_similarity(first, second) if first and second else 0.5
        against += likeness < 0.4 and points < 3
        speaking += likeness >= 0.6 or (points >= 1 and likeness >= 0.4)
    return not written or (speaking >= 0.4 * written and against < speaking)


def _sure_text(record: PhotoRecord, index: int) -> str:
    readings = record.page.notes[index].readings
    words = readings[0].words if readings else ()
    kept = [word.text for word in words if word.confidence >= 0.75]
    text = "".join(character for character in "".join(kept).lower() if character.isalnum())
    return text if len(text) >= 6 else ""


def _points_on(found: Registration, shapes: Sequence[BaseGeometry]) -> list[int]:
    """How many agreeing points lie on each shape (photograph A's pixels)."""
    counts = []
    for shape in shapes:
        if not isinstance(shape, Shape) or shape.is_empty:
            counts.append(0)
            continue
        left, upper, right, lower = shape.bounds
        x, y = found.points_a.T
        near = found.points_a[(x >= left) & (x <= right) & (y >= upper) & (y <= lower)]
        counts.append(int(_inside(near, np.asarray(shape.exterior.coords)).sum()) if len(near) else 0)
    return counts


def _inside(points: Array, ring: Array) -> NDArray[np.bool_]:
    """Even-odd rule; `ring` is closed."""
    x, y = points[:, :1], points[:, 1:]
    x0, y0, x1, y1 = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
    spans = (y0 > y) != (y1 > y)
    slope = np.where(np.abs(y1 - y0) < 1e-12, 1e-12, y1 - y0)
    crossings = spans & (x < (x1 - x0) * (y - y0) / slope + x0)
    return np.asarray(crossings.sum(axis=1) % 2 == 1)


def valid(shape: BaseGeometry) -> BaseGeometry:
    """The shape itself, or its nearest valid form where an outline crosses itself."""
    return shape if shape.is_valid else make_valid(shape).buffer(0)


def size(record: PhotoRecord) -> tuple[int, int]:
    """Width and height of the upright photograph, in pixels."""
    return record.photo.width, record.photo.height
