"""The printed words on heading cards: their pictures, and two readers' opinions made into one reading.

A heading becomes a principle's name in the public record, so it is a quote like any other: what only one reader
says, and what is no word of the language either, is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import lexicon
from pipeline.model import HeadingBox, HeadingReading, Reading
from pipeline.readers import Reader
from pipeline.readers.contain import read_contained
from pipeline.wording import is_same_heading, squash

Image = NDArray[np.uint8]
CARD_HEIGHT = 80.0
"""Height in pixels to which small cards are enlarged, at most three times: engines want some 20 pixels of letter."""
LONGEST_SIDE = 1600
LONG_WORD = 4
"""Letters from which a known word speaks for a reading: nearly every shorter string is in some word list."""
ALONE = 0.6
"""Most confidence of a reading that the other reader denies and whose words the language does not know."""


def heading_crop(image: Image, box: HeadingBox) -> Image:
    """The card straightened, RGB, uint8; `image` RGB, upright and full-size, the box in its pixels."""
    corners = np.array(box.polygon, np.float32)
    if len(corners) != 4:
        corners = cv2.boxPoints(cv2.minAreaRect(corners))
    sides = [float(np.hypot(*(corners[i] - corners[i - 1]))) for i in range(4)]
    width, height = max(1.0, sides[1], sides[3]), max(1.0, sides[0], sides[2])
    scale = float(np.clip(CARD_HEIGHT / height, 1.0, 3.0))
    scale = min(scale, LONGEST_SIDE / max(width, height))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def read_headings(
    crops: Sequence[Image], reader: Reader, second: Reader | None = None, language: str = "en"
) -> tuple[HeadingReading, ...]:
    """The printed words on each heading's picture (RGB, upright), with the mean word confidence.

    Both readers are asked and the surer one is kept, with the other's gaps between words where it missed one. Where
    they disagree, it is not believed much unless its words are known. Readers that fail leave an `error`; nothing is
    raised.
    """
    results = [_reading(one) for one in read_contained(reader, crops)]
    if second is None or second is reader or not crops:
        return tuple(results)
    others = [_reading(one) for one in read_contained(second, crops)]
    return tuple(_of_both(one, other, language) for one, other in zip(results, others, strict=True))


def _of_both(one: HeadingReading, other: HeadingReading, language: str) -> HeadingReading:
    if not one.text or not other.text:
        said, silent = (one, other) if one.text else (other, one)
        return said if silent.error is not None or not said.text else _alone(said, language)
    surer = other if other.confidence > one.confidence else one
    if not is_same_heading(one.text, other.text):
        return _alone(surer, language)
    if squash(one.text) == squash(other.text):
        return replace(surer, text=max((surer.text, one.text, other.text), key=_words))
    return surer


def _alone(reading: HeadingReading, language: str) -> HeadingReading:
    """A reading that the other denies: as sure as it was only if most of its letters are in known words."""
    words = reading.text.split()
    known = [
        word for word in words if len(lexicon.core(word)) >= LONG_WORD and lexicon.is_known(word, language)
    ]
    if not lexicon.has_language(language) or 2 * len("".join(known)) > len("".join(words)):
        return reading
    return replace(reading, confidence=min(reading.confidence, ALONE))


def _words(text: str) -> tuple[int, int]:
    """More words and fewer stray strokes are better: a card's edge is easily read as a stroke."""
    words = text.split()
    with_letters = sum(any(c.isalnum() for c in word) for word in words)
    return with_letters, with_letters - len(words)


def _reading(reading: Reading) -> HeadingReading:
    letters = sum(len(word.text) for word in reading.words)
    sure = sum(len(word.text) * word.confidence for word in reading.words)
    return HeadingReading(
        reading.text,
        round(sure / letters, 4) if letters else 0.0,
        reading.reader,
        reading.error,
    )
