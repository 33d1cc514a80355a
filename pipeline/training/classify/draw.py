"""Outlines of imagined notes, drawn by chance: what the small network of `pipeline.shape` learns from.

Nothing here looks at a photograph. Each outline is a tick, heart, speech bubble, four-sided note or something
else, seen at a slant, its edges curled and cut by hand, often partly behind another note or beyond the
picture's edge, traced as roughly as a detector traces it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from pipeline.shape import CLASSES

Array = NDArray[np.float64]
Rng = np.random.Generator


def draw(rng: Rng, kind: str) -> Polygon:
    """One whole, flat, upright note of a class, about one unit large."""
    return {
        "tick": _tick,
        "heart": _heart,
        "speech_bubble": _bubble,
        "four_sided": _four_sided,
        "other": _other,
    }[kind](rng)


def sample(rng: Rng, kind: str) -> tuple[Array, list[Array], tuple[float, float]]:
    """One outline as a detector might give it, the neighbours' outlines, and the picture's size (pixels)."""
    while True:
        scale = float(np.exp(rng.uniform(math.log(45), math.log(420))))
        slant = _slant(rng, scale)
        note = _bend(rng, _place(slant, draw(rng, kind)), scale)
        neighbours = []
        visible: BaseGeometry = note
        for _ in range(int(rng.choice([0, 0, 1, 1, 2, 3]))):
            other = _place(_slant(rng, scale * rng.uniform(0.7, 1.4)), draw(rng, str(rng.choice(CLASSES))))
            bearing, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0.45, 1.4) * scale
            other = affinity.translate(other, reach * math.cos(bearing), reach * math.sin(bearing))
            if not other.is_valid:
                continue
            if rng.random() < 0.75:
                cut = visible.difference(other)
                if cut.is_empty or cut.area < 0.6 * note.area:
                    continue
                visible = cut
                shown = other
            else:
                shown = other.difference(visible)
            if rng.random() < 0.85 and isinstance(shown, Polygon) and not shown.is_empty:
                neighbours.append(shown)
        frame = _frame(rng, note, scale)
        visible = visible.intersection(frame)
        if isinstance(visible, MultiPolygon):
            visible = max(visible.geoms, key=lambda part: part.area)
        if not isinstance(visible, Polygon) or visible.area < 0.55 * note.area:
            continue
        left, upper, right, lower = frame.bounds
        moved = [np.array(shape.exterior.coords)[:-1] - (left, upper) for shape in (visible, *neighbours)]
        return (
            traced(rng, moved[0], scale),
            [traced(rng, one, scale) for one in moved[1:]],
            (right - left, lower - upper),
        )


def _frame(rng: Rng, note: Polygon, scale: float) -> Polygon:
    left, upper, right, lower = note.bounds
    gaps = rng.uniform(0.3, 3, 4) * scale
    if rng.random() < 0.08:
        gaps[int(rng.integers(4))] = -rng.uniform(0, 0.3) * scale
    return box(left - gaps[0], upper - gaps[1], right + gaps[2], lower + gaps[3])


def _slant(rng: Rng, scale: float) -> Array:
    angle = rng.uniform(0, 2 * math.pi) if rng.random() < 0.3 else rng.normal(0, 0.25)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    tilt = np.eye(3)
    tilt[2, :2] = rng.normal(0, 0.05, 2)
    squeeze = np.exp(rng.normal(0, 0.09))
    lean = rng.normal(0, 0.06)
    slope = np.array([[squeeze, lean, 0], [0, 1 / squeeze, 0], [0, 0, 1.0]])
    return np.asarray(np.diag([scale, scale, 1.0]) @ tilt @ slope @ turn)


def _place(slant: Array, shape: Polygon) -> Polygon:
    points = np.array(shape.exterior.coords)[:-1]
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ slant.T
    return Polygon(homogeneous[:, :2] / homogeneous[:, 2:]).buffer(0)


def _bend(rng: Rng, shape: BaseGeometry, scale: float) -> Polygon:
    """Curl and unsteady scissors: a slow wave along the outline."""
    if isinstance(shape, MultiPolygon):
        shape = max(shape.geoms, key=lambda part: part.area)
    ring = shape.exterior.segmentize(scale / 30)
    points = np.array(ring.coords)[:-1]
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-6)
    u = (points - low) / span - 0.5
    amount = rng.normal(0, 0.035 if rng.random() < 0.5 else 0.01, (2, 3)) * scale
    for axis in (0, 1):
        other = u[:, 1 - axis]
        points[:, axis] += amount[axis, 0] * (4 * other**2 - 0.5) + amount[axis, 1] * other * u[:, axis] * 2
        points[:, axis] += amount[axis, 2] * 0.3 * np.sin(7 * other + rng.uniform(0, 6))
    bent = Polygon(points).buffer(0)
    return max(bent.geoms, key=lambda part: part.area) if isinstance(bent, MultiPolygon) else bent


def traced(rng: Rng, points: Array, scale: float) -> Array:
    """As a detector traces: on a grid of its own, softened, with few corners."""
    ring = np.array(Polygon(points).exterior.segmentize(scale / 60).coords)[:-1]
    steps = np.fft.fftfreq(len(ring), 1 / len(ring))
    noise = rng.normal(size=(len(ring), 2)) + 1j * rng.normal(size=(len(ring), 2))
    noise *= (np.exp(-((np.abs(steps) / rng.uniform(6, 25)) ** 2)))[:, None]
    wave = np.fft.ifft(noise, axis=0).real
    wave *= abs(rng.normal(0, 0.009)) / max(float(wave.std()), 1e-9)
    ring = ring + wave * scale
    if rng.random() < 0.6:
        width = max(1, int(len(ring) * rng.uniform(0, 0.022)))
        kernel = np.ones(2 * width + 1) / (2 * width + 1)
        padded = np.vstack([ring[-width:], ring, ring[:width]])
        ring = np.column_stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)])
    grid = scale / rng.uniform(30, 200)
    ring = np.round(ring / grid) * grid
    simple = cv2.approxPolyDP(
        ring.astype(np.float32).reshape(-1, 1, 2), rng.uniform(0.001, 0.01) * scale, True
    ).reshape(-1, 2)
    return simple.astype(np.float64) if len(simple) >= 4 else ring


def _tick(rng: Rng) -> Polygon:
    long_arm, width = 1.0, rng.uniform(0.14, 0.34)
    short_arm = rng.uniform(0.28, 0.62)
    rise, fall = math.radians(rng.uniform(42, 66)), math.radians(rng.uniform(32, 62))
    elbow = np.zeros(2)
    upper = elbow + long_arm * np.array([math.cos(rise), -math.sin(rise)])
    left = elbow + (short_arm + width * 0.3) * np.array([-math.cos(fall), -math.sin(fall)])
    style = rng.integers(4)
    if style == 0:
        return LineString([left, elbow, upper]).buffer(width / 2, cap_style="round", join_style="round")
    if style == 1:
        return LineString([left, elbow, upper]).buffer(width / 2, cap_style="flat", join_style="mitre")
    if style == 2:
        square = LineString([left, elbow, upper]).buffer(width / 2, cap_style="square", join_style="mitre")
        rounding = rng.uniform(0, 0.3) * width
        return square.buffer(-rounding).buffer(rounding) if rounding else square
    tip, root = rng.uniform(0.15, 1.1) * width / 2, width / 2
    normal = np.array([math.sin(rise), math.cos(rise)])
    across = np.array([math.sin(fall), -math.cos(fall)]) * rng.uniform(0.4, 1.1)
    inner = elbow + np.array([0, -root * 1.4])
    outer = elbow + np.array([0, root * 0.9])
    return Polygon(
        [inner, upper - normal * tip, upper + normal * tip, outer, left - across * root, left + across * root]
    ).buffer(0)


def _heart(rng: Rng) -> Polygon:
    style, count = int(rng.choice([0, 1, 2], p=[0.45, 0.45, 0.1])), 120
    t = np.linspace(0, 2 * math.pi, count, endpoint=False)
    if style == 0:
        x = 16 * np.sin(t) ** 3
        y = -(13 * np.cos(t) - rng.uniform(4, 6) * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
        shape = Polygon(np.column_stack([x, y]) / 32).buffer(0)
    elif style == 1:
        radius, apart = rng.uniform(0.24, 0.3), rng.uniform(0.18, 0.25)
        lobes = Point(-apart, 0).buffer(radius).union(Point(apart, 0).buffer(radius))
        tip = (0, rng.uniform(0.5, 0.78))
        angle = rng.uniform(0.1, 0.7)
        sides = Polygon(
            [
                tip,
                (-apart - radius * math.cos(angle), radius * math.sin(angle)),
                (0, -0.02),
                (apart + radius * math.cos(angle), radius * math.sin(angle)),
            ]
        )
        shape = lobes.union(sides).buffer(0)
    else:
        x = 0.5 * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** rng.uniform(1.1, 2.6)
        y = -(0.42 * np.cos(t) - rng.uniform(0.2, 0.4) * (np.cos(t) > 0) * (1 - np.abs(np.sin(t))) ** 1.3)
        shape = Polygon(np.column_stack([x, y])).buffer(0)
    shape = affinity.scale(shape, rng.uniform(0.85, 1.2), 1)
    rounding = rng.uniform(0, 0.03)
    return _largest(shape.buffer(rounding).buffer(-rounding))


def _bubble(rng: Rng) -> Polygon:
    wide, high = 1.0, rng.uniform(0.5, 1.0)
    style = rng.integers(5)
    if style <= 1:
        radius = rng.uniform(0.04, 0.48) * min(wide, high)
        body: BaseGeometry = box(
            -wide / 2 + radius, -high / 2 + radius, wide / 2 - radius, high / 2 - radius
        ).buffer(radius)
    elif style == 2:
        power = rng.uniform(2.4, 6)
        t = np.linspace(0, 2 * math.pi, 90, endpoint=False)
        c, s = np.cos(t), np.sin(t)
        body = Polygon(
            np.column_stack(
                [
                    wide / 2 * np.sign(c) * np.abs(c) ** (2 / power),
                    high / 2 * np.sign(s) * np.abs(s) ** (2 / power),
                ]
            )
        )
    elif style == 3:
        body = affinity.scale(Point(0, 0).buffer(0.5), wide, high)
    else:
        body = affinity.scale(_cloud(rng), 1, high)
    base, length = rng.uniform(0.07, 0.26), rng.uniform(0.1, 0.4)
    bearing = rng.choice([rng.uniform(0.2, 2.9), rng.uniform(0, 2 * math.pi)], p=[0.8, 0.2])
    root = np.array([0.44 * wide * math.cos(bearing), 0.42 * high * math.sin(bearing)])
    outward = np.array([math.cos(bearing) / wide, math.sin(bearing) / high])
    outward /= np.hypot(*outward)
    skew = rng.uniform(-0.9, 0.9)
    sideways = np.array([-outward[1], outward[0]])
    tip = root + (0.07 + length) * (outward + skew * sideways) / math.hypot(1, skew)
    foot = root - outward * 0.12
    tail = Polygon([foot - sideways * base / 2, tip, foot + sideways * base / 2])
    if rng.random() < 0.3:
        tail = tail.buffer(0.02)
    whole = body.union(tail)
    if rng.random() < 0.5:
        rounding = rng.uniform(0, 0.02)
        whole = whole.buffer(-rounding).buffer(2 * rounding).buffer(-rounding)
    return _largest(whole.buffer(0))


def _four_sided(rng: Rng) -> Polygon:
    aspect = 1.0 if rng.random() < 0.55 else float(np.exp(rng.uniform(0, math.log(3.2))))
    wide, high = (1.0, 1 / aspect) if rng.random() < 0.75 else (1 / aspect, 1.0)
    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    corners = corners + rng.normal(0, 0.02, (4, 2))
    shape: BaseGeometry = Polygon(corners)
    if rng.random() < 0.3:  # a corner lifted or folded
        corner = corners[int(rng.integers(4))]
        away = -corner / max(float(np.hypot(*corner)), 1e-6)
        depth = rng.uniform(0.03, 0.14)
        normal = np.array([-away[1], away[0]]) * rng.uniform(0.7, 1.4)
        cutter = Polygon(
            [corner - away, corner + away * depth + normal * 3, corner + away * depth - normal * 3]
        ).buffer(0)
        cut = shape.difference(cutter)
        shape = cut if isinstance(cut, Polygon) and cut.area > 0.5 * shape.area else shape
    if rng.random() < 0.3:
        radius = rng.uniform(0, 0.06) * min(wide, high)
        shape = shape.buffer(-radius).buffer(radius)
    if rng.random() < 0.12:  # another of its pad peeps out below
        shape = shape.union(
            affinity.rotate(affinity.translate(shape, *rng.normal(0, 0.04, 2)), rng.normal(0, 4))
        )
    return _largest(shape.buffer(0))


def _other(rng: Rng) -> Polygon:
    style = rng.integers(8)
    t = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    if style <= 1:
        return affinity.scale(Point(0, 0).buffer(0.5), 1, rng.uniform(0.5, 1))
    if style == 2:
        points, inner = int(rng.integers(4, 9)), rng.uniform(0.35, 0.75)
        r = np.where(np.arange(2 * points) % 2 == 0, 0.5, 0.5 * inner)
        a = np.arange(2 * points) * math.pi / points
        return Polygon(np.column_stack([r * np.cos(a), r * np.sin(a)]))
    if style == 3:
        sides = int(rng.choice([3, 5, 6, 8]))
        a = np.arange(sides) * 2 * math.pi / sides
        return Polygon(np.column_stack([0.5 * np.cos(a), 0.5 * np.sin(a) * rng.uniform(0.6, 1)]))
    if style == 4:
        stem, head = rng.uniform(0.15, 0.35), rng.uniform(0.5, 0.9)
        neck = rng.uniform(0.0, 0.3)
        return Polygon(
            [
                (-0.5, -stem / 2),
                (neck, -stem / 2),
                (neck, -head / 2),
                (0.5, 0),
                (neck, head / 2),
                (neck, stem / 2),
                (-0.5, stem / 2),
            ]
        )
    if style == 5:
        return _cloud(rng)
    if style == 6:
        petals = int(rng.integers(4, 9))
        r = 0.4 + 0.1 * np.cos(petals * t)
        return Polygon(np.column_stack([r * np.cos(t), r * np.sin(t)]))
    waves = [rng.normal(0, 0.09 / k) * np.cos(k * t + rng.uniform(0, 6)) for k in range(2, 6)]
    r = np.maximum(0.4 + np.sum(waves, axis=0), 0.1)
    return _largest(Polygon(np.column_stack([r * np.cos(t), r * np.sin(t)])).buffer(0))


def _cloud(rng: Rng) -> Polygon:
    count = int(rng.integers(5, 10))
    shape: BaseGeometry = Point(0, 0).buffer(0.36)
    for k in range(count):
        a = 2 * math.pi * k / count
        shape = shape.union(Point(0.34 * math.cos(a), 0.34 * math.sin(a)).buffer(rng.uniform(0.13, 0.2)))
    return _largest(shape)


def _largest(shape: BaseGeometry) -> Polygon:
    if isinstance(shape, MultiPolygon):
        shape = max(shape.geoms, key=lambda part: part.area)
    return Polygon(shape.exterior)
