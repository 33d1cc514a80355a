"""A photograph made small, in CIELAB: colours of paper are taken there, where writing is blurred away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
LONG_SIDE = 700
"""To which a picture is reduced, in pixels: a note's colour is the paper's, not the ink's."""


@dataclass(frozen=True)
class Reduced:
    """`lab`: H x W x 3, CIELAB (1976, L 0-100); `factor`: its pixels / full-size pixels."""

    lab: Floats
    factor: float

    @classmethod
    def of(cls, image: Image) -> Reduced:
        """`image`: H x W x 3, RGB uint8, full size."""
        factor = min(1.0, LONG_SIDE / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return cls(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), factor)

    def mask(self, polygons: Sequence[Polygon]) -> Mask:
        """What polygons of the full-size picture cover here."""
        mask = np.zeros(self.lab.shape[:2], np.uint8)
        for polygon in polygons:
            cv2.fillPoly(mask, [self._points(polygon)], 1)
        return mask > 0

    def colour(self, polygon: Polygon) -> NDArray[np.float64]:
        """The median colour inside a polygon's edge; infinite where it covers nothing."""
        points = self._points(polygon)
        height, width = self.lab.shape[:2]
        left, upper = np.clip(points.min(axis=0), 0, None)
        right, lower = np.clip(points.max(axis=0) + 1, 0, [width, height])
        if right <= left or lower <= upper:
            return np.full(3, np.inf)
        mask = np.zeros((lower - upper, right - left), np.uint8)
        cv2.fillPoly(mask, [points - np.array([left, upper], np.int32)], 1)
        return median_inside(self.lab[upper:lower, left:right], mask > 0)

    def _points(self, polygon: Polygon) -> NDArray[np.int32]:
        return (np.array(polygon) * self.factor).round().astype(np.int32)


def median_inside(lab: Floats, mask: Mask) -> NDArray[np.float64]:
    """The median colour of a mask without its edge, or of all of it where that is everything."""
    edge = cv2.BORDER_CONSTANT
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8), borderType=edge, borderValue=0) > 0
    pixels = lab[inner if inner.any() else mask]
    return np.median(pixels, axis=0).astype(np.float64) if len(pixels) else np.full(3, np.inf)
