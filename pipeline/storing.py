"""All workshops' records as one database, and what is told of it beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline import decisions, editions, executing, planning
from pipeline.cache import Cache
from pipeline.collector import resting
from pipeline.damage import UNDECODABLE
from pipeline.errors import MissingError
from pipeline.files import write_atomically
from pipeline.kept import Kept
from pipeline.model import Decision, Record
from pipeline.planning import Places
from pipeline.workshop import FILE_NAME

if TYPE_CHECKING:
    from pipeline.store.parts import Prepared

LARGE_BYTES = 64_000_000
"""Records of so many bytes, 60,000 notes, make it worth starting processes that turn them into rows."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One record to turn into rows: its file, its place among the others, and its workshop's decisions."""

    file: Path
    position: int
    decisions: tuple[Decision, ...]


def store(
    places: Places, workers: int | None = None, make_executor: executing.MakeExecutor = executing.local_pool
) -> None:
    """Build the database of every workshop that still has a folder and was run at least once.

    With many records, other processes make their rows: the tables are the same. Raises StoreError, BusyError,
    MissingError or DecisionsError.
    """
    from pipeline.store import builder  # noqa: PLC0415  (and below: heavy, and a plan needs nothing of it)
    from pipeline.store.dictionary import data_dictionary  # noqa: PLC0415
    from pipeline.store.questions import worked_questions  # noqa: PLC0415

    # Runs of other workshops may be at the same point: each sees the records of those that built before it.
    with builder.alone(places.database):
        _build(places, workers, make_executor)
        # It tells of the database's make, never of what stands in it.
        told = Kept(Cache(places.cache), planning.program_digest(), {})
        dictionary = told.or_made("dictionary", [], str, lambda: data_dictionary(places.database))
        write_atomically(places.processed / "data-dictionary.md", dictionary.encode())
        write_atomically(places.processed / "questions.md", worked_questions(places.database).encode())


def _build(places: Places, workers: int | None, make_executor: executing.MakeExecutor) -> None:
    from pipeline.history import history_of  # noqa: PLC0415
    from pipeline.store import builder  # noqa: PLC0415

    logs = {
        folder.name: decisions.read_log(folder).decisions
        for folder in sorted(places.raw.iterdir())
        if (folder / FILE_NAME).is_file()
    }
    files = [file for file in sorted(places.record("x").parent.glob("*.json")) if file.stem in logs]
    # Only records with editions have a history: the others are not read twice.
    with_editions = [file for file in files if editions.edition_numbers(places.reports, file.stem)]
    histories = [history_of(_record(file), places) for file in with_editions]
    is_large = sum(_bytes(file) for file in files) >= LARGE_BYTES
    at_once = executing.at_once(workers, executing.SIDE_BY_SIDE_FROM) if is_large and len(files) > 1 else 1
    jobs = [_Job(file, position, logs[file.stem]) for position, file in enumerate(files)]
    builder.build(
        map(_record, files) if at_once == 1 else _prepared(jobs, at_once, make_executor),
        places.database,
        decisions=logs,
        editions=[edition for history in histories for edition in history.editions],
        changes=[change for history in histories for change in history.changes],
        is_large=is_large,
        is_alone=True,
    )


def _prepared(jobs: list[_Job], at_once: int, make_executor: executing.MakeExecutor) -> Iterator[Prepared]:
    for _, done in executing.side_by_side(jobs, _rows_of, at_once, make_executor):
        yield done()


def _rows_of(job: _Job) -> Prepared:
    """In a worker: a record's rows."""
    from pipeline.store.parts import prepared  # noqa: PLC0415

    with resting():
        return prepared(_record(job.file), job.position, job.decisions)


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # told of when it is read
        return 0


def _record(file: Path) -> Record:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except UNDECODABLE:
        raise MissingError(
            f"{file} is damaged.",
            safe="It was only computed: what people decided is in raw/. The database is as it was.",
            remedy=f"Remove it and make it anew with: workshop run {file.stem}",
        ) from None
