"""What the page is told, as plain JSON values; a second reader is told nothing that others said."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipeline import vocabulary
from pipeline.agreement import sentence
from pipeline.model import Note
from pipeline.review import queue
from pipeline.review.acts import stamp_of
from pipeline.review.desk import Desk
from pipeline.stages.decide import Case

SAMPLE_PERCENT = 20
"""Share of the notes a second reader is given, in percent."""


def start(desk: Desk, person: str, is_second: bool) -> dict[str, Any]:
    """What stays the same while the page is open."""
    record = desk.loaded.record
    legend: dict[str, str] = {}
    for shape, code in record.legend.by_shape.items():
        legend.setdefault(code, vocabulary.SHAPES[shape].label)
    types = [code for code in vocabulary.RESPONSE_TYPES if code != "not_recorded"]
    return {
        "workshop": record.workshop_id,
        "title": record.title,
        "person": person,
        "second": is_second,
        "types": [
            {
                "code": code,
                "label": vocabulary.RESPONSE_TYPES[code].label,
                "hint": legend.get(code, ""),
                "means": vocabulary.RESPONSE_TYPES[code].description,
            }
            for code in types
        ],
        "principles": [
            {"code": one.id, "label": one.heading, "stated": one.stated} for one in record.principles
        ],
        "colours": [
            {"code": one.code, "label": one.label}
            for one in vocabulary.COLOURS.values()
            if one.code != "not_recorded"
        ],
        "shapes": [
            {"code": one.code, "label": one.label}
            for one in vocabulary.SHAPES.values()
            if one.code != "not_recorded"
        ],
        "statuses": {code: one.label for code, one in vocabulary.TEXT_STATUSES.items()},
        "states": {code: one.label for code, one in vocabulary.READING_STATES.items()},
        "reasons": queue.REASONS,
        "photos": [
            {"sha256": one.sha256, "path": one.path, "width": one.width, "height": one.height}
            for one in record.photos
        ],
    }


def in_queue(desk: Desk, wanted: Mapping[str, str], person: str, is_second: bool) -> dict[str, Any]:
    """The ids of the notes to look at, in order, with figures; `wanted` are the filters in force.

    Filters: `show` (todo, disputed, done, all), `principle` ("" unplaced), `type`, `status`, `photo`
    (sha256), `reason`; second readers only `show` (todo: a sample, all: every note).
    """
    if is_second:
        return _second_queue(desk, wanted, person)
    items = queue.in_order(desk.items.values())
    notes = {item.note_id: desk.cases[item.note_id].finished for item in items}
    show = wanted.get("show", "todo")
    left = [item for item in items if not item.is_done]
    disputed = [item for item in items if "disputed" in item.reasons]
    chosen = {"todo": left, "disputed": disputed, "done": [one for one in items if one.is_done]}.get(
        show, items
    )
    for name, of in (("principle", "principle_id"), ("type", "response_type"), ("status", "text_status")):
        if name in wanted:
            chosen = [item for item in chosen if (getattr(notes[item.note_id], of) or "") == wanted[name]]
    if wanted.get("photo"):
        chosen = [
            item
            for item in chosen
            if any(one.photo_sha256 == wanted["photo"] for one in notes[item.note_id].sightings)
        ]
    if wanted.get("reason"):
        chosen = [item for item in chosen if wanted["reason"] in item.reasons]
    return {
        **figures(desk),
        "ids": [item.note_id for item in chosen],
        "reasons": dict(Counter(reason for item in left for reason in item.reasons)),
        "counts": _counts(desk),
        "agreement": sentence(desk.agreement()),
        "notices": desk.notices(),
    }


def figures(desk: Desk) -> dict[str, Any]:
    """How far the review is, whoever did it; `made` changes when a run has made the record anew."""
    items = desk.items.values()
    return {
        "total": len(items),
        "left": sum(not item.is_done for item in items),
        "disputed": sum("disputed" in item.reasons for item in items),
        "orphans": len(desk.ledger.orphans),
        "made": str(desk.loaded.stamp[1]),
    }


def _counts(desk: Desk) -> list[dict[str, Any]]:
    found = Counter(note.principle_id for note in desk.ledger.notes())
    rows: list[dict[str, Any]] = [
        {"label": one.heading, "found": found[one.id], "stated": one.stated}
        for one in desk.loaded.record.principles
    ]
    return [*rows, {"label": "Unplaced", "found": found[None], "stated": None}] if found[None] else rows


def _second_queue(desk: Desk, wanted: Mapping[str, str], person: str) -> dict[str, Any]:
    """Notes that somebody else has read, and this person not yet."""
    read_by_others, own = [], 0
    for note_id in desk.items:
        case = desk.cases[note_id]
        people = _readers(case)
        if person in people:
            own += any(one.person == person and one.reason for one in case.decisions)
        elif people and (wanted.get("show") == "all" or _in_sample(note_id)):
            read_by_others.append(note_id)
    return {
        "ids": sorted(read_by_others),
        "total": len(read_by_others) + own,
        "left": len(read_by_others),
        "disputed": 0,
        "reasons": {},
        "counts": [],
        "agreement": "",
        "orphans": 0,
        "made": str(desk.loaded.stamp[1]),
        "notices": [],
    }


def _readers(case: Case) -> set[str]:
    people = {claim.person for claim in case.claims.get("reading", ())}
    people |= {pair.second_person for pair in case.pairs if pair.aspect == "reading"}
    if "reading" in case.said:
        people.add(case.said["reading"].person)
    return people


def _in_sample(note_id: str) -> bool:
    return int(hashlib.sha256(note_id.encode()).hexdigest()[:8], 16) % 100 < SAMPLE_PERCENT


def note(desk: Desk, case: Case, is_second: bool) -> dict[str, Any]:
    """One note as it stands, with where it lies and what is doubtful about it."""
    one = case.finished
    best = one.sightings[0] if one.sightings else None
    shown: dict[str, Any] = {
        "id": one.id,
        "stamp": stamp_of(case),
        "photo": best.photo_sha256 if best else None,
        "polygon": best.polygon if best else [],
        "seen": len(one.sightings),
        "turn": one.turn,
        "shape": one.shape,
        "colour": one.colour,
        "picture": f"picture/{one.id}?{picture_stamp(case)}" if best else None,
        "gone": case.is_gone,
    }
    if is_second:
        return {**shown, "text": "", "text_status": "", "response_type": "", "reasons": [], "second": True}
    item = desk.items.get(one.id)
    return {
        **shown,
        "text": one.text,
        "text_status": one.text_status,
        "machine_text": case.base.machine_text or case.base.text,
        "words": desk.words_of(case),
        "response_type": one.response_type,
        "shape_confidence": one.shape_confidence,
        "principle_id": one.principle_id,
        "placement": one.placement,
        "confidence": one.confidence,
        "state": one.reading_state,
        "reasons": item.reasons if item else (),
        "claims": {
            aspect: [{"person": claim.person, "value": claim.value} for claim in claims]
            for aspect, claims in case.claims.items()
        },
        "by": sorted({claim.person for claim in case.said.values()}),
        "doubles": [_brief(desk.cases[other]) for other in _doubles(desk, case)],
        "answers": _answered(desk, one),
        "flags": [{"text": flag.text, "kind": flag.kind} for flag in desk.flags_of(case)],
    }


def picture_stamp(case: Case) -> str:
    """Changes with the picture, so that browsers keep each for good."""
    seen = (case.base.sightings[:1], case.note.shape, case.note.turn)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:10]


def _doubles(desk: Desk, case: Case) -> list[str]:
    return [other for other in desk.around.doubles.get(case.base.id, ()) if other in desk.items]


def _answered(desk: Desk, note: Note) -> dict[str, Any] | None:
    other = desk.cases.get(note.answers_note_id or "")
    return _brief(other) if other is not None and other.base.id in desk.items else None


def picture_of(desk: Desk, note_id: str) -> str | None:
    """The address of a note's picture, None where there is no photograph of it."""
    case = desk.cases.get(note_id)
    return f"picture/{note_id}?{picture_stamp(case)}" if case is not None and case.base.sightings else None


def _brief(case: Case) -> dict[str, Any]:
    one = case.finished
    return {
        "id": one.id,
        "text": one.text or f"[{vocabulary.TEXT_STATUSES[one.text_status].label.lower()}]",
        "photo": one.sightings[0].photo if one.sightings else "",
        "picture": f"picture/{one.id}?{picture_stamp(case)}",
    }


def on_photo(desk: Desk, sha256: str) -> list[dict[str, Any]]:
    """All notes on a photograph, for drawing their outlines."""
    return [
        {"id": one.id, "polygon": anchor[1], "done": desk.items[one.id].is_done, "label": _label(one.text)}
        for one, anchor in desk.notes_on(sha256)
    ]


def _label(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def orphans(desk: Desk) -> list[dict[str, Any]]:
    """Decisions that find no note any more."""
    paths = {sha256: photo.path for sha256, photo in desk.photos.items()}
    return [
        {
            "field": one.field,
            "new": one.new,
            "person": one.person,
            "when": one.when,
            "photo": paths.get(one.photo_sha256, "a photograph that is not there any more"),
            "based_on": one.based_on,
        }
        for one in desk.ledger.orphans
    ]
