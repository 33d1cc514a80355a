"""One sheet photographed twice: where a place on one photograph lies on the other.

Fitted to the centres of notes that are known to be the same: an affine map or a homography (direct
linear transform, Hartley and Zisserman, Multiple View Geometry, 4.1), whichever finds each note again
better from the others. It is believed only if that is near enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.model import Polygon

Array = npt.NDArray[np.float64]

MIN_PAIRS = 4
TOLERANCE = 0.5
"""How far a note may lie from where the others say it does, in sizes of a note (median of all)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A 3 x 3 matrix from one photograph's pixels to the other's; `residual` in sizes of a note."""

    matrix: tuple[float, ...]
    residual: float

    def carry(self, polygon: Polygon) -> Polygon:
        """A polygon of the first photograph in the second one's pixels; empty if it would lie at infinity."""
        points = _carried(np.array(self.matrix).reshape(3, 3), np.array(polygon, dtype=np.float64))
        return () if points is None else tuple((round(float(x), 2), round(float(y), 2)) for x, y in points)


def fit_layout(pairs: Sequence[tuple[Polygon, Polygon]]) -> Layout | None:
    """The map that carries each pair's first polygon to its second; None where it cannot be relied on."""
    if len(pairs) < MIN_PAIRS:
        return None
    first = np.array([_centre(one) for one, _ in pairs])
    second = np.array([_centre(other) for _, other in pairs])
    size = float(np.median([_size(other) for _, other in pairs]))
    if size <= 0:
        return None
    best: Layout | None = None
    for fit in (_affine, _homography) if len(pairs) > MIN_PAIRS else (_affine,):
        residual = _residual(fit, first, second) / size
        matrix = fit(first, second)
        if matrix is not None and residual <= TOLERANCE and (best is None or residual < best.residual):
            best = Layout(tuple(float(value) for value in matrix.reshape(-1)), round(residual, 4))
    return best


def _residual(fit: Callable[[Array, Array], Array | None], first: Array, second: Array) -> float:
    """How far, in the median, each point lies from where the map fitted to the others puts it; in pixels."""
    misses: list[float] = []
    for left_out in range(len(first)):
        matrix = fit(np.delete(first, left_out, 0), np.delete(second, left_out, 0))
        carried = _carried(matrix, first[left_out : left_out + 1]) if matrix is not None else None
        misses.append(np.inf if carried is None else float(np.linalg.norm(carried[0] - second[left_out])))
    return float(np.median(misses))


def _centre(polygon: Polygon) -> tuple[float, float]:
    points = np.array(polygon)
    return float(points[:, 0].min() + points[:, 0].max()) / 2, float(
        points[:, 1].min() + points[:, 1].max()
    ) / 2


def _size(polygon: Polygon) -> float:
    points = np.array(polygon)
    width, height = points.max(axis=0) - points.min(axis=0)
    return float(np.sqrt(width * height))


def _affine(first: Array, second: Array) -> Array | None:
    rows = np.hstack([first, np.ones((len(first), 1))])
    solution, _, rank, _ = np.linalg.lstsq(rows, second, rcond=1e-6)
    if rank < 3:
        return None
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def _homography(first: Array, second: Array) -> Array | None:
    there, back = _normaliser(first), _normaliser(second)
    if there is None or back is None:
        return None
    rows: list[list[float]] = []
    one, two = _homogeneous(first) @ there.T, _homogeneous(second) @ back.T
    for (x, y, _), (u, v, _) in zip(one.tolist(), two.tolist(), strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    _, values, vectors = np.linalg.svd(np.array(rows))
    if values[-2] < 1e-9:
        return None
    matrix: Array = np.linalg.inv(back) @ vectors[-1].reshape(3, 3) @ there
    return matrix


def _normaliser(points: Array) -> Array | None:
    """Moves points to the origin and scales them to a mean distance of the square root of two."""
    centre = points.mean(axis=0)
    distance = float(np.linalg.norm(points - centre, axis=1).mean())
    if distance <= 0:
        return None
    scale = np.sqrt(2.0) / distance
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])


def _homogeneous(points: Array) -> Array:
    return np.hstack([points, np.ones((len(points), 1))])


def _carried(matrix: Array, points: Array) -> Array | None:
    carried = _homogeneous(points) @ matrix.T
    if np.any(np.abs(carried[:, 2]) < 1e-9) or not np.all(np.isfinite(carried)):
        return None
    result: Array = carried[:, :2] / carried[:, 2:]
    return result
