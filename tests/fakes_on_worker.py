"""What a Dask worker loads first in tests: the quick stand-ins, of which one kills the worker when asked to."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from fakes import WORK, use_fakes

from pipeline import mapping, planning
from pipeline.model import Detection

KILL_ONCE, KILL_ALWAYS = "photo-2.png", "poison.png"


def _detect(bench: mapping.Bench) -> Detection:
    marker = Path(bench.job.cache_folder) / "killed"
    if bench.job.path == KILL_ALWAYS or (bench.job.path == KILL_ONCE and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    found: Detection = WORK["detect"](bench)
    return found


def dask_setup(worker: Any) -> None:
    """Called by Dask when the worker starts."""
    # Somebody may be editing the program while the tests run.
    planning.program_digest = lambda: "as tested"  # type: ignore[assignment]
    use_fakes(pytest.MonkeyPatch(), detect=_detect)
