"""Notes that point at another note: "↑ THIS", "this ->", or one that says "agree" and lies on another.

Frame: any flat one with y downwards. Handwritten arrows are often misread as a letter or a digit; before a lone
"this" such a sign is taken for the arrow it must have been.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from shapely import make_valid
from shapely.geometry import Polygon as Shape
from shapely.geometry.base import BaseGeometry

from pipeline.model import Polygon

_ARROWS = {
    "↑": (0, -1), "⬆": (0, -1), "⇑": (0, -1), "⇧": (0, -1), "^": (0, -1), "↟": (0, -1), "▲": (0, -1),
    "↓": (0, 1), "⬇": (0, 1), "⇓": (0, 1), "⇩": (0, 1), "▼": (0, 1),
    "←": (-1, 0), "⬅": (-1, 0), "⇐": (-1, 0), "◀": (-1, 0), "→": (1, 0), "➔": (1, 0), "➡": (1, 0),
    "⇒": (1, 0), "▶": (1, 0), "↗": (1, -1), "↖": (-1, -1), "↘": (1, 1), "↙": (-1, 1),
}  # fmt: skip
_THIS = re.compile(
    r"^(?P<before>[^a-z0-9]*|[1ilt!|/\\fjr7n4]{1,2}[^a-z0-9]*)\bthis\b(?: one)?(?P<after>[^a-z]*)$"
)
_AGREES = re.compile(r"^[^a-z0-9]*(i )?(agree|ditto|me too|this|\+ ?1)[^a-z0-9]*$")
LONGEST = 24
"""A pointing note says little else; longer texts with an arrow in them mean something of their own."""
REACH = 2.2
"""How far, in the pointing note's own sizes, the note pointed at may be."""


def direction(text: str) -> tuple[float, float] | None:
    """Where a note's text points (x, y; y downwards; length 1), or None where it points nowhere."""
    flat = " ".join(text.split()).lower()
    if not flat or len(flat) > LONGEST:
        return None
    flat = re.sub(r"[-–—=]+>", "→", flat)
    flat = re.sub(r"<[-–—=]+", "←", flat)
    for sign, (x, y) in _ARROWS.items():
        if sign in flat:
            return x / math.hypot(x, y), y / math.hypot(x, y)
    if flat.endswith(" >") or flat == ">":
        return 1.0, 0.0
    if flat.startswith("< ") or flat == "<":
        return -1.0, 0.0
    found = _THIS.match(flat)
    return (0.0, -1.0) if found and (found["before"] or flat == "this") else None


def target(index: int, text: str, outlines: Sequence[Polygon], shapes: Sequence[str] = ()) -> int | None:
    """The number of the outline that note `index` points at, or None.

    `shapes` (codes of vocabulary.SHAPES, beside the outlines) let a note with words be preferred to a tick.
    """
    where = direction(text)
    is_agreeing = bool(_AGREES.match(" ".join(text.split()).lower()))
    if where is None and not is_agreeing:
        return None  # as nearly every note: before its neighbours are looked at
    places = _places(outlines)
    own = places[index]
    size = math.sqrt(max(own.area, 1e-9))
    pointed = None if where is None else _along(index, where, places, shapes, size)
    if pointed is not None:
        return pointed
    touching = [
        i
        for i, place in enumerate(places)
        if i != index and own.distance(place) < 0.04 * size and not _is_behind(own, place, where)
    ]
    return touching[0] if len(touching) == 1 else None


def _is_behind(own: BaseGeometry, place: BaseGeometry, where: tuple[float, float] | None) -> bool:
    """Does an arrow point away from the place?"""
    if where is None:
        return False
    x, y = place.centroid.x - own.centroid.x, place.centroid.y - own.centroid.y
    return bool(x * where[0] + y * where[1] < 0)


def _along(
    index: int, where: tuple[float, float], places: Sequence[BaseGeometry], shapes: Sequence[str], size: float
) -> int | None:
    """The nearest outline in a direction, straight ahead being nearer than aslant."""
    own = places[index]
    best: tuple[float, int] | None = None
    for i, place in enumerate(places):
        gap = own.distance(place)
        if i == index or gap > REACH * size:
            continue
        x, y = place.centroid.x - own.centroid.x, place.centroid.y - own.centroid.y
        far = math.hypot(x, y)
        cosine = (x * where[0] + y * where[1]) / max(far, 1e-9)
        if cosine < 0.45:
            continue
        cost = gap + 0.3 * far + 0.9 * size * (1 - cosine)
        if i < len(shapes) and shapes[i] == "tick":
            cost += 0.8 * size  # people agree with words, seldom with another's tick
        if best is None or (cost, i) < best:
            best = (cost, i)
    return best[1] if best else None


def _places(outlines: Sequence[Polygon]) -> list[BaseGeometry]:
    found = [Shape(outline) for outline in outlines]
    return [place if place.is_valid else make_valid(place).buffer(0) for place in found]
