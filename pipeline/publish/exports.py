"""Exchange formats by name: each makes files, by name below a folder, of a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.diff import Change
from pipeline.model import Record
from pipeline.publish.view import Imprint

Export = Callable[[Record, Sequence[Change], Imprint | None], dict[str, bytes]]


def _data_package(record: Record, _: Sequence[Change], imprint: Imprint | None) -> dict[str, bytes]:
    from pipeline.publish.datapackage import package_files  # noqa: PLC0415  (each is loaded where it is asked for)

    return package_files(record, imprint)


def _tei(record: Record, changes: Sequence[Change], imprint: Imprint | None) -> dict[str, bytes]:
    from pipeline.publish.tei import render_tei  # noqa: PLC0415

    return {"record.tei.xml": render_tei(record, changes, imprint)}


def _annotations(record: Record, _: Sequence[Change], __: Imprint | None) -> dict[str, bytes]:
    from pipeline.publish.annotations import render_annotations  # noqa: PLC0415

    return {"annotations.jsonld": render_annotations(record)}


EXPORTS: dict[str, Export] = {"data-package": _data_package, "tei": _tei, "web-annotation": _annotations}
"""`workshop export --format NAME`; the same record gives the same bytes in each."""
