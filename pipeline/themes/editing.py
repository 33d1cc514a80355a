"""What people do to themes, as pure functions: each takes what is owned and returns what is owned then.

A machine's theme becomes owned by the first thing a person does to it. `words` are the notes' words by id; they
are written beside the ids so that themes.toml can be read, and notes found again.

How a page edits themes (pipeline.themes.keeping reads and writes the file; this module decides what changes):

    kept = keeping.load(folder)                # folder: raw/<workshop>/; Kept(owned, state); state "" = no file
    edit = Edit("rename", themes=("t12ab",), name="Money for time")
    kept = keeping.change(folder, edit, record.themes, record.notes, based_on=kept.state, person="…", when="…")
    kept = keeping.undo(folder, based_on=kept.state, person="…", when="…")   # the last change; again: the one before
    done = keeping.history(folder)             # ((Change, is it undone), …): what was done, by whom, when
    result = stages.theme.themes(record.notes, record.principles, analyser, kept.owned)   # how it looks now

The acts of an Edit (`themes` are ids of model.Theme, `notes` ids of model.Note; msgspec decodes an Edit from JSON):

    rename     themes=(one,), name             describe   themes=(one,), name=the description
    merge      themes=(first, …), name         split      themes=(one,), parts=((name, note ids), …)
    move       themes=(to,), notes=(…)         ungroup    notes=(…): they belong to no theme
    pin, unpin themes=(one,)                   reject     themes=(one,): these notes are no theme
    make       name, notes=(…)                 restore    themes=(a rejected one's key,): it may be found again
    release    themes=(one,): the machine decides again about it

`themes` given to `change` and `apply` are those on the page (of the last run, or of `themes(...)` since); an id
that is not among them raises EditError with a sentence to show. `change` and `undo` compare and swap: where
the file is no longer in the state `based_on`, they raise ChangedError and write nothing; load again, show, and
let the person decide. themes.toml is swapped in whole, and what stood there before goes to themes.log.jsonl, so
that nothing is ever lost (comments that were written by hand are in that log after the first change by a page).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.errors import ConfigError
from pipeline.model import Note, Theme
from pipeline.themes.ownership import OwnedNote, OwnedTheme, OwnedThemes
from pipeline.themes.text import spoken

Words = Mapping[str, str]


class EditError(ConfigError):
    """What was asked for cannot be done to these themes; the message says why, in words to show."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing a person does to themes; which fields an act needs: see the module's text."""

    act: str
    themes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    name: str = ""
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()


def words_of(notes: Iterable[Note]) -> dict[str, str]:
    """The notes' own words by id, as themes.toml keeps them."""
    return {note.id: spoken(note.text) for note in notes}


def apply(owned: OwnedThemes, edit: Edit, themes: Sequence[Theme], notes: Sequence[Note]) -> OwnedThemes:
    """What is owned after `edit`; raises EditError where it cannot be done."""
    words = words_of(notes)
    place = {note.id: note.principle_id for note in notes}
    unknown = [note_id for note_id in edit.notes if note_id not in place]
    if unknown:
        raise EditError(f"There is no note {unknown[0]!r} in this workshop.")
    if edit.act in ("rename", "merge", "make") and not edit.name.strip():
        raise EditError("A theme needs a name.")
    if edit.act == "restore":
        return _restore(owned, edit.themes)
    if edit.act == "make":
        return make(owned, edit.name.strip(), edit.notes, place, words)
    if edit.act in ("move", "ungroup"):
        to = _chosen(edit, themes)[0] if edit.act == "move" else None
        for note_id in edit.notes:
            owned = _move_within(owned, note_id, to, place, words)
        return owned
    return _to_themes(owned, edit, _chosen(edit, themes), words)


def _to_themes(owned: OwnedThemes, edit: Edit, chosen: Sequence[Theme], words: Words) -> OwnedThemes:
    """The acts on whole themes."""
    one, name = chosen[0], edit.name.strip()
    try:
        match edit.act:
            case "rename":
                return rename(owned, one, name, words)
            case "describe":
                return describe(owned, one, name, words)
            case "pin":
                return pin(owned, one, words)
            case "unpin":
                return unpin(owned, one, words)
            case "reject":
                return reject(owned, one, words)
            case "release":
                return release(owned, one)
            case "merge":
                return merge(owned, chosen, name, words)
            case "split":
                return split(owned, one, edit.parts, words)
    except ValueError as error:
        raise EditError(f"This cannot be done: {error}.") from error
    raise EditError(f"There is no way to {edit.act!r} a theme.")


def _move_within(
    owned: OwnedThemes, note_id: str, to: Theme | None, place: Mapping[str, str | None], words: Words
) -> OwnedThemes:
    if to is not None and place[note_id] != to.principle_id:
        raise EditError(
            f"That note stands under another principle than “{to.label}”.",
            remedy="Put the note under that principle first.",
        )
    return move(owned, note_id, to, words)


def _chosen(edit: Edit, themes: Sequence[Theme]) -> list[Theme]:
    by_id = {theme.id: theme for theme in themes}
    missing = [theme_id for theme_id in edit.themes if theme_id not in by_id]
    if missing or not edit.themes:
        raise EditError("That theme is no longer there.", remedy="Look at the themes as they are now.")
    return [by_id[theme_id] for theme_id in edit.themes]


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


def unpin(owned: OwnedThemes, theme: Theme, words: Words) -> OwnedThemes:
    """Let notes that say alike join a theme by themselves again."""
    owned, mine = _adopt(owned, theme, words)
    return _replace(owned, replace(mine, is_pinned=False))


def release(owned: OwnedThemes, theme: Theme) -> OwnedThemes:
    """Give a theme back: the machine decides about its name and notes again."""
    return replace(owned, themes=tuple(mine for mine in owned.themes if mine.key != theme.id))


def _restore(owned: OwnedThemes, keys: Collection[str]) -> OwnedThemes:
    """Take back that these notes are no theme."""
    kept = tuple(mine for mine in owned.themes if not (mine.is_rejected and mine.key in keys))
    if len(kept) == len(owned.themes):
        raise EditError("No rejected theme has that key.")
    return replace(owned, themes=kept)


def make(
    owned: OwnedThemes, name: str, note_ids: Sequence[str], place: Mapping[str, str | None], words: Words
) -> OwnedThemes:
    """A theme of people's own making, of notes of one principle (`place`: each note's principle id)."""
    principles = {place[note_id] for note_id in note_ids}
    if len(principles) != 1:
        raise EditError("A theme is made of notes that stand under one principle.")
    key = key_for(name, {other.key for other in owned.themes})
    owned = _take_out(owned, note_ids)
    mine = OwnedTheme(key, name, principles.pop(), _notes(note_ids, words))
    return replace(owned, themes=(*owned.themes, mine))


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
    listed = [note_id for _, ids in parts for note_id in ids]
    if not parts or not set(listed) <= set(theme.note_ids):
        raise ValueError("a theme is split into parts of its own notes")
    if len(set(listed)) < len(listed) or not all(name.strip() and ids for name, ids in parts):
        raise ValueError("each part has a name and notes, and a note stands in one part")
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
