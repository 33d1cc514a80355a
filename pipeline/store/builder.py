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
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from pipeline import model
from pipeline.errors import BusyError
from pipeline.store.arrow import arrow_table
from pipeline.store.editions import Change, Edition
from pipeline.store.errors import StoreError
from pipeline.store.rows import TABLES, Row, TableRow, code_rows, edition_rows, record_rows

CHUNK_ROWS = 100_000
"""So many rows are held before DuckDB takes them: what bounds memory, however large the workshops."""

LOCK_TIMEOUT_SECONDS = 600.0

KEPT = "Nothing is lost: the database from the last run, if there was one, is as it was."

# The file format of 1.4 is read by every DuckDB since, so that an analyst's older command line, R
# package or viewer can open what a newer one wrote. One thread keeps rows in the order they came in.
# Blocks of 16 KiB and not 256: a small workshop's file is 1.5 MB and not 22, and large ones lose nothing.
SETTINGS = {
    "threads": 1,
    "storage_compatibility_version": "v1.4.0",
    "default_block_size": 16384,
    "memory_limit": "2GB",
    # The file is thrown away unless it is finished: only its end needs a checkpoint.
    "checkpoint_threshold": "1TB",
}

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

# The box round a polygon is worked out by DuckDB, from the rounded coordinates that are stored.
SIGHTING_BOX = """
    list_min([point.x for point in polygon]) AS x,
    list_min([point.y for point in polygon]) AS y,
    round(list_max([point.x for point in polygon]) - list_min([point.x for point in polygon]), 2) AS width,
    round(list_max([point.y for point in polygon]) - list_min([point.y for point in polygon]), 2) AS height
"""


def build(
    records: Iterable[model.Record],
    path: Path,
    *,
    decisions: Mapping[str, Sequence[model.Decision]] | None = None,
    editions: Sequence[Edition] = (),
    changes: Sequence[Change] = (),
    on_step: Callable[[str], None] | None = None,
    lock_timeout: float = LOCK_TIMEOUT_SECONDS,
) -> None:
    """Writes the database of all `records` to `path`, replacing what is there in one stroke.

    `records` is walked once, so a generator keeps one workshop in memory at a time. `decisions` holds
    each workshop's decisions by its id; orphans are stored without it. `on_step` hears of each step:
    locked, created, stored (once a chunk), filled, validated, synced, swapped. A second build of the
    same path waits up to `lock_timeout` seconds for the first. The same input gives the same tables
    in the same order.

    Raises StoreError, or BusyError if the wait was in vain; the old database is then as it was.
    """
    step = on_step or (lambda _name: None)
    with _failures_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path, lock_timeout):
            _remove_leftovers(path)
            step("locked")
            building = path.with_name(f".{path.name}.building-{os.getpid()}-{secrets.token_hex(4)}")
            try:
                expected = _fill(building, _all_rows(records, decisions or {}, editions, changes), step)
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


def _all_rows(
    records: Iterable[model.Record],
    decisions: Mapping[str, Sequence[model.Decision]],
    editions: Sequence[Edition],
    changes: Sequence[Change],
) -> Iterator[TableRow]:
    yield from code_rows()
    for position, record in enumerate(records):
        yield from record_rows(record, position, decisions.get(record.workshop_id, ()))
    yield from edition_rows(editions, changes)


def _fill(building: Path, rows: Iterable[TableRow], step: Callable[[str], None]) -> Counter[str]:
    """Makes the file and its tables, takes in the rows, and returns how many went into each table."""
    expected: Counter[str] = Counter()
    settings = {**SETTINGS, "temp_directory": f"{building}.tmp"}
    with duckdb.connect(str(building), config=settings) as connection:
        # One transaction: each of the 400 statements on its own would wait for the disk.
        connection.begin()
        connection.execute(_sql("schema.sql"))
        connection.execute(_sql("views.sql"))
        connection.execute(_sql("themes.sql"))
        connection.commit()
        step("created")
        schemas = {table: _input_schema(connection, table) for table in TABLES}
        waiting: dict[str, list[Row]] = {table: [] for table in TABLES}
        held = 0
        for table, row in rows:
            waiting[table].append(row)
            held += 1
            if held >= CHUNK_ROWS:
                _take_in(connection, schemas, waiting, expected)
                held = 0
                step("stored")
        _take_in(connection, schemas, waiting, expected)
        connection.execute("CHECKPOINT")
    step("filled")
    return expected


def _take_in(
    connection: Any, schemas: Mapping[str, Any], waiting: dict[str, list[Row]], expected: Counter[str]
) -> None:
    """Moves the waiting rows into their tables, parents first, and empties the lists."""
    connection.begin()
    for table in TABLES:
        rows = waiting[table]
        if not rows:
            continue
        connection.register("incoming", arrow_table(schemas[table], rows))
        columns = f"*, {SIGHTING_BOX}" if table == "sighting" else "*"
        connection.execute(f"INSERT INTO {table} SELECT {columns} FROM incoming")  # noqa: S608 (our own names)
        connection.unregister("incoming")
        expected[table] += len(rows)
        rows.clear()
    connection.commit()


def _input_schema(connection: Any, table: str) -> Any:
    """The Arrow schema of the rows a table takes: its columns, for `sighting` but for the box."""
    columns = "* EXCLUDE (x, y, width, height)" if table == "sighting" else "*"
    return connection.sql(f"SELECT {columns} FROM {table} LIMIT 0").to_arrow_table().schema  # noqa: S608


def _validate(building: Path, expected: Counter[str]) -> None:
    """Opens the closed file as a reader would: every row is there, every view answers, counts agree."""
    with duckdb.connect(str(building), read_only=True, config={"threads": 1}) as connection:

        def count(relation: str, what: str = "count(*)") -> int:
            rows = connection.execute(f"SELECT {what} FROM {relation}").fetchall()  # noqa: S608
            return int(rows[0][0] or 0)

        checks = {table: (count(table), expected[table]) for table in TABLES}
        # The other views have no number to compare with; that they answer at all is the check.
        for view in VIEWS:
            count(view)
        checks["responses"] = (count("responses"), expected["note"])
        checks["sightings"] = (count("sightings"), expected["sighting"])
        checks["counts_by_principle"] = (count("counts_by_principle", "sum(found)"), expected["note"])
        checks["counts_by_response_type"] = (count("counts_by_response_type", "sum(found)"), expected["note"])
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


def _sql(name: str) -> str:
    return resources.files("pipeline.store").joinpath(name).read_text(encoding="utf-8")


# --- one builder at a time, and nothing left behind -------------------------------------------------


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
