"""Decide: what people decided, laid over what the machine found.

A decision is anchored to a place on a photograph (content digest and polygon), not to a note's
number, so it survives a new detector, renamed files and the loss of every computed result. It
goes to the note that overlaps it most; one that finds no note is handed back, never dropped.

Two people. A decision whose `old` is the value in force was made knowing it: it revises it. One
that was made without knowing another person's is an independent second reading: equal makes the
note double-keyed, different makes it disputed until somebody settles it knowingly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shapely.geometry import Polygon as Area

from pipeline import vocabulary
from pipeline.model import Decision, Note, Polygon

VERSION = "1"
MIN_OVERLAP = 0.3
"""Intersection over union from which a note is the one a decision meant."""

_PRINTABLE = ("legible", "partial")


@dataclass(frozen=True, slots=True)
class Decided:
    """The notes with decisions laid over them; decisions without a note; decisions not understood."""

    notes: tuple[Note, ...]
    orphans: tuple[Decision, ...]
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Case:
    """One note while decisions are laid over it; `said` holds each field's last person and value."""

    note: Note
    is_gone: bool = False
    said: dict[str, tuple[str, Any]] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)


def decide(notes: Sequence[Note], decisions: Sequence[Decision], principle_ids: Sequence[str]) -> Decided:
    """Lay `decisions`, in the order they were made, over `notes`.

    Fields: `accept`, `text`, `text_status`, `response_type`, `shape`, `colour`, `principle_id`,
    `answers_note_id`, `not_a_note`. A value outside the vocabulary is reported and not used.
    """
    cases = [_Case(note) for note in notes]
    by_photo: dict[str, list[tuple[Area, _Case]]] = {}
    for case in cases:
        for sighting in case.note.sightings:
            by_photo.setdefault(sighting.photo_sha256, []).append((_area(sighting.polygon), case))
    orphans: list[Decision] = []
    problems: list[str] = []
    known = frozenset(principle_ids)
    for decision in decisions:
        found = _meant(decision, by_photo)
        if found is None:
            orphans.append(decision)
            continue
        reason = _objection(decision, known)
        if reason:
            problems.append(f"Decision {decision.id}: {reason}; it was not used.")
            continue
        _lay(found, decision)
    decided = tuple(_finished(case) for case in cases if not case.is_gone)
    return Decided(decided, tuple(orphans), tuple(problems))


def _area(polygon: Polygon) -> Area:
    area = Area(polygon)
    return area if area.is_valid else area.buffer(0)


def _meant(decision: Decision, by_photo: Mapping[str, list[tuple[Area, _Case]]]) -> _Case | None:
    anchor = _area(decision.polygon)
    best: tuple[float, _Case] | None = None
    for area, case in by_photo.get(decision.photo_sha256, ()):
        union = anchor.union(area).area
        overlap = anchor.intersection(area).area / union if union else 0.0
        if overlap >= MIN_OVERLAP and (best is None or overlap > best[0]):
            best = (overlap, case)
    return best[1] if best else None


def _objection(decision: Decision, principle_ids: frozenset[str]) -> str:
    """Why this decision cannot be used, or "" if it can."""
    coded: dict[str, Mapping[str, object]] = {
        "text_status": vocabulary.TEXT_STATUSES,
        "response_type": vocabulary.RESPONSE_TYPES,
        "shape": vocabulary.SHAPES,
        "colour": vocabulary.COLOURS,
    }
    new = decision.new
    if decision.field in coded:
        return (
            ""
            if isinstance(new, str) and new in coded[decision.field]
            else f"{new!r} is not a {decision.field}"
        )
    if decision.field == "principle_id":
        is_known = new is None or (isinstance(new, str) and new in principle_ids)
        return "" if is_known else f"there is no principle {new!r}"
    if decision.field in ("not_a_note", "accept"):
        return "" if isinstance(new, bool) else f"{decision.field} is true or false, not {new!r}"
    if decision.field == "text":
        return "" if isinstance(new, str) else f"a text is a text, not {new!r}"
    if decision.field == "answers_note_id":
        return "" if new is None or isinstance(new, str) else "a note id is a text"
    return f"the field {decision.field!r} is not known"


def _lay(case: _Case, decision: Decision) -> None:
    name, new = decision.field, decision.new
    before = case.said.get(name)
    if before is not None and before[0] != decision.person and decision.old != before[1]:
        # Made without knowing the other person's: an independent second reading.
        if before[1] == new:
            case.agreed.add(name)
        else:
            case.disputed.add(name)
            return
    else:
        case.disputed.discard(name)
        case.agreed.discard(name)
    case.said[name] = (decision.person, new)
    if name == "not_a_note":
        case.is_gone = bool(new)
    elif name != "accept":
        case.note = _CHANGES[name](case.note, new)


def _with_text(note: Note, text: str) -> Note:
    text = text.strip()
    if not text:
        return replace(note, text="", text_status="no_text", confidence=1.0)
    has_mark = any(mark in text for mark in ("[illegible]", "[?]", "[name removed]"))
    return replace(note, text=text, text_status="partial" if has_mark else "legible", confidence=1.0)


def _with_status(note: Note, status: str) -> Note:
    if status in _PRINTABLE:
        # A status alone brings no words: words withheld so far must be typed, not conjured up.
        return replace(note, text_status=status) if note.text else note
    return replace(note, text="", text_status=status, confidence=1.0)


_CHANGES: dict[str, Callable[[Note, Any], Note]] = {
    "text": _with_text,
    "text_status": _with_status,
    "response_type": lambda note, new: replace(note, response_type=new),
    "shape": lambda note, new: replace(note, shape=new, shape_confidence=1.0),
    "colour": lambda note, new: replace(note, colour=new),
    "principle_id": lambda note, new: replace(note, principle_id=new, placement="placed by a person"),
    "answers_note_id": lambda note, new: replace(note, answers_note_id=new),
}


def _finished(case: _Case) -> Note:
    if case.disputed:
        state = "disputed"
    elif case.agreed & {"text", "text_status", "accept"}:
        state = "double_keyed"
    elif case.said:
        state = "reviewed"
    else:
        return case.note
    return replace(case.note, reading_state=state)
