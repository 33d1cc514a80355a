"""Reading and judging, measured: `python tests/benchmark/bench_reading.py [--worst FOLDER]`.

On the notes of shared/handwriting, shared/boards/real (labelled boxes) and shared/boards/rendered (true
outlines). Whatever was fitted is cross-validated: each photographed wall is judged by numbers fitted on
the others. Times are processor seconds of one process.
"""

from __future__ import annotations

import argparse
import html
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.readers import open_reader
from pipeline.stages.read import read_notes
from pipeline.training import calibrate, reading_data
from pipeline.training.calibrate import Judged

KINDS = (("notes in hand", "hand"), ("notes on boards", "board"), ("rendered notes", "rendered"))
TARGETS = {
    ("notes in hand", "CER"): 0.070,
    ("notes in hand", "WER"): 0.20,
    ("notes on boards", "CER"): 0.100,
    ("notes on boards", "WER"): 0.30,
    ("notes on boards", "silent errors"): 0.03,
    ("notes on boards", "coverage"): 0.80,
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
    return calibrate.cross_validated(calibrate.kept_readings(shared, readings))


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
            ("coverage", "coverage", None),
            ("blank notes recognised", "blank_recall", None),
            ("written notes called blank", "written_called_blank", None),
            ("illegible notes recognised", "illegible_recall", None),
        ):
            value = found[key]
            if value is not None:
                rows.append(Row(name, measure, value, engine, TARGETS.get((name, measure))))
        _, error = calibrate.reliability(some)
        rows.append(Row(name, "calibration error over words", round(error, 4), None, 0.04))
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
    edits = letters = word_edits = words = 0
    for note in (item.note for item in judged):
        right = calibrate.normal(note.truth)
        if note.is_partial or not right:
            continue
        read = calibrate.normal(note.reading.readings[0].text)
        edits += calibrate.Levenshtein.distance(right, read)
        letters += len(right)
        word_edits += calibrate.Levenshtein.distance(right.split(), read.split())
        words += len(right.split())
    return (round(edits / letters, 4), round(word_edits / words, 4)) if letters else (None, None)


def speed_table(shared: Path, count: int = 24) -> list[Row]:
    """Processor seconds a note of the reading stage, and of the engine by itself on the same pictures."""
    notes = [example.note for example in itertools.islice(reading_data.handwriting(shared), count)]
    reader = open_reader("rapidocr")
    read_notes(notes[:1], [reader])
    from pipeline.readers.rapid import _engine

    engine = _engine()
    started = time.process_time()
    for note in notes:
        engine(np.ascontiguousarray(note.image[:, :, ::-1]), use_det=True, use_cls=False, use_rec=True)
    alone = time.process_time() - started
    started = time.process_time()
    read_notes(notes, [reader])
    whole = time.process_time() - started
    return [
        Row("speed", "seconds a note", round(whole / count, 3), round(alone / count, 3)),
        Row("speed", "times the engine's own", round(whole / alone, 2), 1.0, 1.2),
    ]


def worst_report(judged: Sequence[Judged], shared: Path, folder: Path, count: int = 20) -> Path:
    """The worst notes as pictures with truth, reading and verdict, in a local folder of the caller's.

    The pictures are not ours to publish: keep the folder out of the project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    worst = sorted(judged, key=lambda item: (-_badness(item), item.note.id))[:count]
    wanted = {item.note.id for item in worst}
    pictures = {
        example.id: example.note.image
        for load in (reading_data.handwriting, reading_data.real_boards, reading_data.rendered_boards)
        for example in load(shared)
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
    parser.add_argument("--readings", type=Path, help="keep the readings here and use them if they are there")
    parser.add_argument("--worst", type=Path, help="write the twenty worst notes to this folder")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    judged = judged_notes(options.shared, options.readings)
    print(show([*reading_table(judged), *speed_table(options.shared)]))
    if options.worst:
        print(worst_report(judged, options.shared, options.worst))


if __name__ == "__main__":
    main()
