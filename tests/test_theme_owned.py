"""Themes that people own: names, merges, splits and moves that survive every re-run, and are never lost silently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import pytest
from factories import make_note
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.model import Note, Principle, Theme
from pipeline.stages.theme import themes
from pipeline.themes import editing, themes_toml
from pipeline.themes.ownership import OwnedNote, OwnedTheme, OwnedThemes, rematch, settle
from pipeline.themes.result import ThemeResult
from pipeline.themes.vectors import Analyser

POWER = Principle("power", "Power")
TEXTS = (
    "Pay people for their time",
    "People should be paid for taking part",
    "Payment for everyone who takes part",
    "Too much jargon in the letters",
    "The letters are full of jargon",
    "Plain language instead of jargon please",
    "Childcare at the evening sessions",
)
PAY, JARGON, CHILDCARE = {"n0001", "n0002", "n0003"}, {"n0004", "n0005", "n0006"}, "n0007"


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser()


def notes_of(texts: Sequence[str] = TEXTS) -> list[Note]:
    return [
        replace(make_note(number, text, principle_id="power"), id=f"n{number:04}")
        for number, text in enumerate(texts, 1)
    ]


NOTES = notes_of()
WORDS = {note.id: note.text for note in NOTES}


def by_notes(result: ThemeResult, *wanted: str) -> Theme:
    (theme,) = [theme for theme in result.themes if set(wanted) <= set(theme.note_ids)]
    return theme


def run(analyser: Analyser, owned: OwnedThemes | None = None, notes: Sequence[Note] = NOTES) -> ThemeResult:
    return themes(notes, [POWER], analyser, owned)


def test_a_name_survives_and_new_notes_join_it(analyser: Analyser) -> None:
    owned = editing.rename(OwnedThemes(), by_notes(run(analyser), *PAY), "Money for time", WORDS)
    later = [*NOTES, replace(make_note(8, "Pay for taking part", principle_id="power"), id="n0008")]
    theme = by_notes(run(analyser, owned, later), *PAY)
    assert (theme.id, theme.label, theme.is_named_by_person) == ("money-for-time", "Money for time", True)
    assert set(theme.note_ids) == PAY | {"n0008"}


def test_a_pinned_theme_takes_no_new_notes(analyser: Analyser) -> None:
    owned = editing.pin(OwnedThemes(), by_notes(run(analyser), *PAY), WORDS)
    later = [*NOTES, replace(make_note(8, "Pay for taking part", principle_id="power"), id="n0008")]
    result = run(analyser, owned, later)
    assert set(by_notes(result, *PAY).note_ids) == PAY
    assert "n0008" not in result.theme_of_note


def test_merged_themes_stay_one(analyser: Analyser) -> None:
    first = run(analyser)
    owned = editing.merge(OwnedThemes(), [by_notes(first, *PAY), by_notes(first, *JARGON)], "Respect", WORDS)
    (theme,) = run(analyser, owned).themes
    assert (theme.label, set(theme.note_ids)) == ("Respect", PAY | JARGON)


def test_merging_owned_themes_keeps_the_first_and_drops_the_others(analyser: Analyser) -> None:
    owned = editing.rename(OwnedThemes(), by_notes(run(analyser), *PAY), "Money", WORDS)
    owned = editing.rename(owned, by_notes(run(analyser, owned), *JARGON), "Jargon", WORDS)
    now = run(analyser, owned)
    owned = editing.merge(owned, [by_notes(now, *JARGON), by_notes(now, *PAY)], "Both", WORDS)
    assert [(theme.key, theme.name) for theme in owned.themes] == [("jargon", "Both")]
    assert run(analyser, owned).lost == ()


def test_a_split_stays_split_and_a_new_note_joins_the_nearer_part(analyser: Analyser) -> None:
    theme = by_notes(run(analyser), *PAY)
    owned = editing.split(OwnedThemes(), theme, [("Time", ["n0001"]), ("Part", ["n0002", "n0003"])], WORDS)
    later = [*NOTES, replace(make_note(8, "Payment for all who take part", principle_id="power"), id="n0008")]
    result = run(analyser, owned, later)
    assert by_notes(result, "n0001").note_ids == ("n0001",)
    assert set(by_notes(result, "n0002").note_ids) == {"n0002", "n0003", "n0008"}


def test_a_moved_note_stays_where_it_was_put(analyser: Analyser) -> None:
    first = run(analyser)
    owned = editing.move(OwnedThemes(), CHILDCARE, by_notes(first, *PAY), WORDS)
    result = run(analyser, owned)
    assert set(by_notes(result, *PAY).note_ids) == PAY | {CHILDCARE}
    owned = editing.move(owned, "n0001", None, WORDS)
    result = run(analyser, owned)
    assert "n0001" not in result.theme_of_note
    owned = editing.move(owned, "n0001", by_notes(result, *JARGON), WORDS)
    assert set(by_notes(run(analyser, owned), *JARGON).note_ids) == JARGON | {"n0001"}
    assert owned.ungrouped == ()


def test_a_rejected_theme_does_not_come_back(analyser: Analyser) -> None:
    owned = editing.reject(OwnedThemes(), by_notes(run(analyser), *PAY), WORDS)
    result = run(analyser, owned)
    assert [set(theme.note_ids) for theme in result.themes] == [JARGON]
    assert result.lost == ()


def test_a_theme_that_lost_its_notes_is_reported(analyser: Analyser) -> None:
    owned = OwnedThemes(
        (OwnedTheme("old", "Old name", "power", (OwnedNote("gone", "Quite another matter"),)),)
    )
    (lost,) = run(analyser, owned).lost
    assert (lost.key, lost.name, lost.reason) == (
        "old",
        "Old name",
        "none of its notes is in the workshop any more",
    )
    assert themes([], [POWER], analyser, owned).lost == (lost,)


def test_a_note_that_moved_to_another_principle_leaves_its_theme(analyser: Analyser) -> None:
    owned = OwnedThemes((OwnedTheme("pay", "Pay", "power", (OwnedNote("n0001"),)),))
    moved = [replace(NOTES[0], principle_id="time"), *NOTES[1:]]
    (lost,) = themes(moved, [POWER, Principle("time", "Time")], analyser, owned).lost
    assert lost.reason == "its notes are now under another principle"


def test_a_note_with_a_new_id_is_found_by_its_words() -> None:
    owned = OwnedThemes(
        (OwnedTheme("pay", "Pay", "power", (OwnedNote("old", "Pay people for there time"),)),)
    )
    found, lost = rematch(owned, {"power": {"new": "Pay people for their time", "other": "Childcare"}})
    assert lost == ()
    assert found.themes[0].note_ids == ("new",)


def test_two_notes_with_the_same_words_are_not_guessed_between() -> None:
    owned = OwnedThemes((OwnedTheme("a", "A", "power", (OwnedNote("old", "I agree"),)),))
    found, lost = rematch(owned, {"power": {"one": "I agree", "two": "I agree"}})
    assert found.themes == ()
    assert [theme.key for theme in lost] == ["a"]


def test_a_small_share_of_a_group_does_not_claim_it() -> None:
    owned = OwnedTheme("mine", "Mine", None, tuple(OwnedNote(name) for name in ("a", "x", "y")))
    settled = settle([["a", "b", "c", "d"]], [owned], (), lambda note, others: 0.0)
    assert settled.groups == (("b", "c", "d"),)
    assert settled.claims[0].note_ids == ("a", "x", "y")


def test_no_text_notes_may_be_placed_by_people(analyser: Analyser) -> None:
    silent = replace(make_note(9, "", text_status="no_text", principle_id="power"), id="n0009")
    owned = OwnedThemes((OwnedTheme("mine", "Mine", "power", (OwnedNote("n0009"), OwnedNote("n0007"))),))
    result = run(analyser, owned, [*NOTES, silent])
    assert by_notes(result, "n0009").quote_note_id == "n0007"
    (tally,) = result.tallies
    assert (tally.notes, tally.without_content) == (8, 0)


# --- the file -------------------------------------------------------------------------------

names = st.text(min_size=1, max_size=30).filter(lambda text: text.strip() != "" and text.isprintable())
words = st.text(max_size=40).filter(
    lambda text: "\r" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in text)
)


@given(
    st.lists(st.tuples(names, st.lists(words, max_size=3), words, st.booleans(), st.booleans()), max_size=4),
    st.lists(words, max_size=2),
)
@settings(max_examples=100, deadline=None)
def test_the_file_gives_the_same_themes_back(
    rows: list[tuple[str, list[str], str, bool, bool]], alone: list[str]
) -> None:
    found: list[OwnedTheme] = []
    for number, (name, texts, description, pinned, rejected) in enumerate(rows):
        notes = tuple(OwnedNote(f"n{number}-{place}", text) for place, text in enumerate(texts))
        key = editing.key_for(name, {theme.key for theme in found})
        principle = "power" if number % 2 else None
        found.append(OwnedTheme(key, name, principle, notes, description, pinned, rejected))
    owned = OwnedThemes(tuple(found), tuple(OwnedNote(f"u{place}", text) for place, text in enumerate(alone)))
    assert themes_toml.parse(themes_toml.format_owned(owned)) == owned


def test_a_hand_written_file_may_be_short() -> None:
    owned = themes_toml.parse('[[themes]]\nname = "Pay"\nprinciple = "power"\nnotes = ["n1", "n2"]\n')
    assert owned.themes == (OwnedTheme("pay", "Pay", "power", (OwnedNote("n1"), OwnedNote("n2"))),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[themes]]\nname = ", "not valid TOML"),
        ("[[theme]]\nname = 'x'", "'themes'"),
        ("[[themes]]\nname = 'x'\npined = true", "'pinned'"),
        ("[[themes]]\nname = 'x'\npinned = 'yes'", "true or false"),
        ("[[themes]]\nkey = 'x'", "no name"),
        ("[[themes]]\nname = 3", "quotation marks"),
        ("[[themes]]\nname = 'x'\nnotes = 3", "ids are expected"),
        ("themes = 3", "[[themes]]"),
        (
            "[[themes]]\nname='a'\nnotes=['n1']\n[[themes]]\nname='b'\nnotes=['n1']",
            "stands in 'a' and in 'b'",
        ),
        ("[[themes]]\nname='a'\nkey='k'\n[[themes]]\nname='b'\nkey='k'", "another theme's"),
    ],
)
def test_mistakes_in_the_file_are_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        themes_toml.parse(text, "raw/w/themes.toml")
    assert says in str(caught.value)
    assert "raw/w/themes.toml" in str(caught.value)


def test_keys_are_plain_and_unlike() -> None:
    assert editing.key_for("Économie & Pouvoir!", set()) == "economie-pouvoir"
    assert editing.key_for("Power", {"power", "power-2"}) == "power-3"
    assert editing.key_for("力", set()) == "theme"


def test_only_themes_of_one_principle_can_be_merged() -> None:
    one = Theme("a", "power", "A", "possible", 0.2, ("n0001",), "n0001")
    with pytest.raises(ValueError, match="one principle"):
        editing.merge(OwnedThemes(), [one, replace(one, principle_id="time")], "Both", WORDS)
    with pytest.raises(ValueError, match="its own notes"):
        editing.split(OwnedThemes(), one, [("B", ["n0002"])], WORDS)


def test_groups_are_found_anew_for_whatever_they_hang_on_and_for_nothing_else(analyser: Analyser) -> None:
    kept: dict[bytes, bytes] = {}
    found: list[bytes] = []

    def keep(hangs_on: object, find: Callable[[], tuple[Theme, ...]]) -> tuple[Theme, ...]:
        key = msgspec.json.encode(hangs_on)
        if key not in kept:
            found.append(key)
            kept[key] = msgspec.json.encode(find())
        return msgspec.json.decode(kept[key], type=tuple[Theme, ...])

    time = Principle("time", "Make time")
    late = [replace(note, id=f"m{note.id}", principle_id="time") for note in NOTES]
    notes = [*NOTES, *late]
    first = themes(NOTES, [POWER], analyser)
    theme = by_notes(first, *PAY)
    ours = OwnedThemes((OwnedTheme("ours", "Ours", "power", tuple(map(OwnedNote, sorted(JARGON)))),))

    def mine(**other: object) -> OwnedThemes:
        return OwnedThemes((replace(ours.themes[0], **other),))

    def others(number: int, **other: object) -> list[Note]:
        return [replace(note, **other) if place == number else note for place, note in enumerate(notes)]

    # What is asked, and of how many principles the groups are found anew.
    asked: list[tuple[int, Sequence[Note], Principle, OwnedThemes | None, str]] = [
        (2, notes, POWER, None, ""),
        (0, notes, POWER, None, ""),
        (0, list(reversed(notes)), POWER, None, ""),
        (0, others(0, response_type="challenge", confidence=0.1), POWER, None, ""),
        (1, others(0, text="Pay everyone well for their time"), POWER, None, ""),
        (1, others(0, id="another"), POWER, None, ""),
        (1, others(0, text="", text_status="no_text"), POWER, None, ""),
        (2, others(1, principle_id="time"), POWER, None, ""),
        (1, notes, replace(POWER, heading="Jargon"), None, ""),
        (2, notes, POWER, None, "Payment"),
        (1, notes, POWER, ours, ""),
        (1, notes, POWER, mine(key="yours"), ""),
        (1, notes, POWER, mine(name="Yours"), ""),
        (1, notes, POWER, mine(description="As we see it."), ""),
        (1, notes, POWER, mine(is_pinned=True), ""),
        (1, notes, POWER, mine(is_rejected=True), ""),
        (1, notes, POWER, mine(notes=ours.themes[0].notes[:2]), ""),
        (1, notes, POWER, editing.move(OwnedThemes(), theme.note_ids[0], None, WORDS), ""),
    ]
    for number, (new, said, power, owned, title) in enumerate(asked):
        found.clear()
        result = themes(said, [power, time], analyser, owned, title, keep)
        assert result == themes(said, [power, time], analyser, owned, title), number
        assert len(found) == new, number
