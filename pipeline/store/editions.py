"""What the store needs to know of published editions and of the changes between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edition:
    """A published state of one workshop's record.

    `number` counts from 0 (an imported transcript) or 1; `date` is ISO 8601; `based_on` says in
    plain words what it was made from; `notes` is how many responses it holds; `path` is its file
    below the reports folder; `promises` are what it said was still to come.
    """

    workshop_id: str
    number: int
    date: str
    based_on: str
    notes: int
    path: str = ""
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two editions; `to_edition` None is the present, not yet published state.

    `kind` is a short code, such as now_readable, corrected, added, removed, moved, count_changed;
    `note_id` and `principle_id` are None where the change is not about one; `before` and `after` are
    what people read; `explanation` says why.
    """

    workshop_id: str
    from_edition: int
    to_edition: int | None
    kind: str
    note_id: str | None
    principle_id: str | None
    before: str | None
    after: str | None
    explanation: str = ""
