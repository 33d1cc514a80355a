"""What is said of the published photographs. Light: a start-up that shows none loads nothing for pictures."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.model import Photograph, Record
from pipeline.publish import words
from pipeline.publish.view import TYPE_ORDER, Section
from pipeline.vocabulary import RESPONSE_TYPES


def of_section(photographs: Iterable[Photograph], section: Section) -> tuple[Photograph, ...]:
    """Those of one heading."""
    heading = section.principle.id if section.principle else None
    return tuple(one for one in photographs if one.principle_id == heading)


def alt_of(photograph: Photograph, section: Section) -> str:
    """Alternative text: what it shows, with numbers; the words on the notes stand beside it in every format."""
    shown = set(photograph.note_ids)
    kinds = [
        (group.response_type, sum(note.id in shown for item in group.items for note in item.notes))
        for group in section.groups
    ]
    counts = {code: sum(count for kind, count in kinds if kind == code) for code in TYPE_ORDER}
    told = words.listing(
        [f"{RESPONSE_TYPES[code].label.lower()} {count}" for code, count in counts.items() if count]
    )
    what = f"the notes under “{section.heading}”" if section.principle else "notes that no heading claims"
    how_many = "all" if len(shown) == section.found else f"{len(shown)} of"
    return f"Photograph of {what}, {how_many} {section.found}: {told}. Their words stand in the text."


def caption_of(photograph: Photograph, record: Record) -> str:
    """Which photograph it is, and what was done to it."""
    how = "" if record.photographs == "whole" else ", cut to these notes; what lies round them is blurred"
    return f"{photograph.photo}{how}"
