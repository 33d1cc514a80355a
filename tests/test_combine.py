"""Boards are drawn here: a card, notes with words, a wall; seen by cameras that stand elsewhere."""

from __future__ import annotations

import hashlib
import random

import cv2
import numpy as np
import pytest

from pipeline import linking
from pipeline.candidates import ALL_PAIRS_UP_TO, PARTNERS, candidate_pairs, sketch
from pipeline.model import (
    Classification,
    Detection,
    Features,
    HeadingBox,
    HeadingReading,
    Ink,
    Line,
    NoteReading,
    Outline,
    PageReading,
    Photo,
    PhotoRecord,
    Reading,
    Word,
)
from pipeline.registration import unpack
from pipeline.stages import combine as stage
from pipeline.stages.combine import combine
from pipeline.stages.describe import describe

COLOURS = {
    "yellow": (250, 230, 90),
    "pink": (250, 130, 170),
    "green": (150, 210, 90),
    "blue": (140, 190, 240),
}
WORDS = (
    "river",
    "bread",
    "council",
    "window",
    "share",
    "garden",
    "budget",
    "listen",
    "street",
    "school",
    "bus",
)
FLAT = (1600, 1200)
STRAIGHT = np.eye(3)
ASLANT = np.array([[0.8, 0.09, 20], [-0.06, 0.86, 110], [-2.5e-5, 3e-5, 1]])
LEFT = np.array([[1.15, 0.02, -40], [0.01, 1.15, -30], [0, 0, 1.0]])
RIGHT = np.array([[1.1, -0.03, -560], [0.04, 1.12, -60], [1e-5, 0, 1.0]])

Note = tuple[float, float, str, str]


def _notes(seed: int, count: int = 9) -> list[Note]:
    """Notes in slots of a template: x, y, colour, words. The seed changes words alone."""
    rng = random.Random(seed)
    names = list(COLOURS)
    return [
        (120.0 + 460 * (i % 3), 330.0 + 280 * (i // 3), names[i % 4], " ".join(rng.sample(WORDS, 4)))
        for i in range(count)
    ]


def _sheet(notes: list[Note], heading: str = "POWER") -> np.ndarray:
    sheet = np.full((FLAT[1], FLAT[0], 3), 244, np.uint8)
    grain = np.random.default_rng(4).normal(0, 3, (FLAT[1] // 4, FLAT[0] // 4))
    sheet = np.clip(sheet + cv2.resize(grain, FLAT)[..., None], 0, 255).astype(np.uint8)
    cv2.rectangle(sheet, (400, 60), (1200, 220), (255, 255, 255), -1)
    cv2.rectangle(sheet, (400, 60), (1200, 220), (90, 90, 90), 3)
    cv2.putText(sheet, heading, (460, 180), cv2.FONT_HERSHEY_DUPLEX, 4, (20, 20, 20), 9)
    for x, y, colour, words in notes:
        left, upper = int(x), int(y)
        cv2.rectangle(sheet, (left, upper), (left + 230, upper + 230), COLOURS[colour], -1)
        for line, word in enumerate(words.split()):
            place = (left + 14, upper + 54 + 50 * line)
            cv2.putText(sheet, word, place, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.5, (40, 30, 60), 3)
    return sheet


def _seen(
    path: str,
    notes: list[Note],
    camera: np.ndarray,
    *,
    sharpness: float = 0.5,
    heading: str = "POWER",
    reads: bool = True,
) -> tuple[PhotoRecord, Features]:
    """What the map half would know of one photograph of a sheet."""
    photo = cv2.warpPerspective(_sheet(notes, heading), camera, FLAT, borderValue=(60, 70, 90))
    outlines, kinds, readings = [], [], []
    for x, y, colour, words in notes:
        flat = np.array([[x, y], [x + 230, y], [x + 230, y + 230], [x, y + 230]])
        placed = cv2.perspectiveTransform(flat[None], camera)[0]
        clipped = np.clip(placed, 0, np.array(FLAT) - 1)
        if np.ptp(clipped, axis=0).min() < 20:
            continue
        outlines.append(Outline(tuple((float(a), float(b)) for a, b in clipped), 0.9))
        kinds.append(Classification("square", 0.9, colour))
        line = Line(tuple(Word(word, 0.9 if reads else 0.3) for word in words.split()))
        readings.append(NoteReading((Reading("fake", "1", (line,)),), Ink(0.1, 0, sharpness, 20, True)))
    card = cv2.perspectiveTransform(
        np.array([[[400, 60], [1200, 60], [1200, 220], [400, 220]]], float), camera
    )[0]
    boxes, texts = [], []
    if card.max() > 0 and (card >= 0).all():
        boxes.append(HeadingBox(tuple((float(a), float(b)) for a, b in card), 0.9))
        texts.append(HeadingReading(heading, 0.9, "fake"))
    record = PhotoRecord(
        Photo(path, hashlib.sha256(path.encode()).hexdigest(), *FLAT, "JPEG"),
        Detection(tuple(outlines), tuple(boxes)),
        tuple(kinds),
        PageReading(tuple(readings), tuple(texts)),
    )
    return record, describe(photo)


def _combined(*seen: tuple[PhotoRecord, Features]):
    return combine([record for record, _ in seen], {record.photo.path: points for record, points in seen})


def test_a_better_photograph_of_a_sheet_is_the_same_board_and_its_sightings_come_first() -> None:
    notes = _notes(1)
    poor, good = _seen("a.jpg", notes, ASLANT, sharpness=0.2), _seen("b.jpg", notes, STRAIGHT, sharpness=0.6)
    (board,) = _combined(poor, good)
    assert board.photos == ("a.jpg", "b.jpg")
    assert len(board.notes) == 9
    assert all([s.photo for s in note.sightings] == ["b.jpg", "a.jpg"] for note in board.notes)
    assert len(board.headings) == 1


def test_overlapping_photographs_share_their_common_notes_and_a_cut_note_is_not_preferred() -> None:
    notes = _notes(2)
    left, right = (
        _seen("left.jpg", notes, LEFT, sharpness=0.9),
        _seen("right.jpg", notes, RIGHT, sharpness=0.4),
    )
    (board,) = _combined(left, right)
    assert len(board.notes) == 9
    twice = [note for note in board.notes if len(note.sightings) == 2]
    assert len(twice) >= 5
    for note in board.notes:
        xs = [x for x, _ in note.sightings[0].polygon]
        assert len(note.sightings) == 1 or (min(xs) > 0 and max(xs) < FLAT[0] - 1)


def test_the_same_template_filled_in_otherwise_is_another_sheet() -> None:
    one, other = _seen("a.jpg", _notes(1), STRAIGHT), _seen("b.jpg", _notes(77), ASLANT)
    assert len(_combined(one, other)) == 2


def test_the_same_template_is_another_sheet_even_where_nothing_could_be_read() -> None:
    one, other = (
        _seen("a.jpg", _notes(1), STRAIGHT, reads=False),
        _seen("b.jpg", _notes(77), ASLANT, reads=False),
    )
    assert len(_combined(one, other)) == 2


def test_the_same_card_over_other_notes_is_another_sheet() -> None:
    moved = [
        (x + 37 * ((i * 5) % 7 - 3), y + 29 * ((i * 3) % 5 - 2), c, w)
        for i, (x, y, c, w) in enumerate(_notes(9, 6))
    ]
    one, other = _seen("a.jpg", _notes(1), STRAIGHT), _seen("b.jpg", moved, ASLANT)
    assert len(_combined(one, other)) == 2


def test_a_note_added_later_does_not_part_the_sheet() -> None:
    notes = _notes(3)
    before, after = _seen("a.jpg", notes[:7], STRAIGHT), _seen("b.jpg", notes, ASLANT)
    (board,) = _combined(before, after)
    assert len(board.notes) == 9


def test_three_photographs_in_any_order_give_the_same_boards() -> None:
    notes = _notes(5)
    seen = [_seen("a.jpg", notes, LEFT), _seen("b.jpg", notes, RIGHT), _seen("c.jpg", notes, ASLANT)]
    seen.append(_seen("d.jpg", _notes(6), STRAIGHT, heading="TRUST"))
    first = _combined(*seen)
    assert first == _combined(*reversed(seen))
    assert [board.photos for board in first] == [("a.jpg", "b.jpg", "c.jpg"), ("d.jpg",)]
    assert all(len(board.notes) == 9 for board in first)
    for board in first:
        for note in board.notes:
            assert len({sighting.photo for sighting in note.sightings}) == len(note.sightings)


def test_a_board_keeps_its_id_when_another_is_added() -> None:
    one, other = _seen("a.jpg", _notes(1), STRAIGHT), _seen("b.jpg", _notes(8), STRAIGHT, heading="TRUST")
    assert _combined(one)[0].id == _combined(one, other)[0].id


def test_photographs_without_points_or_notes_stay_alone() -> None:
    record, _ = _seen("a.jpg", _notes(1), STRAIGHT)
    plain, flat = _seen("b.jpg", [], STRAIGHT)
    blank = describe(np.full((300, 400, 3), 200, np.uint8))
    assert blank.points == ()
    boards = combine([record, plain], {"a.jpg": blank, "b.jpg": flat})
    assert [len(board.notes) for board in boards] == [9, 0]
    assert combine([], {}) == ()


def test_description_is_bounded_and_repeatable() -> None:
    photo = _sheet(_notes(1))
    one, two = describe(photo), describe(photo.copy())
    assert one == two
    count = len(one.points) // 2
    assert 100 < count <= 800
    assert len(one.descriptors) == count * one.width
    assert max(one.points[::2]) < FLAT[0]


def test_among_many_photographs_only_likely_pairs_are_compared() -> None:
    rng = np.random.default_rng(1)
    sketches = {}
    for number in range(60):
        rows = np.abs(rng.normal(scale=40, size=(300, 128))).clip(0, 255).astype(np.uint8)
        sketches[f"other-{number:02d}"] = sketch(rows)
    notes = _notes(1)
    for name, camera in (("a", STRAIGHT), ("b", ASLANT)):
        sketches[name] = sketch(unpack(_seen(name, notes, camera)[1]).rows)
    pairs = candidate_pairs(sketches)
    assert ("a", "b") in pairs
    assert len(pairs) <= PARTNERS * len(sketches) < len(sketches) * (len(sketches) - 1) / 4
    assert candidate_pairs(dict(reversed(sketches.items()))) == pairs
    few = dict(sorted(sketches.items())[:ALL_PAIRS_UP_TO])
    assert len(candidate_pairs(few)) == ALL_PAIRS_UP_TO * (ALL_PAIRS_UP_TO - 1) / 2


def test_a_board_photographed_often_is_joined_without_comparing_all_its_outlines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Views that hang together by their links alone, in a chain; each is the next one's neighbour only."""
    notes = _notes(4)
    shifts = [(0.0, 0.0), (-210.0, 12.0), (-420.0, -9.0), (-30.0, 180.0), (-330.0, 160.0), (-60.0, 30.0)]
    seen = []
    for number, (x, y) in enumerate(shifts):
        camera = np.array([[1.12, 0.01, x], [0.0, 1.12, y - 90], [0, 0, 1.0]])
        seen.append(_seen(f"{number}.jpg", notes, camera, sharpness=0.3 + number / 10))
    links, view = linking.find_links, linking.common_view
    viewed: list[object] = []

    def chained(*args: object) -> list[linking.Link]:
        return [link for link in links(*args) if int(link.b[0]) - int(link.a[0]) == 1]  # type: ignore[arg-type]

    def common_view(*args: object) -> object:
        viewed.append(args)
        return view(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(stage, "find_links", chained)
    monkeypatch.setattr(stage, "common_view", common_view)
    quick, compared = _combined(*seen), len(viewed)
    monkeypatch.setattr(stage, "_any_may_join", lambda *_: True)
    assert _combined(*seen) == quick
    assert len(quick) == 1
    assert all(len(note.sightings) > 2 for note in quick[0].notes)
    assert 0 < compared < len(viewed) - compared == 10
