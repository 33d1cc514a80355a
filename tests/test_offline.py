"""No network at run time: the system itself takes it away, so that no library's own code gets round it.

`test_sample.py` has the real engines run without one; here the stand-ins read, and everything after reading is real.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import exporting

CUT_OFF = ("unshare", "--map-root-user", "--net")


def may_cut_off() -> bool:
    try:
        return subprocess.run([*CUT_OFF, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not may_cut_off(), reason="this system does not let a process give up its network")
def test_running_publishing_exporting_and_reviewing_need_no_network(tmp_path: Path) -> None:
    missing = exporting.unavailable_formats()
    forms = [form for form in exporting.FORMATS if form not in missing]
    told = subprocess.run(
        [*CUT_OFF, sys.executable, str(Path(__file__).parent / "offline.py"), str(tmp_path), *forms],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert told.returncode == 0, told.stderr
    said = [line for line in told.stdout.splitlines() if " " not in line]
    assert said == ["run", "publish", *forms, "edition", "review", "warm", "stopped"]
