"""A quick stand-in for the engines: coloured squares on white, found by colour, "read" by their colour.

For tests of what happens round the stages: planning, killing, faults. `workshop_of` draws the
photographs, `use_fakes` puts the stand-ins where the real stages would be.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline import mapping, planning
from pipeline.cache import StageKey
from pipeline.model import (
    Classification,
    Crop,
    Detection,
    Features,
    HeadingBox,
    HeadingReading,
    Ink,
    Line,
    NoteReading,
    Outline,
    PageReading,
    Photo,
    Reading,
    Refusal,
    Word,
)

COLOURS = {"yellow": (250, 220, 60), "pink": (240, 60, 140), "blue": (90, 160, 230)}
SIZE = 40


def draw_photo(file: Path, colours: list[str], seed: int = 0) -> None:
    """White paper with one square a colour, in a row; `seed` makes the content unique."""
    picture = np.full((200, 80 * max(len(colours), 1) + 40, 3), 255, np.uint8)
    for number, colour in enumerate(colours):
        x = 40 + 80 * number
        picture[100 : 100 + SIZE, x : x + SIZE] = COLOURS[colour]
    picture[0, 0] = (seed % 256, seed // 256 % 256, 0)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(out.getvalue())


def workshop_of(raw: Path, name: str = "town-hall", photos: int = 3, settings: str = "") -> Path:
    """A workshop with settings and a few drawn photographs."""
    folder = raw / name
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(photos):
        draw_photo(folder / f"photo-{number}.png", ["yellow", "pink", "blue"][: 1 + number % 3], number)
    (folder / "workshop.toml").write_text(
        settings or 'title = "Town hall"\n[[principles]]\nid = "power"\nheading = "Power"\n', "utf-8"
    )
    return folder


def _square(x: float, y: float) -> tuple[tuple[float, float], ...]:
    return ((x, y), (x + SIZE, y), (x + SIZE, y + SIZE), (x, y + SIZE))


def _intake(bench: mapping.Bench) -> Photo | Refusal:
    return bench.taken_in if isinstance(bench.taken_in, Refusal) else bench.taken_in[0]


def _detect(bench: mapping.Bench) -> Detection:
    row = bench.pixels[110].astype(int)
    starts = [x for x in range(40, row.shape[0] - SIZE, 80) if row[x + 5].min() < 200]
    heading = ((10.0, 10.0), (110.0, 10.0), (110.0, 40.0), (10.0, 40.0))
    return Detection(tuple(Outline(_square(x, 100), 0.9) for x in starts), (HeadingBox(heading, 0.9),))


def _colour(bench: mapping.Bench, outline: Outline) -> str:
    x, y = outline.polygon[0]
    seen = bench.pixels[int(y) + 5, int(x) + 5].astype(int)
    return min(COLOURS, key=lambda name: float(np.abs(seen - np.array(COLOURS[name])).sum()))


def _classify(bench: mapping.Bench) -> tuple[Classification, ...]:
    outlines = bench.results["detect"].outlines
    return tuple(Classification("square", 0.95, _colour(bench, outline)) for outline in outlines)


def _read(bench: mapping.Bench) -> PageReading:
    notes = []
    for outline in bench.results["detect"].outlines:
        word = Word(_colour(bench, outline), 0.99, _square(0, 0))
        reading = Reading("fake", "1", (Line((word,)),))
        notes.append(NoteReading((reading,), Ink(0.1, 0.0, 50.0, 20.0, True)))
    return PageReading(tuple(notes), (HeadingReading("POWER", 0.99, "fake"),))


def _cut(bench: mapping.Bench) -> tuple[Crop, ...]:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (250, 220, 60)).save(out, "JPEG")
    return tuple(Crop(out.getvalue(), 8, 8) for _ in bench.results["detect"].outlines)


def _describe(bench: mapping.Bench) -> Features:
    return Features((), b"", 1)


WORK = {
    "intake": _intake,
    "detect": _detect,
    "classify": _classify,
    "read": _read,
    "cut": _cut,
    "describe": _describe,
}


def use_fakes(patch: pytest.MonkeyPatch, versions: dict[str, str] | None = None, **work: Any) -> None:
    """Put the stand-ins in; `work` replaces single stages, `versions` their version numbers."""
    stages = tuple(
        mapping.MapStage(s.name, s.after, s.gives, work.get(s.name) or WORK.get(s.name, s.work))
        for s in mapping.MAP_STAGES
    )
    patch.setattr(mapping, "MAP_STAGES", stages)
    patch.setattr(planning, "MAP_STAGES", stages)
    keys = {s.name: StageKey(s.name, (versions or {}).get(s.name, "1")) for s in stages}
    patch.setattr(planning, "stage_keys", lambda _settings: dict(keys))
    patch.setattr(planning, "surroundings", lambda _settings, _program: None)


def in_this_process(workers: int) -> Executor:
    """An executor whose jobs see the stand-ins."""
    return ThreadPoolExecutor(workers)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The stand-ins for one test."""
    use_fakes(monkeypatch)
    yield monkeypatch
