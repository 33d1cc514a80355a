"""`raw/<workshop>/themes.toml`: how people's themes are written down, and read with errors that help.

[[themes]]
key = "power-comes-first"            # stays when the name changes; optional
name = "Power comes first"
principle = "power"                  # absent: among the unplaced notes
description = "Power as the ground on which everything else stands."
pinned = false                       # true: exactly these notes, nothing joins by itself
rejected = false                     # true: these notes are no theme

[themes.notes]                       # the notes' ids, with their words for people to read
n3f2a = "To me this is the foundation of everything"

[ungrouped]                          # notes that belong to no theme
n77aa = "Fundamental ..."
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.themes.editing import key_for
from pipeline.themes.ownership import OwnedNote, OwnedTheme, OwnedThemes

_KEYS = ("key", "name", "principle", "description", "pinned", "rejected", "notes")
_TABLES = ("themes", "ungrouped")
_HEADER = (
    "# Themes that people own. Names, notes and marks here stay as they are whatever the machine finds.\n"
)


def read(file: Path) -> OwnedThemes | None:
    """What people decided in that file, or None where there is none; raises ConfigError."""
    try:
        return parse(file.read_bytes().decode("utf-8-sig"), str(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", safe="Nothing was changed.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file} is not written in UTF-8 (byte {error.start}).",
            safe="Nothing was changed.",
            remedy="Save it again as UTF-8: every text editor has that choice under “Save as”.",
        ) from None


def parse(text: str, where: str = "themes.toml") -> OwnedThemes:
    """Read the file's content; raises ConfigError naming `where`, the key, what was found and what is expected."""
    try:
        table = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and a number of more digits than Python turns into one
        raise ConfigError(
            f"{where} is not valid TOML: {error}.", remedy="Mend that line and run again."
        ) from error
    except RecursionError:
        raise ConfigError(f"{where} is nested too deeply to be meant.") from None
    _known(table, _TABLES, where)
    entries = table.get("themes", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{where}: themes are written as [[themes]], one such line before each theme.")
    themes: list[OwnedTheme] = []
    for number, entry in enumerate(entries, 1):
        themes.append(_theme(entry, f"{where}, theme {number}", {theme.key for theme in themes}))
    owned = OwnedThemes(tuple(themes), _notes(table.get("ungrouped", {}), f"{where}, [ungrouped]"))
    _once_each(owned, where)
    return owned


def _theme(entry: Mapping[str, object], where: str, taken: set[str]) -> OwnedTheme:
    _known(entry, _KEYS, where)
    name = _string(entry, "name", where)
    if not name.strip():
        raise ConfigError(f"{where} has no name.", remedy='Write a line such as name = "Power comes first".')
    key = _string(entry, "key", where) or key_for(name, taken)
    if key in taken:
        raise ConfigError(
            f"{where}: the key {key!r} is another theme's.", remedy="Give each theme its own key."
        )
    return OwnedTheme(
        key=key,
        name=name,
        principle_id=_string(entry, "principle", where) or None,
        notes=_notes(entry.get("notes", {}), where),
        description=_string(entry, "description", where),
        is_pinned=_truth(entry, "pinned", where),
        is_rejected=_truth(entry, "rejected", where),
    )


def _string(entry: Mapping[str, object], key: str, where: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} is {value!r}; a text in quotation marks is expected.")
    return value


def _truth(entry: Mapping[str, object], key: str, where: str) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise ConfigError(f"{where}: {key} is {value!r}; true or false is expected, without quotation marks.")
    return value


def _notes(value: object, where: str) -> tuple[OwnedNote, ...]:
    """A table of ids and words, or a plain list of ids."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(OwnedNote(item) for item in dict.fromkeys(value))
    if isinstance(value, dict) and all(isinstance(words, str) for words in value.values()):
        return tuple(OwnedNote(note_id, words) for note_id, words in value.items())
    raise ConfigError(
        f"{where}: notes are {value!r}; their ids are expected, each with its words.",
        remedy='For example: n3f2a = "To me this is the foundation of everything".',
    )


def _known(entry: Mapping[str, object], known: Iterable[str], where: str) -> None:
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(key, list(known), n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."
            raise ConfigError(f"{where}: {key!r} is not a key of this file.", remedy=remedy)


def _once_each(owned: OwnedThemes, where: str) -> None:
    places: dict[str, str] = {}
    named = [(theme.key, theme.notes) for theme in owned.themes if not theme.is_rejected]
    for key, notes in [*named, ("ungrouped", owned.ungrouped)]:
        for note in notes:
            if note.id in places:
                raise ConfigError(
                    f"{where}: note {note.id!r} stands in {places[note.id]!r} and in {key!r}.",
                    remedy="A note belongs to one theme at most: take it out of one of them.",
                )
            places[note.id] = key


def format_owned(owned: OwnedThemes) -> str:
    """The file's content; `parse` gives the same themes back."""
    parts = [_HEADER]
    for theme in owned.themes:
        lines = ["[[themes]]", f"key = {_quoted(theme.key)}", f"name = {_quoted(theme.name)}"]
        if theme.principle_id:
            lines.append(f"principle = {_quoted(theme.principle_id)}")
        if theme.description:
            lines.append(f"description = {_quoted(theme.description)}")
        lines += [
            f"{word} = true"
            for word, is_so in (("pinned", theme.is_pinned), ("rejected", theme.is_rejected))
            if is_so
        ]
        lines += ["", "[themes.notes]", *_note_lines(theme.notes), ""]
        parts.append("\n".join(lines))
    if owned.ungrouped:
        parts.append("\n".join(["[ungrouped]", *_note_lines(owned.ungrouped), ""]))
    return "\n".join(parts)


def _note_lines(notes: Iterable[OwnedNote]) -> list[str]:
    return [f"{_quoted(note.id)} = {_quoted(note.words)}" for note in notes]


def _quoted(text: str) -> str:
    """A TOML basic string: control characters, quotation marks and backslashes escaped."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}

    def written(letter: str) -> str:
        if letter in escapes:
            return escapes[letter]
        return f"\\u{ord(letter):04x}" if ord(letter) < 32 or ord(letter) == 127 else letter

    return '"' + "".join(written(letter) for letter in text) + '"'
