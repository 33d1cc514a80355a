"""`workshop export`: a record in the formats other programs read, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import publish
from pipeline.diff import Change
from pipeline.errors import MissingError
from pipeline.files import write_atomically
from pipeline.model import Crop, Photograph, Record
from pipeline.publish.exports import EXPORTS
from pipeline.publish.pictures import publishable
from pipeline.publish.view import Imprint

unavailable_formats = publish.unavailable_formats
_DOCUMENTS = ("docx", "html", "md", "pdf", "png", "pptx", "svg", "txt")


@dataclass(frozen=True, slots=True)
class Exportable:
    """A record with all that a format may need. `moment` (ISO 8601) dates files that must carry one."""

    record: Record
    crops: Mapping[str, Crop]
    changes: Sequence[Change]
    imprint: Imprint | None
    moment: str
    photographs: Sequence[Photograph] = ()


def _document(name: str) -> Callable[[Exportable], dict[str, bytes]]:
    def make(it: Exportable) -> dict[str, bytes]:
        files = publish.render_reports(
            it.record,
            it.crops,
            {},
            it.changes,
            imprint=it.imprint,
            photographs=it.photographs,
            formats=(name,),
        )
        return {path: content for path, content in files.items() if path.endswith(f".{name}")}

    return make


def _exchange(name: str) -> Callable[[Exportable], dict[str, bytes]]:
    return lambda it: EXPORTS[name](it.record, it.changes, it.imprint)


def _pages(it: Exportable) -> dict[str, bytes]:
    from pipeline.exchange.pagexml import page_files  # noqa: PLC0415  (each is loaded where it is asked for)

    return page_files(it.record, it.moment)


def _codebook(it: Exportable) -> dict[str, bytes]:
    from pipeline.themes.codebook import codebook  # noqa: PLC0415

    content = codebook(it.record.principles, it.record.themes, it.record.notes, it.record.workshop_id)
    return {f"{it.record.workshop_id}.qdc": content}


FORMATS: dict[str, Callable[[Exportable], dict[str, bytes]]] = {
    **{name: _exchange(name) for name in EXPORTS},
    "page-xml": _pages,
    "refi-qda": _codebook,
    **{name: _document(name) for name in _DOCUMENTS},
}
"""Every format by the name people give it."""


EVERY = "all"
"""The name for every format that can be made here."""


def export_all(it: Exportable, folder: Path) -> list[Path]:
    """Write the record in every format that can be made here, each into a folder of its name below `folder`.

    The pictures are made small once for all. Raises StorageError when a file cannot be written.
    """
    missing = publish.unavailable_formats()
    it = replace(it, crops=publishable(it.crops, [note.id for note in it.record.notes]))
    return [file for name in FORMATS if name not in missing for file in export(it, name, folder / name)]


def export(it: Exportable, name: str, folder: Path) -> list[Path]:
    """Write the record in one format below `folder`; returns the files.

    Raises MissingError when this machine lacks what the format needs, StorageError when a file cannot
    be written.
    """
    why = publish.unavailable_formats((name,)).get(name)
    if why:
        raise MissingError(f"{name} cannot be made here: {why}", safe="Nothing was written.")
    written = []
    for path, content in sorted(FORMATS[name](it).items()):
        target = folder / path
        write_atomically(target, content)
        written.append(target)
    return written
