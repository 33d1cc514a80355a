"""Workshops put together side by side: the same bytes as one after the other, and none lost with a worker."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from fakes import fakes, in_this_process, workshop_of  # noqa: F401  (a fixture)

from pipeline import executing, run, storing
from pipeline.errors import MissingError
from pipeline.executing import SIDE_BY_SIDE_FROM, at_once, local_pool, side_by_side
from pipeline.gathering import LostError
from pipeline.planning import Places
from pipeline.store.digest import dump_digest

NAMES = ("east", "north", "west")


def squared(number: int) -> int:
    return number * number


def lost_at_two(number: int) -> int:
    if number == 2:
        raise LostError("Gone.", safe="All else.", remedy="Run again.")
    return number


def killed_in_a_worker(job: tuple[int, int]) -> int:
    run_itself, number = job
    if number == 2 and os.getpid() != run_itself:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    numbers = list(range(7))
    found = [(number, result()) for number, result in side_by_side(numbers, squared, workers)]
    assert found == [(number, number * number) for number in numbers]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_one_raises_is_raised_where_it_is_asked_for(workers: int) -> None:
    found = []
    for number, result in side_by_side([1, 2, 3], lost_at_two, workers):
        try:
            found.append(result())
        except LostError as error:
            assert (number, str(error)) == (2, "Gone.\nAll else.\nRun again.")
    assert found == [1, 3]


def test_what_a_killed_worker_left_is_done_here() -> None:
    jobs = [(os.getpid(), number) for number in range(5)]
    assert [result() for _, result in side_by_side(jobs, killed_in_a_worker, 2)] == [0, 1, 2, 3, 4]


def test_few_photographs_are_not_worth_processes() -> None:
    assert at_once(4, SIDE_BY_SIDE_FROM - 1) == 1
    assert at_once(4, SIDE_BY_SIDE_FROM) == 4
    assert at_once(None, SIDE_BY_SIDE_FROM) == (os.cpu_count() or 1)


def outputs(places: Places) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {"database": dump_digest(places.database)}
    for folder in (places.processed / "records", places.processed / "review", places.reports):
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                found[str(file.relative_to(places.raw.parent))] = file.read_bytes()
    return found


def test_two_workers_write_the_same_bytes_as_one(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    tmp_path: Path,
) -> None:
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    for name in NAMES:
        workshop_of(places.raw, name)
    run.run(places, make_executor=in_this_process)
    one = outputs(places)
    assert {f"processed/records/{name}.json" for name in NAMES} <= set(one)
    # Only the photographs' own results are left.
    shutil.rmtree(places.reports)
    for entry in places.processed.iterdir():
        if entry.is_file():
            entry.unlink()
        elif entry != places.cache:
            shutil.rmtree(entry)
    for what in ("boards", "compared", "judged", "placed", "themes"):
        shutil.rmtree(places.cache / what, ignore_errors=True)
    asked: list[int] = []

    def pool(workers: int) -> executing.Executor:
        asked.append(workers)
        return local_pool(workers)

    fakes.setattr(executing, "SIDE_BY_SIDE_FROM", 0)
    fakes.setattr(storing, "LARGE_BYTES", 1)
    run.run(places, workers=2, make_executor=pool)
    assert asked == [2, 2], "for the records, and for their rows"
    assert outputs(places) == one
    (places.processed / "records" / "north.json").write_bytes(b"{")
    with pytest.raises(MissingError, match=r"north.json is damaged"):
        storing.store(places, 2)
    assert outputs(places)["database"] == one["database"]
