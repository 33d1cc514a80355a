"""No memory is trouble of the moment: never a verdict on a photograph or a note, never kept as one."""

from __future__ import annotations

import hashlib
import resource
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes import WORK, in_this_process, use_fakes, workshop_of
from pictures import encoded, gradient

from pipeline import mapping, photos
from pipeline.executing import run_jobs
from pipeline.mapping import Job, Outcome, Settings
from pipeline.model import Reading
from pipeline.planning import Places
from pipeline.readers.contain import read_contained
from pipeline.run import run

ERRORS = {
    "photo-0.png": MemoryError(),
    "photo-1.png": cv2.error(
        "OpenCV(5.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9"
    ),
    "photo-2.png": RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
}


def test_photographs_without_memory_are_tried_again_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop_of(tmp_path / "raw", photos=4)
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")

    def greedy(bench: mapping.Bench) -> Any:
        if bench.job.path in ERRORS:
            raise ERRORS[bench.job.path]
        return WORK["detect"](bench)

    use_fakes(monkeypatch, detect=greedy)
    first = run(places, workers=1, make_executor=in_this_process)[0]
    assert [one.path for one in first.refusals] == list(ERRORS)
    assert all("out of memory" in one.reason for one in first.refusals)
    assert first.failed == 3
    use_fakes(monkeypatch)
    second = run(places, workers=1, make_executor=in_this_process)[0]
    assert second.refusals == ()
    assert dict(second.counts)["photographs read"] == 4


def test_a_photograph_is_not_called_too_large_because_there_was_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(photos, "_rgb", full)
    with pytest.raises(MemoryError):
        photos.load_upright(encoded(gradient()), "x.jpg")


class Greedy:
    """A reader that has no memory for a batch, nor for one picture of it."""

    name, version, fingerprint = "greedy", "1", "1"

    def read(self, images: Any) -> list[Reading]:
        if len(images) > 1 or images[0][0, 0, 0] == 1:
            raise MemoryError
        return [Reading("greedy", "1", ()) for _ in images]


def test_a_reader_without_memory_for_a_batch_reads_one_by_one_and_else_passes_it_on() -> None:
    dark, light = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 9, np.uint8)
    assert [one.error for one in read_contained(Greedy(), [dark, light])] == [None, None]
    with pytest.raises(MemoryError):
        read_contained(Greedy(), [light, np.ones((4, 4, 3), np.uint8)])


def _in_a_small_room(job: Job) -> Outcome:
    """A worker whose address space really ends."""
    one_more = 64 << 20
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + one_more, hard))
    try:
        return mapping.work_on(job)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS holds on Linux only")
def test_a_worker_that_really_runs_out_of_memory_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    file.write_bytes(encoded(gradient(8000, 6000)))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    digests = tuple((stage.name, f"{number:064d}") for number, stage in enumerate(mapping.MAP_STAGES))
    settings = Settings("en", ("rapidocr",), "tesseract")
    job = Job(str(file), file.name, sha256, str(tmp_path / "cache"), settings, digests)
    (outcome,) = run_jobs([job], _in_a_small_room, 1)
    assert "out of memory" in (outcome.passing or "")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
