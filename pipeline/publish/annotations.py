"""The record as W3C Web Annotations: each note's words attached to its outline on the photograph.

Source: Web Annotation Data Model, W3C Recommendation of 23 February 2017.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from pipeline import vocabulary
from pipeline.model import Note, Polygon, Record, Sighting, bounding_box
from pipeline.publish import words
from pipeline.publish.licences import LICENCES
from pipeline.publish.saying import plain_words
from pipeline.publish.view import RecordView, arrange

Json = dict[str, object]


def render_annotations(record: Record) -> bytes:
    """All notes as one AnnotationCollection with one page (JSON-LD, UTF-8), in the record's order.

    Photographs are named by their path below raw/<workshop>/, encoded as a relative address; outlines are
    in pixels of the upright full-size photograph. Notes without a photograph are attached to the record.
    """
    view = arrange(record)
    name = f"urn:workshop:{quote(record.workshop_id, safe='')}"
    items = [
        _annotation(note, view, name)
        for section in view.all_sections
        for group in section.groups
        for item in group.items
        for note in item.notes
    ]
    collection: Json = {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": f"{name}:annotations",
        "type": "AnnotationCollection",
        "label": record.title,
        "total": len(items),
        "first": {
            "id": f"{name}:annotations:1",
            "type": "AnnotationPage",
            "partOf": f"{name}:annotations",
            "startIndex": 0,
            "items": items,
        },
    }
    return (json.dumps(collection, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _annotation(note: Note, view: RecordView, name: str) -> Json:
    record = view.record
    heading = view.headings.get(note.principle_id or "")
    tags = [
        ("classifying", vocabulary.RESPONSE_TYPES[note.response_type].label),
        ("classifying", vocabulary.TEXT_STATUSES[note.text_status].label),
        ("classifying", vocabulary.READING_STATES[note.reading_state].label),
        ("tagging", heading or "unplaced"),
    ]
    bodies: list[Json] = []
    if note.text_status not in ("no_text", "illegible"):
        bodies.append(
            {
                "type": "TextualBody",
                "purpose": "describing",
                "format": "text/plain",
                "language": record.language or "en",
                "value": plain_words(note),
            }
        )
    bodies += [{"type": "TextualBody", "purpose": purpose, "value": value} for purpose, value in tags]
    if note.id in view.answers:
        other = view.answers[note.id]
        bodies.append({"type": "SpecificResource", "purpose": "replying", "source": _note_name(name, other)})
    targets: list[object] = [_target(sighting) for sighting in note.sightings]
    annotation: Json = {
        "id": _note_name(name, note),
        "type": "Annotation",
        "motivation": "describing",
        "body": bodies,
        "target": targets or [f"record.html#{view.anchors[note.id]}"],
    }
    if record.licence in LICENCES:
        annotation["rights"] = LICENCES[record.licence]
    return annotation


def _note_name(name: str, note: Note) -> str:
    return f"{name}:note:{quote(note.id, safe='')}"


def _target(sighting: Sighting) -> Json:
    x, y, width, height = (round(value) for value in bounding_box(sighting.polygon))
    return {
        "source": words.url_path(sighting.photo),
        "selector": [
            {"type": "SvgSelector", "value": _svg(sighting.polygon)},
            {
                "type": "FragmentSelector",
                "conformsTo": "http://www.w3.org/TR/media-frags/",
                "value": f"xywh=pixel:{x},{y},{width},{height}",
            },
        ],
    }


def _svg(polygon: Polygon) -> str:
    points = " ".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in polygon)
    return f'<svg xmlns="http://www.w3.org/2000/svg"><polygon points="{points}"/></svg>'
