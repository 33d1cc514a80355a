"""Builds processed/workshops.duckdb beside the old one, checks it, and swaps it in.

Across processes DuckDB knows one writer *or* many readers, so a database that somebody has open is
never written to: a new file is made in the same folder, filled, closed, checked as it lies on disk,
flushed, and renamed over the old one. A reader that holds the old file keeps it until it closes. A
kill at any moment leaves the old database or the new one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline import model
from pipeline.errors import BusyError
from pipeline.store import parts
from pipeline.store.editions import Change, Edition
from pipeline.store.errors import StoreError
from pipeline.store.parts import Part, Prepared, in_parts, input_schemas, sql
from pipeline.store.rows import TABLES, code_rows, edition_rows, record_rows

CHUNKS_A_TRANSACTION = 10
"""Rows reach the file by so many chunks at once: what is written seldom is written once, and not to a log besides."""

LOCK_TIMEOUT_SECONDS = 600.0

KEPT = "Nothing is lost: the database from the last run, if there was one, is as it was."

# The file format of 1.4 is read by every DuckDB since, so that an analyst's older command line, R
# package or viewer can open what a newer one wrote. One thread keeps rows in the order they came in.
SETTINGS = {"threads": 1, "storage_compatibility_version": "v1.4.0", "memory_limit": "2GB"}
SMALL_BLOCKS, LARGE_BLOCKS = 16384, 262144
"""Bytes of the file's blocks: with small ones a small workshop's file has 1.5 MB and not 22, but a large one takes
half as long again to write."""

VIEWS = (
    "responses",
    "sightings",
    "counts_by_principle",
    "counts_by_response_type",
    "counts_by_principle_and_type",
    "legibility_by_principle",
    "themes_by_principle",
    "themes_by_principle_and_type",
    "links",
    "mentions",
    "suggested_missing",
    "crosswalk",
    "changes",
)

SUMS = {
    "responses": ("count(*)", "note"),
    "sightings": ("count(*)", "sighting"),
    "counts_by_principle": ("sum(found)", "note"),
    "counts_by_response_type": ("sum(found)", "note"),
}
"""What in a view must be as many as rows went into a table."""

# The box round a polygon is worked out by DuckDB, from the rounded coordinates that are stored.
SIGHTING_BOX = """
    list_min([point.x for point in polygon]) AS x,
    list_min([point.y for point in polygon]) AS y,
    round(list_max([point.x for point in polygon]) - list_min([point.x for point in polygon]), 2) AS width,
    round(list_max([point.y for point in polygon]) - list_min([point.y for point in polygon]), 2) AS height
"""


def build(
    records: Iterable[model.Record | Prepared],
    path: Path,
    *,
    decisions: Mapping[str, Sequence[model.Decision]] | None = None,
    editions: Sequence[Edition] = (),
    changes: Sequence[Change] = (),
    is_large: bool = False,
    on_step: Callable[[str], None] | None = None,
    lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    is_alone: bool = False,
) -> None:
    """Writes the database of all `records` to `path`, replacing what is there in one stroke.

    `records` is walked once, so a generator keeps one workshop in memory at a time. `decisions` holds
    each workshop's decisions by its id; orphans are stored without it. A record may come as its rows, which
    then hold its decisions and its place among the others. `is_large` says that there will be tens of
    thousands of notes or more: the tables are the same, the file is written faster. `on_step` hears of each step:
    locked, created, stored (once a chunk), filled, validated, synced, swapped. A second build of the
    same path waits up to `lock_timeout` seconds for the first; `is_alone` says that the caller holds
    `alone` already. The same input gives the same tables in the same order.

    Raises StoreError, or BusyError if the wait was in vain; the old database is then as it was.
    """
    step = on_step or (lambda _name: None)
    with _failures_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with nullcontext() if is_alone else _locked(path, lock_timeout):
            _remove_leftovers(path)
            step("locked")
            building = path.with_name(f".{path.name}.building-{os.getpid()}-{secrets.token_hex(4)}")
            try:
                block = LARGE_BLOCKS if is_large else SMALL_BLOCKS
                expected = _fill(
                    building, block, _Everything(records, decisions or {}, editions, changes), step
                )
                _validate(building, expected)
                step("validated")
                _sync(building)
                step("synced")
                # A log left by somebody who wrote into the old database belongs to the old file only.
                path.with_name(path.name + ".wal").unlink(missing_ok=True)
                building.replace(path)
                _sync(path.parent)
                step("swapped")
            finally:
                _remove_leftovers(path)


@dataclass(frozen=True, slots=True)
class _Everything:
    """All that is to be stored."""

    records: Iterable[model.Record | Prepared]
    decisions: Mapping[str, Sequence[model.Decision]]
    editions: Sequence[Edition]
    changes: Sequence[Change]

    def parts(self, schemas: Mapping[str, Any]) -> Iterator[Part]:
        """Its rows, parents first."""
        yield from in_parts(code_rows(), schemas)
        for position, record in enumerate(self.records):
            if isinstance(record, Prepared):
                yield from record.parts
            else:
                its_own = self.decisions.get(record.workshop_id, ())
                yield from in_parts(record_rows(record, position, its_own), schemas)
        yield from in_parts(edition_rows(self.editions, self.changes), schemas)


def _fill(building: Path, block: int, everything: _Everything, step: Callable[[str], None]) -> Counter[str]:
    """Makes the file and its tables, takes in the rows, and returns how many went into each table."""
    expected: Counter[str] = Counter()
    settings = {**SETTINGS, "default_block_size": block, "temp_directory": f"{building}.tmp"}
    with duckdb.connect(str(building), config=settings) as connection:
        # One transaction: each of the 400 statements on its own would wait for the disk.
        connection.begin()
        for name in ("schema.sql", "views.sql", "themes.sql"):
            connection.execute(sql(name))
        connection.commit()
        step("created")
        connection.begin()
        waiting: list[Part] = []
        held = chunks = 0
        for part in everything.parts(input_schemas(connection)):
            waiting.append(part)
            held += sum(part.rows.values())
            if held < parts.CHUNK_ROWS:
                continue
            _take_in(connection, waiting, expected)
            waiting, held, chunks = [], 0, chunks + 1
            if chunks % CHUNKS_A_TRANSACTION == 0:
                connection.commit()
                connection.begin()
            step("stored")
        _take_in(connection, waiting, expected)
        connection.commit()
        connection.execute("CHECKPOINT")
    step("filled")
    return expected


def _take_in(connection: Any, waiting: Sequence[Part], expected: Counter[str]) -> None:
    """Puts the waiting rows into their tables, parents first."""
    for table in TABLES:
        tables = [part.tables[table] for part in waiting if table in part.tables]
        if not tables:
            continue
        connection.register("incoming", pa.concat_tables(tables))
        columns = f"*, {SIGHTING_BOX}" if table == "sighting" else "*"
        connection.execute(f"INSERT INTO {table} SELECT {columns} FROM incoming")  # noqa: S608 (our own names)
        connection.unregister("incoming")
        expected[table] += sum(part.rows.get(table, 0) for part in waiting)


def _validate(building: Path, expected: Counter[str]) -> None:
    """Opens the closed file as a reader would: every row is there, every view answers, counts agree."""
    with duckdb.connect(str(building), read_only=True, config={"threads": 1}) as connection:

        def count(relation: str, what: str = "count(*)") -> int:
            rows = connection.execute(f"SELECT {what} FROM {relation}").fetchall()  # noqa: S608
            return int(rows[0][0] or 0)

        checks = {table: (count(table), expected[table]) for table in TABLES}
        for view in VIEWS:
            what, table = SUMS.get(view, ("count(*)", ""))
            found = count(view, what)
            # A view with no number to compare with: that it answers at all is the check.
            checks[view] = (found, expected[table] if table else found)
    for name, (found, wanted) in checks.items():
        if found != wanted:
            raise StoreError(
                f"The new database is not whole: {name} holds {found} rows where {wanted} went in.",
                safe=KEPT,
                remedy="Run again; if it happens again, please report it as a fault of the program.",
            )


def _sync(path: Path) -> None:
    """Makes sure that a file, or a folder's list of files, has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- one builder at a time, and nothing left behind -------------------------------------------------


@contextmanager
def alone(path: Path, timeout: float = LOCK_TIMEOUT_SECONDS) -> Iterator[None]:
    """Be the only one who builds `path`, from when it is looked what goes into it.

    Whoever looked before and built after another would leave out what that one had put in. Raises StoreError, or
    BusyError if the wait was in vain.
    """
    with ExitStack() as held:
        with _failures_explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(_locked(path, timeout))
        yield


@contextmanager
def _locked(path: Path, timeout: float) -> Iterator[None]:
    """Holds the lock of the one who may build `path`; the system frees it when its holder dies."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"Another run is writing {path} and has not finished within {timeout:.0f} seconds.",
                        safe=KEPT,
                        remedy="Wait until it has finished, then run again.",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    """Removes what earlier builds left; only for the holder of the lock, so no live build is hit."""
    for leftover in sorted(path.parent.glob(f".{path.name}.building-*")):
        with suppress(FileNotFoundError):
            if leftover.is_dir():
                for inner in leftover.iterdir():
                    inner.unlink()
                leftover.rmdir()
            else:
                leftover.unlink()


# --- failures, in words ------------------------------------------------------------------------------


@contextmanager
def _failures_explained(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.ConstraintException as error:
        raise StoreError(
            f"The records do not fit together, so no database was made: {error}",
            safe=KEPT,
            remedy="Two workshops may carry the same name; if not, please report it as a fault of the program.",
        ) from error
    except OSError as error:
        raise _disk_error(path, error) from error
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise StoreError(
            f"There was not enough memory to build the database: {error}",
            safe=KEPT,
            remedy="Close other programs, or run with fewer workshops at once.",
        ) from error
    except duckdb.Error as error:
        # A full disk comes as IOException or, while a checkpoint is written, as FatalException.
        if isinstance(error, duckdb.IOException) or "could not write" in str(error).lower():
            raise _disk_error(path, error) from error
        raise StoreError(
            f"The database could not be built: {error}",
            safe=KEPT,
            remedy="Run again; if it happens again, please report it as a fault of the program.",
        ) from error


def _disk_error(path: Path, error: Exception) -> StoreError:
    number = getattr(error, "errno", None)
    words = str(error).lower()
    if number in (errno.ENOSPC, errno.EDQUOT) or "no space left" in words or "disk full" in words:
        return StoreError(
            f"The disk that holds {path.parent} is full; the new database could not be written.",
            safe=KEPT,
            remedy="Free some space (a database needs about 1 MB for every thousand notes), then run again.",
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "permission denied" in words:
        return StoreError(
            f"The folder {path.parent} may not be written to: {error}",
            safe=KEPT,
            remedy="Make it writable, or name another folder with --processed.",
        )
    return StoreError(
        f"The new database could not be written to {path.parent}: {error}",
        safe=KEPT,
        remedy="See that the folder is there and can be written to, and that the disk is not full; then run again.",
    )
