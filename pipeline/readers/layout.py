"""The order of text boxes on a note: lines from top to bottom, boxes from left to right, on any tilt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Quad = NDArray[np.float32]
"""Four corners, clockwise from the upper left of the text: 4 x 2."""


def text_angle(quads: Sequence[Quad]) -> float:
    """The tilt of the writing in radians (positive: falling to the right), each box weighed by its length."""
    total = np.zeros(2)
    for quad in quads:
        along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
        height = float(np.linalg.norm(quad[3] - quad[0]))
        # A box about as wide as it is high says nothing about the direction of its line.
        if np.linalg.norm(along) > 1.5 * height:
            total += along
    return float(np.arctan2(total[1], total[0])) if np.any(total) else 0.0


def arrange(quads: Sequence[Quad]) -> list[list[int]]:
    """Indices of the boxes, line by line.

    The boxes are turned upright by their common tilt; a box joins the line whose height it shares by
    more than half of the lower one's.
    """
    if not quads:
        return []
    angle = text_angle(quads)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    upright = [quad @ turn.T for quad in quads]
    centre = [box.mean(axis=0) for box in upright]
    height = [
        max(1.0, float(np.linalg.norm(box[3] - box[0]) + np.linalg.norm(box[2] - box[1])) / 2)
        for box in upright
    ]
    order = sorted(range(len(quads)), key=lambda index: (round(float(centre[index][1]), 3), index))
    lines: list[list[int]] = []
    for index in order:
        best, best_share = None, 0.5
        for line in lines:
            nearest = min(line, key=lambda other: (abs(float(centre[other][0] - centre[index][0])), other))
            low, high = sorted((height[nearest], height[index]))
            distance = abs(float(centre[nearest][1] - centre[index][1]))
            share = min(low, (low + high) / 2 - distance) / low
            overlaps = any(_overlap(upright[other], upright[index]) > 0.4 for other in line)
            if share > best_share and not overlaps:
                best, best_share = line, share
        if best is None:
            lines.append([index])
        else:
            best.append(index)
    for line in lines:
        line.sort(key=lambda index: (round(float(centre[index][0]), 3), index))
    lines.sort(key=lambda line: (round(float(np.mean([centre[index][1] for index in line])), 3), line))
    return lines


def _overlap(one: Quad, other: Quad) -> float:
    """How much of the narrower box's width the two share: boxes of one line stand side by side."""
    left = max(float(one[:, 0].min()), float(other[:, 0].min()))
    right = min(float(one[:, 0].max()), float(other[:, 0].max()))
    narrower = min(float(np.ptp(one[:, 0])), float(np.ptp(other[:, 0])))
    return max(0.0, right - left) / max(1.0, narrower)
