"""Photographs compared by their features, and what is remembered of it: one new photograph costs its own pairs.

Features are large, and read only for photographs and pairs that are not known yet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import msgspec
import numpy as np

from pipeline.candidates import GROUPS, Sketch, candidate_pairs, sketch
from pipeline.model import Features
from pipeline.registration import FEWEST_INLIERS, Points, Registration, register, unpack

POINTS_HELD = 500
"""So many photographs' points are held at once: what bounds memory, however large the workshop."""


class Fitted(msgspec.Struct, array_like=True):
    """A registration as it is kept: the matrix row by row, the inliers' x and y in turn."""

    matrix: tuple[float, ...]
    points_a: tuple[float, ...]
    points_b: tuple[float, ...]
    matches: int


class Known(msgspec.Struct):
    """What is remembered: sketches by the digest of a photograph's features, registrations by those of two."""

    sketches: dict[str, bytes]
    pairs: dict[str, Fitted | None]


class Compared:
    """A workshop's photographs, to be compared by path.

    `digests` name the photographs' features; without one, nothing of that photograph is remembered.
    """

    def __init__(
        self,
        features: Mapping[str, Features],
        digests: Mapping[str, str] | None = None,
        known: Known | None = None,
    ) -> None:
        self._features = features
        self._digests = digests or {}
        self._known = known or Known({}, {})
        self._held: OrderedDict[str, Points] = OrderedDict()
        self.used = Known({}, {})
        """What of all this was asked for: to be remembered until the next time."""

    def candidates(self, paths: list[str]) -> list[tuple[str, str]]:
        """Pairs of these paths that may show one sheet, the lesser first, in order."""
        sketches = {path: self._sketch(path) for path in paths if path in self._features}
        return candidate_pairs({path: one for path, one in sketches.items() if len(one) >= FEWEST_INLIERS})

    def _sketch(self, path: str) -> Sketch:
        digest = self._digests.get(path)
        known = self._known.sketches.get(digest) if digest else None
        if known is not None:
            found: Sketch = np.frombuffer(known, "<u2").reshape(-1, GROUPS)
        else:
            found = sketch(self._points(path).rows)
        if digest:
            self.used.sketches[digest] = found.astype("<u2").tobytes() if known is None else known
        return found

    def registration(
        self, a: str, b: str, size_a: tuple[int, int], size_b: tuple[int, int]
    ) -> Registration | None:
        """How photograph `b` lies over `a`, as `register` tells."""
        digests = [self._digests.get(path) for path in (a, b)]
        name = " ".join(map(str, (*digests, *size_a, *size_b)))
        if name in self._known.pairs:
            kept = self._known.pairs[name]
            found = _unfolded(kept) if kept else None
        else:
            found = register(self._points(a), self._points(b), size_a, size_b)
            kept = _folded(found) if found else None
        if None not in digests:
            self.used.pairs[name] = kept
        return found

    def _points(self, path: str) -> Points:
        held = self._held.pop(path, None) or unpack(self._features[path])
        self._held[path] = held
        if len(self._held) > POINTS_HELD:
            self._held.popitem(last=False)
        return held


def _folded(found: Registration) -> Fitted:
    matrix, points_a, points_b = (
        tuple(array.ravel().tolist()) for array in (found.matrix, found.points_a, found.points_b)
    )
    return Fitted(matrix, points_a, points_b, found.matches)


def _unfolded(kept: Fitted) -> Registration:
    points_a, points_b = (np.array(values).reshape(-1, 2) for values in (kept.points_a, kept.points_b))
    return Registration(np.array(kept.matrix).reshape(3, 3), points_a, points_b, kept.matches)
