"""The frame of one note: the four corners that become its upright picture.

Everything here is plain geometry on outlines (n x 2, x to the right, y downwards, any unit); angles are
degrees, clockwise of the horizontal as seen in the picture.
"""

from __future__ import annotations

import math
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

FOUR_SIDED = ("square", "rectangle")
MOST_SIDES = 14
"""Corners an outline is simplified to before the smallest polygon round it is sought among its sides."""
TICK_LONG_ARM = 52.0
"""Degrees above the horizontal at which the long arm of an upright tick stands."""


def fit_quadrilateral(polygon: Polygon | Array) -> Array | None:
    """The four corners of a four-sided note, clockwise from its upper left; None where none fits.

    The smallest enclosing quadrilateral, its sides then moved onto the outline by a robust line fit,
    so that a corner hidden by a neighbour is completed and a curled corner does not swell the note.
    4 x 2, photo pixels.
    """
    points = np.asarray(polygon, np.float64)
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    hull_area = cv2.contourArea(hull.astype(np.float32))
    if len(hull) < 4 or hull_area <= 0:
        return None
    quad = enclosing(hull, 4)
    if quad is None:
        return None
    refined = _refined(quad, points)
    for candidate in (refined, quad):
        if candidate is not None and _plausible(candidate, hull_area):
            return _from_upper_left(candidate)
    return None


def note_frame(points: Array, shape: str) -> tuple[Array, float]:
    """Corners (4 x 2, clockwise from the upper left) of the frame that becomes the crop, and the writing angle."""
    if shape in FOUR_SIDED:
        quad = fit_quadrilateral(points)
        if quad is not None:
            return quad, 0.0
        return _rotated_box(points, _level_angle(points)), 0.0
    if shape == "tick":
        arm = tick_arm_angle(points)
        if arm is None:
            return _rotated_box(points, 0.0), 0.0
        lean = wrap(-arm - TICK_LONG_ARM)  # how far the tick leans to the left of upright
        tilt = -lean if abs(lean) <= 60 else 0.0
        return _rotated_box(points, tilt), wrap(-(arm - tilt))
    if shape == "heart":
        return _rotated_box(points, _mirror_angle(points)), 0.0
    return _rotated_box(points, _body_angle(points)), 0.0


def _rotated_box(points: Array, degrees: float) -> Array:
    """The box round the points whose upper side runs `degrees` clockwise of the horizontal."""
    angle = math.radians(degrees)
    along, down = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    u, v = points @ along, points @ down
    return np.array(
        [
            x * along + y * down
            for x, y in ((u.min(), v.min()), (u.max(), v.min()), (u.max(), v.max()), (u.min(), v.max()))
        ]
    )


def _level_angle(points: Array) -> float:
    """The tilt, within 45 degrees, of the smallest box round the points."""
    (_, _), (_, _), angle = cv2.minAreaRect(points.astype(np.float32))
    return _within(float(angle), 90.0)


def _body_angle(points: Array) -> float:
    """The tilt of a bubble's body: its tail is opened away first; a round body is not tilted at all."""
    mask = _raster(points, 96)
    kernel_side = max(3, int(0.3 * math.sqrt(mask.sum() / 255)) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel_side, kernel_side))
    body = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel)
    if body.sum() < 0.5 * mask.sum():
        body = mask
    ys, xs = np.nonzero(body)
    if len(xs) < 16:
        return _level_angle(points)
    cloud = np.column_stack([xs, ys]).astype(np.float64)
    covariance = np.cov((cloud - cloud.mean(axis=0)).T)
    values, vectors = np.linalg.eigh(covariance)
    if math.sqrt(values[1] / max(values[0], 1e-9)) < 1.12:
        hull = cv2.convexHull(cloud.astype(np.float32))
        (_, (w, h), angle) = cv2.minAreaRect(hull)
        box_like = len(cloud) / max(w * h, 1.0) > 0.9
        return _within(float(angle), 90.0) if box_like else 0.0
    main = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    level = _within(main, 180.0)
    return level if abs(level) <= 50 else _within(main, 90.0)


def _mirror_angle(points: Array) -> float:
    """How far a heart leans: the tilt at which it equals its own mirror image best, point downwards."""
    mask = _raster(points, 64)
    side = mask.shape[0]
    moments = cv2.moments(mask, binaryImage=True)
    centre = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
    best, best_score = 0.0, -1.0
    for degrees in range(-60, 61, 3):
        spin = cv2.getRotationMatrix2D(centre, degrees, 1.0)
        spin[:, 2] += side / 2 - np.array(centre)
        turned = cv2.warpAffine(mask, spin, (side, side), flags=cv2.INTER_NEAREST) > 0
        mirrored = turned[:, ::-1]
        union = np.logical_or(turned, mirrored).sum()
        score = np.logical_and(turned, mirrored).sum() / max(union, 1)
        rows = turned.sum(axis=1)
        upper, lower = rows[: side // 2].max(initial=0), rows[side * 3 // 4 :].max(initial=0)
        score += 0.05 * float(upper > lower) - 0.002 * abs(degrees)
        if score > best_score + 1e-9:
            best, best_score = float(degrees), float(score)
    return best


def tick_arm_angle(polygon: Polygon | Array) -> float | None:
    """The direction of a tick's long arm, from its elbow to its end, in degrees clockwise of the horizontal.

    None where no arm can be told: the longest stretch of the outline's mask along which most of the
    note lies. An upright tick gives about -52.
    """
    points = np.asarray(polygon, np.float64)
    mask = _raster(points, 96)
    ys, xs = np.nonzero(mask)
    if len(xs) < 16:
        return None
    cloud = np.column_stack([xs, ys]).astype(np.float64)
    centre = cloud.mean(axis=0)
    # The long arm dominates the outline's straight edges: vote with edge length, modulo 180 degrees.
    curve = points.astype(np.float32).reshape(-1, 1, 2)
    few = cv2.approxPolyDP(curve, 0.012 * float(np.ptp(points, axis=0).max()), True)[:, 0].astype(np.float64)
    edges = np.roll(few, -1, axis=0) - few
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    angles = np.degrees(np.arctan2(edges[:, 1], edges[:, 0])) % 180
    votes = np.zeros(180)
    for bearing, weight in zip(angles, lengths, strict=True):
        offsets = np.abs((np.arange(180) - bearing + 90) % 180 - 90)
        votes += weight * np.exp(-0.5 * (offsets / 5) ** 2)
    main = float(votes.argmax())
    along = np.array([math.cos(math.radians(main)), math.sin(math.radians(main))])
    across = np.array([-along[1], along[0]])
    u, v = (cloud - centre) @ along, (cloud - centre) @ across
    if np.ptp(u) < 0.8 * np.ptp(v):
        return None
    # The elbow is the end where the note is broad (the short arm leaves there).
    low_end, high_end = v[u < np.quantile(u, 0.3)], v[u > np.quantile(u, 0.7)]
    if not len(low_end) or not len(high_end):
        return None
    if np.ptp(low_end) >= np.ptp(high_end):
        return wrap(main)
    return wrap(main + 180)


def enclosing(hull: Array, sides: int) -> Array | None:
    """The smallest polygon of `sides` sides round a convex outline, each side along one of the outline's own.

    Tried over all choices of sides of the outline simplified to at most MOST_SIDES (OpenCV's own searches hang or
    crash on degenerate outlines). sides x 2, clockwise in the picture; None where the outline has no inside.
    """
    few = _simplified(hull)
    if few is None or len(few) < sides:
        return None
    x, y = few.T
    if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) < 0:
        few = few[::-1]
    along = np.roll(few, -1, axis=0) - few
    choices = np.array(list(combinations(range(len(few)), sides)))
    corners = np.empty((len(choices), sides, 2))
    valid = np.ones(len(choices), np.bool_)
    for k in range(sides):
        one, other = choices[:, k - 1], choices[:, k]
        cross = along[one, 0] * along[other, 1] - along[one, 1] * along[other, 0]
        # Turning by half a circle or more between two sides leaves the polygon open.
        valid &= cross > 1e-9 * np.hypot(*along[one].T) * np.hypot(*along[other].T)
        offset = few[other] - few[one]
        step = (offset[:, 0] * along[other, 1] - offset[:, 1] * along[other, 0]) / np.where(valid, cross, 1.0)
        corners[:, k] = few[one] + step[:, None] * along[one]
    if not valid.any():
        return None
    following = np.roll(corners, -1, axis=1)
    areas = 0.5 * (corners[..., 0] * following[..., 1] - following[..., 0] * corners[..., 1]).sum(axis=1)
    areas = np.where(valid & (areas > 0), areas, np.inf)
    best = int(areas.argmin())
    return np.asarray(corners[best]) if np.isfinite(areas[best]) else None


def _simplified(hull: Array) -> Array | None:
    """A convex outline with at most MOST_SIDES corners; None where it is a line or a point."""
    curve = hull.astype(np.float32).reshape(-1, 1, 2)
    length = float(cv2.arcLength(curve, True))
    if length <= 0 or float(cv2.contourArea(curve)) < 0.002 * length**2:
        return None
    share = 0.004
    few = cv2.approxPolyDP(curve, share * length, True)
    while len(few) > MOST_SIDES:
        share *= 1.3
        few = cv2.approxPolyDP(curve, share * length, True)
    return np.asarray(few[:, 0], np.float64)


def _refined(quad: Array, points: Array) -> Array | None:
    """The quadrilateral's sides moved onto the outline's own straight stretches."""
    dense = densify(points, 240)
    lines: list[Array | None] = []
    size = math.sqrt(abs(cv2.contourArea(quad.astype(np.float32))))
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        length = float(np.hypot(*(b - a)))
        if length < 1e-6:
            return None
        along = (b - a) / length
        across = np.array([-along[1], along[0]])
        u, v = (dense - a) @ along, np.abs((dense - a) @ across)
        near = dense[(v < 0.06 * size) & (u > 0.08 * length) & (u < 0.92 * length)]
        if len(near) < 6:
            lines.append(None)
            continue
        vx, vy, x0, y0 = cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        if abs(vx * along[0] + vy * along[1]) < 0.97:
            lines.append(None)
            continue
        lines.append(np.array([vx, vy, x0, y0], np.float64))
    sides = [
        line if line is not None else np.array([*(b - a), *a])
        for line, a, b in zip(lines, quad, np.roll(quad, -1, axis=0), strict=True)
    ]
    corners = [_meet(sides[i - 1], sides[i]) for i in range(4)]
    if any(corner is None for corner in corners):
        return None
    refined = np.array(corners)
    return refined if float(np.abs(refined - quad).max()) < 0.25 * size else None


def _meet(one: Array, other: Array) -> Array | None:
    system = np.array([[one[0], -other[0]], [one[1], -other[1]]])
    if abs(np.linalg.det(system)) < 1e-9 * (np.hypot(one[0], one[1]) * np.hypot(other[0], other[1])):
        return None
    along = float(np.linalg.solve(system, other[2:] - one[2:])[0])
    return np.asarray(one[2:] + along * one[:2])


def _plausible(quad: Array, hull_area: float) -> bool:
    """Whether a quadrilateral can be a sheet of paper seen at a slant, and is filled by the outline."""
    area = cv2.contourArea(quad.astype(np.float32))
    if not 0.8 * hull_area <= area <= 1.35 * hull_area or not cv2.isContourConvex(quad.astype(np.float32)):
        return False
    before, after = np.roll(quad, 1, axis=0) - quad, np.roll(quad, -1, axis=0) - quad
    cosines = (before * after).sum(axis=1) / np.maximum(np.hypot(*before.T) * np.hypot(*after.T), 1e-9)
    sides = np.hypot(*after.T)
    opposite = max(
        max(sides[0], sides[2]) / max(min(sides[0], sides[2]), 1e-9),
        max(sides[1], sides[3]) / max(min(sides[1], sides[3]), 1e-9),
    )
    return bool(np.abs(cosines).max() < math.cos(math.radians(55)) and opposite < 1.8)


def _from_upper_left(quad: Array) -> Array:
    """Clockwise (in the picture), beginning so that the first side runs to the right as level as can be."""
    x, y = quad[:, 0], quad[:, 1]
    signed = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    clockwise = quad if signed > 0 else quad[::-1]
    best = min(range(4), key=lambda i: (round(_upper_tilt(np.roll(clockwise, -i, axis=0)), 6), i))
    return np.roll(clockwise, -best, axis=0)


def _upper_tilt(quad: Array) -> float:
    level = (quad[1] - quad[0]) + (quad[2] - quad[3])
    return abs(math.degrees(math.atan2(level[1], level[0])))


def _raster(points: Array, side: int) -> Image:
    """The outline's mask in a square of about `side` pixels, with room to turn."""
    span = float(np.ptp(points, axis=0).max())
    scale = 0.68 * side / max(span, 1e-9)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    placed = (points - middle) * scale + side / 2
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(placed * 16).astype(np.int32)], 255, shift=4)
    return mask


def densify(points: Array, count: int = 256) -> Array:
    """`count` points at equal distances along the closed outline."""
    closed = np.vstack([points, points[:1]])
    steps = np.hypot(*np.diff(closed, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], count, endpoint=False)
    return np.column_stack([np.interp(wanted, along, closed[:, 0]), np.interp(wanted, along, closed[:, 1])])


def _within(degrees: float, period: float) -> float:
    """The angle brought to within half a period of 0."""
    return (degrees + period / 2) % period - period / 2


def wrap(degrees: float) -> float:
    """The angle brought to within half a turn of 0."""
    return _within(degrees, 360.0)
