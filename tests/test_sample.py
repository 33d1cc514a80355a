"""The sample workshop through the real engines, once: found, read honestly, placed, published.

The floors are well below what was measured when this was written (see the benchmark); they tell a
broken pipeline from a working one, no more.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from shapely.geometry import Polygon

from pipeline import history, standing
from pipeline.diff import shown
from pipeline.editions import Edition
from pipeline.model import Note, Record
from pipeline.planning import Places
from pipeline.run import Summary, plans, run
from pipeline.store.digest import dump_digest

ROOT = Path(__file__).resolve().parents[1]
TRUTH = Path(__file__).parent / "data" / "sample-truth"
NAME = "sample-workshop"
READING = {"now_readable", "corrected", "status_changed", "no_longer_readable"}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """The sample with its poorer photographs only; the better ones turn up later (`summary`)."""
    base = tmp_path_factory.mktemp("sample")
    poor = shutil.ignore_patterns("originals")
    shutil.copytree(ROOT / "raw" / NAME, base / "raw" / NAME, ignore=poor)
    return Places(base / "raw", base / "processed", base / "reports")


@pytest.fixture(scope="module")
def first(places: Places) -> Edition:
    """The first edition, published from the poorer photographs."""
    run(places, workers=2)
    return standing.publish_edition(places, NAME, "2026-03-20")


@pytest.fixture(scope="module")
def summary(places: Places, first: Edition) -> Summary:
    """A run after the better photographs have turned up."""
    shutil.copytree(ROOT / "raw" / NAME / "originals", places.raw / NAME / "originals")
    return run(places, workers=2)[0]


@pytest.fixture(scope="module")
def found(places: Places, summary: Summary) -> dict[str, list[dict]]:
    """Sightings by photograph's name, with what the responses view says of them."""
    query = (
        "SELECT s.photo, s.polygon, r.shape, r.text, r.text_status, r.principle, r.note_id"
        " FROM sightings s JOIN responses r USING (workshop_id, note_id)"
    )
    names = ("photo", "polygon", "shape", "text", "status", "principle", "id")
    by_photo: dict[str, list[dict]] = {}
    with duckdb.connect(str(places.database), read_only=True) as connection:
        for row in connection.execute(query).fetchall():
            note = dict(zip(names, row, strict=True))
            note["area"] = Polygon([(point["x"], point["y"]) for point in note["polygon"]]).buffer(0)
            by_photo.setdefault(Path(note["photo"]).stem, []).append(note)
    return by_photo


@pytest.fixture(scope="module")
def pairs(found: dict[str, list[dict]]) -> list[tuple[dict, dict | None]]:
    """Every true note with the sighting that lies over it, if any."""
    paired = []
    for file in sorted(TRUTH.glob("*.json")):
        truth = json.loads(file.read_text("utf-8"))
        for note in truth["notes"]:
            if note["ignore"]:
                continue
            area = Polygon(note["polygon"] or note["full_polygon"]).buffer(0)
            best = max(
                found.get(file.stem, []),
                key=lambda seen: seen["area"].intersection(area).area / seen["area"].union(area).area,
                default=None,
            )
            overlap = best and best["area"].intersection(area).area / best["area"].union(area).area
            paired.append((note, best if overlap and overlap >= 0.5 else None))
    return paired


def test_every_photograph_is_used(summary: Summary) -> None:
    assert dict(summary.counts)["photographs read"] == 11
    assert summary.refusals == ()
    assert summary.failed == 0


def test_nearly_every_note_is_found(pairs: list[tuple[dict, dict | None]]) -> None:
    assert sum(seen is not None for _, seen in pairs) >= 0.9 * len(pairs)


def test_shapes_and_principles_are_right(pairs: list[tuple[dict, dict | None]]) -> None:
    seen = [(note, sighting) for note, sighting in pairs if sighting]
    assert sum(note["shape"] == sighting["shape"] for note, sighting in seen) >= 0.9 * len(seen)
    key = lambda text: re.sub(r"[^A-Z]", "", text.upper())  # noqa: E731
    placed = sum(key(note["principle"]).startswith(key(sighting["principle"])[:9]) for note, sighting in seen)
    assert placed >= 0.9 * len(seen)


def test_what_cannot_be_read_is_not_printed(pairs: list[tuple[dict, dict | None]]) -> None:
    blank = [sighting for note, sighting in pairs if note["blank"] and sighting]
    assert blank
    assert sum(sighting["status"] == "no_text" for sighting in blank) >= 0.8 * len(blank)


def test_notes_seen_in_several_photographs_are_counted_once(
    found: dict[str, list[dict]], summary: Summary
) -> None:
    sightings = sum(len(notes) for notes in found.values())
    assert dict(summary.counts)["notes found"] < 0.75 * sightings


def test_the_record_stands_and_nothing_is_left_to_do(places: Places, summary: Summary) -> None:
    page = (places.reports / "sample-workshop" / "record.html").read_text("utf-8")
    assert "What makes co-production work here?" in page
    assert "data:image/jpeg;base64," in page
    assert plans(places)[0].jobs == ()


def by_truth(record: Record) -> dict[str, Note]:
    """The record's note that lies over each true note, by the true note's id; the same paper on any photograph."""
    over: dict[str, tuple[float, Note]] = {}
    seen: dict[str, list[tuple[Polygon, Note]]] = {}
    for note in record.notes:
        for sighting in note.sightings:
            seen.setdefault(Path(sighting.photo).stem, []).append((Polygon(sighting.polygon).buffer(0), note))
    for file in sorted(TRUTH.glob("*.json")):
        for true in json.loads(file.read_text("utf-8"))["notes"]:
            area = Polygon(true["polygon"] or true["full_polygon"]).buffer(0)
            for place, note in seen.get(file.stem, []):
                overlap = place.intersection(area).area / place.union(area).area
                if overlap > max(0.5, over.get(true["id"], (0.0,))[0]):
                    over[true["id"]] = (overlap, note)
    return {true_id: note for true_id, (_, note) in over.items()}


def test_the_second_edition_tells_what_became_of_every_note(
    places: Places, first: Edition, summary: Summary, tmp_path: Path
) -> None:
    """The two-edition story: each physical note, known by the sample's truth, is told as what it became."""
    shutil.copytree(places.reports, tmp_path / "reports")
    published = Places(places.raw, places.processed, tmp_path / "reports")
    second = standing.publish_edition(published, NAME, "2026-04-20")
    assert (first.number, second.number) == (1, 2)
    changes = history.changes_between(standing.load_record(published, NAME), published, (1, 2))
    told: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    for change in changes.changes:
        if change.note_id:
            told.setdefault(change.note_id, {})[change.kind] = (change.before, change.after)
    before, after = by_truth(first.record), by_truth(second.record)
    assert len(after) >= len(before) >= 35
    for true_id in sorted({*before, *after}):
        old, new = before.get(true_id), after.get(true_id)
        if new is None:
            assert old is not None
            assert told[old.id] == {"removed": (shown(old), None)}, true_id
        elif old is None:
            assert told[new.id] == {"added": (None, shown(new))}, true_id
        else:
            kinds = told.get(new.id, {})
            is_same = shown(old).split() == shown(new).split() and old.text_status == new.text_status
            assert [kinds[kind] for kind in READING & set(kinds)] == (
                [] if is_same else [(shown(old), shown(new))]
            ), true_id
            if (old.text_status, new.text_status) == ("illegible", "legible"):
                assert "now_readable" in kinds, true_id
            assert ("type_changed" in kinds) == (old.response_type != new.response_type), true_id
            assert ("moved" in kinds) == (old.principle_id != new.principle_id), true_id
            assert not {"added", "removed"} & set(kinds), true_id
    # Nothing is told of a note that is in neither edition, and the sums agree.
    gone = sum("removed" in kinds for kinds in told.values())
    come = sum("added" in kinds for kinds in told.values())
    assert set(told) <= {note.id for note in (*first.record.notes, *second.record.notes)}
    assert len(first.record.notes) - gone == len(second.record.notes) - come
    assert changes.unchanged == len(second.record.notes) - come - sum(
        not {"added", "removed"} & set(kinds) for kinds in told.values()
    )
    # What the better photographs are for: a promise was made, and is met.
    assert any("illegible" in promise.sentence for promise in first.promises)
    assert "promise_met" in {change.kind for change in changes.changes}
    assert any("now_readable" in kinds for kinds in told.values())


def test_one_worker_gives_the_same_tables(places: Places, summary: Summary) -> None:
    before = dump_digest(places.database)
    shutil.rmtree(places.processed)
    run(places, workers=1)
    assert dump_digest(places.database) == before


def test_everything_runs_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the run reached for the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    folder = tmp_path / "raw" / "w"
    (folder / "photos").mkdir(parents=True)
    sample = ROOT / "raw" / "sample-workshop"
    shutil.copy(sample / "workshop.toml", folder)
    shutil.copy(sample / "photos" / "make-time_1.jpg", folder / "photos")
    found = run(
        Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports"),
        workers=1,
        make_executor=ThreadPoolExecutor,
    )
    assert found[0].failed == 0
    assert dict(found[0].counts)["notes found"] >= 5
