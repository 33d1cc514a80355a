"""Drawn arrows and ticks: told from letters by their shape, and put into readings in their place."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import drawn
from pipeline.model import Line, Reading, Word
from pipeline.signs import ARROWS, TICK

Image = NDArray[np.uint8]
WHOLE = (0.0, 0.0, 140.0, 140.0)
INK = (40, 40, 90)


def paper(width: int = 140, height: int = 140) -> Image:
    return np.full((height, width, 3), (250, 236, 130), np.uint8)


def stroke(image: Image, *points: tuple[float, float], pen: int = 5) -> Image:
    corners = np.round(np.array(points) * 8).astype(np.int32).reshape(-1, 1, 2)
    return np.asarray(cv2.polylines(image, [corners], False, INK, pen, cv2.LINE_AA, 3))


def arrow(degrees: float, at: tuple[float, float] = (70, 70), length: float = 60, pen: int = 5) -> Image:
    return add_arrow(paper(), degrees, at, length, pen)


def add_arrow(
    image: Image, degrees: float, at: tuple[float, float], length: float = 60, pen: int = 5
) -> Image:
    """`degrees` clockwise from the right."""
    angle = math.radians(degrees)
    tip = (at[0] + length / 2 * math.cos(angle), at[1] + length / 2 * math.sin(angle))
    tail = (2 * at[0] - tip[0], 2 * at[1] - tip[1])
    stroke(image, tail, tip, pen=pen)
    for side in (-1, 1):
        back = angle + math.pi + side * math.radians(38)
        end = (tip[0] + 0.32 * length * math.cos(back), tip[1] + 0.32 * length * math.sin(back))
        stroke(image, tip, end, pen=pen)
    return image


def letter(text: str) -> Image:
    return np.asarray(cv2.putText(paper(), text, (35, 105), cv2.FONT_HERSHEY_SIMPLEX, 3, INK, 6, cv2.LINE_AA))


@pytest.mark.parametrize("step", range(8))
@pytest.mark.parametrize("pen", [3, 7])
def test_an_arrow_is_told_in_every_direction(step: int, pen: int) -> None:
    for lean in (-9, 0, 9):
        assert drawn.sign_at(arrow(45 * step + lean, pen=pen), WHOLE) == ARROWS[step]


@pytest.mark.parametrize("text", list("AEFHIJKLMNPRTVWXYZ1234567890abdefhijklmnrtuvwxyz?!+%&"))
def test_letters_and_figures_are_no_arrows_and_no_ticks(text: str) -> None:
    assert drawn.sign_at(letter(text), WHOLE) == ""


def test_a_tick_is_no_v_and_no_j() -> None:
    assert drawn.sign_at(stroke(paper(), (35, 75), (55, 105), (110, 35)), WHOLE) == TICK
    assert drawn.sign_at(stroke(paper(), (35, 35), (70, 105), (105, 35)), WHOLE) == ""
    assert drawn.sign_at(stroke(paper(), (40, 85), (55, 105), (80, 95), (82, 35)), WHOLE) == ""


def test_neither_is_a_shadow_nor_nothing() -> None:
    assert drawn.sign_at(paper(), WHOLE) == ""
    assert drawn.sign_at(cv2.GaussianBlur(arrow(270), (0, 0), 14), WHOLE) == ""
    assert drawn.sign_at(paper(), (5.0, 5.0, 9.0, 9.0)) == ""


def word(text: str, chance: float, left: float, top: float, right: float, bottom: float) -> Word:
    return Word(text, chance, ((left, top), (right, top), (right, bottom), (left, bottom)))


def reading(*words: Word, name: str = "fake") -> Reading:
    return Reading(name, "1", tuple(Line((one,)) for one in words))


THIS = word("THIS", 0.99, 60, 150, 180, 200)


def upward() -> Image:
    return add_arrow(paper(240, 240), 270, (120, 80))


def test_what_was_read_as_a_letter_becomes_the_arrow_it_is() -> None:
    plain = reading(word("1", 0.5, 100, 48, 140, 112), THIS)
    helped = reading(word("T", 0.8, 100, 48, 140, 112), THIS)
    views = drawn.with_signs((plain, helped), upward(), [])
    assert [view.text for view in views] == ["↑\nTHIS", "↑\nTHIS"]
    assert views[1].words[0].alternatives == (("T", 0.8),), "what was read is kept"


def test_a_letter_that_is_surely_read_stays() -> None:
    views = drawn.with_signs((reading(word("T", 0.97, 100, 48, 140, 112), THIS),), upward(), [])
    assert views[0].text == "T\nTHIS"


def test_the_languages_help_makes_no_letter_sure() -> None:
    plain = reading(word("T", 0.6, 100, 48, 140, 112), THIS)
    helped = reading(word("T", 0.97, 100, 48, 140, 112), THIS)
    assert drawn.with_signs((plain, helped), upward(), [])[-1].text == "↑\nTHIS"


def test_an_arrow_that_was_left_out_is_added_where_it_stands() -> None:
    left_out = [(98.0, 45.0, 142.0, 115.0)]
    assert drawn.with_signs((reading(THIS),), upward(), left_out)[0].text == "↑\nTHIS"
    assert drawn.with_signs((reading(THIS),), upward(), [(10.0, 10.0, 60.0, 60.0)])[0].text == "THIS"


def test_an_arrow_among_figures_is_a_drawing() -> None:
    figures = reading(word("O", 0.5, 10, 10, 40, 40))
    assert drawn.with_signs((figures,), upward(), [(98.0, 45.0, 142.0, 115.0)])[0].text == "O"


def test_a_reader_without_boxes_or_with_an_error_is_left_alone() -> None:
    bare = Reading("fake", "1", (Line((Word("T", 0.5),)),))
    failed = Reading("fake", "1", (), "crashed")
    assert drawn.with_signs((bare,), upward(), []) == (bare,)
    assert drawn.with_signs((failed,), upward(), []) == (failed,)
    assert drawn.with_signs((), upward(), []) == ()


def test_a_piece_that_does_not_fill_its_box_is_told_too() -> None:
    tick = np.zeros((drawn.LONG_SIDE, drawn.LONG_SIDE), np.uint8)
    line = np.array([[14, 50], [34, 80], [86, 14]], np.int32) * drawn.LONG_SIDE // 100
    cv2.polylines(tick, [line], False, 255, 5)
    assert drawn.is_tick(tick > 0)
    speck = np.zeros_like(tick)
    cv2.rectangle(speck, (30, 30), (60, 34), 255, -1)
    assert not drawn.is_tick(speck > 0)
    assert drawn.arrow(speck > 0) == ""
