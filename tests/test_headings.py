"""Headings: two readers' opinions, and what neither confirms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.headings import ALONE, heading_crop, read_headings
from pipeline.model import HeadingBox, Line, Reading, Word

Image = NDArray[np.uint8]
CARD = np.full((80, 200, 3), 255, np.uint8)
PLACE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


class Fake:
    """A reader that does as it is told."""

    version, fingerprint = "1", "0123456789"

    def __init__(self, name: str, act: Callable[[Image], Reading]) -> None:
        self.name, self.act = name, act

    def read(self, images: Sequence[Image]) -> list[Reading]:
        return [self.act(image) for image in images]


def saying(text: str, confidence: float, name: str) -> Fake:
    words = tuple(Word(word, confidence, PLACE) for word in text.split())
    return Fake(name, lambda image: Reading(name, "1", (Line(words),) if words else ()))


def broken(image: Image) -> Reading:
    raise RuntimeError("no ink left")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        # Confirmed: the surer one's confidence, the better wording.
        (("TESTING |", 0.7), ("TESTING", 0.99), ("TESTING", 0.99)),
        (("YOUTH VOICE |", 0.94), ("YOUTHVOICE", 0.71), ("YOUTH VOICE |", 0.94)),
        (("DIVERSTY", 0.6), ("DIVERSITY", 0.97), ("DIVERSITY", 0.97)),
        (("NIHR", 0.9), ("NIHR", 0.85), ("NIHR", 0.9)),
        # Denied, but a word: as sure as its reader was.
        (("Bap cca Contract", 0.47), ("Social Contract", 0.95), ("Social Contract", 0.95)),
        # Denied and no long word of the language: part of one, or invented.
        (("at", 0.54), ("roce", 0.84), ("roce", ALONE)),
        (("SERS", 0.47), ("ERS", 0.82), ("ERS", ALONE)),
        # Found by one reader alone.
        (("", 0.0), ("Likelihood", 0.88), ("Likelihood", 0.88)),
        (("Zqxv", 0.9), ("", 0.0), ("Zqxv", ALONE)),
        (("", 0.0), ("", 0.0), ("", 0.0)),
    ],
)
def test_two_readers_make_one_heading(
    one: tuple[str, float], other: tuple[str, float], said: tuple[str, float]
) -> None:
    (heading,) = read_headings([CARD], saying(*one, "print"), saying(*other, "hand"))
    assert (heading.text, heading.confidence) == said


def test_an_unknown_language_denies_no_word() -> None:
    (heading,) = read_headings([CARD], saying("", 0.0, "print"), saying("Zqxv", 0.9, "hand"), "tlh")
    assert (heading.text, heading.confidence) == ("Zqxv", 0.9)


def test_a_failing_reader_leaves_the_other_and_alone_its_error() -> None:
    good, bad = saying("TRUST", 0.9, "hand"), Fake("print", broken)
    assert [heading.text for heading in read_headings([CARD], bad, good)] == ["TRUST"]
    assert [heading.text for heading in read_headings([CARD], good, bad)] == ["TRUST"]
    (alone,) = read_headings([CARD], bad)
    assert alone.text == "" and alone.error is not None
    (both,) = read_headings([CARD], bad, bad)
    assert both.text == "" and both.error is not None
    assert read_headings([], bad, good) == ()


def test_a_small_leaning_card_is_straightened_and_enlarged() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[30:50, 40:140] = 255
    corners = ((40.0, 30.0), (140.0, 30.0), (140.0, 50.0), (40.0, 50.0))
    crop = heading_crop(picture, HeadingBox(corners, 0.9))
    assert crop.shape == (60, 300, 3)
    assert crop.mean() > 240
