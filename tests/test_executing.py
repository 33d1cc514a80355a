"""Jobs side by side: the same outcomes for any number of workers, and none lost when a worker dies."""

import os
import signal
from pathlib import Path

import pytest

from pipeline.executing import run_jobs
from pipeline.mapping import Job, Outcome, Settings

SETTINGS = Settings("en", ("rapidocr",), "tesseract")


def jobs(folder: Path, *names: str) -> list[Job]:
    return [Job(str(folder), name, "0" * 64, str(folder), SETTINGS, ()) for name in names]


def well(job: Job) -> Outcome:
    return Outcome(job.path, notes=len(job.path))


def killed_by_one(job: Job) -> Outcome:
    if job.path == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(job.path, notes=1)


def killed_once(job: Job) -> Outcome:
    marker = Path(job.cache_folder) / "killed"
    if job.path == "c" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(job.path, notes=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_has_its_outcome(tmp_path: Path, workers: int) -> None:
    names = [f"photo-{number}" for number in range(7)]
    outcomes = list(run_jobs(jobs(tmp_path, *names), well, workers))
    assert sorted(outcome.path for outcome in outcomes) == names
    assert all(outcome.notes == 7 for outcome in outcomes)


def test_a_photograph_that_kills_its_worker_costs_only_itself(tmp_path: Path) -> None:
    names = ["a", "b", "bad", "c", "d"]
    outcomes = {outcome.path: outcome for outcome in run_jobs(jobs(tmp_path, *names), killed_by_one, 2)}
    assert sorted(outcomes) == sorted(names)
    assert outcomes["bad"].passing is not None
    assert "memory" in outcomes["bad"].passing
    assert all(outcomes[name].notes == 1 for name in names if name != "bad")


def test_a_worker_killed_by_chance_costs_nothing(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    outcomes = {outcome.path: outcome for outcome in run_jobs(jobs(tmp_path, *names), killed_once, 2)}
    assert sorted(outcomes) == names
    assert all(outcome.notes == 1 for outcome in outcomes.values())
