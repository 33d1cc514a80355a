"""classify: the shape and the paper's colour of every outline. Pure: pixels and outlines in, records out.

The shape is judged twice, from the outline's own geometry (`pipeline.shape`) and, where the detector votes, from
its votes; the two are weighed against each other by numbers fitted on rendered truth
(`pipeline.training.classify.calibrate`). What is *drawn* on a note plays no part in the first and little in the
second, so a tick drawn on a square stays a square.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.colour import colour_name, paper_lab, photo_white
from pipeline.frames import densify, fit_quadrilateral
from pipeline.model import Classification, Outline
from pipeline.refine import refined_outline
from pipeline.shape import CLASSES, features, hidden_stretches, shape_probabilities

VERSION = "5"
"""Changes whenever the same inputs may give another result: results kept under another version are made anew."""

Array = NDArray[np.float64]

SQUARE_LIMIT = 1.27
"""Longer over shorter side: 1.2 on the paper, and what perspective commonly adds."""
SQUARE_SOFTNESS = 0.035


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the two judges are weighed: powers of their probabilities, and log odds added per class (shape.CLASSES).

    Fitted by `pipeline.training.classify.calibrate`, which says on what. Four-sided notes get a head start, being far
    more common than cut shapes elsewhere; no known shape gets a handicap, as half hidden shapes look like none.
    """

    geometry: float = 0.517
    votes: float = 1.801
    bias: tuple[float, float, float, float, float] = (0.628, 1.129, 0.211, 0.5, -1.1)
    geometry_alone: float = 0.8
    bias_alone: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 1.0, -1.0)


CALIBRATION = Calibration()


def classify(image: NDArray[np.uint8], outlines: Sequence[Outline]) -> tuple[Classification, ...]:
    """Shape, calibrated confidence and colour of each outline, in their order.

    `image` is the upright photograph, RGB, height x width x 3, uint8.
    """
    if not outlines:
        return ()
    height, width = image.shape[:2]
    polygons = [np.asarray(outline.polygon, np.float64) for outline in outlines]
    white = photo_white(image)
    frame = (float(width), float(height))
    aspects = [_aspect(polygon, _others(polygons, i), frame) for i, polygon in enumerate(polygons)]
    clear = [aspect.ratio for aspect in aspects if not aspect.is_cut]
    squares_here = sum(ratio <= SQUARE_LIMIT for ratio in clear) >= 0.5 * len(clear) if clear else True
    found = []
    for i, outline in enumerate(outlines):
        classes = weigh(judged_by_outline(image, polygons, i), outline.shape_scores)
        shapes = _four_sided_apart(classes, aspects[i], squares_here)
        shape = max(shapes, key=lambda name: (shapes[name], name))
        colour = colour_name(paper_lab(image, outline.polygon, white))
        found.append(Classification(shape, round(min(shapes[shape], 1.0), 4), colour))
    return tuple(found)


def judged_by_outline(image: NDArray[np.uint8], polygons: Sequence[Array], index: int) -> dict[str, float]:
    """The probability of each of `shape.CLASSES` by geometry alone, from as fine an outline as the colours give."""
    others = _others(polygons, index)
    fine = refined_outline(image, polygons[index], others)
    outline = polygons[index] if fine is None else fine
    return shape_probabilities(features(outline, others, (float(image.shape[1]), float(image.shape[0]))))


def weigh(
    geometry: Mapping[str, float], votes: Mapping[str, float], calibration: Calibration = CALIBRATION
) -> dict[str, float]:
    """The probability of each of `shape.CLASSES` from the outline's geometry and the detector's votes (maybe none)."""
    gathered = gathered_votes(votes)
    total = sum(gathered)
    logs = {}
    for place, name in enumerate(CLASSES):
        seen = math.log(geometry[name] + 0.002)
        if total > 0:
            voted = math.log((gathered[place] + 0.01 * total) / (1.05 * total))
            logs[name] = calibration.geometry * seen + calibration.votes * voted + calibration.bias[place]
        else:
            logs[name] = calibration.geometry_alone * seen + calibration.bias_alone[place]
    top = max(logs.values())
    powers = {name: math.exp(value - top) for name, value in logs.items()}
    return {name: value / sum(powers.values()) for name, value in powers.items()}


def gathered_votes(votes: Mapping[str, float]) -> list[float]:
    """The detector's votes for each of `shape.CLASSES`; squares and rectangles are one class here."""
    parts = {"four_sided": ("four_sided", "square", "rectangle")}
    return [sum(float(votes.get(part, 0.0)) for part in parts.get(name, (name,))) for name in CLASSES]


@dataclass(frozen=True, slots=True)
class _Aspect:
    """Longer over shorter side of a four-sided note, and whether the shorter may go on out of sight."""

    ratio: float
    is_cut: bool


def _others(polygons: Sequence[Array], index: int) -> list[Array]:
    return [polygon for i, polygon in enumerate(polygons) if i != index]


def _aspect(polygon: Array, others: Sequence[Array], frame: tuple[float, float]) -> _Aspect:
    quad = fit_quadrilateral(polygon)
    if quad is None:
        low, span = polygon.min(axis=0), np.maximum(np.ptp(polygon, axis=0), 1e-6)
        quad = low + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * span
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    ratio = float(max(across, down) / max(min(across, down), 1e-6))
    outline = densify(polygon, 128)
    size = math.sqrt(max(across * down, 1e-6))
    hidden = hidden_stretches(outline, others, frame, 0.03 * size)
    # The shorter extent ends at the two sides that cross it: is one of them behind something?
    ends = (1, 3) if across < down else (0, 2)
    is_cut = False
    for side in ends:
        a, b = quad[side], quad[(side + 1) % 4]
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
        away = np.abs((outline - a) @ np.array([-along[1], along[0]]))
        near = away < 0.07 * size
        is_cut |= bool(near.any() and hidden[near].mean() > 0.5)
    return _Aspect(ratio, is_cut and ratio > SQUARE_LIMIT * 0.95)


def _four_sided_apart(classes: Mapping[str, float], aspect: _Aspect, squares_here: bool) -> dict[str, float]:
    """The classes with four-sided notes told apart into squares and rectangles."""
    log_distance = (math.log(SQUARE_LIMIT) - math.log(aspect.ratio)) / SQUARE_SOFTNESS
    square = 1 / (1 + math.exp(-max(-30.0, min(30.0, log_distance))))
    if aspect.is_cut and squares_here and aspect.ratio < 3.5:
        square = max(square, 0.8)
    shapes = {name: value for name, value in classes.items() if name != "four_sided"}
    shapes["square"] = classes["four_sided"] * square
    shapes["rectangle"] = classes["four_sided"] * (1 - square)
    return shapes
