"""Reading and judging, measured: `python -m tests.benchmark.bench_reading [--worst FOLDER]`.

On the notes of shared/handwriting, shared/boards/real (labelled boxes) and shared/boards/rendered (true
outlines); and on the boards once more as the whole pipeline finds and reads their notes. Whatever was fitted is
cross-validated: each photographed wall is judged by numbers fitted on the others. Times are processor seconds of
one process.
"""

from __future__ import annotations

import argparse
import html
import itertools
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import duckdb
import numpy as np
from rapidfuzz.distance import Levenshtein

from pipeline import lexicon
from pipeline.cache import Cache
from pipeline.model import PageReading
from pipeline.planning import Places
from pipeline.readers import open_reader, rapid
from pipeline.stages.read import read_notes
from pipeline.training import calibrate, reading_data
from pipeline.training.calibrate import Judged
from tests.benchmark.runs import pipeline_run

KINDS = (
    ("notes in hand", "hand"),
    ("notes on boards", "board"),
    ("the same as found", "found"),
    ("rendered notes", "rendered"),
)
TARGETS = {
    ("notes in hand", "CER"): 0.070,
    ("notes in hand", "WER"): 0.20,
    ("notes on boards", "CER"): 0.100,
    ("notes on boards", "WER"): 0.30,
    ("notes on boards", "silent errors"): 0.03,
    ("notes on boards", "legible or partial"): 0.80,
    ("rendered notes", "CER"): 0.070,
    ("rendered notes", "silent errors"): 0.03,
}


@dataclass(frozen=True)
class Row:
    """One measure on one set; `engine` is the plain reading of the engine alone, where that makes sense."""

    data: str
    measure: str
    value: float | None
    engine: float | None = None
    target: float | None = None


def judged_notes(shared: Path, readings: Path | None = None) -> list[Judged]:
    """Every note read and judged out of fold; `readings` keeps the readings between runs."""
    return calibrate.cross_validated(calibrate.read_examples(shared, readings))


def reading_table(judged: Sequence[Judged], point: str = "default") -> list[Row]:
    """The table of the reading issue: errors, silent errors, coverage, blanks, the illegible, calibration."""
    rows = []
    for name, prefix in KINDS:
        some = [item for item in judged if item.note.kind.startswith(prefix)]
        if not some:
            continue
        found = calibrate.figures(some, point)
        plain_cer, plain_wer = _engine_alone(some)
        for measure, key, engine in (
            ("CER", "cer", plain_cer),
            ("WER", "wer", plain_wer),
            ("CER of what is printed", "cer_published", None),
            ("silent errors", "silent", None),
            ("published as legible", "legible", None),
            ("legible or partial", "coverage", None),
            ("blank notes recognised", "blank_recall", None),
            ("written notes called blank", "written_called_blank", None),
            ("illegible notes recognised", "illegible_recall", None),
        ):
            value = found[key]
            if value is not None:
                rows.append(Row(name, measure, value, engine, TARGETS.get((name, measure))))
        _, error = calibrate.reliability(some)
        rows.append(Row(name, "calibration error over words", round(error, 4), None, 0.04))
    judged = [item for item in judged if item.note.kind != "found"]  # the labelled ones once more
    everything = calibrate.figures(judged, point)
    for measure, key, target in (
        ("blank notes recognised", "blank_recall", 0.97),
        ("written notes called blank", "written_called_blank", 0.01),
        ("illegible notes recognised", "illegible_recall", 0.90),
        ("silent errors", "silent", 0.03),
    ):
        rows.append(Row("all together", measure, everything[key], None, target))
    _, error = calibrate.reliability(judged)
    rows.append(Row("all together", "calibration error over words", round(error, 4), None, 0.04))
    return rows


def _engine_alone(judged: Sequence[Judged]) -> tuple[float | None, float | None]:
    pairs = [
        (item.note.truth or "", item.note.reading.readings[0].text)
        for item in judged
        if not item.note.is_partial and calibrate.normal(item.note.truth)
    ]
    return _rates(pairs) if pairs else (None, None)


def speed_table(shared: Path, count: int = 24) -> list[Row]:
    """Processor seconds a note of the reading stage, and of the engine by itself on the same pictures."""
    reader = open_reader("rapidocr")
    rows = []
    for name, load, step in (
        ("in hand", reading_data.handwriting, 1),
        ("on boards", reading_data.real_boards, 10),
    ):
        notes = [example.note for example in itertools.islice(load(shared), 0, count * step, step)]
        read_notes(notes[:1], [reader])
        for language in lexicon.OTHERS:  # loaded once a process, like the engine
            lexicon.zipf("note", language)
        engine = rapid._engine()
        started = time.process_time()
        for note in notes:
            engine(np.ascontiguousarray(note.image[:, :, ::-1]), use_det=True, use_cls=False, use_rec=True)
        alone = time.process_time() - started
        started = time.process_time()
        read_notes(notes, [reader])
        whole = time.process_time() - started
        rows += [
            Row(
                f"speed, {name}", "seconds a note", round(whole / len(notes), 3), round(alone / len(notes), 3)
            ),
            Row(f"speed, {name}", "times the engine's own", round(whole / alone, 2), 1.0, 1.2),
        ]
    return rows


def pipeline_table(shared: Path, work: Path) -> list[Row]:
    """The notes on boards as the whole pipeline finds, straightens and reads them: the notes' texts as read, and as
    printed, where withheld words count as lost. A label and a note are one where their boxes overlap by half."""
    boards = shared / "boards/real"
    pipeline_run(boards / "images", [], work)
    found = _found_notes(work / "processed")
    pairs: list[tuple[str, str, str, str]] = []
    labelled = 0
    for path in sorted((boards / "labels").glob("*.json")):
        label = json.loads(path.read_text(encoding="utf-8"))
        here = found.get(Path(label["image"]).name, [])
        for note in label["notes"]:
            if note.get("ignore") or note.get("partly_read") or not calibrate.normal(note["text"]):
                continue
            labelled += 1
            x, y, width, height = note["bbox"]
            overlaps = [(_overlap((x, y, x + width, y + height), other[0]), other) for other in here]
            best = max(overlaps, key=lambda pair: pair[0], default=None)
            if best is not None and best[0] >= 0.5:
                pairs.append((note["text"], *best[1][1:]))
    name = "whole pipeline"
    rows = [Row(name, "readable notes found", round(len(pairs) / max(1, labelled), 4))]
    for measure, place, targets in (("as read", 1, (0.100, 0.30)), ("as printed", 2, (None, None))):
        cer, wer = _rates([(pair[0], pair[place]) for pair in pairs])
        rows += [Row(name, f"CER {measure}", cer, None, targets[0])]
        rows += [Row(name, f"WER {measure}", wer, None, targets[1])]
    said = sum(status in ("legible", "partial") for *_, status in pairs)
    rows.append(Row(name, "legible or partial", round(said / max(1, len(pairs)), 4), None, 0.80))
    return rows


Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def _found_notes(processed: Path) -> dict[str, list[tuple[Box, str, str, str]]]:
    """By photograph: each note's box, its text as read, as printed, and its status."""
    found: dict[str, list[tuple[Box, str, str, str]]] = {}
    places = Places(processed, processed, processed)
    # The database holds the plain reading; what is judged is the one helped by the language.
    helped: dict[str, str] = {}
    for path in sorted((places.cache / "read").rglob("*.json")):
        page = Cache(places.cache).get("read", path.stem, PageReading)
        if isinstance(page, PageReading):
            helped |= {note.readings[0].text: note.readings[-1].text for note in page.notes}
    with duckdb.connect(str(places.database), read_only=True) as connection:
        for photo, x, y, width, height, read, printed, status in connection.execute(
            "SELECT s.photo, s.x, s.y, s.width, s.height, g.machine_text, r.text, r.text_status"
            " FROM sightings s JOIN responses r USING (workshop_id, note_id)"
            " JOIN reading g USING (workshop_id, note_id) ORDER BY s.photo, s.y, s.x"
        ).fetchall():
            box = (x, y, x + width, y + height)
            found.setdefault(Path(photo).name, []).append(
                (box, helped.get(read, read), printed or "", status)
            )
    return found


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return wide * high / (sum(areas) - wide * high)


def _rates(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """CER and WER over (truth, text) pairs."""
    cases = [(calibrate.normal(truth), calibrate.normal(text)) for truth, text in pairs]
    letters = sum(Levenshtein.distance(right, read) for right, read in cases)
    words = sum(Levenshtein.distance(right.split(), read.split()) for right, read in cases)
    return (
        round(letters / max(1, sum(len(right) for right, _ in cases)), 4),
        round(words / max(1, sum(len(right.split()) for right, _ in cases)), 4),
    )


def worst_report(judged: Sequence[Judged], shared: Path, folder: Path, count: int = 20) -> Path:
    """The worst notes as pictures with truth, reading and verdict, in a local folder of the caller's.

    The pictures are not ours to publish: keep the folder out of the project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    worst = sorted(judged, key=lambda item: (-_badness(item), item.note.id))[:count]
    wanted = {item.note.id for item in worst}
    pictures = {
        example.id: example.note.image
        for examples in reading_data.every_set(shared)
        for example in examples
        if example.id in wanted
    }
    parts = ["<!doctype html><meta charset='utf-8'><title>Worst readings</title><h1>Worst readings</h1>"]
    for number, item in enumerate(worst, start=1):
        name = f"{number:02d}.png"
        cv2.imwrite(str(folder / name), pictures[item.note.id][:, :, ::-1])
        result = item.at["default"]
        truth = "(nobody can read it)" if item.note.truth is None else item.note.truth or "(no text)"
        read = " ".join(word.text for word in item.words)
        parts.append(
            f"<h2>{number}. {html.escape(item.note.id)}</h2><img src='{name}' alt='the note' width='320'>"
            f"<dl><dt>truth<dd>{html.escape(truth)}<dt>read<dd>{html.escape(read)}"
            f"<dt>printed<dd>{html.escape(result.text) or '—'}"
            f"<dt>verdict<dd>{result.text_status}, {result.confidence:.2f}</dl>"
        )
    report = folder / "index.html"
    report.write_text("\n".join(parts), encoding="utf-8")
    return report


def _badness(item: Judged) -> float:
    """Silent errors first, then what else is wrong, by how wrong it is."""
    note, result = item.note, item.at["default"]
    if note.truth == "":
        return 0.0 if result.text_status == "no_text" else 2.0
    if result.text_status == "no_text":
        return 3.0
    if note.truth is None:
        return {"legible": 4.0, "partial": 2.0}.get(result.text_status, 0.0)
    if note.is_partial:
        return 0.0
    error = min(1.0, calibrate.error_rate(note.truth, " ".join(word.text for word in item.words)))
    return error + (3.0 if result.text_status == "legible" and error > calibrate.SILENT else 0.0)


def show(rows: Sequence[Row]) -> str:
    """The rows as an aligned text table."""
    lines = [f"{'data':16s} {'measure':32s} {'ours':>8s} {'engine':>8s} {'target':>8s}"]
    for row in rows:
        cells = ["–" if value is None else f"{value:.3f}" for value in (row.value, row.engine, row.target)]
        lines.append(f"{row.data:16s} {row.measure:32s} {cells[0]:>8s} {cells[1]:>8s} {cells[2]:>8s}")
    return "\n".join(lines)


def main() -> None:
    """Print the tables; write the worst notes where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=calibrate.shared_folder())
    parser.add_argument(
        "--readings", type=Path, help="folder to keep readings in, so that only new ones take time"
    )
    parser.add_argument("--worst", type=Path, help="write the twenty worst notes to this folder")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    judged = judged_notes(options.shared, options.readings)
    print(show([*reading_table(judged), *speed_table(options.shared)]))
    with tempfile.TemporaryDirectory() as work:
        print(show(pipeline_table(options.shared, Path(work))))
    if options.worst:
        print(worst_report(judged, options.shared, options.worst))


if __name__ == "__main__":
    main()
