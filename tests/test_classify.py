from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import vocabulary
from pipeline.colour import colour_name, paper_lab, photo_white, to_lab, to_linear
from pipeline.model import Classification, Legend, Outline, Polygon
from pipeline.refine import refined_outline
from pipeline.shape import CLASSES, features, shape_probabilities
from pipeline.stages.assign import response_type
from pipeline.stages.classify import classify, weigh
from pipeline.training.classify.draw import draw

SQUARE = ((100.0, 100.0), (300.0, 104.0), (297.0, 300.0), (98.0, 296.0))
LEGEND = Legend(
    {"tick": "agreement", "heart": "importance", "speech_bubble": "amendment", "square": "challenge"}
)


def _photo(width: int = 480, height: int = 440) -> np.ndarray:
    return np.full((height, width, 3), 238, np.uint8)


def _drawn(kind: str, seed: int, size: float = 220, at: tuple[float, float] = (240, 220)) -> Polygon:
    points = np.array(draw(np.random.default_rng(seed), kind).exterior.coords)[:-1]
    points = (points - (points.min(axis=0) + points.max(axis=0)) / 2) * size / np.ptp(points, axis=0).max()
    return tuple((float(x), float(y)) for x, y in points + at)


@pytest.mark.parametrize("kind", ["tick", "heart", "speech_bubble"])
def test_cut_shapes_are_known(kind: str) -> None:
    right = sum(
        classify(_photo(), [Outline(_drawn(kind, seed), 0.9)])[0].shape == kind for seed in range(100, 120)
    )
    assert right >= 17


def test_squares_and_rectangles_are_told_apart_by_their_sides() -> None:
    wide = ((100.0, 100.0), (420.0, 104.0), (417.0, 300.0), (98.0, 296.0))
    found = classify(_photo(), [Outline(SQUARE, 0.9)])[0], classify(_photo(), [Outline(wide, 0.9)])[0]
    assert [one.shape for one in found] == ["square", "rectangle"]
    assert all(one.shape_confidence > 0.9 for one in found)


def test_a_tick_drawn_on_a_square_is_a_square() -> None:
    outline = Outline(SQUARE, 0.9, {"tick": 0.55, "square": 0.35, "heart": 0.1})
    assert classify(_photo(), [outline])[0].shape == "square"


def test_a_square_whose_half_lies_behind_another_stays_square() -> None:
    half = ((100.0, 100.0), (300.0, 100.0), (300.0, 200.0), (100.0, 200.0))
    over = ((80.0, 200.0), (310.0, 200.0), (310.0, 420.0), (80.0, 420.0))
    alone = classify(_photo(), [Outline(half, 0.9)])[0]
    behind = classify(_photo(), [Outline(half, 0.9), Outline(over, 0.9)])[0]
    assert (alone.shape, behind.shape) == ("rectangle", "square")
    assert behind.shape_confidence < 0.9


def test_votes_decide_where_the_outline_says_little() -> None:
    vague = dict.fromkeys(CLASSES, 0.2)
    assert max(weigh(vague, {"heart": 0.9, "square": 0.1}).items(), key=lambda one: one[1])[0] == "heart"
    assert sum(weigh(vague, {}).values()) == pytest.approx(1.0)


@settings(max_examples=15, deadline=None)
@given(
    st.floats(0, 360), st.floats(0.4, 3), st.sampled_from(["tick", "heart", "speech_bubble", "four_sided"])
)
def test_the_descriptors_hardly_change_when_the_outline_is_turned_or_scaled(
    degrees: float, scale: float, kind: str
) -> None:
    points = np.array(_drawn(kind, 5))
    angle = math.radians(degrees)
    spin = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) * scale
    before, after = features(points), features(points @ spin.T + (900, 700))
    assert np.isfinite(after).all()
    best = max(shape_probabilities(before).items(), key=lambda one: one[1])[0]
    assert max(shape_probabilities(after).items(), key=lambda one: one[1])[0] == best


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-50, 900), st.floats(-50, 700)), min_size=3, max_size=9))
def test_any_outline_gets_a_code_of_the_vocabulary(points: list[tuple[float, float]]) -> None:
    found = classify(_photo(), [Outline(tuple(points), 0.5)])[0]
    assert found.shape in vocabulary.SHAPES
    assert found.colour in vocabulary.COLOURS


def test_nothing_found_is_nothing_classified() -> None:
    assert classify(_photo(), []) == ()


PADS = {
    "yellow": (255, 240, 110), "orange": (255, 150, 40), "pink": (255, 110, 165), "red": (205, 40, 40),
    "purple": (175, 130, 225), "blue": (120, 175, 240), "green": (130, 205, 60), "teal": (30, 160, 150),
    "white": (250, 250, 250), "grey": (130, 130, 130), "black": (20, 20, 22), "cream": (245, 232, 205),
    "brown": (120, 80, 50),
}  # fmt: skip


@pytest.mark.parametrize("light", [(1, 1, 1), (1, 0.9, 0.72), (0.82, 0.92, 1), (0.5, 0.5, 0.5)])
@pytest.mark.parametrize("name", PADS)
def test_pads_keep_their_name_in_lamp_light_shade_and_under_ink(
    name: str, light: tuple[float, float, float]
) -> None:
    image = np.full((320, 340, 3), 245, np.uint8)
    image[100:301, 100:301] = PADS[name]
    image[150:160, 120:280] = image[200:210, 120:280] = (25, 25, 60)
    lit = to_linear(image) * light
    encoded = np.where(lit <= 0.0031308, lit * 12.92, 1.055 * lit ** (1 / 2.4) - 0.055)
    photo = np.clip(np.round(encoded * 255), 0, 255).astype(np.uint8)
    square = ((100.0, 100.0), (300.0, 100.0), (300.0, 300.0), (100.0, 300.0))
    assert colour_name(paper_lab(photo, square, photo_white(photo))) == name


def test_lab_of_white_and_black() -> None:
    assert to_lab(to_linear(np.array([255, 255, 255]))) == pytest.approx([100, 0, 0], abs=0.01)
    assert to_lab(to_linear(np.array([0, 0, 0]))) == pytest.approx([0, 0, 0], abs=0.01)


@pytest.mark.parametrize(
    ("shape", "confidence", "colour", "legend", "expected"),
    [
        ("heart", 0.9, "pink", LEGEND, "importance"),
        ("heart", 0.5, "pink", LEGEND, "unsure"),
        ("rectangle", 0.9, "pink", LEGEND, "other"),
        ("square", 0.9, "blue", Legend({}, {"blue": "agreement"}), "agreement"),
        ("square", 0.2, "blue", Legend({}, {"blue": "agreement"}), "agreement"),
        ("square", 0.9, "red", Legend({}, {"blue": "agreement"}), "other"),
        (
            "square",
            0.9,
            "red",
            Legend({"square": "challenge"}, {}, {"square red": "importance"}),
            "importance",
        ),
        (
            "square",
            0.9,
            "blue",
            Legend({"square": "challenge"}, {}, {"square red": "importance"}),
            "challenge",
        ),
        ("square", 0.2, "red", Legend({"square": "challenge"}, {}, {"square red": "importance"}), "unsure"),
    ],
)
def test_the_legend_gives_the_type(
    shape: str, confidence: float, colour: str, legend: Legend, expected: str
) -> None:
    assert response_type(Classification(shape, confidence, colour), legend, 0.6) == expected


def _bubble_photo(wall: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A yellow bubble with a tail, shaded from left to right, with ink; and its outline."""
    image = np.full((300, 360, 3), wall, np.uint8)
    outline = np.array(
        [[60, 60], [260, 60], [260, 180], [150, 180], [110, 235], [112, 180], [60, 180]], float
    )
    cv2.fillPoly(image, [outline.astype(np.int32)], (245, 220, 80))
    image[100:110, 90:230] = image[130:140, 90:200] = (30, 30, 60)
    shade = np.linspace(0.8, 1.0, 360)[None, :, None]
    return np.clip(image * shade, 0, 255).astype(np.uint8), outline


def test_a_tail_that_the_detector_lost_is_found_by_its_colour() -> None:
    image, outline = _bubble_photo((215, 218, 222))
    coarse = np.array([[64, 58], [256, 63], [262, 176], [58, 183]], float)
    fine = refined_outline(image, coarse, [])
    assert fine is not None
    assert fine[:, 1].max() == pytest.approx(outline[:, 1].max(), abs=10)
    assert fine[:, 0].min() == pytest.approx(60, abs=4)
    found = classify(image, [Outline(tuple(map(tuple, coarse)), 0.9, {"square": 0.5, "speech_bubble": 0.5})])
    assert found[0].shape == "speech_bubble"


def test_a_neighbour_of_the_same_colour_is_not_taken_in() -> None:
    image, _ = _bubble_photo((215, 218, 222))
    image[60:181, 261:340] = image[70, 250]
    coarse = np.array([[64, 58], [258, 61], [259, 178], [58, 183]], float)
    neighbour = np.array([[261, 60], [340, 60], [340, 180], [261, 180]], float)
    fine = refined_outline(image, coarse, [neighbour])
    assert fine is not None
    assert fine[:, 0].max() < 266


def test_where_the_wall_looks_like_the_paper_the_detectors_outline_stands() -> None:
    image, _ = _bubble_photo((244, 221, 84))
    assert refined_outline(image, np.array([[60, 60], [260, 60], [260, 180], [60, 180]], float), []) is None
