"""A shaped note over another of another colour, seen as one with it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.edges import polygon_of_mask
from pipeline.looks import SHAPE_ORDER, Seen
from pipeline.parting import parted
from pipeline.reduced import Reduced

RED, BLUE, PALE_RED = (235, 110, 95), (95, 195, 215), (215, 95, 82)
Colour = tuple[int, int, int]


def crossed(below: Colour = RED, over: Colour = BLUE, arm: int = 60) -> np.ndarray:
    """A round note with the arm of another across it, on a light wall."""
    picture = np.full((400, 600, 3), 230, np.uint8)
    cv2.circle(picture, (300, 200), 100, below, -1)
    cv2.line(picture, (210, 260), (390, 110), over, arm)
    return picture


def seen(shape: str = "tick", *, is_heading: bool = False) -> Seen:
    """Both together, as one piece of paper."""
    mask = np.zeros((400, 600), np.uint8)
    cv2.circle(mask, (300, 200), 100, 1, -1)
    cv2.line(mask, (210, 260), (390, 110), 1, 60)
    votes = np.array([float(name == shape) for name in SHAPE_ORDER], np.float32)
    return Seen(polygon_of_mask(mask > 0, 1.0), 0.8, is_heading, votes, 180.0, 90.0)


def overlap(one: Seen, mask: np.ndarray) -> float:
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [np.array(one.polygon).round().astype(np.int32)], 1)
    return float(((drawn > 0) & mask).sum() / ((drawn > 0) | mask).sum())


@pytest.mark.parametrize("zoom", [1, 3])
def test_two_colours_are_two_notes(zoom: int) -> None:
    picture = cv2.resize(crossed(), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    one = seen()
    scaled = Seen(
        tuple((x * zoom, y * zoom) for x, y in one.polygon), one.score, False, one.shapes, 180.0, 90.0
    )
    found = parted([scaled], Reduced.of(picture))
    assert len(found) == 2
    bar = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(bar, (210 * zoom, 260 * zoom), (390 * zoom, 110 * zoom), 1, 60 * zoom)
    disc = np.zeros(picture.shape[:2], np.uint8)
    cv2.circle(disc, (300 * zoom, 200 * zoom), 100 * zoom, 1, -1)
    assert [int(note.shapes.argmax()) == 0 and note.shapes[0] > 0.5 for note in found] == [True, False]
    # The lower note's outline goes round all of it that is seen, across the other.
    assert max(overlap(note, bar > 0) for note in found) > 0.85
    assert max(overlap(note, disc > 0) for note in found) > 0.85


def test_what_shows_of_the_lower_note_beside_the_outline_belongs_to_it() -> None:
    picture = crossed()
    whole = seen()
    mask = np.zeros((400, 600), np.uint8)
    cv2.fillPoly(mask, [np.array(whole.polygon).round().astype(np.int32)], 1)
    above_the_arm = np.array([[180, 60], [390, 60], [390, 80], [210, 225], [180, 230]], np.int32)
    cv2.fillPoly(mask, [above_the_arm], 0)
    dented = replace(whole, polygon=polygon_of_mask(mask > 0, 1.0))
    disc = np.zeros((400, 600), np.uint8)
    cv2.circle(disc, (300, 200), 100, 1, -1)
    assert overlap(dented, disc > 0) < 0.75
    found = parted([dented], Reduced.of(picture))
    assert max(overlap(note, disc > 0) for note in found) > 0.85
    neighbour = Seen(
        ((180, 60), (390, 60), (390, 80), (210, 225), (180, 230)), 0.9, False, whole.shapes, 9, 9
    )
    beside_another = parted([dented, neighbour], Reduced.of(picture))
    assert max(overlap(note, disc > 0) for note in beside_another[:2]) < 0.75


@pytest.mark.parametrize(
    ("picture", "one"),
    [
        (crossed(), seen("square")),  # a picture on a square note
        (crossed(), seen(is_heading=True)),
        (crossed(over=PALE_RED), seen()),  # a fold, or shadow
        (crossed(arm=6), seen()),  # a stroke of a pen
        (crossed(below=BLUE), seen()),  # of one colour: nothing tells
    ],
)
def test_one_note_stays_one(picture: np.ndarray, one: Seen) -> None:
    assert parted([one], Reduced.of(picture)) == [one]


def test_a_shaped_note_with_a_gaudy_picture_stays_one() -> None:
    rng = np.random.default_rng(3)
    picture = crossed()
    noise = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
    gaudy = cv2.resize(noise, (600, 400), interpolation=cv2.INTER_NEAREST)
    assert len(parted([seen()], Reduced.of(np.where(picture < 230, gaudy, picture)))) == 1


def test_a_speck_stays_as_it_is() -> None:
    speck = Seen(((0, 0), (8, 0), (8, 8)), 0.9, False, np.eye(6, dtype=np.float32)[0], 8.0, 8.0)
    assert parted([speck], Reduced.of(crossed())) == [speck]
