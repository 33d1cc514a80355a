"""From the mask of a piece of paper to the polygon of its edge, in full-size pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon
from pipeline.voting import Paper


def _corners(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The quadrilateral whose sides lie along a contour (N, 2), or None where it has no four sides."""
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    perimeter = cv2.arcLength(hull, True)
    for k in range(2, 12):
        quad = cv2.approxPolyDP(hull, 0.012 * k * perimeter, True)[:, 0]
        if len(quad) <= 4:
            break
    if len(quad) != 4:
        return None
    # Each side is fitted anew to the contour points near its middle, so that rounded corners do not pull it in.
    lines = []
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        d = b - a
        length = float(np.hypot(*d))
        if length < 3:
            return None
        t = ((points - a) @ d) / length**2
        off = np.abs((points - a) @ np.array([-d[1], d[0]])) / length
        near = points[(t > 0.12) & (t < 0.88) & (off < 0.06 * length + 1.5)]
        if len(near) < 4:
            return None
        vx, vy, px, py = cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((float(px), float(py), float(vx), float(vy)))
    out = []
    for (px, py, vx, vy), (qx, qy, wx, wy) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        cross = vx * wy - vy * wx
        if abs(cross) < 0.2:
            return None
        t = ((qx - px) * wy - (qy - py) * wx) / cross
        out.append((px + t * vx, py + t * vy))
    return np.array(out)


def _iou_of(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two polygons, by drawing them."""
    both = np.concatenate([a, b])
    low = both.min(axis=0)
    scale = 120 / max(1e-6, float(np.ptp(both, axis=0).max()))
    masks = []
    for points in (a, b):
        mask = np.zeros((124, 124), np.uint8)
        cv2.fillPoly(mask, [np.round((points - low) * scale * 16 + 16).astype(np.int32)], 1, shift=4)
        masks.append(mask > 0)
    return float((masks[0] & masks[1]).sum() / max(1, (masks[0] | masks[1]).sum()))


def _is_like(quad: NDArray[np.float64], points: NDArray[np.float64]) -> bool:
    """Whether a quadrilateral says the same as a contour: no tail, torn corner or lobe gets lost."""
    if _iou_of(quad, points) < 0.92:
        return False
    side = np.sqrt(abs(cv2.contourArea(quad.astype(np.float32))))
    contour = quad.astype(np.float32)
    some = points[:: max(1, len(points) // 160)]
    outside = min(cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in some)
    return bool(outside > -(0.05 * side + 1.5))


def _outline(paper: Paper) -> NDArray[np.float64]:
    """The edge of a piece of paper in network pixels."""
    # Drawn at four times the half-resolution grid and smoothed, so that stairs become lines.
    side = max(paper.mask.shape)
    zoom = 4 if side < 400 else 2
    padded = cv2.copyMakeBorder(paper.mask, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=0).astype(np.float32)
    size = (padded.shape[1] * zoom, padded.shape[0] * zoom)
    smooth = cv2.GaussianBlur(cv2.resize(padded, size, interpolation=cv2.INTER_LINEAR), (0, 0), zoom * 0.9)
    shape = (smooth > 0.5).astype(np.uint8)
    found, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if len(found) > 1:
        # Something lies across the note: its parts are joined by the hull of them all.
        parts = [c for c in found if cv2.contourArea(c) > 0.1 * max(cv2.contourArea(d) for d in found)]
        contour = cv2.convexHull(np.concatenate(parts))
    elif found:
        contour = found[0]
    else:
        # A speck that the smoothing wiped out.
        contour = (
            cv2.boxPoints(cv2.minAreaRect(cv2.findNonZero(padded.astype(np.uint8)))).reshape(-1, 1, 2) * zoom
        )
    points = (contour[:, 0].astype(float) + 0.5) / zoom - 3
    outline: NDArray[np.float64] = (points + np.array([paper.x, paper.y])) * 2
    return outline


def polygon_of(paper: Paper, factor: float, width: int, height: int) -> Polygon | None:
    """The edge of a piece of paper in full-size pixels; `factor` = full-size / network pixels."""
    points = _outline(paper)
    is_straight = paper.is_heading or int(np.argmax(paper.shapes)) in (3, 4)
    chosen = None
    if is_straight and len(points) >= 12:
        quad = _corners(points)
        if quad is not None and (
            _iou_of(quad, points) > 0.85 if paper.is_heading else _is_like(quad, points)
        ):
            chosen = quad
        elif paper.is_heading:
            chosen = cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32))).astype(float)
    if chosen is None:
        size = np.sqrt(paper.area)
        chosen = cv2.approxPolyDP(points.astype(np.float32), 0.008 * size, True)[:, 0].astype(float)
    if len(chosen) < 3:
        return None
    full = chosen * factor
    full[:, 0] = np.clip(full[:, 0], 0, width)
    full[:, 1] = np.clip(full[:, 1], 0, height)
    if cv2.contourArea(full.astype(np.float32)) < 16:
        return None
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in full)


def polygon_of_mask(mask: NDArray[np.bool_], factor: float) -> Polygon:
    """The edge of a mask (H x W, not empty) of a reduced picture, its stairs smoothed.

    `factor`: full-size / its pixels; the polygon is in full-size pixels. Parts that something lies across are joined
    by the hull of them all.
    """
    zoom = 4
    padded = np.pad(mask, 3).astype(np.float32)
    large = cv2.resize(padded, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    smooth = (cv2.GaussianBlur(large, (0, 0), zoom * 0.9) > 0.5).astype(np.uint8)
    found, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(found, key=cv2.contourArea)
    parts = [one for one in found if cv2.contourArea(one) > 0.1 * cv2.contourArea(largest)]
    contour = largest if len(parts) == 1 else cv2.convexHull(np.concatenate(parts))
    tolerance = 0.008 * float(np.sqrt(float(mask.sum()))) * zoom
    edge = cv2.approxPolyDP(contour.astype(np.float32), tolerance, True)[:, 0]
    height, width = (side * factor for side in mask.shape)
    return tuple(
        (round(min(max(float(x), 0.0), width), 1), round(min(max(float(y), 0.0), height), 1))
        for x, y in ((edge + 0.5) / zoom - 3) * factor
    )


def clockwise_from_upper_left(polygon: Polygon) -> Polygon:
    """The same polygon, clockwise, from the corner nearest the upper left."""
    points = np.array(polygon)
    if cv2.contourArea(points.astype(np.float32), oriented=True) < 0:
        points = points[::-1]
    start = int(np.argmin(points.sum(axis=1)))
    return tuple((float(x), float(y)) for x, y in np.roll(points, -start, axis=0))
