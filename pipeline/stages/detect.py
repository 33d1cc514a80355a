"""Stage detect: a photograph → the outlines of its notes and the boxes of its printed headings.

A small network (pipeline/weights/note-detector.onnx; see MODEL_CARD.md beside it) says for every pixel whether it
is note, the core of a note (a note without its edge band) or printed heading, how far it is to the four sides of
the piece of paper it lies on, and what shape that paper has. Pixels that agree about their paper's box are one
note (votes, as in FCOS and Hough forests); their cores grow to the note's edge; the edge becomes a polygon.
The network runs twice: on the whole photograph at a middle size, then at the size at which its notes are best seen.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy import ndimage
from shapely import STRtree, make_valid
from shapely.geometry import Polygon as ShapelyPolygon

from pipeline.model import Detection, HeadingBox, Outline, Point, Polygon

VERSION = "1"
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "note-detector.onnx"
SHAPE_ORDER = ("tick", "heart", "speech_bubble", "square", "rectangle", "other")

FIRST_LONG_SIDES = (768, 480, 300)
"""Pixels of the longer side in the first runs."""
GOOD_NOTE = 88.0
"""Side of a note, in network pixels, at which the network was found to work best."""
GOOD_RANGE = (58.0, 130.0)
"""Median note sides that need no second run."""
MOST_PIXELS = 2_300_000
"""The largest picture that is run whole."""
LEAST_LONG_SIDE = 128
LEAST_FACTOR = 0.6
"""Small pictures are enlarged by no more than its inverse."""
MORE_RUNS = 2
"""Further runs where notes are still too large or too small to be seen well."""
LEAST_SCORE = 0.35
"""What scores less in one run is forgotten at once."""
MIN_SCORE = 0.62
"""Outlines that score less are not reported."""
HEADING_MIN_SCORE = 0.5
JOIN_GAIN = 0.0
"""How much better the boxes must agree with two neighbouring parts as one piece, for them to be joined."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Paper:
    """One piece of paper in network pixels: mask on the half-resolution grid at offset (x, y)."""

    mask: Image
    x: int
    y: int
    area: float
    score: float
    is_heading: bool
    shapes: Floats
    evidence: tuple[float, float, float]


@dataclass(frozen=True)
class _Fields:
    """The network's answer. `masks` 3 x H/2 x W/2; `boxes` absolute x0, y0, x1, y1, and `shapes`, on H/4 x W/4."""

    masks: Floats
    boxes: Floats
    shapes: Floats


def _overlap(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of one box (4,) with boxes (4, ...)."""
    iw = np.minimum(box[2], boxes[2]) - np.maximum(box[0], boxes[0])
    ih = np.minimum(box[3], boxes[3]) - np.maximum(box[1], boxes[1])
    inter = np.clip(iw, 0, None) * np.clip(ih, 0, None)
    union = (box[2] - box[0]) * (box[3] - box[1]) + (boxes[2] - boxes[0]) * (boxes[3] - boxes[1]) - inter
    out: Floats = inter / np.maximum(union, 1e-3)
    return out


def _suppress(boxes: Floats, scores: Floats, limit: float) -> list[int]:
    """Indices of boxes (N, 4) that are kept, best first, no two overlapping by more than `limit`."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        k = int(order[0])
        kept.append(k)
        order = order[1:]
        order = order[_overlap(boxes[k], boxes[order].T) <= limit]
    return kept


def _window(box: Floats, shape: tuple[int, int], unit: float) -> tuple[slice, slice]:
    """The part of a grid with cells of `unit` pixels that a box covers."""
    y0, y1 = int(max(0, box[1] // unit)), int(min(shape[0], box[3] // unit + 1))
    x0, x1 = int(max(0, box[0] // unit)), int(min(shape[1], box[2] // unit + 1))
    return slice(y0, max(y0, y1)), slice(x0, max(x0, x1))


def _vote(fields: _Fields, paper: Floats, seed: Floats) -> Floats:
    """The boxes (N, 4) on which pixels agree; `paper`, `seed`: probabilities on the quarter grid."""
    ys, xs = np.nonzero(seed > 0.3)
    if not len(ys):
        return np.zeros((0, 4), np.float32)
    boxes = fields.boxes[:, ys, xs].T
    scores = seed[ys, xs]
    first = boxes[_suppress(boxes, scores, 0.5)]
    refined, support = [], []
    for box in first:
        mean = box
        for _ in range(2):
            where = _window(mean, paper.shape, 4)
            near = fields.boxes[:, where[0], where[1]]
            agree = (_overlap(mean, near) > 0.55) * paper[where] * (seed[where] + 0.1)
            total = float(agree.sum())
            if total < 0.5:
                break
            mean = (near * agree).sum(axis=(1, 2)) / total
        if total >= 0.5:
            refined.append(mean)
            support.append(total / np.sqrt(max(1.0, (mean[2] - mean[0]) * (mean[3] - mean[1]))))
    if not refined:
        return np.zeros((0, 4), np.float32)
    kept = np.stack(refined).astype(np.float32)
    final: Floats = kept[_suppress(kept, np.array(support, np.float32), 0.5)]
    return final


def _assign(fields: _Fields, found: Floats, paper: Floats) -> NDArray[np.int32]:
    """For every quarter-grid pixel the number (1.., 0 none) of the box it agrees with most."""
    label = np.zeros(paper.shape, np.int32)
    best = np.full(paper.shape, 0.3, np.float32)
    for k, box in enumerate(found):
        where = _window(box, paper.shape, 4)
        fit = _overlap(box, fields.boxes[:, where[0], where[1]])
        better = (fit > best[where]) & (paper[where] > 0.3)
        label[where][better] = k + 1
        best[where][better] = fit[better]
    return label


def _grow(marks: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Every pixel of `mask` takes the number of the nearest marked pixel."""
    if not marks.any():
        return np.zeros_like(marks)
    _, nearest = cv2.distanceTransformWithLabels(
        (marks == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros(int(nearest.max()) + 1, np.int32)
    marked = marks > 0
    lookup[nearest[marked]] = marks[marked]
    grown: NDArray[np.int32] = np.where(mask, lookup[nearest], 0)
    return grown


def _bounds(ys: NDArray[np.int64], xs: NDArray[np.int64]) -> Floats:
    """The box round pixels of the quarter grid, in network pixels."""
    return np.array([xs.min() * 4, ys.min() * 4, xs.max() * 4 + 4, ys.max() * 4 + 4], np.float32)


def _agreement(regions: NDArray[np.int32], boxes: Floats) -> Floats:
    """How well each quarter-grid pixel's box agrees with the box of the region it lies in (0 outside)."""
    quarter = regions[::2, ::2]
    out = np.zeros(quarter.shape, np.float32)
    for k, where in enumerate(ndimage.find_objects(quarter)):
        if where is None:
            continue
        ys, xs = np.nonzero(quarter[where] == k + 1)
        ys, xs = ys + where[0].start, xs + where[1].start
        out[ys, xs] = _overlap(_bounds(ys, xs), boxes[:, ys, xs])
    return out


def _join(regions: NDArray[np.int32], core: Floats, boxes: Floats) -> NDArray[np.int32]:
    """Joins neighbours that the core map does not part, unless the boxes clearly speak for two pieces.

    Votes fall apart on large and on bent shapes (ticks), where a pixel sees only an arm of its paper; the core map
    does not. Two hypotheses are weighed: how well do the pixels' boxes agree with the two parts' own boxes, and how
    well with the box round both?
    """
    quarter = regions[::2, ::2]
    inner = core[::2, ::2] > 0.5
    contact: Counter[tuple[int, int]] = Counter()
    for here, there, both in (
        (quarter[:, :-1], quarter[:, 1:], inner[:, :-1] & inner[:, 1:]),
        (quarter[:-1], quarter[1:], inner[:-1] & inner[1:]),
    ):
        touching = both & (here != there) & (here > 0) & (there > 0)
        contact.update(zip(here[touching].tolist(), there[touching].tolist(), strict=True))
    pixels: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    touch: dict[tuple[int, int], int] = {}
    for (i, j), count in sorted(contact.items()):
        touch[min(i, j), max(i, j)] = touch.get((min(i, j), max(i, j)), 0) + count
        for k in (i, j):
            if k not in pixels:
                ys, xs = np.nonzero(quarter == k)
                pixels[k] = (ys, xs)

    def gain(i: int, j: int) -> float:
        (yi, xi), (yj, xj) = pixels[i], pixels[j]
        ys, xs = np.concatenate([yi, yj]), np.concatenate([xi, xj])
        if touch[i, j] < 0.3 * np.sqrt(min(len(yi), len(yj))):
            return -1.0
        together = float(_overlap(_bounds(ys, xs), boxes[:, ys, xs]).mean())
        apart = sum(
            float(_overlap(_bounds(*pixels[k]), boxes[:, pixels[k][0], pixels[k][1]]).sum()) for k in (i, j)
        )
        return together - apart / len(ys)

    joined = regions
    while touch:
        gains = {pair: gain(*pair) for pair in touch}
        (i, j), best = max(gains.items(), key=lambda item: (item[1], item[0]))
        if best < JOIN_GAIN:
            break
        joined = np.where(joined == j, i, joined)
        pixels[i] = (
            np.concatenate([pixels[i][0], pixels[j][0]]),
            np.concatenate([pixels[i][1], pixels[j][1]]),
        )
        del pixels[j]
        merged: dict[tuple[int, int], int] = {}
        for (a, b), count in touch.items():
            c, d = (i if a == j else a), (i if b == j else b)
            if c != d:
                merged[min(c, d), max(c, d)] = merged.get((min(c, d), max(c, d)), 0) + count
        touch = merged
    return joined


def _without_spurs(mask: Image) -> Image:
    """A card's mask without what sticks out of it: a card is thick, and whole."""
    thick = int(np.sqrt(mask.sum()) * 0.16) | 1
    opened = cv2.morphologyEx(
        cv2.copyMakeBorder(mask, thick, thick, thick, thick, cv2.BORDER_CONSTANT, value=0),
        cv2.MORPH_OPEN,
        np.ones((thick, thick), np.uint8),
    )[thick:-thick, thick:-thick]
    count, parts, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    if count < 2:
        return mask
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    card: Image = (parts == largest).astype(np.uint8)
    return card


def _papers(fields: _Fields) -> list[_Paper]:
    """All pieces of paper on one run's fields."""
    note, core, head = fields.masks
    half = note.shape
    quarter = (fields.boxes.shape[2], fields.boxes.shape[1])
    any_paper = np.maximum(note, head)
    paper4 = cv2.resize(any_paper, quarter, interpolation=cv2.INTER_AREA)
    seed4 = cv2.resize(np.maximum(core, head * 0.9), quarter, interpolation=cv2.INTER_AREA)
    found = _vote(fields, paper4, seed4)
    if not len(found):
        return []
    label4 = _assign(fields, found, paper4)
    size = (half[1], half[0])
    label2 = cv2.resize(label4.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    marks = np.where((np.maximum(core, head) > 0.5) & (label2 > 0), label2, 0).astype(np.int32)
    for k in set(np.unique(label2).tolist()) - set(np.unique(marks).tolist()) - {0}:
        marks[(label2 == k) & (any_paper > 0.5)] = k
    regions = _join(_grow(marks, any_paper > 0.5), np.maximum(core, head), fields.boxes)
    fit4 = _agreement(regions, fields.boxes)
    papers = []
    for k, where in enumerate(ndimage.find_objects(regions)):
        if where is None:
            continue
        mask = (regions[where] == k + 1).astype(np.uint8)
        if mask.sum() < 12:
            continue
        count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        largest = stats[1:, cv2.CC_STAT_AREA].max()
        for part in range(1, count):
            if stats[part, cv2.CC_STAT_AREA] < 0.2 * largest:
                mask[parts == part] = 0
        inside = mask > 0
        is_heading = float(head[where][inside].mean()) > float(note[where][inside].mean())
        where4 = (
            slice(where[0].start // 2, (where[0].stop + 1) // 2),
            slice(where[1].start // 2, (where[1].stop + 1) // 2),
        )
        if is_heading:
            mask = _without_spurs(mask)
            inside = mask > 0
            if inside.sum() < 12:
                continue
        area = float(inside.sum()) * 4
        mine = regions[::2, ::2][where4] == k + 1
        if not mine.any():
            continue
        votes = fields.shapes[:, where4[0], where4[1]][:, mine].mean(axis=1)
        surety = float((head if is_heading else note)[where][inside].mean())
        agreement = float(np.clip(fit4[where4][mine].mean() * 1.15, 0, 1))
        middle = float(
            np.sort((head if is_heading else core)[where][inside])[-max(1, int(inside.sum()) // 2) :].mean()
        )
        evidence = (surety, agreement, middle)
        score = float(np.clip((surety * agreement * middle) ** 0.5, 0, 1))
        papers.append(_Paper(mask, where[1].start, where[0].start, area, score, is_heading, votes, evidence))
    return papers


def _corners(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The quadrilateral whose sides lie along a contour (N, 2), or None where it has no four sides."""
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    perimeter = cv2.arcLength(hull, True)
    for k in range(2, 12):
        quad = cv2.approxPolyDP(hull, 0.012 * k * perimeter, True)[:, 0]
        if len(quad) <= 4:
            break
    if len(quad) != 4:
        return None
    # Each side is fitted anew to the contour points near its middle, so that rounded corners do not pull it in.
    lines = []
    for a, b in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        d = b - a
        length = float(np.hypot(*d))
        if length < 3:
            return None
        t = ((points - a) @ d) / length**2
        off = np.abs((points - a) @ np.array([-d[1], d[0]])) / length
        near = points[(t > 0.12) & (t < 0.88) & (off < 0.06 * length + 1.5)]
        if len(near) < 4:
            return None
        vx, vy, px, py = cv2.fitLine(near.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((float(px), float(py), float(vx), float(vy)))
    out = []
    for (px, py, vx, vy), (qx, qy, wx, wy) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        cross = vx * wy - vy * wx
        if abs(cross) < 0.2:
            return None
        t = ((qx - px) * wy - (qy - py) * wx) / cross
        out.append((px + t * vx, py + t * vy))
    return np.array(out)


def _iou_of(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Intersection over union of two polygons, by drawing them."""
    both = np.concatenate([a, b])
    low = both.min(axis=0)
    scale = 120 / max(1e-6, float(np.ptp(both, axis=0).max()))
    masks = []
    for points in (a, b):
        mask = np.zeros((124, 124), np.uint8)
        cv2.fillPoly(mask, [np.round((points - low) * scale * 16 + 16).astype(np.int32)], 1, shift=4)
        masks.append(mask > 0)
    return float((masks[0] & masks[1]).sum() / max(1, (masks[0] | masks[1]).sum()))


def _is_like(quad: NDArray[np.float64], points: NDArray[np.float64]) -> bool:
    """Whether a quadrilateral says the same as a contour: no tail, torn corner or lobe gets lost."""
    if _iou_of(quad, points) < 0.92:
        return False
    side = np.sqrt(abs(cv2.contourArea(quad.astype(np.float32))))
    contour = quad.astype(np.float32)
    some = points[:: max(1, len(points) // 160)]
    outside = min(cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in some)
    return bool(outside > -(0.05 * side + 1.5))


def _outline(paper: _Paper) -> NDArray[np.float64]:
    """The edge of a piece of paper in network pixels."""
    # Drawn at four times the half-resolution grid and smoothed, so that stairs become lines.
    side = max(paper.mask.shape)
    zoom = 4 if side < 400 else 2
    padded = cv2.copyMakeBorder(paper.mask, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=0).astype(np.float32)
    size = (padded.shape[1] * zoom, padded.shape[0] * zoom)
    smooth = cv2.GaussianBlur(cv2.resize(padded, size, interpolation=cv2.INTER_LINEAR), (0, 0), zoom * 0.9)
    shape = (smooth > 0.5).astype(np.uint8)
    found, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if len(found) > 1:
        # Something lies across the note: its parts are joined by the hull of them all.
        parts = [c for c in found if cv2.contourArea(c) > 0.1 * max(cv2.contourArea(d) for d in found)]
        contour = cv2.convexHull(np.concatenate(parts))
    elif found:
        contour = found[0]
    else:
        # A speck that the smoothing wiped out.
        contour = (
            cv2.boxPoints(cv2.minAreaRect(cv2.findNonZero(padded.astype(np.uint8)))).reshape(-1, 1, 2) * zoom
        )
    points = (contour[:, 0].astype(float) + 0.5) / zoom - 3
    outline: NDArray[np.float64] = (points + np.array([paper.x, paper.y])) * 2
    return outline


def _polygon(paper: _Paper, factor: float, width: int, height: int) -> Polygon | None:
    """The edge of a piece of paper in full-size pixels; `factor` = full-size / network pixels."""
    points = _outline(paper)
    is_straight = paper.is_heading or int(np.argmax(paper.shapes)) in (3, 4)
    chosen = None
    if is_straight and len(points) >= 12:
        quad = _corners(points)
        if quad is not None and (
            _iou_of(quad, points) > 0.85 if paper.is_heading else _is_like(quad, points)
        ):
            chosen = quad
        elif paper.is_heading:
            chosen = cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32))).astype(float)
    if chosen is None:
        size = np.sqrt(paper.area)
        chosen = cv2.approxPolyDP(points.astype(np.float32), 0.008 * size, True)[:, 0].astype(float)
    if len(chosen) < 3:
        return None
    full = chosen * factor
    full[:, 0] = np.clip(full[:, 0], 0, width)
    full[:, 1] = np.clip(full[:, 1], 0, height)
    if cv2.contourArea(full.astype(np.float32)) < 16:
        return None
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in full)


def _clockwise_from_upper_left(polygon: Polygon) -> Polygon:
    points = np.array(polygon)
    if cv2.contourArea(points.astype(np.float32), oriented=True) < 0:
        points = points[::-1]
    start = int(np.argmin(points.sum(axis=1)))
    return tuple((float(x), float(y)) for x, y in np.roll(points, -start, axis=0))


def reading_order(centres: list[Point], heights: list[float]) -> list[int]:
    """Indices in reading order: rows from top to bottom, each from left to right.

    A row holds what lies less than half a median height below the row's first item.
    """
    if not centres:
        return []
    step = 0.5 * float(np.median(heights))
    by_height = sorted(range(len(centres)), key=lambda k: (centres[k][1], centres[k][0], k))
    rows: list[list[int]] = []
    for k in by_height:
        if rows and centres[k][1] - centres[rows[-1][0]][1] < step:
            rows[-1].append(k)
        else:
            rows.append([k])
    return [k for row in rows for k in sorted(row, key=lambda i: (centres[i][0], centres[i][1], i))]


@dataclass(frozen=True)
class _Seen:
    """A piece of paper in full-size pixels: `side` there, and `seen_side` in the pixels it was seen at."""

    polygon: Polygon
    score: float
    is_heading: bool
    shapes: Floats
    side: float
    seen_side: float
    evidence: tuple[float, float, float]

    @property
    def trust(self) -> float:
        """How far to believe this sighting against another of the same paper at another scale."""
        return self.score * _fitness(self.seen_side)


@dataclass(frozen=True)
class _Look:
    """One run: its scale (full-size / network pixels) and what it saw."""

    factor: float
    seen: list[_Seen]


def _fitness(side: float) -> float:
    """How well paper of a side, in network pixels, can be judged: 1 at the best size, falling to both sides."""
    return float(np.exp(-0.5 * (float(np.log(max(side, 1.0) / GOOD_NOTE)) / 0.9) ** 2))


def _merge(looks: list[_Look]) -> list[_Seen]:
    """Of sightings that overlap, the one to trust most, scored by all looks that ought to have seen it.

    A piece of paper shows at every scale that suits its size; what a single look sees is doubtful.
    """
    shapes = [make_valid(ShapelyPolygon(seen.polygon)) for look in looks for seen in look.seen]
    tree = STRtree(shapes)
    common: list[dict[int, float]] = []
    for shape in shapes:
        near = sorted(int(i) for i in tree.query(shape, predicate="intersects"))
        common.append({i: float(shape.intersection(shapes[i]).area) for i in near})
    starts = np.cumsum([0, *(len(look.seen) for look in looks)]).tolist()
    found = [seen for look in looks for seen in look.seen]
    scored = []
    for k, seen in enumerate(found):
        total, weight = 0.0, 0.0
        votes = np.zeros_like(seen.shapes)
        for look, start in zip(looks, starts, strict=False):
            expected = _fitness(seen.side / look.factor)
            weight += expected
            alike = [
                i
                for i, inter in common[k].items()
                if start <= i < start + len(look.seen)
                and found[i].is_heading == seen.is_heading
                and inter > 0.5 * (shapes[k].area + shapes[i].area - inter)
            ]
            if alike:
                best = max(alike, key=lambda i: (found[i].score, -i))
                total += expected * found[best].score
                votes += expected * found[best].score * found[best].shapes
        scored.append(replace(seen, score=total / weight, shapes=votes / max(1e-6, float(votes.sum()))))
    kept: set[int] = set()
    for k in sorted(range(len(scored)), key=lambda k: (-scored[k].trust, k)):
        rivals = (i for i in common[k] if i in kept)
        if all(common[k][i] <= 0.5 * min(shapes[k].area, shapes[i].area) for i in rivals):
            kept.add(k)
    return [scored[k] for k in sorted(kept)]


def _best_factor(found: list[_Seen]) -> float | None:
    """The scale (full-size / network pixels) at which most of the note area is seen at a good size; None: stay.

    By size and not by number alone, lest a handful of false specks decide the scale of a close-up.
    """
    notes = sorted((s for s in found if not s.is_heading and s.score > 0.4), key=lambda s: s.side)
    if not notes:
        return None
    weight = np.cumsum([s.side * s.score for s in notes])
    middle = notes[int(np.searchsorted(weight, 0.5 * weight[-1]))]
    if GOOD_RANGE[0] <= middle.seen_side <= GOOD_RANGE[1]:
        return None
    return middle.side / GOOD_NOTE


def _order(polygons: list[Polygon]) -> list[int]:
    boxes = [
        (min(x for x, _ in p), min(y for _, y in p), max(x for x, _ in p), max(y for _, y in p))
        for p in polygons
    ]
    return reading_order(
        [((a + c) / 2, (b + d) / 2) for a, b, c, d in boxes], [d - b for _, b, _, d in boxes]
    )


class Detector:
    """The note detector; loads its weights once. Calls are independent of each other and deterministic."""

    def __init__(self, threads: int = 1, weights: Path = WEIGHTS) -> None:
        """`threads`: of the network. Raises FileNotFoundError when the weights are missing."""
        data = weights.read_bytes()
        self.fingerprint = f"{VERSION}-{hashlib.sha256(data).hexdigest()[:16]}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def _run(self, image: Image, factor: float) -> _Fields:
        """Runs the network on the image shrunk by `factor` (full-size / network pixels)."""
        h, w = max(8, round(image.shape[0] / factor)), max(8, round(image.shape[1] / factor))
        small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR)
        padded = np.full((-(-h // 32) * 32, -(-w // 32) * 32, 3), 114, np.uint8)
        padded[:h, :w] = small
        blob = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
        masks, sides, shapes = (a[0] for a in self._session.run(None, {"image": blob}))
        masks = masks[:, : (h + 1) // 2, : (w + 1) // 2]
        h4, w4 = (h + 3) // 4, (w + 3) // 4
        ys, xs = (np.mgrid[0:h4, 0:w4] * 4 + 2.5).astype(np.float32)
        sides = sides[:, :h4, :w4]
        boxes = np.stack([xs - sides[0], ys - sides[1], xs + sides[2], ys + sides[3]])
        np.clip(boxes[0::2], 0, w, out=boxes[0::2])
        np.clip(boxes[1::2], 0, h, out=boxes[1::2])
        return _Fields(np.ascontiguousarray(masks), boxes.astype(np.float32), shapes[:, :h4, :w4])

    def detect(self, image: Image) -> Detection:
        """Finds notes and printed headings.

        `image`: upright photograph, H x W x 3, RGB uint8, full size. Polygons are in its pixels.
        Raises ValueError for an array of another kind.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError("detect() wants an H x W x 3 array of uint8 in RGB order")
        height, width = image.shape[:2]
        long = max(height, width)
        looks = []
        for side in FIRST_LONG_SIDES:
            factor = max(long / side, LEAST_FACTOR)
            looks.append(_Look(factor, self._look(image, factor)))
        for _ in range(MORE_RUNS):
            wanted = _best_factor(_merge(looks))
            if wanted is None:
                break
            factor = max(wanted, float(np.sqrt(height * width / MOST_PIXELS)), 0.5)
            factor = min(factor, max(1.0, long / LEAST_LONG_SIDE))
            if any(0.8 < factor / look.factor < 1.25 for look in looks):
                break
            looks.append(_Look(factor, self._look(image, factor)))
        found = _merge(looks)
        return _report([s for s in found if s.score >= (HEADING_MIN_SCORE if s.is_heading else MIN_SCORE)])

    def _look(self, image: Image, factor: float) -> list[_Seen]:
        """What one run at a scale sees, in full-size pixels."""
        out = []
        for paper in _papers(self._run(image, factor)):
            if paper.score < LEAST_SCORE:
                continue
            polygon = _polygon(paper, factor, image.shape[1], image.shape[0])
            if polygon is not None:
                side = float(np.sqrt(paper.area))
                out.append(
                    _Seen(
                        polygon,
                        paper.score,
                        paper.is_heading,
                        paper.shapes,
                        side * factor,
                        side,
                        paper.evidence,
                    )
                )
        return out


def _report(found: list[_Seen]) -> Detection:
    outlines, headings = [], []
    for seen in found:
        score = round(min(1.0, seen.score), 4)
        if seen.is_heading:
            headings.append(HeadingBox(_clockwise_from_upper_left(seen.polygon), score))
        else:
            votes = {name: round(float(v), 4) for name, v in zip(SHAPE_ORDER, seen.shapes, strict=True)}
            outlines.append(Outline(seen.polygon, score, votes))
    return Detection(
        tuple(outlines[k] for k in _order([o.polygon for o in outlines])),
        tuple(headings[k] for k in _order([h.polygon for h in headings])),
    )
