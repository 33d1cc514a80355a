"""Which of a workshop's principles a printed heading means, however it was read or worded.

Tolerates letter case, hyphens, brackets, line breaks, another word order, words added by way of explanation, a few
letters misread, and a card cut off by the picture's edge. Likeness is between 0 and 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from pipeline.model import Principle

LEAST = 0.77
"""Below this likeness a heading is none of the workshop's: RELATIONSHIPS must not become Relational (.70)."""
CLEAR = 0.04
"""By how much the best principle must beat the next to be taken."""
SURE_PART = 0.93
"""Likeness that each of several headings in one box must have."""

_MISREAD = str.maketrans({"0": "o", "1": "l", "5": "s", "8": "b", "|": "l", "$": "s", "!": "", "€": "e"})
_EXPLANATION = re.compile(r"[(\[{:;]|\s[-–—]\s")


@dataclass(frozen=True, slots=True)
class Match:
    """A heading's principle, and how alike the words are; `is_tied` where two principles are equally near."""

    principle: Principle
    likeness: float
    is_tied: bool = False


def match_heading(text: str, principles: Sequence[Principle]) -> Match | None:
    """The principle whose wording a heading's text is nearest to, or None where none is near enough."""
    scored = sorted(
        (
            (
                -max(
                    (likeness(text, wording) for wording in (principle.heading, *principle.also)), default=0.0
                ),
                place,
            )
            for place, principle in enumerate(principles)
        )
    )
    if not scored or -scored[0][0] < LEAST:
        return None
    best = -scored[0][0]
    is_tied = len(scored) > 1 and best + scored[1][0] < CLEAR
    return Match(principles[scored[0][1]], round(best, 4), is_tied)


def split_heading(text: str, principles: Sequence[Principle]) -> tuple[str, str] | None:
    """The first heading that one box holds, and the rest, where cards side by side were taken for one; else None."""
    words = text.split()
    whole = match_heading(text, principles)
    if len(words) < 2 or (whole is not None and whole.likeness >= 0.95):
        return None
    for cut in range(1, len(words)):
        left, right = " ".join(words[:cut]), " ".join(words[cut:])
        one, other = match_heading(left, principles), match_heading(right, principles)
        if one is None or one.likeness < SURE_PART:
            continue
        if other is not None and other.likeness >= SURE_PART:
            is_parted = other.principle.id != one.principle.id
        else:
            is_parted = split_heading(right, principles) is not None
        if is_parted:
            return left, right
    return None


def match_fragment(text: str, principles: Sequence[Principle]) -> Match | None:
    """As match_heading, for a card cut off by the picture's edge: the one principle that has these letters."""
    letters = squash(text)
    if len(letters) < 3:
        return None
    scores = sorted(
        (
            (
                -max(_fragment_likeness(letters, squash(w)) for w in (principle.heading, *principle.also)),
                place,
            )
            for place, principle in enumerate(principles)
        )
    )
    if not scores or -scores[0][0] < 0.88 or (len(scores) > 1 and scores[1][0] - scores[0][0] < 0.1):
        return None
    return Match(principles[scores[0][1]], round(-0.8 * scores[0][0], 4))


@lru_cache(maxsize=16_384)
def likeness(text: str, wording: str) -> float:
    """How alike a heading as read and a wording are, 0 to 1."""
    read, known = squash(text), squash(wording)
    if not read or not known:
        return 0.0
    if read == known:
        return 1.0
    scores = [fuzz.ratio(read, known)]
    # A single short word a letter away may be another word: only whole wordings may be reordered or explained.
    heads = squash(head_of(text)), squash(head_of(wording))
    if min(len(heads[0]), len(heads[1])) >= 4:
        scores.append(0.98 * fuzz.ratio(*heads))
    read_words, known_words = _words(text), _words(wording)
    scores.append(0.99 * fuzz.ratio("".join(sorted(read_words)), "".join(sorted(known_words))))
    scores.append(100 * _contained(read_words, known_words))
    return max(scores) / 100


def is_same_heading(one: str, other: str) -> bool:
    """Whether two cards, both read, bear one heading: the letters agree, but for a few misread."""
    first, second = squash(one), squash(other)
    return bool(first and second) and fuzz.ratio(first, second) >= 86


def squash(text: str) -> str:
    """The letters alone, lower-cased, accents and commonly misread signs levelled."""
    return "".join(c for c in _fold(text) if c.isalpha())


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().translate(_MISREAD)


def head_of(text: str) -> str:
    """What stands before an explanation in brackets or after a dash."""
    found = _EXPLANATION.search(text)
    head = text[: found.start()] if found else text
    return head if squash(head) else text


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^\w]+", _fold(text).replace("_", " ")) if word]


def _contained(read: Sequence[str], known: Sequence[str]) -> float:
    """How far a wording is within a longer text: each of its words found there, and what remains explained away."""
    letters = sum(map(len, known))
    if letters < 4 or not read:
        return 0.0
    found = explained = 0.0
    free = list(read)
    for word in known:
        best = max(free, key=lambda other: fuzz.ratio(word, other), default=None)
        if best is not None and fuzz.ratio(word, best) >= 78:
            found += len(word) * fuzz.ratio(word, best) / 100
            explained += len(best)
            free.remove(best)
    whole = found / letters
    return whole * (0.78 + 0.2 * explained / max(sum(map(len, read)), 1))


def _fragment_likeness(fragment: str, wording: str) -> float:
    if len(fragment) >= len(wording):
        return fuzz.ratio(fragment, wording) / 100
    return fuzz.partial_ratio(fragment, wording) / 100
