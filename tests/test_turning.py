"""Which way up a photograph is, told by its headings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import mapping
from pipeline.model import Detection, HeadingBox, Line, Outline, Photo, Polygon, Reading, Word
from pipeline.photos import load_upright, turned
from pipeline.turning import running, turn_of

SAMPLE = Path(__file__).resolve().parents[1] / "raw" / "sample-workshop" / "photos"
PICTURE = np.full((400, 600, 3), 200, np.uint8)


def box(x: float, y: float, width: float, height: float) -> Polygon:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def word(degrees: int, text: str = "POWER", confidence: float = 0.9, length: float = 100) -> Word:
    """A word that runs so many degrees clockwise from level; the box begins at the text's upper left."""
    along = length * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    down = 0.2 * np.array([-along[1], along[0]])
    corners = [np.zeros(2), along, along + down, down]
    return Word(text, confidence, tuple((float(x), float(y)) for x, y in corners))


class Told:
    """A reader that tells directions, and says the same of every picture."""

    name = "told"
    version = "1"
    fingerprint = "told-1"
    finds_direction = True

    def __init__(self, *words: Word) -> None:
        self.words = words
        self.asked = 0

    def read(self, images: Sequence[Any]) -> list[Reading]:
        self.asked += len(images)
        return [Reading("told", "1", (Line(self.words),)) for _ in images]


class Crashing(Told):
    def read(self, images: Sequence[Any]) -> list[Reading]:
        raise RuntimeError("no engine")


LEVEL, ON_END = box(100, 20, 300, 80), box(20, 50, 80, 300)
NOTES = (Outline(box(100, 200, 60, 60), 0.9), Outline(box(300, 250, 60, 60), 0.9))


def found(*cards: Polygon, notes: tuple[Outline, ...] = NOTES, score: float = 0.9) -> Detection:
    return Detection(notes, tuple(HeadingBox(one, score) for one in cards))


@pytest.mark.parametrize(("runs", "turn"), [(90, 270), (-90, 90), (75, 270)])
def test_a_board_whose_heading_runs_down_or_up_is_turned_back(runs: int, turn: int) -> None:
    assert turn_of(PICTURE, found(ON_END), lambda: Told(word(runs))) == turn


def test_a_board_whose_lowest_card_hangs_below_all_notes_is_asked_whether_it_is_upside_down() -> None:
    upside_down = found(box(100, 330, 300, 60))
    assert turn_of(PICTURE, upside_down, lambda: Told(word(180))) == 180
    assert turn_of(PICTURE, upside_down, lambda: Told(word(0))) == 0


def test_a_board_with_its_heading_on_top_is_not_even_asked() -> None:
    reader = Told(word(90))
    assert turn_of(PICTURE, found(LEVEL), lambda: reader) == 0
    assert turn_of(PICTURE, found(), lambda: reader) == 0
    assert reader.asked == 0


@pytest.mark.parametrize(
    "words",
    [
        [],
        [word(90, confidence=0.3)],
        [word(90, text="ab")],
        [word(90), word(-90)],  # one says this, one says that
        [word(45)],  # neither this nor that
        [word(0)],  # a card two lines high
    ],
)
def test_words_that_say_nothing_sure_turn_nothing(words: list[Word]) -> None:
    assert turn_of(PICTURE, found(ON_END), lambda: Told(*words)) == 0


def test_a_reader_that_fails_turns_nothing() -> None:
    assert turn_of(PICTURE, found(ON_END), Crashing) == 0


def test_long_words_weigh_more_in_the_direction() -> None:
    reading = Reading("told", "1", (Line((word(0, length=300), word(90, length=10))),))
    angle, share = running([reading])
    assert abs(angle) < 3
    assert 0.95 < share < 1
    assert running([]) == (0.0, 0.0)


@pytest.fixture
def upright() -> np.ndarray:
    path = sorted(SAMPLE.glob("*.jp*g"))[0]
    photo = load_upright(path.read_bytes(), path.name)
    assert not hasattr(photo, "reason")
    return photo.pixels  # type: ignore[union-attr]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_sample_photograph_is_set_upright_again_by_the_real_engines(
    upright: np.ndarray, degrees: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    height, width = upright.shape[:2]
    lying = turned(upright, degrees)
    bench = mapping.Bench(None, {})  # type: ignore[arg-type]
    before = Photo("one.jpg", "0" * 64, lying.shape[1], lying.shape[0], "JPEG")
    monkeypatch.setattr(mapping.Bench, "taken_in", (before, lying))
    photo = mapping._intake(bench)
    assert isinstance(photo, Photo)
    assert (photo.turn, photo.width, photo.height) == (-degrees % 360, width, height)
    bench.results["intake"] = photo
    assert np.array_equal(bench.pixels, upright)
    again = mapping._detect(bench)
    assert len(again.outlines) == len(mapping._detector().detect(upright).outlines)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 360, -90])
def test_a_picture_is_turned_clockwise(degrees: int) -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 0] = 255  # the upper left corner
    corners = {0: (0, 0), 90: (0, 1), 180: (1, 2), 270: (2, 0)}
    assert turned(picture, degrees)[corners[degrees % 360]].all()
