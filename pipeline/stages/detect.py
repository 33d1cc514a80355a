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
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from shapely import make_valid
from shapely.geometry import Polygon as ShapelyPolygon

from pipeline.dividers import drawn_lines
from pipeline.edges import clockwise_from_upper_left, polygon_of
from pipeline.looks import MIN_SCORE, SHAPE_ORDER, Look, Seen, best_factor, four_sided, merge
from pipeline.model import Detection, HeadingBox, Outline, Point, Polygon
from pipeline.pads import Pads
from pipeline.parting import parted
from pipeline.reduced import Reduced
from pipeline.voting import Fields, Paper, headings_of, leftover, papers_of

VERSION = "7"
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "note-detector.onnx"

FIRST_LONG_SIDES = (768, 480, 300)
"""Pixels of the longer side in the first runs."""
MOST_PIXELS = 2_300_000
"""The largest picture that is run whole."""
LEAST_LONG_SIDE = 128
LEAST_FACTOR = 0.6
"""Small pictures are enlarged by no more than its inverse."""
MORE_RUNS = 2
"""Further runs where notes are still too large or too small to be seen well."""
LEAST_SCORE = 0.35
"""What scores less in one run is forgotten at once."""
DOUBTFUL = 0.36
"""Least score of paper that is taken for a note because notes of the same pad are round it."""
VERY_SURE = 0.75
HEADING_MIN_SCORE = 0.3
SURE_HEADING = 0.8
"""Score from which on a heading card cannot be taken for a note's writing."""
LEAST_FAINT = 0.4
LEAST_SIDE = 20.0
"""Least score of faint paper and least side, in network pixels."""
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


def _order(polygons: list[Polygon]) -> list[int]:
    boxes = [
        (min(x for x, _ in p), min(y for _, y in p), max(x for x, _ in p), max(y for _, y in p))
        for p in polygons
    ]
    return reading_order(
        [((a + c) / 2, (b + d) / 2) for a, b, c, d in boxes], [d - b for _, b, _, d in boxes]
    )


class Detector:
    """The note detector; loads its network once. Calls are independent of each other and deterministic."""

    def __init__(self, threads: int = 1, weights: Path = WEIGHTS) -> None:
        """`threads`: of the network. Raises FileNotFoundError when the weights are missing."""
        self._weights, self._threads = weights, threads
        self.fingerprint = f"{VERSION}-{hashlib.sha256(weights.read_bytes()).hexdigest()[:16]}"
        # A close look needs 400 MB for a moment: handed back, or every worker would keep it for good.
        self._handing_back = onnxruntime.RunOptions()
        self._handing_back.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        """The network, loaded when it is first asked: who plans a run wants to know its fingerprint only."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(self._weights), options, providers=["CPUExecutionProvider"])

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
            looks.append(self._look(image, factor))
        for _ in range(MORE_RUNS):
            wanted = best_factor(merge(looks))
            if wanted is None:
                break
            factor = max(wanted, float(np.sqrt(height * width / MOST_PIXELS)), 0.5)
            factor = min(factor, max(1.0, long / LEAST_LONG_SIDE))
            if any(0.8 < factor / look.factor < 1.25 for look in looks):
                break
            looks.append(self._look(image, factor))
        seen = _by_colour(merge(looks), looks, image)
        found = _report(without_scraps(seen, width, height))
        if len(found.headings) < 2:
            return found  # a single zone has nothing to part
        covers = [*(one.polygon for one in found.outlines), *(one.polygon for one in found.headings)]
        return replace(found, lines=drawn_lines(image, covers))

    def _look(self, image: Image, factor: float) -> Look:
        """What one run at a scale sees."""
        fields = self._run(image, factor)
        papers = [*papers_of(fields), *headings_of(fields)]
        return Look(factor, _seen(papers, factor, image, LEAST_SCORE), fields)


def _seen(papers: list[Paper], factor: float, image: Image, least: float) -> list[Seen]:
    """Papers of one run that score at least `least`, in full-size pixels."""
    out = []
    for paper in papers:
        if paper.score < least:
            continue
        polygon = polygon_of(paper, factor, image.shape[1], image.shape[0])
        if polygon is not None:
            side = float(np.sqrt(paper.area))
            out.append(Seen(polygon, paper.score, paper.is_heading, paper.shapes, side * factor, side))
    return out


def _by_colour(seen: list[Seen], looks: list[Look], image: Image) -> list[Seen]:
    """What is found when the looks together and the colours of the paper are asked."""
    picture = Reduced.of(image)
    return parted(_with_faint(_believed(seen, picture), looks, image, picture), picture)


def _believed(seen: list[Seen], picture: Reduced) -> list[Seen]:
    """What is sure enough, and doubtful four-sided paper of the same pad as notes that are very sure.

    Only whole paper: what looks like a tick or a bubble and is doubtful is mostly a covered note's second piece.
    """
    sure = [s.polygon for s in seen if s.score >= VERY_SURE and not s.is_heading]
    doubtful = [
        s for s in seen if DOUBTFUL <= s.score < MIN_SCORE and not s.is_heading and four_sided(s) > 0.5
    ]
    saved: set[int] = set()
    if sure and doubtful:
        pads = Pads(picture, sure)
        saved = {id(s) for s in doubtful if pads.has(s.polygon)}
    return [
        s for s in seen if s.score >= (HEADING_MIN_SCORE if s.is_heading else MIN_SCORE) or id(s) in saved
    ]


def _with_faint(found: list[Seen], looks: list[Look], image: Image, picture: Reduced) -> list[Seen]:
    """What is found, and notes that no look is sure of but that have the colour of notes that are found.

    A doubtful heading that mostly lies on such a note is its writing.
    """
    notes = [s.polygon for s in found if not s.is_heading]
    if not notes:
        return found
    known = notes + [s.polygon for s in found if s.is_heading and s.score >= SURE_HEADING]
    faint = [
        seen
        for look in looks
        for seen in _seen(
            papers_of(leftover(look.fields, look.factor, known)), look.factor, image, LEAST_FAINT
        )
        if seen.seen_side >= LEAST_SIDE
    ]
    if not faint:
        return found
    pads = Pads(picture, notes, known)
    taken = [make_valid(ShapelyPolygon(polygon)) for polygon in known]
    added: list[Seen] = []
    for seen in sorted(faint, key=lambda s: -s.trust):
        polygon = pads.note_at(seen.polygon, is_four_sided=four_sided(seen) > 0.5)
        if polygon is None:
            continue
        shape = make_valid(ShapelyPolygon(polygon))
        if all(shape.intersection(one).area <= 0.3 * min(shape.area, one.area) for one in taken):
            taken.append(shape)
            added.append(replace(seen, polygon=polygon, score=MIN_SCORE))
    covered = taken[len(known) :]

    def is_writing(seen: Seen) -> bool:
        shape = make_valid(ShapelyPolygon(seen.polygon))
        on_notes = sum(shape.intersection(one).area for one in covered)
        return bool(seen.is_heading and seen.score < SURE_HEADING and on_notes > 0.5 * shape.area)

    return [s for s in found if not is_writing(s)] + added


def without_scraps(found: list[Seen], width: int, height: int) -> list[Seen]:
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


def _report(found: list[Seen]) -> Detection:
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
