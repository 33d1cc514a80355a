"""Which note to look at next: the most doubtful first. Pure: notes in, an order with reasons out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shapely import STRtree

from pipeline.agreement import fold
from pipeline.anchors import SAME_NOTE, area_of, overlap
from pipeline.model import Note, Principle

REASONS = {
    "disputed": "Two people read it differently",
    "personal": "May name a person",
    "duplicate": "May be counted twice",
    "type": "Type of response unsure",
    "unplaced": "Under no principle",
    "illegible": "The machine could not read it",
    "unsure": "Some words are unsure",
    "low": "The reading may be wrong",
    "count": "The count differs from the one stated",
}
_WEIGHTS = {
    "disputed": 10.0,
    "personal": 3.0,
    "duplicate": 3.0,
    "type": 2.5,
    "unplaced": 2.0,
    "illegible": 1.5,
    "unsure": 1.0,
    "low": 0.8,
    "count": 0.3,
}
SURE = 0.7
"""Confidence below which a reading is said to be doubtful."""
TELLING = 12
"""Letters from which two notes with the same words are worth a second look."""


@dataclass(frozen=True, slots=True)
class Item:
    """A note in the queue: how doubtful it is, and why (codes of REASONS, the weightiest first)."""

    note_id: str
    doubt: float
    reasons: tuple[str, ...]
    is_done: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the other notes bears on one: possible doubles by note id, principles whose count differs."""

    doubles: Mapping[str, tuple[str, ...]]
    differing: frozenset[str]
    has_principles: bool


def survey(notes: Sequence[Note], principles: Sequence[Principle]) -> Surroundings:
    """Look at all notes once for what no note shows by itself."""
    found = Counter(note.principle_id for note in notes)
    differing = frozenset(
        principle.id
        for principle in principles
        if principle.stated is not None and principle.stated != found[principle.id]
    )
    return Surroundings(possible_doubles(notes), differing, bool(principles))


def possible_doubles(notes: Sequence[Note]) -> dict[str, tuple[str, ...]]:
    """Notes that may be one: outlines that overlap on a photograph, or the same words on two photographs."""
    doubles: dict[str, set[str]] = defaultdict(set)
    by_photo: dict[str, list[Note]] = defaultdict(list)
    by_words: dict[tuple[str, str], list[Note]] = defaultdict(list)
    for note in notes:
        if note.sightings:
            by_photo[note.sightings[0].photo_sha256].append(note)
            words = fold(note.text)
            if len(words) >= TELLING:
                by_words[words, note.shape].append(note)
    for neighbours in by_photo.values():
        tree = STRtree([area_of(note.sightings[0].polygon) for note in neighbours])
        ones, others = tree.query(tree.geometries, predicate="intersects")
        for i, j in zip(ones.tolist(), others.tolist(), strict=True):
            one, other = neighbours[i], neighbours[j]
            if i < j and overlap(one.sightings[0].polygon, other.sightings[0].polygon) >= SAME_NOTE:
                doubles[one.id].add(other.id)
                doubles[other.id].add(one.id)
    for alike in by_words.values():
        for one in alike if 1 < len(alike) <= 4 else ():
            elsewhere = {
                other.id
                for other in alike
                if other.sightings[0].photo_sha256 != one.sightings[0].photo_sha256
            }
            doubles[one.id] |= elsewhere
    return {note_id: tuple(sorted(others)) for note_id, others in sorted(doubles.items()) if others}


def item(note: Note, around: Surroundings, flags: Sequence[str]) -> Item:
    """How doubtful one note is; `flags` are its names and contacts nobody has decided on."""
    reasons = []
    is_done = note.reading_state in ("reviewed", "double_keyed") and not flags
    if note.reading_state == "disputed":
        reasons.append("disputed")
    if flags:
        reasons.append("personal")
    if note.reading_state == "machine":
        if around.doubles.get(note.id):
            reasons.append("duplicate")
        if note.response_type == "unsure":
            reasons.append("type")
        if note.principle_id is None and around.has_principles:
            reasons.append("unplaced")
        if note.text_status == "illegible":
            reasons.append("illegible")
        elif note.text_status == "partial":
            reasons.append("unsure")
        elif note.confidence < SURE:
            reasons.append("low")
        if note.principle_id in around.differing:
            reasons.append("count")
    doubt = sum(_WEIGHTS[reason] for reason in reasons)
    doubt += 2 * (1 - note.confidence) + (1 - note.shape_confidence)
    return Item(note.id, round(doubt, 4), tuple(reasons), is_done)


def in_order(items: Iterable[Item]) -> list[Item]:
    """The most doubtful first; equals stay in the order of the record."""
    return sorted(items, key=lambda one: -one.doubt)
