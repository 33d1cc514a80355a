"""`make benchmark`: accuracy and speed, side by side with what a user would pick instead, in one run.

Uses ../shared (real and rendered boards and their scorers) where it is there; otherwise the sample
workshop, whose truth the project carries. Figures are printed and written to
processed/benchmark/figures.json; nothing is asserted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from tests.benchmark import bench_geometry, bench_publish, bench_scale, peers
from tests.benchmark.runs import PROJECT, SHARED, Predictions, finding_seconds, pipeline_run

WORK = PROJECT / "processed" / "benchmark"
OUT = Console(highlight=False, width=120)


def _scored(script: Path, truth: Path, predictions: Predictions, work: Path) -> dict[str, Any]:
    folder = predictions.write(work / "predictions")
    result = work / "score.json"
    command = [sys.executable, str(script), str(truth), str(folder), "--json", str(result)]
    if predictions.merged is not None and script.name == "score.py":
        merged = work / "merged.json"
        merged.write_text(json.dumps(predictions.merged))
        command += ["--merged", str(merged)]
    subprocess.run(command, check=True, capture_output=True)
    scores: dict[str, Any] = json.loads(result.read_text())
    return scores


def _real_rows(score: dict[str, Any]) -> dict[str, Any]:
    keys = {
        "precision": "precision",
        "recall": "recall",
        "F1 at IoU .5": "f1",
        "F1 at IoU .75": "f1_iou75",
        "mean IoU": "mean_iou",
        "count error a photo": "count_error_per_photo",
        "ordinary notes called shaped": "ordinary_called_shaped",
        "CER, matched notes": "cer",
        "WER, matched notes": "wer",
        "coverage (legible or partial)": "coverage",
        "silent errors": "silent_error",
        "blank notes recognised": "blank_recall",
        "written notes called blank": "written_called_blank",
        "unreadable notes marked": "illegible_recall",
    }
    return {label: score.get(key) for label, key in keys.items()}


def _rendered_rows(score: dict[str, Any]) -> dict[str, Any]:
    found, text, merged = score["detection"], score["text"], score.get("merged", {})
    rows = {
        "precision": found["precision"],
        "recall": found["recall"],
        "F1 at IoU .5": found["f1"],
        "F1 at IoU .75": found["f1_iou75"],
        "mean IoU": found["mean_iou"],
        "shape right": score["shape"]["accuracy"],
        "CER, published": text["cer"],
        "WER, published": text["wer"],
        "withheld": text["withheld"] / max(text["legible_matched"], 1),
        "silent errors": score["silent_errors"]["rate"],
        "blank notes recognised": score["blank"]["recall"],
        "unreadable notes marked": score["illegible"]["recall"],
        "right principle": score["principle"]["accuracy"],
        "count error a photo and principle": score["counts"]["mean_abs_error_per_photo_principle"],
    }
    if merged:
        rows |= {"notes left double": merged["duplicates"], "notes wrongly merged": merged["over_merged"]}
    return rows


def _show(title: str, columns: dict[str, dict[str, Any]]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("measure")
    for name in columns:
        table.add_column(name, justify="right")
    labels = list(dict.fromkeys(label for rows in columns.values() for label in rows))
    for label in labels:
        table.add_row(label, *(_figure(rows.get(label)) for rows in columns.values()))
    OUT.print(table)


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _boards(name: str, images: Path, truth: Path, script: Path, headings: list[str]) -> dict[str, Any]:
    photos = sorted(path for path in images.iterdir() if path.suffix.lower() in (".jpg", ".png", ".heic"))
    runs = [pipeline_run(images, headings, WORK / name)]
    for peer, make in (
        ("RapidOCR, whole photo", peers.rapidocr_whole),
        ("Tesseract, whole photo", peers.tesseract_whole),
        ("colour ranges", peers.colour_ranges),
    ):
        runs.append(peers.peer_run(peer, make(), photos))
    finding = finding_seconds(photos)
    columns: dict[str, dict[str, Any]] = {}
    for result in runs:
        score = _scored(script, truth, result, WORK / name)
        rows = _real_rows(score) if script.name == "score_real.py" else _rendered_rows(score)
        rows["seconds a photo, one thread"] = result.seconds_a_photo
        rows["peak memory of a worker, MB"] = result.peak_mb
        columns[result.name] = rows
    peer = columns["RapidOCR, whole photo"]["seconds a photo, one thread"]
    for rows in columns.values():
        rows["times RapidOCR's seconds"] = rows["seconds a photo, one thread"] / peer
    columns[runs[0].name] |= {
        "seconds a photo, no note read": finding,
        "times RapidOCR's seconds, no note read": finding / peer,
    }
    _show(f"{name} ({len(photos)} photographs)", columns)
    if script.name == "score.py":
        _geometry(name, runs[0], truth, columns)
    return columns


def _headings(truth: Path) -> list[str]:
    found = {
        heading["text"]
        for file in truth.glob("*.json")
        for heading in json.loads(file.read_text())["headings"]
    }
    return sorted(found)


def _geometry(name: str, result: Predictions, truth: Path, columns: dict[str, dict[str, Any]]) -> None:
    """The finer figures of shapes, places and counts, where the truth knows them, in the pipeline's column."""
    truths = bench_geometry.load_truths(truth)
    merged = (result.merged or {"notes": []})["notes"]
    found = bench_geometry.figures(truths, result.by_photo, merged)
    read, cards = bench_geometry.headings_read(truths, result.headings)
    found["headings read to the letter"] = f"{read} of {cards}"
    columns[f"{name}, finer"] = {"figures": found}
    OUT.print(f"{name}: shapes with Wilson intervals, places, counts, notes in two photographs")
    for label, figure in found.items():
        OUT.print(f"  {label}: {_figure(figure)}")


def _sample() -> dict[str, Any]:
    """The sample workshop, whose truth the project carries."""
    images = WORK / "sample photographs"
    images.mkdir(parents=True, exist_ok=True)
    for photo in (PROJECT / "raw/sample-workshop").rglob("*"):
        if photo.suffix in (".jpg", ".heic"):
            shutil.copyfile(photo, images / photo.name)
    truth = PROJECT / "tests/data/sample-truth"
    result = pipeline_run(images, _headings(truth), WORK / "sample")
    columns: dict[str, dict[str, Any]] = {}
    _geometry("sample workshop", result, truth, columns)
    OUT.print(f"  seconds a photo, one thread: {result.seconds_a_photo:.2f}")
    columns["sample workshop, cost"] = {"seconds a photo": result.seconds_a_photo, "peak MB": result.peak_mb}
    return columns


def _growth(sizes: tuple[int, ...]) -> dict[str, float]:
    """How the whole run's cost grows: the sample's photographs at 640 x 480, made different by one pixel.

    Every one is found and read anew, 3 seconds of processor time each: 1,000 take most of an hour on one core.
    """
    photos = sorted((PROJECT / "raw/sample-workshop/photos").glob("*.jpg"))
    seconds: dict[str, float] = {}
    for count in sizes:
        images = WORK / f"growth {count}"
        shutil.rmtree(images, ignore_errors=True)
        images.mkdir(parents=True)
        for number in range(count):
            with Image.open(photos[number % len(photos)]) as picture:
                shrunk = picture.convert("RGB").resize((640, 480))
            shrunk.putpixel((0, 0), (number % 256, number // 256, 7))
            shrunk.save(images / f"{number:04}.png")
        seconds[f"whole run, {count:,} photographs, s each, two workers"] = pipeline_run(
            images, [], WORK / f"growth run {count}", workers=2
        ).seconds_a_photo
    return seconds


def _scale() -> dict[str, float]:
    """Start-up, memory and size beside their targets; each part in a process of its own, for the peaks' sake."""
    figures: dict[str, float] = {}
    for part in bench_scale.PARTS:
        result = WORK / f"scale {part}.json"
        command = [sys.executable, "-m", "tests.benchmark.bench_scale", part, "--json", str(result)]
        subprocess.run(command, check=True, cwd=PROJECT, capture_output=True)
        figures |= json.loads(result.read_text())
    return figures


def _beside_targets(title: str, figures: dict[str, float]) -> None:
    targets = bench_scale.TARGETS
    _show(title, {"measured": figures, "target": {label: targets.get(label) for label in figures}})


def main() -> None:
    """Run every part that its data is there for, or the parts named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("real", "rendered", "sample", "reading", "themes", "publish", "review", "scale", "growth")
    parser.add_argument("parts", nargs="*", help=f"{', '.join(parts)}; all where none is named")
    chosen = parser.parse_args().parts or list(parts)
    boards = SHARED / "boards"
    if not boards.is_dir():
        OUT.print("../shared is not there: only the sample workshop is measured.")
        chosen = [part for part in chosen if part not in ("real", "rendered", "reading", "themes")] or [
            "sample"
        ]
    figures: dict[str, Any] = {}
    if "real" in chosen:
        figures["real boards"] = _boards(
            "real boards", boards / "real/images", boards / "real/labels", SHARED / "score_real.py", []
        )
    if "rendered" in chosen:
        truth = boards / "rendered/truth"
        figures["rendered boards"] = _boards(
            "rendered boards", boards / "rendered/images", truth, SHARED / "score.py", _headings(truth)
        )
    if "sample" in chosen:
        figures["sample"] = _sample()
    if "reading" in chosen:
        subprocess.run([sys.executable, "-m", "tests.benchmark.bench_reading"], check=True, cwd=PROJECT)
    if "themes" in chosen:
        subprocess.run(
            [sys.executable, "-m", "tests.benchmark.bench_themes", "--quick"], check=True, cwd=PROJECT
        )
    if "publish" in chosen:
        figures["5,000 notes in every format"] = bench_publish.measure(5000)
        OUT.print(figures["5,000 notes in every format"])
    if "review" in chosen:
        subprocess.run([sys.executable, "-m", "tests.benchmark.bench_review"], check=True, cwd=PROJECT)
    if "scale" in chosen:
        figures["scale"] = _scale()
        _beside_targets("start-up, memory and size (made-up results of the map half)", figures["scale"])
    if "growth" in chosen:
        figures["growth"] = _growth((1, 10, 100, 1000))
        _beside_targets("how the whole run's cost grows", figures["growth"])
    _keep(figures)


def _keep(figures: dict[str, Any]) -> None:
    """Write the figures down; those of parts that were not measured this time stay as they were."""
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / "figures.json"
    with contextlib.suppress(OSError, ValueError):
        figures = {**json.loads(file.read_text()), **figures}
    file.write_text(json.dumps(figures, indent=1, sort_keys=True, default=str))


if __name__ == "__main__":
    main()
