"""What people, and programs that mean harm, put into a workshop's folder: refused with its reason, never a crash."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from pipeline import inventory
from pipeline.decisions import parse_log
from pipeline.errors import ConfigError, MissingError, StorageError
from pipeline.files import exclusive
from pipeline.inventory import take_inventory
from pipeline.themes import themes_toml
from pipeline.workshop import load_workshop


def refusals(folder: Path) -> list[tuple[str, str]]:
    found = take_inventory(folder, folder.parent / "index.json")
    return [(refusal.path, refusal.code) for refusal in found.refusals]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    os.mkfifo(folder / "pipe.jpg")
    assert refusals(folder) == [("pipe.jpg", "not_an_image")]


def test_a_file_larger_than_any_photograph_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    with (folder / "film.jpg").open("wb") as file:
        file.truncate(inventory.MAX_BYTES + 1)

    def unwanted(*_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(inventory, "_entry", unwanted)
    assert refusals(folder) == [("film.jpg", "too_large")]


def test_a_folder_that_cannot_be_looked_into_is_told_not_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w"
    (folder / "closed").mkdir(parents=True)
    (folder / "open.jpg").write_bytes(b"x")
    real = os.scandir

    def scandir(place: str) -> object:
        if str(place).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    assert refusals(folder) == [("closed", "unreadable")]


def test_a_workshop_that_went_away_is_told_and_not_taken_for_empty(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot be looked into"):
        take_inventory(tmp_path / "gone", tmp_path / "index.json")
    assert not (tmp_path / "index.json").exists()


SQUARE = [[0, 0], [9, 0], [9, 9], [0, 9]]


def line(**changes: object) -> bytes:
    row = {
        "id": "d1",
        "photo_sha256": "0" * 64,
        "polygon": SQUARE,
        "field": "text",
        "new": "Listen",
        **changes,
    }
    return json.dumps(row).encode()


@pytest.mark.parametrize(
    "bad",
    [
        line(polygon=[[1], [2], [3]]),
        line(polygon=[[1, 2], [3, 4]]),
        line(polygon=[[0, 0], [1e300, 0], [0, 1e300]]),
        line(polygon=[{"x": 1}, {"x": 2}, {"x": 3}]),
        line(new=json.loads("[" * 50 + "]" * 50)),
        b'{"id":' + b"[" * 100_000,
        b'{"id":"d1","polygon":' + b'{"a":' * 100_000,
        line(polygon=[[0, 0], [9, 0], [9, 9]]).replace(b"9", b"1e999"),
        b"\xff\xfe\0",
    ],
)
def test_a_bad_line_of_the_log_costs_only_itself(bad: bytes) -> None:
    log = parse_log(line(id="before") + b"\n" + bad + b"\n" + line(id="after") + b"\n")
    assert [decision.id for decision in log.decisions] == ["before", "after"]
    assert len(log.problems) == 1
    assert "line 2" in log.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        'title = "T"\ndate = ' + "9" * 5000,
        'title = "T"\nx = ' + "[" * 5000,
        'title = "T"\n[[principles]]\nheading = "P"\nstated = 99999999999999999999',
    ],
)
def test_settings_that_nobody_means_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "workshop.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"workshop\.toml"):
        load_workshop(tmp_path)


@pytest.mark.parametrize("content", [b"a = " + b"9" * 5000, b"a = " + b"[" * 5000, b"\xff\xfe", b"[[themes"])
def test_themes_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "themes.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"themes\.toml"):
        themes_toml.read(tmp_path / "themes.toml")
    assert themes_toml.read(tmp_path / "absent.toml") is None


def test_a_disk_without_locks_is_not_taken_for_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(StorageError, match="No locks"), exclusive(tmp_path / "x.lock", "The workshop"):
        pass
