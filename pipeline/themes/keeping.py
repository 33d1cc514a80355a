"""raw/<workshop>/themes.toml on the disk: read, changed by compare and swap, and every change undone again.

Beside it lies themes.log.jsonl: one line a change, with what the file said before. A change takes a lock, makes
sure that the file is still in the state that the person saw, swaps the new file in whole and only then writes
its line; a run that is killed in between leaves a good file and a change that cannot be undone by a click.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pipeline.damage import UNDECODABLE
from pipeline.errors import BusyError, ConfigError
from pipeline.files import storage_error, write_atomically
from pipeline.model import Note, Theme
from pipeline.themes import editing, themes_toml
from pipeline.themes.ownership import OwnedThemes

FILE_NAME = "themes.toml"
LOG_NAME = "themes.log.jsonl"


class ChangedError(BusyError):
    """Somebody else has changed the themes meanwhile: nothing was written, look again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What people own, and the state of the file it was read from ("" where there is none)."""

    owned: OwnedThemes
    state: str


class Change(msgspec.Struct, frozen=True):
    """One change of the file. `before` is its whole text then (None: there was none), `state` what it became.

    `undoes` names the change that this one takes back.
    """

    id: str
    act: str
    themes: tuple[str, ...]
    name: str
    person: str
    when: str
    before: str | None
    state: str
    undoes: str | None = None


def load(folder: Path) -> Kept:
    """Read what people own; raises ConfigError that names file, key and remedy."""
    file = folder / FILE_NAME
    content = _content(file)
    owned = OwnedThemes() if content is None else themes_toml.parse(_text(content, file), str(file))
    return Kept(owned, _state(content))


def change(
    folder: Path,
    edit: editing.Edit,
    themes: Sequence[Theme],
    notes: Sequence[Note],
    *,
    based_on: str,
    person: str,
    when: str,
) -> Kept:
    """Do what a person asks and write it down; `when` is ISO 8601.

    Raises ChangedError where the file is no longer in the state `based_on`, EditError where it cannot be
    done, StorageError where it cannot be written; in each case the file stays as it was.
    """
    with _locked(folder):
        kept = _standing(folder, based_on)
        text = themes_toml.format_owned(editing.apply(kept.owned, edit, themes, notes))
        themes_toml.parse(text, FILE_NAME)  # what could not be read again must not be written
        return _swap(folder, text, edit.act, edit.themes, edit.name, person, when)


def undo(folder: Path, *, based_on: str, person: str, when: str) -> Kept:
    """Take the last change back that has not been taken back yet.

    Raises ChangedError as `change` does, EditError where nothing can be undone: no change was made by a
    page, or the file was edited by hand since.
    """
    with _locked(folder):
        _standing(folder, based_on)
        last = next((one for one, is_undone in reversed(_log(folder)) if not is_undone), None)
        if last is None or last.state != based_on:
            why = "there is no change left" if last is None else "the file was edited by hand since"
            raise editing.EditError(f"Nothing can be undone: {why}.")
        return _swap(folder, last.before, "undo", last.themes, last.name, person, when, last.id)


def history(folder: Path) -> tuple[tuple[Change, bool], ...]:
    """Every change in order, and whether it was taken back; those that took one back are left out."""
    return tuple(_log(folder))


def _standing(folder: Path, based_on: str) -> Kept:
    kept = load(folder)
    if kept.state != based_on:
        raise ChangedError(
            "Somebody else has changed the themes meanwhile.",
            safe="Nothing was written; what they did stands.",
            remedy="Look at the themes as they are now and do it again.",
        )
    return kept


def _swap(
    folder: Path,
    text: str | None,
    act: str,
    themes: tuple[str, ...],
    name: str,
    person: str,
    when: str,
    undoes: str | None = None,
) -> Kept:
    file = folder / FILE_NAME
    before = _content(file)
    content = None if text is None else text.encode()
    if content is None:
        file.unlink(missing_ok=True)
    else:
        write_atomically(file, content)
    line = Change(
        id=secrets.token_hex(8),
        act=act,
        themes=themes,
        name=name,
        person=person,
        when=when,
        before=None if before is None else before.decode(),
        state=_state(content),
        undoes=undoes,
    )
    with (folder / LOG_NAME).open("ab") as log:
        log.write(b"\n" + msgspec.json.encode(line) + b"\n")
        log.flush()
        os.fsync(log.fileno())
    return load(folder)


def _log(folder: Path) -> list[tuple[Change, bool]]:
    content = _content(folder / LOG_NAME) or b""
    lines: list[Change] = []
    for line in content.splitlines():
        # A half-written line, as a crash leaves it, is a change that cannot be undone; the file itself is whole.
        with contextlib.suppress(*UNDECODABLE):
            lines.append(msgspec.json.decode(line, type=Change))
    undone = {line.undoes for line in lines}
    return [(line, line.id in undone) for line in lines if line.undoes is None]


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(file, error, "Nothing was changed.") from error


def _text(content: bytes, file: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text.", remedy="Save it as UTF-8 and run again.") from error


def _state(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait for other editors of the same file; the lock falls with its process."""
    import fcntl  # noqa: PLC0415  (only writers need it)

    try:
        lock = (folder / LOG_NAME).open("ab")
    except OSError as error:
        raise storage_error(folder / LOG_NAME, error, "Nothing was changed.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
