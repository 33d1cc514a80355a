"""The arrangement that every format shares: order, collapsing, counts, words with marks."""

from __future__ import annotations

from dataclasses import replace

from factories import make_note, make_record
from hypothesis import given
from hypothesis import strategies as st

from pipeline import marks, model
from pipeline.publish import method, saying, view, words


def test_principles_keep_the_workshops_order_and_stay_when_nobody_answered() -> None:
    arranged = view.arrange(make_record())
    assert [section.heading for section in arranged.sections] == ["Power", "Make Time", "Transparent"]
    assert [section.found for section in arranged.sections] == [6, 3, 0]
    assert arranged.sections[2].groups == ()


def test_types_stand_in_the_vocabularys_order_whatever_the_boards() -> None:
    shapes = ["square", "speech_bubble", "tick", "heart", "tick"]
    notes = [make_note(number, shape=shape) for number, shape in enumerate(shapes, start=1)]
    (section, *_) = view.arrange(make_record(notes=notes)).sections
    assert [(group.response_type, group.count) for group in section.groups] == [
        ("agreement", 2),
        ("importance", 1),
        ("amendment", 1),
        ("challenge", 1),
    ]


def test_words_follow_the_boards_order_and_the_rest_is_collapsed_behind_them() -> None:
    notes = [
        make_note(1, "", shape="tick", text_status="no_text"),
        make_note(2, "second", shape="tick", position=2),
        make_note(3, "", shape="tick", text_status="illegible"),
        make_note(4, "first", shape="tick", position=0),
        make_note(5, "", shape="tick", text_status="no_text"),
    ]
    (section, *_) = view.arrange(make_record(notes=notes)).sections
    lines = [(saying.said(item.segments) or item.mark, len(item.notes)) for item in section.groups[0].items]
    assert lines == [("first", 1), ("second", 1), ("[illegible]", 1), ("[no text]", 2)]


@given(st.permutations(range(11)))
def test_the_order_in_which_notes_arrive_changes_nothing(order: list[int]) -> None:
    record = make_record()
    shuffled = replace(record, notes=tuple(record.notes[index] for index in order))
    arranged, again = view.arrange(record), view.arrange(shuffled)
    assert arranged.sections == again.sections
    assert arranged.unplaced == again.unplaced
    assert arranged.figures == again.figures


def test_no_note_is_lost_or_counted_twice() -> None:
    record = make_record()
    arranged = view.arrange(record)
    shown = [
        note.id
        for section in arranged.all_sections
        for group in section.groups
        for item in group.items
        for note in item.notes
    ]
    assert sorted(shown) == sorted(note.id for note in record.notes)


def test_a_note_of_a_principle_the_workshop_does_not_list_is_shown_as_unplaced() -> None:
    record = make_record(notes=[make_note(1, principle_id="gone")], principles=())
    arranged = view.arrange(record)
    assert arranged.unplaced is not None
    assert arranged.unplaced.found == 1


def test_stated_and_found_are_reconciled_in_words() -> None:
    def said(stated: int | None) -> str:
        principle = model.Principle("power", "Power", stated=stated)
        record = make_record(notes=[make_note(1), make_note(2)], principles=(principle,))
        return view.arrange(record).sections[0].reconciliation

    assert said(None) == ""
    assert said(2) == "2 stated earlier, 2 found: they agree."
    assert said(1) == "1 stated earlier, 2 found: 1 more."
    assert said(4) == "4 stated earlier, 2 found: 2 fewer."


def test_groups_of_a_transcript_stay_apart() -> None:
    notes = [
        make_note(n, f"words {n}", shape="not_recorded", colour="not_recorded", sightings=(), group=group)
        for n, group in enumerate([1, 1, 2], start=1)
    ]
    (section, *_) = view.arrange(make_record(notes=notes)).sections
    assert [(group.count, group.is_continued) for group in section.groups] == [(2, False), (1, True)]


def test_figures_count_what_they_say() -> None:
    figures = view.arrange(make_record()).figures
    assert (figures.notes, figures.unplaced, figures.refused, figures.seen_twice) == (11, 2, 2, 1)
    assert figures.by_status == {"legible": 5, "partial": 3, "illegible": 1, "no_text": 2}
    assert figures.by_state == {"machine": 8, "reviewed": 1, "double_keyed": 1, "disputed": 1}
    assert figures.written == 9
    assert figures.readable_share == "89 %"
    assert (figures.unsure_words, figures.with_lost_words, figures.unsure_type) == (1, 1, 1)
    assert figures.machine_declined == 1


def test_expected_errors_are_those_of_printed_unchecked_machine_readings_only() -> None:
    notes = [
        make_note(1, "a", confidence=0.7),
        make_note(2, "b", confidence=0.9),
        make_note(3, "c", confidence=0.1, reading_state="reviewed"),
        make_note(4, "", confidence=0.1, text_status="illegible"),
        make_note(5, "d", confidence=0.1, sightings=()),
    ]
    figures = view.arrange(make_record(notes=notes)).figures
    assert figures.machine_printed == 2
    assert figures.expected_wrong == 0.4


def test_a_share_is_never_rounded_to_all_or_nothing() -> None:
    assert words.percent(999, 1000) == "99 %"
    assert words.percent(1, 1000) == "under 1 %"
    assert words.percent(1000, 1000) == "100 %"
    assert words.percent(0, 7) == "0 %"
    assert words.percent(0, 0) == "–"


def test_segments_tell_marks_from_a_notes_own_brackets() -> None:
    pieces = saying.segments("Who [illegible] the\nroom[?], [CMS] \\[illegible] [name removed]")
    assert [piece.kind for piece in pieces] == ["text", "lost", "text", "unsure", "text", "removed"]
    assert pieces[3] == saying.Segment("unsure", "room")
    assert pieces[4] == saying.Segment("text", ", [CMS] [illegible] ")
    assert saying.said(pieces) == "Who [illegible] the room[?], [CMS] [illegible] [name removed]"


@given(st.text(st.characters(exclude_characters="[]\\"), max_size=40))
def test_segments_keep_every_letter_of_literal_words(text: str) -> None:
    assert saying.said(saying.segments(marks.literal(text))).split() == text.split()


def test_a_picture_is_described_by_colour_shape_and_words_or_status() -> None:
    assert saying.describe(make_note(1, "Listen")) == "Yellow tick: Listen"
    assert saying.describe(make_note(3, "", text_status="no_text")) == "Yellow speech bubble without writing"
    assert (
        saying.describe(make_note(4, "", text_status="illegible", colour="pink"))
        == "Pink square with writing that cannot be read"
    )
    assert saying.describe(make_note(2, "a [illegible]")) == "Yellow heart, partly legible: a [illegible]"
    bare = make_note(5, "b", shape="not_recorded", colour="not_recorded", sightings=())
    assert saying.describe(bare) == "Note: b"


def test_a_picture_that_shows_a_removed_name_is_withheld() -> None:
    assert not saying.may_show_crop(make_note(1, "Ask [name removed]"))
    assert saying.may_show_crop(make_note(1, "Ask \\[name removed]"))


def test_anchors_are_safe_and_apart() -> None:
    assert saying.anchor_of("n0001") == "note-n0001"
    strange = saying.anchor_of('"><script>')
    assert strange.startswith("note-")
    assert strange[5:].isalnum()
    assert strange != saying.anchor_of('"><script >')


def test_dates_are_written_out_and_other_wordings_left_alone() -> None:
    assert words.long_date("2019-03-06") == "6 March 2019"
    assert words.long_date("spring 2019") == "spring 2019"
    assert words.long_date(None) == ""


def test_the_method_note_says_what_was_not_done() -> None:
    said = " ".join(method.sentences(view.arrange(make_record())))
    assert "8 were read by machine alone" in said
    assert "The machine declined to read 1 note that has writing." in said
    assert "2 files could not be used" in said
    assert "1 note seen on more than one photograph is counted once." in said
    assert "1 correction by a person found no note" in said


def test_the_method_note_of_an_imported_record_claims_no_machine() -> None:
    note = make_note(1, "a", sightings=(), shape="not_recorded", reading_state="reviewed")
    record = make_record(notes=[note], photos=(), refusals=(), themes=(), orphans=())
    said = " ".join(method.sentences(view.arrange(record)))
    assert "machine" not in said
    assert "1 note comes from a transcript" in said


def test_a_citation_names_edition_and_licence() -> None:
    assert method.citation(make_record(), 2, "2026-11-22") == (
        "Co-production values and principles. Public record of a workshop. The Whitworth, Manchester, "
        "6 March 2019. Edition 2 of 22 November 2026. Licence: CC-BY-4.0."
    )
