"""What is decided on the page and what a run makes of it are the same; processed/ can always be deleted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes import in_this_process, use_fakes, workshop_of

from pipeline import byhand, mapping, planning
from pipeline.model import Classification, Crop, Ink, Line, NoteReading, Reading, Record, Word
from pipeline.planning import Places
from pipeline.review import acts
from pipeline.review.desk import Desk
from pipeline.run import run
from pipeline.stages.amend import HandReading
from pipeline.stages.decide import Case

NAME = "town-hall"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The outlines that were read by hand's reader, one entry a reading."""
    use_fakes(monkeypatch)
    monkeypatch.setattr(mapping, "stage_keys", planning.stage_keys)
    read: list[Any] = []

    def read_outline(pixels: object, polygon: Any, settings: object) -> HandReading:
        read.append(polygon)
        word = Word("drawn", 0.99, polygon[:4])
        reading = NoteReading((Reading("fake", "1", (Line((word,)),)),), Ink(0.1, 0.0, 50.0, 20.0, True))
        return HandReading(Classification("square", 0.95, "green"), reading, Crop(jpeg(), 8, 8))

    monkeypatch.setattr(byhand, "read_outline", read_outline)
    return read


def go(places: Places) -> None:
    run(places, workers=1, make_executor=in_this_process)


def jpeg() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (40, 200, 90)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def places(tmp_path: Path, asked: list[Any]) -> Places:
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    workshop_of(places.raw)
    go(places)
    return places


def desk_of(places: Places) -> Desk:
    return Desk(places, places.raw / NAME)


def record_of(places: Places) -> Record:
    return msgspec.json.decode(places.record(NAME).read_bytes(), type=Record)


def told(notes: Any) -> set[Any]:
    """What matters of notes: where they lie, what they are, what they say, who looked."""
    return {
        (
            note.sightings[0].photo,
            note.sightings[0].polygon,
            note.text,
            note.text_status,
            note.response_type,
            note.principle_id,
            note.colour,
            note.reading_state,
            len(note.sightings),
        )
        for note in notes
    }


def case_on(desk: Desk, photo: str, number: int = 0) -> Case:
    cases = [case for case in desk.ledger.cases if case.base.sightings[0].photo == photo and not case.is_gone]
    return sorted(cases, key=lambda case: case.base.sightings[0].polygon)[number]


def decide_much(desk: Desk) -> None:
    """One of everything that can be done on the page."""
    text = case_on(desk, "photo-2.png", 0)
    acts.save(desk, text, "ada", sent(text, text="Ask us first", response_type="amendment"))
    lost = case_on(desk, "photo-2.png", 1)
    acts.save(desk, lost, "ada", {**sent(lost), "text": None, "text_status": "illegible"})
    acts.discard(desk, case_on(desk, "photo-0.png"), "ada")
    sha256 = next(sha for sha, photo in desk.photos.items() if photo.path == "photo-0.png")
    acts.draw(desk, "ada", sha256, [[60, 20], [100, 20], [100, 60], [60, 60]])
    acts.move(desk, case_on(desk, "photo-1.png", 0), "bo", [[42, 102], [84, 100], [82, 144], [40, 142]])
    split = case_on(desk, "photo-1.png", 1)
    (x, y), (right, _), (_, bottom), _ = split.base.sightings[0].polygon
    middle = (x + right) / 2
    acts.divide(desk, split, "bo", [[middle, y - 5], [middle, bottom + 5]])
    twice = case_on(desk, "photo-2.png", 2)
    acts.same(desk, twice, text, "bo")


def sent(case: Case, **others: Any) -> dict[str, Any]:
    return {"stamp": acts.stamp_of(case), "text": case.note.text, "response_type": "challenge", **others}


def test_the_page_and_a_run_agree_on_everything_decided(places: Places, asked: list[Any]) -> None:
    desk = desk_of(places)
    decide_much(desk)
    read_for_the_page = len(asked)
    go(places)
    record = record_of(places)
    assert told(record.notes) == told(desk.ledger.notes())
    assert record.orphans == ()
    assert len(asked) == read_for_the_page, "a run reads nothing again that the page has read"
    assert told(desk_of(places).ledger.notes()) == told(record.notes), "and the page starts from there"


def test_what_was_decided_survives_the_loss_of_everything_computed(places: Places) -> None:
    decide_much(desk_of(places))
    go(places)
    before = record_of(places)
    shutil.rmtree(places.processed)
    go(places)
    assert told(record_of(places).notes) == told(before.notes)


def test_undo_after_a_run_takes_back_what_the_run_had_taken_up(places: Places) -> None:
    untouched = told(record_of(places).notes)
    decide_much(desk_of(places))
    go(places)
    desk = desk_of(places)
    for person in ["ada"] * 4 + ["bo"] * 3:
        acts.undo(desk, person)
    go(places)
    assert told(record_of(places).notes) == untouched
    # Until then the page shows the places right; a moved outline is read anew, so its words may differ.
    assert {note[:2] for note in told(desk.ledger.notes())} == {note[:2] for note in untouched}


def test_a_drawn_note_has_its_picture_in_the_record(places: Places) -> None:
    import base64

    desk = desk_of(places)
    sha256 = next(iter(desk.photos))
    acts.draw(desk, "ada", sha256, [[60, 20], [100, 20], [100, 60], [60, 60]])
    go(places)
    page = (places.reports / NAME / "record.html").read_text("utf-8")
    assert base64.b64encode(jpeg()).decode()[:200] in page


def test_a_photograph_that_went_leaves_its_decisions_listed(places: Places) -> None:
    decide_much(desk_of(places))
    (places.raw / NAME / "photo-1.png").unlink()
    go(places)
    fields = sorted(one.field for one in record_of(places).orphans)
    assert fields == ["note", "note", "polygon"]
