"""From what the note detector's network says of every pixel to single pieces of paper.

Pixels vote for the box of the paper they lie on (as in FCOS and Hough forests); votes that agree are one piece;
cores grow to the paper's edge; parts that the core map does not part are joined when the boxes agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

JOIN_GAIN = 0.0
"""How much better the boxes must agree with two neighbouring parts as one piece, for them to be joined."""


@dataclass(frozen=True)
class Paper:
    """One piece of paper in network pixels: mask on the half-resolution grid at offset (x, y)."""

    mask: Image
    x: int
    y: int
    area: float
    score: float
    is_heading: bool
    shapes: Floats


@dataclass(frozen=True)
class Fields:
    """The network's answer. `masks` 3 x H/2 x W/2; `boxes` absolute x0, y0, x1, y1, and `shapes`, on H/4 x W/4."""

    masks: Floats
    boxes: Floats
    shapes: Floats


def overlap(box: Floats, boxes: Floats) -> Floats:
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
        order = order[overlap(boxes[k], boxes[order].T) <= limit]
    return kept


def _window(box: Floats, shape: tuple[int, int], unit: float) -> tuple[slice, slice]:
    """The part of a grid with cells of `unit` pixels that a box covers."""
    y0, y1 = int(max(0, box[1] // unit)), int(min(shape[0], box[3] // unit + 1))
    x0, x1 = int(max(0, box[0] // unit)), int(min(shape[1], box[2] // unit + 1))
    return slice(y0, max(y0, y1)), slice(x0, max(x0, x1))


def _vote(fields: Fields, paper: Floats, seed: Floats) -> Floats:
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
            agree = (overlap(mean, near) > 0.55) * paper[where] * (seed[where] + 0.1)
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


def _assign(fields: Fields, found: Floats, paper: Floats) -> NDArray[np.int32]:
    """For every quarter-grid pixel the number (1.., 0 none) of the box it agrees with most."""
    label = np.zeros(paper.shape, np.int32)
    best = np.full(paper.shape, 0.3, np.float32)
    for k, box in enumerate(found):
        where = _window(box, paper.shape, 4)
        fit = overlap(box, fields.boxes[:, where[0], where[1]])
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


def _places(regions: NDArray[np.int32]) -> list[tuple[slice, slice] | None]:
    """For each region, from 1 on, the rows and columns it lies in, or None where it is nowhere.

    As scipy.ndimage.find_objects, whose import takes every worker a fifth of a second. Only the first and the last
    pixel of each stretch in a row are looked at.
    """
    is_new = np.ones((regions.shape[0], regions.shape[1] + 1), bool)
    np.not_equal(regions[:, 1:], regions[:, :-1], out=is_new[:, 1:-1])
    ys, first = np.nonzero(is_new[:, :-1] & (regions > 0))
    last = np.nonzero(is_new[:, 1:] & (regions > 0))[1]
    which = regions[ys, first]
    count = int(which.max(initial=0)) + 1
    least, most = np.full((2, count), np.iinfo(np.int64).max), np.zeros((2, count), np.int64)
    for axis, (low, high) in enumerate(((ys, ys), (first, last))):
        np.minimum.at(least[axis], which, low)
        np.maximum.at(most[axis], which, high + 1)
    return [
        (slice(int(least[0, k]), int(most[0, k])), slice(int(least[1, k]), int(most[1, k])))
        if most[0, k]
        else None
        for k in range(1, count)
    ]


def _agreement(regions: NDArray[np.int32], boxes: Floats) -> Floats:
    """How well each quarter-grid pixel's box agrees with the box of the region it lies in (0 outside)."""
    quarter = regions[::2, ::2]
    out = np.zeros(quarter.shape, np.float32)
    for k, where in enumerate(_places(quarter)):
        if where is None:
            continue
        ys, xs = np.nonzero(quarter[where] == k + 1)
        ys, xs = ys + where[0].start, xs + where[1].start
        out[ys, xs] = overlap(_bounds(ys, xs), boxes[:, ys, xs])
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
        together = float(overlap(_bounds(ys, xs), boxes[:, ys, xs]).mean())
        apart = sum(
            float(overlap(_bounds(*pixels[k]), boxes[:, pixels[k][0], pixels[k][1]]).sum()) for k in (i, j)
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


def papers_of(fields: Fields) -> list[Paper]:
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
    for k, where in enumerate(_places(regions)):
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
        if float(head[where][inside].mean()) > float(note[where][inside].mean()):
            continue  # a heading: see headings_of
        where4 = (
            slice(where[0].start // 2, (where[0].stop + 1) // 2),
            slice(where[1].start // 2, (where[1].stop + 1) // 2),
        )
        area = float(inside.sum()) * 4
        mine = regions[::2, ::2][where4] == k + 1
        if not mine.any():
            continue
        votes = fields.shapes[:, where4[0], where4[1]][:, mine].mean(axis=1)
        surety = float(note[where][inside].mean())
        agreement = float(np.clip(fit4[where4][mine].mean() * 1.15, 0, 1))
        middle = float(np.sort(core[where][inside])[-max(1, int(inside.sum()) // 2) :].mean())
        score = float(np.clip((surety * agreement * middle) ** 0.5, 0, 1))
        papers.append(Paper(mask, where[1].start, where[0].start, area, score, False, votes))
    return papers


def leftover(fields: Fields, factor: float, known: Sequence[Polygon]) -> Fields:
    """The fields where nothing known lies, with faint paper brought out: note and heading are one, roots are taken.

    What the network half takes for a note and half for a heading is paper all the same. `known`: polygons in
    full-size pixels; `factor`: full-size / network pixels.
    """
    note, core, head = fields.masks
    taken = np.zeros(note.shape, np.uint8)
    for polygon in known:
        cv2.fillPoly(taken, [(np.array(polygon) / factor / 2).round().astype(np.int32)], 1)
    free = cv2.dilate(taken, np.ones((5, 5), np.uint8)) == 0
    paper = np.sqrt(np.clip(note + head, 0, 1)) * free
    inner = np.sqrt(np.clip(core + head, 0, 1)) * free
    return Fields(np.stack([paper, inner, np.zeros_like(paper)]), fields.boxes, fields.shapes)


def headings_of(fields: Fields) -> list[Paper]:
    """All heading cards on one run's fields: what hangs together is one card.

    Cards do not overlap as notes do, and are often wider than the network sees at once, so that votes for
    their box would leave them in pieces. Two cards that touch come out as one; `place` parts them by their words.
    """
    note, _, head = fields.masks
    is_head = ((head > 0.5) & (head > note)).astype(np.uint8)
    is_head = cv2.morphologyEx(is_head, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(is_head, connectivity=4)
    papers = []
    for part in range(1, count):
        x, y, w, h, size = (int(value) for value in stats[part])
        if size < 60:
            continue
        where = (slice(y, y + h), slice(x, x + w))
        mask = _without_spurs((parts[where] == part).astype(np.uint8))
        inside = mask > 0
        if inside.sum() < 60:
            continue
        score = float(np.clip(head[where][inside].mean(), 0, 1))
        votes = np.zeros(fields.shapes.shape[0], np.float32)
        papers.append(Paper(mask, x, y, float(inside.sum()) * 4, score, True, votes))
    return papers
