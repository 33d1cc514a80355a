"""The ink test: what is writing and what is a stain, a fold, a shadow, tape, an edge or a drawing."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import ink

Image = NDArray[np.uint8]
SIDE = 400


def note(colour: tuple[int, int, int] = (250, 236, 130), noise: float = 1.5, seed: int = 3) -> Image:
    grain = np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE, 1))
    return np.clip(np.array(colour, float) + grain, 0, 255).astype(np.uint8)


def paper() -> Image:
    return np.full((SIDE, SIDE), 255, np.uint8)


def write(
    image: Image, text: str, scale: float = 1.0, at: tuple[int, int] = (60, 200), pen: int = 3
) -> Image:
    return np.asarray(
        cv2.putText(
            image.copy(), text, at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, scale, (40, 40, 90), pen, cv2.LINE_AA
        )
    )


def shade(image: Image, factor: NDArray[np.float64]) -> Image:
    return np.clip(image * factor[..., None], 0, 255).astype(np.uint8)


def ramp(low: float) -> NDArray[np.float64]:
    return np.tile(np.linspace(low, 1, SIDE), (SIDE, 1))


def stain(image: Image) -> Image:
    ys, xs = np.mgrid[:SIDE, :SIDE]
    spot = np.exp(-(((xs - 240) / 70.0) ** 2 + ((ys - 150) / 60.0) ** 2))
    return shade(image, 1 - 0.35 * spot)


def fold(image: Image) -> Image:
    xs = np.arange(SIDE)
    crease = np.where(xs < 190, 1.0, 0.86 + 0.14 * np.clip((xs - 190) / 120, 0, 1))
    return shade(image, np.tile(crease, (SIDE, 1)))


def shadow(image: Image) -> Image:
    return shade(image, ramp(0.45))


def taped(image: Image) -> Image:
    result = image.copy()
    result[:55, 120:300] = (222, 205, 170)
    return result


def bordered(image: Image) -> Image:
    return np.asarray(cv2.rectangle(image.copy(), (3, 3), (SIDE - 4, SIDE - 4), (60, 60, 60), 4))


def heart(image: Image) -> Image:
    t = np.linspace(0, 2 * math.pi, 100)
    xs = 200 + 5.5 * 16 * np.sin(t) ** 3
    ys = 200 - 5.5 * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    line = np.column_stack([xs, ys]).astype(np.int32)
    return np.asarray(cv2.polylines(image.copy(), [line], True, (180, 30, 40), 5, cv2.LINE_AA))


def tick(image: Image) -> Image:
    line = np.array([[120, 210], [180, 290], [300, 100]], np.int32)
    return np.asarray(cv2.polylines(image.copy(), [line], False, (30, 30, 30), 5, cv2.LINE_AA))


def stick_figure(image: Image) -> Image:
    drawn = cv2.circle(image.copy(), (200, 100), 40, (20, 20, 20), 4)
    for a, b in [((200, 140), (200, 260)), ((200, 180), (130, 230)), ((200, 180), (270, 230)),
                 ((200, 260), (150, 350)), ((200, 260), (250, 350))]:  # fmt: skip
        cv2.line(drawn, a, b, (20, 20, 20), 4)
    return np.asarray(drawn)


def verdict(image: Image, mask: Image | None = None) -> bool:
    return ink.is_written(ink.find_ink(image, paper() if mask is None else mask))


@pytest.mark.parametrize(
    "spoil", [lambda x: x, stain, fold, shadow, taped, bordered, lambda x: shadow(stain(fold(x)))]
)
@pytest.mark.parametrize(
    "colour", [(250, 236, 130), (245, 150, 190), (120, 190, 230), (250, 250, 248), (60, 120, 70)]
)
def test_a_blank_note_is_not_written_whatever_befell_it(spoil, colour) -> None:  # type: ignore[no-untyped-def]
    assert not verdict(spoil(note(colour)))


def test_ink_that_reaches_the_papers_edge_counts_and_a_sliver_along_it_does_not() -> None:
    arm = np.zeros((SIDE, SIDE), np.uint8)
    cv2.line(arm, (150, 350), (210, 50), 255, 80)  # as narrow as the arm of a tick, and as steep
    cross = note()
    for start, end in (((146, 170), (214, 230)), ((214, 170), (146, 230))):
        cv2.line(cross, start, end, (40, 40, 90), 4, cv2.LINE_AA)
    assert ink.find_ink(cross, arm).mask.any()
    sliver = cv2.line(note(), (114, 340), (172, 50), (60, 60, 90), 8)
    assert not ink.find_ink(sliver, arm).mask.any()


@pytest.mark.parametrize("spoil", [lambda x: x, stain, fold, shadow])
@pytest.mark.parametrize("text", ["no", "Power", "ask us first"])
def test_one_small_word_is_writing(spoil, text) -> None:  # type: ignore[no-untyped-def]
    assert verdict(spoil(write(note(), text, 0.8)))


def test_faint_pencil_is_writing() -> None:
    faint = cv2.putText(
        note(noise=1.0), "why not", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (215, 200, 115), 2
    )
    assert verdict(np.asarray(faint))


def test_a_light_pen_on_dark_paper_is_writing() -> None:
    light = cv2.putText(
        note((70, 40, 90)), "time", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (240, 240, 240), 3
    )
    assert verdict(np.asarray(light))


@pytest.mark.parametrize("draw", [heart, tick, stick_figure])
def test_a_drawing_is_not_writing(draw) -> None:  # type: ignore[no-untyped-def]
    assert not verdict(draw(note()))


def test_scrawls_nobody_can_read_are_writing() -> None:
    image = note()
    xs = np.arange(60, 340)
    for row in (120, 190, 260):
        line = np.column_stack([xs, row + 12 * np.sin(xs / 5.0)]).astype(np.int32)
        cv2.polylines(image, [line], False, (30, 30, 60), 3)
    assert verdict(image)


def test_a_few_specks_are_not_writing() -> None:
    image = note()
    for x, y in [(90, 80), (300, 210), (170, 330)]:
        cv2.circle(image, (x, y), 3, (120, 110, 60), -1)
    assert not verdict(image)


def test_writing_beside_the_paper_is_not_on_it() -> None:
    mask = paper()
    mask[:, 200:] = 0
    assert not verdict(write(note(), "over", 1.5, at=(230, 200)), mask)


def test_uncovered_ink_shrinks_when_boxes_cover_it() -> None:
    image = write(write(note(), "first line", 1.2, (40, 120)), "second line", 1.2, (40, 300))
    found = ink.find_ink(image, paper())
    upper = ((30.0, 70.0), (390.0, 70.0), (390.0, 150.0), (30.0, 150.0))
    lower = ((30.0, 250.0), (390.0, 250.0), (390.0, 330.0), (30.0, 330.0))
    assert ink.uncovered_share(found, []) == 1.0
    assert 0.3 < ink.uncovered_share(found, [upper]) < 0.7
    assert ink.uncovered_share(found, [upper, lower]) < 0.05
    assert ink.uncovered_share(ink.find_ink(note(), paper()), []) == 0.0


def test_windows_show_the_line_that_was_left_out() -> None:
    image = write(write(note(), "first line", 1.2, (40, 120)), "second line", 1.2, (40, 300))
    upper = ((30.0, 70.0), (390.0, 70.0), (390.0, 160.0), (30.0, 160.0))
    windows = ink.uncovered_windows(ink.find_ink(image, paper()), [upper])
    assert windows and all(y > 160 for _, y, _, _ in windows)
    assert windows[0][2] > 150
    assert ink.uncovered_windows(ink.find_ink(note(), paper()), []) == []


def test_a_blurred_note_is_less_sharp_than_a_crisp_one() -> None:
    crisp = write(note(), "sharp", 1.5, pen=4)
    blurred = np.asarray(cv2.GaussianBlur(crisp, (0, 0), 5))
    assert ink.find_ink(blurred, paper()).sharpness < 0.6 * ink.find_ink(crisp, paper()).sharpness


def test_text_height_is_in_pixels_of_the_note() -> None:
    small = ink.text_height(ink.find_ink(write(note(), "nnnn", 1.0), paper()))
    large = ink.text_height(ink.find_ink(write(note(), "nnnn", 2.0, pen=5), paper()))
    assert 8 < small < 40 and large > 1.5 * small
    assert ink.text_height(ink.find_ink(note(), paper())) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (5, 300)])
def test_tiny_notes_do_no_harm(shape: tuple[int, int]) -> None:
    found = ink.find_ink(np.full((*shape, 3), 200, np.uint8), np.full(shape, 255, np.uint8))
    assert not ink.is_written(found)
    assert ink.uncovered_share(found, []) == 0.0


def dark_note(ink_factor: float | None) -> Image:
    """A dark note half in shadow, with small writing in the shadow where a factor says how much darker it is."""
    image = note((150, 30, 110), noise=1.0)
    if ink_factor is not None:
        strokes = np.zeros((SIDE, SIDE), np.uint8)
        for row, text in enumerate(("context and change", "in common")):
            cv2.putText(
                strokes, text, (40, 90 + 60 * row), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.0, 255, 3, cv2.LINE_AA
            )
        image = shade(image, 1 - (1 - ink_factor) * strokes / 255)
    return shade(image, np.clip(ramp(0.3).T + 0.15, 0, 1))


def seen(image: Image) -> tuple[bool, bool]:
    found = ink.find_ink(image, paper())
    return ink.is_written(found), ink.is_written_faintly(image, paper(), found)


def test_faint_writing_in_a_shadow_is_found_when_looked_for() -> None:
    assert seen(dark_note(0.84)) == (False, True)


def test_plain_ink_needs_no_second_look() -> None:
    assert seen(write(note(), "share")) == (True, False)


def test_blank_dark_paper_in_a_shadow_stays_blank() -> None:
    assert seen(dark_note(None)) == (False, False)


def test_writing_out_of_focus_is_found_when_looked_for() -> None:
    lines = write(write(note(), "From Virginia"), "in common", at=(60, 300))
    assert seen(np.asarray(cv2.GaussianBlur(lines, (0, 0), 12))) == (False, True)
    assert seen(np.asarray(cv2.GaussianBlur(note(), (0, 0), 12))) == (False, False)


def test_a_single_faint_crease_is_no_writing() -> None:
    crease = np.ones((SIDE, SIDE))
    crease[100:104, 60:340] = 0.75
    assert seen(shade(dark_note(None), crease)) == (False, False)


def test_writing_that_touches_the_line_along_the_edge_stays_ink() -> None:
    image = write(note(), "Strategy", scale=2.4, at=(30, 365), pen=9)
    image[372:380, 8:392] = 30
    found = ink.find_ink(image, paper())
    text = ink.find_ink(write(note(), "Strategy", scale=2.4, at=(30, 365), pen=9), paper())
    assert found.mask.sum() > 0.6 * text.mask.sum()
    assert found.mask[: round(0.9 * ink.SIDE)].sum() > 0.8 * text.mask[: round(0.9 * ink.SIDE)].sum()


def test_what_stands_alone_is_framed_and_rows_of_text_are_not() -> None:
    six = ink.find_ink(write(note(), "6", scale=4, at=(150, 250), pen=6), paper())
    window = ink.lone_window(six)
    assert window is not None
    x, y, width, height = window
    assert 120 < x < 170
    assert x + width < 280
    assert 140 < y < 180
    assert y + height < 275
    assert ink.lone_window(ink.find_ink(note(), paper())) is None
    rows = write(write(note(), "share power", at=(60, 120)), "with people", at=(60, 260))
    assert ink.lone_window(ink.find_ink(rows, paper())) is None
