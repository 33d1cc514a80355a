"""A finer outline of a note, from its paper's own colour: a detector's mask is coarse and loses tails and points.

Round the detector's outline, at up to 160 pixels, the paper's colour is fitted as it varies over the note (a plane in
CIE Lab, by least squares on what is surely paper); what is nearer to it than to the surroundings, and connected, is
the note. Where the surroundings look like the paper, or the result strays from the detector's outline, there is none.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

SIDE = 160
ROOM = 0.22
"""How far round the outline is looked, as a share of its longer side."""
FLOOR = np.array([5.0, 3.0, 3.0])
"""Least spread of L, a, b that is taken for the paper's own."""


def refined_outline(image_rgb: Image, polygon: Array, others: Sequence[Array]) -> Array | None:
    """The note's outline by its colour (n x 2, photo pixels), or None where colour does not tell it.

    `polygon` and `others` (its neighbours) are outlines in pixels of the upright RGB photograph.
    """
    height, width = image_rgb.shape[:2]
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    room = ROOM * float((high - low).max())
    left, upper = (max(0, int(v)) for v in low - room)
    right, lower = min(width, int(high[0] + room) + 1), min(height, int(high[1] + room) + 1)
    if right - left < 12 or lower - upper < 12:
        return None
    factor = min(1.0, SIDE / max(right - left, lower - upper))
    size = (max(8, round((right - left) * factor)), max(8, round((lower - upper) * factor)))
    small = cv2.resize(image_rgb[upper:lower, left:right], size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float64)
    scale = np.array([size[0] / (right - left), size[1] / (lower - upper)])
    own = _drawn([polygon], (left, upper), scale, size)
    taken = _drawn(others, (left, upper), scale, size) & ~own
    reach = max(1, round(0.05 * max(size)))
    kernel = np.ones((3, 3), np.uint8)
    inner = cv2.erode(own.astype(np.uint8), kernel, iterations=reach) > 0
    near = cv2.dilate(own.astype(np.uint8), kernel, iterations=reach) > 0
    ring = ~near & ~taken
    if inner.sum() < 40 or ring.sum() < 40:
        return None
    distance = _distance(lab, inner)
    inside, outside = distance[inner], distance[ring]
    typical, away = float(np.quantile(inside, 0.8)), float(np.quantile(outside, 0.3))
    if away < 2.2 * max(typical, 1.0):
        return None
    line = float(np.clip(np.sqrt(max(typical, 0.7) * away), 1.6, 7.0))
    mask = ((distance < line) | inner) & ~taken
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    opened = cv2.morphologyEx(closed & (~taken).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    _, labels = cv2.connectedComponents(opened, connectivity=4)
    counts = np.bincount(labels[inner & (opened > 0)].ravel(), minlength=2)
    counts[0] = 0
    piece = (labels == int(counts.argmax())).astype(np.uint8)
    rims, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not rims:
        return None
    rim = max(rims, key=cv2.contourArea)
    filled = np.zeros(piece.shape, np.uint8)
    cv2.drawContours(filled, [rim], -1, 1, cv2.FILLED)
    common = float((filled.astype(bool) & own).sum())
    union = float((filled.astype(bool) | own).sum())
    if common < 0.68 * union:
        return None
    curve = cv2.approxPolyDP(rim, 0.6, True)[:, 0].astype(np.float64)
    return (curve + 0.5) / scale + (left, upper) if len(curve) >= 4 else None


def _drawn(
    outlines: Sequence[Array], corner: tuple[int, int], scale: Array, size: tuple[int, int]
) -> NDArray[np.bool_]:
    mask = np.zeros((size[1], size[0]), np.uint8)
    for outline in outlines:
        placed = (outline - corner) * scale
        if (placed.max(axis=0) < 0).any() or (placed.min(axis=0) > size).any():
            continue
        cv2.fillPoly(mask, [np.round(placed * 16).astype(np.int32)], 1, shift=4)
    return mask > 0


def _distance(lab: Array, inner: NDArray[np.bool_]) -> Array:
    """How many spreads of the paper each pixel is from the paper's colour there."""
    height, width = inner.shape
    ys, xs = np.mgrid[0:height, 0:width]
    place = np.stack([np.ones_like(xs), xs / width - 0.5, ys / height - 0.5], axis=-1).astype(np.float64)
    kept = inner & (lab[..., 0] >= np.quantile(lab[..., 0][inner], 0.3))
    for _ in range(2):
        plane, *_ = np.linalg.lstsq(place[kept], lab[kept], rcond=None)
        rest = lab - place @ plane
        spread = np.maximum(1.4826 * np.median(np.abs(rest[kept]), axis=0), FLOOR)
        far = np.sqrt(((rest / spread) ** 2).sum(axis=-1))
        kept = inner & (far < 2.5)
        if kept.sum() < 30:
            break
    return np.asarray(far)
