"""Folders, results and room that go away, clocks that go back, names that mean harm: the old record or the new."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from campaigns.kills import make_quick
from fakes import WORK, draw_photo, in_this_process, use_fakes, workshop_of

from pipeline import cache, mapping
from pipeline.decisions import append, read_log
from pipeline.errors import BusyError, MissingError, StorageError
from pipeline.files import exclusive, storage_error
from pipeline.model import Decision
from pipeline.planning import Places
from pipeline.run import Summary, run
from pipeline.standing import load_record
from pipeline.store.digest import dump_digest

NAME = "town-hall"
DECISION = Decision(
    "d1", "0" * 64, ((0, 0), (9, 0), (9, 9)), "text", None, "Ask", "", "ada", "2026-11-22T00:00:00Z", ""
)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A workshop that was run once, with a new photograph that the next run has to read."""
    make_quick(monkeypatch)
    made = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    folder = workshop_of(made.raw, NAME, photos=1)
    append(folder, [DECISION])
    go(made)
    draw_photo(folder / "second.png", ["blue", "pink"], 5)
    return made


def go(places: Places) -> Summary:
    return run(places, workers=1, make_executor=in_this_process)[0]


def published(places: Places) -> tuple[str, bytes]:
    return dump_digest(places.database), (places.reports / NAME / "record.html").read_bytes()


def in_the_middle(patch: pytest.MonkeyPatch, act: Any) -> None:
    """Have something happen once while the photographs are read."""
    happened: list[bool] = []

    def detect(bench: mapping.Bench) -> Any:
        found = WORK["detect"](bench)
        if not happened:
            happened.append(True)
            act()
        return found

    use_fakes(patch, detect=detect)


def test_the_workshops_folder_comes_off_and_back(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    before = published(places)
    away = places.raw.parent / "away"
    in_the_middle(monkeypatch, lambda: (places.raw / NAME).rename(away))
    with pytest.raises(MissingError, match="went away") as caught:
        go(places)
    assert "untouched" in caught.value.safe
    assert published(places) == before
    away.rename(places.raw / NAME)
    use_fakes(monkeypatch)
    assert dict(go(places).counts)["photographs read"] == 2
    assert read_log(places.raw / NAME).decisions == (DECISION,)


def test_results_that_go_away_or_are_damaged_are_made_anew(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose() -> None:
        for file in (places.cache / "intake").rglob("*.json"):
            file.write_bytes(file.read_bytes()[:-9])
        shutil.rmtree(places.cache / "describe")

    in_the_middle(monkeypatch, lose)
    summary = go(places)
    assert summary.refusals == ()
    assert dict(summary.counts)["photographs read"] == 2


def test_results_that_go_away_again_and_again_end_the_run_in_the_old_state(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published(places)
    monkeypatch.setattr(cache.Cache, "get", lambda *_: None)
    with pytest.raises(StorageError, match="gone or damaged"):
        go(places)
    assert published(places) == before


def test_everything_computed_and_published_goes_away_in_the_middle(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose() -> None:
        shutil.rmtree(places.processed)
        shutil.rmtree(places.reports)

    in_the_middle(monkeypatch, lose)
    assert dict(go(places).counts)["photographs read"] == 2
    assert len(load_record(places, NAME).notes) == 3
    assert published(places)


def test_a_disk_that_fills_up_ends_the_run_in_the_old_state(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published(places)
    real = cache.write_atomically

    def full(path: Path, *_: object, **__: object) -> None:
        raise storage_error(
            path, OSError(errno.ENOSPC, "No space left on device"), "What was there is untouched."
        )

    monkeypatch.setattr(cache, "write_atomically", full)
    with pytest.raises(StorageError, match="disk is full"):
        go(places)
    assert published(places) == before
    assert read_log(places.raw / NAME).decisions == (DECISION,)
    monkeypatch.setattr(cache, "write_atomically", real)
    assert dict(go(places).counts)["photographs read"] == 2


def test_what_killed_runs_left_is_removed_and_what_may_be_at_work_is_not(places: Places) -> None:
    shard = places.cache / "detect" / "ab"
    shard.mkdir(parents=True, exist_ok=True)
    ours = [
        folder / ".partial-0123456789ab" for folder in (shard, places.processed, places.state("x").parent)
    ]
    young = shard / ".partial-ba9876543210"
    others = [shard / ".partial-mine", places.raw / NAME / ".partial-0123456789ab", shard / "0123456789ab"]
    for file in (*ours, young, *others):
        file.write_bytes(b"half")
    away = places.raw.parent / "away"
    away.mkdir()
    (away / ".partial-0123456789ab").write_bytes(b"half")
    (shard / "link").symlink_to(away)
    two_days_ago = time.time() - 2 * 86_400
    for file in (*ours, *others, away / ".partial-0123456789ab"):
        os.utime(file, (two_days_ago, two_days_ago))
    go(places)
    assert not [file for file in ours if file.exists()]
    assert all(file.exists() for file in (young, *others, away / ".partial-0123456789ab"))


def test_leftovers_are_only_removed_under_the_lock(places: Places) -> None:
    left = places.processed / ".partial-0123456789ab"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    with exclusive(places.lock(NAME), "it"), pytest.raises(BusyError):
        go(places)
    assert left.exists()


@pytest.mark.parametrize("damage", [None, b"", b'{"title":"\xff"}', b"[" * 5000])
def test_a_record_that_goes_away_or_is_damaged_is_made_anew(places: Places, damage: bytes | None) -> None:
    go(places)
    before = published(places)
    file = places.record(NAME)
    file.unlink() if damage is None else file.write_bytes(damage)
    assert not go(places).is_unchanged
    assert published(places) == before
    assert go(places).is_unchanged


def test_another_workshops_damaged_record_is_told_and_loses_it_no_place_in_the_database(
    places: Places,
) -> None:
    workshop_of(places.raw, "library", photos=1)
    run(places, workers=1, make_executor=in_this_process)
    before = published(places)
    draw_photo(places.raw / NAME / "third.png", ["yellow"], 7)
    places.record("library").write_bytes(b"half")
    with pytest.raises(MissingError, match=r"library.json is damaged") as caught:
        run(places, [NAME], workers=1, make_executor=in_this_process)
    assert "workshop run library" in caught.value.remedy
    assert published(places) == before
    places.record("library").unlink()
    run(places, ["library"], workers=1, make_executor=in_this_process)
    go(places)
    assert published(places) != before


def test_a_clock_that_goes_back_a_day_changes_nothing(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 86_400
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() - day)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() - day * 1_000_000_000)
    assert dict(go(places).counts)["photographs read"] == 2
    draw_photo(places.raw / NAME / "second.png", ["yellow"], 6)
    assert dict(go(places).counts)["notes found"] == 2
    assert go(places).is_unchanged


NAMES = (
    "a b.png",
    'it\'s "quoted".png',
    "new\nline.png",
    "note-📌.png",
    "\u202eright-to-left.png",
    "n" * 246 + ".png",
    "<script>alert(1)<\u2215script>.png",
    "=cmd|' ⁄C calc'!A0.png",
    "-rf.png",
    "\x1b]0;owned\x07.png",
    "x..%2f..%2fetc.png",
    "&amp;]]>.png",
)


def test_photographs_of_any_name_come_through_to_everything_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline import exporting
    from pipeline.standing import exportable

    make_quick(monkeypatch)
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    folder = workshop_of(places.raw, NAME, photos=0)
    for number, name in enumerate(NAMES):
        draw_photo(folder / name, ["yellow"], number)
    (folder / "broken <b>.png").write_bytes(b"no picture")
    summary = go(places)
    assert dict(summary.counts)["photographs read"] == len(NAMES)
    page = (places.reports / NAME / "record.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "broken <b>" not in page
    table = (places.reports / NAME / "responses.csv").read_text("utf-8")
    assert not [
        row for row in table.split("\n") if row.startswith("=cmd") or ",=cmd" in row or ',"=cmd' in row
    ]
    it = exportable(places, NAME)
    outside = {path for path in tmp_path.rglob("*") if not path.is_relative_to(places.reports / NAME)}
    for form in ("data-package", "tei", "page-xml", "web-annotation", "docx", "md", "txt"):
        target = places.reports / NAME / "exports" / form
        for file in exporting.export(it, form, target):
            assert file.resolve().is_relative_to(target.resolve()), form
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(places.reports / NAME)} == outside
