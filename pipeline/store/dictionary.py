"""The data dictionary: every view, table, column and code, told in the database's own comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.store.query import connected

INTRODUCTION = """# Data dictionary

What stands in `workshops.duckdb`. It is made from the comments in the database itself, at every run.
Ask the **views** (plural names); start with `responses`, which has one row a note. The **tables**
(singular names) are what the views are made of. The **codes** are the values that coded columns hold.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type, whether it is always filled, its key in words ("" if none), and its comment."""

    name: str
    type: str
    is_required: bool
    key: str
    comment: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A view or table with its columns in order; `kind` is "view" or "table"."""

    name: str
    kind: str
    comment: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class CodeValue:
    """One coded value of the code table `table`."""

    table: str
    code: str
    label: str
    description: str


def describe(path: Path) -> tuple[tuple[Relation, ...], tuple[CodeValue, ...]]:
    """All views (`responses` first) and then tables, and all coded values in their order.

    A missing comment is "". Raises MissingError if there is no database.
    """
    with connected(path) as connection:
        relations = connection.execute(
            """
            SELECT view_name, 'view', coalesce(comment, ''), (view_name <> 'responses')::INTEGER
            FROM duckdb_views() WHERE NOT internal
            UNION ALL
            SELECT table_name, 'table', coalesce(comment, ''), 2 FROM duckdb_tables() WHERE NOT internal
            ORDER BY 4, 1
            """
        ).fetchall()
        keys = _keys(connection)
        columns: dict[str, list[Column]] = {}
        for home, name, kind, is_nullable, comment in connection.execute(
            """
            SELECT table_name, column_name, data_type, is_nullable, coalesce(comment, '')
            FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index
            """
        ).fetchall():
            key = ", ".join(keys.get((home, name), []))
            columns.setdefault(home, []).append(Column(name, kind, not is_nullable, key, comment))
        codes = [
            CodeValue(home, *row)
            for home, kind, _comment, _order in relations
            if kind == "table" and home.endswith("_code")
            for row in connection.execute(
                f"SELECT code, label, description FROM {home} ORDER BY position"  # noqa: S608 (its own names)
            ).fetchall()
        ]
    return (
        tuple(Relation(name, kind, comment, tuple(columns[name])) for name, kind, comment, _ in relations),
        tuple(codes),
    )


def data_dictionary(path: Path) -> str:
    """The dictionary as Markdown, for processed/data-dictionary.md. Raises MissingError without a database."""
    relations, codes = describe(path)
    parts = [INTRODUCTION]
    for kind, title in (("view", "Views"), ("table", "Tables")):
        parts.append(f"## {title}\n")
        parts.extend(_relation(relation) for relation in relations if relation.kind == kind)
    parts.append("## Codes\n")
    for table in dict.fromkeys(code.table for code in codes):
        rows = [
            (f"`{code.code}`", _escaped(code.label), _escaped(code.description))
            for code in codes
            if code.table == table
        ]
        parts.append(f"### {table}: values\n\n" + _table(("value", "label", "meaning"), rows))
    return "\n".join(parts)


def _relation(relation: Relation) -> str:
    # Whether a view's column is always filled is not recorded, and it has no keys of its own.
    if relation.kind == "view":
        heads: tuple[str, ...] = ("column", "type", "meaning")
        rows: list[tuple[str, ...]] = [
            (f"`{c.name}`", f"`{c.type}`", _escaped(c.comment)) for c in relation.columns
        ]
    else:
        heads = ("column", "type", "filled", "key", "meaning")
        rows = [
            (f"`{c.name}`", f"`{c.type}`", _filled(c), c.key, _escaped(c.comment)) for c in relation.columns
        ]
    return f"### {relation.name}\n\n{_escaped(relation.comment)}\n\n{_table(heads, rows)}"


def _filled(column: Column) -> str:
    return "always" if column.is_required else "may be empty"


def _keys(connection: Any) -> dict[tuple[str, str], list[str]]:
    """What keys each (table, column) is part of, in words."""
    keys: dict[tuple[str, str], list[str]] = {}
    for home, kind, columns, other in connection.execute(
        """
        SELECT table_name, constraint_type, constraint_column_names, referenced_table
        FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
        ORDER BY table_name, constraint_index
        """
    ).fetchall():
        words = {"PRIMARY KEY": "primary", "UNIQUE": "unique"}.get(kind, f"→ {other}")
        for column in columns:
            known = keys.setdefault((home, column), [])
            if words not in known:
                known.append(words)
    return keys


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[").replace("\n", " ")
