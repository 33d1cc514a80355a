"""The notes as the theme stage sees them: their own words, and what is known of their corrected shadow."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.model import Note, Principle
from pipeline.themes.text import spoken
from pipeline.themes.vectors import Analyser, Analysis, Vectors

_WORD = re.compile(r"\w[\w-]*")


@dataclass(frozen=True, slots=True)
class Said:
    """One note: `words` are its own, `analysis` that of their shadow (never shown)."""

    note: Note
    words: str
    analysis: Analysis


def said(notes: Sequence[Note], principles: Sequence[Principle], analyse: Analyser) -> list[Said]:
    """All notes in a canonical order (by shadow, then id), whatever order they come in."""
    words = [spoken(note.text) for note in notes]
    analyses = analyse(analyse.speller.shadows(words, wordings(principles)))
    return sorted(
        (Said(*parts) for parts in zip(notes, words, analyses, strict=True)),
        key=lambda item: (item.analysis.text, item.note.id),
    )


def wordings(principles: Sequence[Principle]) -> list[str]:
    """Every heading, in all the wordings seen."""
    return [text for principle in principles for text in (principle.heading, *principle.also)]


def stacked(items: Sequence[Said]) -> Vectors:
    """The notes' vectors, shape (n, 384)."""
    return np.stack([item.analysis.vector for item in items])


def words_without(analysis: Analysis, lemmas: Collection[str]) -> str:
    """A text without the words of these lemmas."""
    gone = {term.surface.lower() for term in analysis.terms if term.lemma in lemmas}
    if not gone:
        return analysis.text
    return _WORD.sub(lambda word: "" if word[0].lower() in gone else word[0], analysis.text)


def own_words(principles: Sequence[Principle], analyse: Analyser) -> dict[str | None, frozenset[str]]:
    """The lemmas of each principle's heading, in all its wordings."""
    return {
        principle.id: frozenset(
            term.lemma
            for analysis in analyse([spoken(text) for text in wordings([principle])])
            for term in analysis.terms
        )
        for principle in principles
    }
