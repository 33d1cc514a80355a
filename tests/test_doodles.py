"""Drawings told from writing by the shapes of their ink, and the icons that this was fitted on."""

from __future__ import annotations

import json
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import doodles, ink
from pipeline.training.drawings.icons import picture
from pipeline.training.drawings.notes import KINDS, Written, drawings, writings

Image = NDArray[np.uint8]
SIDE = 480
PEN = (40, 40, 60)


def paper() -> Image:
    grain = np.random.default_rng(3).normal(0, 1.5, (SIDE, SIDE, 1))
    return np.clip(np.array((250, 236, 130), float) + grain, 0, 255).astype(np.uint8)


def person(image: Image, x: int, y: int, size: int = 60) -> None:
    cv2.circle(image, (x, y), size // 2, PEN, 5, cv2.LINE_AA)
    cv2.line(image, (x, y + size // 2), (x, y + 2 * size), PEN, 5, cv2.LINE_AA)
    for way in (-1, 1):
        cv2.line(image, (x, y + size), (x + way * size, y + size // 2), PEN, 5, cv2.LINE_AA)
        cv2.line(image, (x, y + 2 * size), (x + way * size // 2, y + 3 * size), PEN, 5, cv2.LINE_AA)
        cv2.circle(image, (x + way * size // 6, y - size // 8), 3, PEN, -1, cv2.LINE_AA)


def clock(image: Image) -> None:
    cv2.circle(image, (240, 220), 120, PEN, 6, cv2.LINE_AA)
    for hour in range(12):
        x, y = np.array((240, 220)) + 100 * np.array((np.cos(hour * np.pi / 6), np.sin(hour * np.pi / 6)))
        cv2.circle(image, (int(x), int(y)), 6, PEN, 2, cv2.LINE_AA)
    cv2.line(image, (240, 220), (240, 140), PEN, 5, cv2.LINE_AA)
    cv2.line(image, (240, 220), (290, 240), PEN, 5, cv2.LINE_AA)


def house(image: Image) -> None:
    cv2.rectangle(image, (130, 220), (350, 400), PEN, 6)
    cv2.line(image, (110, 230), (240, 90), PEN, 6, cv2.LINE_AA)
    cv2.line(image, (240, 90), (370, 230), PEN, 6, cv2.LINE_AA)
    cv2.rectangle(image, (160, 260), (210, 310), PEN, 4)
    cv2.rectangle(image, (250, 310), (310, 400), PEN, 4)
    cv2.circle(image, (400, 80), 30, PEN, 4, cv2.LINE_AA)


def people(image: Image) -> None:
    for x, size in ((100, 50), (250, 70), (390, 40)):
        person(image, x, 120, size)


def written(*rows: str, scale: float = 1.6) -> Image:
    image = paper()
    for number, row in enumerate(rows):
        place = (50, 110 + 85 * number)
        cv2.putText(image, row, place, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, scale, PEN, 4, cv2.LINE_AA)
    return image


def log_odds(image: Image) -> float:
    return doodles.log_odds(ink.find_ink(image, np.full(image.shape[:2], 255, np.uint8)))


def drawn(draw: Callable[[Image], None]) -> Image:
    image = paper()
    draw(image)
    return image


@pytest.mark.parametrize("draw", [clock, house, people])
def test_drawings_speak_for_drawings(draw: Callable[[Image], None]) -> None:
    assert log_odds(drawn(draw)) > 2


@pytest.mark.parametrize(
    "rows",
    [("Share power", "with people", "who live here"), ("more time",), ("ask first", "listen"), ("Yes",)],
)
def test_writing_speaks_for_writing(rows: tuple[str, ...]) -> None:
    assert log_odds(written(*rows)) < min(log_odds(drawn(draw)) for draw in (clock, house, people)) - 1


def test_blank_paper_and_specks_say_nothing() -> None:
    assert log_odds(paper()) == 0.0
    speckled = paper()
    for x in range(60, 420, 60):
        cv2.circle(speckled, (x, 240), 2, PEN, -1)
    assert log_odds(speckled) == 0.0


def test_shapes_count_what_they_say() -> None:
    two_rings = paper()
    for x, radius in ((140, 60), (330, 90)):
        cv2.circle(two_rings, (x, 240), radius, PEN, 6, cv2.LINE_AA)
    found = doodles.shapes(ink.find_ink(two_rings, np.full(two_rings.shape[:2], 255, np.uint8)))
    assert found["holes"] == pytest.approx(np.log1p(2))
    assert found["largest_hole"] == pytest.approx(np.log1p(1000 * np.pi * 87**2 / SIDE**2), abs=0.1)
    assert found["low"] == 0.0
    assert found["in_rows"] == 1.0
    assert 0.15 < found["unevenness"] < 0.25
    assert found["pieces"] == pytest.approx(np.log1p(2))


def test_the_shipped_numbers_name_every_feature_and_their_source() -> None:
    assert set(doodles.weights()) == {*doodles.SHAPES, *doodles.READER}
    about = json.loads(doodles.WEIGHTS.read_text("utf-8"))["about"]
    assert "no photograph" in about["material"]
    kept = about["kept_aside"]
    assert kept["drawings_found"] > 0.7 * kept["drawings"]
    assert kept["written_called_drawing"] < 0.08 * kept["written"]


def test_an_icon_is_ink_where_it_is_filled() -> None:
    body = '<path fill="currentColor" fill-rule="evenodd" d="M0 0h24v24H0zM6 6v12h12V6z"/>'
    icon = picture(body, 24.0, 100)
    assert icon.shape == (100, 100)
    assert icon[2, 2] == 0
    assert icon[12, 50] == 255
    assert icon[50, 50] == 0
    assert (icon > 127).mean() == pytest.approx(0.9**2 - 0.45**2, abs=0.02)


def test_made_up_notes_are_the_same_each_time_and_hold_ink() -> None:
    icon = picture('<path d="M2 2h20v20H2zM6 6v12h12V6z" fill-rule="evenodd"/>', 24.0, 120)
    strokes = [np.array([[0.0, 0.0], [30.0, 40.0], [60.0, 0.0]])]
    words = [Written("v", strokes), Written("vow", [*strokes, strokes[0] + 70])]
    made = [
        [
            *drawings([icon], 4, np.random.default_rng(5)),
            *writings(words, words, len(KINDS), np.random.default_rng(5)),
        ]
        for _ in range(2)
    ]
    for one, again in zip(*made, strict=True):
        assert np.array_equal(one.image, again.image)
        assert one.image.shape[:2] == one.mask.shape
        assert one.image.std() > 5
