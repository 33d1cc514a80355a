"""Where decisions belong: places on photographs, how much two of them overlap, and what was taken back.

A decision is anchored to a polygon on a photograph (by the photograph's digest), never to a note's
number, so it survives a new detector, renamed files and the loss of every computed result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from pipeline.model import Decision, Polygon, bounding_box

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

T = TypeVar("T")
Anchor = tuple[str, Polygon]
"""A photograph's sha256 and a polygon on it."""

SAME_NOTE = 0.3
"""Intersection over union from which a note is the one a decision meant."""
SAME_OUTLINE = 0.6
"""Intersection over union from which two outlines were drawn round the same thing."""
OUTLINE_FIELDS = ("note", "polygon")
"""Decisions that change outlines; they are taken up before photographs are combined."""


def anchor_of(decision: Decision) -> Anchor:
    """The place a decision was made about."""
    return decision.photo_sha256, decision.polygon


def area_of(polygon: Polygon) -> BaseGeometry:
    """The polygon as a region; a self-crossing one is mended."""
    from shapely.geometry import Polygon as Area  # noqa: PLC0415  (brings numpy; most commands lay nothing over another)

    area = Area(polygon)
    return area if area.is_valid else area.buffer(0)


def overlap(one: Polygon, other: Polygon) -> float:
    """Intersection over union of two polygons, 0 to 1."""
    if one == other:
        return 1.0
    if not _boxes_meet(bounding_box(one), bounding_box(other)):
        return 0.0
    first, second = area_of(one), area_of(other)
    common = first.intersection(second).area
    union = first.area + second.area - common
    return float(common / union) if union > 0 else 0.0


def _boxes_meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


class Places(Generic[T]):
    """Things that lie on photographs, to be found again by overlap; exact places are found at once."""

    def __init__(self) -> None:
        self._exact: dict[Anchor, T] = {}
        self._by_photo: dict[str, dict[Polygon, T]] = {}

    def add(self, anchor: Anchor, thing: T) -> None:
        """Put a thing at a place; what lay at exactly that place before is replaced."""
        self._exact[anchor] = thing
        self._by_photo.setdefault(anchor[0], {})[anchor[1]] = thing

    def remove(self, anchor: Anchor) -> None:
        """Take away what lies at exactly that place, if anything."""
        self._exact.pop(anchor, None)
        self._by_photo.get(anchor[0], {}).pop(anchor[1], None)

    def exact(self, anchor: Anchor) -> T | None:
        """What lies at exactly that place."""
        return self._exact.get(anchor)

    def near(self, anchor: Anchor) -> Iterator[tuple[float, Polygon, T]]:
        """All that overlaps the place on its photograph: (overlap, its polygon, the thing)."""
        for polygon, thing in self._by_photo.get(anchor[0], {}).items():
            share = overlap(anchor[1], polygon)
            if share > 0:
                yield share, polygon, thing

    def best(self, anchor: Anchor, at_least: float = SAME_NOTE) -> T | None:
        """What overlaps the place most, if by `at_least`; among equals the one put first."""
        found = self._exact.get(anchor)
        if found is not None:
            return found
        shares = [(share, thing) for share, _, thing in self.near(anchor) if share >= at_least]
        return max(shares, key=lambda pair: pair[0])[1] if shares else None


def standing(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The decisions in force: those taken back, and the takings-back themselves, are left out.

    Taking back is a decision of field `undo` whose `new` is the id of the decision meant; it can be
    taken back in its turn. Nothing is ever removed from the log.
    """
    everything = list(decisions)
    undone: set[str] = set()
    for decision in reversed(everything):
        # From the end: whether an undo itself still stands is known before what it undoes is looked at.
        if decision.field == "undo" and decision.id not in undone and isinstance(decision.new, str):
            undone.add(decision.new)
    return tuple(one for one in everything if one.field != "undo" and one.id not in undone)


def follow(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions with each anchor led along outlines that were moved after it was made.

    Takes standing decisions in the order they were made; those that move outlines stay as they are.
    """
    moved: list[Decision] = []
    result: list[Decision] = []
    for decision in reversed(decisions):
        if decision.field == "polygon":
            moved.insert(0, decision)
        elif decision.field != "note" and moved:
            place = decision.polygon
            for move in moved:
                new = polygon_from(move.new)
                if new and move.photo_sha256 == decision.photo_sha256 and _is_same(place, move.polygon):
                    place = new
            if place != decision.polygon:
                decision = replace(decision, polygon=place)  # noqa: PLW2901
        result.append(decision)
    return tuple(reversed(result))


def _is_same(one: Polygon, other: Polygon) -> bool:
    return one == other or overlap(one, other) >= SAME_OUTLINE


def polygon_from(value: object) -> Polygon | None:
    """A polygon as it stands in a decision (a list of [x, y]), or None if it is none."""
    if not isinstance(value, list | tuple) or len(value) < 3:
        return None
    points: list[tuple[float, float]] = []
    for point in value:
        if isinstance(point, dict):
            point = (point.get("x"), point.get("y"))  # noqa: PLW2901
        if not (isinstance(point, list | tuple) and len(point) == 2):
            return None
        x, y = point
        if not (_is_number(x) and _is_number(y)):
            return None
        points.append((float(x), float(y)))
    return tuple(points)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e7


def anchor_from(value: object) -> Anchor | None:
    """An anchor as it stands in a decision ({"photo_sha256": …, "polygon": …}), or None."""
    if not isinstance(value, dict) or not isinstance(value.get("photo_sha256"), str):
        return None
    polygon = polygon_from(value.get("polygon"))
    return (value["photo_sha256"], polygon) if polygon else None
