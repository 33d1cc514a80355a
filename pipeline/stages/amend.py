"""Amend: outlines that people drew or moved, taken up before the photographs are combined.

A drawn outline becomes a note of its photograph like any other, at the end of the row, so that the
numbers of the others stay; a moved one keeps its number. An outline that is "not a note" stays until
`decide`, so that every sighting of it, also on photographs that come later, is known and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.anchors import SAME_NOTE, SAME_OUTLINE, Anchor, anchor_of, overlap, polygon_from, standing
from pipeline.model import Classification, Crop, Decision, NoteReading, Outline, PhotoRecord, Polygon

VERSION = "1"
_REPLACES = 0.5
"""Intersection over union from which an outline that a detector finds is the one a person had drawn."""


@dataclass(frozen=True, slots=True)
class HandReading:
    """What was made of an outline that a person drew: the same as of any other."""

    classification: Classification
    reading: NoteReading
    crop: Crop


@dataclass(frozen=True, slots=True)
class Amended:
    """The records with people's outlines; the places of those; decisions on outlines that could not be used."""

    records: tuple[PhotoRecord, ...]
    by_hand: frozenset[Anchor]
    orphans: tuple[Decision, ...]


@dataclass(slots=True)
class _Slot:
    """One outline of a photograph: where it lies now, and its number among those detected, if it was."""

    polygon: Polygon
    detected: int | None
    is_gone: bool = False


def hand_outlines(decisions: Iterable[Decision]) -> tuple[Anchor, ...]:
    """Every outline by a person that is in force, each once: what has to be read."""
    found: dict[Anchor, None] = {}
    for decision in standing(decisions):
        if decision.field == "note" and decision.new is not None:
            found[anchor_of(decision)] = None
        elif decision.field == "note":
            found.pop(anchor_of(decision), None)
        elif decision.field == "polygon" and (moved := polygon_from(decision.new)):
            found[decision.photo_sha256, moved] = None
    return tuple(found)


def amend(
    records: Sequence[PhotoRecord],
    decisions: Sequence[Decision],
    by_hand: Mapping[Anchor, HandReading],
) -> Amended:
    """Lay people's outlines over those detected.

    `decisions` are all of the workshop's, in order; only those on outlines (`note`, `polygon`) act here,
    and `not_a_note` tells which detected outlines a drawn one cannot stand for. `by_hand` holds the
    readings of `hand_outlines(decisions)`; an outline without one (its photograph is gone or could not be
    read) is handed back among the orphans.
    """
    in_force = standing(decisions)
    slots = {
        record.photo.sha256: [
            _Slot(outline.polygon, index) for index, outline in enumerate(record.detection.outlines)
        ]
        for record in records
    }
    for sha256, polygon in _gone(in_force):
        found = _best([slot for slot in slots.get(sha256, ()) if not slot.is_gone], polygon, SAME_NOTE)
        if found is not None:
            found.is_gone = True
    orphans = [
        decision
        for decision in in_force
        if decision.field in ("note", "polygon")
        and not _lay(slots.get(decision.photo_sha256), decision, by_hand)
    ]
    amended = tuple(_rebuilt(record, slots[record.photo.sha256], by_hand) for record in records)
    drawn = frozenset(
        (record.photo.sha256, slot.polygon)
        for record in records
        for slot in slots[record.photo.sha256]
        if _is_by_hand(slot, record)
    )
    return Amended(amended, drawn, tuple(orphans))


def _gone(decisions: Iterable[Decision]) -> list[Anchor]:
    last = {anchor_of(one): bool(one.new) for one in decisions if one.field == "not_a_note"}
    return [anchor for anchor, is_gone in last.items() if is_gone]


def _lay(slots: list[_Slot] | None, decision: Decision, by_hand: Mapping[Anchor, HandReading]) -> bool:
    """Put one decision on outlines into effect; says whether that could be done."""
    if slots is None:
        return False
    if decision.field == "note" and decision.new is None:
        drawn = _best([slot for slot in slots if slot.detected is None], decision.polygon, SAME_OUTLINE)
        if drawn is not None:
            slots.remove(drawn)
        return True
    new = decision.polygon if decision.field == "note" else polygon_from(decision.new)
    if new is None:
        return False
    exact = next((slot for slot in slots if slot.polygon == new), None)
    if (decision.photo_sha256, new) not in by_hand:
        return exact is not None
    left = [slot for slot in slots if not slot.is_gone]
    if decision.field == "polygon":
        # The outline meant, or where a new detector already sees it as the person did, or none: then drawn.
        meant = next((slot for slot in slots if slot.polygon == decision.polygon), None)
        meant = meant or _best(left, decision.polygon, SAME_NOTE) or _best(left, new, _REPLACES)
    else:
        meant = exact or _best([slot for slot in left if slot.detected is not None], new, _REPLACES)
    if meant is None:
        slots.append(_Slot(new, None))
    else:
        meant.polygon = new
        meant.is_gone = False
    return True


def _best(slots: Iterable[_Slot], polygon: Polygon, at_least: float) -> _Slot | None:
    shares = [(overlap(slot.polygon, polygon), slot) for slot in slots]
    shares = [(share, slot) for share, slot in shares if share >= at_least]
    return max(shares, key=lambda pair: pair[0])[1] if shares else None


def _is_by_hand(slot: _Slot, record: PhotoRecord) -> bool:
    return slot.detected is None or record.detection.outlines[slot.detected].polygon != slot.polygon


def _rebuilt(
    record: PhotoRecord, slots: Sequence[_Slot], by_hand: Mapping[Anchor, HandReading]
) -> PhotoRecord:
    if not any(_is_by_hand(slot, record) for slot in slots):
        return record
    outlines, classifications, notes = [], [], []
    for slot in slots:
        if slot.detected is not None and not _is_by_hand(slot, record):
            outlines.append(record.detection.outlines[slot.detected])
            classifications.append(record.classifications[slot.detected])
            notes.append(record.page.notes[slot.detected])
            continue
        read = by_hand[record.photo.sha256, slot.polygon]
        outlines.append(Outline(slot.polygon, 1.0))
        classifications.append(read.classification)
        notes.append(read.reading)
    return PhotoRecord(
        record.photo,
        replace(record.detection, outlines=tuple(outlines)),
        tuple(classifications),
        replace(record.page, notes=tuple(notes)),
    )
