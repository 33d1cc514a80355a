"""The list of changes since an earlier edition, arranged for reading: by kind, word by word."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LABELS = {
    "promise_met": "Promises met",
    "now_readable": "Now readable",
    "corrected": "Corrected",
    "status_changed": "Status changed",
    "type_changed": "Type of response changed",
    "moved": "Moved",
    "no_longer_readable": "No longer readable",
    "added": "Added",
    "removed": "Removed",
    "count_changed": "Counts that changed",
}
"""What people read for each kind of change, in the order in which the kinds are shown."""


class ChangeLike(Protocol):
    """Whatever knows one difference between two editions, as pipeline.diff.Change does."""

    @property
    def kind(self) -> str:
        """A short code such as now_readable."""

    @property
    def before(self) -> str | None:
        """What people read before, if anything."""

    @property
    def after(self) -> str | None:
        """What people read now, if anything."""

    @property
    def explanation(self) -> str:
        """Why, in plain words."""

    @property
    def note_id(self) -> str | None:
        """The note it is about, if it is about one."""

    @property
    def principle_id(self) -> str | None:
        """The principle it is about, if it is about one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two editions, as plain as can be."""

    kind: str
    before: str | None = None
    after: str | None = None
    explanation: str = ""
    note_id: str | None = None
    principle_id: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed (`same`), went (`gone`) or came (`new`)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One change as it is read: under which heading, the words concerned, and why."""

    heading: str
    pieces: tuple[Piece, ...]
    explanation: str
    note_id: str | None


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """All changes of one kind."""

    kind: str
    label: str
    lines: tuple[Line, ...]


def arrange_changes(changes: Sequence[ChangeLike], headings: Mapping[str, str]) -> tuple[ChangeGroup, ...]:
    """The changes by kind, the kinds in the order of LABELS and unknown ones behind; `headings` by principle id."""
    kinds = list(dict.fromkeys([*LABELS, *(change.kind for change in changes)]))
    groups = []
    for kind in kinds:
        lines = tuple(_line(change, headings) for change in changes if change.kind == kind)
        if lines:
            groups.append(ChangeGroup(kind, LABELS.get(kind, kind.replace("_", " ").capitalize()), lines))
    return tuple(groups)


def _line(change: ChangeLike, headings: Mapping[str, str]) -> Line:
    heading = headings.get(change.principle_id, "") if change.principle_id else ""
    return Line(
        heading, pieces_of(change.before or "", change.after or ""), change.explanation, change.note_id
    )


def pieces_of(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts word by word; as two wholes where they have too little in common to be read as one."""
    old, new = before.split(), after.split()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.4:
        both = (Piece("gone", " ".join(old)), Piece("new", " ".join(new)))
        return tuple(piece for piece in both if piece.text)
    pieces: list[Piece] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", " ".join(old[a:b])))
            continue
        pieces += [Piece("gone", " ".join(old[a:b]))] if b > a else []
        pieces += [Piece("new", " ".join(new[c:d]))] if d > c else []
    return tuple(pieces)
