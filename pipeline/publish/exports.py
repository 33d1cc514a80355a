"""Exchange formats by name: each makes files, by name below a folder, of a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.diff import Change
from pipeline.model import Record
from pipeline.publish.annotations import render_annotations
from pipeline.publish.datapackage import package_files
from pipeline.publish.tei import render_tei
from pipeline.publish.view import Imprint

Export = Callable[[Record, Sequence[Change], Imprint | None], dict[str, bytes]]

EXPORTS: dict[str, Export] = {
    "data-package": lambda record, _, imprint: package_files(record, imprint),
    "tei": lambda record, changes, imprint: {"record.tei.xml": render_tei(record, changes, imprint)},
    "web-annotation": lambda record, _, __: {"annotations.jsonld": render_annotations(record)},
}
"""`workshop export --format NAME`; the same record gives the same bytes in each."""
