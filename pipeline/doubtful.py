"""Paper that is doubtful by itself, and of the same pad as paper that is sure.

A blank note looks like any coloured card: what tells it is that notes of its colour and size hang round it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon

Image = NDArray[np.uint8]
LONG_SIDE = 700
"""To which a picture is reduced before colours are taken, in pixels: a note's colour is the paper's, not the ink's."""
SAME_COLOUR = 8.0
"""Most distance of two papers of one pad in CIELAB (1976), shadow included."""
SAME_SIZE = (0.6, 1.5)
"""Least and most side of a note as a share of the sure notes' median."""


def of_the_same_pad(image: Image, doubtful: Sequence[Polygon], sure: Sequence[Polygon]) -> list[bool]:
    """Whether each doubtful paper has the colour of some sure note and the size of most.

    `image`: H x W x 3, RGB uint8; polygons in its pixels.
    """
    if not doubtful or not sure:
        return [False] * len(doubtful)
    factor = min(1.0, LONG_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    known = np.array([_colour(lab, polygon, factor) for polygon in sure])
    usual = float(np.median([_side(polygon) for polygon in sure]))
    result = []
    for polygon in doubtful:
        away = np.linalg.norm(known - _colour(lab, polygon, factor), axis=1)
        share = _side(polygon) / usual
        result.append(bool(away.min() <= SAME_COLOUR and SAME_SIZE[0] <= share <= SAME_SIZE[1]))
    return result


def _side(polygon: Polygon) -> float:
    return float(np.sqrt(max(1.0, cv2.contourArea(np.array(polygon, np.float32)))))


def _colour(lab: NDArray[np.float32], polygon: Polygon, factor: float) -> NDArray[np.float64]:
    """The median colour inside the edge, L*a*b*."""
    points = (np.array(polygon) * factor).round().astype(np.int32)
    mask = np.zeros(lab.shape[:2], np.uint8)
    cv2.fillPoly(mask, [points], 1)
    inner = cv2.erode(mask, np.ones((5, 5), np.uint8))
    pixels = lab[(inner if inner.any() else mask) > 0]
    return np.median(pixels, axis=0).astype(np.float64) if len(pixels) else np.full(3, np.inf)
