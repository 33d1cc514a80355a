"""What a record still owes its readers: said when it is published, looked up when the next one is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.model import Note, Record

_SAID = re.compile(
    r"[^.!?()\n]*\b(?:plan|hope|intend|aim|want|will)\b(?:\s+to|\s+be)?\s+updat\w+[^.!?()\n]*[.!]?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Promise:
    """Something still to come. `kind` is a short code, `note_ids` the notes it is about.

    A promise of kind `said` was made by people, in the introduction; its sentence is their own.
    """

    kind: str
    sentence: str
    note_ids: tuple[str, ...] = ()


_OWED: tuple[tuple[str, str, str, Callable[[Note], bool]], ...] = (
    (
        "illegible",
        "1 note is illegible: we plan to update this record when it can be read.",
        "{count} notes are illegible: we plan to update this record when they can be read.",
        lambda note: note.text_status == "illegible",
    ),
    (
        "partial",
        "1 note has words that could not be read for certain; they are marked.",
        "{count} notes have words that could not be read for certain; they are marked.",
        lambda note: note.text_status == "partial",
    ),
    (
        "unsure_type",
        "1 note's type of response is not certain yet.",
        "{count} notes' types of response are not certain yet.",
        lambda note: note.response_type == "unsure",
    ),
    (
        "unplaced",
        "1 note is not yet placed under a heading.",
        "{count} notes are not yet placed under a heading.",
        lambda note: note.principle_id is None,
    ),
    (
        "disputed",
        "1 note is read differently by two people and not settled yet.",
        "{count} notes are read differently by two people and not settled yet.",
        lambda note: note.reading_state == "disputed",
    ),
)


def promises_of(record: Record) -> tuple[Promise, ...]:
    """The record's open promises: what people said they would do, then what the notes still lack."""
    said = tuple(Promise("said", sentence) for sentence in said_promises(record.introduction))
    owed: list[Promise] = []
    for kind, one, many, is_owed in _OWED:
        ids = tuple(note.id for note in record.notes if is_owed(note))
        if ids:
            owed.append(Promise(kind, one if len(ids) == 1 else many.format(count=len(ids)), ids))
    return said + tuple(owed)


def said_promises(introduction: str) -> tuple[str, ...]:
    """Sentences such as "We plan to update this record soon using the originals."."""
    return tuple(match[0].strip() for match in _SAID.finditer(introduction))


def is_kept(kind: str, note: Note) -> bool:
    """Whether what was owed about this note (of the newer record) is owed no longer."""
    return not next(is_owed for code, _, _, is_owed in _OWED if code == kind)(note)
