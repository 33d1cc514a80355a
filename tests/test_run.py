"""A whole run: only what changed, the same for any number of workers, nothing half after a kill."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from fakes import draw_photo, in_this_process, use_fakes, workshop_of

from pipeline import mapping
from pipeline.errors import BusyError, PhotosFailedError
from pipeline.files import exclusive
from pipeline.planning import Places
from pipeline.run import Summary, Watcher, plans, raise_for_failures, run
from pipeline.store import builder
from pipeline.store.digest import dump_digest


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    use_fakes(monkeypatch)
    return Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")


class Counting(Watcher):
    def __init__(self) -> None:
        self.worked: list[str] = []

    def advance(self, outcome: mapping.Outcome) -> None:
        self.worked.append(outcome.path)


def go(places: Places, *names: str, workers: int = 1) -> tuple[list[Summary], list[str]]:
    watcher = Counting()
    summaries = run(places, names, workers=workers, watcher=watcher, make_executor=in_this_process)
    return summaries, sorted(watcher.worked)


def rows(places: Places, query: str) -> list[tuple]:
    with duckdb.connect(str(places.database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def texts(places: Places) -> list[tuple]:
    return rows(places, "SELECT photo, text, text_status, principle FROM responses ORDER BY photo, x")


def test_the_responses_are_a_data_frame_for_the_asking(places: Places) -> None:
    workshop_of(places.raw, photos=1)
    go(places)
    with duckdb.connect(str(places.database), read_only=True) as connection:
        frame = connection.sql("FROM responses").df()
    assert list(frame.columns)[:4] == ["workshop_id", "principle_id", "principle", "response_type"]
    assert len(frame) == 1


def settle(folder: Path) -> None:
    for file in folder.rglob("*.png"):
        os.utime(file, (1_600_000_000, 1_600_000_000))


def test_a_folder_of_photographs_becomes_a_record(places: Places) -> None:
    workshop_of(places.raw)
    summaries, worked = go(places)
    assert worked == ["photo-0.png", "photo-1.png", "photo-2.png"]
    assert dict(summaries[0].counts)["notes found"] == 6
    assert len(texts(places)) == 6
    assert {row[3] for row in texts(places)} == {"Power"}
    folder = places.reports / "town-hall"
    for name in ("record.html", "record.md", "responses.csv", "responses.parquet"):
        assert (folder / name).stat().st_size > 0
    assert (places.processed / "data-dictionary.md").stat().st_size > 0


def test_a_second_run_does_nothing(places: Places) -> None:
    settle(workshop_of(places.raw))
    go(places)
    before = {file: file.stat().st_mtime_ns for file in places.reports.rglob("*") if file.is_file()}
    database = places.database.stat().st_mtime_ns
    summaries, worked = go(places)
    assert worked == []
    assert summaries[0].is_unchanged
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert places.database.stat().st_mtime_ns == database
    assert all(plan.is_empty for plan in plans(places))


def test_one_photograph_changed_is_done_again_alone_and_the_plan_said_why(places: Places) -> None:
    folder = workshop_of(places.raw)
    go(places)
    draw_photo(folder / "photo-1.png", ["blue", "blue"], 99)
    steps = plans(places)[0].steps
    assert [(step.path, step.reason) for step in steps] == [("photo-1.png", "the photograph changed")]
    _, worked = go(places)
    assert worked == ["photo-1.png"]


def test_a_new_photograph_is_done_alone(places: Places) -> None:
    folder = workshop_of(places.raw)
    go(places)
    draw_photo(folder / "photo-9.png", ["pink"], 9)
    assert [step.reason for step in plans(places)[0].steps] == ["new photograph"]
    assert go(places)[1] == ["photo-9.png"]
    assert len(texts(places)) == 7


def test_a_renamed_photograph_is_not_read_again(places: Places) -> None:
    folder = workshop_of(places.raw)
    go(places)
    (folder / "photo-0.png").rename(folder / "other name.png")
    _, worked = go(places)
    assert worked == []
    assert {row[0] for row in texts(places)} == {"other name.png", "photo-1.png", "photo-2.png"}


def test_a_removed_photograph_leaves_the_record(places: Places) -> None:
    folder = workshop_of(places.raw)
    go(places)
    (folder / "photo-2.png").unlink()
    _, worked = go(places)
    assert worked == []
    assert len(texts(places)) == 3


def test_a_new_version_of_a_stage_redoes_it_and_what_follows(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop_of(places.raw)
    go(places)
    use_fakes(monkeypatch, {"classify": "2"})
    steps = plans(places)[0].steps
    assert len(steps) == 3
    assert steps[0].stages == ("classify", "read", "cut")
    assert steps[0].reason == "stage “classify” changed (version 1 → 2)"


def test_deleting_what_was_computed_brings_the_same_back(places: Places) -> None:
    workshop_of(places.raw)
    go(places)
    before = dump_digest(places.database)
    record = (places.reports / "town-hall" / "record.html").read_bytes()
    shutil.rmtree(places.processed)
    go(places)
    assert dump_digest(places.database) == before
    assert (places.reports / "town-hall" / "record.html").read_bytes() == record


def test_any_number_of_workers_gives_the_same_bytes(places: Places) -> None:
    workshop_of(places.raw, photos=6)
    outcomes = []
    for workers in (1, 2, 3):
        shutil.rmtree(places.processed, ignore_errors=True)
        shutil.rmtree(places.reports, ignore_errors=True)
        go(places, workers=workers)
        files = {p.name: p.read_bytes() for p in sorted(places.reports.rglob("*")) if p.is_file()}
        outcomes.append((dump_digest(places.database), files))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_files_that_are_no_photographs_are_refused_visibly(places: Places) -> None:
    folder = workshop_of(places.raw)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    (folder / "empty.png").write_bytes(b"")
    shutil.copy(folder / "photo-0.png", folder / "copy.png")
    summaries, _ = go(places)
    refused = {refusal.path: refusal.code for refusal in summaries[0].refusals}
    assert refused.pop("broken.jpg") in ("damaged", "not_an_image")
    # The first in the order of names is kept: the copy.
    assert refused == {"empty.png": "empty", "photo-0.png": "duplicate"}
    page = (places.reports / "town-hall" / "record.html").read_text("utf-8")
    assert "broken.jpg" in page
    assert raise_for_failures(summaries) is None


def test_a_stage_that_fails_costs_one_photograph_and_is_told(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop_of(places.raw)

    def crashing(bench: mapping.Bench) -> None:
        if bench.job.path == "photo-1.png":
            raise RuntimeError("the engine gave up")
        return real(bench)

    from fakes import WORK

    real = WORK["detect"]
    use_fakes(monkeypatch, detect=crashing)
    summaries, _ = go(places)
    failed = [refusal for refusal in summaries[0].refusals if refusal.code == "failed"]
    assert [refusal.path for refusal in failed] == ["photo-1.png"]
    assert "detect" in failed[0].reason
    assert "gave up" in failed[0].reason
    with pytest.raises(PhotosFailedError, match="1 photograph"):
        raise_for_failures(summaries)
    # A recorded failure is not tried again until something it depends on changes.
    assert go(places)[1] == []
    use_fakes(monkeypatch, {"detect": "2"})
    assert "photo-1.png" in go(places)[1]
    assert len(texts(places)) == 6


def test_a_photograph_replaced_while_it_is_read_is_not_mixed_up(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workshop_of(places.raw)
    todo = plans(places)[0].jobs[0]
    draw_photo(folder / todo.path, ["pink", "pink"], 77)
    outcome = mapping.work_on(todo)
    assert outcome.passing is not None
    assert "changed" in outcome.passing
    go(places)
    assert len(rows(places, f"SELECT 1 FROM responses WHERE photo = '{todo.path}'")) == 2


def test_an_empty_workshop_still_has_its_record(places: Places) -> None:
    workshop_of(places.raw, photos=0)
    summaries, _ = go(places)
    assert dict(summaries[0].counts)["notes found"] == 0
    assert (places.reports / "town-hall" / "record.html").is_file()


def test_two_workshops_share_the_database_and_neither_disturbs_the_other(places: Places) -> None:
    workshop_of(places.raw, "a")
    folder = workshop_of(places.raw, "b")
    settle(places.raw)
    go(places)
    assert rows(places, "SELECT workshop_id, count(*) FROM responses GROUP BY 1 ORDER BY 1") == [
        ("a", 6),
        ("b", 6),
    ]
    draw_photo(folder / "photo-9.png", ["pink"], 9)
    assert go(places, "b")[1] == ["photo-9.png"]
    assert rows(places, "SELECT workshop_id, count(*) FROM responses GROUP BY 1 ORDER BY 1") == [
        ("a", 6),
        ("b", 7),
    ]
    assert go(places)[1] == []
    shutil.rmtree(places.raw / "a")
    draw_photo(folder / "photo-8.png", ["pink"], 8)
    go(places)
    assert rows(places, "SELECT DISTINCT workshop_id FROM responses") == [("b",)]


def test_runs_of_two_workshops_at_once_leave_both_in_the_database(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop_of(places.raw, "a")
    workshop_of(places.raw, "b")
    others: list[threading.Thread] = []
    is_waiting, build = threading.Event(), builder.build

    def meanwhile(*given: Any, **named: Any) -> None:
        """The first has looked what there is to store; another workshop's run comes to the same point."""
        if not others:
            others.append(threading.Thread(target=go, args=(places, "b")))
            others[0].start()
            while others[0].is_alive() and not is_waiting.wait(0.01):
                pass
        build(*given, **named)

    def sleep(seconds: float) -> None:
        is_waiting.set()
        time.sleep(seconds)

    monkeypatch.setattr(builder, "build", meanwhile)
    monkeypatch.setattr(builder, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    go(places, "a")
    others[0].join(300)
    assert rows(places, "SELECT workshop_id, count(*) FROM responses GROUP BY 1 ORDER BY 1") == [
        ("a", 6),
        ("b", 6),
    ]


def test_a_second_run_on_the_same_workshop_is_refused_clearly(places: Places) -> None:
    workshop_of(places.raw)
    with (
        exclusive(places.lock("town-hall"), "The workshop “town-hall”"),
        pytest.raises(BusyError, match="town-hall"),
    ):
        go(places)
    go(places)


def test_decisions_are_taken_up_without_reading_a_photograph_again(places: Places) -> None:
    from pipeline.decisions import append
    from pipeline.model import Decision

    folder = workshop_of(places.raw)
    go(places)
    row = rows(places, "SELECT photo, polygon FROM responses ORDER BY photo, x LIMIT 1")[0]
    sha = rows(places, f"SELECT sha256 FROM photo WHERE photo = '{row[0]}'")[0][0]
    polygon = tuple((point["x"], point["y"]) for point in row[1])
    append(
        folder,
        [Decision("d1", sha, polygon, "text", "yellow", "Ask us first", "", "ada", "2026-11-21", "yellow")],
    )
    _, worked = go(places)
    assert worked == []
    found = rows(places, "SELECT text, reading_state FROM responses WHERE reading_state <> 'machine'")
    assert found == [("Ask us first", "reviewed")]
    page = (places.reports / "town-hall" / "record.html").read_text("utf-8")
    assert "Ask us first" in page


def test_nothing_published_carries_metadata(places: Places) -> None:
    from pictures import encoded, gradient

    folder = workshop_of(places.raw)
    (folder / "gps.jpg").write_bytes(encoded(gradient(400, 300), gps=True))
    go(places)
    for file in places.reports.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for trace in (b"SECRETMAKER", b"SERIAL12345", b"Exif\0\0", b"GPSLatitude"):
                assert trace not in content, file
