"""Decisions laid over the machine's notes: by place, in order, never lost."""

from dataclasses import replace

import pytest
from factories import make_note, make_sighting

from pipeline.model import Decision, Note
from pipeline.stages.decide import decide

PRINCIPLES = ("power", "make-time")


def a_note(number: int = 1, text: str = "teh power", **overrides: object) -> Note:
    return make_note(number, text, **overrides)


def about(
    note: Note, field: str, new: object, person: str = "ada", old: object = None, number: int = 1
) -> Decision:
    best = note.sightings[0]
    return Decision(
        id=f"d{number}-{person}-{field}",
        photo_sha256=best.photo_sha256,
        polygon=best.polygon,
        field=field,
        old=old,
        new=new,
        reason="",
        person=person,
        when="2026-11-21T10:00:00+00:00",
        based_on="",
    )


def test_without_decisions_nothing_changes() -> None:
    notes = (a_note(1), a_note(2))
    assert decide(notes, (), PRINCIPLES).notes == notes


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("the power", "legible"),
        ("the [illegible]", "partial"),
        ("teh[?] power", "partial"),
        ("  ", "no_text"),
    ],
)
def test_a_text_brings_its_status(text: str, status: str) -> None:
    note = a_note()
    decided = decide([note], [about(note, "text", text)], PRINCIPLES).notes[0]
    assert decided.text == text.strip()
    assert decided.text_status == status
    assert decided.reading_state == "reviewed"


def test_a_status_without_words_takes_the_words_away() -> None:
    note = a_note()
    decided = decide([note], [about(note, "text_status", "illegible")], PRINCIPLES).notes[0]
    assert (decided.text, decided.text_status) == ("", "illegible")


def test_a_status_alone_conjures_up_no_words() -> None:
    note = a_note(1, "", text_status="illegible")
    decided = decide([note], [about(note, "text_status", "legible")], PRINCIPLES).notes[0]
    assert (decided.text, decided.text_status) == ("", "illegible")


def test_type_shape_colour_and_principle() -> None:
    note = a_note()
    decisions = [
        about(note, "response_type", "challenge"),
        about(note, "shape", "heart"),
        about(note, "colour", "pink"),
        about(note, "principle_id", "make-time"),
    ]
    decided = decide([note], decisions, PRINCIPLES).notes[0]
    assert (decided.response_type, decided.shape, decided.colour) == ("challenge", "heart", "pink")
    assert decided.principle_id == "make-time"
    assert decided.shape_confidence == 1.0


def test_a_place_is_found_again_by_overlap_after_a_new_detection() -> None:
    note = a_note()
    moved = tuple((x + 30, y + 20) for x, y in note.sightings[0].polygon)
    found_anew = replace(note, id="other", sightings=(replace(note.sightings[0], polygon=moved),))
    assert decide([found_anew], [about(note, "text", "the power")], PRINCIPLES).notes[0].text == "the power"


def test_the_note_that_overlaps_most_is_meant() -> None:
    note, neighbour = a_note(1), a_note(2)
    close = tuple((x + 100, y) for x, y in note.sightings[0].polygon)
    neighbour = replace(neighbour, sightings=(replace(note.sightings[0], polygon=close),))
    decided = decide([neighbour, note], [about(note, "text", "mine")], PRINCIPLES).notes
    assert [one.text == "mine" for one in decided] == [False, True]


def test_a_decision_without_a_note_is_handed_back() -> None:
    note = a_note()
    elsewhere = replace(about(note, "text", "x"), photo_sha256="f" * 64)
    far = replace(about(note, "text", "x"), polygon=((3000, 2000), (3100, 2000), (3100, 2100)))
    found = decide([note], [elsewhere, far], PRINCIPLES)
    assert found.orphans == (elsewhere, far)
    assert found.notes == (note,)


def test_a_decision_holds_for_any_sighting_of_the_note() -> None:
    note = a_note()
    better = make_sighting(1, "better.jpg")
    seen_twice = replace(note, sightings=(better, *note.sightings))
    assert decide([seen_twice], [about(note, "text", "the power")], PRINCIPLES).notes[0].text == "the power"


def test_not_a_note_takes_it_away_and_can_be_taken_back() -> None:
    note = a_note()
    away = about(note, "not_a_note", True)
    assert decide([note], [away], PRINCIPLES).notes == ()
    back = about(note, "not_a_note", False, old=True, number=2)
    assert len(decide([note], [away, back], PRINCIPLES).notes) == 1


def test_a_knowing_revision_wins() -> None:
    note = a_note()
    first = about(note, "text", "the powr", "ada", old="teh power")
    second = about(note, "text", "the power", "bo", old="the powr")
    decided = decide([note], [first, second], PRINCIPLES).notes[0]
    assert (decided.text, decided.reading_state) == ("the power", "reviewed")


def test_two_people_who_agree_without_knowing_are_double_keyed() -> None:
    note = a_note()
    both = [about(note, "text", "the power", person, old="teh power") for person in ("ada", "bo")]
    assert decide([note], both, PRINCIPLES).notes[0].reading_state == "double_keyed"


def test_two_people_who_differ_without_knowing_are_disputed_until_settled() -> None:
    note = a_note()
    one = about(note, "text", "the power", "ada", old="teh power")
    two = about(note, "text", "the flower", "bo", old="teh power")
    decided = decide([note], [one, two], PRINCIPLES).notes[0]
    assert (decided.text, decided.reading_state) == ("the power", "disputed")
    settled = about(note, "text", "the flower", "cy", old="the power")
    decided = decide([note], [one, two, settled], PRINCIPLES).notes[0]
    assert (decided.text, decided.reading_state) == ("the flower", "reviewed")


@pytest.mark.parametrize(
    ("field", "new"),
    [
        ("text_status", "maybe"),
        ("response_type", 4),
        ("shape", None),
        ("colour", "mauve"),
        ("principle_id", "nowhere"),
        ("not_a_note", "yes"),
        ("text", 3),
        ("nonsense", "x"),
    ],
)
def test_a_value_that_means_nothing_is_reported_and_not_used(field: str, new: object) -> None:
    note = a_note()
    found = decide([note], [about(note, field, new)], PRINCIPLES)
    assert found.notes == (note,)
    assert len(found.problems) == 1
