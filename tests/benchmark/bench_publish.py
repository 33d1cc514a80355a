"""A large workshop published in every format: seconds and peak memory.

    python -m tests.benchmark.bench_publish [--notes 5000] [--json FILE]

A made-up workshop (the tests' factories): 40 notes a photograph, three in six legible, each with a picture of 480
pixels as a photograph's crop is (noise on paper, so that it is as hard to compress), and photographs of
1800 pixels. Made are the page, Markdown, plain text, charts as SVG and PNG, PDF, Word, slides, the data package,
TEI, PAGE-XML, Web Annotations and the code book. One process, after the workshop is in memory; the peak is the
process's own.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline import publish
from pipeline.exporting import FORMATS, Exportable
from pipeline.model import Crop, Note, Record
from pipeline.publish.photographs import photographs_of
from pipeline.publish.pictures import publishable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from factories import make_note, make_record, make_sighting

NOTES_A_PHOTO = 40
LIMITS = {"seconds": 60, "peak memory, MB": 1000}
_HEADINGS = ("power", "make-time", "transparent", "knowledge")
_WORDS = (
    "who",
    "decides",
    "time",
    "budget",
    "listen",
    "street",
    "neighbours",
    "room",
    "share",
    "openly",
    "voice",
)


class Pictures(Mapping[str, Crop]):
    """A picture for each key, each with bytes of its own, as if read from the disk (standing.Views)."""

    def __init__(self, keys: list[str], width: int, height: int) -> None:
        self._keys = dict.fromkeys(keys)
        grain = np.random.default_rng(1).normal(0, 3, (height, width, 1))
        paper = np.clip(np.array([238.0, 214.0, 96.0]) + grain, 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(paper).save(buffer, "JPEG", quality=85)
        self._jpeg, self._size = buffer.getvalue(), (width, height)

    def __getitem__(self, key: str) -> Crop:
        if key not in self._keys:
            raise KeyError(key)
        return Crop(bytes(bytearray(self._jpeg)), *self._size)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def workshop_of(notes: int) -> Record:
    """A made-up workshop of that many notes."""
    return make_record("large", notes=[_note(number) for number in range(1, notes + 1)])


def _note(number: int) -> Note:
    photo = f"wall-{number // NOTES_A_PHOTO:04d}.jpg"
    heading = _HEADINGS[(number // NOTES_A_PHOTO) % len(_HEADINGS)]
    status = ("legible", "legible", "partial", "illegible", "no_text", "legible")[number % 6]
    text = " ".join(_WORDS[(number * step) % len(_WORDS)] for step in range(1, 4 + number % 7))
    text = {"legible": text, "partial": f"{text} [illegible]"}.get(status, "")
    sighting = make_sighting(number % NOTES_A_PHOTO + 1, photo)
    note = make_note(number, text, text_status=status, principle_id=heading, sightings=(sighting,))
    return replace(note, board_id=photo)


def measure(notes: int) -> dict[str, Any]:
    """Seconds for each format, seconds in all and the process's peak memory in MB."""
    record = workshop_of(notes)
    crops = dict(Pictures([note.id for note in record.notes], 480, 420))  # in memory, as standing.Crops
    views = Pictures([photo.sha256 for photo in record.photos], 1800, 1350)
    figures: dict[str, Any] = {}
    began, spent = time.perf_counter(), time.process_time()
    photographs = _timed(figures, "photographs", lambda: photographs_of(record, views))
    small = _timed(figures, "pictures", lambda: publishable(crops, [note.id for note in record.notes]))
    it = Exportable(record, small, (), None, "2026-11-22T00:00:00", photographs)
    missing = publish.unavailable_formats()
    for name, make in FORMATS.items():
        if name in missing:
            figures[name] = f"left out: {missing[name]}"
            continue
        files = _timed(figures, name, lambda make=make: make(it))  # type: ignore[misc]
        figures[f"{name}, MB"] = round(sum(map(len, files.values())) / 1e6, 1)
        del files
        gc.collect()
    figures["seconds"] = round(time.perf_counter() - began, 1)
    figures["seconds of processor time"] = round(time.process_time() - spent, 1)
    figures["peak memory, MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return figures


def _timed(figures: dict[str, Any], name: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    result = work()
    figures[name] = round(time.process_time() - began, 1)
    figures[f"{name}, peak MB so far"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notes", type=int, default=5000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(options.notes)
    for label, figure in figures.items():
        print(f"{label}: {figure}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
