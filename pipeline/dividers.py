"""Long lines drawn on a sheet, by which people part its zones: found as thin dark (or light) ridges that run straight.

A line may pass under notes; there it is neither seen nor missed. Where many run alike (squared paper, bricks, boards)
they part nothing and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon, Segment

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

LONG_SIDE = 800
"""Pixels of the longer side at which lines are looked for."""
LEAST_LENGTH = 0.3
"""Shortest line, as a share of the picture's shorter side."""
LEAST_SUPPORT = 0.8
"""Share of a line's visible points that must lie on a ridge."""
MOST_BESIDE = 0.35
"""Share of the points beside a line that may lie on ridges too."""
MOST_ALIKE = 3
"""More lines than this in one direction are a pattern."""
ALIKE = math.radians(12)


def drawn_lines(image_rgb: Image, covers: Sequence[Polygon]) -> tuple[Segment, ...]:
    """Long straight lines drawn on the board, in photo pixels, the longest first.

    `image_rgb`: the upright photograph; `covers`: outlines of notes and headings, whose own edges and writing do not
    count and under which a line may go on.
    """
    height, width = image_rgb.shape[:2]
    factor = max(1.0, max(height, width) / LONG_SIDE)
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    grey = cv2.cvtColor(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    covered = np.zeros(grey.shape, np.uint8)
    for polygon in covers:
        cv2.fillPoly(covered, [np.round(np.array(polygon) / factor).astype(np.int32)], 1)
    covered = cv2.dilate(covered, np.ones((9, 9), np.uint8))
    least = LEAST_LENGTH * min(size)
    found: list[tuple[float, Array]] = []
    for kind in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT):
        ridge = cv2.morphologyEx(grey, kind, np.ones((13, 13), np.uint8))
        ridge[covered > 0] = 0
        strong = (ridge > max(22.0, 4 * float(np.median(ridge)) + 8)).astype(np.uint8)
        lines = cv2.HoughLinesP(
            strong, 1, np.pi / 360, int(0.35 * least), minLineLength=0.55 * least, maxLineGap=0.3 * min(size)
        )
        near = cv2.dilate(strong, np.ones((5, 5), np.uint8))
        for line in (lines.reshape(-1, 4) if lines is not None else ())[:200]:
            ends = line.reshape(2, 2).astype(np.float64)
            length = float(np.hypot(*(ends[1] - ends[0])))
            if length >= least and _is_drawn(ends, near, covered, grey):
                found.append((length, ends))
    kept: list[Array] = []
    for _, ends in sorted(found, key=lambda one: (-one[0], one[1].tolist())):
        if not any(_is_same(ends, other, 0.03 * min(size)) for other in kept):
            kept.append(ends)
    kept = [ends for ends in kept if sum(_turn(ends, other) < ALIKE for other in kept) <= MOST_ALIKE]
    return tuple(
        tuple((round(float(x) * factor, 1), round(float(y) * factor, 1)) for x, y in ends)  # type: ignore[misc]
        for ends in kept
    )


def _is_drawn(ends: Array, near: Image, covered: Image, grey: Image) -> bool:
    """Whether a ridge runs along the whole visible line, and both its sides look alike: no edge, no gap."""
    count = max(8, int(np.hypot(*(ends[1] - ends[0])) / 2))
    points = ends[0] + np.linspace(0, 1, count)[:, None] * (ends[1] - ends[0])
    along = (ends[1] - ends[0]) / max(1e-6, float(np.hypot(*(ends[1] - ends[0]))))
    across = np.array([-along[1], along[0]])

    def at(picture: Image, where: Array) -> Array:
        x = np.clip(np.round(where[:, 0]).astype(int), 0, picture.shape[1] - 1)
        y = np.clip(np.round(where[:, 1]).astype(int), 0, picture.shape[0] - 1)
        return np.asarray(picture[y, x], np.float64)

    is_seen = at(covered, points) == 0
    if is_seen.mean() < 0.4 or at(near, points)[is_seen].mean() < LEAST_SUPPORT:
        return False
    beside = [points + side * 9 * across for side in (-1, 1)]
    if max(float(at(near, where)[is_seen].mean()) for where in beside) > MOST_BESIDE:
        return False  # cork, cloth, a line of writing
    left, right = (at(grey, where)[is_seen] for where in beside)
    return bool(abs(np.median(left - right)) < 10)


def _turn(one: Array, other: Array) -> float:
    """The angle between two lines, 0 to a quarter turn."""
    first, second = (math.atan2(*(ends[1] - ends[0])[::-1]) for ends in (one, other))
    apart = abs(first - second) % math.pi
    return min(apart, math.pi - apart)


def _is_same(one: Array, longer: Array, slack: float) -> bool:
    """Whether a line lies along a longer one."""
    along = (longer[1] - longer[0]) / max(1e-6, float(np.hypot(*(longer[1] - longer[0]))))
    away = np.abs((one - longer[0]) @ np.array([-along[1], along[0]]))
    return bool(_turn(one, longer) < ALIKE and away.max() < slack)
