"""Judging: what is printed, what is marked, what is withheld; and that the shipped numbers are sane."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import marks, vocabulary
from pipeline.model import Ink, Line, NoteReading, Reading, Word
from pipeline.stages import judge as judging
from pipeline.stages.judge import Calibration, Point, judge

WRITTEN = Ink(coverage=0.1, uncovered=0.02, sharpness=0.5, text_height=25.0, is_written=True)
BLANK = Ink(coverage=0.0, uncovered=0.0, sharpness=0.0, text_height=0.0, is_written=False)
SIMPLE = Calibration(
    word={"logit_helped": 1.0},
    note={"logit_mean": 1.0},
    points={"default": Point(0.6, 0.15, 0.8, 0.3), "draft": Point(0.4, 0.0, 0.3, 0.1)},
)
"""Numbers that take the helped reading's word for it, so that tests say what they mean."""


def place(line: int, start: int, length: int) -> Any:
    """The box of a word of so many letters that starts at a letter's place in its line."""
    left, right, top = 10.0 * start, 10.0 * (start + length), 50.0 * line
    return ((left, top), (right, top), (right, top + 40), (left, top + 40))


def lines_of(*rows: str) -> tuple[Line, ...]:
    """Rows of "word:probability"; a word without one is sure."""
    lines = []
    for number, row in enumerate(rows):
        words = []
        start = 0
        for item in row.split():
            text, _, chance = item.partition(":")
            words.append(Word(text, float(chance or 0.99), place(number, start, len(text))))
            start += len(text) + 1
        lines.append(Line(tuple(words)))
    return tuple(lines)


def note(*rows: str, plain: tuple[str, ...] | None = None, ink: Ink = WRITTEN) -> NoteReading:
    helped = Reading("rapidocr+words", "3 en", lines_of(*rows))
    return NoteReading((Reading("rapidocr", "3", lines_of(*(plain or rows))), helped), ink)


def verdict(reading: NoteReading, point: str = "default") -> tuple[str, str]:
    result = judge(reading, point, numbers=SIMPLE)
    return result.text_status, result.text


def test_sure_words_are_printed_line_by_line() -> None:
    assert verdict(note("share the", "power")) == ("legible", "share the\npower")


def test_an_unsure_word_is_marked_where_it_stands() -> None:
    assert verdict(note("share the:0.5", "power")) == ("partial", "share the[?]\npower")


def test_lost_words_leave_one_gap() -> None:
    assert verdict(note("share qx:0.05 zz:0.02", "wv:0.01 power")) == ("partial", "share [illegible]\npower")


def test_a_note_mostly_lost_is_illegible_and_has_no_text() -> None:
    assert verdict(note("iuii:0.05 wm:0.1", "of:0.4")) == ("illegible", "")
    assert verdict(note("iuii:0.1")) == ("illegible", "")


def test_a_word_changed_by_the_languages_help_is_never_printed_as_sure() -> None:
    assert verdict(note("asking me", plain=("ashing me",))) == ("partial", "asking[?] me")


def test_another_word_gap_changes_no_word() -> None:
    assert verdict(note("side by side", plain=("side byside",)))[0] == "legible"


def test_capitals_and_commas_change_no_word() -> None:
    assert verdict(note("Share, power", plain=("share power",)))[0] == "legible"


def test_ink_no_box_covers_is_a_gap_at_the_end_of_a_doubtful_reading() -> None:
    left_out = Ink(coverage=0.1, uncovered=0.5, sharpness=0.5, text_height=25.0, is_written=True)
    doubtful = Calibration(SIMPLE.word, {"logit_mean": 0.1, "uncovered": -3.0}, SIMPLE.points)
    result = judge(note("share power", ink=left_out), numbers=doubtful)
    assert (result.text_status, result.text) == ("partial", "share power\n[illegible]")


def test_words_sure_one_by_one_but_not_together_show_where_the_doubt_is() -> None:
    doubtful = Calibration(SIMPLE.word, {"bias": -1.0}, SIMPLE.points)
    result = judge(note("share:0.99 power:0.9"), numbers=doubtful)
    assert (result.text_status, result.text) == ("partial", "share power[?]")


def test_no_ink_is_no_text_whatever_an_engine_says_of_a_drawn_sign() -> None:
    assert verdict(note(ink=BLANK)) == ("no_text", "")
    assert verdict(note("V", ink=BLANK)) == ("no_text", "")
    assert verdict(note("o:0.99", ink=BLANK)) == ("no_text", "")


def test_letters_surely_read_overrule_the_ink_test() -> None:
    large = Ink(coverage=0.1, uncovered=0.0, sharpness=0.5, text_height=200.0, is_written=False)
    assert verdict(note("7", ink=large)) == ("legible", "7")
    assert verdict(note("HMW", ink=large)) == ("legible", "HMW")


def test_a_drawing_with_a_letter_seen_in_it_is_no_text() -> None:
    drawing = Ink(coverage=0.15, uncovered=0.85, sharpness=0.6, text_height=150.0, is_written=False)
    assert verdict(note("A:0.9 C:0.5", ink=drawing)) == ("no_text", "")


@pytest.mark.parametrize(
    ("sign", "uncovered", "coverage", "is_text"),
    [
        ("S:0.8", 0.05, 0.017, True),
        ("+:0.55", 0.0, 0.044, True),
        ("XL:0.9", 0.25, 0.04, True),
        ("7:0.17", 0.0, 0.067, False),  # drawn arrows
        ("S:0.8", 0.6, 0.05, False),  # a letter seen in one corner of a drawing
        ("a:0.8", 0.0, 0.0, False),  # no ink at all
        ("✓:0.9", 0.0, 0.02, False),
        ("£ ook OK", 0.03, 0.07, True),
    ],
)
def test_a_lone_large_sign_is_writing_and_a_drawing_is_none(
    sign: str, uncovered: float, coverage: float, is_text: bool
) -> None:
    ink = Ink(coverage, uncovered, sharpness=0.5, text_height=90.0, is_written=False)
    never = Calibration({"bias": -9.0}, {"bias": -9.0}, SIMPLE.points)
    assert (judge(note(sign, ink=ink), numbers=never).text_status != "no_text") is is_text


def test_writing_without_a_reading_is_illegible_not_blank() -> None:
    assert verdict(note()) == ("illegible", "")
    failed = NoteReading((Reading("rapidocr", "3", (), "crashed: RuntimeError"),), WRITTEN)
    assert verdict(failed) == ("illegible", "")


def test_signs_that_say_something_are_printed_and_specks_are_not() -> None:
    assert verdict(note("share + power !")) == ("legible", "share + power !")
    assert verdict(note("share . power *", "' ~")) == ("legible", "share power")
    assert verdict(note("share -:0.3 power")) == ("legible", "share power")
    assert verdict(note("↑", "THIS")) == ("legible", "↑\nTHIS")


def test_a_sign_that_may_be_another_is_marked() -> None:
    assert verdict(note("this →:0.4")) == ("partial", "this →[?]")
    assert verdict(note("share $ power")) == ("partial", "share $[?] power")
    assert verdict(note("this →", plain=("this T",))) == ("partial", "this →[?]")


def test_a_tick_beside_words_is_a_drawing() -> None:
    assert verdict(note("share power", "✓")) == ("legible", "share power")


def test_a_crossed_out_word_is_left_out() -> None:
    assert verdict(note("share ▬ power")) == ("legible", "share power")


def test_a_lone_arrow_is_printed_and_a_lone_tick_is_no_text() -> None:
    large = Ink(coverage=0.02, uncovered=0.0, sharpness=0.5, text_height=200.0, is_written=False)
    assert verdict(note("↑:0.9", ink=large)) == ("legible", "↑")
    assert verdict(note("+:0.45", ink=large)) == ("partial", "+[?]")
    assert verdict(note("✓:0.9", ink=large)) == ("no_text", "")


def test_a_word_the_network_sees_is_writing_even_beside_a_drawing() -> None:
    drawing = Ink(coverage=0.2, uncovered=0.85, sharpness=0.9, text_height=100.0, is_written=False)
    assert verdict(note("Deret:0.2", plain=("Deret:0.7",), ink=drawing))[0] != "no_text"
    assert verdict(note("too:0.56", plain=("xoo:0.3",), ink=drawing)) == ("no_text", "")


def test_scraps_of_letters_among_figures_are_a_drawing() -> None:
    figures = Ink(coverage=0.08, uncovered=0.33, sharpness=0.6, text_height=6.0, is_written=True)
    assert verdict(note("41:0.1", "ook:0.1", "OK:0.3", ink=figures)) == ("no_text", "")
    assert verdict(note("ok:0.9", ink=figures)) != ("no_text", "")
    assert verdict(note("power:0.1", ink=figures)) == ("illegible", "")


def test_words_the_language_made_of_scrawl_are_not_printed() -> None:
    scrawl = note("is win be", "ten wear", plain=("ts:0.05 wln:0.02 bn:0.1", "tcn:0.2 wern:0.1"))
    assert verdict(scrawl) == ("illegible", "")


def test_a_draft_prints_more_than_the_default() -> None:
    reading = note("share:0.5 zq:0.05", "power:0.5")
    assert verdict(reading) == ("partial", "share[?] [illegible]\npower[?]")
    assert verdict(reading, "draft") == ("partial", "share zq[?]\npower")


def test_rows_of_drawn_figures_are_no_text() -> None:
    assert verdict(note("pair to 8888", "88 build")) == ("partial", "pair to [illegible]\nbuild")
    assert verdict(note("pair 8888"), "draft") == ("partial", "pair [illegible]")
    assert verdict(note("pair okok", "OKOKOK build")) == ("partial", "pair [illegible]\nbuild")
    assert verdict(note("5 000 000 people", "06 88 00")) == ("legible", "5 000 000 people\n06 88 00")
    assert verdict(note("since 2011", "88.5 ok")) == ("legible", "since 2011\n88.5 ok")


def test_an_unlikely_lone_letter_is_not_guessed_at() -> None:
    assert verdict(note("share power A:0.3")) == ("partial", "share power [illegible]")
    assert verdict(note("share power an:0.3")) == ("partial", "share power an[?]")


def test_a_single_letter_must_be_seen_plainly_by_the_network_itself() -> None:
    assert verdict(note("E:0.8", plain=("E:0.3",))) == ("illegible", "")
    assert verdict(note("E:0.8", plain=("E:0.8",))) == ("partial", "E[?]")


def test_a_letter_where_no_ink_is_is_the_papers_own_shape() -> None:
    bare = Ink(0.0, 0.0, sharpness=0.0, text_height=0.0, is_written=False)
    assert verdict(note("A:0.95", ink=bare)) == ("no_text", "")
    assert verdict(note("Ask:0.95", ink=bare))[0] != "no_text"


def test_a_string_of_short_likely_words_is_not_taken_for_text() -> None:
    assert verdict(note("in:0.7 we:0.7 a:0.7 me:0.7", plain=("m w u nn",))) == ("illegible", "")
    assert verdict(note("Why:0.99 coupliant:0.1"))[0] == "partial"
    assert verdict(note("go on:0.9 up")) == ("legible", "go on up")


def test_brackets_on_the_note_are_not_taken_for_marks() -> None:
    status, text = verdict(note("say [illegible] here"))
    assert status == "legible"
    assert marks.plain(text) == "say [illegible] here" and not marks.is_marked(text)


def test_a_reader_without_help_from_the_language_is_judged_too() -> None:
    reading = NoteReading((Reading("brought", "1", lines_of("share power")),), WRITTEN)
    assert judge(reading, numbers=SIMPLE).text == "share power"


def test_an_unknown_point_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'bold'; known: default, draft"):
        judge(note("a"), "bold", numbers=SIMPLE)


words = st.text(alphabet="abcXYZ0189£'-?[]\\", min_size=1, max_size=6)
chances = st.floats(0, 1).map(lambda value: round(value, 4))
rows = st.lists(st.lists(st.tuples(words, chances), min_size=1, max_size=4), max_size=4)
inks = st.builds(
    Ink,
    coverage=st.floats(0, 0.5),
    uncovered=st.floats(0, 1),
    sharpness=st.floats(0, 3),
    text_height=st.floats(0, 300),
    is_written=st.booleans(),
)


@given(rows, rows, inks, st.sampled_from(["strict", "default", "draft"]))
def test_whatever_comes_in_what_goes_out_keeps_the_contract(
    helped: list[Any], plain: list[Any], ink: Ink, point: str
) -> None:
    def made(name: str, table: list[Any]) -> Reading:
        return Reading(
            name,
            "3 en",
            tuple(
                Line(
                    tuple(
                        Word(text, chance, place(number, 10 * index, len(text)))
                        for index, (text, chance) in enumerate(row)
                    )
                )
                for number, row in enumerate(table)
            ),
        )

    reading = NoteReading((made("rapidocr", plain), made("rapidocr+words", helped)), ink)
    result = judge(reading, point)
    assert result.text_status in vocabulary.TEXT_STATUSES and 0 <= result.confidence <= 1
    assert (result.text == "") == (result.text_status in ("no_text", "illegible"))
    assert marks.is_marked(result.text) == (result.text_status == "partial")
    assert result == judge(reading, point)
    said = set("".join(word.text for word in reading.readings[1].words))
    assert set(marks.plain(result.text)) <= said | {" "}, "nothing is printed that no reader said"


def test_the_shipped_numbers_are_complete_and_sensible() -> None:
    shipped = judging.calibration()
    assert set(shipped.word) == set(judging.WORD_FEATURES) and set(shipped.note) == set(judging.NOTE_FEATURES)
    assert set(shipped.points) == {"strict", "default", "draft"}
    strict, default, draft = (shipped.points[name] for name in ("strict", "default", "draft"))
    assert strict.legible >= default.legible >= draft.legible
    assert strict.sure >= default.sure >= draft.sure and strict.guess >= default.guess >= draft.guess
    stored = json.loads(judging.CALIBRATION.read_text(encoding="utf-8"))
    assert "shared/" in stored["provenance"] and stored["cross_validated"]
    sure = judging.judge_words(note("share power"))
    unsure = judging.judge_words(note("share:0.2 power:0.2"))
    assert min(word.probability for word in sure) > max(word.probability for word in unsure)


# --- fitting ----------------------------------------------------------------------------------


def test_the_limit_keeps_wrong_notes_below_the_target() -> None:
    import numpy as np

    from pipeline.training.calibrate import lowest_limit

    scores = np.linspace(0.999, 0.9, 100)
    right = (scores > 0.95).astype(float)
    assert 0.94 < lowest_limit(scores, right, 0.03) < 0.951
    assert lowest_limit(scores, np.zeros(100), 0.02) == 1.0, "where nothing is right, nothing passes"
    unsure = np.full(3, 0.9)
    assert lowest_limit(unsure, np.ones(3), 0.02) == 1.0, "three lucky notes prove nothing"


def test_no_wall_is_judged_by_numbers_fitted_on_it() -> None:
    from pipeline.training.calibrate import Read, folds, prepare

    notes = [
        prepare(Read(f"{i}", "board", f"wall-{i % 7}", "share power", False, note("share power")))
        for i in range(40)
    ]
    seen = []
    for inside, outside in folds(notes, 3):
        assert {item.note.wall for item in inside}.isdisjoint(item.note.wall for item in outside)
        seen += [item.note.id for item in outside]
    assert sorted(seen) == sorted(item.note.id for item in notes)


def test_words_are_right_as_often_as_the_truth_has_them() -> None:
    from pipeline.training.calibrate import Read, error_rate, prepare

    prepared = prepare(Read("1", "board", "w", "the power the", False, note("the the the power.")))
    assert prepared.right.tolist() == [1.0, 1.0, 0.0, 1.0]
    assert prepare(Read("2", "board", "w", None, False, note("iuii"))).right.tolist() == [0.0]
    assert error_rate("It's hard!", "its hard[?]") == 0.0


def drawing(drawn: float, *, is_written: bool = True) -> Ink:
    return Ink(0.1, 0.0, sharpness=0.5, text_height=40.0, is_written=is_written, drawn=drawn)


@pytest.mark.parametrize("is_written", [True, False])
def test_what_is_drawn_and_holds_no_sure_word_is_no_text(is_written: bool) -> None:
    faces = drawing(6.0, is_written=is_written)
    assert verdict(note("NO:0.1", ink=faces)) == ("no_text", "")
    assert verdict(note(ink=faces)) == ("no_text", "")
    assert verdict(note("5:0.2 OK:0.6", "ook:0.1", ink=faces)) == ("no_text", "")


def test_a_sure_word_beside_a_drawing_is_text() -> None:
    assert verdict(note("Derek", ink=drawing(5.0)))[0] != "no_text"


@pytest.mark.parametrize("row", ["8888", "okok", "oooo"])
def test_a_row_of_drawn_figures_is_no_sure_word(row: str) -> None:
    assert verdict(note(f"{row}:0.9", "NO:0.1", ink=drawing(5.0))) == ("no_text", "")
    assert verdict(note(f"{row}:0.9", "Derek", ink=drawing(5.0)))[0] != "no_text"


def test_ink_that_may_be_writing_is_never_no_text_for_its_shape_alone() -> None:
    assert verdict(note(ink=drawing(-2.0))) == ("illegible", "")
    many = note(*["wern:0.1 mur:0.1 nun:0.2"] * 5, ink=drawing(2.5))  # a scrawl in many words
    assert verdict(many) == ("illegible", "")


def test_a_clock_and_three_little_people_are_a_drawing() -> None:
    assert verdict(note("£:0.2 ook:0.1 OK:0.1", ink=drawing(4.0, is_written=False))) == ("no_text", "")


def test_another_script_in_large_letters_is_illegible_not_blank() -> None:
    large = drawing(-1.0, is_written=False)
    assert verdict(note("785?:0.1", ink=large)) == ("illegible", "")
    assert verdict(note("785?:0.1", ink=drawing(4.0, is_written=False))) == ("no_text", "")


def test_a_sign_the_reader_knows_stays_unless_its_shape_is_a_drawing() -> None:
    assert verdict(note("S:0.6", ink=drawing(1.0, is_written=False)))[0] != "no_text"
    assert verdict(note("S:0.6", ink=drawing(4.5, is_written=False)))[0] == "no_text"


def test_where_the_reader_failed_shapes_alone_make_no_drawing() -> None:
    failed = NoteReading((Reading("rapidocr", "3", (), "crashed: RuntimeError"),), drawing(5.0))
    assert verdict(failed) == ("illegible", "")
