"""Outlines of paper notes in a unit square: ticks, hearts, speech bubbles, squares, rectangles and others.

Every function returns an array (N, 2) of points inside about [0, 1] x [0, aspect], x to the right, y down.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rng = np.random.Generator

SHAPES = ("tick", "heart", "speech_bubble", "square", "rectangle", "other")


def _largest_contour(mask: NDArray[np.uint8], size: float) -> Points:
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(found, key=cv2.contourArea)[:, 0, :].astype(float) / size
    contour -= contour.min(axis=0)
    scaled: Points = contour / contour.max()
    return scaled


def _stroke(points: list[tuple[float, float]], width: float, cap: str, widths: tuple[float, float]) -> Points:
    """The outline of a bent stroke. `cap` is round, flat or square; `widths` scale the ends (a taper)."""
    size = 400
    mask = np.zeros((size * 2, size * 2), np.uint8)
    path = [np.array(p) * size + size / 2 for p in points]
    w = width * size
    for (a, b), (wa, wb) in zip(itertools.pairwise(path), [(widths[0], 1.0), (1.0, widths[1])], strict=True):
        d = (b - a) / np.linalg.norm(b - a)
        n = np.array([-d[1], d[0]])
        # The corner at the knee: both legs reach past it by half a width, so that it comes out pointed.
        a2 = a if np.array_equal(a, path[0]) else a - d * w / 2
        b2 = b if np.array_equal(b, path[-1]) else b + d * w / 2
        quad = np.array([a2 + n * w / 2 * wa, b2 + n * w / 2 * wb, b2 - n * w / 2 * wb, a2 - n * w / 2 * wa])
        cv2.fillPoly(mask, [quad.astype(np.int32)], 255)
    if cap == "round":
        for p, scale in ((path[0], widths[0]), (path[-1], widths[1]), (path[1], 1.0)):
            cv2.circle(mask, (int(p[0]), int(p[1])), int(w / 2 * scale), 255, -1)
        k = int(w * 0.12) | 1
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)))
    return _largest_contour(mask, size)


def tick(rng: Rng) -> Points:
    """A tick, thin or chunky, with round, flat or tapered ends, bent by 70 to 110 degrees."""
    chunky = rng.random() < 0.8
    width = rng.uniform(0.2, 0.34) if chunky else rng.uniform(0.1, 0.2)
    knee = (rng.uniform(0.25, 0.42), 0.9)
    short = (knee[0] - rng.uniform(0.22, 0.4), knee[1] - rng.uniform(0.2, 0.42))
    long = (knee[0] + rng.uniform(0.4, 0.68), knee[1] - rng.uniform(0.55, 0.95))
    taper = (rng.uniform(0.6, 1.1), rng.uniform(0.5, 1.35)) if rng.random() < 0.5 else (1.0, 1.0)
    cap = ("round", "flat", "flat")[rng.integers(3)]
    points = _stroke([short, knee, long], width, cap, taper)
    if rng.random() < 0.1:
        points = np.stack([points[:, 0].max() - points[:, 0], points[:, 1]], axis=1)
    return points


def heart(rng: Rng) -> Points:
    """A heart: the parametric curve, or two circles and a point, broad or slim."""
    if rng.random() < 0.5:
        t = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        x = 16 * np.abs(np.sin(t)) ** rng.uniform(2.4, 3.2) * np.sign(np.sin(t))
        y = -(13 * np.cos(t) - rng.uniform(4, 6) * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
        points = np.stack([x, y], axis=1)
    else:
        size = 400
        mask = np.zeros((size * 2, size * 2), np.uint8)
        r = rng.uniform(0.25, 0.3)
        off = rng.uniform(0.19, 0.27)
        tip = rng.uniform(0.5, 0.75)
        for side in (-1, 1):
            c = np.array([1.0 + side * off, 0.6])
            cv2.ellipse(
                mask,
                (int(c[0] * size), int(c[1] * size)),
                (int(r * size), int(r * size * rng.uniform(0.95, 1.1))),
                0, 0, 360, 255, -1,
            )  # fmt: skip
        # The lower half is the hull of the lobes' lower halves and the tip.
        low = mask.copy()
        low[: int(0.6 * size)] = 0
        ys, xs = np.nonzero(low)
        hull = cv2.convexHull(
            np.concatenate([np.stack([xs, ys], 1), [[size, int((0.6 + tip) * size)]]]).astype(np.int32)
        )
        cv2.fillConvexPoly(mask, hull, 255)
        points = _largest_contour(mask, size)
    points = points - points.min(axis=0)
    points = points / points.max()
    points[:, 0] *= rng.uniform(0.88, 1.15)
    return points / points.max()


def speech_bubble(rng: Rng) -> Points:
    """A bubble (box, rounded box, ellipse, squircle or cloud) with a tail in any direction, mostly downwards."""
    size = 400
    mask = np.zeros((size * 2, size * 2), np.uint8)
    w, h = 1.0, rng.uniform(0.5, 0.95)
    cx, cy = 1.0, 1.0
    kind = rng.choice(["rounded", "ellipse", "squircle", "box", "cloud"], p=[0.34, 0.27, 0.2, 0.1, 0.09])
    t = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    if kind == "cloud":
        n = int(rng.integers(7, 12))
        for a in np.linspace(0, 2 * np.pi, n, endpoint=False):
            p = (cx + 0.36 * w * np.cos(a), cy + 0.36 * h * np.sin(a))
            cv2.circle(
                mask,
                (int(p[0] * size), int(p[1] * size)),
                int(size * 0.15 * rng.uniform(0.85, 1.15)),
                255,
                -1,
            )
        body = np.stack([cx + 0.38 * w * np.cos(t), cy + 0.38 * h * np.sin(t)], 1)
    else:
        power = {
            "rounded": rng.uniform(0.18, 0.4),
            "ellipse": 1.0,
            "squircle": rng.uniform(0.5, 0.7),
            "box": 0.06,
        }
        e = power[str(kind)]
        body = np.stack(
            [
                cx + 0.5 * w * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** e,
                cy + 0.5 * h * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** e,
            ],
            1,
        )
    cv2.fillPoly(mask, [(body * size).astype(np.int32)], 255)
    angle = rng.normal(np.pi / 2, 0.75) if rng.random() < 0.85 else rng.uniform(0, 2 * np.pi)
    edge = np.array([cx + 0.46 * w * np.cos(angle), cy + 0.46 * h * np.sin(angle)])
    inner = np.array([cx, cy]) + 0.6 * (edge - [cx, cy])
    lean = angle + rng.uniform(-0.9, 0.9)
    tip = edge + rng.uniform(0.14, 0.34) * np.array([np.cos(lean), np.sin(lean)])
    side = np.array([-np.sin(angle), np.cos(angle)]) * rng.uniform(0.07, 0.15)
    tail = np.array([inner + side, edge + side, tip, edge - side, inner - side])
    if rng.random() < 0.3:
        bend = (edge + tip) / 2 + side * rng.uniform(-0.6, 0.6)
        tail = np.array(
            [inner + side, edge + side, bend + side * 0.5, tip, bend - side * 0.5, edge - side, inner - side]
        )
    cv2.fillPoly(mask, [(tail * size).astype(np.int32)], 255)
    return _largest_contour(mask, size)


def quad(rng: Rng, aspect: float) -> Points:
    """A cut sheet of height `aspect`, its sides bent a little by curl; rarely with rounded corners."""
    n = 9
    s = np.linspace(0, 1, n, endpoint=False)
    bow = rng.normal(0, 0.012, 4)
    if rng.random() < 0.25:
        bow[2] += rng.uniform(-0.05, 0.05)
    arch = 4 * s * (1 - s)
    top = np.stack([s, bow[0] * arch], 1)
    right = np.stack([1 + bow[1] * arch, s * aspect], 1)
    bottom = np.stack([1 - s, aspect + bow[2] * arch], 1)
    left = np.stack([bow[3] * arch, aspect * (1 - s)], 1)
    points = np.concatenate([top, right, bottom, left])
    if rng.random() < 0.3:
        # The lower end of a curled note comes nearer to the camera or shrinks away from it.
        pinch = rng.normal(0, 0.03)
        points[:, 0] += (points[:, 0] - 0.5) * pinch * points[:, 1] / aspect
    if rng.random() < 0.12:
        # A corner that is folded or torn off.
        k = int(rng.integers(4))
        corner = np.array([[0, 0], [1, 0], [1, aspect], [0, aspect]])[k]
        d = rng.uniform(0.06, 0.2)
        near = np.abs(points - corner).sum(axis=1) < d
        points[near] = corner + (points[near] - corner) * 0.3 + (np.array([0.5, aspect / 2]) - corner) * d
    return points


def other(rng: Rng) -> Points:
    """Anything else people cut: circles, arrows, stars, hexagons, drops, clouds without a tail."""
    kind = int(rng.integers(6))
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    if kind == 0:
        points = np.stack([np.cos(t), np.sin(t) * rng.uniform(0.7, 1)], 1)
    elif kind == 1:
        a, b = rng.uniform(0.3, 0.5), rng.uniform(0.2, 0.34)
        points = np.array(
            [
                [0, 0.5 - b],
                [1 - a, 0.5 - b],
                [1 - a, 0],
                [1.2, 0.5],
                [1 - a, 1],
                [1 - a, 0.5 + b],
                [0, 0.5 + b],
            ]
        )
    elif kind == 2:
        n = int(rng.integers(5, 9))
        r = np.where(np.arange(2 * n) % 2 == 0, 1.0, rng.uniform(0.45, 0.75))
        a = np.linspace(0, 2 * np.pi, 2 * n, endpoint=False)
        points = np.stack([r * np.sin(a), -r * np.cos(a)], 1)
    elif kind == 3:
        n = int(rng.choice([3, 5, 6, 8]))
        a = np.linspace(0, 2 * np.pi, n, endpoint=False) + rng.uniform(0, 1)
        points = np.stack([np.sin(a), -np.cos(a)], 1)
    elif kind == 4:
        r = 1 + 0.12 * np.abs(np.sin(t * rng.integers(3, 6)))
        points = np.stack([r * np.cos(t), 0.75 * r * np.sin(t)], 1)
    else:
        points = quad(rng, rng.uniform(0.5, 1.3))
        cut = rng.uniform(0.6, 0.85)
        jag = points[:, 1] > cut * points[:, 1].max()
        points[jag, 1] = cut * points[:, 1].max() + rng.normal(0, 0.03, int(jag.sum()))
    points = points - points.min(axis=0)
    scaled: Points = points / points.max()
    return scaled


def outline(shape: str, rng: Rng) -> Points:
    """An outline of the named shape; a rectangle's aspect is above 1.25 either way."""
    if shape == "tick":
        return tick(rng)
    if shape == "heart":
        return heart(rng)
    if shape == "speech_bubble":
        return speech_bubble(rng)
    if shape == "square":
        return quad(rng, rng.uniform(0.88, 1.12))
    if shape == "rectangle":
        a = rng.uniform(0.4, 0.78)
        points = quad(rng, a if rng.random() < 0.75 else 1 / a)
        scaled: Points = points / points.max()
        return scaled
    return other(rng)
