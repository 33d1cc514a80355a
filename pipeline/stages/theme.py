"""Themes: what the notes of each principle say in common; the last word is people's.

Pure: notes and principles in, a ThemeResult out, the same for any order of the notes. The method and its figures:
pipeline/themes/clustering.py, tests/benchmark/bench_themes.py.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.model import Note, Principle, Theme
from pipeline.themes import across, clustering, labels, missing
from pipeline.themes.ownership import OwnedTheme, OwnedThemes, rematch, settle
from pipeline.themes.result import LostTheme, Tally, ThemeResult
from pipeline.themes.said import Said, own_words, said, stacked, words_without
from pipeline.themes.text import spoken as spoken_words
from pipeline.themes.vectors import Analyser

FEW_NOTES = 9
CLEAR_FROM = 0.26
CLEAR_STEP = 0.0125
CLEAR_LEAST = 0.2
"""The fewer the notes, the less their mean says of the question and the more any two look alike. Two notes that are
less alike than CLEAR_FROM among FEW_NOTES (CLEAR_STEP more for each note fewer, less for each note more, but
never below CLEAR_LEAST) must share a telling word, or they are an accident."""

Keep = Callable[[object, Callable[[], tuple[Theme, ...]]], tuple[Theme, ...]]
"""Given all that one principle's groups hang on and the way to find them: the groups, perhaps found before."""


@functools.cache
def default_analyser() -> Analyser:
    """The process's own analyser; it remembers what it has seen."""
    return Analyser()


def themes(
    notes: Sequence[Note],
    principles: Sequence[Principle],
    vectors: Analyser | None = None,
    owned: OwnedThemes | None = None,
    subject: str = "",
    kept: Keep | None = None,
) -> ThemeResult:
    """Themes per principle, what runs across principles, and what was left over.

    `vectors` analyses the texts (words and vectors); give one that knows its texts already to save time.
    `owned` is what people decided (themes_toml.parse): their themes come first, under their own keys.
    `subject` is what the whole workshop is about (its title): a word of it is common to all, and names nothing.
    `kept` gives the groups of a principle whose notes say what they said before, or has them found.
    """
    if not notes:
        return ThemeResult(themes=(), lost=rematch(owned or OwnedThemes(), {})[1])
    analyse = vectors or default_analyser()
    order: dict[str | None, int] = {principle.id: place for place, principle in enumerate(principles)}
    everything = said(notes, principles, analyse)
    spoken = [item for item in everything if item.analysis.has_content]
    mine, lost = _rematched(owned, everything)
    about = (
        frozenset(term.lemma for term in analyse([spoken_words(subject)])[0].terms)
        if subject
        else frozenset()
    )
    workshop = _Workshop(
        background=labels.document_counts([item.analysis.terms for item in spoken]),
        total=len(spoken),
        own=own_words(principles, analyse),
        about=about,
        ungrouped=frozenset(note.id for note in mine.ungrouped),
    )
    principle_ids = sorted(
        {note.principle_id for note in notes},
        key=lambda name: (order.get(name, len(order)), name is None, name or ""),
    )
    under = _under(everything, principle_ids)
    found = [
        theme
        for name, items in under.items()
        for theme in _principle_themes(
            name,
            items,
            [theme for theme in mine.themes if theme.principle_id == name],
            workshop,
            kept or (lambda _, find: find()),
        )
    ]
    links = across.links(spoken, found, workshop.background, order, about)
    return ThemeResult(
        themes=tuple(found),
        links=links,
        mentions=across.mentions(spoken, principles),
        suggested_missing=missing.suggested_missing(found, links, everything, principles, analyse),
        tallies=_tallies(under, found),
        lost=lost,
    )


def with_themes(notes: Sequence[Note], result: ThemeResult) -> tuple[Note, ...]:
    """The notes, each knowing its theme."""
    theme_of_note = result.theme_of_note
    themed = ((note, theme_of_note.get(note.id)) for note in notes)
    return tuple(note if note.theme_id == name else replace(note, theme_id=name) for note, name in themed)


def theme_id(principle_id: str | None, note_ids: Sequence[str]) -> str:
    """A name for this group of notes under this principle, the same in every run."""
    parts = "\n".join([principle_id or "", *sorted(note_ids)])
    return "t" + hashlib.sha256(parts.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What every principle's themes are seen against."""

    background: Counter[str]
    total: int
    own: Mapping[str | None, frozenset[str]]
    about: frozenset[str]
    ungrouped: frozenset[str]


def _rematched(
    owned: OwnedThemes | None, everything: Sequence[Said]
) -> tuple[OwnedThemes, tuple[LostTheme, ...]]:
    if owned is None:
        return OwnedThemes(), ()
    words_of: dict[str | None, dict[str, str]] = {}
    for item in everything:
        words_of.setdefault(item.note.principle_id, {})[item.note.id] = item.words
    return rematch(owned, words_of)


def _principle_themes(
    principle_id: str | None,
    everything: Sequence[Said],
    mine: Sequence[OwnedTheme],
    workshop: _Workshop,
    kept: Keep,
) -> list[Theme]:
    """One principle's themes: people's first, then suggested before possible, larger before smaller."""
    items = [item for item in everything if item.analysis.has_content]
    own = workshop.own.get(principle_id, frozenset()) | workshop.about
    ungrouped = workshop.ungrouped & {item.note.id for item in items}
    hangs_on = [
        principle_id,
        [(item.note.id, item.analysis.text, item.analysis.terms) for item in items],
        hashlib.sha256(stacked(items).tobytes()).hexdigest() if items else "",
        list(mine),
        sorted(own),
        sorted(ungrouped),
    ]
    grouped = kept(hangs_on, lambda: _grouped(principle_id, items, mine, own, ungrouped))
    # A label is seen against the whole workshop, so one changed note may change them all.
    place = {item.note.id: index for index, item in enumerate(items)}
    found: list[Theme] = []
    for theme in grouped:
        if not theme.is_named_by_person:
            members = sorted(place[note_id] for note_id in theme.sure_note_ids or theme.note_ids)
            label = _label([items[index] for index in members], own, workshop)
            if not label and theme.quote_note_id:
                quoted = items[place[theme.quote_note_id]]
                if quoted.note.text_status == "partial":
                    continue  # no shared word, and no sure words to name it by: nobody could sign that
                label = labels.short(quoted.words)
            theme = replace(theme, label=label)  # noqa: PLW2901
        found.append(theme)
    return found


def _grouped(
    principle_id: str | None,
    items: Sequence[Said],
    mine: Sequence[OwnedTheme],
    own: Collection[str],
    ungrouped: Collection[str],
) -> tuple[Theme, ...]:
    """One principle's themes; those that no person named without a label."""
    place = {item.note.id: index for index, item in enumerate(items)}
    similarity = (
        clustering.similarities(stacked(items), [item.analysis.text for item in items])
        if len(items) > 1
        else np.ones((len(items), len(items)))
    )

    @functools.cache
    def without_own() -> clustering.Matrix:
        return clustering.similarities(stacked(items), [words_without(item.analysis, own) for item in items])

    def likeness(note_id: str, others: Collection[str]) -> float:
        near = [similarity[place[note_id], place[other]] for other in others if other in place]
        return round(float(np.mean(near)), 6) if near else -1.0

    groups = [
        [items[index].note.id for index in group.members]
        for group in clustering.groups(similarity)
        if not _is_accident(group, items, own, without_own)
    ]
    settled = settle(groups, mine, ungrouped, likeness)
    found: list[Theme] = []
    for claim in settled.claims:
        members = sorted(place[note_id] for note_id in claim.note_ids if note_id in place)
        quote = items[clustering.centre(similarity, members)].note.id if members else None
        cohesion = clustering.cohesion(similarity, members)
        found.append(
            Theme(
                claim.theme.key,
                principle_id,
                claim.theme.name,
                "suggested",
                cohesion,
                claim.note_ids,
                quote,
                is_named_by_person=True,
                description=claim.theme.description,
                sure_note_ids=tuple(sorted(set(claim.note_ids) & set(claim.theme.note_ids))),
            )
        )
    machine: list[Theme] = []
    for note_ids in settled.groups:
        members = sorted(place[note_id] for note_id in note_ids)
        core = clustering.core(similarity, members)
        machine.append(
            Theme(
                id=theme_id(principle_id, note_ids),
                principle_id=principle_id,
                label="",
                strength="suggested" if core else "possible",
                cohesion=clustering.cohesion(similarity, members),
                note_ids=note_ids,
                quote_note_id=items[clustering.centre(similarity, core or members)].note.id,
                sure_note_ids=tuple(sorted(items[index].note.id for index in core)),
            )
        )
    machine.sort(key=lambda t: (-len(t.sure_note_ids), -len(t.note_ids), -t.cohesion, t.id))
    return (*found, *machine)


def _is_accident(
    group: clustering.Group,
    items: Sequence[Said],
    own: Collection[str],
    without_own: Callable[[], clustering.Matrix],
) -> bool:
    """Two notes, loosely alike, and no telling word in common: nothing a careful reader would call a theme.

    The principle's own words are common to all its notes; what two of them are alike by counts without those
    (`without_own`, the similarity of all items, is worked out only where they hold any).
    """
    members = [items[index].analysis for index in group.members]
    if len(members) > 2 or labels.telling_words([member.terms for member in members], own):
        return False
    clear = max(CLEAR_FROM + CLEAR_STEP * (FEW_NOTES - len(items)), CLEAR_LEAST)
    if group.cohesion < clear:
        return True
    holds_own = any(term.lemma in own for member in members for term in member.terms)
    return holds_own and clustering.cohesion(without_own(), group.members) < clear


def _label(members: Sequence[Said], own: Collection[str], workshop: _Workshop) -> str:
    terms = [member.analysis.terms for member in members]
    words = [member.words for member in members]
    return labels.label(terms, words, workshop.background, workshop.total, own)


def _under(everything: Sequence[Said], principle_ids: Sequence[str | None]) -> dict[str | None, list[Said]]:
    found: dict[str | None, list[Said]] = {name: [] for name in principle_ids}
    for item in everything:
        found[item.note.principle_id].append(item)
    return found


def _tallies(under: Mapping[str | None, Sequence[Said]], found: Sequence[Theme]) -> tuple[Tally, ...]:
    themed = {note_id for theme in found for note_id in theme.note_ids}
    tallies = []
    for name, items in under.items():
        in_theme = sum(item.note.id in themed for item in items)
        silent = sum(item.note.id not in themed and not item.analysis.has_content for item in items)
        tallies.append(Tally(name, in_theme, len(items) - in_theme - silent, silent))
    return tuple(tallies)
