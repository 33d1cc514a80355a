"""describe: the points of a photograph by which it can be laid over another. Pure: pixels in, record out.

SIFT (Lowe, 2004; OpenCV's, patent expired 2020) on the photograph reduced to one size, its descriptors as
RootSIFT (Arandjelovic and Zisserman, 2012) in one byte a number. The points are spread: the strongest few of each
cell of a grid, so that cork or brick does not use up the places that writing needs.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Features

VERSION = "1"
"""Changes whenever the same inputs may give another result: results kept under another version are made anew."""

LONG_SIDE = 700
GRID = 10
PER_CELL = 8
WIDTH = 128


def describe(image: NDArray[np.uint8]) -> Features:
    """Points (full-size pixels) and descriptors of an upright RGB photograph, height x width x 3, uint8.

    At most GRID * GRID * PER_CELL points; the same for the same pixels.
    """
    height, width = image.shape[:2]
    factor = min(1.0, LONG_SIDE / max(height, width))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if factor < 1:
        size = (max(8, round(width * factor)), max(8, round(height * factor)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    # Dim and flat photographs give few points at a fixed contrast: bring them to a common one.
    grey = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4)).apply(grey)
    sift = cv2.SIFT.create(nfeatures=4000, contrastThreshold=0.02)
    keypoints = sift.detect(grey, None)
    chosen = _spread(keypoints, grey.shape[1], grey.shape[0])
    if not chosen:
        return Features((), b"", WIDTH)
    kept, descriptors = sift.compute(grey, chosen)
    rooted = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    places = np.array([keypoint.pt for keypoint in kept], np.float64) + 0.5
    full = places * (width / grey.shape[1], height / grey.shape[0]) - 0.5
    points = tuple(round(float(value), 2) for value in full.ravel())
    coded = np.clip(np.round(rooted * 400), 0, 255).astype(np.uint8)
    return Features(points, coded.tobytes(), WIDTH)


def _spread(keypoints: Sequence[cv2.KeyPoint], width: int, height: int) -> list[cv2.KeyPoint]:
    cells: dict[tuple[int, int], list[cv2.KeyPoint]] = {}
    seen: set[tuple[float, float]] = set()
    ordered = sorted(keypoints, key=lambda k: (-round(k.response, 6), k.pt[1], k.pt[0], k.angle))
    for keypoint in ordered:
        place = (round(keypoint.pt[0], 1), round(keypoint.pt[1], 1))
        if place in seen:  # the same point under another angle
            continue
        cell = (int(keypoint.pt[0] * GRID / width), int(keypoint.pt[1] * GRID / height))
        if len(cells.setdefault(cell, [])) < PER_CELL:
            cells[cell].append(keypoint)
            seen.add(place)
    return [keypoint for cell in sorted(cells) for keypoint in cells[cell]]
