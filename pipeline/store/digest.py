"""A digest over everything a database holds: equal digests mean equal tables, row by row, in order.

DuckDB's files are not promised to be the same byte for byte, so this is what is compared instead.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

ROWS_AT_ONCE = 10_000


def dump_digest(path: Path) -> str:
    """The SHA-256 (64 hexadecimal digits) of all tables in name order, each in the order of its rows.

    It covers the definitions and comments of tables, views and columns too. Raises duckdb.Error if
    `path` is not a database.
    """
    digest = hashlib.sha256()
    with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as connection:
        tables = connection.execute(
            "SELECT table_name, comment, sql FROM duckdb_tables() WHERE NOT internal ORDER BY table_name"
        ).fetchall()
        views = connection.execute(
            "SELECT view_name, comment, sql FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
        ).fetchall()
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal"
            " ORDER BY table_name, column_index"
        ).fetchall()
        digest.update(repr((tables, views, columns)).encode())
        for name, _comment, _sql in tables:
            digest.update(f"\ntable {name}\n".encode())
            cursor = connection.execute(f"SELECT * FROM {name} ORDER BY rowid")  # noqa: S608 (its own names)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                for row in rows:
                    digest.update(repr(row).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()
