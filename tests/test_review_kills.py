"""Killed at any moment: every decision that was confirmed is there, and the log can be read."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from reviewing import make_desk, make_project

from pipeline.decisions import read_log
from pipeline.planning import Places
from pipeline.review import acts
from pipeline.review.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and signals of POSIX are used")

KILLS = int(os.environ.get("REVIEW_KILLS", "40"))


def review_until_killed(desk: Desk, confirmed: int, seed: int) -> None:
    """Decide on notes in turn; say on the pipe what was confirmed as saved."""
    number = seed * 1000
    while True:
        number += 1
        case = desk.case(f"n{number % 12 + 1:04d}")
        assert case is not None
        text = f"decision {number}"
        sent = {"stamp": acts.stamp_of(case), "text": text, "response_type": "challenge"}
        acts.save(desk, case, "ada", sent)
        os.write(confirmed, f"{text}\n".encode())


def kill_one(places: Places, seed: int) -> list[str]:
    desk = make_desk(places)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            review_until_killed(desk, writer, seed)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as said:
        # From its start on, or from one of its first decisions, however long those take.
        rng = random.Random(seed)
        heard = [said.readline() for _ in range(rng.randrange(4))]
        time.sleep(rng.uniform(0.001, 0.03))
        os.kill(child, signal.SIGKILL)
        _, how = os.waitpid(child, 0)
        assert os.WIFSIGNALED(how), "the review ended by itself"
        return "".join([*heard, said.read()]).splitlines()


def test_every_confirmed_decision_is_there_after_each_kill(tmp_path: Path) -> None:
    places = make_project(tmp_path)
    confirmed: set[str] = set()
    for seed in range(KILLS):
        confirmed.update(kill_one(places, seed))
        kept = {one.new for one in read_log(places.raw / "demo").decisions if one.field == "text"}
        assert confirmed <= kept, f"lost after kill {seed}: {confirmed - kept}"
    assert confirmed, "nothing was decided between the kills: the test shows nothing"
    print(f"{KILLS} kills, {len(confirmed)} confirmed decisions, none lost")
