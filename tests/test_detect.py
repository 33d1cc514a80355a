"""Stage detect: what it finds on boards that the test draws itself, and how it fails."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from pipeline import vocabulary
from pipeline.looks import SHAPE_ORDER, Look, Seen, merge
from pipeline.reduced import Reduced
from pipeline.stages import detect
from pipeline.stages.detect import Detector, reading_order
from pipeline.voting import Fields, _places, papers_of


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def board(
    notes: list[tuple[int, int, int, tuple[int, int, int]]], size: tuple[int, int] = (700, 900)
) -> np.ndarray:
    """A light wall with square notes (x, y, side, colour), soft shadows, and lines of pretend writing."""
    rng = np.random.default_rng(5)
    picture = np.full((*size, 3), (226, 224, 218), np.uint8)
    shade = np.zeros(size, np.uint8)
    for x, y, side, _ in notes:
        cv2.rectangle(shade, (x + 3, y + 5), (x + side + 3, y + side + 5), 90, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), 4)
    picture = (picture * (1 - shade[..., None] / 255 * 0.6)).astype(np.uint8)
    for x, y, side, colour in notes:
        cv2.rectangle(picture, (x, y), (x + side, y + side), colour, -1)
        for k in range(3):
            at = (x + side // 9, y + side * (k + 1) // 4)
            cv2.putText(
                picture, "share it", at, cv2.FONT_HERSHEY_SIMPLEX, side / 180, (30, 30, 40), 2, cv2.LINE_AA
            )
    noisy = picture.astype(float) + rng.normal(0, 2, picture.shape)
    return np.clip(cv2.GaussianBlur(noisy, (0, 0), 0.7), 0, 255).astype(np.uint8)


NOTES = [
    (80, 90, 130, (255, 232, 90)),
    (330, 100, 130, (250, 120, 170)),
    (600, 95, 130, (140, 220, 120)),
    (90, 380, 130, (255, 160, 60)),
    (340, 390, 130, (120, 190, 240)),
]


def boxes(result: detect.Detection) -> list[tuple[float, float, float, float]]:
    out = []
    for outline in result.outlines:
        xs, ys = zip(*outline.polygon, strict=True)
        out.append((min(xs), min(ys), max(xs), max(ys)))
    return out


def test_every_drawn_note_is_found_in_reading_order(detector: Detector) -> None:
    result = detector.detect(board(NOTES))
    found = boxes(result)
    assert len(found) == len(NOTES)
    for (x, y, side, _), (x0, y0, x1, y1) in zip(NOTES, found, strict=True):
        assert abs(x0 - x) < 10 and abs(y0 - y) < 10
        assert abs(x1 - x - side) < 10 and abs(y1 - y - side) < 10


def test_votes_are_known_shapes_and_prefer_the_square(detector: Detector) -> None:
    for outline in detector.detect(board(NOTES)).outlines:
        assert set(outline.shape_scores) <= set(vocabulary.SHAPES)
        assert max(outline.shape_scores, key=lambda k: outline.shape_scores[k]) == "square"
        assert 0.5 < outline.score <= 1


def test_touching_notes_of_one_colour_are_told_apart(detector: Detector) -> None:
    row = [(150 + 142 * k, 200, 140, (255, 232, 90)) for k in range(4)]
    assert len(detector.detect(board(row)).outlines) == 4


def test_an_empty_wall_has_no_notes(detector: Detector) -> None:
    result = detector.detect(board([]))
    assert result.outlines == ()
    assert result.headings == ()


@pytest.mark.parametrize("size", [(9, 9), (40, 700), (333, 201)])
def test_odd_sizes_do_not_break_it(detector: Detector, size: tuple[int, int]) -> None:
    result = detector.detect(np.full((*size, 3), 128, np.uint8))
    for outline in result.outlines:
        assert all(0 <= x <= size[1] and 0 <= y <= size[0] for x, y in outline.polygon)


def test_the_same_picture_gives_the_same_record(detector: Detector) -> None:
    picture = board(NOTES)
    assert repr(detector.detect(picture)) == repr(Detector().detect(picture.copy()))


@pytest.mark.parametrize(
    "wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_wrong_arrays_are_refused(detector: Detector, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        detector.detect(wrong)


def test_fingerprint_names_the_weights(detector: Detector) -> None:
    assert detector.fingerprint == Detector().fingerprint
    assert detector.fingerprint.startswith(f"{detect.VERSION}-")
    assert detect.WEIGHTS.stat().st_size <= 20_000_000


def test_missing_weights_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Detector(weights=tmp_path / "none.onnx")


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), max_size=30))
def test_reading_order_is_a_permutation_that_goes_down(centres: list[tuple[float, float]]) -> None:
    order = reading_order(centres, [100.0] * len(centres))
    assert sorted(order) == list(range(len(centres)))
    for a, b in itertools.pairwise(order):
        assert centres[b][1] > centres[a][1] - 50


def test_reading_order_reads_rows_from_the_left() -> None:
    assert reading_order([(300, 20), (100, 30), (100, 200), (300, 190)], [100.0] * 4) == [1, 0, 2, 3]


BOARDS = Path(__file__).resolve().parents[2] / "shared" / "boards"


def photograph(name: str) -> np.ndarray:
    path = BOARDS / name
    if not path.exists():
        pytest.skip(f"{path.name}: the measuring boards are not beside the project")
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def test_a_wall_of_touching_notes_is_counted(detector: Detector) -> None:
    found = detector.detect(photograph("real/images/opl__usability-testing-stickies.jpg"))
    assert len(found.outlines) == 46


def test_tiny_notes_on_a_large_photograph_get_a_closer_look(detector: Detector) -> None:
    wall = np.full((2400, 3200, 3), (214, 212, 208), np.uint8)
    wall[300:1407, 900:2692] = photograph("real/images/wikidatazh__kanban.jpg")[:1107, :1792]
    assert abs(len(detector.detect(wall).outlines) - 20) <= 1


def test_a_printed_heading_is_no_note(detector: Detector) -> None:
    found = detector.detect(photograph("rendered/images/O2_01.jpg"))
    assert len(found.headings) == 1
    top = max(y for _, y in found.headings[0].polygon)
    assert all(min(y for _, y in outline.polygon) > top - 40 for outline in found.outlines)
    corners = found.headings[0].polygon
    assert len(corners) == 4
    assert cv2.contourArea(np.array(corners, np.float32), oriented=True) > 0


def paper(x: float, y: float, side: float, *, is_heading: bool = False) -> Seen:
    corners = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return Seen(corners, 0.9, is_heading, np.ones(5, np.float32), side, side)


def test_a_lonely_scrap_at_the_edge_of_the_picture_is_no_note() -> None:
    notes = [paper(300 + 150 * k, 400, 100) for k in range(4)]
    scrap = paper(0, 0, 40)
    heading = paper(0, 60, 30, is_heading=True)
    assert detect.without_scraps([scrap, heading, *notes], 1000, 800) == [heading, *notes]


@pytest.mark.parametrize(
    "kept",
    [
        paper(0, 0, 90),  # as large as the others
        paper(20, 20, 40),  # whole
        paper(310, 510, 29),  # cut, and close to another
    ],
)
def test_what_may_be_a_note_is_kept(kept: Seen) -> None:
    notes = [paper(300 + 150 * k, 400, 100) for k in range(4)]
    assert detect.without_scraps([kept, *notes], 1000, 540) == [kept, *notes]


def test_among_few_notes_nothing_is_too_small() -> None:
    few = [paper(0, 0, 10), paper(300, 300, 100), paper(600, 300, 100)]
    assert detect.without_scraps(few, 1000, 800) == few


# --- sightings at several scales --------------------------------------------------------------


def seen(
    box: tuple[float, float, float, float], score: float, shape: str = "tick", seen_side: float = 88
) -> Seen:
    left, top, right, bottom = box
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    votes = np.array([float(name == shape) for name in SHAPE_ORDER], np.float32)
    side = float(np.sqrt((right - left) * (bottom - top)))
    return Seen(corners, score, False, votes, side, seen_side)


NOTHING = Fields(
    np.zeros((3, 8, 8), np.float32), np.zeros((4, 4, 4), np.float32), np.zeros((6, 4, 4), np.float32)
)


def merged(*looks: list[Seen]) -> list[tuple[float, float]]:
    """The left and right edges of what is kept, of looks at one scale."""
    found = merge([Look(1.0, list(look), NOTHING) for look in looks])
    return sorted((one.polygon[0][0], one.polygon[1][0]) for one in found)


WHOLE, LEFT, RIGHT = (0.0, 0.0, 200.0, 90.0), (0.0, 0.0, 70.0, 90.0), (70.0, 0.0, 200.0, 90.0)


def test_a_note_seen_in_pieces_by_one_look_is_whole_where_others_see_it_whole() -> None:
    in_pieces = [seen(LEFT, 0.8), seen(RIGHT, 0.95)]
    whole = [seen(WHOLE, 0.8, seen_side=45)]
    assert merged(in_pieces, whole, whole) == [(0, 200)]


def test_pieces_stand_where_the_looks_agree_on_them() -> None:
    in_pieces = [seen(LEFT, 0.9), seen(RIGHT, 0.9)]
    assert merged(in_pieces, in_pieces, [seen(WHOLE, 0.6, seen_side=45)]) == [(0, 70), (70, 200)]


def test_pieces_that_lie_over_each_other_are_one_note_that_each_look_parts_its_own_way() -> None:
    one_way = [seen((0.0, 0.0, 115.0, 90.0), 0.85), seen((115.0, 0.0, 200.0, 90.0), 0.86)]
    another = [seen((0.0, 0.0, 95.0, 90.0), 0.72), seen((95.0, 0.0, 200.0, 90.0), 0.85)]
    whole = [seen(WHOLE, 0.8, seen_side=60)]
    assert merged(one_way, another, whole) == [(0, 200)]


def test_square_notes_side_by_side_are_not_one_large_note() -> None:
    left, right = (0.0, 0.0, 90.0, 90.0), (95.0, 0.0, 185.0, 90.0)
    apart = [seen(left, 0.7, "square"), seen(right, 0.95, "square")]
    together = [seen((0.0, 0.0, 185.0, 90.0), 0.9, "rectangle", seen_side=45)]
    assert merged(apart, together) == [(0, 90), (95, 185)]


# --- doubtful paper ---------------------------------------------------------------------------


def wall(*papers: tuple[int, int, int, tuple[int, int, int]]) -> np.ndarray:
    picture = np.full((400, 600, 3), 225, np.uint8)
    for x, y, side, colour in papers:
        cv2.rectangle(picture, (x, y), (x + side, y + side), colour, -1)
    return picture


def corners(x: int, y: int, side: int) -> tuple[tuple[float, float], ...]:
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


YELLOW, BLUE = (250, 225, 90), (120, 190, 240)


def test_only_doubtful_whole_paper_of_some_score_is_believed() -> None:
    picture = wall((20, 20, 90, YELLOW), (150, 20, 90, YELLOW), (280, 20, 90, YELLOW), (410, 20, 90, YELLOW))
    sure = seen((20, 20, 110, 110), 0.9, "square")
    blank = seen((150, 20, 240, 110), 0.4, "square")
    too_doubtful = seen((280, 20, 370, 110), 0.3, "square")
    piece = seen((410, 20, 500, 110), 0.45, "tick")
    assert detect._believed([sure, blank, too_doubtful, piece], Reduced.of(picture)) == [sure, blank]


# --- faint paper ------------------------------------------------------------------------------


def half_seen(*papers: tuple[tuple[int, int, int, int], float, float]) -> Look:
    """A look at the wall above, 1:1, with paper that is note so far, heading so far."""
    masks = np.zeros((3, 200, 300), np.float32)
    ys, xs = (np.mgrid[0:100, 0:150] * 4 + 2.0).astype(np.float32)
    boxes = np.stack([xs - 2, ys - 2, xs + 2, ys + 2])
    votes = np.zeros((6, 100, 150), np.float32)
    votes[SHAPE_ORDER.index("square")] = 1
    for box, note, head in papers:
        x0, y0, x1, y1 = box
        masks[0, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = note
        masks[1, y0 // 2 + 4 : y1 // 2 - 4, x0 // 2 + 4 : x1 // 2 - 4] = note
        masks[2, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = head
        boxes[:, y0 // 4 : y1 // 4, x0 // 4 : x1 // 4] = np.array(box, np.float32)[:, None, None]
    return Look(1.0, [], Fields(masks, boxes, votes))


def test_paper_half_taken_for_a_heading_is_a_note_where_a_note_has_its_colour() -> None:
    picture = wall((20, 20, 90, YELLOW), (160, 20, 90, YELLOW), (300, 20, 90, BLUE))
    sure = seen((20, 20, 110, 110), 0.9, "square")
    look = half_seen(((160, 20, 250, 110), 0.4, 0.4), ((300, 20, 390, 110), 0.4, 0.4))
    assert papers_of(look.fields) == []  # by itself the network finds neither
    found = detect._with_faint([sure], [look], picture, Reduced.of(picture))
    assert found[0] == sure
    assert [one.score for one in found[1:]] == [0.5]  # the blue one has no fellow
    left, top = np.min(found[1].polygon, axis=0)
    right, bottom = np.max(found[1].polygon, axis=0)
    assert (left, top, right, bottom) == pytest.approx((160, 20, 250, 110), abs=4)


@pytest.mark.parametrize(("score", "is_kept"), [(0.5, False), (0.9, True)])
def test_a_doubtful_heading_on_such_a_note_is_its_writing(score: float, is_kept: bool) -> None:
    picture = wall((20, 20, 90, YELLOW), (160, 20, 90, YELLOW))
    sure = seen((20, 20, 110, 110), 0.9, "square")
    card = replace(seen((170, 40, 240, 80), score), is_heading=True)
    look = half_seen(((160, 20, 250, 110), 0.4, 0.4))
    found = detect._with_faint([sure, card], [look], picture, Reduced.of(picture))
    assert (card in found) == is_kept


def test_without_notes_nothing_faint_is_believed() -> None:
    picture = wall((160, 20, 90, YELLOW))
    assert (
        detect._with_faint([], [half_seen(((160, 20, 250, 110), 0.4, 0.4))], picture, Reduced.of(picture))
        == []
    )


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 7), st.integers(1, 3), st.integers(0, 2**31))
def test_regions_lie_where_scipy_finds_them(height: int, width: int, most: int, each: int, seed: int) -> None:
    picked = np.random.default_rng(seed).integers(0, most + 1, (height, width)).astype(np.int32)
    regions = picked.repeat(each, 0).repeat(each, 1)[::2, ::2]
    assert _places(regions) == ndimage.find_objects(regions)
