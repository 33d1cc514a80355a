from __future__ import annotations

import io
import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from pipeline.frames import fit_quadrilateral
from pipeline.model import Classification, Ink, NoteReading, Outline, PageReading
from pipeline.stages.cut import cut
from pipeline.straighten import BACKDROP, encode_crop, straighten, turn

PAPER = (240, 220, 90)
WALL = (40, 60, 160)


def _slanted_note(corners: list[tuple[float, float]]) -> np.ndarray:
    """A wall with one note on it; its writing is a red bar along the upper edge, a neighbour's ink is black."""
    image = np.full((600, 800, 3), WALL, np.uint8)
    flat = np.full((200, 200, 3), PAPER, np.uint8)
    flat[20:40, 20:180] = (220, 20, 20)
    warp = cv2.getPerspectiveTransform(
        np.float32([[0, 0], [200, 0], [200, 200], [0, 200]]), np.float32(corners)
    )
    cv2.warpPerspective(flat, warp, (800, 600), dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    return image


SLANTED = [(210.0, 150.0), (420.0, 190.0), (400.0, 400.0), (180.0, 350.0)]


def test_a_slanted_square_comes_out_upright_with_its_writing_level_on_top() -> None:
    straight = straighten(_slanted_note(SLANTED), tuple(SLANTED), "square", long_side=300)
    assert max(straight.image.shape[:2]) == pytest.approx(300 * 1.06, abs=3)
    red = (straight.image[..., 0] > 150) & (straight.image[..., 1] < 110)
    rows = np.nonzero(red.any(axis=1))[0]
    assert rows.max() < straight.image.shape[0] * 0.3
    left, right = np.nonzero(red[:, : red.shape[1] // 2])[0], np.nonzero(red[:, red.shape[1] // 2 :])[0]
    assert abs(left.mean() - right.mean()) < 4


def test_what_is_not_the_note_takes_the_papers_colour() -> None:
    straight = straighten(_slanted_note(SLANTED), tuple(SLANTED), "other", long_side=300, margin=0.1)
    outside = straight.image[straight.mask == 0]
    assert len(outside) > 1000
    assert np.abs(outside.astype(int) - PAPER).max(axis=1).mean() < 25


@settings(max_examples=25, deadline=None)
@given(st.floats(-170, 170), st.sampled_from(["square", "heart", "tick", "speech_bubble", "other"]))
def test_the_matrix_leads_back_to_the_photograph(degrees: float, shape: str) -> None:
    angle = math.radians(degrees)
    spin = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = np.array([[-80, -70], [80, -60], [90, 70], [-75, 85], [-90, 0]]) @ spin.T + (400, 300)
    image = np.full((600, 800, 3), WALL, np.uint8)
    cv2.fillPoly(image, [np.round(points).astype(np.int32)], PAPER)
    straight = straighten(image, tuple(map(tuple, points)), shape, long_side=200)
    for turned in (
        straight,
        turn(straight, 90),
        turn(straight, 180),
        turn(straight, 270),
        turn(straight, 33),
    ):
        ys, xs = np.nonzero(turned.mask)
        matrix = np.array(turned.matrix).reshape(3, 3)
        placed = cv2.perspectiveTransform(np.column_stack([xs, ys]).astype(np.float64)[None], matrix)[0]
        hull = points.astype(np.float32)
        worst = min(cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in placed[::97])
        assert worst > -3.0


def test_four_quarter_turns_are_none() -> None:
    straight = straighten(_slanted_note(SLANTED), tuple(SLANTED), "square", long_side=150)
    again = straight
    for _ in range(4):
        again = turn(again, 90)
    assert np.array_equal(again.image, straight.image)
    assert again.matrix == pytest.approx(straight.matrix, abs=1e-6)


def test_a_quarter_turn_is_clockwise() -> None:
    straight = straighten(_slanted_note(SLANTED), tuple(SLANTED), "square", long_side=150)
    red = turn(straight, 90).image[..., 1] < 110
    assert np.nonzero(red)[1].mean() > red.shape[1] * 0.6  # what was on top is now on the right


def test_a_hidden_corner_is_completed() -> None:
    bitten = ((100.0, 100.0), (300.0, 100.0), (300.0, 240.0), (240.0, 250.0), (230.0, 300.0), (100.0, 300.0))
    quad = fit_quadrilateral(bitten)
    assert quad is not None
    assert np.abs(quad - [[100, 100], [300, 100], [300, 300], [100, 300]]).max() < 12


@pytest.mark.parametrize("lean", [-30, -12, 0, 9, 25])
def test_a_tick_stands_upright_and_says_where_its_writing_runs(lean: float) -> None:
    stroke = np.array([[0.0, -60.0], [60.0, 0.0], [180.0, -150.0]])
    angle = math.radians(lean)
    spin = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    canvas = np.zeros((600, 800), np.uint8)
    cv2.polylines(canvas, [np.round(stroke @ spin.T + (330, 330)).astype(np.int32)], False, 255, 44)
    outline = max(cv2.findContours(canvas, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)[:, 0]
    image = np.full((600, 800, 3), 255, np.uint8)
    straight = straighten(image, tuple((float(x), float(y)) for x, y in outline), "tick", long_side=300)
    matrix = np.array(straight.matrix).reshape(3, 3)
    tilt = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
    assert tilt == pytest.approx(lean, abs=8)
    assert straight.writing_angle == pytest.approx(51, abs=8)
    level = turn(straight, straight.writing_angle)
    assert level.mask.shape[1] > 1.15 * level.mask.shape[0]
    assert abs(level.writing_angle) < 1e-6


def test_paper_within_an_outline_that_went_astray_through_a_narrow_mouth_is_kept() -> None:
    image = np.full((240, 240, 3), PAPER, np.uint8)
    image[110:130, 60:180] = (20, 20, 20)
    # From the right edge a slit 2 pixels wide leads to a bay over the writing.
    bay = [(220.0, 119.0), (190.0, 119.0), (190.0, 90.0), (50.0, 90.0), (50.0, 150.0), (190.0, 150.0)]
    outline = [
        (20.0, 20.0),
        (220.0, 20.0),
        *bay,
        (190.0, 121.0),
        (220.0, 121.0),
        (220.0, 220.0),
        (20.0, 220.0),
    ]
    straight = straighten(image, tuple(outline), "square", long_side=240)
    height, width = straight.mask.shape
    assert straight.mask[height // 2, width // 2] == 255
    assert straight.image[height // 2, width // 2].max() < 60, "the writing is still there"


def test_an_outline_beyond_the_photograph_is_an_error() -> None:
    with pytest.raises(ValueError, match="no area inside"):
        straighten(np.zeros((50, 50, 3), np.uint8), ((60.0, 0.0), (90.0, 0.0), (90.0, 30.0)), "square")


def test_a_note_cut_by_the_pictures_edge_keeps_only_what_was_seen() -> None:
    image = np.full((200, 200, 3), PAPER, np.uint8)
    straight = straighten(
        image, ((-50.0, 20.0), (100.0, 20.0), (100.0, 170.0), (-50.0, 170.0)), "square", 150
    )
    assert 0.55 < (straight.mask > 0).mean() < 0.66


def test_crops_are_plain_deterministic_jpegs_without_metadata() -> None:
    straight = straighten(_slanted_note(SLANTED), tuple(SLANTED), "square", long_side=700)
    one, two = encode_crop(straight, 90), encode_crop(straight, 90)
    assert one == two
    assert max(one.width, one.height) == 480
    picture = Pictures.open(io.BytesIO(one.jpeg))
    assert picture.format == "JPEG"
    assert picture.size == (one.width, one.height)
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_cut_gives_one_picture_an_outline_even_for_one_without_area() -> None:
    image = _slanted_note(SLANTED)
    outlines = (Outline(tuple(SLANTED), 0.9), Outline(((900.0, 900.0), (910.0, 900.0), (910.0, 910.0)), 0.5))
    kinds = (Classification("square", 0.9, "yellow"), Classification("other", 0.3, "white"))
    readings = tuple(NoteReading((), Ink(0.1, 0.0, 1.0, 12.0, True), turn=turns) for turns in (0, 90))
    crops = cut(image, outlines, kinds, PageReading(readings, ()))
    assert len(crops) == 2
    assert max(crops[0].width, crops[0].height) >= 240
    corner = np.asarray(Pictures.open(io.BytesIO(crops[1].jpeg)))[0, 0]
    assert np.abs(corner.astype(int) - BACKDROP).max() < 10
