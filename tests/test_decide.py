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


def undoing(decision: Decision, number: int = 9) -> Decision:
    return replace(decision, id=f"u{number}", field="undo", old=None, new=decision.id)


def test_what_was_taken_back_was_never_there() -> None:
    note = a_note(1, "", text_status="illegible")
    typed = about(note, "text", "the power", old="")
    undo = undoing(typed)
    assert decide([note], [typed, undo], PRINCIPLES).notes == (note,)
    again = undoing(undo, 10)
    assert decide([note], [typed, undo, again], PRINCIPLES).notes[0].text == "the power"


def test_a_blind_second_reading_is_independent_even_of_an_unchanged_value() -> None:
    note = a_note(1, "the power")
    first = about(note, "text", "the power", "ada", old="the power")
    second = replace(about(note, "text", "the flower", "bo"), old=None)
    found = decide([note], [first, second], PRINCIPLES)
    assert (found.notes[0].text, found.notes[0].reading_state) == ("the power", "disputed")
    assert [(pair.first, pair.second) for pair in found.pairs] == [("the power", "the flower")]


def test_two_readings_that_differ_in_case_alone_agree() -> None:
    note = a_note()
    one = about(note, "text", "The power.", "ada", old="teh power")
    two = about(note, "text", "the power", "bo", old=None)
    decided = decide([note], [one, two], PRINCIPLES).notes[0]
    assert (decided.text, decided.reading_state) == ("The power.", "double_keyed")


def test_a_reading_and_illegible_are_claims_on_the_same_thing() -> None:
    note = a_note()
    one = about(note, "text_status", "illegible", "ada", old="legible")
    two = about(note, "text", "the power", "bo", old=None)
    assert decide([note], [one, two], PRINCIPLES).notes[0].reading_state == "disputed"


def test_nodding_at_a_colleagues_reading_is_no_second_reading() -> None:
    note = a_note()
    one = about(note, "text", "the power", "ada", old="teh power")
    nod = about(note, "accept", True, "bo")
    assert decide([note], [one, nod], PRINCIPLES).notes[0].reading_state == "reviewed"


def test_two_notes_that_are_one_are_counted_once_and_taken_apart_by_undo() -> None:
    one, other = a_note(1, "Share power"), a_note(2, "Share power", answers_note_id="n0001")
    third = a_note(3, "THIS", answers_note_id="n0001")
    best = other.sightings[0]
    value = {"photo_sha256": best.photo_sha256, "polygon": [list(point) for point in best.polygon]}
    same = about(one, "same_as", value)
    decided = decide([one, other, third], [same], PRINCIPLES).notes
    assert [note.id for note in decided] == [other.id, third.id]
    assert decided[0].sightings == (best, one.sightings[0])
    assert decided[0].answers_note_id is None  # a note does not answer itself
    assert decided[1].answers_note_id == other.id
    assert len(decide([one, other, third], [same, undoing(same)], PRINCIPLES).notes) == 3


def test_notes_said_to_be_each_other_do_not_vanish() -> None:
    one, other = a_note(1), a_note(2)

    def is_same(a: Note, b: Note, number: int) -> Decision:
        sighting = b.sightings[0]
        return about(
            a, "same_as", {"photo_sha256": sighting.photo_sha256, "polygon": sighting.polygon}, number=number
        )

    assert len(decide([one, other], [is_same(one, other, 1), is_same(other, one, 2)], PRINCIPLES).notes) >= 1


def test_names_are_taken_out_or_kept() -> None:
    note = a_note(1, "Ask Priya and Sam")
    remove = about(note, "personal", {"text": "Priya", "keep": False})
    keep = about(note, "personal", {"text": "Sam", "keep": True}, number=2)
    found = decide([note], [remove, keep], PRINCIPLES)
    assert (found.notes[0].text, found.notes[0].text_status) == ("Ask [name removed] and Sam", "partial")
    assert found.kept == {note.id: {"Sam"}}
    retyped = about(note, "text", "Ask priya and Sam!", old="Ask [name removed] and Sam", number=3)
    assert decide([note], [remove, keep, retyped], PRINCIPLES).notes[0].text == "Ask [name removed] and Sam!"


def test_a_decision_on_a_lost_outline_does_not_go_to_one_drawn_beside_it() -> None:
    note = a_note()
    (x, y), (right, _), (_, bottom), _ = note.sightings[0].polygon
    half = ((x, y), ((x + right) / 2, y), ((x + right) / 2, bottom), (x, bottom))
    drawn = replace(note, sightings=(replace(note.sightings[0], polygon=half),))
    decision = about(note, "text", "both halves")
    by_hand = [(note.sightings[0].photo_sha256, half)]
    assert decide([drawn], [decision], PRINCIPLES).notes[0].text == "both halves"
    found = decide([drawn], [decision], PRINCIPLES, by_hand)
    assert found.notes == (drawn,)
    assert found.orphans == (decision,)


def test_decisions_follow_an_outline_that_was_moved() -> None:
    note = a_note()
    far = tuple((x + 700, y + 300) for x, y in note.sightings[0].polygon)
    text = about(note, "text", "the power")
    move = about(note, "polygon", [list(point) for point in far])
    moved = replace(note, sightings=(replace(note.sightings[0], polygon=far),))
    assert decide([moved], [text, move], PRINCIPLES).notes[0].text == "the power"


def test_an_answer_to_a_note_that_is_none_goes_nowhere() -> None:
    asked, answer = a_note(1), a_note(2, "THIS", answers_note_id="n0001")
    assert (
        decide([asked, answer], [about(asked, "not_a_note", True)], PRINCIPLES).notes[0].answers_note_id
        is None
    )


def at(note: Note) -> dict[str, object]:
    best = note.sightings[0]
    return {"photo_sha256": best.photo_sha256, "polygon": [list(point) for point in best.polygon]}


def test_an_answer_is_said_by_place_and_outlives_the_notes_ids() -> None:
    asked, drawn = a_note(1, "Share power"), a_note(2, "THIS")
    points = about(drawn, "answers_note_id", at(asked))
    assert decide([asked, drawn], [points], PRINCIPLES).notes[1].answers_note_id == asked.id
    renamed = replace(asked, id="n9999")
    assert decide([renamed, drawn], [points], PRINCIPLES).notes[1].answers_note_id == "n9999"
    assert decide([asked, drawn], [points, undoing(points)], PRINCIPLES).notes[1].answers_note_id is None


def test_an_answer_is_taken_away_knowingly_by_another_person() -> None:
    asked, drawn = a_note(1, "Share power"), a_note(2, "THIS", answers_note_id="n0001")
    away = about(drawn, "answers_note_id", None, "bo", old=at(asked))
    note = decide([asked, drawn], [away], PRINCIPLES).notes[1]
    assert (note.answers_note_id, note.reading_state) == (None, "reviewed")


def test_an_answer_to_a_note_that_is_gone_is_listed() -> None:
    drawn = a_note(2, "THIS")
    points = about(drawn, "answers_note_id", at(a_note(30)))
    decided = decide([drawn], [points], PRINCIPLES)
    assert decided.orphans == (points,)
    assert decided.notes == (drawn,)
