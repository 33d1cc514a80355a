"""What the note detector saw at several scales, put together: each piece of paper once, with what to believe of it.

Paper shows at every scale that suits its size. What is seen at one scale alone, though others ought to show it, is
doubtful.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree, make_valid
from shapely.geometry import Polygon as ShapelyPolygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from pipeline.model import Polygon
from pipeline.voting import Fields

SHAPE_ORDER = ("tick", "heart", "speech_bubble", "square", "rectangle", "other")
GOOD_NOTE = 88.0
"""Side of a note, in network pixels, at which the network was found to work best."""
GOOD_RANGE = (58.0, 130.0)
"""Median note sides that need no second run."""
MIN_SCORE = 0.5
"""Outlines that score less are not reported."""
TWICE = 0.1
"""Share of a piece that lies in another piece too, from which on the two are at odds."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """A piece of paper in full-size pixels: `side` there, and `seen_side` in the pixels it was seen at."""

    polygon: Polygon
    score: float
    is_heading: bool
    shapes: Floats
    side: float
    seen_side: float

    @property
    def trust(self) -> float:
        """How far to believe this sighting against another of the same paper at another scale."""
        return self.score * fitness(self.seen_side)


@dataclass(frozen=True)
class Look:
    """One run: its scale (full-size / network pixels), what it saw, and the fields that this was made of."""

    factor: float
    seen: list[Seen]
    fields: Fields


def fitness(side: float) -> float:
    """How well paper of a side, in network pixels, can be judged: 1 at the best size, falling to both sides."""
    return float(np.exp(-0.5 * (float(np.log(max(side, 1.0) / GOOD_NOTE)) / 0.9) ** 2))


def merge(looks: list[Look]) -> list[Seen]:
    """Of sightings that overlap, the one to trust most, scored by all looks that ought to have seen it.

    A piece of paper shows at every scale that suits its size; what a single look sees is doubtful.
    """
    shapes = [make_valid(ShapelyPolygon(seen.polygon)) for look in looks for seen in look.seen]
    tree = STRtree(shapes)
    common: list[dict[int, float]] = []
    for shape in shapes:
        near = sorted(int(i) for i in tree.query(shape, predicate="intersects"))
        common.append({i: float(shape.intersection(shapes[i]).area) for i in near})
    starts = np.cumsum([0, *(len(look.seen) for look in looks)]).tolist()
    found = [seen for look in looks for seen in look.seen]
    scored = []
    for k, seen in enumerate(found):
        total, weight = 0.0, 0.0
        votes = np.zeros_like(seen.shapes)
        for look, start in zip(looks, starts, strict=False):
            expected = fitness(seen.side / look.factor)
            weight += expected
            alike = [
                i
                for i, inter in common[k].items()
                if start <= i < start + len(look.seen)
                and found[i].is_heading == seen.is_heading
                and inter > 0.5 * (shapes[k].area + shapes[i].area - inter)
            ]
            if alike:
                best = max(alike, key=lambda i: (found[i].score, -i))
                total += expected * found[best].score
                votes += expected * found[best].score * found[best].shapes
        scored.append(replace(seen, score=total / weight, shapes=votes / max(1e-6, float(votes.sum()))))
    kept: set[int] = set()

    def is_free(k: int) -> bool:
        rivals = (i for i in common[k] if i in kept)
        return all(common[k][i] <= 0.5 * min(shapes[k].area, shapes[i].area) for i in rivals)

    for k in sorted(range(len(scored)), key=lambda k: (-scored[k].trust, k)):
        if is_free(k):
            wholes = [i for i in _wholes(k, scored, shapes, common[k]) if is_free(i)]
            kept.add(wholes[0] if wholes else k)
    for k in sorted(range(len(scored)), key=lambda k: (-scored[k].trust, k)):
        pieces = [i for i in common[k] if i in kept and common[k][i] > 0.8 * shapes[i].area]
        if k not in kept and _are_at_odds(k, pieces, scored, shapes, common):
            kept.difference_update(pieces)
            kept.add(k)
    return [scored[k] for k in sorted(kept)]


def _are_at_odds(
    k: int, pieces: list[int], seen: list[Seen], shapes: list[BaseGeometry], common: list[dict[int, float]]
) -> bool:
    """Whether pieces make up one sighting and lie over each other: looks that part it each in its own way.

    Two notes that overlap do not: where one ends, the other begins, for every look.
    """
    if len(pieces) < 2 or seen[k].score < MIN_SCORE or four_sided(seen[k]) > 0.5:
        return False
    if any(seen[i].is_heading != seen[k].is_heading for i in pieces):
        return False
    doubled = max(
        common[i].get(j, 0.0) / min(shapes[i].area, shapes[j].area)
        for n, i in enumerate(pieces)
        for j in pieces[n + 1 :]
    )
    together = float(unary_union([shapes[i] for i in pieces]).area)
    return bool(doubled > TWICE and together > 0.8 * shapes[k].area)


def _wholes(k: int, seen: list[Seen], shapes: list[BaseGeometry], common: dict[int, float]) -> list[int]:
    """Larger sightings that a sighting lies in and that the looks together believe more, the best first.

    A look that sees a bent or covered note in pieces parts it where others do not. Four-sided notes side by side, in
    turn, are easily taken for a larger one: they are no pieces.
    """
    if seen[k].is_heading:
        return []
    wholes = [
        i
        for i, inter in common.items()
        if not seen[i].is_heading
        and four_sided(seen[i]) < 0.5
        and shapes[i].area > 1.3 * shapes[k].area
        and inter > 0.8 * shapes[k].area
        and seen[i].score > max(MIN_SCORE, seen[k].score)
    ]
    return sorted(wholes, key=lambda i: (-seen[i].score, i))


def best_factor(found: list[Seen]) -> float | None:
    """The scale (full-size / network pixels) at which most of the note area is seen at a good size; None: stay.

    By size and not by number alone, lest a handful of false specks decide the scale of a close-up.
    """
    notes = sorted((s for s in found if not s.is_heading and s.score > 0.4), key=lambda s: s.side)
    if not notes:
        return None
    weight = np.cumsum([s.side * s.score for s in notes])
    middle = notes[int(np.searchsorted(weight, 0.5 * weight[-1]))]
    if GOOD_RANGE[0] <= middle.seen_side <= GOOD_RANGE[1]:
        return None
    return middle.side / GOOD_NOTE


def four_sided(seen: Seen) -> float:
    """How far paper is taken for a square or another rectangle, 0 to 1."""
    return float(seen.shapes[SHAPE_ORDER.index("square")] + seen.shapes[SHAPE_ORDER.index("rectangle")])
