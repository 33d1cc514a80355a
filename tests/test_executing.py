"""Jobs side by side: the same outcomes for any number of workers, and none lost when a worker dies."""

import os
import signal
import subprocess
import sys
import time
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


def test_workers_fall_with_a_run_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import os, signal\n"
        "from pipeline.executing import local_pool\n"
        "if __name__ == '__main__':\n"
        "    print(local_pool(1).submit(os.getpid).result(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    killed = subprocess.run(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    worker = int(killed.stdout)
    deadline = time.monotonic() + 300
    while _is_at_work(worker):
        assert time.monotonic() < deadline, "the worker outlived its run"
        time.sleep(0.05)


def _is_at_work(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True  # ended since, as the next look will see; or a system without such files
    # Ended, and not yet taken note of by whoever took the place of its parent.
    return state.rpartition(")")[2].split()[0] != "Z"
