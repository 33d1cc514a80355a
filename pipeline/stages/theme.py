"""Themes: what the notes of each principle say in common; the last word is people's.

Pure: notes and principles in, a ThemeResult out, the same for any order of the notes.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.model import Note, Principle, Theme
from pipeline.themes import clustering, labels
from pipeline.themes.result import Tally, ThemeResult
from pipeline.themes.text import spoken
from pipeline.themes.vectors import Analyser, Analysis

SUGGESTED_FROM = 0.40
"""Cohesion from which a group is a "suggested" theme; below, it is a "possible" link."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A note that has something to say: its own words, and what is known of their corrected shadow."""

    note: Note
    words: str
    analysis: Analysis


@functools.cache
def default_analyser() -> Analyser:
    """The process's own analyser; it remembers what it has seen."""
    return Analyser()


def themes(
    notes: Sequence[Note],
    principles: Sequence[Principle],
    vectors: Analyser | None = None,
) -> ThemeResult:
    """Themes per principle, with what was left over.

    `vectors` analyses the texts (words and vectors); give one that knows its texts already to save time.
    """
    analyse = vectors or default_analyser()
    places: dict[str | None, int] = {principle.id: place for place, principle in enumerate(principles)}
    by_principle = _by_principle(notes, principles, places, analyse)
    spoken_notes = [item for items in by_principle.values() for item in items]
    background = labels.document_counts([item.analysis.terms for item in spoken_notes])
    own_words = _own_words(principles, analyse)

    found: list[Theme] = []
    for principle_id, items in by_principle.items():
        found += _principle_themes(
            principle_id, items, background, len(spoken_notes), own_words.get(principle_id, frozenset())
        )
    return ThemeResult(themes=tuple(found), tallies=_tallies(notes, by_principle, found))


def with_themes(notes: Sequence[Note], result: ThemeResult) -> tuple[Note, ...]:
    """The notes, each knowing its theme."""
    theme_of_note = result.theme_of_note
    return tuple(replace(note, theme_id=theme_of_note.get(note.id)) for note in notes)


def _by_principle(
    notes: Sequence[Note], principles: Sequence[Principle], places: dict[str | None, int], analyse: Analyser
) -> dict[str | None, list[_Spoken]]:
    """The notes with content under each principle, in the principles' order, unplaced ones last."""
    own = [spoken(note.text) for note in notes]
    wordings = [text for principle in principles for text in (principle.heading, *principle.also)]
    analyses = analyse(analyse.speller.shadows(own, wordings))
    last = len(places)
    principle_ids = sorted(
        {note.principle_id for note in notes},
        key=lambda name: (places.get(name, last), name is None, name or ""),
    )
    found: dict[str | None, list[_Spoken]] = {principle_id: [] for principle_id in principle_ids}
    for item in sorted(
        (_Spoken(*parts) for parts in zip(notes, own, analyses, strict=True)),
        key=lambda item: (item.analysis.text, item.note.id),
    ):
        if item.analysis.has_content:
            found[item.note.principle_id].append(item)
    return found


def _own_words(principles: Sequence[Principle], analyse: Analyser) -> dict[str | None, frozenset[str]]:
    """The lemmas of each principle's heading, in all its wordings."""
    return {
        principle.id: frozenset(
            term.lemma
            for analysis in analyse([spoken(text) for text in (principle.heading, *principle.also)])
            for term in analysis.terms
        )
        for principle in principles
    }


def _principle_themes(
    principle_id: str | None,
    items: Sequence[_Spoken],
    background: Counter[str],
    total: int,
    own: frozenset[str],
) -> list[Theme]:
    if len(items) < 2:
        return []
    similarity = clustering.similarities(
        np.stack([item.analysis.vector for item in items]), [item.analysis.text for item in items]
    )
    found = []
    for group in clustering.groups(similarity):
        members = [items[index] for index in group.members]
        quote = items[group.centre]
        name = labels.label([member.analysis.terms for member in members], background, total, own)
        note_ids = tuple(sorted(member.note.id for member in members))
        found.append(
            Theme(
                id=theme_id(principle_id, note_ids),
                principle_id=principle_id,
                label=name or _short(quote.words),
                strength="suggested" if group.cohesion >= SUGGESTED_FROM else "possible",
                cohesion=group.cohesion,
                note_ids=note_ids,
                quote_note_id=quote.note.id,
            )
        )
    return sorted(found, key=lambda t: (t.strength != "suggested", -len(t.note_ids), -t.cohesion, t.id))


def theme_id(principle_id: str | None, note_ids: Sequence[str]) -> str:
    """A name for this group of notes under this principle, the same in every run."""
    parts = "\n".join([principle_id or "", *sorted(note_ids)])
    return "t" + hashlib.sha256(parts.encode()).hexdigest()[:12]


def _short(text: str, words: int = 6) -> str:
    """The beginning of a quote, for a group whose notes share no word."""
    parts = text.split()
    return " ".join(parts[:words]) + (" …" if len(parts) > words else "")


def _tallies(
    notes: Sequence[Note], by_principle: dict[str | None, list[_Spoken]], found: Sequence[Theme]
) -> tuple[Tally, ...]:
    grouped = Counter(theme.principle_id for theme in found for _ in theme.note_ids)
    all_notes = Counter(note.principle_id for note in notes)
    return tuple(
        Tally(
            principle_id,
            in_theme=grouped[principle_id],
            alone=len(items) - grouped[principle_id],
            without_content=all_notes[principle_id] - len(items),
        )
        for principle_id, items in by_principle.items()
    )
