"""What the review page starts from: a workshop as the machine sees it, before any decision is laid over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from pipeline.anchors import Anchor
from pipeline.damage import UNDECODABLE
from pipeline.errors import MissingError
from pipeline.model import Note, Record
from pipeline.planning import Places
from pipeline.workshop import Workshop, load_workshop


class Material(msgspec.Struct):
    """Notes before decisions, and what people need to see of how they were read.

    `words` holds, for a note's id, the main reading's lines of (word, confidence). `by_hand` are places of
    outlines that people drew, `taken_up` the ids of the decisions on outlines that are in these notes.
    """

    notes: tuple[Note, ...]
    words: dict[str, list[list[tuple[str, float]]]] = {}
    by_hand: tuple[Anchor, ...] = ()
    taken_up: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workshop ready for review; `stamp` changes when a run has made its record anew."""

    workshop: Workshop
    record: Record
    material: Material
    stamp: tuple[int, int]


def material_file(places: Places, workshop_id: str) -> Path:
    """Where a run leaves the material for the review page."""
    return places.processed / "review" / f"{workshop_id}.json"


def load(places: Places, folder: Path) -> Loaded:
    """Everything the page needs of one workshop; raises MissingError when it was never run."""
    workshop = load_workshop(folder)
    file = places.record(workshop.id)
    stamp = record_stamp(places, workshop.id)
    try:
        record = msgspec.json.decode(file.read_bytes(), type=Record)
    except (OSError, *UNDECODABLE):
        raise MissingError(
            f"“{workshop.id}” has no record to review yet.",
            safe="Nothing was changed.",
            remedy=f"Make it first: workshop run {workshop.id}",
        ) from None
    try:
        material = msgspec.json.decode(material_file(places, workshop.id).read_bytes(), type=Material)
    except (OSError, *UNDECODABLE):
        # Without it the record's own notes serve: decisions laid over them once more change nothing.
        material = Material(record.notes)
    return Loaded(workshop, record, material, stamp)


def record_stamp(places: Places, workshop_id: str) -> tuple[int, int]:
    """Size and time of the record's file, (0, 0) where there is none."""
    try:
        found = places.record(workshop_id).stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
