"""The list of changes between two editions, arranged for reading: by kind, under its heading, word by word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.diff import KINDS, Change, WordEdit

_SAYS_WHERE = ("added", "removed", "moved", "count_changed", "promise_met")
"""Kinds whose explanation names the heading already."""
_SAYS_WHAT = ("count_changed", "moved", "type_changed", "promise_met")
"""Kinds whose explanation says before and after already."""


@dataclass(frozen=True, slots=True)
class Line:
    """One change as it is read: under which heading, the words concerned, and why.

    `is_sure` is false where it is not certain that the two editions' notes are the same one.
    """

    heading: str
    pieces: tuple[WordEdit, ...]
    explanation: str
    note_id: str | None
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """All changes of one kind."""

    kind: str
    label: str
    lines: tuple[Line, ...]


def arrange_changes(changes: Sequence[Change], headings: Mapping[str, str]) -> tuple[ChangeGroup, ...]:
    """The changes by kind, the kinds in the order of diff.KINDS and unknown ones behind; `headings` by principle id."""
    kinds = list(dict.fromkeys([*KINDS, *(change.kind for change in changes)]))
    groups = []
    for kind in kinds:
        lines = tuple(_line(change, headings) for change in changes if change.kind == kind)
        if lines:
            groups.append(ChangeGroup(kind, KINDS.get(kind, kind.replace("_", " ").capitalize()), lines))
    return tuple(groups)


def _line(change: Change, headings: Mapping[str, str]) -> Line:
    heading = ""
    if change.principle_id is not None and change.kind not in _SAYS_WHERE:
        heading = headings.get(change.principle_id, "")
    return Line(heading, _pieces(change), change.explanation, change.note_id, change.is_sure)


def _pieces(change: Change) -> tuple[WordEdit, ...]:
    """Word by word where that is known; else the two texts as wholes."""
    if change.kind in _SAYS_WHAT and change.explanation:
        return ()
    if change.words:
        return change.words
    both = (("removed", change.before), ("added", change.after))
    return tuple(WordEdit(kind, " ".join(text.split())) for kind, text in both if text)
