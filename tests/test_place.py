from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import (
    Board,
    BoardHeading,
    BoardNote,
    Classification,
    Detection,
    HeadingBox,
    HeadingReading,
    Ink,
    Line,
    NoteReading,
    Outline,
    PageReading,
    Photo,
    PhotoRecord,
    Polygon,
    Principle,
    Reading,
    Sighting,
    Word,
)
from pipeline.pointing import direction, target
from pipeline.stages.place import emergent_principles, place
from pipeline.wording import likeness, match_fragment, match_heading

TERRAPINS = tuple(
    Principle(name.lower().replace(" ", "-"), name)
    for name in (
        "Transparent", "Engaged", "Respect for expertise", "Relational", "Asset-based",
        "Iterative", "Not decided in advance", "Self-aware", "Power", "Make Time",
    )
)  # fmt: skip
PRINCIPLES = (
    *TERRAPINS,
    Principle(
        "positive-sum",
        "Positive-sum",
        ("POSITIVE - SUM (win-win; opposite of 'zerosum' - everyone's a winner)",),
    ),
)


def box(x: float, y: float, width: float = 100, height: float = 100) -> Polygon:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def make_board(
    headings: dict[str, Polygon], notes: list[Polygon], texts: list[str] | None = None, photo: str = "a.jpg"
) -> tuple[Board, PhotoRecord]:
    digest = hashlib.sha256(photo.encode()).hexdigest()
    texts = texts or [""] * len(notes)
    record = PhotoRecord(
        Photo(photo, digest, 1000, 1400, "JPEG"),
        Detection(
            tuple(Outline(note, 0.9) for note in notes),
            tuple(HeadingBox(one, 0.9) for one in headings.values()),
        ),
        tuple(Classification("square", 0.9, "yellow") for _ in notes),
        PageReading(
            tuple(
                NoteReading(
                    (Reading("fake", "1", (Line(tuple(Word(word, 0.9) for word in text.split())),)),),
                    Ink(0.1, 0, 0.5, 20, bool(text)),
                )
                for text in texts
            ),
            tuple(HeadingReading(text, 0.9, "fake") for text in headings),
        ),
    )
    board = Board(
        "b-" + photo,
        (photo,),
        ((1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0),),
        tuple(BoardNote((Sighting(photo, digest, note, i),), note) for i, note in enumerate(notes)),
        tuple(BoardHeading(text, 0.9, one, photo) for text, one in headings.items()),
    )
    return board, record


def placed(
    headings: dict[str, Polygon], notes: list[Polygon], texts: list[str] | None = None
) -> list[str | None]:
    board, record = make_board(headings, notes, texts)
    return [one.principle_id for one in place([board], PRINCIPLES, [record])[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("POSITIVE - SUM\n(win-win; opposite of\n'zerosum' - everyone's a winner)", "positive-sum"),
        ("POSITIVE-SUM", "positive-sum"),
        ("P0SITIVE SUM", "positive-sum"),
        ("everyone's a winner POSITIVE SUM win-win", "positive-sum"),
        ("NOT DECIDED IN ADVANCE", "not-decided-in-advance"),
        ("IN ADVANCE NOT DECIDED", "not-decided-in-advance"),
        ("Not decided\nin advanoe", "not-decided-in-advance"),
        ("SELF AWARE", "self-aware"),
        ("Asset - based", "asset-based"),
        ("POWER", "power"),
        ("P0WER", "power"),
        ("RESPECT FOR EXPERT1SE", "respect-for-expertise"),
        ("RELATIONSHIPS", None),
        ("KNOWLEDGE", None),
        ("Table 4", None),
        ("", None),
        ("???", None),
    ],
)
def test_headings_are_known_however_they_are_worded_or_misread(text: str, expected: str | None) -> None:
    found = match_heading(text, PRINCIPLES)
    assert (found.principle.id if found else None) == expected


def test_a_question_is_not_taken_for_a_shorter_one() -> None:
    principles = (Principle("works", "What works?"), Principle("well", "What works well?"))
    assert match_heading("WHAT WORKS WELL?", principles).principle.id == "well"  # type: ignore[union-attr]
    assert match_heading("WHAT WORKS?", principles).principle.id == "works"  # type: ignore[union-attr]


def test_two_principles_equally_near_are_a_tie() -> None:
    found = match_heading("POWER", (Principle("a", "Power"), Principle("b", "power")))
    assert found is not None
    assert found.is_tied


def test_a_card_cut_by_the_picture_is_known_by_its_rest() -> None:
    assert match_fragment("SPARENT", PRINCIPLES).principle.id == "transparent"  # type: ignore[union-attr]
    assert match_fragment("E", PRINCIPLES) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_a_share(text: str, wording: str) -> None:
    assert 0 <= likeness(text, wording) <= 1


def test_one_heading_claims_what_is_below_it_and_not_what_may_belong_to_another_above() -> None:
    headings = {"POWER": box(300, 400, 400, 80)}
    assert placed(headings, [box(0, 600), box(800, 1200), box(450, 30)]) == ["power", "power", None]


def test_where_the_picture_shows_no_heading_above_a_note_goes_to_the_one_below_it_and_is_to_be_checked() -> (
    None
):
    board, record = make_board({"POWER": box(300, 400, 400, 80)}, [box(0, 600), box(450, 150)])
    below, above = place([board], PRINCIPLES, [record])[0]
    assert below.principle_id == above.principle_id == "power"
    assert above.confidence < 0.65 < below.confidence
    assert "above" in above.why


def test_columns_are_divided_where_no_note_is_cut_and_not_at_the_nearest_text() -> None:
    headings = {"ENGAGED": box(50, 50, 300, 80), "POWER": box(650, 50, 300, 80)}
    # The third hangs nearer the right card's corner, but with the notes of the left column.
    notes = [box(60, 200), box(200, 300), box(455, 320), box(330, 320), box(700, 250), box(640, 500)]
    assert placed(headings, notes) == ["engaged", "engaged", "engaged", "engaged", "power", "power"]


def test_a_line_drawn_between_two_columns_parts_them_wherever_the_gap_is() -> None:
    headings = {"POWER": box(100, 50, 200, 60), "ENGAGED": box(600, 50, 200, 60)}
    notes = [box(100, 200), box(430, 300), box(560, 300), box(620, 600)]
    board, record = make_board(headings, notes)
    drawn = replace(board, lines=(((405.0, 900.0), (395.0, 40.0)),))
    assert [one.principle_id for one in place([drawn], PRINCIPLES, [record])[0]] == [
        "power", "engaged", "engaged", "engaged",
    ]  # fmt: skip
    stub = replace(board, lines=(((402.0, 200.0), (400.0, 40.0)), ((100.0, 500.0), (900.0, 900.0))))
    assert place([stub], PRINCIPLES, [record]) == place([board], PRINCIPLES, [record])


def test_a_line_drawn_across_ends_the_upper_headings_zone() -> None:
    headings = {"POWER": box(300, 50, 300, 60), "ENGAGED": box(300, 700, 300, 60)}
    board, record = make_board(headings, [box(100, 300), box(700, 560), box(350, 900)])
    without = [one.principle_id for one in place([board], PRINCIPLES, [record])[0]]
    drawn = replace(board, lines=(((50.0, 480.0), (950.0, 500.0)),))
    assert without == ["power", "power", "engaged"]
    assert [one.principle_id for one in place([drawn], PRINCIPLES, [record])[0]] == [
        "power", "engaged", "engaged",
    ]  # fmt: skip


def test_rows_a_note_between_two_cards_belongs_to_the_upper() -> None:
    headings = {"ENGAGED": box(300, 50, 400, 80), "POWER": box(300, 700, 400, 80)}
    assert placed(headings, [box(400, 580), box(100, 640), box(400, 850)]) == ["engaged", "engaged", "power"]


def test_cards_of_neighbouring_columns_may_hang_at_other_heights() -> None:
    headings = {"ENGAGED": box(50, 50, 300, 80), "POWER": box(600, 500, 300, 80)}
    assert placed(headings, [box(100, 700), box(650, 700), box(200, 200)]) == ["engaged", "power", "engaged"]


def test_a_grid_of_four_cards() -> None:
    headings = {
        "ENGAGED": box(50, 50, 300, 80),
        "POWER": box(600, 60, 300, 80),
        "ITERATIVE": box(60, 700, 300, 80),
        "RELATIONAL": box(590, 690, 300, 80),
    }
    notes = [box(150, 300), box(700, 300), box(100, 900), box(800, 1000)]
    assert placed(headings, notes) == ["engaged", "power", "iterative", "relational"]


def test_a_slanting_photograph_changes_nothing() -> None:
    def lean(polygon: Polygon) -> Polygon:
        return tuple((x + 0.25 * y, y - 0.3 * x + 400) for x, y in polygon)

    headings = {"ENGAGED": lean(box(50, 50, 300, 80)), "POWER": lean(box(650, 50, 300, 80))}
    notes = [lean(note) for note in (box(100, 200), box(300, 900), box(900, 160), box(700, 900))]
    assert placed(headings, notes) == ["engaged", "engaged", "power", "power"]


def test_a_heading_nobody_listed_takes_its_notes_out_of_the_count() -> None:
    headings = {"ENGAGED": box(50, 50, 300, 80), "WHAT IS MISSING": box(650, 50, 300, 80)}
    board, record = make_board(headings, [box(100, 300), box(700, 300)])
    (found,) = place([board], PRINCIPLES, [record])
    assert [one.principle_id for one in found] == ["engaged", None]
    assert "WHAT IS MISSING" in found[1].why


def test_two_cards_found_as_one_box_are_parted_by_their_words() -> None:
    headings = {"ENGAGED NOT DECIDED IN ADVANCE": box(50, 50, 900, 80)}
    assert placed(headings, [box(60, 300), box(800, 300)]) == ["engaged", "not-decided-in-advance"]
    three = {"POWER MAKE TIME ENGAGED": box(0, 50, 900, 80)}
    assert placed(three, [box(20, 300), box(350, 300), box(750, 300)]) == ["power", "make-time", "engaged"]


def test_a_small_label_claims_nothing() -> None:
    headings = {"ENGAGED": box(300, 50, 400, 100), "Table 4": box(320, 170, 90, 30)}
    assert placed(headings, [box(300, 300), box(500, 400)]) == ["engaged", "engaged"]


def test_without_a_heading_notes_are_unplaced_and_say_so() -> None:
    board, record = make_board({}, [box(100, 300)])
    (found,) = place([board], PRINCIPLES, [record])
    assert found[0].principle_id is None
    assert "No heading" in found[0].why


def test_the_next_photograph_goes_on_only_where_name_and_cut_notes_say_so() -> None:
    first, one = make_board(
        {"POWER": box(300, 50, 400, 80)}, [box(100, 1310), box(400, 400)], photo="power_1.jpg"
    )
    second, two = make_board({}, [box(100, 0), box(400, 400)], photo="power_2.jpg")
    stranger, three = make_board({}, [box(100, 0)], photo="wall.jpg")
    whole, four = make_board({}, [box(100, 100)], photo="power_2.jpg")
    found = place([first, second, stranger], PRINCIPLES, [one, two, three])
    assert [one.principle_id for one in found[1]] == ["power", "power"]
    assert all(one.confidence < 0.5 and "follows" in one.why for one in found[1])
    assert found[2][0].principle_id is None
    assert place([first, whole], PRINCIPLES, [one, four])[1][0].principle_id is None


def test_principles_emerge_from_the_cards_where_none_are_listed() -> None:
    first, _ = make_board(
        {"MAKE TIME": box(50, 50, 300, 80), "TRUST": box(600, 50, 300, 80)}, [box(100, 300), box(700, 300)]
    )
    again, _ = make_board({"MAKE TlME": box(300, 50, 300, 80)}, [box(300, 300)], photo="b.jpg")
    torn, _ = make_board({"UST": box(300, 50, 300, 80)}, [box(300, 300)], photo="c.jpg")
    empty, _ = make_board({"FIRE EXIT": box(300, 50, 300, 80)}, [], photo="d.jpg")
    found = emergent_principles([first, again, torn, empty])
    assert [one.id for one in found] == ["make-time", "trust"]


def test_a_heading_printed_as_a_principle_is_surely_read_and_without_the_cards_edges() -> None:
    board, _ = make_board({"| POWER -": box(50, 50, 300, 80)}, [box(100, 300)])
    assert [one.heading for one in emergent_principles([board])] == ["POWER"]
    doubtful = replace(board, headings=tuple(replace(one, confidence=0.7) for one in board.headings))
    assert emergent_principles([doubtful]) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("↑ THIS", (0, -1)), ("^ this", (0, -1)), ("this ->", (1, 0)), ("<-- this", (-1, 0)), ("↓", (0, 1)),
        ("1 THIS", (0, -1)), ("this", (0, -1)), ("This is what we need from the council", None),
        ("we agree", None), ("", None), ("A long thought about x -> y in this", None),
    ],
)  # fmt: skip
def test_arrows_and_what_they_are_misread_as(text: str, expected: tuple[float, float] | None) -> None:
    assert direction(text) == expected


def test_a_note_answers_the_nearest_in_the_direction_it_points() -> None:
    outlines = [box(400, 400), box(410, 250), box(405, 40), box(520, 400), box(400, 520)]
    assert target(0, "↑ THIS", outlines) == 1
    assert target(0, "this ->", outlines) == 3
    assert target(0, "↓", outlines) == 4
    assert target(0, "← this", outlines) is None
    assert target(0, "Buses", outlines) is None


def test_answers_are_numbers_on_the_board_and_never_mutual() -> None:
    board, record = make_board(
        {"POWER": box(300, 50, 400, 80)}, [box(400, 300), box(400, 450)], texts=["this ↓", "↑ this"]
    )
    (found,) = place([board], PRINCIPLES, [record])
    assert [one.answers for one in found].count(None) == 1


def test_an_arrow_answers_no_note_that_it_points_away_from() -> None:
    below = [box(400, 400), box(410, 495)]
    assert target(0, "↑ THIS one", below) is None
    assert target(0, "agree", below) == 1
    assert target(0, "↑ THIS", [box(400, 400), box(410, 305)]) == 1
