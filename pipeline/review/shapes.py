"""Outlines cut in two, and two made one. Pure geometry in pixels of the upright photograph."""

from __future__ import annotations

from shapely import affinity
from shapely.geometry import LineString, MultiPolygon
from shapely.geometry import Polygon as Area
from shapely.geometry.base import BaseGeometry
from shapely.ops import split, unary_union

from pipeline.anchors import area_of
from pipeline.model import Point, Polygon

_SMALLEST_PART = 0.03


def tidy(points: Polygon, width: int, height: int) -> Polygon:
    """A drawn outline kept to the photograph and to tenths of a pixel, so that it stays the same in JSON.

    Raises ValueError for an outline without area.
    """
    kept = tuple(
        (round(min(max(x, 0.0), float(width)), 1), round(min(max(y, 0.0), float(height)), 1))
        for x, y in points
    )
    if len(kept) < 3 or area_of(kept).area < 64:
        raise ValueError("That outline is too small to be a note.")
    return kept


def cut_in_two(polygon: Polygon, one: Point, other: Point) -> tuple[Polygon, Polygon]:
    """The two parts of an outline on either side of the line through two points, the left or upper first.

    Raises ValueError where the line does not cut it.
    """
    whole = area_of(polygon)
    line = LineString([one, other])
    if line.length < 1:
        raise ValueError("The line is too short.")
    reach = 4 * max(whole.bounds[2] - whole.bounds[0], whole.bounds[3] - whole.bounds[1], line.length)
    factor = reach / line.length
    parts = [
        part for part in split(whole, affinity.scale(line, factor, factor)).geoms if isinstance(part, Area)
    ]
    parts = sorted(parts, key=lambda part: -part.area)[:2]
    if len(parts) < 2 or parts[1].area < _SMALLEST_PART * whole.area:
        raise ValueError("The line does not cut the note in two.")
    parts.sort(key=lambda part: (round(part.centroid.x), round(part.centroid.y)))
    return _ring(parts[0]), _ring(parts[1])


def made_one(one: Polygon, other: Polygon) -> Polygon:
    """The outline round two notes: their union where they touch, else what encloses both."""
    joined = unary_union([area_of(one), area_of(other)])
    if isinstance(joined, MultiPolygon) or not isinstance(joined, Area):
        joined = joined.convex_hull
    return _ring(joined)


def _ring(area: BaseGeometry) -> Polygon:
    if not isinstance(area, Area):
        raise TypeError("an outline is one area")
    points = list(area.simplify(0.5).exterior.coords)[:-1]
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)
