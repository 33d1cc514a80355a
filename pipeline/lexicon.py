"""How likely a word is in a language, for decoding and for judging; never to invent or to replace.

Frequencies: wordfreq (Speer 2022, doi:10.5281/zenodo.7199437), which knows some forty languages. A word it
does not know is not impossible, only improbable, the more so the longer it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from wordfreq import available_languages

from pipeline.frequencies import zipf_at_most, zipf_frequency, zipf_in_passing

UNKNOWN = -8.2
UNKNOWN_LETTER = -0.25
OTHERS = ("en", "de", "nl", "fr", "es", "it", "da", "pt", "pl", "sv")
"""Languages a note may be written in besides the workshop's own."""

_EDGES = re.compile(r"^[^\w]+|[^\w]+$")
_NUMBER = re.compile(r"[\d.,:/%£$€+x×–-]*\d[\d.,:/%£$€+x×–-]*")


@lru_cache(maxsize=1)
def _known_languages() -> frozenset[str]:
    # What parts Chinese, Japanese and Korean words are packages of their own, and the readers here read none.
    return frozenset(available_languages()) - {"zh", "ja", "ko"}


def _base(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()


def has_language(language: str) -> bool:
    """Are word frequencies of this language (an ISO 639 code, region ignored) at hand?"""
    return _base(language) in _known_languages()


def core(word: str) -> str:
    """The word in lower case without the punctuation round it."""
    return _EDGES.sub("", word.lower().replace("’", "'"))


@lru_cache(maxsize=200_000)
def zipf(word: str, language: str) -> float:
    """The word's frequency on the Zipf scale (0 unknown, about 3 uncommon, 7 the commonest)."""
    base = _base(language)
    inner = core(word)
    if not inner or base not in _known_languages():
        return 0.0
    return zipf_frequency(inner, base)


@lru_cache(maxsize=200_000)
def log_probability(word: str, language: str, extra: frozenset[str] = frozenset()) -> float:
    """The decimal logarithm of the word's probability in running text of the language.

    `extra` are words of the workshop (lower case): as likely as an everyday word. Numbers and bare
    punctuation are likely by their length alone. Without frequencies of the language, 0 for all.
    """
    if not has_language(language):
        return 0.0
    inner = core(word)
    if not inner:
        return -4.0 - 0.5 * len(word)
    if _NUMBER.fullmatch(inner):
        return -4.5 - 0.2 * len(inner)
    if inner in extra:
        return max(-4.5, zipf(word, language) - 9)
    frequency = zipf(word, language)
    return frequency - 9 if frequency > 0 else UNKNOWN + UNKNOWN_LETTER * len(inner)


def is_known(word: str, language: str, extra: frozenset[str] = frozenset()) -> bool:
    """Is it a word of the language or of the workshop, or a number?"""
    inner = core(word)
    return bool(inner) and (inner in extra or bool(_NUMBER.fullmatch(inner)) or zipf(word, language) >= 2.0)


def known_share(words: Iterable[str], language: str, extra: frozenset[str] = frozenset()) -> float:
    """The share of letters in words that are known; 0 without words."""
    lengths = [(len(core(word)), is_known(word, language, extra)) for word in words if core(word)]
    total = sum(length for length, _ in lengths)
    return sum(length for length, known in lengths if known) / total if total else 0.0


def likely_language(words: Iterable[str], default: str) -> str:
    """The language surely read words belong to: the default unless another explains them clearly better.

    Only words of three letters and more speak, and at least two of them must.
    """
    telling = [word for word in words if len(core(word)) >= 3 and core(word).isalpha()]
    if len(telling) < 2 or not has_language(default):
        return default
    best, best_score = default, _mean_zipf(telling, default)
    if best_score >= 4.0:
        return default
    for language in (other for other in OTHERS if other != _base(default)):
        bar = best_score + (1.0 if best == default else 0.0)
        score = _mean_zipf_above(bar, telling, language)
        if score is not None:
            best, best_score = language, score
    return best


def _mean_zipf(words: list[str], language: str) -> float:
    return sum(zipf(word, language) for word in words) / len(words)


def _mean_zipf_above(bar: float, words: list[str], language: str) -> float | None:
    """The mean if it is above the bar, asking of the language no more than it takes to tell that."""
    inner = [core(word) for word in words]
    figures = [zipf_at_most(word, language) for word in inner]
    for place, word in enumerate(inner):
        if sum(figures) / len(figures) <= bar:
            return None
        figures[place] = zipf_in_passing(word, language)
    mean = sum(figures) / len(figures)
    return mean if mean > bar else None


def vocabulary_of(texts: Iterable[str]) -> frozenset[str]:
    """The words of a workshop's headings and principles, in lower case, three letters and more."""
    return frozenset(
        word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) >= 3
    )
