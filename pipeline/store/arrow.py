"""Rows to Arrow tables, column by column, for DuckDB to take in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import model
from pipeline.store.rows import Row

COORDINATE_DECIMALS = 2
"""A hundredth of a pixel: finer than any outline, and short enough to be read."""


def arrow_table(schema: Any, rows: Sequence[Row]) -> Any:
    """A pyarrow Table of `rows`, whose values stand in the order of the pyarrow Schema's fields."""
    columns = list(zip(*rows, strict=True))
    arrays = [_array(field.type, column) for field, column in zip(schema, columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=schema.names)


def _array(kind: Any, values: Sequence[Any]) -> Any:
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return _polygons(values)
    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:
        # A file name that is not UTF-8 carries lone surrogates; they are written out as \udcXX.
        return pa.array([_printable(value) for value in values], type=kind)


def _polygons(polygons: Sequence[model.Polygon]) -> Any:
    """Polygons of any number of points as a list<struct<x, y>>, by flat arrays and not point by point."""
    offsets = list(accumulate(map(len, polygons), initial=0))
    flat = np.fromiter(
        chain.from_iterable(chain.from_iterable(polygons)), dtype=np.float64, count=2 * offsets[-1]
    )
    # Adding 0 turns -0.0 into 0.0, which would otherwise be another value in a digest.
    points = np.round(flat, COORDINATE_DECIMALS).reshape(-1, 2) + 0.0
    coordinates = [pa.array(np.ascontiguousarray(points[:, axis])) for axis in (0, 1)]
    values = pa.StructArray.from_arrays(coordinates, names=["x", "y"])
    return pa.ListArray.from_arrays(pa.array(offsets, type=pa.int32()), values)


def _printable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return value
