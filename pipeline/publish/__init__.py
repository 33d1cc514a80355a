"""The public record: one arrangement of a workshop's notes, one module an output format.

Every function but `write_reports` is pure: a record in, text or bytes out, the same each time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pipeline.diff import Change
from pipeline.model import Crop, Photograph, Record
from pipeline.publish.changes import arrange_changes
from pipeline.publish.charting import changes_chart, make_charts
from pipeline.publish.files import Content, swap_in
from pipeline.publish.html import render_html, render_page
from pipeline.publish.markdown import render_markdown
from pipeline.publish.pictures import publishable
from pipeline.publish.view import Imprint, arrange
from pipeline.transcript import write_transcript

__all__ = [
    "ALL_FORMATS",
    "QUICK_FORMATS",
    "Change",
    "Imprint",
    "charts",
    "render_html",
    "render_markdown",
    "render_reports",
    "unavailable_formats",
    "write_reports",
]

RECORD = "record.html"
QUICK_FORMATS = ("html", "md", "txt", "svg")
"""What every run writes: quick, and without libraries of the system."""
_DRAWN = [
    f"{name}.{end}"
    for name in ("responses-by-principle", "legibility", "themes", "changes")
    for end in ("svg", "png")
]
_OWN = ("record.pdf", "record.docx", "record.pptx", "record.md", "record.txt", *_DRAWN)
_PICTURED = {"html", "pdf", "docx", "pptx"}
ALL_FORMATS = (*QUICK_FORMATS, "png", "pdf", "docx", "pptx")


def charts(record: Record) -> dict[str, str]:
    """The record's charts: file name -> SVG with title, description and data."""
    return {chart.name: chart.svg for chart in make_charts(arrange(record))}


def unavailable_formats(among: Collection[str] = ALL_FORMATS) -> dict[str, str]:
    """Those of the formats that cannot be made on this machine -> why, and the command that mends it."""
    why: dict[str, str | None] = {}
    if "png" in among:
        from pipeline.publish import png  # noqa: PLC0415  (as below: each format is loaded where it is asked for)

        why["png"] = png.why_unavailable()
    if "pdf" in among:
        from pipeline.publish import pdf  # noqa: PLC0415

        why["pdf"] = pdf.why_unavailable()
    return {name: reason for name, reason in why.items() if reason}


def render_reports(
    record: Record,
    crops: Mapping[str, Crop],
    tables: Mapping[str, bytes],
    changes: Sequence[Change] = (),
    *,
    imprint: Imprint | None = None,
    photographs: Sequence[Photograph] = (),
    formats: Collection[str] = QUICK_FORMATS,
) -> dict[str, bytes]:
    """Everything that belongs into a workshop's folder of reports: file name -> bytes.

    Raises MissingError for a format that cannot be made here (see `unavailable_formats`) and
    ValueError for one that is not known.
    """
    contents = _rendered(record, crops, tables, changes, imprint, photographs, formats)
    return {name: data if isinstance(data, bytes) else b"".join(data) for name, data in contents.items()}


def _rendered(
    record: Record,
    crops: Mapping[str, Crop],
    tables: Mapping[str, bytes],
    changes: Sequence[Change],
    imprint: Imprint | None,
    photographs: Sequence[Photograph],
    formats: Collection[str],
) -> dict[str, Content]:
    """As `render_reports`, large files in pieces."""
    unknown = sorted(set(formats) - set(ALL_FORMATS))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no format of the record; there are {', '.join(ALL_FORMATS)}")
    if _PICTURED & set(formats):
        crops = publishable(crops, (note.id for note in record.notes))
    contents: dict[str, Content] = dict(tables)
    view = arrange(record)
    drawn = list(make_charts(view))
    if changes:
        drawn.append(changes_chart(arrange_changes(changes, view.headings)))
    if "svg" in formats:
        contents.update((chart.name, chart.svg.encode()) for chart in drawn)
    if "png" in formats:
        from pipeline.publish import png  # noqa: PLC0415

        contents.update((chart.name.replace(".svg", ".png"), png.render_png(chart)) for chart in drawn)
    if "docx" in formats:
        from pipeline.publish import docx  # noqa: PLC0415

        contents["record.docx"] = docx.render_docx(record, crops, changes, imprint, photographs)
    if "pptx" in formats:
        from pipeline.publish import pptx  # noqa: PLC0415

        contents["record.pptx"] = pptx.render_pptx(record, crops, changes, imprint, photographs)
    if "pdf" in formats:
        from pipeline.publish import pdf  # noqa: PLC0415

        contents["record.pdf"] = pdf.render_pdf(record, crops, changes, imprint, photographs)
    if "md" in formats:
        contents["record.md"] = render_markdown(record, changes, imprint, tuple(tables)).encode()
    if "txt" in formats:
        contents["record.txt"] = write_transcript(record).encode("utf-8", "replace")
    if "html" in formats:
        contents[RECORD] = render_page(
            record, crops, changes, imprint, tuple(tables), photographs=photographs
        )
    return contents


def write_reports(
    record: Record,
    crops: Mapping[str, Crop],
    folder: Path,
    tables: Mapping[str, bytes],
    changes: Sequence[Change] = (),
    *,
    imprint: Imprint | None = None,
    photographs: Sequence[Photograph] = (),
    formats: Collection[str] = QUICK_FORMATS,
) -> list[Path]:
    """Write the record, its charts and `tables` (name -> bytes) into `folder`; return the paths.

    A kill at any moment leaves each file old or new, never half; `record.html`, which is always
    written, is swapped in last, and `editions/` is never touched. A record in a format that is not
    written this time is removed: beside a newer page it would tell another story. Raises ValueError
    for a table whose name leaves the folder and StorageError when the folder cannot be written.
    """
    wanted = {"html", *formats}
    contents = _rendered(record, crops, tables, changes, imprint, photographs, wanted)
    obsolete = [name for name in _OWN if name not in contents]
    return swap_in(folder, contents, last=RECORD, obsolete=obsolete)
