"""Doubtful paper told by the notes of the same pad."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.model import Polygon
from pipeline.pads import Pads
from pipeline.reduced import Reduced

YELLOW, PALER_YELLOW, BLUE = (250, 225, 90), (240, 218, 88), (120, 190, 240)
WALL = (225, 225, 225)


def wall(*papers: tuple[int, int, int, int, tuple[int, int, int]]) -> np.ndarray:
    picture = np.full((400, 600, 3), WALL, np.uint8)
    for x, y, width, height, colour in papers:
        cv2.rectangle(picture, (x, y), (x + width, y + height), colour, -1)
    return picture


def box(x: float, y: float, width: float, height: float) -> Polygon:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def bounds(polygon: Polygon) -> tuple[float, ...]:
    return (*np.min(polygon, axis=0), *np.max(polygon, axis=0))


SURE = box(20, 20, 90, 90)
NOTE = (20, 20, 90, 90, YELLOW)


def test_paper_of_a_sure_notes_colour_and_size_is_of_its_pad() -> None:
    picture = wall(NOTE, (150, 20, 85, 85, PALER_YELLOW), (280, 20, 90, 90, BLUE), (450, 20, 30, 30, YELLOW))
    pads = Pads(Reduced.of(picture), [SURE])
    assert pads.has(box(150, 20, 85, 85))
    assert not pads.has(box(280, 20, 90, 90))
    assert not pads.has(box(450, 20, 30, 30))


def test_a_piece_of_a_note_grows_to_its_edge_by_colour() -> None:
    picture = wall(NOTE, (150, 20, 90, 90, PALER_YELLOW))
    cv2.putText(picture, "a word", (160, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (30, 30, 60), 2)
    found = Pads(Reduced.of(picture), [SURE], [SURE]).note_at(box(150, 20, 60, 90), is_four_sided=True)
    assert found is not None
    assert bounds(found) == pytest.approx((150, 20, 241, 111), abs=3)


def test_a_large_picture_gives_outlines_in_its_own_pixels() -> None:
    small = wall(NOTE, (150, 20, 90, 90, YELLOW))
    large = cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    sure = box(80, 80, 360, 360)
    found = Pads(Reduced.of(large), [sure], [sure]).note_at(box(600, 80, 300, 360), is_four_sided=True)
    assert found is not None
    assert bounds(found) == pytest.approx((600, 80, 964, 444), abs=12)


def test_pale_paper_on_a_pale_wall_keeps_the_outline_it_was_seen_with() -> None:
    pale = (232, 228, 214)
    picture = wall((20, 20, 90, 90, pale), (150, 20, 90, 90, pale))
    seen = box(152, 22, 86, 86)
    assert Pads(Reduced.of(picture), [SURE], [SURE]).note_at(seen, is_four_sided=True) == seen


def test_writing_on_a_poster_that_looks_like_a_note_is_no_paper() -> None:
    pale = (229, 227, 220)  # the note's colour is near, the poster's own is nearer
    picture = wall((20, 20, 90, 90, pale))
    cv2.putText(picture, "Inputs", (160, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (30, 90, 60), 2)
    assert Pads(Reduced.of(picture), [SURE], [SURE]).note_at(box(150, 20, 90, 90), is_four_sided=True) is None


def test_a_shade_of_the_wall_is_no_paper() -> None:
    shade = (221, 221, 221)
    picture = wall((20, 20, 90, 90, shade), (150, 20, 90, 90, shade))
    assert Pads(Reduced.of(picture), [SURE], [SURE]).note_at(box(150, 20, 90, 90), is_four_sided=True) is None


def test_paper_of_no_known_colour_is_no_note() -> None:
    picture = wall(NOTE, (150, 20, 90, 90, BLUE))
    assert Pads(Reduced.of(picture), [SURE], [SURE]).note_at(box(150, 20, 90, 90), is_four_sided=True) is None


@pytest.mark.parametrize(("is_four_sided", "is_note"), [(True, True), (False, False)])
def test_a_small_piece_that_is_not_four_sided_is_a_covered_notes_second_piece(
    is_four_sided: bool, is_note: bool
) -> None:
    picture = wall(NOTE, (150, 20, 60, 60, YELLOW))
    found = Pads(Reduced.of(picture), [SURE], [SURE]).note_at(
        box(150, 20, 60, 60), is_four_sided=is_four_sided
    )
    assert (found is not None) == is_note


@pytest.mark.parametrize(("x", "is_note"), [(570, True), (500, False)])
def test_what_the_pictures_edge_cuts_may_be_small(x: int, is_note: bool) -> None:
    picture = wall(NOTE, (x, 200, 30, 60, YELLOW))
    found = Pads(Reduced.of(picture), [SURE], [SURE]).note_at(box(x, 200, 30, 60), is_four_sided=True)
    assert (found is not None) == is_note


def test_paper_hemmed_in_by_known_paper_is_left_alone() -> None:
    """Nothing round it tells whether it is paper of its own or a piece of what lies there."""
    picture = wall(NOTE, (110, 20, 90, 90, YELLOW), (200, 20, 90, 90, YELLOW))
    frame = [box(80, 0, 30, 140), box(200, 0, 40, 140), box(80, 0, 140, 22), box(80, 108, 140, 40)]
    pads = Pads(Reduced.of(picture), [SURE], frame)
    assert pads.note_at(box(112, 24, 86, 82), is_four_sided=True) is None


def test_what_lies_wholly_on_known_paper_is_nothing_new() -> None:
    picture = wall(NOTE)
    assert Pads(Reduced.of(picture), [SURE], [SURE]).note_at(box(30, 30, 60, 60), is_four_sided=True) is None
