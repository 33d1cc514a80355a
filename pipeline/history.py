"""A workshop's editions beside its present state: what the store and the record say of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline import editions
from pipeline.diff import ChangeList, diff
from pipeline.errors import MissingError
from pipeline.model import Record
from pipeline.planning import Places
from pipeline.publish.view import Imprint
from pipeline.store.editions import Change, Edition


@dataclass(frozen=True, slots=True)
class History:
    """Rows for the store, and what the record says: the changes since the last edition and the imprint."""

    editions: tuple[Edition, ...]
    changes: tuple[Change, ...]
    since_last: ChangeList | None
    imprint: Imprint


def history_of(record: Record, places: Places) -> History:
    """Compare a workshop's editions with each other and the last one with the present."""
    published = editions.list_editions(places.reports, record.workshop_id)
    lists = [
        diff(old.record, new.record, old.number, new.number) for old, new in itertools.pairwise(published)
    ]
    since_last = None
    if published:
        since_last = diff(published[-1].record, editions.publishable(record), published[-1].number)
    shown = since_last
    imprint = Imprint(credits=record.credits, photo_licence=record.photographs_licence or "")
    if published:
        imprint = replace(imprint, promises=_sentences(published[-1]))
        if not (since_last and since_last.changes):
            imprint = replace(
                imprint_of(published[-1]), credits=imprint.credits, photo_licence=imprint.photo_licence
            )
            if lists:
                # The record of an edition tells what that edition changed, not that nothing has changed since.
                shown = lists[-1]
    every = [*lists, *([since_last] if since_last else [])]
    return History(
        editions=tuple(
            Edition(
                workshop_id=record.workshop_id,
                number=edition.number,
                date=edition.date,
                based_on=edition.based_on,
                notes=len(edition.record.notes),
                path=edition.path,
                promises=_sentences(edition),
            )
            for edition in published
        ),
        changes=tuple(Change(*row) for changes in every for row in changes.rows()),
        since_last=shown,
        imprint=imprint,
    )


def imprint_of(edition: editions.Edition) -> Imprint:
    """What an edition says of itself."""
    return Imprint(
        edition=edition.number,
        edition_date=edition.date,
        based_on=edition.based_on,
        credits=edition.credits,
        photo_licence=edition.record.photographs_licence or "",
        promises=_sentences(edition),
    )


def _sentences(edition: editions.Edition) -> tuple[str, ...]:
    return tuple(promise.sentence for promise in edition.promises)


def changes_between(record: Record, places: Places, numbers: Sequence[int]) -> ChangeList:
    """What changed between two editions, from one to the present, or from the last one to the present.

    Raises MissingError when there is no such edition, naming those there are.
    """
    there = editions.edition_numbers(places.reports, record.workshop_id)
    if not there:
        raise MissingError(
            f"“{record.workshop_id}” has no edition yet, so there is nothing to compare with.",
            remedy=f"Make the first one with: workshop publish {record.workshop_id}",
        )
    for number in numbers:
        if number not in there:
            raise MissingError(
                f"“{record.workshop_id}” has no edition {number}.",
                remedy=f"There are: {', '.join(map(str, there))}.",
            )
    first = numbers[0] if numbers else there[-1]
    old = editions.load_edition(places.reports, record.workshop_id, first).record
    if len(numbers) > 1:
        new = editions.load_edition(places.reports, record.workshop_id, numbers[1]).record
        return diff(old, new, first, numbers[1])
    return diff(old, editions.publishable(record), first)
