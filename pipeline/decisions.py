"""decisions.jsonl: the append-only log of what people decided, written so that nothing is ever lost.

One line a decision, as DESIGN.md says. A line is complete when it ends in a newline; a half-written
last line, as a crash leaves it, is set aside with a report and never glued to the next one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import DecisionsError
from pipeline.files import storage_error, sync_folder
from pipeline.model import Decision, Polygon

FILE_NAME = "decisions.jsonl"
_FARTHEST = 1e7
_DEEPEST = 8
"""Pixels, and levels of lists and tables in a value: more is a mistake, and trouble for who counts on it."""
_TRIES = 20
"""So often is the log opened anew where it seems another one: some shared disks number a file differently each time."""


class _Row(msgspec.Struct, forbid_unknown_fields=False):
    """A line as it stands in the file; a point may be [x, y] or {"x": …, "y": …}."""

    id: str
    photo_sha256: str
    polygon: list[list[float] | dict[str, float]]
    field: str
    new: Any
    old: Any = None
    reason: str = ""
    person: str = ""
    when: str = ""
    based_on: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """The decisions in the order they were made, and what could not be understood, line by line."""

    decisions: tuple[Decision, ...]
    problems: tuple[str, ...]


def read_log(folder: Path) -> Log:
    """Read raw/<workshop>/decisions.jsonl; an absent file is an empty log.

    A line that cannot be understood is reported with its number and left in the file; the others
    count. The same id twice counts once, so a log that was copied together does no harm.
    Raises DecisionsError when the file cannot be opened.
    """
    file = folder / FILE_NAME
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return Log((), ())
    except OSError as error:
        raise DecisionsError(
            f"{file} cannot be read: {error.strerror or error}.",
            safe="Nothing was changed; no decision was lost.",
            remedy="Check the file's permissions and run the command again.",
        ) from error
    return parse_log(content)


def parse_log(content: bytes, first_line: int = 1) -> Log:
    """Understand the log's content, or a later part of it that begins at line `first_line`."""
    decisions: dict[str, Decision] = {}
    problems: list[str] = []
    last_line = first_line + content.count(b"\n")
    for number, line in enumerate(content.split(b"\n"), first_line):
        if not line.strip():
            continue
        try:
            decision = _decision(msgspec.json.decode(line, type=_Row))
        except (msgspec.DecodeError, ValueError, LookupError, RecursionError) as error:
            is_last = number == last_line
            what = "is half-written, as a crash leaves it" if is_last else f"cannot be understood ({error})"
            problems.append(f"{FILE_NAME}, line {number}: {what}; it was left as it is and not used.")
            continue
        decisions.setdefault(decision.id, decision)
    return Log(tuple(decisions.values()), tuple(problems))


def append(folder: Path, decisions: Iterable[Decision]) -> None:
    """Add decisions to the log; when this returns they are on the disk (fsync).

    Several processes may append at once: a lock keeps their lines apart. If the last line was left
    half-written by a crash, a newline is put after it first. Raises StorageError; then nothing that
    was there before is touched.
    """
    file = folder / FILE_NAME
    lines = b"".join(encode(decision) + b"\n" for decision in decisions)
    try:
        is_new = not file.exists()
        with _opened_alone(file) as log:
            size = log.seek(0, os.SEEK_END)
            if size and not _ends_in_newline(file, size):
                lines = b"\n" + lines
            try:
                left = memoryview(lines)
                while left:
                    left = left[log.write(left) :]
                os.fsync(log.fileno())
            except OSError:
                # A full disk may have taken part of a line; take that part away again.
                log.truncate(size)
                raise
        if is_new and sys.platform != "win32":
            sync_folder(folder)
    except OSError as error:
        raise storage_error(
            file, error, "The decisions made before are safe; this one was not saved."
        ) from error


@contextmanager
def _opened_alone(file: Path) -> Iterator[FileIO]:
    """The log, open for adding to, while nobody else adds to it.

    Without a buffer: what a full disk did not take would be tried again when the file is cut off or closed.
    """
    import fcntl  # noqa: PLC0415  (only writers need it)

    for left in reversed(range(_TRIES)):
        with file.open("ab", buffering=0) as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            # An editor may have put another file in its place since it was opened: what is added here would be lost.
            if not left or _is_still(file, log):
                yield log
                return


def _is_still(file: Path, log: FileIO) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(log.fileno()))
    except FileNotFoundError:
        return False


def encode(decision: Decision) -> bytes:
    """One decision as its line, without the newline."""
    return msgspec.json.encode(
        {
            "id": decision.id,
            "photo_sha256": decision.photo_sha256,
            "polygon": decision.polygon,
            "field": decision.field,
            "old": decision.old,
            "new": decision.new,
            "reason": decision.reason,
            "person": decision.person,
            "when": decision.when,
            "based_on": decision.based_on,
        }
    )


def _ends_in_newline(file: Path, size: int) -> bool:
    with file.open("rb") as reader:
        reader.seek(size - 1)
        return reader.read(1) == b"\n"


def _decision(row: _Row) -> Decision:
    points: list[tuple[float, float]] = []
    for point in row.polygon:
        x, y = (point["x"], point["y"]) if isinstance(point, dict) else (point[0], point[1])
        points.append((float(x), float(y)))
    polygon: Polygon = tuple(points)
    if len(polygon) < 3:
        raise ValueError("the polygon has fewer than three points")
    if not all(abs(value) < _FARTHEST for point in polygon for value in point):
        raise ValueError("the polygon lies outside of any photograph")
    if _is_deeper(row.new, _DEEPEST) or _is_deeper(row.old, _DEEPEST):
        raise ValueError("a value is nested too deeply to be meant")
    return Decision(
        id=row.id,
        photo_sha256=row.photo_sha256,
        polygon=polygon,
        field=row.field,
        old=row.old,
        new=row.new,
        reason=row.reason,
        person=row.person,
        when=row.when,
        based_on=row.based_on,
    )


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(one, levels - 1) for one in inner)
