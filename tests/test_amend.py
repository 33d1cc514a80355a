"""Outlines by hand: drawn, moved, split, joined and taken back, before photographs are combined."""

from dataclasses import replace

import pytest
from factories import digest_of, make_decision, make_photo, make_polygon

from pipeline.anchors import Anchor
from pipeline.model import (
    Classification,
    Crop,
    Decision,
    Detection,
    Ink,
    NoteReading,
    Outline,
    PageReading,
    PhotoRecord,
    Polygon,
    Reading,
)
from pipeline.stages.amend import Amended, HandReading, amend, hand_outlines

SHA = digest_of("board-1.jpg")


def a_reading(name: str) -> NoteReading:
    return NoteReading((Reading(name, "1", ()),), Ink(0.1, 0.0, 10.0, 20.0, is_written=True))


def a_record(*numbers: int) -> PhotoRecord:
    """A photograph with notes detected in these cells of the grid."""
    return PhotoRecord(
        make_photo(),
        Detection(tuple(Outline(make_polygon(n), 0.8) for n in numbers), ()),
        tuple(Classification("tick", 0.9, "green") for _ in numbers),
        PageReading(tuple(a_reading(f"machine {n}") for n in numbers), ()),
    )


class AnyReading(dict[Anchor, HandReading]):
    """Every outline was read."""

    def __missing__(self, anchor: Anchor) -> HandReading:
        return HandReading(Classification("square", 0.9, "pink"), a_reading("hand"), Crop(b"", 1, 1))

    def __contains__(self, anchor: object) -> bool:
        return True


def outline(number: int, polygon: Polygon, field: str = "note", **overrides: object) -> Decision:
    new = overrides.pop("new", polygon if field == "note" else None)
    return make_decision(number, polygon=polygon, field=field, new=new, old=None, **overrides)


def outlines(amended: Amended) -> list[Polygon]:
    return [one.polygon for one in amended.records[0].detection.outlines]


def shifted(polygon: Polygon, by: float) -> Polygon:
    return tuple((x + by, y + by) for x, y in polygon)


def halves(polygon: Polygon) -> tuple[Polygon, Polygon]:
    (x, y), (right, _), (_, bottom), _ = polygon
    middle = (x + right) / 2
    return (
        ((x, y), (middle, y), (middle, bottom), (x, bottom)),
        ((middle, y), (right, y), (right, bottom), (middle, bottom)),
    )


def test_without_outlines_by_hand_nothing_changes() -> None:
    record = a_record(1, 2)
    amended = amend([record], [make_decision()], {})
    assert amended.records[0] is record
    assert not amended.by_hand


def test_a_drawn_outline_is_a_note_at_the_end_of_the_row() -> None:
    amended = amend([a_record(1, 2)], [outline(1, make_polygon(5))], AnyReading())
    assert outlines(amended) == [make_polygon(1), make_polygon(2), make_polygon(5)]
    record = amended.records[0]
    assert [one.shape for one in record.classifications] == ["tick", "tick", "square"]
    assert record.page.notes[2].readings[0].reader == "hand"
    assert amended.by_hand == {(SHA, make_polygon(5))}


def test_a_drawn_outline_can_be_taken_away_again() -> None:
    drawn = outline(1, make_polygon(5))
    assert outlines(amend([a_record(1)], [drawn, outline(2, make_polygon(5), new=None)], AnyReading())) == [
        make_polygon(1)
    ]
    undo = make_decision(3, field="undo", new=drawn.id)
    assert outlines(amend([a_record(1)], [drawn, undo], AnyReading())) == [make_polygon(1)]
    assert hand_outlines([drawn, undo]) == ()


def test_a_moved_outline_keeps_its_number_and_is_read_anew() -> None:
    new = shifted(make_polygon(1), 40)
    amended = amend([a_record(1, 2)], [outline(1, make_polygon(1), "polygon", new=new)], AnyReading())
    assert outlines(amended) == [new, make_polygon(2)]
    assert amended.records[0].page.notes[0].readings[0].reader == "hand"
    assert amended.records[0].page.notes[1].readings[0].reader == "machine 2"


def test_an_outline_moved_twice_and_back_is_the_machines_own_again() -> None:
    first, second = make_polygon(1), shifted(make_polygon(1), 50)
    decisions = [
        outline(1, first, "polygon", new=second),
        outline(2, second, "polygon", new=first),
    ]
    amended = amend([a_record(1)], decisions, AnyReading())
    assert outlines(amended) == [first]
    assert amended.records[0].page.notes[0].readings[0].reader == "machine 1"
    assert not amended.by_hand


def test_a_new_detector_that_finds_what_was_drawn_does_not_double_it() -> None:
    drawn = outline(1, make_polygon(5))
    amended = amend([replace_outline(a_record(1, 5), 1, shifted(make_polygon(5), 20))], [drawn], AnyReading())
    assert outlines(amended) == [make_polygon(1), make_polygon(5)]


def replace_outline(record: PhotoRecord, index: int, polygon: Polygon) -> PhotoRecord:
    found = list(record.detection.outlines)
    found[index] = Outline(polygon, 0.8)
    return replace(record, detection=replace(record.detection, outlines=tuple(found)))


def test_a_moved_outline_that_a_new_detector_misses_is_still_a_note() -> None:
    new = shifted(make_polygon(1), 40)
    amended = amend([a_record(7)], [outline(1, make_polygon(1), "polygon", new=new)], AnyReading())
    assert outlines(amended) == [make_polygon(7), new]


@pytest.mark.parametrize("detects", ["whole", "parts"])
def test_a_split_note_is_two_whatever_the_detector_finds_later(detects: str) -> None:
    from pipeline.stages.decide import decide

    whole = make_polygon(1)
    left, right = halves(whole)
    decisions = [
        outline(1, whole, "not_a_note", new=True),
        outline(2, left),
        outline(3, right),
    ]
    record = a_record(1)
    if detects == "parts":
        record = replace_outline(replace_outline(a_record(1, 2), 0, shifted(left, 3)), 1, shifted(right, 3))
    amended = amend([record], decisions, AnyReading())
    notes = notes_of(amended)
    decided = decide(notes, decisions, (), amended.by_hand)
    assert sorted(note.sightings[0].polygon for note in decided.notes) == sorted([left, right])
    assert decided.orphans == ()


def notes_of(amended: Amended) -> list:  # type: ignore[type-arg]
    from factories import make_note

    from pipeline.model import Sighting

    return [
        make_note(n, sightings=(Sighting("board-1.jpg", SHA, polygon, n),))
        for n, polygon in enumerate(outlines(amended), 1)
    ]


def test_what_has_no_photograph_or_could_not_be_read_is_handed_back() -> None:
    gone = outline(1, make_polygon(3), photo_sha256="e" * 64)
    unread = outline(2, make_polygon(4))
    amended = amend([a_record(1)], [gone, unread], {})
    assert amended.orphans == (gone, unread)
    assert outlines(amended) == [make_polygon(1)]


def test_every_outline_in_force_is_read_once() -> None:
    moved = shifted(make_polygon(1), 40)
    decisions = [
        outline(1, make_polygon(5)),
        outline(2, make_polygon(5)),
        outline(3, make_polygon(1), "polygon", new=[list(point) for point in moved]),
    ]
    assert hand_outlines(decisions) == ((SHA, make_polygon(5)), (SHA, moved))
