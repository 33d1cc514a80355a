"""Small, valid, made-up records for tests: say only what the test is about, the rest is filled in.

    from factories import make_note, make_record

    record = make_record()                                     # a varied small workshop
    record = make_record(notes=[make_note(1, "I agree"), make_note(2, "", text_status="illegible")])
    record = make_record("big", notes=5_000)                   # as many notes as you ask for

Everything is deterministic: the same call gives an equal record. A record made here is whole: every
photograph, principle, theme and board that a note names exists, unless the test overrides it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from pipeline import model

TYPE_OF_SHAPE = {
    "tick": "agreement",
    "heart": "importance",
    "speech_bubble": "amendment",
    "square": "challenge",
    "rectangle": "other",
    "other": "other",
    "not_recorded": "not_recorded",
}
SHAPES_IN_TURN = ("tick", "heart", "speech_bubble", "square")
TEXTS_IN_TURN = (
    "I know it's hard to cede power",
    "Who decides who is in the room?",
    "Share the budget, not just the biscuits",
    "Listen first",
    "Time is the thing we never have",
)
PHOTO_SIZE = (4000, 3000)


def digest_of(name: str) -> str:
    """64 hexadecimal digits that stand for the content of `name`."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def make_polygon(number: int = 1, size: float = 240.0) -> model.Polygon:
    """A square in a grid of 12 columns on a 4000 x 3000 photograph; `number` says which cell."""
    column, row = (number - 1) % 12, ((number - 1) // 12) % 9
    x, y = 100.0 + column * 320.0, 100.0 + row * 320.0
    return ((x, y), (x + size, y), (x + size, y + size), (x, y + size))


def make_photo(path: str = "board-1.jpg", **overrides: Any) -> model.Photo:
    """A photograph of 4000 x 3000 pixels whose digest follows from its path."""
    width, height = PHOTO_SIZE
    fields: dict[str, Any] = {
        "path": path,
        "sha256": digest_of(path),
        "width": width,
        "height": height,
        "format": "JPEG",
    }
    return model.Photo(**{**fields, **overrides})


def make_sighting(number: int = 1, photo: str = "board-1.jpg", **overrides: Any) -> model.Sighting:
    """The note `number` of a photograph, in its cell of the grid."""
    fields: dict[str, Any] = {
        "photo": photo,
        "photo_sha256": digest_of(photo),
        "polygon": make_polygon(number),
        "index": number - 1,
    }
    return model.Sighting(**{**fields, **overrides})


def make_note(number: int = 1, text: str | None = None, **overrides: Any) -> model.Note:
    """A note that is valid whatever is left out.

    `text` None gives the note one of a handful of texts; "" a note without text (`no_text`, unless
    `text_status` says illegible); a text with a mark in square brackets makes it `partial`. The shape
    goes round tick, heart, speech bubble, square; `response_type` follows the shape by the default
    legend. `sightings` defaults to one sighting on board-1.jpg.
    """
    status = overrides.get("text_status")
    if text is None:
        text = "" if status in ("no_text", "illegible") else TEXTS_IN_TURN[number % len(TEXTS_IN_TURN)]
    if status is None:
        status = "no_text" if text == "" else "partial" if "[" in text else "legible"
    shape = overrides.get("shape", SHAPES_IN_TURN[(number - 1) % len(SHAPES_IN_TURN)])
    fields: dict[str, Any] = {
        "id": f"n{number:04d}",
        "principle_id": "power",
        "response_type": TYPE_OF_SHAPE[shape],
        "shape": shape,
        "shape_confidence": 0.9,
        "colour": "yellow",
        "text": text,
        "text_status": status,
        "reading_state": "machine",
        "confidence": 0.85,
        "sightings": (make_sighting(number),),
        "board_id": "board-1",
        "placement": "under the heading “Power”",
        "machine_text": text,
        "position": number,
    }
    return model.Note(**{**fields, **overrides})


def make_decision(number: int = 1, **overrides: Any) -> model.Decision:
    """A decision on the text of a note in the grid of board-1.jpg."""
    fields: dict[str, Any] = {
        "id": f"d{number:04d}",
        "photo_sha256": digest_of("board-1.jpg"),
        "polygon": make_polygon(number),
        "field": "text",
        "old": "Lisen first",
        "new": "Listen first",
        "reason": "read from the photograph",
        "person": "A reviewer",
        "when": "2026-11-21T10:00:00Z",
        "based_on": "Lisen first",
    }
    return model.Decision(**{**fields, **overrides})


def make_principles() -> tuple[model.Principle, ...]:
    """Three principles: a stated count that will not match, no stated count, and one nobody answered."""
    return (
        model.Principle("power", "Power", also=("POWER (who has it)",), stated=5),
        model.Principle("make-time", "Make Time"),
        model.Principle("transparent", "Transparent", stated=0, description="Open about what is decided"),
    )


def make_varied_notes() -> tuple[model.Note, ...]:
    """Eleven notes that between them hold every text status, reading state and kind of place."""
    twice = (make_sighting(1), make_sighting(1, "board-1-again.jpg", polygon=make_polygon(2)))
    return (
        make_note(1, sightings=twice, theme_id="power-1"),
        make_note(2, "Who decides [illegible] in the room?", reading_state="reviewed", colour="pink"),
        make_note(3, "Share the budget[?], not the biscuits", theme_id="power-1", colour="blue"),
        make_note(4, "", text_status="illegible", confidence=0.2),
        make_note(5, "", text_status="no_text"),
        make_note(6, "THIS", answers_note_id="n0001", reading_state="double_keyed"),
        make_note(7, "Time is the thing\nwe never have", principle_id="make-time", colour="green"),
        make_note(8, "", principle_id="make-time", text_status="no_text", shape="tick"),
        make_note(9, "Meet [name removed] first", principle_id="make-time", personal_data=("name",)),
        make_note(
            10,
            '=HYPERLINK("a"), “quoted”, ✓',
            principle_id=None,
            placement="no heading near",
            reading_state="disputed",
            sightings=(make_sighting(10, "board-2.jpg"),),
            board_id="board-2",
        ),
        make_note(11, principle_id=None, shape="rectangle", shape_confidence=0.4, response_type="unsure"),
    )


def make_board(id: str, photos: Sequence[str], notes: Sequence[model.Note]) -> model.Board:
    """A board whose photographs lie exactly on each other, with the given notes and no headings."""
    board_notes = tuple(
        model.BoardNote(note.sightings, note.sightings[0].polygon)
        for note in notes
        if note.board_id == id and note.sightings
    )
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    heading = model.BoardHeading(
        "POWER", 0.97, ((100.0, 20.0), (900.0, 20.0), (900.0, 90.0), (100.0, 90.0)), photos[0]
    )
    return model.Board(id, tuple(photos), tuple(identity for _ in photos), board_notes, (heading,))


def make_themes(notes: Sequence[model.Note]) -> tuple[model.Theme, ...]:
    """One theme for each theme id among the notes."""
    members: dict[str, list[model.Note]] = {}
    for note in notes:
        if note.theme_id is not None:
            members.setdefault(note.theme_id, []).append(note)
    return tuple(
        model.Theme(
            id=theme_id,
            principle_id=of_theme[0].principle_id,
            label=f"sharing · {theme_id}",
            strength="suggested",
            cohesion=0.42,
            note_ids=tuple(note.id for note in of_theme),
            quote_note_id=of_theme[0].id,
        )
        for theme_id, of_theme in sorted(members.items())
    )


def make_boards(notes: Sequence[model.Note]) -> tuple[model.Board, ...]:
    """One board for each board id among the notes, with the photographs its notes were seen on."""
    photos: dict[str, dict[str, None]] = {}
    for note in notes:
        if note.board_id is not None and note.sightings:
            of_board = photos.setdefault(note.board_id, {})
            of_board.update({sighting.photo: None for sighting in note.sightings})
    return tuple(make_board(board_id, list(of_board), notes) for board_id, of_board in sorted(photos.items()))


def make_record(
    workshop_id: str = "demo",
    notes: Sequence[model.Note] | int | None = None,
    **overrides: Any,
) -> model.Record:
    """A whole valid workshop.

    `notes` is the notes themselves, or how many to make, or None for a varied handful. Photographs,
    boards and themes follow from the notes, principles are power, make-time and transparent (and any
    other a note names); any field of model.Record can be overridden by name.
    """
    if notes is None:
        made: tuple[model.Note, ...] = make_varied_notes()
    elif isinstance(notes, int):
        made = tuple(make_note(number) for number in range(1, notes + 1))
    else:
        made = tuple(notes)
    paths = sorted({sighting.photo for note in made for sighting in note.sightings} | {"board-1.jpg"})
    principles = make_principles()
    known = {principle.id for principle in principles}
    extra = sorted({note.principle_id for note in made if note.principle_id} - known)
    fields: dict[str, Any] = {
        "workshop_id": workshop_id,
        "title": "Co-production values and principles",
        "date": "2019-03-06",
        "place": "The Whitworth, Manchester",
        "language": "en",
        "licence": "CC-BY-4.0",
        "contact": "team@example.org",
        "point": "default",
        "legend": model.Legend({shape: TYPE_OF_SHAPE[shape] for shape in SHAPES_IN_TURN}),
        "principles": principles
        + tuple(model.Principle(id, id.replace("-", " ").capitalize()) for id in extra),
        "photos": tuple(make_photo(path) for path in paths),
        "refusals": (
            model.Refusal(
                "notes.txt", "not_an_image", "it holds text", "take it out", digest_of("notes.txt")
            ),
            model.Refusal("empty.jpg", "empty", "the file has no content"),
        ),
        "boards": make_boards(made),
        "notes": made,
        "themes": make_themes(made),
        "orphans": (make_decision(),),
        "software": {"pipeline": "0.1.0", "rapidocr": "3.10.0"},
        "notices": ("Tesseract was not installed; headings were read by the other reader.",),
        "introduction": "Tell us what co-production means to you.",
    }
    return model.Record(**{**fields, **overrides})
