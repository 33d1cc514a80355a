"""The `responses` of one workshop as files for reports/<workshop>/: CSV and Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import MissingError
from pipeline.store.cells import csv_cell
from pipeline.store.query import connected

ROW_GROUP = 50_000
POLYGONS = pa.list_(pa.struct([("x", pa.float64()), ("y", pa.float64())]))


def responses_table(
    path: Path, workshop_id: str, published: Mapping[str, tuple[str, str]] | None = None
) -> tuple[bytes, bytes]:
    """(responses.csv, responses.parquet) of one workshop, in the order of the record.

    The CSV is UTF-8 with a header line, line feeds, empty cells for NULL, polygons as JSON text, and
    texts that no spreadsheet takes for a formula (the rule, and how to read back: see
    pipeline/store/cells.py). The Parquet keeps polygons as lists of {x, y} and carries each column's
    comment as metadata. The same database gives the same bytes. `published` gives the text and status
    (by note id) of notes whose text may not be published as the database holds it.

    Raises MissingError if there is no database or no such workshop in it.
    """
    with connected(path) as connection:
        workshops = [row[0] for row in connection.execute("SELECT workshop_id FROM workshop").fetchall()]
        if workshop_id not in workshops:
            raise MissingError(
                f"The database holds no workshop called {workshop_id!r}.",
                remedy=f"It holds: {', '.join(workshops) or 'none yet'}. Workshops are taken in by: workshop run",
            )
        comments = dict(
            connection.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'responses'"
            ).fetchall()
        )
        question = "SELECT * FROM responses WHERE workshop_id = ?"
        table = connection.sql(question, params=[workshop_id]).to_arrow_table()
    table = _with_texts(table, published or {})
    return _as_csv(table), _as_parquet(table, comments)


def _with_texts(table: pa.Table, published: Mapping[str, tuple[str, str]]) -> pa.Table:
    if not published:
        return table
    ids = table["note_id"].to_pylist()
    for place, name in enumerate(("text", "text_status")):
        values = [
            published[note_id][place] if note_id in published else value
            for note_id, value in zip(ids, table[name].to_pylist(), strict=True)
        ]
        index = table.schema.get_field_index(name)
        field = table.schema.field(name)
        table = table.set_column(index, field, pa.array(values, field.type))
    return table


def _as_csv(table: pa.Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    for batch in table.to_batches(max_chunksize=ROW_GROUP):
        writer.writerows(zip(*map(_cells, batch.columns), strict=True))
    return out.getvalue().encode("utf-8")


def _cells(column: Any) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return values  # the writer gives numbers, and empty ones, the same cells
    if pa.types.is_string(column.type):  # codes and names for the most part, the same again and again
        cells = {value: csv_cell(value, protect=True) for value in set(values)}
        return [cells[value] for value in values]
    if column.type == POLYGONS and (texts := _polygon_cells(column)) is not None:
        return texts
    return [csv_cell(value, protect=True) for value in values]


def _polygon_cells(column: Any) -> list[str] | None:
    """Polygons as the JSON that `csv_cell` makes of them, point by point and not value by value.

    None where a point is not two numbers, as JSON has no word for that.
    """
    points = column.flatten()
    axes = [points.field(axis) for axis in ("x", "y")]
    if points.null_count or any(
        axis.null_count or not pc.all(pc.is_finite(axis), min_count=0).as_py() for axis in axes
    ):
        return None
    each = (f'{{"x": {x!r}, "y": {y!r}}}' for x, y in zip(*(axis.to_pylist() for axis in axes), strict=True))
    lengths = pc.list_value_length(column).to_pylist()
    return ["" if length is None else f"[{', '.join(islice(each, length))}]" for length in lengths]


def _as_parquet(table: pa.Table, comments: dict[str, str]) -> bytes:
    fields = [field.with_metadata({"comment": comments[field.name]}) for field in table.schema]
    described = table.combine_chunks().cast(pa.schema(fields))
    out = io.BytesIO()
    # Everything that could differ from run to run is fixed: row groups, compression, versions.
    pq.write_table(
        described, out, row_group_size=ROW_GROUP, compression="zstd", version="2.6", data_page_version="1.0"
    )
    return out.getvalue()
