"""A benchmark run: the whole pipeline over one set of photographs, timed, and its results per photograph."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from pipeline.headings import heading_crop, read_headings
from pipeline.mapping import MAP_STAGES, Bench, Job, Settings, one_thread_each
from pipeline.model import Features, Ink, NoteReading, PageReading, PhotoRecord
from pipeline.planning import Places
from pipeline.readers import open_reader
from pipeline.run import run
from pipeline.stages.combine import combine
from pipeline.stages.place import place

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared"


@dataclass
class Predictions:
    """What one method said: per photograph the notes as the scorers want them, and what it cost."""

    name: str
    by_photo: dict[str, dict[str, Any]]
    seconds_a_photo: float
    peak_mb: float | None
    merged: dict[str, Any] | None = None
    headings: dict[str, list[str]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """One JSON file a photograph, as ../shared/score*.py read them."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for stem, content in self.by_photo.items():
            (folder / f"{stem}.json").write_text(json.dumps(content))
        return folder


def peak_mb() -> float:
    """The largest memory any worker process has held since the benchmark began, in MB.

    macOS counts bytes, Linux kB.
    """
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit


def pipeline_run(images: Path, headings: list[str], work: Path, workers: int = 1) -> Predictions:
    """Run the whole pipeline over a folder of photographs; organisers know their headings, so they are listed."""
    shutil.rmtree(work, ignore_errors=True)
    folder = work / "raw" / "benchmark"
    folder.mkdir(parents=True)
    lines = ['title = "Benchmark"']
    for number, heading in enumerate(headings):
        lines += ["[[principles]]", f'id = "p{number}"', f"heading = {json.dumps(heading)}"]
    (folder / "workshop.toml").write_text("\n".join(lines), "utf-8")
    photos = sorted(path for path in images.iterdir() if path.suffix.lower() in (".jpg", ".png", ".heic"))
    for photo in photos:
        shutil.copyfile(photo, folder / photo.name)
    places = Places(work / "raw", work / "processed", work / "reports")
    start = time.perf_counter()
    run(places, workers=workers)
    seconds = (time.perf_counter() - start) / len(photos)
    return _collected(places.database, [photo.stem for photo in photos], seconds)


def finding_seconds(photos: Sequence[Path]) -> float:
    """Seconds a photograph, one thread, for finding alone: notes, shapes, headings and places, no note read."""
    one_thread_each()
    settings = Settings("en", ("rapidocr",), "tesseract")
    readers = [open_reader("tesseract"), open_reader("rapidocr")]
    records: list[PhotoRecord] = []
    features: dict[str, Features] = {}
    start = time.perf_counter()
    for path in photos:
        results: dict[str, Any] = {}
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        bench = Bench(Job(str(path), path.name, sha256, "", settings, ()), results)
        for stage in MAP_STAGES:
            if stage.name in ("intake", "describe", "detect", "classify"):
                results[stage.name] = stage.work(bench)
        found = results["detect"]
        cards = read_headings([heading_crop(bench.pixels, box) for box in found.headings], *readers)
        unread = NoteReading((), Ink(0.0, 0.0, 0.0, 0.0, is_written=False))
        page = PageReading((unread,) * len(found.outlines), cards)
        photo = replace(results["intake"], path=path.name)
        records.append(PhotoRecord(photo, found, results["classify"], page))
        features[path.name] = results["describe"]
    place(combine(records, features), (), records)
    return (time.perf_counter() - start) / len(photos)


def _collected(database: Path, stems: list[str], seconds: float) -> Predictions:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "SELECT s.photo, s.polygon, r.shape, r.shape_confidence, r.text, r.text_status, r.principle,"
            " r.principle_id, r.note_id, r.colour FROM sightings s JOIN responses r USING (workshop_id, note_id)"
            " ORDER BY s.photo, s.y, s.x"
        ).fetchall()
        cards = connection.execute("SELECT photo, text FROM heading ORDER BY photo, position").fetchall()
    by_photo: dict[str, dict[str, Any]] = {stem: {"notes": []} for stem in stems}
    merged: dict[str, dict[str, Any]] = {}
    for photo, polygon, shape, confidence, text, status, principle, principle_id, note_id, colour in rows:
        stem = Path(photo).stem
        heading = principle if principle_id is not None else None
        by_photo[stem]["notes"].append(
            {
                "polygon": polygon,
                "shape": shape,
                "shape_confidence": confidence,
                "text": text or "",
                "status": status,
                "principle": heading,
                "colour": colour,
            }
        )
        note = merged.setdefault(note_id, {"sources": [], "principle": heading, "shape": shape})
        note["sources"].append({"photo": stem, "polygon": [[p["x"], p["y"]] for p in polygon]})
    headings: dict[str, list[str]] = {}
    for photo, text in cards:
        headings.setdefault(Path(photo).stem, []).append(text)
    return Predictions(
        "this pipeline", by_photo, seconds, peak_mb(), {"notes": list(merged.values())}, headings
    )
