"""Crossed-out words: told from readable ones by the stroke through them, and left out of readings."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import struck
from pipeline.model import Line, Reading, Word
from pipeline.signs import STRUCK

Image = NDArray[np.uint8]
INK = (40, 40, 90)
FONT = cv2.FONT_HERSHEY_SCRIPT_COMPLEX


def written(text: str, pen: int = 3) -> tuple[Image, tuple[tuple[float, float], ...]]:
    """A word on paper and its box."""
    (width, height), below = cv2.getTextSize(text, FONT, 1.6, pen)
    image = np.full((height + below + 40, width + 60, 3), (250, 236, 130), np.uint8)
    cv2.putText(image, text, (30, 20 + height), FONT, 1.6, INK, pen, cv2.LINE_AA)
    box = ((30.0, 16.0), (30.0 + width, 16.0), (30.0 + width, 24.0 + height), (30.0, 24.0 + height))
    return image, box


def cross_out(image: Image, box: tuple[tuple[float, float], ...], rise: int = 0, pen: int = 3) -> Image:
    middle = round((box[0][1] + box[2][1]) / 2) + 8
    ends = (round(box[0][0]) - 6, middle + rise), (round(box[1][0]) + 6, middle - rise)
    return np.asarray(cv2.line(image.copy(), *ends, INK, pen + 1, cv2.LINE_AA))


WORDS = ["power", "benches", "meeting", "because", "together", "council"]


@pytest.mark.parametrize("text", WORDS)
def test_a_readable_word_is_not_crossed_out(text: str) -> None:
    assert not struck.is_struck(*written(text))


def test_most_words_with_a_line_through_them_are() -> None:
    found = 0
    for text in WORDS:
        for rise in (0, 3):
            image, box = written(text)
            found += struck.is_struck(cross_out(image, box, rise), box)
    assert found >= 9, f"{found} of 12"


def test_a_word_scribbled_over_is_crossed_out() -> None:
    image, box = written("together", pen=2)
    for shift in range(0, 16, 4):
        xs = np.linspace(box[0][0] - 4, box[1][0] + 4, 16)
        ys = np.where(np.arange(16) % 2, box[0][1] + 10 + shift, box[2][1] - 14 + shift)
        corners = np.column_stack([xs, ys]).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(image, [corners], False, INK, 1, cv2.LINE_AA)
    assert struck.is_struck(image, box)


def test_an_underline_a_bare_line_and_bare_paper_cross_nothing_out() -> None:
    image, box = written("power")
    under = round(box[2][1]) + 4
    below = cv2.line(image.copy(), (26, under), (round(box[1][0]), under), INK, 4, cv2.LINE_AA)
    assert not struck.is_struck(below, box)
    bare = np.full_like(image, 220)
    assert not struck.is_struck(bare, box)
    assert not struck.is_struck(cross_out(bare, box), box)
    assert not struck.is_struck(image, ((0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (0.0, 3.0)))


def views(text: str, chance: float, box: tuple[tuple[float, float], ...], seen: str, sight: float):
    def one(word: str, confidence: float, name: str) -> Reading:
        return Reading(name, "1", (Line((Word("share", 0.9), Word(word, confidence, box))),))

    return one(seen, sight, "fake"), one(text, chance, "fake+words")


def test_a_crossed_out_word_gives_way_in_every_reading_and_is_remembered() -> None:
    image, box = written("benches")
    plain, helped = struck.without_struck(views("beaches", 0.4, box, "bonobos", 0.02), cross_out(image, box))
    assert [reading.text for reading in (plain, helped)] == [f"share {STRUCK}"] * 2
    assert plain.words[1].alternatives[0] == ("bonobos", 0.02)
    assert helped.words[1].alternatives[0] == ("beaches", 0.4)


def test_a_word_that_is_read_or_not_crossed_out_stays() -> None:
    image, box = written("benches")
    crossed = cross_out(image, box)
    for some, picture in (
        (views("benches", 0.7, box, "benches", 0.6), crossed),  # the network saw these letters
        (views("benches", 0.95, box, "bcnchos", 0.1), crossed),  # the language is sure
        (views("beaches", 0.4, box, "bonobos", 0.02), image),
    ):
        assert struck.without_struck(some, picture) == some
    assert struck.without_struck((), crossed) == ()
