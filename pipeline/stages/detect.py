"""Stage detect: a photograph → the outlines of its notes and the boxes of its printed headings.

A small network (pipeline/weights/note-detector.onnx; see MODEL_CARD.md beside it) says for every pixel whether it
is note, the core of a note (a note without its edge band) or printed heading, how far it is to the four sides of
the piece of paper it lies on, and what shape that paper has. Pixels that agree about their paper's box are one
note (votes, as in FCOS and Hough forests); their cores grow to the note's edge; the edge becomes a polygon.
The network runs at several scales, once more at the one that suits the notes; what is seen at one scale alone,
though others ought to show it, is doubtful.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from shapely import STRtree, make_valid
from shapely.geometry import Polygon as ShapelyPolygon
from shapely.geometry.base import BaseGeometry

from pipeline.dividers import drawn_lines
from pipeline.doubtful import of_the_same_pad
from pipeline.edges import clockwise_from_upper_left, polygon_of
from pipeline.model import Detection, HeadingBox, Outline, Point, Polygon
from pipeline.voting import Fields, headings_of, papers_of

VERSION = "6"
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
MIN_SCORE = 0.5
"""Outlines that score less are not reported."""
DOUBTFUL = 0.36
"""Least score of paper that is taken for a note because notes of the same pad are round it."""
VERY_SURE = 0.75
HEADING_MIN_SCORE = 0.3
SCRAP = 1 / 3
"""Share of the middle note's area below which a lonely piece at the picture's edge is not taken for a note."""
LONELY = 1.5
"""Distance to the nearest note, in the piece's own side, from which on it is lonely."""
LEAST_COMPANY = 4
"""Notes on a photograph from which on their middle size says something."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


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

    def is_free(k: int) -> bool:
        rivals = (i for i in common[k] if i in kept)
        return all(common[k][i] <= 0.5 * min(shapes[k].area, shapes[i].area) for i in rivals)

    for k in sorted(range(len(scored)), key=lambda k: (-scored[k].trust, k)):
        if is_free(k):
            wholes = [i for i in _wholes(k, scored, shapes, common[k]) if is_free(i)]
            kept.add(wholes[0] if wholes else k)
    return [scored[k] for k in sorted(kept)]


def _wholes(k: int, seen: list[_Seen], shapes: list[BaseGeometry], common: dict[int, float]) -> list[int]:
    """Larger sightings that a sighting lies in and that the looks together believe more, the best first.

    A look that sees a bent or covered note in pieces parts it where others do not. Four-sided notes side by side, in
    turn, are easily taken for a larger one: they are no pieces.
    """
    if seen[k].is_heading:
        return []
    wholes = [
        i
        for i, inter in common.items()
        if not seen[i].is_heading
        and _four_sided(seen[i]) < 0.5
        and shapes[i].area > 1.3 * shapes[k].area
        and inter > 0.8 * shapes[k].area
        and seen[i].score > max(MIN_SCORE, seen[k].score)
    ]
    return sorted(wholes, key=lambda i: (-seen[i].score, i))


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
        # A close look needs 400 MB for a moment: handed back, or every worker would keep it for good.
        self._handing_back = onnxruntime.RunOptions()
        self._handing_back.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def _run(self, image: Image, factor: float) -> Fields:
        """Runs the network on the image shrunk by `factor` (full-size / network pixels)."""
        h, w = max(8, round(image.shape[0] / factor)), max(8, round(image.shape[1] / factor))
        small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR)
        padded = np.full((-(-h // 32) * 32, -(-w // 32) * 32, 3), 114, np.uint8)
        padded[:h, :w] = small
        blob = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
        options = self._handing_back if h * w > max(FIRST_LONG_SIDES) ** 2 else None
        masks, sides, shapes = (a[0] for a in self._session.run(None, {"image": blob}, options))
        masks = masks[:, : (h + 1) // 2, : (w + 1) // 2]
        h4, w4 = (h + 3) // 4, (w + 3) // 4
        ys, xs = (np.mgrid[0:h4, 0:w4] * 4 + 2.5).astype(np.float32)
        sides = sides[:, :h4, :w4]
        boxes = np.stack([xs - sides[0], ys - sides[1], xs + sides[2], ys + sides[3]])
        np.clip(boxes[0::2], 0, w, out=boxes[0::2])
        np.clip(boxes[1::2], 0, h, out=boxes[1::2])
        return Fields(np.ascontiguousarray(masks), boxes.astype(np.float32), shapes[:, :h4, :w4])

    def detect(self, image: Image) -> Detection:
        """Finds notes and printed headings, and, between headings, long drawn lines.

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
        found = _report(without_scraps(_believed(_merge(looks), image), width, height))
        if len(found.headings) < 2:
            return found  # a single zone has nothing to part
        covers = [*(one.polygon for one in found.outlines), *(one.polygon for one in found.headings)]
        return replace(found, lines=drawn_lines(image, covers))

    def _look(self, image: Image, factor: float) -> list[_Seen]:
        """What one run at a scale sees, in full-size pixels."""
        out = []
        fields = self._run(image, factor)
        for paper in (*papers_of(fields), *headings_of(fields)):
            if paper.score < LEAST_SCORE:
                continue
            polygon = polygon_of(paper, factor, image.shape[1], image.shape[0])
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
                    )
                )
        return out


def _believed(seen: list[_Seen], image: Image) -> list[_Seen]:
    """What is sure enough, and doubtful four-sided paper of the same pad as notes that are very sure.

    Only whole paper: what looks like a tick or a bubble and is doubtful is mostly a covered note's second piece.
    """
    doubtful = [
        s for s in seen if DOUBTFUL <= s.score < MIN_SCORE and not s.is_heading and _four_sided(s) > 0.5
    ]
    sure = [s.polygon for s in seen if s.score >= VERY_SURE and not s.is_heading]
    alike = of_the_same_pad(image, [s.polygon for s in doubtful], sure)
    saved = {id(s) for s, is_alike in zip(doubtful, alike, strict=True) if is_alike}
    return [
        s for s in seen if s.score >= (HEADING_MIN_SCORE if s.is_heading else MIN_SCORE) or id(s) in saved
    ]


def _four_sided(seen: _Seen) -> float:
    return float(seen.shapes[SHAPE_ORDER.index("square")] + seen.shapes[SHAPE_ORDER.index("rectangle")])


def without_scraps(found: list[_Seen], width: int, height: int) -> list[_Seen]:
    """Leaves out small pieces cut by the picture's edge, far from every note: what they are cannot be seen.

    Torn tape that holds a sheet is cut off there as a note would be, and too little of it is left to tell. A cut
    note hangs among others. `width`, `height`: of the photograph, in pixels.
    """
    papers = [make_valid(ShapelyPolygon(seen.polygon)) for seen in found if not seen.is_heading]
    if len(papers) < LEAST_COMPANY:
        return found
    middle = float(np.median([paper.area for paper in papers]))
    kept = []
    others = iter(range(len(papers)))
    for seen in found:
        if seen.is_heading:
            kept.append(seen)
            continue
        at = next(others)
        left, top, right, bottom = papers[at].bounds
        is_cut = min(left, top, width - 1 - right, height - 1 - bottom) <= 2
        if is_cut and papers[at].area < SCRAP * middle:
            away = min(papers[at].distance(other) for k, other in enumerate(papers) if k != at)
            if away > LONELY * float(np.sqrt(papers[at].area)):
                continue
        kept.append(seen)
    return kept


def _report(found: list[_Seen]) -> Detection:
    outlines, headings = [], []
    for seen in found:
        score = round(min(1.0, seen.score), 4)
        if seen.is_heading:
            headings.append(HeadingBox(clockwise_from_upper_left(seen.polygon), score))
        else:
            votes = {name: round(float(v), 4) for name, v in zip(SHAPE_ORDER, seen.shapes, strict=True)}
            outlines.append(Outline(seen.polygon, score, votes))
    return Detection(
        tuple(outlines[k] for k in _order([o.polygon for o in outlines])),
        tuple(headings[k] for k in _order([h.polygon for h in headings])),
    )
