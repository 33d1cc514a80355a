"""Marks inside a transcribed text, and the words round them.

Four marks may stand in a text (vocabulary.MARKS): `[illegible]` for lost words, `[?]` right behind an
unsure word, `[no text]` for a note without writing, `[name removed]` for a name taken out. Everything
else is literal, so people may write brackets of their own ("[CMS]") without further ado.

Escaping. Where a note itself contains the letters of a mark, a backslash stands before it:
`\\[illegible]` is somebody's handwriting, `[illegible]` is ours. Backslashes directly before the letters
of a mark count in pairs, each pair being one literal backslash; an odd one left over makes the mark
literal. Backslashes anywhere else mean themselves. So every string can be parsed, and
`format_tokens(parse(text)) == text` holds for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without white space. An unsure word without letters is a `[?]` that follows no word."""

    text: str
    is_unsure: bool = False

    def __post_init__(self) -> None:
        if re.search(r"\s", self.text):
            raise ValueError(f"a word has no white space in it: {self.text!r}")
        if not self.text and not self.is_unsure:
            raise ValueError("a word that is sure has letters")


@dataclass(frozen=True, slots=True)
class Space:
    """White space between words, as it stands in the text (a blank, a line break)."""

    text: str = " "

    def __post_init__(self) -> None:
        if not self.text or re.search(r"\S", self.text):
            raise ValueError(f"white space only, and some of it: {self.text!r}")


@dataclass(frozen=True, slots=True)
class Lost:
    """One or more words that cannot be read."""


@dataclass(frozen=True, slots=True)
class NoText:
    """A note without writing."""


@dataclass(frozen=True, slots=True)
class NameRemoved:
    """A person's name or contact, taken out of the published text."""


Token = Word | Space | Lost | NoText | NameRemoved

_SIGNS: dict[str, Token] = {"[illegible]": Lost(), "[no text]": NoText(), "[name removed]": NameRemoved()}
_SIGN_OF = {token: sign for sign, token in _SIGNS.items()}
_UNSURE = "[?]"
_MARK = re.compile(r"(\\*)(" + "|".join(re.escape(sign) for sign in (*_SIGNS, _UNSURE)) + ")")
_PIECES = re.compile(r"\s+|\S+")


def _literal_tokens(literal: str) -> list[Token]:
    return [
        Space(piece) if piece.isspace() else Word(piece)
        for piece in (match.group() for match in _PIECES.finditer(literal))
    ]


@lru_cache(maxsize=16_384)  # every stage and format asks for the same texts
def parse(text: str) -> tuple[Token, ...]:
    """Cut a text with marks into tokens. Never fails: what is not a mark is literal.

    Two plain words never stand beside each other, nor two spaces; this is the normal form that
    `format_tokens` brings any other sequence to.
    """
    tokens: list[Token] = []
    literal = ""
    position = 0
    for match in _MARK.finditer(text):
        slashes, sign = match.groups()
        literal += text[position : match.start()] + "\\" * (len(slashes) // 2)
        position = match.end()
        if len(slashes) % 2:
            literal += sign
            continue
        tokens += _literal_tokens(literal)
        ends_in_word = bool(literal) and not literal[-1].isspace()
        literal = ""
        if sign != _UNSURE:
            tokens.append(_SIGNS[sign])
        elif ends_in_word:
            last = tokens.pop()
            assert isinstance(last, Word)
            tokens.append(Word(last.text, is_unsure=True))
        else:
            tokens.append(Word("", is_unsure=True))
    return (*tokens, *_literal_tokens(literal + text[position:]))


def _escape(literal: str, is_before_mark: bool) -> str:
    """Literal text as it must be written so that no mark of its own appears; see the module's rule."""
    escaped = _MARK.sub(lambda match: match.group(1) * 2 + "\\" + match.group(2), literal)
    if not is_before_mark:
        return escaped
    trailing = len(literal) - len(literal.rstrip("\\"))
    return escaped + "\\" * trailing


def format_tokens(tokens: Iterable[Token]) -> str:
    """The text of a sequence of tokens, its literal part escaped; the inverse of `parse`."""
    written: list[str] = []
    literal = ""
    for token in tokens:
        sign = _SIGN_OF.get(token)
        if sign is None:
            assert isinstance(token, Word | Space)
            literal += token.text
            if not (isinstance(token, Word) and token.is_unsure):
                continue
            sign = _UNSURE
        written += [_escape(literal, is_before_mark=True), sign]
        literal = ""
    return "".join([*written, _escape(literal, is_before_mark=False)])


def plain(text: str) -> str:
    """The words alone: marks gone, escapes undone, single blanks between words."""
    if "[" not in text:  # as most are: no mark, and no escape of one
        return " ".join(text.split())
    literal = "".join(token.text if isinstance(token, Word | Space) else " " for token in parse(text))
    return " ".join(literal.split())


def literal(text: str) -> str:
    """Write a note's own words, whatever they contain, so that none of them is taken for a mark."""
    return _escape(text, is_before_mark=False)


def is_marked(text: str) -> bool:
    """Does the text hold a lost, unsure or removed word, or the mark of a note without text?"""
    return any(
        token.is_unsure if isinstance(token, Word) else not isinstance(token, Space) for token in parse(text)
    )
