from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_note, make_record
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import vocabulary
from pipeline.model import Note, Principle, Record
from pipeline.transcript import notes_of, parse_transcript, remark_notices, write_transcript
from pipeline.transcript.marks import decode, encode
from pipeline.transcript.write import tidy_lines

SEED = Path(__file__).resolve().parents[2] / "shared" / "record" / "whitworth-2019.txt"
needs_seed = pytest.mark.skipif(not SEED.exists(), reason="the published record lies outside the repository")

SMALL = """\
Values of the Riverside Forum

We met on a Tuesday.

- Two people spoke (2) about time

How did people respond?

The next pages show it.

MAKE TIME

Make Time (5)

- Trust needs time → always
- *Take* time
and more of it


- [no text] x 2

- [illeg.] !

MAKE TIME

NOT DECIDED

(in
advance)

Not decided
in advance (3)

Challenge:
- ...this...
- Do you make any input? [illeg]
- [ ] agenda[?]

What people missed:

Communication

- Good, regular comms
Power (4)

That is all...
"""


def counts(text: str) -> dict[str, tuple[int | None, int]]:
    return {
        section.heading: (section.stated, len(section.items)) for section in parse_transcript(text).sections
    }


def import_text(text: str, principles: tuple[Principle, ...] = ()) -> Record:
    transcript = parse_transcript(text)
    found, notes = notes_of(transcript, "riverside", principles)
    return replace(
        make_record("riverside", notes=[]),
        title=transcript.title,
        introduction=transcript.introduction,
        principles=found,
        notes=notes,
        notices=remark_notices(transcript),
    )


@needs_seed
def test_the_published_record_counts_as_people_count_it() -> None:
    found = counts(SEED.read_text(encoding="utf-8"))
    assert found == {
        "Make Time": (7, 7),
        "Asset-based": (9, 9),
        "Diversity | Strengths": (None, 7),
        "Positive-Sum": (4, 4),
        "Power": (15, 15),
        "Not decided in advance": (11, 11),
        "Self aware": (8, 8),
        "Transparent": (6, 6),
        "Engaged": (6, 7),
        "Respect for Expertise": (None, 8),  # six bullets, a [no text] and a paragraph without bullets
        "Knowledge": (None, 2),
        "Communication": (None, 2),
    }


@needs_seed
def test_nothing_of_the_published_record_is_dropped_and_doubts_are_listed() -> None:
    text = SEED.read_text(encoding="utf-8")
    transcript = parse_transcript(text)
    assert [entry.number for entry in transcript.unknown] == [291, 293, 314, 316, 321]
    kept = [transcript.title, transcript.introduction, *transcript.remarks]
    for section in transcript.sections:
        kept += [f"{section.heading} ({section.stated})", section.description, *section.captions]
        kept += [item.raw for item in section.items]
    whole = "\n".join(kept)
    for line in text.split("\n"):
        words = line.strip().removeprefix("- ")
        if words and not words.startswith(("[no text] x", "(win", "POSITIVE - SUM")):
            lines = (words, words.replace("(6)", ""), words.replace("POSITIVE - SUM", ""))
            assert any(part.strip() in whole for part in lines), line


@needs_seed
def test_published_record_survives_export_and_import() -> None:
    first = import_text(SEED.read_text(encoding="utf-8"))
    written = write_transcript(first)
    second = import_text(written)
    assert second == first
    assert write_transcript(second) == written
    assert "- [no text] × 4" in written
    assert "Power (15)" in written


@needs_seed
def test_statuses_of_the_published_record() -> None:
    record = import_text(SEED.read_text(encoding="utf-8"))
    texts = {note.machine_text: (note.text, note.text_status) for note in record.notes}
    assert texts["Illeg."] == texts["[illeg.] !"] == texts["[Illeg.]"] == texts["...?"] == ("", "illegible")
    assert texts["...this..."] == ("[illegible] this [illegible]", "partial")
    assert texts["↑ THIS"] == ("↑ THIS", "legible")
    assert texts["Power as in & *influence* or & *privilege*?"][1] == "legible"
    assert texts["[illeg.] in same way?"] == ("[illegible] in same way?", "partial")
    statuses = [note.text_status for note in record.notes]
    assert {status: statuses.count(status) for status in vocabulary.TEXT_STATUSES} == {
        "legible": 43,
        "partial": 19,
        "illegible": 10,
        "no_text": 14,
    }


def test_small_record() -> None:
    transcript = parse_transcript(SMALL)
    assert transcript.title == "Values of the Riverside Forum"
    assert transcript.introduction.endswith("How did people respond?\n\nThe next pages show it.")
    assert "- Two people spoke (2) about time" in transcript.introduction
    time, decided, communication = transcript.sections
    assert (time.heading, time.stated, [len(group) for group in time.groups]) == ("Make Time", 5, [2, 2, 1])
    assert time.items[1].raw == "*Take* time\nand more of it"
    assert time.captions == ("MAKE TIME",)
    assert (decided.heading, decided.stated) == ("Not decided in advance", 3)
    assert {item.response_type for item in decided.items} == {"challenge"}
    assert communication.description == "What people missed:"
    assert [(entry.number, entry.text) for entry in transcript.unknown] == [
        (26, "NOT DECIDED\n(in\nadvance)"),
        (44, "Power (4)"),
        (46, "That is all..."),
    ]
    assert transcript.remarks == ("NOT DECIDED\n(in\nadvance)", "That is all...")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("[no text]", ("", "no_text")),
        ("[No  Text]", ("", "no_text")),
        ("[illegible]", ("", "illegible")),
        ("Illeg.", ("", "illegible")),
        ("...", ("", "illegible")),
        ("[....]", ("", "illegible")),
        ("Power ...", ("Power [illegible]", "partial")),
        ("means... more", ("means [illegible] more", "partial")),
        ("we [] decide [ ] […]", ("we [illegible] decide [illegible] [illegible]", "partial")),
        ("trust[?] us", ("trust[?] us", "partial")),
        ("really?!", ("really?!", "legible")),
        ("[CMS] is slow", ("[CMS] is slow", "legible")),
        (r"wait\... no", ("wait... no", "legible")),
    ],
)
def test_wording_is_read(raw: str, expected: tuple[str, str]) -> None:
    assert decode(raw) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(["legible", "partial"]))
def test_wording_survives(text: str, status: str) -> None:
    if text.strip():
        assert decode(encode(text, status)) == (text, status)


SNIPPETS = (
    *(
        "[illegible]",
        "[no text] x 4",
        "...",
        "[ ]",
        "word[?]",
        "Illeg.",
        "\\",
        "- ",
        "Challenge:",
        "\n",
        "\n\n",
    ),
    *("Power (15)", "→", "*so*", "POWER", " ", "how", "(", ")", "…", "\t", "[legible]", "[partly legible]"),
)
MARKED = st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=6).map("".join)
TEXTS = st.one_of(MARKED, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)).filter(
    lambda text: text.strip() != ""
)
HEADINGS = st.one_of(TEXTS, st.sampled_from(["Power", "Goal (3)", "POWER", "- x", "A\\B", "Challenge:"]))


@st.composite
def records(draw: st.DrawFn) -> Record:
    headings = draw(
        st.lists(HEADINGS.filter(lambda text: len(text) < 80), min_size=1, max_size=3, unique=True)
    )
    principles = tuple(
        Principle(f"p{index}", heading, stated=draw(st.one_of(st.none(), st.integers(0, 99))))
        for index, heading in enumerate(headings)
    )
    notes: list[Note] = []
    for principle in [*principles, None]:
        group = 0
        for position in range(draw(st.integers(0, 3))):
            status = draw(st.sampled_from(list(vocabulary.TEXT_STATUSES)))
            group += draw(st.integers(0, 1)) if position else 0
            notes.append(
                make_note(
                    len(notes) + 1,
                    draw(TEXTS) if status in ("legible", "partial") else "",
                    text_status=status,
                    principle_id=principle.id if principle else None,
                    response_type=draw(st.sampled_from(list(vocabulary.RESPONSE_TYPES))),
                    group=group,
                    position=position,
                )
            )
    return replace(
        make_record(notes=[]),
        title=draw(TEXTS).strip(),
        introduction=draw(st.one_of(st.just(""), st.lists(TEXTS, max_size=3).map("\n\n".join))),
        principles=principles,
        notes=tuple(notes),
        notices=remark_notices(parse_transcript("")),
    )


@settings(max_examples=300, deadline=None)
@given(records())
def test_text_export_is_read_back_without_loss(record: Record) -> None:
    transcript = parse_transcript(write_transcript(record))
    assert transcript.title == record.title
    assert transcript.introduction == "\n".join(tidy_lines(record.introduction))
    assert transcript.unknown == ()
    found, notes = notes_of(transcript, record.workshop_id, record.principles)
    assert [(principle.id, principle.heading, principle.stated) for principle in found] == [
        (principle.id, principle.heading, principle.stated) for principle in record.principles
    ]

    def shown(note: Note) -> tuple[object, ...]:
        return (note.principle_id, note.group, note.response_type, note.text, note.text_status)

    assert list(map(shown, notes)) == list(map(shown, record.notes))


@given(st.text(max_size=200) | st.lists(st.sampled_from(SMALL.split("\n")), max_size=30).map("\n".join))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    transcript = parse_transcript(text)
    notes_of(transcript, "any")
    assert parse_transcript(text) == transcript


def test_listed_count_is_compared() -> None:
    transcript = parse_transcript("T\n\nResponses\n\nPower (3 listed)\n\n- a\n- b\n")
    assert transcript.sections[0].stated is None
    assert "3" in transcript.unknown[0].reason
    assert "2" in transcript.unknown[0].reason


def test_unbelievable_repeat_makes_no_notes() -> None:
    transcript = parse_transcript("T\n\nPower (1)\n\n- [no text] x 99999999\n- a\n")
    assert len(transcript.sections[0].items) == 1
    assert transcript.unknown[0].number == 5


def test_known_principles_keep_their_ids() -> None:
    known = (Principle("winwin", "Positive-sum", also=("POSITIVE - SUM (win-win)",)),)
    found, notes = notes_of(
        parse_transcript("T\n\nPOSITIVE - SUM (2)\n\n- a\n\nOther (1)\n\n- b\n"), "w", known
    )
    assert [(principle.id, principle.stated) for principle in found] == [("winwin", 2), ("other", 1)]
    assert [note.principle_id for note in notes] == ["winwin", "other"]
    assert "Positive-sum" in found[0].also


def test_reading_twice_gives_the_same_ids_and_equal_notes_are_told_apart() -> None:
    text = "T\n\nPower (3)\n\n- [no text] x 2\n- a\n"
    first = notes_of(parse_transcript(text), "w")[1]
    again = notes_of(parse_transcript(text), "w")[1]
    assert first == again
    assert len({note.id for note in first}) == 3
