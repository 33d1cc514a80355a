"""A peer to measure against: colour ranges in HSV and shape rules, as sticky-note digitisers usually do it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Hue ranges in OpenCV's 0..179: red (two ends), orange, yellow, green, cyan and blue, violet, pink.
HUES = (
    ((0, 7), (172, 179)),
    ((8, 18),),
    ((19, 34),),
    ((35, 80),),
    ((81, 125),),
    ((126, 145),),
    ((146, 171),),
)
WORKING_SIDE = 1000


def hsv_detector(image_rgb: NDArray[np.uint8]) -> list[list[tuple[float, float]]]:
    """Polygons (full-size pixels) of paper-coloured, paper-shaped regions of an RGB uint8 picture.

    Per hue range: threshold, close the writing, open the specks, take outer contours that are large and solid
    enough. Touching notes of one colour come out as one, pale ones not at all: that is the method's nature.
    """
    scale = min(1.0, WORKING_SIDE / max(image_rgb.shape[:2]))
    small = cv2.resize(image_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(cv2.GaussianBlur(small, (5, 5), 0), cv2.COLOR_RGB2HSV)
    total = small.shape[0] * small.shape[1]
    out: list[list[tuple[float, float]]] = []
    for ranges in HUES:
        mask = np.zeros(small.shape[:2], np.uint8)
        for low, high in ranges:
            mask |= cv2.inRange(hsv, np.array([low, 70, 80]), np.array([high, 255, 255]))
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            area = cv2.contourArea(contour)
            _, (w, h), _ = cv2.minAreaRect(contour)
            if area < 0.001 * total or area > 0.9 * total or max(w, h) > 4 * min(w, h):
                continue
            if area < 0.5 * w * h:
                continue
            polygon = cv2.approxPolyDP(contour, 0.01 * cv2.arcLength(contour, True), True)[:, 0]
            if len(polygon) >= 3:
                out.append([(round(float(x) / scale, 1), round(float(y) / scale, 1)) for x, y in polygon])
    return out
