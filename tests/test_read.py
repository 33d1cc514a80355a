"""Reading notes and headings: turns, second looks, failing readers, and what the ink says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.model import Classification, HeadingBox, Line, Outline, Reading, Word
from pipeline.readers import open_reader
from pipeline.stages import read
from pipeline.straighten import Straightened

Image = NDArray[np.uint8]
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def note(*rows: str, side: int = 480) -> Image:
    image = np.full((side, side, 3), (250, 236, 130), np.uint8)
    for number, row in enumerate(rows):
        place = (50, 120 + 90 * number)
        cv2.putText(image, row, place, cv2.FONT_HERSHEY_SIMPLEX, 1.7, (40, 40, 90), 4, cv2.LINE_AA)
    return image


def straight(image: Image) -> Straightened:
    return Straightened(image, np.full(image.shape[:2], 255, np.uint8), IDENTITY)


def turned(image: Image, quarters: int) -> Image:
    return np.ascontiguousarray(np.rot90(image, -quarters))


def box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


class Fake:
    """A reader that does as it is told; `seen` are the sizes of the batches."""

    name, version, fingerprint = "fake", "1", "0123456789"

    def __init__(self, act: Callable[[Image], Reading]) -> None:
        self.act = act
        self.seen: list[int] = []

    def read(self, images: Sequence[Image]) -> list[Reading]:
        self.seen.append(len(images))
        return [self.act(image) for image in images]


def reading(*words: tuple[str, float, Any], name: str = "fake") -> Reading:
    return Reading(name, "1", tuple(Line((Word(text, chance, place),)) for text, chance, place in words))


def upright_only(image: Image) -> Reading:
    """Reads "power" where the darkest half of the picture is its upper one; else mumbles."""
    dark = image.mean(axis=2) < 128
    middle = image.shape[0] // 2
    height, width = image.shape[:2]
    place = box(0.1 * width, 0.1 * height, 0.9 * width, 0.3 * height)
    return reading(("power" if dark[:middle].sum() > dark[middle:].sum() else "xx", 0.95, place)
                   if dark[:middle].sum() > dark[middle:].sum() else ("mrmod", 0.2, place))  # fmt: skip


def test_readings_stand_beside_their_notes() -> None:
    reader = Fake(lambda image: reading(("a" * (1 + image.shape[0] // 300), 0.9, ())))
    tall, flat = straight(note("x")), straight(note("x")[:200])
    results = read.read_notes([tall, flat, tall], [reader])
    assert [result.readings[0].text for result in results] == ["aa", "a", "aa"]
    assert reader.seen[0] == 3


def test_no_notes_need_no_reading_and_no_reader_is_an_error() -> None:
    assert read.read_notes([], [Fake(upright_only)]) == ()
    with pytest.raises(ValueError, match="one reader"):
        read.read_notes([straight(note())], [])


def test_a_note_upside_down_is_turned_and_its_boxes_led_back() -> None:
    image = turned(note("power"), 2)
    (result,) = read.read_notes([straight(image)], [Fake(upright_only)])
    assert result.turn == 180
    assert result.readings[0].text == "power"
    ys = [y for _, y in result.readings[0].words[0].box]
    assert min(ys) > 300, "the box lies where the word stands on the note as given"


def test_a_note_read_well_is_looked_at_once() -> None:
    reader = Fake(lambda image: reading(("power", 0.95, box(10, 10, 350, 350))))
    read.read_notes([straight(note("power"))], [reader])
    assert reader.seen == [1]


def test_a_doubtful_turn_must_be_clearly_better() -> None:
    reader = Fake(lambda image: reading(("maybe", 0.4, box(10, 10, 350, 350))))
    (result,) = read.read_notes([straight(note("maybe"))], [reader])
    assert result.turn == 0
    assert sum(reader.seen) > 1


@pytest.mark.parametrize(("words", "looks"), [(("OK", "okok"), 1), (("OK", "power"), 2)])
def test_a_note_is_turned_by_words_not_by_figures_that_look_like_letters(
    words: tuple[str, ...], looks: int
) -> None:
    running_down = tuple(
        (word, 0.9, ((140.0, 60.0), (140.0, 200.0), (100.0, 200.0), (100.0, 60.0))) for word in words
    )

    class Telling(Fake):
        finds_direction = True

    fake = Telling(lambda image: reading(*running_down))
    read.read_notes([straight(note())], [fake])
    assert len(fake.seen) == looks


def test_lines_that_run_up_the_note_are_turned() -> None:
    def act(image: Image) -> Reading:
        if image.shape[0] != image.shape[1]:
            return Reading("fake", "1", ())
        if image[: image.shape[0] // 3].mean() < image[-image.shape[0] // 3 :].mean():
            return reading(("ask", 0.9, box(20, 20, 200, 60)), ("us", 0.9, box(20, 70, 120, 110)))
        return reading(("us", 0.9, box(60, 20, 100, 300)), ("ask", 0.9, box(200, 20, 240, 300)))

    (result,) = read.read_notes([straight(turned(note("ask", "us"), 3))], [Fake(act)])
    assert result.turn == 90
    assert result.readings[0].text == "ask\nus"


def test_ink_left_out_gets_a_second_look_in_reading_order() -> None:
    image = note("first line", "", "second one")

    def act(picture: Image) -> Reading:
        height, width = picture.shape[:2]
        if height == width:  # the whole note: only the lower line is seen
            scale = width / 480
            return reading(("second", 0.95, tuple((x * scale, y * scale) for x, y in box(30, 240, 470, 330))))
        return reading(("first", 0.9, box(2, 2, width - 2, height - 2)))

    (result,) = read.read_notes([straight(image)], [Fake(act)])
    assert result.readings[0].text == "first\nsecond"
    assert result.ink.uncovered < 0.2


def test_a_second_look_that_is_unsure_adds_nothing() -> None:
    def act(picture: Image) -> Reading:
        return (
            Reading("fake", "1", ()) if picture.shape[0] == picture.shape[1] else reading(("8888", 0.4, ()))
        )

    (result,) = read.read_notes([straight(note("first line"))], [Fake(act)])
    assert result.readings[0].words == ()
    assert result.ink.uncovered == 1.0


def test_a_second_look_adds_its_sure_new_lines_alone() -> None:
    def act(picture: Image) -> Reading:
        height, width = picture.shape[:2]
        if height == width:
            scale = width / 480
            return reading(("second", 0.95, tuple((x * scale, y * scale) for x, y in box(30, 240, 470, 330))))
        top = box(2, 2, width - 2, 0.5 * height)
        low = box(2, 0.6 * height, width - 2, height - 2)
        return reading(("first", 0.9, top), ("mrmod", 0.3, low), ("x", 0.9, low))

    (result,) = read.read_notes([straight(note("first line", "", "second one"))], [Fake(act)])
    assert result.readings[0].text == "first\nsecond"


def test_an_arrow_that_is_read_as_a_letter_is_an_arrow() -> None:
    image = note("", "THIS")
    for start, end in (((240, 150), (240, 60)), ((240, 60), (215, 90)), ((240, 60), (265, 90))):
        cv2.line(image, start, end, (40, 40, 90), 7, cv2.LINE_AA)
    seen = reading(("T", 0.7, box(210, 52, 270, 158)), ("THIS", 0.95, box(40, 165, 200, 220)))
    (result,) = read.read_notes([straight(image)], [Fake(lambda _image: seen)])
    assert result.readings[0].text == "↑\nTHIS"


def test_a_crashing_reader_leaves_its_error_and_the_inks_word() -> None:
    def crash(_image: Image) -> Reading:
        raise RuntimeError("no memory")

    written, blank = read.read_notes([straight(note("first line")), straight(note())], [Fake(crash)])
    assert written.readings[0].error == "crashed: RuntimeError: no memory"
    assert written.ink.is_written and not blank.ink.is_written


def test_every_reader_is_heard_and_the_first_is_the_main_one() -> None:
    one = Fake(lambda image: reading(("power", 0.95, box(10, 10, 350, 350))))
    other = Fake(lambda image: reading(("tower", 0.9, ()), name="other"))
    (result,) = read.read_notes([straight(note("power"))], [one, other])
    assert [item.text for item in result.readings] == ["power", "tower"]


def test_a_blank_note_has_no_ink_and_no_words() -> None:
    (result,) = read.read_notes([straight(note())], [Fake(lambda image: Reading("fake", "1", ()))])
    assert (result.ink.coverage, result.ink.uncovered, result.ink.text_height) == (0.0, 0.0, 0.0)
    assert not result.ink.is_written


# --- a whole page -----------------------------------------------------------------------------


def page() -> tuple[Image, list[Outline], list[Classification]]:
    image = np.full((900, 1300, 3), 245, np.uint8)
    image[200:680, 100:580] = note("share", "power")
    image[200:680, 700:1180] = note()
    outlines = [Outline(box(left, 200, left + 480, 680), 0.9) for left in (100, 700)]
    outlines.append(Outline(((5.0, 5.0), (5.0, 5.0), (5.0, 5.0)), 0.5))
    return image, outlines, [Classification("square", 0.9, "yellow")] * 3


def test_a_page_is_read_beside_its_outlines_and_headings() -> None:
    image, outlines, classes = page()
    cv2.putText(image, "POSITIVE SUM", (420, 110), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 20, 20), 5, cv2.LINE_AA)
    headings = [HeadingBox(box(380, 40, 920, 140), 0.9)]
    reader = open_reader("rapidocr")
    found = read.read_page(image, outlines, classes, headings, note_readers=[reader], heading_reader=reader)
    written, blank, nothing = found.notes
    assert written.readings[-1].text.lower().split() == ["share", "power"]
    assert written.ink.is_written and written.ink.uncovered < 0.1 and written.turn == 0
    assert 20 < written.ink.text_height < 60
    assert blank.readings[0].words == () and not blank.ink.is_written
    assert nothing.readings[0].words == () and not nothing.ink.is_written
    assert found.headings[0].text.upper().split() == ["POSITIVE", "SUM"]
    again = read.read_page(image, outlines, classes, headings, note_readers=[reader], heading_reader=reader)
    assert again == found


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_engine_finds_the_turn_of_a_note(quarters: int) -> None:
    image = turned(note("we share", "our power", "with all"), quarters)
    (result,) = read.read_notes([straight(image)], [open_reader("rapidocr")])
    assert result.turn == (360 - 90 * quarters) % 360
    assert result.readings[-1].text.lower().split() == ["we", "share", "our", "power", "with", "all"]


def alone(image: Image) -> Reading:
    """Sees a lone figure only where it fills the picture, as a reader of lines does."""
    dark = np.argwhere(image.mean(axis=2) < 128)
    if not len(dark) or np.ptp(dark[:, 0]) < 0.4 * image.shape[0]:
        return reading()
    (top, left), (bottom, right) = dark.min(axis=0).tolist(), dark.max(axis=0).tolist()
    return reading(("6", 0.97, box(left, top, right, bottom)))


def test_a_figure_that_stands_alone_is_read_in_a_frame() -> None:
    image = np.full((480, 480, 3), (250, 236, 130), np.uint8)
    cv2.putText(image, "6", (210, 260), cv2.FONT_HERSHEY_SIMPLEX, 4, (40, 40, 90), 8, cv2.LINE_AA)
    fake = Fake(alone)
    (found,) = read.read_notes([straight(image)], [fake])
    assert found.readings[0].text == "6"
    dark = np.argwhere(image.mean(axis=2) < 128)
    corners = np.array(found.readings[0].words[0].box)
    assert np.abs(corners.min(axis=0) - dark.min(axis=0)[::-1]).max() < 6
    assert np.abs(corners.max(axis=0) - dark.max(axis=0)[::-1]).max() < 6


def test_no_frame_is_tried_for_what_is_surely_read_or_blank() -> None:
    sure = Fake(lambda image: reading(("power", 0.95, box(50, 80, 250, 130))))
    read.read_notes([straight(note("power"))], [sure])
    nothing = Fake(lambda image: reading())
    read.read_notes([straight(np.full((480, 480, 3), (250, 236, 130), np.uint8))], [nothing])
    assert (sure.seen, nothing.seen) == ([1], [1])


def test_a_frame_that_gives_nothing_sure_changes_nothing() -> None:
    image = np.full((480, 480, 3), (250, 236, 130), np.uint8)
    cv2.circle(image, (240, 240), 60, (40, 40, 90), 8, cv2.LINE_AA)
    fake = Fake(
        lambda picture: reading(("o", 0.6, box(0, 0, 20, 20))) if picture.shape[0] < 480 else reading()
    )
    (found,) = read.read_notes([straight(image)], [fake])
    assert found.readings[0].words == ()
    assert fake.seen == [1, 1, 1]  # as it is, enlarged, and framed
