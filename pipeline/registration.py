"""Laying one photograph over another by the points `describe` found.

`register` matches a pair (mutual nearest neighbours, Lowe's ratio test) and fits a homography with MAGSAC++ (Barath
et al., 2020; OpenCV's, whose random numbers are fixed), refusing one that no camera could have made. Which pairs
are worth it, `pipeline.candidates` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Features

Array = NDArray[np.float64]

RATIO = 0.85
TOLERANCE = 0.004
"""Residual allowed to an inlier, as a share of the photograph's longer side."""
FEWEST_INLIERS = 18
ROUGHLY = 0.03
FEWEST_ROUGHLY = 6
"""Matches that a turned and scaled photograph brings together to within ROUGHLY of its longer side; with fewer there
is nothing to fit. Of 1,546 pairs that registered the least had 12, of 316 others one in twenty had more than 5."""


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


@dataclass(frozen=True)
class Points:
    """Features unpacked: `places` n x 2 (full-size pixels), `rows` n x width."""

    places: Array
    rows: NDArray[np.uint8]

    @cached_property
    def directions(self) -> NDArray[np.float32]:
        """The rows as vectors of unit length: wanted once for each pair that the photograph is in."""
        exact = self.rows.astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
        exact /= np.maximum(lengths, 1e-6)[:, None]
        return exact


def unpack(features: Features) -> Points:
    """The arrays that a Features record holds as bytes."""
    places = np.asarray(features.points, np.float64).reshape(-1, 2)
    return Points(places, np.frombuffer(features.descriptors, np.uint8).reshape(-1, max(features.width, 1)))


def register(a: Points, b: Points, size_a: tuple[int, int], size_b: tuple[int, int]) -> Registration | None:
    """The homography from photograph B to A, or None where none is believable. Sizes are (width, height)."""
    left, right = _matches(a.directions, b.directions)
    if len(left) < FEWEST_INLIERS:
        return None
    source, target = b.places[right], a.places[left]
    if not _hangs_together(source, target, ROUGHLY * max(size_a)):
        return None
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


def _hangs_together(source: Array, target: Array, tolerance: float) -> bool:
    """Whether enough matches agree roughly: told in a tenth of the time that the homography takes."""
    _, inside = cv2.estimateAffinePartial2D(
        source,
        target,
        method=cv2.RANSAC,
        ransacReprojThreshold=tolerance,
        maxIters=300,
        confidence=0.99,
        refineIters=0,
    )
    return inside is not None and int(inside.sum()) >= FEWEST_ROUGHLY


def _matches(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mutual nearest neighbours that are clearly nearer than the second nearest."""
    none = np.zeros(0, np.int64)
    if len(a) < 2 or len(b) < 2:
        return none, none
    likeness = a @ b.T
    nearest = likeness.argmax(axis=1)
    best = likeness[np.arange(len(a)), nearest]
    mutual = np.flatnonzero(likeness.max(axis=0)[nearest] == best)
    # Of rows that are the same to the last digit, the first.
    mutual = np.sort(mutual[np.unique(nearest[mutual], return_index=True)[1]])
    nearest, best = nearest[mutual], best[mutual]
    likeness[mutual, nearest] = -1
    second = likeness[mutual].max(axis=1)
    near, next_near = np.sqrt(np.maximum(2 - 2 * best, 0)), np.sqrt(np.maximum(2 - 2 * second, 0))
    kept = near < RATIO * next_near
    return mutual[kept], nearest[kept]


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
