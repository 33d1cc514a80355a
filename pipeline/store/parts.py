"""Rows as Arrow tables, so many at a time: made where there is time for it, taken in by the builder as they are.

Making them is half of the work of storing and needs no database, so that other processes can do it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import duckdb

from pipeline import model
from pipeline.store.arrow import arrow_table
from pipeline.store.rows import TABLES, Row, TableRow, record_rows

CHUNK_ROWS = 100_000
"""So many rows are held before they are passed on: what bounds memory, however large the workshops."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of some of the store's tables, as pyarrow Tables; `rows` tells how many each was made of."""

    tables: Mapping[str, Any]
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """All rows of one workshop, ready to be taken in."""

    parts: tuple[Part, ...]


def prepared(record: model.Record, position: int, decisions: Sequence[model.Decision] = ()) -> Prepared:
    """The rows of the `position`-th record, as `record_rows` gives them."""
    return Prepared(tuple(in_parts(record_rows(record, position, decisions), _own_schemas())))


def in_parts(rows: Iterable[TableRow], schemas: Mapping[str, Any]) -> Iterator[Part]:
    """The rows in parts of CHUNK_ROWS, the last one shorter; each table's rows stay in their order."""
    waiting: dict[str, list[Row]] = {}
    held = 0
    for table, row in rows:
        waiting.setdefault(table, []).append(row)
        held += 1
        if held >= CHUNK_ROWS:
            yield _part(waiting, schemas)
            waiting, held = {}, 0
    if waiting:
        yield _part(waiting, schemas)


def _part(waiting: Mapping[str, Sequence[Row]], schemas: Mapping[str, Any]) -> Part:
    return Part(
        {table: arrow_table(schemas[table], rows) for table, rows in waiting.items()},
        {table: len(rows) for table, rows in waiting.items()},
    )


def input_schemas(connection: Any) -> dict[str, Any]:
    """The Arrow schema of the rows that each table takes: its columns, for `sighting` but for the box."""

    def schema(table: str) -> Any:
        columns = "* EXCLUDE (x, y, width, height)" if table == "sighting" else "*"
        return connection.sql(f"SELECT {columns} FROM {table} LIMIT 0").to_arrow_table().schema  # noqa: S608

    return {table: schema(table) for table in TABLES}


def sql(name: str) -> str:
    """The text of one of the store's files of definitions."""
    return resources.files("pipeline.store").joinpath(name).read_text(encoding="utf-8")


@cache
def _own_schemas() -> dict[str, Any]:
    with duckdb.connect() as connection:
        for name in ("schema.sql", "views.sql", "themes.sql"):
            connection.execute(sql(name))
        return input_schemas(connection)
