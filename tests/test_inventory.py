"""What lies in a workshop's folder: by content, once, whatever the files are called."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import inventory
from pipeline.inventory import take_inventory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "raw" / "w"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "processed" / "index" / "w.json"


def settle(path: Path) -> None:
    """Make a file look as if it had been there for a while."""
    old = time.time() - 60
    os.utime(path, (old, old))


@pytest.mark.parametrize(
    "name",
    [
        "a b.jpg",
        'it\'s "quoted".jpg',
        "new\nline.jpg",
        "note-📌.jpg",
        "\u202eright-to-left.jpg",
        "x" * 250 + ".jpg",
    ],
)
def test_any_file_name_will_do(folder: Path, index: Path, name: str) -> None:
    (folder / name).write_bytes(b"picture")
    found = take_inventory(folder, index)
    assert [source.path for source in found.sources] == [name]
    assert take_inventory(folder, index) == found


def test_a_name_that_is_not_text_is_refused_not_lost(folder: Path, index: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")).write_bytes(b"picture")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    found = take_inventory(folder, index)
    assert found.sources == ()
    assert [refusal.code for refusal in found.refusals] == ["unreadable"]


def test_documents_and_hidden_files_are_left_alone(folder: Path, index: Path) -> None:
    for name in ("workshop.toml", "decisions.jsonl", "record.txt", ".DS_Store", "themes.toml"):
        (folder / name).write_bytes(b"x")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "a.jpg").write_bytes(b"x")
    found = take_inventory(folder, index)
    assert found.sources == ()
    assert found.refusals == ()


def test_exact_duplicates_are_counted_once_and_told(folder: Path, index: Path) -> None:
    (folder / "b.jpg").write_bytes(b"same")
    (folder / "a.jpg").write_bytes(b"same")
    found = take_inventory(folder, index)
    assert [source.path for source in found.sources] == ["a.jpg"]
    assert [(refusal.path, refusal.code) for refusal in found.refusals] == [("b.jpg", "duplicate")]
    assert "a.jpg" in found.refusals[0].reason


def test_a_link_out_of_the_folder_is_refused(folder: Path, index: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"private")
    (folder / "link.jpg").symlink_to(secret)
    (folder / "folder").symlink_to(tmp_path)
    found = take_inventory(folder, index)
    assert found.sources == ()
    assert [refusal.code for refusal in found.refusals] == ["outside", "outside"]


def test_a_dangling_link_is_refused(folder: Path, index: Path) -> None:
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    assert [refusal.code for refusal in take_inventory(folder, index).refusals] == ["unreadable"]


def test_unchanged_files_are_not_read_again(
    folder: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.jpg").write_bytes(b"one")
    settle(folder / "a.jpg")
    first = take_inventory(folder, index)

    def unwanted(*_: object) -> None:
        raise AssertionError("an unchanged file was hashed again")

    monkeypatch.setattr(inventory.hashlib, "sha256", unwanted)
    assert take_inventory(folder, index) == first


def test_a_change_within_the_same_time_stamp_is_seen(
    folder: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "a.jpg"
    file.write_bytes(b"one")
    state = file.stat()
    # A second later, however long the machine takes.
    clock = SimpleNamespace(time_ns=lambda: state.st_mtime_ns + 1_000_000_000)
    monkeypatch.setattr(inventory, "time", clock)
    before = take_inventory(folder, index)
    file.write_bytes(b"two")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert take_inventory(folder, index) != before


def test_a_clock_going_backwards_only_costs_time(folder: Path, index: Path) -> None:
    file = folder / "a.jpg"
    file.write_bytes(b"one")
    future = time.time() + 10_000
    os.utime(file, (future, future))
    before = take_inventory(folder, index)
    file.write_bytes(b"two")
    os.utime(file, (future, future))
    assert take_inventory(folder, index) != before


def test_a_damaged_index_only_costs_time(folder: Path, index: Path) -> None:
    (folder / "a.jpg").write_bytes(b"one")
    before = take_inventory(folder, index)
    index.write_bytes(b"{half")
    assert take_inventory(folder, index) == before
