"""Does ink look drawn rather than written? Told by its shapes alone, whatever an engine read.

A drawing is made of large pieces beside small ones, encloses room (heads, boxes, wheels), and its pieces do
not stand in rows of one height; writing is the other way round. Seven plain features and a logistic model, fitted by
`python -m pipeline.training.drawings` on drawings and handwriting that have nothing to do with the boards on which
this is measured (weights/drawings.json says on which). What a reader saw on the note counts besides: see
pipeline.presence.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.ink import SIDE, SPECK, Writing, is_low

WEIGHTS = Path(__file__).resolve().parent / "weights" / "drawings.json"
SHAPES = ("bias", "low", "holes", "largest_hole", "winding", "in_rows", "unevenness", "pieces")
"""What the ink's shapes say; see `shapes`."""
READER = ("confidence", "best_word", "letters", "lone")
"""What a reader says; see pipeline.presence."""
LEAST_HOLE = 9
MOST_PIECES = 12
"""More pieces than these say nothing: a page of writing has any number."""


@lru_cache(maxsize=1)
def weights() -> dict[str, float]:
    """The fitted numbers by feature (SHAPES and READER); positive speaks for a drawing."""
    loaded: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return {name: float(value) for name, value in loaded["weights"].items()}


def log_odds(writing: Writing) -> float:
    """How much the ink's shapes speak for a drawing (positive) or for writing (negative); 0 without ink."""
    found = shapes(writing)
    return round(sum(weights()[name] * found[name] for name in SHAPES), 4) if found else 0.0


def shapes(writing: Writing) -> dict[str, float]:
    """The features of one note's ink; none where there is no piece larger than a speck.

    `low`: share of the ink in pieces as low as writing is. `holes`: logarithm of the number of places the ink
    encloses, `largest_hole`: of the size of the largest (in thousandths of the note). `winding`: logarithm of the
    strokes' length over the pieces' heights. `in_rows`: share of the ink in pieces that have one of like height
    beside them. `unevenness`: spread of the logarithms of the pieces' heights, weighed by their ink. `pieces`:
    logarithm of their number up to MOST_PIECES, for which a letter or two that a reader sees has to account.
    """
    pieces = [piece for piece in writing.components if max(piece.width, piece.height) >= SPECK]
    if not pieces:
        return {}
    total = sum(piece.area for piece in writing.components)
    area = np.array([piece.area for piece in pieces], np.float64)
    height = np.array([piece.height for piece in pieces], np.float64)
    share = area / area.sum()
    logs = np.log(height)
    holes = _holes(writing)
    return {
        "bias": 1.0,
        "low": sum(piece.area for piece in writing.components if is_low(piece)) / total,
        "holes": math.log1p(len(holes)),
        "largest_hole": math.log1p(1000 * max(holes, default=0) / SIDE**2),
        "winding": math.log1p(_length(writing) / float(height.sum())),
        "in_rows": _in_rows(writing) / total,
        "unevenness": float(np.sqrt(np.sum(share * (logs - np.sum(share * logs)) ** 2))),
        "pieces": math.log1p(min(len(pieces), MOST_PIECES)),
    }


def _holes(writing: Writing) -> list[int]:
    """The areas of the places that ink encloses, in pixels at SIDE."""
    outside = np.pad(1 - writing.mask.astype(np.uint8), 1, constant_values=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    beyond = int(labels[0, 0])
    areas = [int(area) for label, area in enumerate(stats[:, cv2.CC_STAT_AREA]) if label not in (0, beyond)]
    return [area for area in areas if area >= LEAST_HOLE]


def _length(writing: Writing) -> float:
    """The length of the strokes: half of their outlines'."""
    outlines, _ = cv2.findContours(writing.mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return sum(len(outline) for outline in outlines) / 2


def _in_rows(writing: Writing) -> int:
    """The area of the pieces that have one of like height beside them, as letters and words have."""
    pieces = [piece for piece in writing.components if max(piece.width, piece.height) >= SPECK]
    area = 0
    for index, one in enumerate(pieces):
        for other in pieces[:index] + pieces[index + 1 :]:
            beside = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            gap = max(one.x, other.x) - min(one.x + one.width, other.x + other.width)
            low, high = sorted((one.height, other.height))
            if beside > 0.5 * low and -0.3 * low < gap < high < 2.2 * low:
                area += one.area
                break
    return area
