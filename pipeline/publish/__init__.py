"""The public record: one arrangement of a workshop's notes, one module an output format.

Every function but `write_reports` is pure: a record in, text or bytes out, the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.model import Crop, Record
from pipeline.publish.changes import Change, ChangeLike
from pipeline.publish.charts import make_charts
from pipeline.publish.files import swap_in
from pipeline.publish.html import render_html
from pipeline.publish.markdown import render_markdown
from pipeline.publish.pictures import publishable
from pipeline.publish.view import Imprint, arrange

__all__ = [
    "Change",
    "ChangeLike",
    "Imprint",
    "charts",
    "render_html",
    "render_markdown",
    "render_reports",
    "write_reports",
]

RECORD = "record.html"


def charts(record: Record) -> dict[str, str]:
    """The record's charts: file name -> SVG with title, description and data."""
    return {chart.name: chart.svg for chart in make_charts(arrange(record))}


def render_reports(
    record: Record,
    crops: Mapping[str, Crop],
    tables: Mapping[str, bytes],
    changes: Sequence[ChangeLike] = (),
    imprint: Imprint | None = None,
) -> dict[str, bytes]:
    """Everything that belongs into a workshop's folder of reports: file name -> bytes."""
    crops = publishable(crops, (note.id for note in record.notes))
    names = tuple(tables)
    contents = dict(tables)
    for name, svg in charts(record).items():
        contents[name] = svg.encode()
    contents["record.md"] = render_markdown(record, changes, imprint, names).encode()
    contents[RECORD] = render_html(record, crops, changes, imprint, names).encode()
    return contents


def write_reports(
    record: Record,
    crops: Mapping[str, Crop],
    folder: Path,
    tables: Mapping[str, bytes],
    changes: Sequence[ChangeLike] = (),
    *,
    imprint: Imprint | None = None,
) -> list[Path]:
    """Write the record, its charts and `tables` (name -> bytes) into `folder`; return the paths.

    A kill at any moment leaves each file old or new, never half; `record.html` is swapped in last,
    and `editions/` is never touched. Raises ValueError for a table whose name leaves the folder and
    StorageError when the folder cannot be written.
    """
    return swap_in(folder, render_reports(record, crops, tables, changes, imprint), last=RECORD)
