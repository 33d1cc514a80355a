"""A small workshop on disk for the review page's tests: photographs, a record, and a reader that needs no engine."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import msgspec
from factories import make_note, make_record
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from pipeline.anchors import Anchor
from pipeline.model import (
    Classification,
    Crop,
    Ink,
    Line,
    Note,
    NoteReading,
    Photo,
    Reading,
    Record,
    Sighting,
    Theme,
    Word,
)
from pipeline.planning import Places
from pipeline.review.desk import Desk
from pipeline.review.guard import Guard
from pipeline.review.material import Material, material_file
from pipeline.review.server import application
from pipeline.stages.amend import HandReading
from pipeline.themes.ownership import OwnedThemes
from pipeline.themes.result import ThemeResult
from pipeline.workshop import load_workshop

PORT = 8731
ORIGIN = f"http://127.0.0.1:{PORT}"
WIDTH, HEIGHT = 1600, 1200
SIDE = 180.0
MACHINE = ("n0001", "n0002", "n0003", "n0004")
"""The notes that stand in the one theme the machine finds here."""
TOML = """title = "Review me"
[[principles]]
id = "power"
heading = "Power"
stated = 5
[[principles]]
id = "make-time"
heading = "Make Time"
[[principles]]
id = "transparent"
heading = "Transparent"
"""


class FakeReader:
    """Stands in for the engines: says what it was asked about."""

    def __init__(self) -> None:
        self.asked: list[Anchor] = []
        self.load = lambda _: None

    def read(self, anchor: Anchor) -> HandReading:
        self.asked.append(anchor)
        word = Word("drawn", 0.9, ((10.0, 10.0), (60.0, 10.0), (60.0, 30.0), (10.0, 30.0)))
        reading = NoteReading(
            (Reading("fake", "1", (Line((word,)),)),), Ink(0.1, 0.0, 100.0, 20.0, is_written=True)
        )
        return HandReading(Classification("square", 0.9, "yellow"), reading, Crop(b"jpeg", 10, 10))

    def warm_up(self) -> None:
        pass


def place(number: int) -> tuple[tuple[float, float], ...]:
    column, row = (number - 1) % 6, ((number - 1) // 6) % 4
    x, y = 60.0 + column * 250.0, 60.0 + row * 280.0
    return ((x, y), (x + SIDE, y), (x + SIDE, y + SIDE), (x, y + SIDE))


def make_picture(name: str, notes: int) -> bytes:
    picture = Image.new("RGB", (WIDTH, HEIGHT), (236, 233, 225))
    draw = ImageDraw.Draw(picture)
    draw.text((20, 10), name, fill=(30, 30, 30), font_size=30)
    for number in range(1, notes + 1):
        (x, y), _, (right, bottom), _ = place(number)
        draw.rectangle(
            (x, y, right, bottom), fill=((250, 225, 90), (245, 170, 195), (150, 200, 240))[number % 3]
        )
        draw.text((x + 18, y + 60), f"note {number}", fill=(40, 40, 90), font_size=40)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def make_project(folder: Path, notes: int = 12, photos: int = 1, text: str | None = None) -> Places:
    """A workshop "demo" with `notes` notes a photograph, as after a run."""
    places = Places(folder / "raw", folder / "processed", folder / "reports")
    home = places.raw / "demo"
    home.mkdir(parents=True)
    (home / "workshop.toml").write_text(TOML)
    made: list[Note] = []
    taken: list[Photo] = []
    for k in range(photos):
        name = f"board-{k + 1}.png"
        content = make_picture(name, notes)
        (home / name).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        taken.append(Photo(name, sha256, WIDTH, HEIGHT, "PNG"))
        for number in range(1, notes + 1):
            serial = k * notes + number
            words = text if text is not None else f"thought number {serial} on it"
            made.append(
                make_note(
                    serial,
                    words,
                    shape="square",
                    response_type="challenge",
                    confidence=round(0.5 + (serial % 40) / 100, 2),
                    sightings=(Sighting(name, sha256, place(number), number - 1),),
                    board_id=f"board-{k + 1}",
                )
            )
    save_record(places, made, taken)
    return places


def save_record(places: Places, notes: list[Note], photos: list[Photo], **overrides: object) -> Record:
    workshop = load_workshop(places.raw / "demo")
    record = make_record(
        "demo",
        notes,
        photos=tuple(photos),
        principles=workshop.principles,
        boards=(),
        themes=(),
        refusals=(),
        orphans=(),
        **overrides,
    )
    file = places.record("demo")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(record))
    kept = material_file(places, "demo")
    kept.parent.mkdir(parents=True, exist_ok=True)
    words = {
        note.id: [[(word, 0.6 if k == 1 else 0.95) for k, word in enumerate(note.text.split())]]
        for note in notes
    }
    kept.write_bytes(msgspec.json.encode(Material(tuple(notes), words)))
    return record


def make_desk(places: Places) -> Desk:
    return Desk(places, places.raw / "demo", FakeReader())  # type: ignore[arg-type]


def fake_themes(
    notes: Any,
    principles: object,
    vectors: object = None,
    owned: OwnedThemes | None = None,
    subject: str = "",
) -> ThemeResult:
    """Stands in for the stage: people's themes as they are, and of the rest one theme of the first four notes."""
    owned = owned or OwnedThemes()
    there = {note.id for note in notes}
    mine = [
        Theme(one.key, one.principle_id, one.name, "suggested", 0.9, ids, ids[0], True)
        for one in owned.themes
        if not one.is_rejected and (ids := tuple(note.id for note in one.notes if note.id in there))
    ]
    taken = {note.id for one in owned.themes for note in one.notes} | {note.id for note in owned.ungrouped}
    free = tuple(note_id for note_id in MACHINE if note_id in there and note_id not in taken)
    machine = [Theme("t1", "power", "thoughts", "possible", 0.3, free, free[0])] if len(free) > 1 else []
    return ThemeResult(themes=(*mine, *machine))


class Browser:
    """One person's page."""

    def __init__(self, desk: Desk, person: str = "ada", is_second: bool = False) -> None:
        self.person = person
        self.guard = Guard(application(desk, person, is_second), PORT)
        self.client = TestClient(self.guard, base_url=ORIGIN)
        self.client.get(f"/open?token={self.guard.token}")

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, name: str, **sent: Any) -> Any:
        answer = self.post(name, **sent)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, name: str, **sent: Any) -> Any:
        return self.send(f"/act/{name}", **sent)

    def send(self, path: str, **sent: Any) -> Any:
        content = json.dumps({"person": self.person, **sent})
        headers = {"origin": ORIGIN, "content-type": "application/json"}
        return self.client.post(path, content=content, headers=headers)

    def save(self, note_id: str, seen: dict[str, Any] | None = None, **sent: Any) -> Any:
        seen = seen or self.get(f"/note/{note_id}")
        whole = {"stamp": seen["stamp"], "text": seen["text"], "response_type": seen["response_type"]}
        if "principle_id" in seen:
            whole["principle_id"] = seen["principle_id"]
        if "text_status" in sent:
            whole.pop("text")
        return self.act("save", note=note_id, **{**whole, **sent})
