"""Questions to the database: read-only, shut off from files and network, answered as text."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipeline.errors import BusyError, MissingError, QueryError, WorkshopError
from pipeline.store.cells import csv_cell, to_json

Format = Literal["table", "csv", "json"]
Rows = Sequence[tuple[Any, ...]]

TABLE_ROWS = 1000
"""A table for reading stops here; CSV and JSON give everything."""
CELL_WIDTH = 60
NEAREST = 3

# What a question may touch: this database, nothing else. No file, no network, no extension, no
# variable of this program, and no way to change these settings.
SETTINGS = {
    "threads": 1,
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}


def run_query(path: Path, sql: str, format: Format = "table", *, protect: bool = False) -> str:
    """The answer to `sql` as text that ends in a line break.

    `table` is for reading (at most 1000 rows, long cells cut); `csv` is UTF-8 with a header line,
    empty for NULL, JSON for lists and structs; `json` is a list of objects, polygons being lists of
    {x, y}. `protect` keeps spreadsheets from taking a CSV cell for a formula (see
    pipeline/store/cells.py). Of several statements the last one's answer is given.

    Raises MissingError where there is no database yet, BusyError where another program writes to it,
    QueryError for a slip in the SQL (with the nearest names that exist) or something a question may
    not do. The database is never changed.
    """
    with connected(path) as connection:
        return answer(connection, sql, format, protect=protect)


def answer(connection: Any, sql: str, format: Format = "table", *, protect: bool = False) -> str:
    """As `run_query`, on a database that `connected` has open: for several questions in a row."""
    writers = {"table": _as_table, "json": _as_json}
    if format not in (*writers, "csv"):
        raise QueryError(f"There is no format {format!r}.", remedy="The formats are table, csv and json.")
    try:
        statements = connection.extract_statements(sql)
        if not statements:
            raise QueryError("There is no question.", remedy='Try: workshop sql "SELECT * FROM responses"')
        for statement in statements:
            cursor = connection.execute(statement)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
    except duckdb.Error as error:
        raise _explained(connection, error) from error
    return _as_csv(names, rows, protect) if format == "csv" else writers[format](names, rows)


@contextmanager
def connected(path: Path) -> Iterator[Any]:
    """A read-only DuckDB connection that reaches nothing but this database.

    Raises MissingError, BusyError or QueryError where the file is missing, busy, or not a database.
    """
    if not path.exists():
        raise MissingError(f"There is no database at {path} yet.", remedy="Make it with: workshop run")
    try:
        connection = duckdb.connect(str(path), read_only=True, config=SETTINGS)
    except duckdb.Error as error:
        raise _cannot_open(path, error) from error
    with connection:
        yield connection


# --- the three formats -------------------------------------------------------------------------------


def _as_csv(names: Sequence[str], rows: Rows, protect: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([csv_cell(name, protect) for name in names])
    writer.writerows([csv_cell(value, protect) for value in row] for row in rows)
    return out.getvalue()


def _as_json(names: Sequence[str], rows: Rows) -> str:
    if not rows:
        return "[]\n"
    keys = _distinct(names)
    objects = (to_json(dict(zip(keys, row, strict=True))) for row in rows)
    return "[\n" + ",\n".join(objects) + "\n]\n"


def _as_table(names: Sequence[str], rows: Rows) -> str:
    shown = [[_short(value) for value in row] for row in rows[:TABLE_ROWS]]
    widths = [max(map(len, column)) for column in zip(names, *shown, strict=True)]
    is_number = [all(map(_is_number_or_null, column)) for column in zip(*rows[:TABLE_ROWS], strict=True)]
    is_number = is_number or [False] * len(names)

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, is_number, strict=True)
        )
        return "  ".join(padded).rstrip()

    count = f"{len(rows)} row" + ("" if len(rows) == 1 else "s")
    more = "" if len(rows) <= TABLE_ROWS else f", the first {TABLE_ROWS} shown; CSV and JSON give them all"
    body = [line(cell) for cell in shown]
    return "\n".join([line(names), line(["─" * width for width in widths]), *body, f"({count}{more})"]) + "\n"


def _is_number_or_null(value: object) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _short(value: object) -> str:
    """A cell on one line, cut if long; control characters cannot play tricks on the terminal."""
    text = csv_cell(value, protect=False).replace("\n", " ⏎ ")
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names for JSON's keys: a name that comes again is numbered, as no value may be lost."""
    taken: list[str] = []
    for name in names:
        key, number = name, 2
        while key in taken:
            key, number = f"{name}_{number}", number + 1
        taken.append(key)
    return taken


# --- errors, in words --------------------------------------------------------------------------------


def _cannot_open(path: Path, error: Exception) -> WorkshopError:
    words = str(error)
    if "set lock" in words:
        return BusyError(
            f"Another program has {path} open for writing.",
            safe="Nothing is lost.",
            remedy="Close it there, or open it there with -readonly, and ask again.",
        )
    if "WAL" in words:
        return QueryError(
            f"Another program wrote into an older copy of {path} and left {path.name}.wal behind.",
            safe="The database itself is whole.",
            remedy=f"Remove {path.name}.wal, or let `workshop run` make the database again.",
        )
    return QueryError(
        f"{path} cannot be opened as a database: {words.splitlines()[0]}",
        safe="It holds nothing that raw/ does not.",
        remedy="Remove it and make it again with: workshop run",
    )


def _explained(connection: Any, error: Exception) -> QueryError:
    words = str(error).strip()
    if isinstance(error, duckdb.PermissionException) or "configuration has been locked" in words:
        return QueryError(
            "A question may read this database only: no other file, no network, no settings.",
            safe="Nothing was changed.",
            remedy="To save an answer, ask for CSV or JSON and send it to a file.",
        )
    if "read-only" in words or "Can only update base table" in words:
        return QueryError(
            "A question cannot change the database: it is made anew at each run, from raw/.",
            safe="Nothing was changed.",
            remedy="Corrections are made with: workshop review",
        )
    # DuckDB's own guesses are dropped: it offers its system tables too.
    kept = [part for part in words.splitlines() if not part.startswith(("Did you mean", "Candidate"))]
    return QueryError("\n".join(kept), remedy=_nearest(connection, words))


def _nearest(connection: Any, words: str) -> str:
    """A sentence with the names that exist and come nearest to the one that does not."""
    table = re.search(r"Table with name (.+?) does not exist", words)
    column = re.search(r'column (?:named )?"(.+?)" not found|column named "(.+?)"', words)
    if table:
        rows = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal"
            " UNION ALL SELECT table_name FROM duckdb_tables() WHERE NOT internal"
        ).fetchall()
        names = [row[0] for row in rows]
        near = _near(table[1], names) or ["responses"]
        return f"Nearest names: {', '.join(near)}. All of them: SHOW TABLES"
    if column:
        rows = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        # Of a column that several relations have, the one people start with is told.
        homes = {name: home for home, name in sorted(rows, key=lambda row: row[0] == "responses")}
        wanted = column[1] or column[2]
        near = _near(wanted, list(homes))
        told = ", ".join(f"{name} (in {homes[name]})" for name in near)
        nearest = f"Nearest columns: {told}. " if near else ""
        return f"{nearest}All of responses: DESCRIBE responses. A text is put in 'single quotes'."
    return ""


def _near(wanted: str, names: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(wanted.lower(), sorted(names), n=NEAREST, cutoff=0.5)
