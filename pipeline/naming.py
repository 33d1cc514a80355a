"""Names of people by rule and by list, where a model of English sees none: "Thanks to James", "MR SMITH", "ask sarah".

A model trained on newspapers misses most names in notes of five words, and takes words for names that no
newspaper begins a line with. `names.toml` holds the names; here is where one counts. What is found only waits for
a person to decide, so a doubt goes to the side of finding.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

# An accent may be a sign of its own, after its letter.
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f]*)+"
WORD = re.compile(rf"(?<!\w){_LETTERS}(?:['’-]{_LETTERS})*(?!\w)")

_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Dr|Prof|Cllr|Rev|Herr|Frau|Mme|Mevr|Mevrouw|Dhr)\b\.?\s+"
    r"(?-i:(?:van|von|de[nr]?|du|di|da|la|le|te[nr])\s+)*",
    re.IGNORECASE,
)
_OWNER = re.compile(r"['’]s$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Names:
    given: frozenset[str]
    capital: frozenset[str]
    ambiguous: frozenset[str]
    surnames: frozenset[str]
    places: frozenset[str]


@cache
def _names() -> _Names:
    lists = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
    return _Names(**{kind: frozenset(names.split()) for kind, names in lists.items()})


def listed(text: str) -> Iterator[tuple[int, str]]:
    """Where in a text a listed name stands, and the name with the surname after it, in one line: (place, name)."""
    words = list(WORD.finditer(text))
    for word, after in zip_longest(words, words[1:]):
        gap = text[word.end() : after.start()] if after else ""
        follows = after if gap.isspace() else None
        surname = follows if follows and _is_surname(follows.group(), word.group()) else None
        is_given = _is_given(word.group())
        # "Mary Hall" is a person more often than a hall.
        is_street = follows and "\n" not in gap and is_place(follows.group())
        if is_street and not (is_given and surname):
            continue
        if is_given or (surname and _is_ambiguous(word.group())):
            name = _without_s(text[word.start() : (surname or word).end()])
            yield word.start(), name.replace("\n", " ")
    for title in _TITLE.finditer(text):
        found = WORD.match(text, title.end())
        if found and _follows_title(found.group()):
            yield found.start(), _without_s(found.group())


def is_place(word: str) -> bool:
    """Whether what ends with this word is a place, whoever it is called after ("Mill Lane", "James Street").

    In capitals nobody can tell "ASK SARAH CLOSE THE ROAD" from an address.
    """
    return word.lower() in _names().places and word[0].isupper() and not _is_shouted(word)


def may_be_name(word: str) -> bool:
    """Whether a word is a name of any kind, though it may be an everyday word as well."""
    names, low = _names(), _folded(word)
    return low in names.given or low in names.capital or low in names.ambiguous or low in names.surnames


def is_everyday_name(word: str) -> bool:
    """Whether a word is an everyday word first and a given name besides ("Will", "Grace")."""
    return _folded(word) in _names().ambiguous


def _is_given(word: str) -> bool:
    first = _folded(word).split("-")[0]
    return first in _names().given or (word[0].isupper() and first in _names().capital)


def _is_ambiguous(word: str) -> bool:
    return word[0].isupper() and not _is_shouted(word) and is_everyday_name(word)


def _is_surname(word: str, given: str) -> bool:
    """A surname as it is written after this given name: both with capitals, or neither."""
    return word[0].isupper() == given[0].isupper() and _folded(word) in _names().surnames


def _follows_title(word: str) -> bool:
    return (word[0].isupper() and not _is_shouted(word)) or may_be_name(word)


def _is_shouted(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", _without_s(word)).lower()


def _without_s(word: str) -> str:
    return _OWNER.sub("", word)
