"""Publishing, comparing, importing and exporting a workshop that a run has made, end to end."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest
from fakes import draw_photo, in_this_process, use_fakes, workshop_of

from pipeline import editions, exporting, history, standing
from pipeline.errors import MissingError
from pipeline.model import Record
from pipeline.planning import Places
from pipeline.run import run
from pipeline.wording import squash
from pipeline.workshop import load_workshop

SHARED_RECORD = Path(__file__).resolve().parents[2] / "shared" / "record" / "whitworth-2019.txt"

TRANSCRIPT = """Town hall

How did people respond?

Power (3)

- yellow
- [illegible]
- [no text]

Kindness (1)

- Tea first
"""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    use_fakes(monkeypatch)
    return Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")


def go(places: Places) -> None:
    run(places, workers=1, make_executor=in_this_process)


def rows(places: Places, query: str) -> list[tuple]:
    with duckdb.connect(str(places.database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_two_editions_and_what_changed_between_them(places: Places) -> None:
    folder = workshop_of(places.raw, photos=1)
    go(places)
    first = standing.publish_edition(places, "town-hall", "2026-11-01")
    assert (first.number, first.is_new) == (1, True)
    assert not standing.publish_edition(places, "town-hall", "2026-11-02").is_new
    draw_photo(folder / "second.png", ["blue", "pink"], 5)
    go(places)
    since = history.changes_between(standing.load_record(places, "town-hall"), places, ())
    assert [change.kind for change in since.changes] == ["added", "added", "count_changed"]
    page = (places.reports / "town-hall" / "record.html").read_text("utf-8")
    assert "What changed" in page
    second = standing.publish_edition(places, "town-hall", "2026-11-03")
    go(places)
    assert second.number == 2
    assert rows(places, "SELECT edition FROM edition ORDER BY 1") == [(1,), (2,)]
    assert rows(
        places, "SELECT kind FROM changes WHERE from_edition = 1 AND to_edition = 2 ORDER BY kind"
    ) == [
        ("added",),
        ("added",),
        ("count_changed",),
    ]
    rebuilt, _ = editions.rebuild(editions.load_edition(places.reports, "town-hall", 1))
    assert len(rebuilt.notes) == 1


def test_comparing_without_an_edition_says_what_to_do(places: Places) -> None:
    workshop_of(places.raw, photos=1)
    go(places)
    with pytest.raises(MissingError, match="workshop publish town-hall"):
        history.changes_between(standing.load_record(places, "town-hall"), places, ())
    standing.publish_edition(places, "town-hall", "2026-11-01")
    with pytest.raises(MissingError, match="no edition 7"):
        history.changes_between(standing.load_record(places, "town-hall"), places, (7,))


def imported(places: Places, file: Path) -> None:
    known = load_workshop(places.raw / "town-hall")
    editions.import_record(places.reports, "town-hall", known.principles, file, date="2019-03-06")
    go(places)


def test_a_workshop_may_be_an_imported_record_alone(places: Places, tmp_path: Path) -> None:
    workshop_of(places.raw, photos=0)
    file = tmp_path / "record.txt"
    file.write_text(TRANSCRIPT, "utf-8")
    imported(places, file)
    counts = rows(places, "SELECT principle, found, stated, difference FROM counts_by_principle")
    assert ("Power", 3, 3, 0) in counts
    assert ("Kindness", 1, 1, 0) in counts
    assert rows(places, "SELECT count(*) FROM responses WHERE shape = 'not_recorded'") == [(4,)]


def test_photographs_found_later_replace_an_imported_record_and_the_changes_are_told(
    places: Places, tmp_path: Path
) -> None:
    folder = workshop_of(places.raw, photos=0)
    file = tmp_path / "record.txt"
    file.write_text(TRANSCRIPT, "utf-8")
    imported(places, file)
    draw_photo(folder / "photo.png", ["yellow", "pink"], 1)
    go(places)
    assert rows(places, "SELECT principle, found, stated FROM counts_by_principle ORDER BY 1") == [
        ("Kindness", 0, 1),
        ("Power", 2, 3),
    ]
    kinds = {row[0] for row in rows(places, "SELECT kind FROM changes WHERE from_edition = 0")}
    assert {"removed", "count_changed"} <= kinds


@pytest.mark.skipif(not SHARED_RECORD.is_file(), reason="the real published record is not beside the project")
def test_the_real_published_record_reconciles(places: Places) -> None:
    workshop_of(
        places.raw,
        photos=0,
        settings='title = "Co-Production Values & Principles"\nframework = "terrapins"\n',
    )
    imported(places, SHARED_RECORD)
    counts = {
        row[0].lower(): row[1:]
        for row in rows(places, "SELECT principle, found, stated FROM counts_by_principle")
    }
    assert counts["engaged"] == (7, 6)
    assert counts["make time"] == (7, 7)
    assert counts["power"] == (15, 15)
    assert counts["positive-sum"] == (4, 4)


def told(record: Record) -> dict[str | None, list[tuple[str, str, int | None]]]:
    """What a record says under each heading, in order."""
    said: dict[str | None, list[tuple[str, str, int | None]]] = {}
    for note in record.notes:
        said.setdefault(note.principle_id, []).append((note.text, note.text_status, note.group))
    return said


@pytest.mark.skipif(not SHARED_RECORD.is_file(), reason="the real published record is not beside the project")
def test_the_real_record_is_published_read_back_and_followed_by_photographs(places: Places) -> None:
    folder = workshop_of(
        places.raw,
        photos=0,
        settings='title = "Co-Production Values & Principles"\nframework = "terrapins"\n',
    )
    imported(places, SHARED_RECORD)
    listed = {
        squash(heading): (found, stated)
        for heading, found, stated in rows(places, "SELECT principle, found, stated FROM counts_by_principle")
    }
    expected = {
        "make time": (7, 7),
        "asset based": (9, 9),
        "positive sum": (4, 4),
        "power": (15, 15),
        "not decided in advance": (11, 11),
        "self aware": (8, 8),
        "transparent": (6, 6),
        "engaged": (7, 6),
    }
    assert {heading: listed[squash(heading)] for heading in expected} == expected
    assert {heading for heading, (found, stated) in listed.items() if found and stated is None} >= {
        squash("Diversity | Strengths"),
        squash("Knowledge"),
        squash("Communication"),
    }
    first = standing.publish_edition(places, "town-hall", "2026-11-22")
    assert first.number == 1
    text = exporting.export(standing.exportable(places, "town-hall"), "txt", places.reports / "txt")[0]
    again = editions.import_record(
        places.reports, "again", first.record.principles, text, date="2026-11-22", language="en"
    )
    assert told(again.record) == told(first.record)
    draw_photo(folder / "photo.png", ["yellow", "pink", "blue"], 1)
    go(places)
    since = history.changes_between(standing.load_record(places, "town-hall"), places, (1,))
    kinds = [change.kind for change in since.changes if change.note_id]
    assert len(first.record.notes) - kinds.count("removed") == 3 - kinds.count("added")
    counts = [change for change in since.changes if change.kind == "count_changed"]
    assert any("had 15 and now has" in change.explanation for change in counts)
    rebuilt, _ = editions.rebuild(editions.load_edition(places.reports, "town-hall", 1))
    assert rebuilt == first.record


@pytest.mark.parametrize("name", [name for name in exporting.FORMATS if name not in ("pdf", "png")])
def test_every_format_can_be_exported_twice_with_the_same_bytes(places: Places, name: str) -> None:
    workshop_of(places.raw, photos=2)
    go(places)
    it = standing.exportable(places, "town-hall")
    first = {path: path.read_bytes() for path in exporting.export(it, name, places.reports / "x" / name)}
    second = {path: path.read_bytes() for path in exporting.export(it, name, places.reports / "x" / name)}
    assert first
    assert first == second


def test_an_edition_is_exported_as_it_was_when_all_else_has_changed_or_gone(places: Places) -> None:
    folder = workshop_of(places.raw, photos=2)
    go(places)
    assert standing.publish_edition(places, "town-hall", "2026-11-01").photographs
    draw_photo(folder / "third.png", ["blue", "pink"], 5)
    go(places)
    standing.publish_edition(places, "town-hall", "2026-11-02")
    go(places)
    quick = [name for name in exporting.FORMATS if name not in ("pdf", "png")]

    def exported(it: exporting.Exportable) -> dict[str, dict[str, bytes]]:
        return {name: exporting.FORMATS[name](it) for name in quick}

    then = exported(standing.exportable(places, "town-hall"))
    assert b"What changed" in then["html"]["record.html"]
    assert b"Photograph of the notes" in then["html"]["record.html"]
    shutil.rmtree(places.processed)
    shutil.rmtree(places.raw)
    assert exported(standing.exportable_edition(places, "town-hall", 2)) == then
    first = exported(standing.exportable_edition(places, "town-hall", 1))
    assert b"What changed" not in first["html"]["record.html"]
    assert "page/third.xml" not in first["page-xml"]
    with pytest.raises(MissingError, match="no edition 3"):
        standing.exportable_edition(places, "town-hall", 3)


def test_a_photograph_taken_away_since_the_last_run_costs_an_export_its_pictures_only(places: Places) -> None:
    folder = workshop_of(places.raw, photos=2)
    go(places)
    before = standing.exportable(places, "town-hall")
    (folder / "photo-1.png").unlink()
    it = standing.exportable(places, "town-hall")
    assert it.record == before.record
    gone = {note.id for note in it.record.notes if note.sightings[0].photo == "photo-1.png"}
    assert set(it.crops) == set(before.crops) - gone
    assert gone and it.crops
    for name in exporting.FORMATS:
        if name not in ("pdf", "png"):
            assert exporting.FORMATS[name](it)


def test_corrections_made_elsewhere_come_back_once(places: Places) -> None:
    workshop_of(places.raw, photos=1)
    go(places)
    it = standing.exportable(places, "town-hall")
    file = exporting.export(it, "page-xml", places.reports / "town-hall" / "exports" / "page-xml")
    page = next(path for path in file if path.suffix == ".xml")
    corrected = places.reports / page.name
    corrected.write_text(re.sub(r">yellow<", ">Ask us first<", page.read_text("utf-8")), "utf-8")
    taken = standing.take_corrections(places, "town-hall", [corrected], "ada")
    assert [decision.new for decision in taken.decisions if decision.field == "text"] == ["Ask us first"]
    assert standing.take_corrections(places, "town-hall", [corrected], "ada").decisions == ()
    go(places)
    assert rows(places, "SELECT text, reading_state FROM responses") == [("Ask us first", "reviewed")]


def test_a_name_that_nobody_decided_on_is_in_nothing_published(places: Places) -> None:
    from pipeline.decisions import append
    from pipeline.model import Decision

    folder = workshop_of(
        places.raw, photos=1, settings='title = "x"\n[people]\nroster = ["Priya Nandakumar"]\n'
    )
    go(places)
    sha, polygon = rows(
        places, "SELECT p.sha256, s.polygon FROM sightings s JOIN photo p USING (workshop_id, photo)"
    )[0]
    place = tuple((point["x"], point["y"]) for point in polygon)
    text = "Ask Priya Nandakumar first"
    append(folder, [Decision("d1", sha, place, "text", "yellow", text, "", "ada", "2026-11-21", "yellow")])
    go(places)
    assert rows(places, "SELECT text FROM responses") == [(text,)]
    standing.publish_edition(places, "town-hall", "2026-11-21")
    it = standing.exportable(places, "town-hall")
    for name in ("data-package", "tei", "page-xml", "web-annotation", "txt", "docx"):
        exporting.export(it, name, places.reports / "town-hall" / "exports" / name)
    published = [path for path in places.reports.rglob("*") if path.is_file()]
    assert len(published) > 10
    for path in published:
        assert b"Nandakumar" not in path.read_bytes(), path
    assert it.crops == {}
