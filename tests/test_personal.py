"""Names and contacts: flagged, withheld, kept or taken out."""

import pytest
from factories import make_note

from pipeline import personal
from pipeline.personal import Names, find, find_all, flag_notes, published, published_text, without_names

ROSTER = ("Priya Shah", "Will Hope")


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("write to ann.lee@example.org today", "ann.lee@example.org"),
        ("ring 0161 496 0000", "0161 496 0000"),
        ("+44 (0)161 496-0000", "+44 (0)161 496-0000"),
        ("follow @coproduce!", "@coproduce"),
        ("ask priya about it", "priya"),
        ("ask PRIYA SHAH", "PRIYA SHAH"),
        ("thanks to Sarah Jones for this", "Sarah Jones"),
        ("Thanks to James for this", "James"),
        ("ask james smith", "james smith"),
        ("THANK YOU JAMES", "JAMES"),
        ("Peter's idea is good", "Peter"),
        ("Anna-Maria knows", "Anna-Maria"),
        ("Mr Smith never answers", "Smith"),
        ("ask Frau Müller", "Frau Müller"),
        ("Will Smith said so", "Will Smith"),
        ("MARY\nBRISTOL", "MARY"),
        ("Thanks James\nPark benches", "James"),
        ("ASK SARAH CLOSE THE ROAD", "SARAH"),
        ("said by Sarah\nJones", "Sarah Jones"),
        ("thanks to Sarah Green", "Sarah Green"),
        ("Mary Hall said", "Mary Hall"),
        ("ask dr de Vries", "Vries"),
        ("ask Franc\u0327ois", "Franc\u0327ois"),
    ],
)
def test_what_points_at_a_person_is_flagged(text: str, flagged: str) -> None:
    assert [flag.text for flag in find(text, ROSTER)] == [flagged]


@pytest.mark.parametrize(
    "text",
    [
        "Power to the people",
        "I hope we will get there",
        "LISTEN TO EVERYONE",
        "10 people on 2019-03-06, £1,000,000",
        "[illegible] we share[?] it",
        "",
        "Plant more\ntrees to\nmitigate\nNoise.",
        "Identifying Hidden Stakeholders",
        "Jeg kan hjælpe dig",
        "Bad lighting on Mill Lane",
        "the park at James Street",
        "will you mark it, grace and hope",
        "for 3 do1lars",
        "Dr appointments",
    ],
)
def test_everyday_words_are_not(text: str) -> None:
    assert find(text, ROSTER) == ()


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("Thanks John Smith. John was great", ["John Smith", "John"]),
        ("Samantha and Sam said so", ["Samantha", "Sam"]),
        ("Priya Shah, ask priya or Priya", ["Priya Shah", "priya", "Priya"]),
        ("priya@example.org", ["priya@example.org"]),
    ],
)
def test_a_name_that_is_part_of_another_is_flagged_where_it_stands_alone(
    text: str, flagged: list[str]
) -> None:
    assert [flag.text for flag in find(text, ROSTER)] == flagged


def test_a_word_of_the_roster_that_is_an_everyday_word_counts_where_it_looks_like_a_name() -> None:
    assert [flag.text for flag in find("said by Will on Monday", ROSTER)] == ["Will"]


def test_flagged_text_is_withheld_from_publication_but_not_from_the_tables() -> None:
    note = flag_notes([make_note(1, "Ask Priya[?] or priya")], ROSTER)[0]
    assert note.text == "Ask Priya[?] or priya"
    assert published_text(note) == "Ask [name removed] or [name removed]"
    assert published(note).text_status == "partial"


def test_what_a_person_kept_is_not_flagged_again() -> None:
    note = make_note(1, "Ask Priya")
    assert flag_notes([note], ROSTER, {note.id: frozenset({"Priya"})})[0].personal_data == ()


def test_marks_are_never_taken_for_names() -> None:
    text = "[name removed] has a name [illegible]"
    assert without_names(text, ["name", "illegible"]) == "[name removed] has a [name removed] [illegible]"


def test_names_are_whole_words() -> None:
    assert without_names("Sam and Samantha", ["Sam"]) == "[name removed] and Samantha"


def test_names_are_looked_for_once_in_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["thanks to Sarah Jones for this", "ask priya about it", "Power to the people"]
    names = Names()
    flags = find_all([*texts, "gone"], ROSTER, names)
    assert find_all(texts, ROSTER) == find_all(texts, ROSTER, names)
    assert [flag.text for text in texts for flag in flags[text]] == ["Sarah Jones", "priya"]
    later = Names(names.in_use())
    assert list(later.known) == sorted([*texts, "gone"])

    def refuse() -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(personal, "_model", refuse)
    assert find_all(texts, ROSTER, later) == {text: flags[text] for text in texts}
    # The roster is not part of what is known, nor is a text that nobody asked for remembered.
    assert [flag.text for flag in find_all(texts, ("People",), later)["Power to the people"]] == ["people"]
    assert list(later.in_use()) == sorted(texts)
    with pytest.raises(AssertionError):
        find_all(["thanks to Ann Smith for that"], ROSTER, later)
