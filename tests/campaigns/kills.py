"""kill -9 at random moments of a run, a review and a publish: what is there is the old or the new, whole.

A child does the work with the quick stand-in engines; it is killed after a random time. Then everything that is
on the disk is looked at, a run that nobody kills completes what is left to do, and everything that was seen
in between must have been as before the kill or as after that run. What a review had confirmed must be there.
"""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakes import draw_photo, in_this_process, use_fakes, workshop_of

from pipeline.decisions import read_log
from pipeline.editions import list_editions
from pipeline.planning import Places
from pipeline.store.digest import dump_digest

NAME = "town-hall"
KINDS = ("run", "review", "publish")
KILLS_A_WORLD = 36
"""Then everything begins afresh, as every edition makes the next run a little longer."""
_COLOURS = ("yellow", "pink", "blue")

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["campaigns.warm", "reviewing", "pipeline.standing"])


@dataclass
class Tally:
    """What a campaign did and found."""

    kills: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    editions: int = 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{self.kills[kind]} of a {kind}" for kind in KINDS)
        return (
            f"{self.kills.total()} kills ({kinds}); {self.finished.total()} children finished first.\n"
            f"Found afterwards, by part: {dict(sorted(self.seen.items()))}.\n"
            f"{self.confirmed} decisions had been confirmed and {self.editions} editions made; "
            "none was lost or damaged."
        )


def places_of(base: Path) -> Places:
    return Places(base / "raw", base / "processed", base / "reports")


def _one_run(places: Places) -> None:
    from pipeline.run import run

    run(places, workers=1, make_executor=in_this_process)


def _do_run(base: str, tell: Any) -> None:
    tell.send_bytes(b"begins")
    _one_run(places_of(Path(base)))


def _do_publish(base: str, tell: Any) -> None:
    from pipeline.standing import publish_edition

    tell.send_bytes(b"begins")
    places = places_of(Path(base))
    _one_run(places)
    publish_edition(places, NAME, "2026-11-22", force=True)
    _one_run(places)


def _do_review(base: str, tell: Any) -> None:
    from reviewing import FakeReader

    from pipeline.review import acts
    from pipeline.review.desk import Desk

    places = places_of(Path(base))
    desk = Desk(places, places.raw / NAME, FakeReader())  # type: ignore[arg-type]
    number = len(desk.decisions)
    tell.send_bytes(b"begins")
    for _ in range(40):
        case = desk.case(sorted(desk.items)[number % len(desk.items)])
        assert case is not None
        number += 1
        text = f"decision {number}"
        acts.save(
            desk,
            case,
            "ada",
            {"stamp": acts.stamp_of(case), "text": text, "response_type": "challenge"},
        )
        tell.send_bytes(text.encode())


_WORK: dict[str, Callable[[str, Any], None]] = {
    "run": _do_run,
    "publish": _do_publish,
    "review": _do_review,
}


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """The stand-in engines; and the two pages about the database, which take half of a small run, are left out."""
    from pipeline.store import dictionary, questions

    use_fakes(patch)
    patch.setattr(dictionary, "data_dictionary", lambda _database: "left out")
    patch.setattr(questions, "worked_questions", lambda _database: "left out")


def _child(kind: str, base: str, tell: Any) -> None:
    make_quick(pytest.MonkeyPatch())
    _WORK[kind](base, tell)


def state_of(places: Places) -> dict[str, str]:
    """A digest of each part that must be old or new; raises if one cannot be opened or is half."""
    reports = places.reports / NAME
    found = {"database": dump_digest(places.database)}
    for file in (
        places.record(NAME),
        *(reports / name for name in ("record.html", "record.md", "responses.csv")),
    ):
        found[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (reports / "record.html").read_bytes().rstrip().endswith(b"</html>")
    return found


class World:
    """One workshop in a folder of its own, as the campaign knows it."""

    def __init__(self, base: Path, tally: Tally, rng: random.Random) -> None:
        self.base, self.tally, self.rng = base, tally, rng
        self.usual: dict[str, float] = {}
        self.places = places_of(base)
        self.folder = workshop_of(self.places.raw, NAME, photos=1)
        draw_photo(self.folder / "second.png", ["blue", "pink"], 1)
        _one_run(self.places)
        self.old = state_of(self.places)
        self.confirmed: set[str] = set()

    def kill_some(self, kind: str, times: int) -> int:
        """Let children work one after another and kill each; look at everything, complete it, look again.

        Returns how many had not finished before.
        """
        if kind == "run":
            seed = self.rng.randrange(60_000)
            draw_photo(self.folder / "second.png", self.rng.choices(_COLOURS, k=self.rng.randint(1, 3)), seed)
        if kind == "publish":
            # What was decided is taken up first: else there are three whole states, with it, and with the edition too.
            _one_run(self.places)
            self.old = state_of(self.places)
        killed = 0
        seen = []
        for _ in range(times):
            killed += self._kill_one(kind)
            seen.append(state_of(self.places))
            if kind == "review":
                assert seen[-1] == self.old, "a review has touched what is published"
        if kind == "review" and self.rng.random() < 0.75:
            # The next run takes up what was decided, so that a campaign is not mostly of runs nobody kills.
            return killed
        _one_run(self.places)
        new = state_of(self.places)
        for state in seen:
            for part, digest in state.items():
                assert digest in (self.old[part], new[part]), f"{part} is neither old nor new"
                if self.old[part] != new[part]:
                    self.tally.seen[f"{part} {'old' if digest == self.old[part] else 'new'}"] += 1
        self.old = new
        return killed

    def _kill_one(self, kind: str) -> bool:
        log = self.folder / "decisions.jsonl"
        written = log.read_bytes() if log.exists() else b""
        editions = {one.number: one.record for one in list_editions(self.places.reports, NAME)}
        was_killed = self._work(kind)
        assert not written or log.read_bytes().startswith(written), "the log was not only added to"
        kept = {one.new for one in read_log(self.folder).decisions if one.field == "text"}
        assert self.confirmed <= kept, "a decision is lost"
        now = {one.number: one.record for one in list_editions(self.places.reports, NAME)}
        assert {number: now.get(number) for number in editions} == editions, "an edition is lost or altered"
        assert len(now) <= len(editions) + 1
        self.tally.editions += len(now) - len(editions)
        return was_killed

    def _work(self, kind: str) -> bool:
        heard, tell = FORKS.Pipe(duplex=False)
        child = FORKS.Process(target=_child, args=(kind, str(self.base), tell))
        child.start()
        tell.close()
        assert heard.recv_bytes() == b"begins"
        began = time.monotonic()
        child.join(self.rng.uniform(0, self.usual[kind]) if kind in self.usual else None)
        child.kill()  # harmless where it has ended meanwhile
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL), f"the child failed by itself: {child.exitcode}"
        is_late = child.exitcode == 0
        if is_late:
            # The quickest counts: measured at a busy moment, it would have the others finish before they are killed.
            self.usual[kind] = min(time.monotonic() - began, self.usual.get(kind, math.inf))
        before = len(self.confirmed)
        try:
            while True:
                self.confirmed.add(heard.recv_bytes().decode())
        except (EOFError, OSError):
            pass
        self.tally.confirmed += len(self.confirmed) - before
        return not is_late


def campaign(kills: int, seed: int = 8, say: Callable[[str], None] = lambda _: None) -> Tally:
    """So many kills, in turn of a run, a review and a publish; raises AssertionError at the first thing lost."""
    rng = random.Random(seed)
    tally = Tally()
    patch = pytest.MonkeyPatch()
    make_quick(patch)
    try:
        while tally.kills.total() < kills:
            with tempfile.TemporaryDirectory() as base:
                world = World(Path(base), tally, rng)
                # How long each takes on this machine, loaded as it is now: those children may finish.
                for kind in KINDS:
                    world.kill_some(kind, 1)
                    tally.finished[kind] += 1
                end = min(kills, tally.kills.total() + KILLS_A_WORLD)
                while tally.kills.total() < end:
                    kind = min(KINDS, key=lambda one: tally.kills[one])
                    # A run that is killed again goes on where the one before was, as its results are kept.
                    times = min(3 if kind != "publish" else 1, end - tally.kills.total())
                    killed = world.kill_some(kind, times)
                    tally.kills[kind] += killed
                    tally.finished[kind] += times - killed
            say(f"{tally.kills.total()} of {kills} kills")
    finally:
        patch.undo()
    return tally
