"""cut: every note as a small upright picture for the record. Pure: pixels and records in, pictures out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.model import Classification, Crop, Outline, PageReading, bounding_box
from pipeline.straighten import BACKDROP, Image, Straightened, encode_crop, straighten

VERSION = "3"
"""Changes whenever the same inputs may give another result: results kept under another version are made anew."""

LONG_SIDE = 480
SMALLEST = 240
"""Tiny notes are enlarged to this once, smoothly, rather than by every browser in its own way."""


def cut(
    image: Image,
    outlines: Sequence[Outline],
    classifications: Sequence[Classification],
    page: PageReading,
) -> tuple[Crop, ...]:
    """One picture an outline, in their order, turned as the reading found its text upright.

    `image` is the upright photograph, RGB, height x width x 3, uint8.
    """
    crops = []
    for outline, classification, reading in zip(outlines, classifications, page.notes, strict=True):
        _, _, width, height = bounding_box(outline.polygon)
        side = round(min(LONG_SIDE, max(SMALLEST, width, height)))
        try:
            straight = straighten(image, outline.polygon, classification.shape, long_side=side)
        except ValueError:
            # An outline without area can come from a person's hand; its place in the row must be kept.
            straight = _nothing()
        crops.append(encode_crop(straight, reading.turn, LONG_SIDE))
    return tuple(crops)


def _nothing() -> Straightened:
    blank = np.full((16, 16, 3), BACKDROP, np.uint8)
    return Straightened(blank, np.zeros((16, 16), np.uint8), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
