"""Values as cells: of a CSV file that no spreadsheet takes for a formula, and of JSON.

A spreadsheet runs a cell that begins with =, +, -, @ (or their full-width twins), a tab or a line
break. The rule, which reads back exactly: a text that begins so, whatever white space stands before
it, or that begins with an apostrophe, gets one apostrophe in front. To read back, take one
apostrophe off every cell that begins with one. Numbers are left alone.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math

FORMULA_STARTS = frozenset("=+-@＝＋－＠")
BREAKS = frozenset("\t\r\n")
APOSTROPHE = "'"
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def protect_cell(text: str) -> str:
    """`text` as a cell that no spreadsheet runs; `unprotect_cell` undoes it."""
    bare = text.lstrip()
    is_dangerous = bool(text) and (text[0] in BREAKS or text[0] == APOSTROPHE)
    return APOSTROPHE + text if is_dangerous or (bare and bare[0] in FORMULA_STARTS) else text


def unprotect_cell(cell: str) -> str:
    """The text that `protect_cell` made `cell` of."""
    return cell[1:] if cell.startswith(APOSTROPHE) else cell


def csv_cell(value: object, protect: bool) -> str:
    """Any value DuckDB returns as a CSV cell: NULL is empty, lists and structs are JSON."""
    if isinstance(value, str):  # most are, by far
        return protect_cell(value) if protect else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | decimal.Decimal):
        return str(value)
    text = _plain_text(value)
    return protect_cell(text) if protect else text


def json_value(value: object) -> object:
    """Any value DuckDB returns as what JSON knows; a polygon is a list of {x, y}, nan and inf are null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | decimal.Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {
            # A point's coordinates, by the ten thousand, take the short way.
            str(key): inner if type(inner) is float and math.isfinite(inner) else json_value(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def to_json(value: object) -> str:
    """One value as compact JSON text, its letters as they are."""
    return _JSON.encode(json_value(value))


def _plain_text(value: object) -> str:
    plain = json_value(value)
    return plain if isinstance(plain, str) else _JSON.encode(plain)
