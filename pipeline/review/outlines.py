"""Outlines that people drew since the last run, as notes of the page; read at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.anchors import OUTLINE_FIELDS, Anchor, anchor_of, overlap, polygon_from
from pipeline.cache import Cache
from pipeline.model import Decision, Note, Polygon, Sighting, bounding_box
from pipeline.planning import Places
from pipeline.review.material import Loaded, Material
from pipeline.workshop import Workshop

if TYPE_CHECKING:
    from pipeline.photos import Pixels
    from pipeline.stages.amend import HandReading

Lines = list[list[tuple[str, float]]]
Notes = list[Note]


class OutlineReader:
    """Reads outlines with the workshop's own readers and keeps them in the cache; heavy parts load late."""

    def __init__(self, places: Places, workshop: Workshop) -> None:
        self.places = places
        self.workshop = workshop
        self.load: Callable[[str], Pixels | None] = lambda _: None
        self._known: dict[Anchor, HandReading | None] = {}
        self._lock = threading.Lock()

    @cached_property
    def _settings(self) -> tuple[Any, Any, Any]:
        from pipeline import mapping  # noqa: PLC0415  (networks and engines: only where somebody draws)

        settings = mapping.Settings(
            self.workshop.language, self.workshop.note_readers, self.workshop.heading_reader
        )
        return settings, mapping.stage_keys(settings), Cache(self.places.cache)

    def read(self, anchor: Anchor) -> HandReading | None:
        """What the machine makes of an outline; None where its photograph is gone or it cannot be read."""
        with self._lock:
            if anchor not in self._known:
                from pipeline import byhand  # noqa: PLC0415

                settings, keys, cache = self._settings
                self._known[anchor] = byhand.readings([anchor], cache, keys, settings, self.load).get(anchor)
            return self._known[anchor]

    def warm_up(self) -> None:
        """Open the readers before they are needed."""
        from pipeline import byhand  # noqa: F401, PLC0415

        with self._lock:
            _ = self._settings


def with_outlines(
    material: Material,
    decisions: Sequence[Decision],
    in_force: Sequence[Decision],
    loaded: Loaded,
    reader: OutlineReader,
) -> tuple[Notes, frozenset[Anchor], dict[str, Lines]]:
    """The material's notes with the outlines people drew since; the places drawn; the new notes' words.

    What the last run had taken up and was taken back since is undone first, the latest first.
    """
    notes = list(material.notes)
    by_hand = set(material.by_hand)
    words: dict[str, Lines] = {}
    taken_up, standing_ids = set(material.taken_up), {decision.id for decision in in_force}

    def put(anchor: Anchor, at: int | None) -> None:
        place = notes[at] if at is not None else None
        made, lines = _read_note(anchor, place, notes, loaded, reader)
        words[made.id] = lines
        by_hand.add(anchor)
        if at is None:
            notes.append(made)
        else:
            notes[at] = made

    for decision in reversed(decisions):
        if decision.id in taken_up and decision.id not in standing_ids:
            _taken_back(decision, notes, put)
    for decision in in_force:
        if decision.field not in OUTLINE_FIELDS or decision.id in taken_up:
            continue
        place = anchor_of(decision)
        if decision.field == "note" and decision.new is None:
            _without(notes, place)
        elif decision.field == "note":
            if _at(notes, place) is None:
                put(place, None)
        elif (new := polygon_from(decision.new)) and _at(notes, (place[0], new)) is None:
            put((place[0], new), _meant(notes, place))
    return notes, frozenset(by_hand), words


def _taken_back(decision: Decision, notes: Notes, put: Callable[[Anchor, int | None], None]) -> None:
    sha256, polygon = anchor_of(decision)
    if decision.field == "note":
        _without(notes, (sha256, polygon))
    elif (new := polygon_from(decision.new)) and (at := _at(notes, (sha256, new))) is not None:
        put((sha256, polygon), at)


def _at(notes: Notes, anchor: Anchor) -> int | None:
    """The number of the note that lies at exactly this place."""
    for number, note in enumerate(notes):
        if any((sighting.photo_sha256, sighting.polygon) == anchor for sighting in note.sightings):
            return number
    return None


def _meant(notes: Notes, anchor: Anchor) -> int | None:
    best: tuple[float, int] | None = None
    for number, note in enumerate(notes):
        for sighting in note.sightings:
            if sighting.photo_sha256 == anchor[0]:
                share = overlap(sighting.polygon, anchor[1])
                if share >= 0.3 and (best is None or share > best[0]):
                    best = (share, number)
    return best[1] if best else None


def _without(notes: Notes, anchor: Anchor) -> None:
    at = _at(notes, anchor)
    if at is None:
        return
    left = tuple(
        sighting for sighting in notes[at].sightings if (sighting.photo_sha256, sighting.polygon) != anchor
    )
    if left:
        notes[at] = replace(notes[at], sightings=left)
    else:
        del notes[at]


def _read_note(
    anchor: Anchor, before: Note | None, notes: Notes, loaded: Loaded, reader: OutlineReader
) -> tuple[Note, Lines]:
    """A note made of an outline: in place of `before`, or a new one beside its nearest neighbour."""
    from pipeline.stages import assign, judge  # noqa: PLC0415  (only where somebody drew)

    sha256, polygon = anchor
    path = next((photo.path for photo in loaded.record.photos if photo.sha256 == sha256), "")
    neighbour = before or _nearest(notes, anchor)
    sighting = Sighting(path, sha256, polygon)
    others = tuple(one for one in before.sightings if one.photo_sha256 != sha256) if before else ()
    base = Note(
        id=before.id if before else _hand_id(anchor),
        principle_id=neighbour.principle_id if neighbour else None,
        response_type="unsure",
        shape="other",
        shape_confidence=0.0,
        colour="not_recorded",
        text="",
        text_status="illegible",
        reading_state="machine",
        confidence=0.0,
        sightings=(sighting, *others),
        board_id=neighbour.board_id if neighbour else None,
        placement=neighbour.placement
        if before and neighbour
        else "beside its nearest neighbour, until the next run",
        position=neighbour.position if neighbour else len(notes),
    )
    found = reader.read(anchor)
    if found is None:
        return base, []
    judgement = judge.judge(
        found.reading,
        loaded.workshop.point,
        (word for principle in loaded.record.principles for word in principle.heading.split()),
        loaded.workshop.language,
    )
    readings = found.reading.readings
    made = replace(
        base,
        response_type=assign.response_type(
            found.classification, loaded.workshop.legend, loaded.workshop.unsure_below
        ),
        shape=found.classification.shape,
        shape_confidence=found.classification.shape_confidence,
        colour=found.classification.colour,
        text=judgement.text,
        text_status=judgement.text_status,
        confidence=judgement.confidence,
        machine_text=readings[0].text if readings else "",
        turn=found.reading.turn,
    )
    lines = readings[0].lines if readings else ()
    return made, [[(word.text, word.confidence) for word in line.words] for line in lines]


def _nearest(notes: Notes, anchor: Anchor) -> Note | None:
    x, y = _centre(anchor[1])
    best: tuple[float, Note] | None = None
    for note in notes:
        for sighting in note.sightings:
            if sighting.photo_sha256 == anchor[0]:
                a, b = _centre(sighting.polygon)
                distance = (a - x) ** 2 + (b - y) ** 2
                if best is None or distance < best[0]:
                    best = (distance, note)
    return best[1] if best else None


def _centre(polygon: Polygon) -> tuple[float, float]:
    x, y, width, height = bounding_box(polygon)
    return x + width / 2, y + height / 2


def _hand_id(anchor: Anchor) -> str:
    import hashlib  # noqa: PLC0415

    return "h" + hashlib.sha256(repr(anchor).encode()).hexdigest()[:12]
