"""A run on a real Dask cluster of two workers: the same tables as a local one, whichever worker dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fakes import draw_photo, in_this_process, use_fakes, workshop_of
from fakes_on_worker import KILL_ALWAYS, KILL_ONCE

from pipeline import cluster, planning
from pipeline.errors import MissingError
from pipeline.mapping import Job, Outcome, Settings
from pipeline.planning import Places, program_digest
from pipeline.run import Watcher, raise_for_failures, run
from pipeline.store.digest import dump_digest

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask (the extra “cluster”) is not installed")
    import dask.config

    # On a busy machine a worker that was killed may take longer to come back than Dask waits before it gives it up.
    patience = {"distributed.comm.timeouts.connect": "300s", "distributed.deploy.lost-worker-timeout": "1h"}
    with pytest.MonkeyPatch.context() as patch, dask.config.set(patience):
        patch.setenv("PYTHONPATH", f"{TESTS.parent}:{TESTS}")
        patch.syspath_prepend(str(TESTS))
        made = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=":0",
            preload=["fakes_on_worker"],
            silence_logs=50,
        )
        yield made
        # Workers that do not end in time are killed, and one that is not seen to end in time then is none of ours.
        with suppress(TimeoutError):
            made.close()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    use_fakes(monkeypatch)
    monkeypatch.setattr(planning, "program_digest", lambda: "as tested")
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 300)
    monkeypatch.setattr(cluster, "SECONDS_FOR_A_WORKER", 300)
    return Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")


class Where(Watcher):
    def __init__(self) -> None:
        self.worked: list[str] = []

    def advance(self, outcome: Outcome) -> None:
        self.worked.append(outcome.path)


def files_of(places: Places) -> dict[str, bytes]:
    return {
        path.relative_to(places.reports).as_posix(): path.read_bytes()
        for path in sorted(places.reports.rglob("*"))
        if path.is_file()
    }


def test_a_cluster_that_loses_a_worker_gives_what_a_local_run_gives(dask: Any, places: Places) -> None:
    workshop_of(places.raw, photos=8)
    alone = Places(places.raw, places.processed.parent / "alone", places.reports.parent / "alone-reports")
    run(alone, workers=1, make_executor=in_this_process)
    watcher = Where()
    summary = run(places, scheduler=dask.scheduler_address, watcher=watcher)[0]
    assert (places.cache / "killed").exists(), f"{KILL_ONCE} killed nobody: the test shows nothing"
    assert sorted(watcher.worked) == [f"photo-{number}.png" for number in range(8)]
    assert summary.failed == 0
    assert dump_digest(places.database) == dump_digest(alone.database)
    assert files_of(places) == files_of(alone)
    assert not list(places.cache.glob(".shared-*"))


def test_a_photograph_that_kills_every_worker_costs_only_itself(dask: Any, places: Places) -> None:
    folder = workshop_of(places.raw, photos=3)
    draw_photo(folder / KILL_ALWAYS, ["pink"], 77)
    (places.cache).mkdir(parents=True)
    (places.cache / "killed").touch()
    # One death is enough to be given up by Dask: the test is about what happens then.
    dask.scheduler.allowed_failures = 0
    summary = run(places, scheduler=dask.scheduler_address)[0]
    assert [refusal.path for refusal in summary.refusals] == [KILL_ALWAYS]
    assert "for want of memory" in summary.refusals[0].reason
    assert dict(summary.counts)["photographs read"] == 3
    with pytest.raises(Exception, match="1 photograph"):
        raise_for_failures([summary])


JOB = Job("photo.png", "photo.png", "0" * 64, "cache", Settings("en", ("rapidocr",), "tesseract"), ())


def test_a_worker_of_another_version_or_without_the_folders_touches_nothing(tmp_path: Path) -> None:
    def unwanted(_job: Job) -> Outcome:
        raise AssertionError("the worker went to work")

    marker = tmp_path / ".shared-1"
    other = cluster.checked("another program", str(marker), unwanted, JOB)
    assert "another version" in (other.passing or "")
    apart = cluster.checked(program_digest(), str(marker), unwanted, JOB)
    assert "all workers share" in (apart.passing or "")
    marker.touch()
    assert cluster.checked(program_digest(), str(marker), lambda _: Outcome("x", notes=3), JOB).notes == 3


def test_without_dask_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MissingError, match="not installed") as caught,
        cluster.connected("tcp://head:8786", tmp_path),
    ):
        pass
    assert "pip install" in caught.value.remedy


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "tcp://127.0.0.1:notaport"])
def test_an_address_where_nobody_answers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask (the extra “cluster”) is not installed")

    def left_over(*_: object, **__: object) -> None:
        raise AssertionError("a client that never connected would be left to be collected at any moment")

    monkeypatch.setattr(distributed, "Client", left_over)
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.5)
    with (
        pytest.raises(MissingError, match="No Dask scheduler answers") as caught,
        cluster.connected(address, tmp_path),
    ):
        pass
    assert "dask scheduler" in caught.value.remedy


def test_an_encrypted_address_without_certificates_is_told(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask (the extra “cluster”) is not installed")
    with (
        pytest.raises(MissingError, match="name no certificates") as caught,
        cluster.connected("tls://127.0.0.1:1", tmp_path),
    ):
        pass
    assert "distributed.comm.tls" in caught.value.remedy


def test_a_cluster_without_workers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask (the extra “cluster”) is not installed")
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 300)
    monkeypatch.setattr(cluster, "SECONDS_FOR_A_WORKER", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty,
        pytest.raises(MissingError, match="has no worker"),
        cluster.connected(empty.scheduler_address, tmp_path),
    ):
        pass
