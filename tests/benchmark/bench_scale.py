"""Speed, memory and scale, on made-up results of the map half where photographs would take days.

    python -m tests.benchmark.bench_scale [startup] [nothing] [decision] [growth] [large] [workers] [--photos 100000]

startup   CPU and wall seconds of every command that reads no photograph, the best of three.
nothing   A run with nothing to do over 10,000 photographs in 20 workshops.
decision  One decision taken up by a workshop of 5,000 notes: the whole run, record and database and page.
growth    The whole second half (plan, record, database, page) with 1, 10, 100 and 1,000 photographs, cold.
large     Plan, combine and store for 100,000 photographs with 1.5 million notes, 500 photographs a workshop, two
          workshops at once. The steps between are measured on one workshop, but for the themes, whose cost
          bench_themes tells; its notes are stored as every workshop's.
workers   One worker against two over photographs of 12 million pixels (the sample's and ../shared's boards,
          enlarged), and the memory of all processes together, looked at ten times a second.

Results of the map half are made up by tests/made_up.py, 15 notes a photograph. Wall seconds are honest on an
idle machine only: the load when it began is told with them, and CPU seconds are told beside them.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from PIL import Image

from pipeline import decisions, executing, planning, run, storing
from pipeline.files import write_atomically
from pipeline.model import Decision, Record
from pipeline.planning import Places
from pipeline.review.material import material_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from made_up import make_workshop

PROJECT = Path(__file__).resolve().parents[2]
WORK = PROJECT / "processed" / "benchmark" / "scale"
NOTES_A_PHOTO = 15
PHOTOS_A_WORKSHOP = 500
TARGETS = {
    "start-up, slowest command, CPU s": 0.5,
    "nothing to do, 10,000 photographs, s": 1.5,
    "one decision, 5,000 notes, s": 3.0,
    "plan + combine + store, s": 300.0,
    "plan + combine + store, peak MB": 4000.0,
    "two workers against one": 1.8,
    "two workers, 12 MP, peak MB in all": 1600.0,
}
_COMMANDS = (
    ("--help",),
    ("--version",),
    ("run", "--help"),
    ("run", "--plan"),
    ("new", "another"),
    ("sql", "SELECT count(*) FROM responses"),
    ("export", "made-up", "--format", "txt"),
    ("doctor",),
)


@dataclass
class Cost:
    """What a block cost."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def costing() -> Iterator[Cost]:
    """Wall and CPU seconds of the block, this process and its finished children."""
    cost, before, start = Cost(), _cpu(), time.perf_counter()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _places(name: str) -> Places:
    work = WORK / name
    shutil.rmtree(work, ignore_errors=True)
    return Places(work / "raw", work / "processed", work / "reports")


def startup() -> dict[str, float]:
    """The commands that read no photograph, each in a process of its own."""
    places = _places("startup")
    make_workshop(places, "made-up", 2, NOTES_A_PHOTO)
    run.run(places)
    folders = [
        "--raw",
        str(places.raw),
        "--processed",
        str(places.processed),
        "--reports",
        str(places.reports),
    ]
    figures = {}
    for command in _COMMANDS:
        own = [] if command[-1].startswith("--") and command[-1] != "--plan" else folders
        costs = []
        for _ in range(3):
            shutil.rmtree(places.raw / "another", ignore_errors=True)
            with costing() as cost:
                subprocess.run(
                    [sys.executable, "-m", "pipeline", *command, *own], capture_output=True, check=False
                )
            costs.append(cost)
        best = min(costs, key=lambda cost: cost.cpu)
        figures[f"workshop {' '.join(command[:2])}, CPU s"] = best.cpu
    figures["start-up, slowest command, CPU s"] = max(figures.values())
    return figures


def nothing(photos: int = 10_000) -> dict[str, float]:
    """A run over workshops whose last run left them as they are."""
    places = _places("nothing")
    for number in range(max(1, photos // PHOTOS_A_WORKSHOP)):
        like = None if number == 0 else "w000"
        make_workshop(places, f"w{number:03}", min(photos, PHOTOS_A_WORKSHOP), 2, like=like)
    places.database.touch()
    for plan in run.plans(places):
        planning.save_state(plan, places, [])
    time.sleep(
        2.1
    )  # files changed a moment ago are hashed again, as they may change under the same time stamp
    run.plans(places)
    with costing() as cost:
        summaries = run.run(places)
    assert all(summary.is_unchanged for summary in summaries)
    return {
        f"nothing to do, {photos:,} photographs, s": cost.wall,
        f"nothing to do, {photos:,} photographs, CPU s": cost.cpu,
    }


def decision(notes: int = 5000) -> dict[str, float]:
    """One text corrected in a workshop of so many notes, and the run that takes it up."""
    places = _places("decision")
    make_workshop(places, "made-up", -(-notes // NOTES_A_PHOTO), NOTES_A_PHOTO)
    figures = {}
    with costing() as cost:
        run.run(places)
    figures[f"first record, {notes:,} notes, s"] = cost.wall
    figures[f"first record, {notes:,} notes, CPU s"] = cost.cpu
    record = msgspec.json.decode(places.record("made-up").read_bytes(), type=Record)
    note = record.notes[len(record.notes) // 2]
    seen = note.sightings[0]
    made = Decision(
        "d1", seen.photo_sha256, seen.polygon, "text", note.text, "Ask people", "", "A", "2026-01-01", "x"
    )
    decisions.append(places.raw / "made-up", [made])
    with costing() as cost:
        run.run(places)
    figures[f"one decision, {notes:,} notes, s"] = cost.wall
    figures[f"one decision, {notes:,} notes, CPU s"] = cost.cpu
    return figures


def growth(sizes: tuple[int, ...] = (1, 10, 100, 1000)) -> dict[str, float]:
    """CPU seconds a photograph of the second half, from nothing kept."""
    figures = {}
    for size in sizes:
        places = _places("growth")
        make_workshop(places, "made-up", size, NOTES_A_PHOTO)
        with costing() as cost:
            run.run(places)
        figures[f"second half, {size:,} photographs, CPU s each"] = cost.cpu / size
    return figures


@dataclass(frozen=True, slots=True)
class _Share:
    """One workshop for a worker to put together, by these steps alone."""

    plan: planning.Plan
    places: Places
    steps: tuple[str, ...]


def _put_together(share: _Share) -> tuple[bytes, bytes]:
    """In a worker: as a run puts a workshop together, by the steps named."""
    # Here, not above: every worker of every part imports this module, and none of a run's workers loads that.
    from pipeline import reducing

    real = reducing.REDUCE_STEPS
    reducing.REDUCE_STEPS = tuple(step for step in real if step.__name__ in share.steps)
    try:
        material, record = run._reduced(run._Job(share.plan, share.places, {}))
    finally:
        reducing.REDUCE_STEPS = real
    return material, record


def large(photos: int = 100_000, at_once: int = 2) -> dict[str, float]:
    """Plan, combine and store, as a run does it: workshops side by side; the peak is of all processes together."""
    places = _places("large")
    lay_out(places, photos)
    gc.collect()
    return put_together(places, photos, at_once)


def lay_out(places: Places, photos: int) -> None:
    """Workshops of so many photographs in all, for `put_together`."""
    each = min(photos, PHOTOS_A_WORKSHOP)
    for number in range(photos // each):
        make_workshop(places, f"w{number:03}", each, NOTES_A_PHOTO, like="w000" if number else None)


def put_together(places: Places, photos: int, at_once: int) -> dict[str, float]:
    """What it costs to plan, combine and store what was laid out.

    The steps between, which read words and look for names, are measured on one workshop; its notes are written as
    every other workshop's too.
    """
    costs = {name: Cost() for name in ("plan", "combine", "other steps", "write", "store")}
    peaks = dict.fromkeys(costs, 0.0)

    @contextmanager
    def part(name: str) -> Iterator[None]:
        with _watching(1.0) as peak, costing() as cost:
            yield
        costs[name], peaks[name] = cost, peak()
        print(f"  {name}: {cost.wall:.1f} s, {cost.cpu:.1f} CPU s, {peak():.0f} MB in all", flush=True)

    def each(plans: list[planning.Plan], steps: tuple[str, ...]) -> None:
        shares = [_Share(plan, places, steps) for plan in plans]
        for share, reduced in executing.side_by_side(shares, _put_together, at_once):
            material, record = reduced()
            write_atomically(material_file(places, share.plan.workshop.id), material)
            write_atomically(places.record(share.plan.workshop.id), record)

    with part("plan"):
        plans = run.plans(places)
    before, rest = ("_amend", "_combine"), ("_place", "_judge", "_assign", "_decide", "_flag")
    with part("combine"):
        each(plans, before)
    with part("other steps"):
        each(plans[:1], (*before, *rest))
    first = msgspec.json.decode(places.record(plans[0].workshop.id).read_bytes(), type=Record)
    with part("write"), run.resting():
        for plan in plans:
            record = msgspec.json.encode(replace(first, workshop_id=plan.workshop.id))
            write_atomically(places.record(plan.workshop.id), record)
    with part("store"), run.resting():
        storing.store(places)
    parts = ("plan", "combine", "write", "store")
    figures: dict[str, float] = {}
    for name, cost in costs.items():
        figures[f"{name}, {photos:,} photographs, CPU s"] = cost.cpu
        figures[f"{name}, {photos:,} photographs, s"] = cost.wall
        figures[f"{name}, {photos:,} photographs, peak MB in all"] = peaks[name]
    suffix = "" if photos == 100_000 else f", {photos:,} photographs"
    figures[f"plan + combine + store{suffix}, CPU s"] = sum(costs[name].cpu for name in parts)
    figures[f"plan + combine + store{suffix}, s"] = sum(costs[name].wall for name in parts)
    figures[f"plan + combine + store{suffix}, peak MB"] = max(peaks[name] for name in parts)
    return figures


def workers(photos: int = 12) -> dict[str, float]:
    """The same photographs by one worker and by two, from nothing; the memory of this and all child processes.

    Memory is watched in a run of its own: looking ten times a second takes a tenth of a core from the second worker.
    """
    boards = PROJECT.parent / "shared/boards/real/images"
    found = sorted(boards.glob("*.jpg")) or sorted((PROJECT / "raw/sample-workshop/photos").glob("*.jpg"))
    figures: dict[str, float] = {}
    for count, is_watched in ((1, False), (2, False), (2, True)):
        places = _places(f"workers {count}{' watched' * is_watched}")
        folder = places.raw / "large"
        folder.mkdir(parents=True)
        (folder / "workshop.toml").write_text('title = "Large"\n', "utf-8")
        for number in range(photos):
            with Image.open(found[number % len(found)]) as picture:
                scale = (12e6 / (picture.width * picture.height)) ** 0.5
                size = (round(picture.width * scale), round(picture.height * scale))
                enlarged = picture.convert("RGB").resize(size)
            enlarged.putpixel((0, 0), (number, count, 7 + is_watched))
            enlarged.save(folder / f"{number:03}.jpg", quality=92)
        plan = run.plans(places)[0]
        name = f"{count} worker{'s' * (count > 1)}, 12 MP"
        if is_watched:
            with _watching() as peak:
                run._map(plan, count, run.executing.local_pool, run.Watcher())
            figures["two workers, 12 MP, peak MB in all"] = peak()
        else:
            with costing() as cost:
                run._map(plan, count, run.executing.local_pool, run.Watcher())
            figures |= {f"{name}, s a photograph": cost.wall / photos}
            figures |= {f"{name}, CPU s a photograph": cost.cpu / photos}
    one, two = (figures[f"{name}, 12 MP, s a photograph"] for name in ("1 worker", "2 workers"))
    figures["two workers against one"] = one / two
    return figures


@contextmanager
def _watching(every: float = 0.1) -> Iterator[Callable[[], float]]:
    """The largest sum of what this process and its children hold at one moment, in MB (shared pages in parts)."""
    peak, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(every):
            peak[0] = max(peak[0], sum(_held_mb(pid) for pid in (os.getpid(), *_children())))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield lambda: peak[0]
    finally:
        done.set()
        watcher.join()


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").glob("*/children"):
        found += [int(pid) for pid in task.read_text().split()]
    grandchildren = [
        int(pid)
        for child in found
        for task in Path(f"/proc/{child}/task").glob("*/children")
        for pid in task.read_text().split()
    ]
    return [*found, *grandchildren]


def _held_mb(pid: int) -> float:
    """The proportional set size: pages that processes share count once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3


PARTS: dict[str, Callable[[], dict[str, float]]] = {
    "startup": startup,
    "nothing": nothing,
    "decision": decision,
    "growth": growth,
    "workers": workers,
    "large": large,
}


def measure(chosen: list[str], photos: int = 100_000) -> dict[str, float]:
    """The parts' figures, and the load of the machine when they began."""
    figures: dict[str, float] = {"load when it began": os.getloadavg()[0]}
    for part in chosen:
        figures |= large(photos) if part == "large" else PARTS[part]()
        for folder in WORK.glob(f"{part}*"):
            shutil.rmtree(folder, ignore_errors=True)
    return figures


def main() -> None:
    """Measure the parts named on the command line, or all; each in a process of its own, for the peaks' sake."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all where none is named")
    parser.add_argument("--photos", type=int, default=100_000, help="of the part “large”")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    figures = measure(chosen.parts or list(PARTS), chosen.photos)
    for label, figure in figures.items():
        target = TARGETS.get(label)
        print(f"  {label}: {figure:.3f}" + (f"   (target {target:g})" if target else ""), flush=True)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
