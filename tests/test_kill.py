"""A run killed at any point: what is there is the old or the new, whole, and the next run completes it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path

import duckdb
import pytest
from fakes import draw_photo, in_this_process, use_fakes, workshop_of

from pipeline.decisions import append
from pipeline.model import Decision
from pipeline.planning import Places
from pipeline.run import run
from pipeline.standing import publish_edition
from pipeline.store.digest import dump_digest

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["fakes", "pipeline.run", "pipeline.reducing", "pipeline.store.builder", "duckdb"]
)
POINTS = (3, 12, 24, 36, 50, 66)
"""At which act on the disk (opening for writing, renaming, removing) the run is killed."""


def _acts(event: str, arguments: tuple) -> bool:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        return writes or bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))
    return event in ("os.rename", "os.remove", "os.mkdir", "os.truncate")


def _run_and_die(base: str, point: int, publishes: bool) -> None:
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        if _acts(event, arguments) and any(
            isinstance(part, str | os.PathLike) and str(part).startswith(base) for part in arguments[:1]
        ):
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)

    patch = pytest.MonkeyPatch()
    use_fakes(patch)
    sys.addaudithook(hook)
    places = places_of(Path(base))
    run(places, workers=1, make_executor=in_this_process)
    if publishes:
        publish_edition(places, "town-hall", "2026-11-21")


def places_of(base: Path) -> Places:
    return Places(base / "raw", base / "processed", base / "reports")


def killed_at(base: Path, point: int, publishes: bool = False) -> bool:
    child = FORKS.Process(target=_run_and_die, args=(str(base), point, publishes))
    child.start()
    child.join(600)
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return child.exitcode != 0


def state(places: Places) -> tuple[str | None, bytes | None]:
    """The database's content and the record as they stand; fails if either cannot be opened."""
    digest = dump_digest(places.database) if places.database.exists() else None
    page = places.reports / "town-hall" / "record.html"
    content = page.read_bytes() if page.exists() else None
    assert content is None or content.rstrip().endswith(b"</html>")
    return digest, content


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple, tuple]:
    """The states before and after a second photograph, as runs that nobody kills leave them."""
    patch = pytest.MonkeyPatch()
    use_fakes(patch)
    base = tmp_path_factory.mktemp("whole")
    folder = workshop_of(base / "raw", photos=1)
    places = places_of(base)
    run(places, workers=1, make_executor=in_this_process)
    old = state(places)
    draw_photo(folder / "second.png", ["blue", "pink"], 5)
    run(places, workers=1, make_executor=in_this_process)
    patch.undo()
    return old, state(places)


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_taking_up_a_new_photograph(
    tmp_path: Path, whole: tuple[tuple, tuple], point: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fakes(monkeypatch)
    old, new = whole
    folder = workshop_of(tmp_path / "raw", photos=1)
    places = places_of(tmp_path)
    run(places, workers=1, make_executor=in_this_process)
    assert state(places) == old
    draw_photo(folder / "second.png", ["blue", "pink"], 5)
    killed_at(tmp_path, point)
    digest, page = state(places)
    assert digest in (old[0], new[0])
    assert page in (old[1], new[1])
    run(places, workers=1, make_executor=in_this_process)
    assert state(places) == new
    leftovers = [path for path in tmp_path.rglob("*") if ".partial-" in path.name]
    assert not [path for path in leftovers if "reports" in path.parts]


def test_some_of_the_points_really_are_inside_a_run(tmp_path: Path) -> None:
    workshop_of(tmp_path / "raw", photos=2)
    assert killed_at(tmp_path, POINTS[0])
    assert killed_at(tmp_path, POINTS[1])


@pytest.mark.parametrize("point", [2, 5, 8])
def test_killed_while_publishing(tmp_path: Path, point: int, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fakes(monkeypatch)
    workshop_of(tmp_path / "raw", photos=1)
    places = places_of(tmp_path)
    run(places, workers=1, make_executor=in_this_process)
    # Nothing changed, so the run does next to nothing and the kill falls into publishing.
    killed_at(tmp_path, point + 4, publishes=True)
    edition = publish_edition(places, "town-hall", "2026-11-21")
    assert edition.number == 1
    assert len(edition.record.notes) == 1


def test_a_decision_confirmed_before_a_kill_is_there_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fakes(monkeypatch)
    folder = workshop_of(tmp_path / "raw", photos=1)
    places = places_of(tmp_path)
    run(places, workers=1, make_executor=in_this_process)
    with duckdb.connect(str(places.database), read_only=True) as connection:
        sha, polygon = connection.execute(
            "SELECT p.sha256, s.polygon FROM sightings s JOIN photo p USING (workshop_id, photo)"
        ).fetchall()[0]
    place = tuple((point["x"], point["y"]) for point in polygon)
    append(
        folder, [Decision("d1", sha, place, "text", "yellow", "Ask first", "", "ada", "2026-11-21", "yellow")]
    )
    killed_at(tmp_path, 6)
    run(places, workers=1, make_executor=in_this_process)
    with duckdb.connect(str(places.database), read_only=True) as connection:
        assert connection.execute("SELECT text FROM responses").fetchall() == [("Ask first",)]
