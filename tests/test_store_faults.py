"""Whatever happens while the database is built, the old one stands or the new one does, never half of one."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from factories import make_record

from pipeline import model
from pipeline.errors import BusyError
from pipeline.store import builder, parts
from pipeline.store.builder import build
from pipeline.store.errors import StoreError

ROOT = Path(__file__).resolve().parents[1]
OLD, NEW = 3, 40
CLEAN = [".workshops.duckdb.lock", "workshops.duckdb"]

BUILD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from factories import make_record
from pipeline.store import builder, parts

parts.CHUNK_ROWS = 50
fatal = sys.argv[2]

def die_at(step):
    if step == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

builder.build([make_record(notes=40)], Path(sys.argv[1]), on_step=die_at)
"""

HOLD_AND_COUNT = """
import sys
import duckdb

connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
question = "SELECT count(*) FROM responses"
print(connection.execute(question).fetchall()[0][0], flush=True)
sys.stdin.readline()
print(connection.execute(question).fetchall()[0][0], flush=True)
"""

BUILD_WITH_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from factories import make_record
from pipeline.store.builder import build
from pipeline.store.errors import StoreError

resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    build([make_record(notes=40)], Path(sys.argv[1]))
except StoreError as error:
    print(error)
"""


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def count(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        return int(connection.execute("SELECT count(*) FROM responses").fetchall()[0][0])


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("old") / "workshops.duckdb"
    build([make_record(notes=OLD)], path)
    return path.read_bytes()


@pytest.fixture
def database(built_once: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "workshops.duckdb"
    path.write_bytes(built_once)
    (tmp_path / ".workshops.duckdb.lock").touch()
    return path


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("locked", OLD),
        ("created", OLD),
        ("stored", OLD),
        ("filled", OLD),
        ("validated", OLD),
        ("synced", OLD),
        ("swapped", NEW),
    ],
)
def test_a_kill_leaves_the_old_database_or_the_new_one(database: Path, step: str, left: int) -> None:
    process = child(BUILD_AND_DIE, str(database), step)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    assert count(database) == left
    if step in ("created", "stored", "filled", "validated", "synced"):
        assert any("building" in name for name in names(database.parent)), "the kill came in the middle"
    build([make_record(notes=OLD + 1)], database)
    assert count(database) == OLD + 1
    assert names(database.parent) == CLEAN


@pytest.mark.parametrize("how", ["read", "write"])
def test_a_viewer_in_another_process_is_undisturbed(database: Path, how: str) -> None:
    viewer = child(HOLD_AND_COUNT, str(database), how)
    assert viewer.stdout is not None
    assert viewer.stdout.readline().strip() == str(OLD)
    build([make_record(notes=NEW)], database)
    assert count(database) == NEW
    rest, _ = viewer.communicate("\n", timeout=300)
    assert rest.strip() == str(OLD), "it still reads the database it opened"
    assert viewer.returncode == 0
    assert count(database) == NEW


def test_a_log_left_by_somebody_who_wrote_into_the_database_does_not_poison_the_new_one(
    database: Path,
) -> None:
    write = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('CREATE TABLE mine (a INTEGER)'); os._exit(0)"
    )
    child(write, str(database)).communicate(timeout=300)
    assert "workshops.duckdb.wal" in names(database.parent)
    build([make_record(notes=NEW)], database)
    assert count(database) == NEW


def test_a_disk_without_room_leaves_the_old_database(database: Path) -> None:
    """A real failure of writing: the child may not make a file larger than 200 kB."""
    before = database.read_bytes()
    process = child(BUILD_WITH_LITTLE_ROOM, str(database))
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "could not be written" in told
    assert "Nothing is lost" in told
    assert database.read_bytes() == before
    assert names(database.parent) == CLEAN


@pytest.mark.parametrize(
    ("place", "failure", "words"),
    [
        ("_sync", OSError(errno.ENOSPC, "No space left on device"), "disk that holds .* is full"),
        ("_take_in", duckdb.IOException("Could not write file: No space left on device"), "Free some space"),
        ("_take_in", duckdb.FatalException("Could not write file: No space left"), "Free some space"),
        ("_fill", OSError(errno.EROFS, "Read-only file system"), "may not be written to"),
        ("_sync", OSError(errno.EIO, "Input/output error"), "could not be written"),
        ("_take_in", MemoryError("out of memory"), "not enough memory"),
        ("_take_in", duckdb.OutOfMemoryException("failed to allocate"), "not enough memory"),
        ("_take_in", duckdb.InternalException("assertion"), "could not be built"),
    ],
)
def test_each_failure_says_what_happened_what_is_safe_and_what_to_do(
    database: Path, monkeypatch: pytest.MonkeyPatch, place: str, failure: Exception, words: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise failure

    monkeypatch.setattr(builder, place, fail)
    with pytest.raises(StoreError, match=words) as caught:
        build([make_record(notes=NEW)], database)
    assert caught.value.safe.startswith("Nothing is lost")
    assert caught.value.remedy
    assert count(database) == OLD
    assert names(database.parent) == CLEAN


def test_an_interrupt_cleans_up_and_is_passed_on(database: Path) -> None:
    def interrupt(step: str) -> None:
        if step == "filled":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build([make_record(notes=NEW)], database, on_step=interrupt)
    assert count(database) == OLD
    assert names(database.parent) == CLEAN


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "processed").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="could not be written"):
        build([make_record(notes=1)], tmp_path / "processed" / "workshops.duckdb")


def test_a_second_build_waits_for_the_first(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    inside, go_on = threading.Event(), threading.Event()

    def first_step(step: str) -> None:
        if step == "locked":
            inside.set()
            assert go_on.wait(300)
        order.append(f"first {step}")

    def sleep(seconds: float) -> None:
        go_on.set()  # the second has found the lock taken, and waits
        time.sleep(seconds)

    first = threading.Thread(
        target=build, args=([make_record(notes=1)], database), kwargs={"on_step": first_step}
    )
    first.start()
    try:
        assert inside.wait(300)
        with pytest.raises(BusyError, match="Another run is writing"):
            build([make_record(notes=2)], database, lock_timeout=0)
        monkeypatch.setattr(builder, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
        build([make_record(notes=2)], database, on_step=lambda step: order.append(f"second {step}"))
    finally:
        go_on.set()
        first.join(300)
    assert order.index("first swapped") < order.index("second locked")
    assert count(database) == 2


def test_memory_does_not_grow_with_the_number_of_workshops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records are taken one by one: at most two are alive at a time, though twenty go by."""
    alive = 0
    most = 0

    class Watched(list[str]):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def records() -> Iterator[model.Record]:
        nonlocal alive, most
        for number in range(20):
            notices = Watched(["a notice"])
            alive += 1
            most = max(most, alive)
            yield make_record(f"w{number:03d}", notes=1, notices=notices)
            del notices

    monkeypatch.setattr(parts, "CHUNK_ROWS", 60)
    build(records(), tmp_path / "w.duckdb")
    assert count(tmp_path / "w.duckdb") == 20
    assert most <= 2
