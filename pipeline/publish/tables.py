"""A table of the data package: columns with their meaning, keys, and rows."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline import vocabulary

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called, what type it has, what it means, which coded values it may hold."""

    name: str
    type: str
    description: str
    codes: dict[str, vocabulary.Code] | None = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its keys; a foreign key is (column, table, column there)."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[tuple[str, str, str], ...]
    rows: tuple[Row, ...]
