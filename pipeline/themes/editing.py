"""What people do to themes, as pure functions: each takes what is owned and returns what is owned then.

A machine's theme becomes owned by the first thing a person does to it. `words` are the notes' words by id; they
are written beside the ids so that themes.toml can be read, and notes found again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.model import Theme
from pipeline.themes.ownership import OwnedNote, OwnedTheme, OwnedThemes

Words = Mapping[str, str]


def key_for(name: str, taken: Collection[str]) -> str:
    """A key made of a name, in small letters and hyphens, unlike those taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = "-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-") or "theme"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def rename(owned: OwnedThemes, theme: Theme, name: str, words: Words) -> OwnedThemes:
    """Give a theme a name of people's own."""
    owned, mine = _adopt(owned, theme, words, name)
    return _replace(owned, replace(mine, name=name))


def describe(owned: OwnedThemes, theme: Theme, description: str, words: Words) -> OwnedThemes:
    """Write down what a theme is about."""
    owned, mine = _adopt(owned, theme, words)
    return _replace(owned, replace(mine, description=description))


def pin(owned: OwnedThemes, theme: Theme, words: Words) -> OwnedThemes:
    """Keep a theme's notes exactly as they are now."""
    owned, mine = _adopt(owned, theme, words)
    return _replace(owned, replace(mine, notes=_notes(theme.note_ids, words), is_pinned=True))


def reject(owned: OwnedThemes, theme: Theme, words: Words) -> OwnedThemes:
    """Say that these notes are no theme."""
    owned, mine = _adopt(owned, theme, words)
    return _replace(owned, replace(mine, notes=_notes(theme.note_ids, words), is_rejected=True))


def merge(owned: OwnedThemes, themes: Sequence[Theme], name: str, words: Words) -> OwnedThemes:
    """Make one theme of several of the same principle; it keeps the first one's key if that was owned."""
    if len({theme.principle_id for theme in themes}) != 1:
        raise ValueError("only themes of one principle can be merged")
    owned, first = _adopt(owned, themes[0], words, name)
    gone = {theme.id for theme in themes[1:]}
    note_ids = [note_id for theme in themes for note_id in theme.note_ids]
    kept = tuple(theme for theme in owned.themes if theme.key not in gone)
    owned = _take_out(replace(owned, themes=kept), note_ids, keep=first.key)
    return _replace(owned, replace(first, name=name, notes=_notes(note_ids, words)))


def split(
    owned: OwnedThemes, theme: Theme, parts: Sequence[tuple[str, Sequence[str]]], words: Words
) -> OwnedThemes:
    """Make several themes of one: for each a name and the ids of its notes; the first keeps the key."""
    if not parts or not set().union(*(set(ids) for _, ids in parts)) <= set(theme.note_ids):
        raise ValueError("a theme is split into parts of its own notes")
    owned, mine = _adopt(owned, theme, words, parts[0][0])
    owned = _take_out(owned, theme.note_ids, keep=mine.key)
    owned = _replace(owned, replace(mine, name=parts[0][0], notes=_notes(parts[0][1], words)))
    for name, note_ids in parts[1:]:
        key = key_for(name, {other.key for other in owned.themes})
        new = OwnedTheme(key, name, theme.principle_id, _notes(note_ids, words))
        owned = replace(owned, themes=(*owned.themes, new))
    return owned


def move(owned: OwnedThemes, note_id: str, to: Theme | None, words: Words) -> OwnedThemes:
    """Put a note in another theme, or (None) in no theme at all."""
    if to is None:
        owned = _take_out(owned, [note_id])
        return replace(owned, ungrouped=(*owned.ungrouped, *_notes([note_id], words)))
    owned, mine = _adopt(owned, to, words)
    owned = _take_out(owned, [note_id], keep=mine.key)
    others = tuple(note for note in mine.notes if note.id != note_id)
    return _replace(owned, replace(mine, notes=(*others, *_notes([note_id], words))))


def _adopt(owned: OwnedThemes, theme: Theme, words: Words, name: str = "") -> tuple[OwnedThemes, OwnedTheme]:
    """The owned theme behind `theme`; made of it, with its present notes, if it was the machine's."""
    mine = owned.theme(theme.id)
    if mine is not None:
        return owned, mine
    key = key_for(name or theme.label, {other.key for other in owned.themes})
    mine = OwnedTheme(key, name or theme.label, theme.principle_id, _notes(theme.note_ids, words))
    owned = _take_out(owned, theme.note_ids)
    return replace(owned, themes=(*owned.themes, mine)), mine


def _notes(note_ids: Iterable[str], words: Words) -> tuple[OwnedNote, ...]:
    return tuple(OwnedNote(note_id, words.get(note_id, "")) for note_id in dict.fromkeys(note_ids))


def _replace(owned: OwnedThemes, mine: OwnedTheme) -> OwnedThemes:
    return replace(owned, themes=tuple(mine if theme.key == mine.key else theme for theme in owned.themes))


def _take_out(owned: OwnedThemes, note_ids: Iterable[str], keep: str | None = None) -> OwnedThemes:
    """A note is in one place only: take these out of every other; a theme left without any goes."""
    gone = set(note_ids)
    themes = tuple(
        theme
        if theme.key == keep or theme.is_rejected
        else replace(theme, notes=tuple(note for note in theme.notes if note.id not in gone))
        for theme in owned.themes
    )
    themes = tuple(theme for theme in themes if theme.notes or theme.key == keep)
    return OwnedThemes(themes, tuple(note for note in owned.ungrouped if note.id not in gone))
