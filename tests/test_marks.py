"""Marks inside texts: exact round trips, for our marks and for people's own brackets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import marks
from pipeline.marks import Lost, NameRemoved, NoText, Space, Token, Word, format_tokens, parse

SIGNS = [
    "[illegible]",
    "[?]",
    "[no text]",
    "[name removed]",
    "\\",
    " ",
    "\n",
    "[",
    "]",
    "?",
    "word",
    "[CMS]",
    "£",
]
tricky = st.one_of(st.text(), st.lists(st.sampled_from(SIGNS), max_size=12).map("".join))
no_space = tricky.map(lambda text: "".join(text.split())).filter(bool)
spaces = st.sampled_from([" ", "\n", "  ", "\t"])


@st.composite
def normal_tokens(draw: st.DrawFn) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["word", "unsure", "space", "lost", "none", "name"]))
        last = tokens[-1] if tokens else None
        last_is_plain = isinstance(last, Word) and not last.is_unsure
        if kind == "word" and not last_is_plain:
            tokens.append(Word(draw(no_space)))
        elif kind == "unsure" and not last_is_plain:
            tokens.append(Word(draw(st.one_of(st.just(""), no_space)), is_unsure=True))
        elif kind == "space" and not isinstance(last, Space):
            tokens.append(Space(draw(spaces)))
        elif kind in ("lost", "none", "name"):
            tokens.append({"lost": Lost(), "none": NoText(), "name": NameRemoved()}[kind])
    return tuple(tokens)


@given(tricky)
def test_every_text_comes_back_letter_for_letter(text: str) -> None:
    assert format_tokens(parse(text)) == text


@given(normal_tokens())
def test_every_sequence_of_tokens_comes_back(tokens: tuple[Token, ...]) -> None:
    assert parse(format_tokens(tokens)) == tokens


@given(tricky)
def test_a_notes_own_words_are_never_taken_for_marks(text: str) -> None:
    written = marks.literal(text)
    assert not marks.is_marked(written)
    assert marks.plain(written) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It's hard[?] to", (Word("It's"), Space(), Word("hard", True), Space(), Word("to"))),
        ("[illegible] power", (Lost(), Space(), Word("power"))),
        ("[no text]", (NoText(),)),
        ("ask [name removed].", (Word("ask"), Space(), NameRemoved(), Word("."))),
        ("use [CMS]", (Word("use"), Space(), Word("[CMS]"))),
        (r"\[illegible]", (Word("[illegible]"),)),
        (r"a\\[?]", (Word("a\\", True),)),
        ("[?]", (Word("", True),)),
        (r"C:\dir", (Word(r"C:\dir"),)),
    ],
)
def test_known_texts(text: str, tokens: tuple[Token, ...]) -> None:
    assert parse(text) == tokens
    assert format_tokens(tokens) == text


def test_plain_words_lose_the_marks_and_keep_peoples_brackets() -> None:
    assert marks.plain("It's  hard[?] to\n[illegible] [CMS]") == "It's hard to [CMS]"
    assert marks.plain(r"\[illegible]") == "[illegible]"
    assert marks.plain("[no text]") == ""


def test_adjacent_plain_words_are_brought_to_normal_form() -> None:
    assert parse(format_tokens([Word("a"), Word("b"), Space(), Space()])) == (Word("ab"), Space("  "))


@pytest.mark.parametrize("text", ["two words", "a\n", ""])
def test_a_word_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="word"):
        Word(text)


def test_space_must_be_space() -> None:
    with pytest.raises(ValueError, match="white space"):
        Space("x")
    with pytest.raises(ValueError, match="white space"):
        Space("")
