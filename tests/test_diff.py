from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from factories import (
    digest_of,
    make_note,
    make_photo,
    make_polygon,
    make_principles,
    make_record,
    make_sighting,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff import KINDS, Change, ChangeList, diff, word_diff
from pipeline.editions import record_of
from pipeline.matching import match_notes
from pipeline.model import Note, Record, Sighting
from pipeline.publish.change_list import changes_csv, changes_html, changes_markdown, summary_of
from pipeline.transcript import parse_transcript


def good(number: int) -> tuple[Sighting, ...]:
    return (make_sighting(number, "better.jpg", polygon=make_polygon(number + 12)),)


def text_note(number: int, text: str, **overrides: Any) -> Note:
    fields: dict[str, Any] = {
        "sightings": (),
        "shape": "not_recorded",
        "colour": "not_recorded",
        "board_id": None,
        "reading_state": "reviewed",
        "id": f"t{number}",
    }
    return make_note(number, text, **{**fields, **overrides})


def found(changes: ChangeList) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(change.kind, change.note_id, change.before, change.after) for change in changes.changes]


def one(old: Record, new: Record) -> Change:
    changes = diff(old, new).changes
    assert len(changes) == 1, changes
    return changes[0]


def pair(old: Note, new: Note) -> tuple[Record, Record]:
    return make_record(notes=[old]), make_record(notes=[new])


# --- the story: a workshop published from poor photographs, then from good ones --------------


POOR = make_record(
    "story",
    notes=[
        make_note(1, "I know it's hard to cede power"),
        make_note(2, "Who decides [illegible] the room?"),
        make_note(3, "", text_status="illegible", colour="pink"),
        make_note(4, "Share the budget, not the biscuts"),
        make_note(5, "", text_status="no_text", shape="tick"),
        make_note(6, "Trust takes years to build", shape="rectangle", response_type="unsure"),
        make_note(7, "Time is what we never have", principle_id=None, placement="no heading near"),
        make_note(8, "Meet where people are", principle_id="make-time"),
        make_note(9, "a shadow", principle_id="make-time"),
        make_note(10, "Ask[?] first", principle_id="make-time"),
    ],
    introduction="We plan to update this record soon using the originals.",
    principles=tuple(
        replace(principle, stated=7) if principle.id == "power" else principle
        for principle in make_principles()
    ),
)

GOOD = make_record(
    "story",
    notes=[
        make_note(1, "I know it's hard to cede power", id="a1", sightings=good(1)),
        make_note(2, "Who decides who is in the room?", id="a2", sightings=good(2)),
        make_note(3, "Let go of the agenda", id="a3", sightings=good(3), colour="pink"),
        make_note(4, "Share the budget, not the biscuits", id="a4", sightings=good(4)),
        make_note(5, "", id="a5", text_status="no_text", shape="tick", sightings=good(5)),
        make_note(6, "Trust takes years to build", id="a6", shape="heart", sightings=good(6)),
        make_note(7, "Time is what we never have", id="a7", principle_id="make-time", sightings=good(7)),
        make_note(8, "Meet where people are", id="a8", principle_id="make-time", sightings=good(8)),
        make_note(10, "Ask first", id="a10", principle_id="make-time", sightings=good(10)),
        make_note(11, "Nobody asked the young ones", id="a11", sightings=good(11)),
    ],
    introduction="",
    photos=(make_photo("better.jpg"),),
    principles=tuple(
        replace(principle, stated=7) if principle.id == "power" else principle
        for principle in make_principles()
    ),
)


def test_two_edition_story_note_by_note() -> None:
    changes = diff(POOR, GOOD, 1, 2)
    assert [(kind, note) for kind, note, _, _ in found(changes)] == [
        ("promise_met", None),  # we plan to update this record
        ("promise_met", None),  # 1 note is illegible
        ("promise_met", None),  # 2 notes have words that could not be read for certain
        ("promise_met", None),  # 1 type not certain
        ("promise_met", None),  # 1 note unplaced
        ("now_readable", "a2"),
        ("now_readable", "a3"),
        ("corrected", "a4"),
        ("status_changed", "a10"),
        ("type_changed", "a6"),
        ("moved", "a7"),
        ("added", "a11"),
        ("removed", "n0009"),
        ("count_changed", None),
        ("count_changed", None),
    ]
    by_note = {change.note_id: change for change in changes.changes if change.note_id}
    assert (by_note["a2"].before, by_note["a2"].after) == (
        "Who decides [illegible] the room?",
        "Who decides who is in the room?",
    )
    assert (by_note["a3"].before, by_note["a3"].after) == ("[illegible]", "Let go of the agenda")
    assert "better.jpg, which the earlier edition did not have" in by_note["a3"].explanation
    assert not by_note["a3"].is_sure
    assert "Which note it was is not certain: 2 notes under this heading" in by_note["a3"].explanation
    assert [(edit.kind, edit.text) for edit in by_note["a4"].words] == [
        ("same", "Share the budget, not the"),
        ("removed", "biscuts"),
        ("added", "biscuits"),
    ]
    assert by_note["a10"].explanation.startswith("Words that were unsure are now certain.")
    assert (by_note["a6"].before, by_note["a6"].after) == ("Type unsure", "Importance")
    assert (by_note["a7"].before, by_note["a7"].after) == ("no heading (unplaced)", "Make Time")
    assert by_note["a11"].after == "Nobody asked the young ones"
    assert by_note["n0009"].before == "a shadow"
    assert "None of the photographs it was seen on" in by_note["n0009"].explanation
    assert changes.unchanged == 3  # a1, a5, a8
    counts = {change.principle_id: change.explanation for change in changes.changes if not change.note_id}
    assert counts["power"] == (
        "“Power” had 6 and now has 7. Why: 1 added. The stated number is 7, which agrees now."
    )
    assert "no heading (unplaced) had 1 and now has 0. Why: 1 moved away." in counts[None]
    promises = [change for change in changes.changes if change.kind == "promise_met"]
    assert promises[0].explanation == (
        "The earlier edition said: “We plan to update this record soon using the originals.” "
        "This one uses 1 photograph that it did not have."
    )
    assert promises[1].explanation == (
        "The earlier edition said: “1 note is illegible: we plan to update this record when it can be read.” "
        "Of these, 1 can now be read, at least in part, so nothing of this is left open. "
        "For 1 it is not certain which note is which."
    )
    assert "Of these, 2 can now be read for certain, so nothing" in promises[2].explanation
    assert "Of these, 1 now has a certain type of response, so nothing" in promises[3].explanation
    assert "Of these, 1 now stands under a heading, so nothing" in promises[4].explanation


def test_story_is_the_same_each_time() -> None:
    assert diff(POOR, GOOD, 1, 2) == diff(POOR, GOOD, 1, 2)
    assert diff(POOR, POOR).changes == ()
    assert diff(GOOD, GOOD).unchanged == 10


IMPORTED = record_of(
    parse_transcript(
        """Values

How did people respond?

Power (6)

- I know it's hard to cede power
- Fundamental ...
- [illegible]

- [no text] x 2
- Start from strengths
- Start from strengths

Make Time (1)

- Meet where people are
"""
    ),
    "story",
)


def test_text_only_edition_against_photographs() -> None:
    new = make_record(
        "story",
        notes=[
            make_note(1, "I know its hard to cede power"),
            make_note(2, "Fundamental to all else"),
            make_note(3, "Listen before you plan"),
            make_note(4, "", shape="tick"),
            make_note(5, "", shape="heart"),
            make_note(6, "Start from strengths"),
            make_note(7, "Meet where people are", principle_id="make-time"),
        ],
    )
    matching = match_notes(IMPORTED, new)
    assert [(match.old.machine_text, match.new.id) for match in matching.matches] == [
        ("I know it's hard to cede power", "n0001"),
        ("Fundamental ...", "n0002"),
        ("[illegible]", "n0003"),
        ("[no text]", "n0004"),
        ("[no text]", "n0005"),
        ("Start from strengths", "n0006"),
        ("Meet where people are", "n0007"),
    ]
    assert [note.machine_text for note in matching.only_old] == ["Start from strengths"]
    assert {match.new.id for match in matching.matches if not match.is_sure} == {"n0002", "n0003"}
    changes = diff(IMPORTED, new, 0, None)
    typed = [change for change in changes.changes if change.kind == "type_changed"]
    assert [change.note_id for change in typed] == [None]
    assert typed[0].explanation.startswith("7 notes have a type of response now")
    count = next(change for change in changes.changes if change.kind == "count_changed")
    assert count.explanation == (
        "“Power” had 7 and now has 6. Why: 1 removed. The earlier edition stated 6 and listed 7. "
        "The stated number is 5."
    )
    assert changes.rows()[0][:3] == ("story", 0, None)


# --- matching ------------------------------------------------------------------------------


def test_place_beats_words_and_ids() -> None:
    first, second = make_note(1, "Listen first"), make_note(2, "Share the budget")
    old = make_record(notes=[first, second])
    swapped = make_record(
        notes=[replace(first, id="x", text="Share the budget"), replace(second, id="y", text="Listen first")]
    )
    assert [(match.old.id, match.new.id, match.how) for match in match_notes(old, swapped).matches] == [
        ("n0001", "x", "place"),
        ("n0002", "y", "place"),
    ]


def test_equal_ids_in_different_places_of_a_photograph_are_not_one_note() -> None:
    old, new = pair(make_note(1, "Listen first"), make_note(1, "Listen first", sightings=(make_sighting(5),)))
    matching = match_notes(old, new)
    assert matching.matches == ()
    assert [note.id for note in (*matching.only_old, *matching.only_new)] == ["n0001", "n0001"]


def test_an_unreadable_note_elsewhere_on_the_photograph_is_no_match() -> None:
    old, new = pair(
        make_note(1, "", text_status="illegible"), make_note(5, "Nobody asked us", shape="tick", id="x")
    )
    assert [change.kind for change in diff(old, new).changes] == ["added", "removed"]


def test_photographs_that_overlap_a_little_are_told_apart() -> None:
    polygon = make_polygon(1)
    nearby = tuple((x + 20.0, y) for x, y in polygon)
    old, new = pair(
        make_note(1, "a b"), make_note(1, "c d", id="x", sightings=(make_sighting(1, polygon=nearby),))
    )
    assert match_notes(old, new).matches[0].how == "place"
    assert match_notes(old, new).matches[0].score == pytest.approx(220 / 260, abs=1e-3)


def test_short_texts_need_more_than_likeness() -> None:
    old = make_record(notes=[text_note(1, "Not")])
    new = make_record(notes=[make_note(1, "Now")])
    assert match_notes(old, new).matches == ()


def test_rivals_make_a_match_unsure() -> None:
    old = make_record(notes=[text_note(1, "we need more time to talk about it all")])
    new = make_record(
        notes=[
            make_note(1, "we need more time to talk about it now"),
            make_note(2, "we need more time to talk about it then", shape="tick"),
        ]
    )
    assert [match.is_sure for match in match_notes(old, new).matches] == [False]


def test_moved_text_is_found_under_another_heading_only_if_nearly_equal() -> None:
    old = make_record(
        notes=[text_note(1, "Power with requires us all to know what this feels like", shape="heart")]
    )
    same = make_note(2, "Power with requires us all to know what this feels like", principle_id="make-time")
    other = make_note(1, "Power with requires them all to say what it looks like", principle_id="make-time")
    assert [change.kind for change in diff(old, make_record(notes=[same])).changes] == [
        "moved",
        "count_changed",
        "count_changed",
    ]
    assert match_notes(old, make_record(notes=[other])).matches == ()


def test_headings_are_matched_by_wording() -> None:
    old = record_of(
        parse_transcript("T\n\nPOWER (who has it) (1)\n\n- I know it's hard to cede power\n"), "w"
    )
    assert old.principles[0].id == "power"
    renamed = replace(old, principles=(replace(old.principles[0], id="p9"),))
    renamed = replace(renamed, notes=tuple(replace(note, principle_id="p9") for note in renamed.notes))
    new = make_record(notes=[make_note(1, "I know it's hard to cede power", shape="tick")])
    assert [match.how for match in match_notes(renamed, new).matches] == ["words"]
    assert [change.kind for change in diff(renamed, new).changes] == ["type_changed", "count_changed"]


# --- each kind of change -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "kind", "says"),
    [
        (("", "illegible"), ("Listen", "legible"), "now_readable", "was illegible and can now be read."),
        (("", "illegible"), ("Lis [illegible]", "partial"), "now_readable", "if not wholly"),
        (("a [illegible]", "partial"), ("a b", "legible"), "now_readable", "Words that were lost"),
        (
            ("a [illegible] c [illegible]", "partial"),
            ("a b c [illegible]", "partial"),
            "now_readable",
            "Some",
        ),
        (("Listen", "legible"), ("", "illegible"), "no_longer_readable", "no longer sure enough"),
        (("a b", "legible"), ("a [illegible]", "partial"), "no_longer_readable", "More of its words"),
        (("", "no_text"), ("Listen", "legible"), "status_changed", "“no text” and is now “legible”"),
        (("", "no_text"), ("", "illegible"), "status_changed", "“no text” and is now “illegible”"),
        (("a[?] b", "partial"), ("a b", "legible"), "status_changed", "now certain"),
        (("a b", "legible"), ("a[?] b", "partial"), "status_changed", "no longer sure"),
        (("we meet", "legible"), ("We meet!", "legible"), "corrected", "Only spacing, capitals"),
        (("we meat", "legible"), ("we meet", "legible"), "corrected", "The words were corrected."),
    ],
)
def test_kinds_of_text_change(before: tuple[str, str], after: tuple[str, str], kind: str, says: str) -> None:
    old = make_note(1, before[0], text_status=before[1])
    new = make_note(1, after[0], text_status=after[1])
    changes = [change for change in diff(*pair(old, new)).changes if change.kind != "promise_met"]
    assert [change.kind for change in changes] == [kind]
    assert says in changes[0].explanation


def test_line_breaks_are_no_change() -> None:
    old, new = pair(make_note(1, "Listen\nfirst"), make_note(1, "Listen first"))
    assert diff(old, new).changes == ()


def test_a_person_who_checked_is_mentioned() -> None:
    old, new = pair(make_note(1, "Lisen"), make_note(1, "Listen", reading_state="reviewed"))
    assert one(old, new).explanation == "The words were corrected. A person has checked it."


def test_a_changed_type_says_the_shapes() -> None:
    old, new = pair(make_note(1, "Listen", shape="square"), make_note(1, "Listen", shape="heart"))
    assert one(old, new).explanation == (
        "The response was recorded as “Challenge” and is now “Importance”. "
        "Its shape was seen as square, now heart."
    )


def test_a_promise_not_kept_is_not_claimed() -> None:
    old = make_record(notes=[make_note(1, "", text_status="illegible")], introduction="We will update this.")
    assert diff(old, replace(old, title="Another title")).changes == ()


words = st.lists(st.sampled_from(["time", "power", "we", "need", "all", "[illegible]"]), max_size=6)


@given(words, words)
def test_word_diff_loses_no_word(before: list[str], after: list[str]) -> None:
    edits = word_diff(" ".join(before), " ".join(after))
    assert " ".join(edit.text for edit in edits if edit.kind != "added") == " ".join(before)
    assert " ".join(edit.text for edit in edits if edit.kind != "removed") == " ".join(after)


note_texts = st.lists(words.map(" ".join), max_size=7)


@settings(max_examples=60, deadline=None)
@given(note_texts, note_texts)
def test_every_note_is_accounted_for_once(before: list[str], after: list[str]) -> None:
    old = make_record(notes=[text_note(n, text) for n, text in enumerate(before, 1)])
    new = make_record(notes=[make_note(n, text) for n, text in enumerate(after, 1)])
    matching = match_notes(old, new)
    assert sorted([*(m.old.id for m in matching.matches), *(n.id for n in matching.only_old)]) == sorted(
        note.id for note in old.notes
    )
    assert sorted([*(m.new.id for m in matching.matches), *(n.id for n in matching.only_new)]) == sorted(
        note.id for note in new.notes
    )
    again = diff(old, new)
    assert again == diff(old, new)
    assert {change.kind for change in again.changes} <= set(KINDS)


# --- as documents --------------------------------------------------------------------------


def test_change_list_as_markdown() -> None:
    text = changes_markdown(diff(POOR, GOOD, 1, 2))
    assert text.startswith("## What changed from edition 1 to edition 2\n\nPromises met: 5, now readable: 2")
    assert "### Corrected words\n\n- Power: The words were corrected." in text
    assert "  Share the budget, not the ~~biscuts~~ **biscuits**" in text
    assert "### Removed" in text
    assert summary_of(diff(POOR, POOR)) == "Nothing changed. 10 notes are the same."


def test_change_list_as_html_holds_no_markup_of_the_notes() -> None:
    nasty = '<script>alert(1)</script> & "so" on'
    old, new = pair(make_note(1, "Listen first to us"), make_note(1, nasty))
    fragment = changes_html(diff(old, new, 1, None))
    assert "<script" not in fragment
    assert "&lt;script&gt;" in fragment
    assert "<del>" in fragment
    assert "<ins>" in fragment
    assert "from edition 1 to now" in fragment


def test_change_list_as_csv_is_no_formula() -> None:
    old, new = pair(make_note(1, "Listen first to us"), make_note(1, '=HYPERLINK("x")'))
    content = changes_csv(diff(old, new, 1, 2)).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0][3:5] == ["kind", "note_id"]
    assert rows[1][:5] == ["demo", "1", "2", "corrected", "n0001"]
    assert rows[1][7] == '\'=HYPERLINK("x")'
    assert digest_of("better.jpg") not in content
