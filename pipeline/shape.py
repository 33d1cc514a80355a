"""What an outline looks like: numbers that do not change when it is turned, moved or scaled, and a small
network that tells ticks, hearts, speech bubbles and four-sided notes from them.

The network (two dense layers, a few thousand numbers in `weights/shape.json`) was trained on outlines drawn
by `pipeline.training.classify.draw`: no photograph is in it. Sources of the descriptors: elliptic Fourier
magnitudes (Kuhl and Giardina, 1982), Hu moments (1962), convexity measures as in any textbook.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frames import densify, enclosing, fit_quadrilateral
from pipeline.model import Polygon

Array = NDArray[np.float64]

CLASSES = ("tick", "heart", "speech_bubble", "four_sided", "other")
WEIGHTS = Path(__file__).with_name("weights") / "shape.json"
SIDE = 96


def hidden_stretches(
    outline: Array, neighbours: Sequence[Array], frame: tuple[float, float] | None, tolerance: float
) -> NDArray[np.bool_]:
    """Which points of a densified outline lie on a neighbour or on the picture's edge, so need not be its own.

    `neighbours` are other outlines (n x 2), `frame` the picture's width and height, all in one unit.
    """
    hidden = np.zeros(len(outline), np.bool_)
    low, high = outline.min(axis=0) - tolerance, outline.max(axis=0) + tolerance
    for neighbour in neighbours:
        if (neighbour.max(axis=0) < low).any() or (neighbour.min(axis=0) > high).any():
            continue
        shape = neighbour.astype(np.float32)
        for i, (x, y) in enumerate(outline):
            if not hidden[i]:
                hidden[i] = cv2.pointPolygonTest(shape, (float(x), float(y)), True) > -tolerance
    if frame is not None:
        edge = (outline < tolerance).any(axis=1) | (outline > np.array(frame) - 1 - tolerance).any(axis=1)
        hidden |= edge
    return hidden


def features(
    polygon: Polygon | Array, neighbours: Sequence[Array] = (), frame: tuple[float, float] | None = None
) -> Array:
    """The outline's descriptors, a vector of float64; the same for any turn, place and scale of it."""
    points = np.asarray(polygon, np.float64)
    size = math.sqrt(max(cv2.contourArea(points.astype(np.float32)), 1e-9))
    outline = densify(points)
    hidden = hidden_stretches(outline, neighbours, frame, 0.03 * size)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    scale = 0.8 * SIDE / max(float(np.ptp(points, axis=0).max()), 1e-9)
    placed = ((outline - middle) * scale + SIDE / 2).astype(np.float32)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.round(placed * 16).astype(np.int32)], 1, shift=4)
    quad = fit_quadrilateral(placed.astype(np.float64))
    return np.concatenate(
        [
            _fills(placed, mask, quad),
            _straightness(placed, hidden, quad),
            _defects(placed),
            _body(mask),
            _symmetry(mask),
            _moments(placed),
            _fourier(placed),
            [hidden.mean()],
        ]
    )


def shape_probabilities(vector: Array) -> dict[str, float]:
    """The network's probability for each of CLASSES, before calibration."""
    weights = _network()
    hidden = (vector - weights["mean"]) / weights["scale"]
    for layer in range(int(weights["depth"])):
        hidden = hidden @ weights[f"w{layer}"] + weights[f"b{layer}"]
        if layer < int(weights["depth"]) - 1:
            hidden = np.maximum(hidden, 0)
    powers = np.exp(hidden - hidden.max())
    powers /= powers.sum()
    return {name: float(value) for name, value in zip(CLASSES, powers, strict=True)}


@lru_cache(maxsize=1)
def _network() -> dict[str, Array]:
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return {key: np.asarray(value, np.float64) for key, value in stored["weights"].items()}


# --- descriptors ------------------------------------------------------------------------------


def _fills(placed: NDArray[np.float32], mask: NDArray[np.uint8], quad: Array | None) -> list[float]:
    area = max(float(cv2.contourArea(placed)), 1.0)
    hull = cv2.convexHull(placed)
    hull_area = max(float(cv2.contourArea(hull)), 1.0)
    (_, (w, h), _) = cv2.minAreaRect(placed)
    smooth = cv2.blur(np.vstack([placed[-4:], placed, placed[:4]]), (1, 7))[4:-4]
    round_ness = 4 * math.pi * area / max(float(cv2.arcLength(smooth.reshape(-1, 1, 2), True)) ** 2, 1.0)
    hull_round = 4 * math.pi * hull_area / max(float(cv2.arcLength(hull, True)) ** 2, 1.0)
    triangle = enclosing(hull[:, 0].astype(np.float64), 3)
    triangle_area = float(cv2.contourArea(triangle.astype(np.float32))) if triangle is not None else 0.0
    quad_area = float(cv2.contourArea(quad.astype(np.float32))) if quad is not None else 0.0
    thickness = float(cv2.distanceTransform(mask, cv2.DIST_L2, 5).max()) / math.sqrt(area)
    corners = [
        len(cv2.approxPolyDP(placed.reshape(-1, 1, 2), share * float(cv2.arcLength(placed, True)), True)) / 10
        for share in (0.01, 0.02, 0.04)
    ]
    return [
        area / hull_area,
        area / max(w * h, 1.0),
        hull_area / max(w * h, 1.0),
        min(w, h) / max(w, h, 1e-6),
        round_ness,
        hull_round,
        hull_area / triangle_area if triangle_area else 0.0,
        area / quad_area if quad_area else 0.0,
        hull_area / quad_area if quad_area else 0.0,
        float(quad is not None),
        thickness,
        *corners,
    ]


def _straightness(placed: NDArray[np.float32], hidden: NDArray[np.bool_], found: Array | None) -> list[float]:
    """How much of the outline, and of what of it is its own, lies on four straight sides and on its hull."""
    span = math.sqrt(max(float(cv2.contourArea(placed)), 1.0))
    own = ~hidden if (~hidden).sum() >= 24 else np.ones(len(placed), np.bool_)
    box = cv2.boxPoints(cv2.minAreaRect(placed)) if found is None else found.astype(np.float32)
    to_quad = _to_sides(placed, box) / span
    hull = cv2.convexHull(placed)
    to_hull = _to_sides(placed, hull[:, 0]) / span
    turning = _turning(placed)
    straight = np.abs(turning) < 0.06
    return [
        float((to_quad < 0.03).mean()),
        float((to_quad[own] < 0.03).mean()),
        float((to_quad[own] < 0.06).mean()),
        float(np.quantile(to_quad[own], 0.9)),
        float((to_hull < 0.03).mean()),
        float((to_hull[own] < 0.03).mean()),
        float(np.quantile(to_hull[own], 0.9)),
        float(straight.mean()),
        float(straight[own].mean()),
        float(np.maximum(-turning[own], 0).sum()),
        float(turning.max()),
        float(np.sort(turning)[-8]),
        float(turning.min()),
    ]


def _to_sides(points: NDArray[np.float32], corners: NDArray[np.float32]) -> Array:
    """The distance of each point from the nearest side of a closed polygon."""
    start = corners.astype(np.float64)[None]
    side = np.roll(start, -1, axis=1) - start
    away = points.astype(np.float64)[:, None] - start
    along = np.clip((away * side).sum(axis=2) / np.maximum((side**2).sum(axis=2), 1e-12), 0, 1)
    gaps = away - along[..., None] * side
    return np.asarray(np.sqrt((gaps**2).sum(axis=2).min(axis=1)))


def _turning(placed: NDArray[np.float32]) -> Array:
    """The turn of the outline at each point, in radians over a stretch of 9 points; convex is positive."""
    closed = placed.astype(np.float64)
    x, y = closed.T
    signed = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    if signed < 0:
        closed = closed[::-1]
    before = closed - np.roll(closed, 5, axis=0)
    after = np.roll(closed, -5, axis=0) - closed
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turned = np.arctan2(cross, (before * after).sum(axis=1))
    return np.asarray(turned if signed > 0 else turned[::-1])


def _defects(placed: NDArray[np.float32]) -> list[float]:
    span = math.sqrt(max(float(cv2.contourArea(placed)), 1.0))
    whole = np.round(placed * 8).astype(np.int32).reshape(-1, 1, 2)
    hull = cv2.convexHull(whole, returnPoints=False)
    depths: list[tuple[float, float]] = []
    try:
        found = cv2.convexityDefects(whole, np.sort(hull, axis=0)[::-1])
    except cv2.error:
        found = None
    if found is not None:
        for start, end, _, depth in found.reshape(-1, 4):
            gap = float(np.hypot(*(placed[start] - placed[end])))
            depths.append((float(depth) / 256 / 8 / span, gap / span))
    depths.sort(reverse=True)
    depths += [(0.0, 0.0)] * 4
    return [value for pair in depths[:4] for value in pair]


def _body(mask: NDArray[np.uint8]) -> list[float]:
    """What opening takes away (tails, arms), in how many pieces, and the form of what it leaves."""
    area = max(int(mask.sum()), 1)
    values: list[float] = []
    for share in (0.15, 0.3, 0.5):
        side = max(3, int(share * math.sqrt(area)) | 1)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        body = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel)
        rest = cv2.subtract(mask, body)
        _, _, stats, _ = cv2.connectedComponentsWithStats(rest)
        pieces = np.sort(stats[1:, cv2.CC_STAT_AREA])[::-1] / area
        values += [float(rest.sum()) / area, float(pieces[0]) if len(pieces) else 0.0]
        values += [float(pieces[1]) if len(pieces) > 1 else 0.0]
        rims, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        count = int(np.count_nonzero(body))
        if count > 8:
            (_, (w, h), _) = cv2.minAreaRect(np.concatenate(rims))
            values += [count / max((w + 1) * (h + 1), 1.0), min(w, h) / max(w, h, 1e-6)]
        else:
            values += [0.0, 0.0]
    return values


def _symmetry(mask: NDArray[np.uint8]) -> list[float]:
    """Best and worst agreement with the own mirror image over axes, and with the own half turn."""
    moments = cv2.moments(mask, binaryImage=True)
    centre = (moments["m10"] / max(moments["m00"], 1e-9), moments["m01"] / max(moments["m00"], 1e-9))
    scores = []
    for degrees in range(0, 180, 10):
        spin = cv2.getRotationMatrix2D(centre, degrees, 0.8)
        spin[:, 2] += SIDE / 2 - np.array(centre)
        turned = cv2.warpAffine(mask, spin, (SIDE, SIDE), flags=cv2.INTER_NEAREST) > 0
        mirrored = turned[:, ::-1]
        scores.append(np.logical_and(turned, mirrored).sum() / max(np.logical_or(turned, mirrored).sum(), 1))
        if degrees == 0:
            half = turned[::-1, ::-1]
            half_turn = np.logical_and(turned, half).sum() / max(np.logical_or(turned, half).sum(), 1)
    ordered = np.sort(scores)
    return [float(ordered[-1]), float(ordered[0]), float(np.median(ordered)), float(half_turn)]


def _moments(placed: NDArray[np.float32]) -> list[float]:
    hu = cv2.HuMoments(cv2.moments(placed)).ravel()
    return [float(np.sign(value) * np.log10(abs(value) + 1e-12)) / 5 for value in hu[:4]]


def _fourier(placed: NDArray[np.float32]) -> list[float]:
    signal = placed[:, 0].astype(np.float64) + 1j * placed[:, 1]
    x, y = placed.astype(np.float64).T
    if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) < 0:
        signal = signal[::-1]
    spectrum = np.abs(np.fft.fft(signal))
    first = max(float(spectrum[1]), 1e-9)
    wanted = [-1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7]
    return [math.sqrt(float(spectrum[k]) / first) for k in wanted]
