"""Imported by the process that children are forked from: what a run loads is loaded once, and not by every child."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from fakes import in_this_process, use_fakes, workshop_of

from pipeline.planning import Places
from pipeline.run import run

with tempfile.TemporaryDirectory() as base, pytest.MonkeyPatch.context() as patch:
    use_fakes(patch)
    workshop_of(Path(base) / "raw", photos=2)
    run(
        Places(Path(base) / "raw", Path(base) / "processed", Path(base) / "reports"),
        workers=1,
        make_executor=in_this_process,
    )
