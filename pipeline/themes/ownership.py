"""Themes that people own: what `raw/<workshop>/themes.toml` says, and how it is laid over the machine's groups.

A note that a person put in a theme stays there. A note nobody placed follows the machine's group: where most of
a group's notes, or most of a theme's, are a person's, the rest of the group joins that theme, unless it is pinned.
So names survive a re-run, and new notes find their way. A theme none of whose notes are there any more is
reported, never dropped in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from pipeline.themes.result import LostTheme

SAME_WORDS = 85.0
"""Likeness (0 to 100) from which a note that is gone by its id is found again by its words."""
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class OwnedNote:
    """A note by its id, and its words when it was placed (to find it again, and for people to read)."""

    id: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class OwnedTheme:
    """A theme as a person made it. `is_pinned`: exactly these notes; `is_rejected`: these are no theme."""

    key: str
    name: str
    principle_id: str | None
    notes: tuple[OwnedNote, ...]
    description: str = ""
    is_pinned: bool = False
    is_rejected: bool = False

    @property
    def note_ids(self) -> tuple[str, ...]:
        """The ids of its notes, in the file's order."""
        return tuple(note.id for note in self.notes)


@dataclass(frozen=True, slots=True)
class OwnedThemes:
    """Everything people decided about a workshop's themes; `ungrouped` notes belong to no theme."""

    themes: tuple[OwnedTheme, ...] = ()
    ungrouped: tuple[OwnedNote, ...] = ()

    def theme(self, key: str) -> OwnedTheme | None:
        """The theme of this key, if there is one."""
        return next((theme for theme in self.themes if theme.key == key), None)


@dataclass(frozen=True, slots=True)
class Claim:
    """An owned theme with the notes it has now (ids, sorted)."""

    theme: OwnedTheme
    note_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """One principle's groups after people had their say: theirs, and what is left of the machine's."""

    claims: tuple[Claim, ...]
    groups: tuple[tuple[str, ...], ...]


def rematch(
    owned: OwnedThemes, words_of: Mapping[str | None, Mapping[str, str]]
) -> tuple[OwnedThemes, tuple[LostTheme, ...]]:
    """Find each listed note among the present ones: by its id, else by its words under the same principle.

    `words_of` holds, for each principle, the words of each note by id. Listed notes that are not found are
    left out of the result; themes left without a note are reported (a rejected one is not missed).
    """
    listed = {note.id for theme in owned.themes for note in theme.notes} | {n.id for n in owned.ungrouped}
    found_themes: list[OwnedTheme] = []
    lost: list[LostTheme] = []
    for theme in owned.themes:
        here = words_of.get(theme.principle_id, {})
        notes = _present(theme.notes, here, listed)
        if notes:
            found_themes.append(replace(theme, notes=notes))
        elif not theme.is_rejected:
            lost.append(LostTheme(theme.key, theme.name, theme.principle_id, _why_lost(theme, words_of)))
    everywhere = {note_id: words for here in words_of.values() for note_id, words in here.items()}
    ungrouped = _present(owned.ungrouped, everywhere, listed)
    return OwnedThemes(tuple(found_themes), ungrouped), tuple(lost)


def _why_lost(theme: OwnedTheme, words_of: Mapping[str | None, Mapping[str, str]]) -> str:
    if not theme.notes:
        return "it lists no notes"
    moved = [note for here in words_of.values() for note in theme.note_ids if note in here]
    if moved:
        return "its notes are now under another principle"
    return "none of its notes is in the workshop any more"


def _present(
    wanted: Iterable[OwnedNote], here: Mapping[str, str], listed: Collection[str]
) -> tuple[OwnedNote, ...]:
    found: dict[str, OwnedNote] = {}
    for note in wanted:
        note_id = note.id if note.id in here else _by_words(note.words, here, {*listed, *found})
        if note_id is not None:
            found[note_id] = replace(note, id=note_id)
    return tuple(found.values())


def _by_words(words: str, here: Mapping[str, str], taken: Collection[str]) -> str | None:
    """The one free note with (nearly) these words; none where two would do equally well."""
    if not words.strip():
        return None
    likeness = sorted(
        (
            (fuzz.ratio(words.lower(), text.lower()), note_id)
            for note_id, text in here.items()
            if note_id not in taken
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    if not likeness or likeness[0][0] < SAME_WORDS:
        return None
    is_tie = len(likeness) > 1 and likeness[1][0] == likeness[0][0]
    return None if is_tie else likeness[0][1]


def settle(
    groups: Sequence[Sequence[str]],
    themes: Sequence[OwnedTheme],
    ungrouped: Collection[str],
    likeness: Callable[[str, Collection[str]], float],
) -> Settled:
    """Lay one principle's owned themes over the machine's groups of note ids.

    `themes` are rematched; `likeness` says how like a note is to some others (for a free note between two
    themes that split a group). Groups that were rejected, or that keep fewer than two notes, fall away.
    """
    claimed = {note.id: theme.key for theme in themes if not theme.is_rejected for note in theme.notes}
    by_key = {theme.key: theme for theme in themes if not theme.is_rejected}
    joined: dict[str, list[str]] = {key: list(theme.note_ids) for key, theme in by_key.items()}
    rejected = [set(theme.note_ids) for theme in themes if theme.is_rejected]
    left: list[tuple[str, ...]] = []
    for group in groups:
        if any(_overlap(set(group), notes) >= _HALF for notes in rejected):
            continue
        free = [note_id for note_id in group if note_id not in claimed and note_id not in ungrouped]
        hosts = _hosts(group, claimed, by_key)
        if hosts:
            for note_id in free:
                host = min(hosts, key=lambda key: (-likeness(note_id, by_key[key].note_ids), key))
                joined[host].append(note_id)
        elif len(free) > 1:
            left.append(tuple(sorted(free)))
    claims = tuple(Claim(by_key[key], tuple(sorted(set(note_ids)))) for key, note_ids in joined.items())
    return Settled(claims, tuple(left))


def _hosts(group: Sequence[str], claimed: Mapping[str, str], by_key: Mapping[str, OwnedTheme]) -> list[str]:
    """The themes that the free notes of a group may join: theirs is most of the group, or it is most of theirs."""
    counts = Counter(claimed[note_id] for note_id in group if note_id in claimed)
    most_of_group = sum(counts.values()) >= _HALF * len(group)
    return sorted(
        key
        for key, count in counts.items()
        if not by_key[key].is_pinned and (most_of_group or count >= _HALF * len(by_key[key].notes))
    )


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)
