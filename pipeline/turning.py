"""Which way up a photograph is, told by its printed headings.

A phone held flat over a sheet does not know which way is up, and writes a wrong orientation into the file or none.
Heading cards are wide: where they stand on end, or hang below all notes, they are read to see how their words run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Detection, HeadingBox, Reading, bounding_box
from pipeline.readers import Reader
from pipeline.readers.contain import read_contained

Image = NDArray[np.uint8]

SURE_CARD = 0.3
"""Least score of a heading card that is asked."""
ON_END = -0.4
"""Mean logarithm of width over height below which cards stand on end, rather than being two lines high."""
SURE_WORD = 0.5
LEAST_LETTERS = 3
AT_ONE = 0.9
"""Least share of the words' length that runs in one direction."""
SLANT = 25.0
"""Most degrees between the words and the picture's sides."""


def tells_direction(reader: Reader) -> bool:
    """Do the boxes' corners begin at the upper left of the text, whichever way up that stands?"""
    return getattr(reader, "finds_direction", False) is True


def running(readings: Iterable[Reading], least: float = 0.0, letters: int = 2) -> tuple[float, float]:
    """Where text runs to, in degrees clockwise from -180 to 180, and how much of its length runs there (0 to 1).

    Words of fewer letters, or that are less sure than `least`, say nothing. The readings are of one reader that
    tells directions, in pictures with level sides.
    """
    boxes = [
        np.array(word.box)
        for reading in readings
        for word in reading.words
        if len(word.box) == 4 and len(word.text) >= letters and word.confidence >= least
    ]
    along = np.array([box[1] - box[0] for box in boxes]).reshape(-1, 2)
    total = along.sum(axis=0)
    whole = float(np.hypot(along[:, 0], along[:, 1]).sum())
    if not whole:
        return 0.0, 0.0
    return math.degrees(math.atan2(total[1], total[0])), float(np.hypot(*total)) / whole


def turn_of(image: Image, found: Detection, reader: Callable[[], Reader]) -> int:
    """Degrees clockwise (0, 90, 180 or 270) by which a photograph must be turned for its headings to stand upright.

    `image`: H x W x 3, RGB uint8; `found` in its pixels. `reader` opens one that tells directions, asked only where
    the cards lie oddly. 0 where nothing speaks for another; nothing is raised for a reader that fails.
    """
    cards = [one for one in found.headings if one.score >= SURE_CARD]
    if not cards or not (_on_end(cards) or _below_all(cards, found)):
        return 0
    readings = read_contained(reader(), [_cut(image, one) for one in cards])
    angle, share = running(readings, SURE_WORD, LEAST_LETTERS)
    quarters = round(angle / 90)
    if share < AT_ONE or abs(angle - 90 * quarters) > SLANT:
        return 0
    return -90 * quarters % 360


def _on_end(cards: Sequence[HeadingBox]) -> bool:
    lying = weight = 0.0
    for card in cards:
        _, _, width, height = bounding_box(card.polygon)
        size = card.score * width * height
        lying += size * math.log(max(width, 1.0) / max(height, 1.0))
        weight += size
    return lying < ON_END * weight


def _below_all(cards: Sequence[HeadingBox], found: Detection) -> bool:
    """Whether the lowest card has no note below it and the highest has some above it, as on a sheet upside down."""
    if not found.outlines:
        return False
    notes = [_middle(one.polygon) for one in found.outlines]
    middles = [_middle(one.polygon) for one in cards]
    return max(notes) < max(middles) and min(notes) < min(middles)


def _middle(polygon: Sequence[tuple[float, float]]) -> float:
    _, upper, _, height = bounding_box(tuple(polygon))
    return upper + height / 2


def _cut(image: Image, card: HeadingBox) -> Image:
    """The card with a little room, its sides those of the picture."""
    x, y, width, height = bounding_box(card.polygon)
    room = 0.05 * max(width, height)
    upper, lower = max(0, int(y - room)), int(y + height + room) + 1
    left, right = max(0, int(x - room)), int(x + width + room) + 1
    return np.ascontiguousarray(image[upper:lower, left:right])
