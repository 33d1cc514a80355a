"""Ink on a straightened note: where it is, and whether it is writing at all.

Independent of any OCR engine: an engine's silence is no proof of a blank note, nor its chatter of a
written one. Method: the paper's colour is estimated as it varies over the note (a large median of what
is not ink, so shadows, folds and stains, which are broad, belong to the paper); what differs from it by
more than the note's own noise, and is narrow as a pen's stroke is, is ink. What touches the note's edge
(a neighbour's sliver, tape, a printed border) is not. All lengths below are shares of the note's longer side
or pixels of the straightened note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon

Mask = NDArray[np.bool_]
Image = NDArray[np.uint8]

SIDE = 480
"""Notes are measured at this long side, so that thresholds mean the same for all of them."""

LEAST_CONTRAST = 16.0
"""What ink differs by from paper at least, of 255, in the light; see also `find_ink`."""
FAINT = 0.5
"""Share of LEAST_CONTRAST that ink in a shadow or out of focus still has."""
SPECK = SIDE / 36
"""Pieces shorter and narrower than that, in pixels at SIDE, are no letters."""
LOW_SHARE = 0.25
"""Share of the ink that must be low pieces for it to be writing."""
FAINT_PIECES = 3
"""See `is_written_faintly`."""
EDGE_BAND = 0.03
"""How far from the paper's edge slivers of other things lie."""
LEAST_DARKNESS = 0.04
"""Ink (share of the paper times contrast, 0-255) below which it is specks: a word a tenth of the note wide has .06."""


@dataclass(frozen=True, slots=True)
class Component:
    """A connected piece of ink: its box (x, y, width, height), area, in pixels at SIDE; and contrast (0-255)."""

    x: int
    y: int
    width: int
    height: int
    area: int
    contrast: float


@dataclass(frozen=True, slots=True)
class Writing:
    """The ink of one note at SIDE: the mask, its components, and `scale` = SIDE pixels / note pixels."""

    mask: Mask
    paper: Mask
    components: tuple[Component, ...]
    scale: float
    noise: float
    sharpness: float


def find_ink(image: Image, paper_mask: Image, is_faint: bool = False) -> Writing:
    """Separate ink from paper. `image`: RGB uint8; `paper_mask`: 255 where the note is; same size.

    `is_faint`: take fainter marks for ink.
    """
    height, width = paper_mask.shape
    scale = SIDE / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, size, interpolation=how)
    paper = cv2.resize(paper_mask, size, interpolation=cv2.INTER_NEAREST) > 0
    inner = (
        cv2.erode(paper.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=SIDE // 60, borderValue=0) > 0
    )
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab = cv2.GaussianBlur(lab, (0, 0), 0.8)
    difference, edges = _difference(lab)
    inside = difference[inner]
    if inside.size < 64:
        empty = np.zeros_like(paper)
        return Writing(empty, paper, (), scale, 0.0, 0.0)
    some = inside[::7]  # a spread is told as well by a part
    noise = float(1.4826 * np.median(np.abs(some - np.median(some))))
    high = max(LEAST_CONTRAST * (FAINT if is_faint else 1.0), 6.0 * noise)
    low = 0.5 * high
    strong = (difference > high) & inner
    weak = ((difference > low) & inner).astype(np.uint8)
    components, mask = _components(weak, strong, difference, inner, edges)
    return Writing(mask, paper, components, scale, noise, _sharpness(lab[..., 0], mask, inner))


def _difference(lab: NDArray[np.float32]) -> tuple[NDArray[np.float32], Mask]:
    """How much darker, lighter or otherwise coloured each pixel is than the paper round it (about 0-255).

    And where the paper itself changes abruptly, as at the edge of tape or of another sheet: there the
    difference means nothing.
    """
    # A median over a window several strokes wide is paper wherever less than half of it is ink. Paper is smooth:
    # half the size does, at an eighth of the cost.
    height, width = lab.shape[:2]
    half = (max(4, width // 2), max(4, height // 2))
    window = (SIDE // 24) | 1
    total = np.zeros((height, width), np.float32)
    slope = np.zeros(half[::-1], np.float32)
    for channel, weight in zip(range(3), (1.0, 0.8, 0.8), strict=True):
        plane = np.ascontiguousarray(lab[..., channel])
        small = np.clip(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), 0, 255).astype(np.uint8)
        background = cv2.medianBlur(small, window).astype(np.float32)
        # Between the neighbours' least and most: the paper's own edges, as at tape, are no ink.
        least, most = (
            cv2.resize(extreme(background, np.ones((3, 3), np.uint8)), (width, height))
            for extreme in (cv2.erode, cv2.dilate)
        )
        away = plane - cv2.min(cv2.max(plane, least), most)
        total += (weight * away) ** 2
        soft = cv2.GaussianBlur(background, (0, 0), 0.75)
        slope += cv2.Sobel(soft, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(soft, cv2.CV_32F, 0, 1) ** 2
    # Half the size doubles a slope.
    steep = cv2.dilate((np.sqrt(slope) / 16 > 2.5).astype(np.uint8), np.ones((13, 13), np.uint8))
    return np.sqrt(total), cv2.resize(steep, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _components(
    weak: Image, strong: Mask, difference: NDArray[np.float32], inner: Mask, edges: Mask
) -> tuple[tuple[Component, ...], Mask]:
    """Weak pixels connected to strong ones, without what touches the edge as a bar or fills like a blot."""
    rim = inner & ~(cv2.erode(inner.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0)
    to_edge = cv2.distanceTransform(np.pad(inner, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    band = to_edge < EDGE_BAND * SIDE
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    runs_along = _runs_along(labels, stats, weak, rim, band)
    if runs_along.any():
        # Writing that touches the dark line along the paper's edge is one piece with it: cut them apart.
        weak = weak & ~(runs_along[labels] & band)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    keep = np.zeros(count, bool)
    found = []
    has_strong = np.bincount(labels[strong & (weak > 0)], minlength=count)
    on_edge = np.bincount(labels[edges & (weak > 0)], minlength=count)
    on_rim = np.bincount(labels[rim & (weak > 0)], minlength=count)
    near_rim = np.bincount(labels[band & (weak > 0)], minlength=count)
    for index in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[index])
        if has_strong[index] < 4 or area < 12:
            continue
        # A sliver along the edge: a neighbour, tape or a shadow looking in. Writing may reach the edge, too (on
        # the arm of a tick it has no other place), but does not lie along it.
        is_on_rim = on_rim[index] > 0.35 * max(width, height) or on_rim[index] > 0.25 * area
        if is_on_rim and (near_rim[index] > 0.6 * area or on_rim[index] > 1.2 * max(width, height)):
            continue
        if on_edge[index] > 0.9 * area and max(width, height) < SIDE / 12:
            continue
        region = labels[y : y + height, x : x + width] == index
        thick = 2 * float(cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
        # A blot: as thick as it is long.
        if thick > 0.08 * SIDE:
            continue
        keep[index] = True
        contrast = float(np.mean(difference[y : y + height, x : x + width][region]))
        found.append(Component(x, y, width, height, area, round(contrast, 2)))
    return tuple(found), keep[labels]


def _runs_along(
    labels: NDArray[np.int32], stats: NDArray[np.int32], weak: Image, rim: Mask, band: Mask
) -> Mask:
    """For each label: does the piece lie along the paper's edge, though most of it is elsewhere?"""
    on_rim = np.bincount(labels[rim & (weak > 0)], minlength=len(stats))
    near_rim = np.bincount(labels[band & (weak > 0)], minlength=len(stats))
    runs = (on_rim > 1.2 * np.maximum(stats[:, 2], stats[:, 3])) & (near_rim < 0.5 * stats[:, 4])
    runs[0] = False
    return np.asarray(runs, np.bool_)


def _sharpness(lightness: NDArray[np.float32], mask: Mask, inner: Mask) -> float:
    """Steepest edges relative to contrast: about 1 for a crisp stroke, near 0 for a smear; 0 without ink."""
    if not mask.any():
        return 0.0
    gx = cv2.Sobel(lightness, cv2.CV_32F, 1, 0, ksize=3) / 8
    gy = cv2.Sobel(lightness, cv2.CV_32F, 0, 1, ksize=3) / 8
    slope = np.hypot(gx, gy)
    near = (cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & inner
    ink = float(np.median(lightness[mask]))
    plain = lightness[inner & ~near]
    paper = float(np.median(plain[::7])) if len(plain) else ink
    contrast = max(8.0, abs(paper - ink))
    return round(float(np.quantile(slope[near], 0.9)) / contrast, 4)


def uncovered_share(writing: Writing, boxes: Sequence[Polygon]) -> float:
    """Share of the ink outside every box (boxes in pixels of the straightened note); 0 when there is no ink."""
    total = int(writing.mask.sum())
    if not total:
        return 0.0
    covered = np.zeros(writing.mask.shape, np.uint8)
    for box in boxes:
        corners = np.round(np.array(box, np.float64) * writing.scale).astype(np.int32)
        cv2.fillConvexPoly(covered, corners, 1)
    # Descenders and ascenders reach out of their box.
    covered = cv2.dilate(covered, np.ones((9, 9), np.uint8))
    return round(float((writing.mask & (covered == 0)).sum()) / total, 4)


def uncovered_windows(
    writing: Writing, boxes: Sequence[Polygon], most: int = 3
) -> list[tuple[int, int, int, int]]:
    """Where ink of the size of writing lies outside every box: (x, y, width, height), in note pixels.

    Neighbouring pieces are taken together; the largest places come first, at most `most`.
    """
    covered = np.zeros(writing.mask.shape, np.uint8)
    for box in boxes:
        corners = np.round(np.array(box, np.float64) * writing.scale).astype(np.int32)
        cv2.fillConvexPoly(covered, corners, 1)
    left = (writing.mask & (covered == 0)).astype(np.uint8)
    joined = cv2.dilate(left, cv2.getStructuringElement(cv2.MORPH_RECT, (41, 13)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    amounts = np.bincount(labels[left > 0], minlength=count)
    total = max(1, int(writing.mask.sum()))
    height, width = writing.mask.shape
    windows = []
    for index in sorted(range(1, count), key=lambda label: (-int(amounts[label]), label))[:most]:
        if amounts[index] < 0.05 * total:
            continue
        x, y, w, h = (int(value) for value in stats[index][:4])
        pad = 12
        x0, y0 = max(0, x - pad), max(0, y - pad)
        x1, y1 = min(width, x + w + pad), min(height, y + h + pad)
        if min(x1 - x0, y1 - y0) < 16:
            continue
        place = [round(value / writing.scale) for value in (x0, y0, x1 - x0, y1 - y0)]
        windows.append((place[0], place[1], max(1, place[2]), max(1, place[3])))
    return windows


def uncovered_pieces(writing: Writing, boxes: Sequence[Polygon]) -> list[tuple[float, float, float, float]]:
    """Places (left, top, right, bottom, in note pixels) of connected ink of a sign's size that has its middle
    outside every box."""
    shapes = [np.array(box, np.float32) for box in boxes]
    places = []
    for piece in writing.components:
        middle = ((piece.x + piece.width / 2) / writing.scale, (piece.y + piece.height / 2) / writing.scale)
        is_small = max(piece.width, piece.height) < SIDE / 24
        if is_small or any(cv2.pointPolygonTest(shape, middle, False) >= 0 for shape in shapes):
            continue
        pad = 5
        corners = (piece.x - pad, piece.y - pad, piece.x + piece.width + pad, piece.y + piece.height + pad)
        left, top, right, bottom = (value / writing.scale for value in corners)
        places.append((left, top, right, bottom))
    return places


def lone_window(writing: Writing, most: int = 8) -> tuple[int, int, int, int] | None:
    """Where all ink lies, if it is a few pieces (at most `most`) close together: (x, y, width, height) with a little
    paper round it, in note pixels; None where there is none, or more."""
    pieces = [piece for piece in writing.components if max(piece.width, piece.height) >= SPECK]
    if not 0 < len(pieces) <= most:
        return None
    left, top = min(piece.x for piece in pieces), min(piece.y for piece in pieces)
    right = max(piece.x + piece.width for piece in pieces)
    bottom = max(piece.y + piece.height for piece in pieces)
    if bottom - top > 2 * max(piece.height for piece in pieces):
        return None  # more than a line
    pad = round(0.08 * (bottom - top))
    height, width = writing.mask.shape
    x0, y0, x1, y1 = max(0, left - pad), max(0, top - pad), min(width, right + pad), min(height, bottom + pad)
    place = [round(value / writing.scale) for value in (x0, y0, x1 - x0, y1 - y0)]
    return place[0], place[1], max(8, place[2]), max(8, place[3])


def text_height(writing: Writing) -> float:
    """Median height of the pieces of ink that may be letters or words, in pixels of the note; 0 without ink."""
    heights = [piece.height for piece in writing.components if piece.height >= SIDE / 80]
    return float(np.median(heights)) / writing.scale if heights else 0.0


def is_written(writing: Writing) -> bool:
    """Is there writing at all? One small word is enough; specks, a lone figure and a drawing are not.

    Writing comes in pieces (letters, words, lines run together) that are low beside the note; a drawing
    is mostly made of high ones. Very large lettering is drawn like a figure and fails this test: whoever
    has read it surely knows better (see pipeline.stages.judge).
    """
    total = sum(piece.area for piece in writing.components)
    low = [piece for piece in writing.components if is_low(piece)]
    if not total or sum(piece.area for piece in low) < LOW_SHARE * total:
        return False
    return _darkness(writing) >= LEAST_DARKNESS


def is_written_faintly(image: Image, paper_mask: Image, writing: Writing) -> bool:
    """Is there writing after all, faint in a shadow, on dark paper or out of focus, where next to no ink was found?

    Several pieces are asked for: a single faint one is a crease.
    """
    if _darkness(writing) >= LEAST_DARKNESS:
        return False
    again = find_ink(image, paper_mask, is_faint=True)
    return is_written(again) and sum(is_low(piece) for piece in again.components) >= FAINT_PIECES


def _darkness(writing: Writing) -> float:
    """The ink of the low pieces: their share of the paper times their contrast (0-255)."""
    ink = sum(piece.area * piece.contrast for piece in writing.components if is_low(piece))
    return ink / max(1, int(writing.paper.sum()))


def is_low(piece: Component) -> bool:
    """Is the piece as low beside the note as a line of writing, and no speck?"""
    line_like = piece.height <= 0.27 * SIDE and piece.width >= 2.2 * piece.height
    return max(piece.width, piece.height) >= SPECK and (piece.height <= 0.17 * SIDE or line_like)
