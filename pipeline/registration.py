"""Laying one photograph over another by the points `describe` found.

Two steps. `candidate_pairs` finds, without comparing every photograph with every other, which pairs share enough
descriptors to be worth a look: descriptors are hashed by the signs of fixed random projections (Charikar, 2002)
into a few inverted indexes, and pairs are ranked by shared, rare buckets; the work grows with the number of
photographs, not with its square. `register` then matches a pair (mutual nearest neighbours, Lowe's ratio test)
and fits a homography with MAGSAC++ (Barath et al., 2020; OpenCV's, whose random numbers are fixed), refusing
one that no camera could have made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Features

Array = NDArray[np.float64]

TABLES = 10
BITS = 20
CROWDED = 24
"""A bucket that more photographs than this share says nothing, as a stop word does."""
PARTNERS = 6
"""How many candidates each photograph may name."""
STANDING_OUT = 1.6
"""A candidate shares at least this many times what the photograph shares with the middle one of all others."""
ALL_PAIRS_UP_TO = 16
RATIO = 0.85
TOLERANCE = 0.004
"""Residual allowed to an inlier, as a share of the photograph's longer side."""
FEWEST_INLIERS = 18


@dataclass(frozen=True, slots=True)
class Registration:
    """How photograph B lies over photograph A. `matrix`: 3 x 3, B's pixels to A's; inliers n x 2 in each's pixels."""

    matrix: Array
    points_a: Array
    points_b: Array
    matches: int

    @property
    def inliers(self) -> int:
        """How many matches agree with the homography."""
        return len(self.points_a)


@dataclass(frozen=True, slots=True)
class Points:
    """Features unpacked: `places` n x 2 (full-size pixels), `rows` n x width (unit length)."""

    places: Array
    rows: NDArray[np.float32]


def unpack(features: Features) -> Points:
    """The arrays that a Features record holds as bytes."""
    places = np.asarray(features.points, np.float64).reshape(-1, 2)
    rows = (
        np.frombuffer(features.descriptors, np.uint8).reshape(-1, max(features.width, 1)).astype(np.float32)
    )
    return Points(places, rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))


def candidate_pairs(points: Mapping[str, Points]) -> list[tuple[str, str]]:
    """Pairs of names (the lesser first, in order) that may show the same sheet."""
    names = sorted(name for name, one in points.items() if len(one.places) >= FEWEST_INLIERS)
    if len(names) <= ALL_PAIRS_UP_TO:
        return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    votes = _votes(names, points)
    chosen: set[tuple[str, str]] = set()
    ranked: dict[int, list[tuple[float, int]]] = {}
    for (i, j), weight in votes.items():
        ranked.setdefault(i, []).append((-weight, j))
        ranked.setdefault(j, []).append((-weight, i))
    for i, partners in ranked.items():
        usual = sorted(weight for weight, _ in partners)[len(partners) // 2]
        for weight, j in sorted(partners)[:PARTNERS]:
            if weight <= STANDING_OUT * usual:
                chosen.add((names[min(i, j)], names[max(i, j)]))
    return sorted(chosen)


def _votes(names: Sequence[str], points: Mapping[str, Points]) -> dict[tuple[int, int], float]:
    """For each pair of numbers of names, its shared buckets, rare ones counting more."""
    codes: list[NDArray[np.int64]] = []
    weights: list[Array] = []
    hashes = [_hashes(points[name].rows) for name in names]
    owned = np.repeat(np.arange(len(names)), [len(one) for one in hashes])
    for table in range(TABLES):
        # Sorted by bucket, then by owner, each pair of the two once.
        both = np.unique(np.concatenate([one[:, table] for one in hashes]) * len(names) + owned)
        buckets, owners = both // len(names), both % len(names)
        starts = np.nonzero(np.diff(buckets, prepend=-1))[0]
        sizes = np.diff(np.append(starts, len(buckets)))
        for size in range(2, CROWDED + 1):
            shared = owners[starts[sizes == size, None] + np.arange(size)]
            first, second = np.triu_indices(size, 1)
            codes.append((shared[:, first] * len(names) + shared[:, second]).ravel())
            weights.append(np.full(len(codes[-1]), 1.0 / (size - 1)))
    pairs, where = np.unique(np.concatenate(codes), return_inverse=True)
    totals = np.bincount(where, np.concatenate(weights))
    return {
        (int(pair // len(names)), int(pair % len(names))): round(float(total), 6)
        for pair, total in zip(pairs, totals, strict=True)
    }


def _hashes(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bucket of each row in each table: n x TABLES."""
    # Descriptors are all positive: signs say something only round their usual mean.
    signs = (rows - rows.mean(axis=1, keepdims=True)) @ _planes(rows.shape[1]) > 0
    bits = signs.reshape(len(rows), TABLES, BITS).astype(np.float32)
    # Exact: BITS are fewer than a float32 has digits.
    return np.asarray(bits @ (1 << np.arange(BITS)).astype(np.float32), np.int64)


@lru_cache(maxsize=1)
def _planes(width: int) -> NDArray[np.float32]:
    """Random directions, those of all tables side by side."""
    drawn = [np.random.default_rng(1000 + table).normal(size=(width, BITS)) for table in range(TABLES)]
    return np.concatenate([np.asarray(one - one.mean(axis=0), np.float32) for one in drawn], axis=1)


def register(a: Points, b: Points, size_a: tuple[int, int], size_b: tuple[int, int]) -> Registration | None:
    """The homography from photograph B to A, or None where none is believable. Sizes are (width, height)."""
    left, right = _matches(a.rows, b.rows)
    if len(left) < FEWEST_INLIERS:
        return None
    source, target = b.places[right], a.places[left]
    matrix, inside = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, TOLERANCE * max(size_a), maxIters=4000, confidence=0.9995
    )
    if matrix is None:
        return None
    kept = inside.ravel() > 0
    # Descriptors of one place under two angles, or of a repeated pattern, must not count twice.
    kept &= _first_of_each(np.round(target / (2 * TOLERANCE * max(size_a))))
    if kept.sum() < FEWEST_INLIERS or not _from_a_camera(matrix, size_a, size_b, source[kept]):
        return None
    return Registration(np.asarray(matrix, np.float64), target[kept], source[kept], len(left))


def _matches(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mutual nearest neighbours that are clearly nearer than the second nearest."""
    none = np.zeros(0, np.int64)
    if len(a) < 2 or len(b) < 2:
        return none, none
    likeness = a @ b.T
    nearest = likeness.argmax(axis=1)
    rows = np.arange(len(a))
    best = likeness[rows, nearest]
    mutual = likeness.argmax(axis=0)[nearest] == rows
    likeness[rows, nearest] = -1
    second = likeness.max(axis=1)
    near, next_near = np.sqrt(np.maximum(2 - 2 * best, 0)), np.sqrt(np.maximum(2 - 2 * second, 0))
    kept = np.nonzero(mutual & (near < RATIO * next_near))[0]
    return kept, nearest[kept]


def _first_of_each(cells: Array) -> NDArray[np.bool_]:
    _, first = np.unique(cells, axis=0, return_index=True)
    mask = np.zeros(len(cells), np.bool_)
    mask[first] = True
    return mask


def _from_a_camera(matrix: Array, size_a: tuple[int, int], size_b: tuple[int, int], inliers: Array) -> bool:
    """Whether two cameras before one flat sheet could give this homography, where the inliers lie."""
    low, high = inliers.min(axis=0), inliers.max(axis=0)
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1]), (low + high) / 2])
    w = corners @ matrix[2, :2] + matrix[2, 2]
    if (w * np.sign(matrix[2, 2]) <= 1e-9).any():
        return False
    # The local area scale: never mirrored, within a factor of the pictures' own sizes, and much alike all over.
    areas = np.linalg.det(matrix) / w**3
    usual = (size_a[0] * size_a[1]) / (size_b[0] * size_b[1])
    scales = areas / usual
    if (scales < 1 / 36).any() or (scales > 36).any() or areas.max() > 6 * areas.min():
        return False
    # Neither may one direction be squeezed away.
    linear = (
        np.array([matrix[i, :2] - matrix[2, :2] * _mapped(matrix, corners[4])[i] for i in range(2)]) / w[4]
    )
    stretch = np.linalg.svd(linear, compute_uv=False)
    if stretch[0] > 3.5 * stretch[1]:
        return False
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(inliers.T)), 0))
    return bool(spread[0] > 0.015 * max(size_b))


def _mapped(matrix: Array, point: Array) -> Array:
    x, y, w = matrix @ np.array([point[0], point[1], 1.0])
    return np.array([x / w, y / w])


def transform(matrix: Array, points: Array) -> Array:
    """Points (n x 2) carried by a homography."""
    placed = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    w = np.where(np.abs(placed[:, 2:]) < 1e-9, 1e-9, placed[:, 2:])
    return np.asarray(placed[:, :2] / w)
