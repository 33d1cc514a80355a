"""Geometry on its own: shapes, colours, boards and places, given the true outlines and words.

    python -m tests.benchmark.bench_geometry            # from true outlines, traced as roughly as a detector traces
    python -m tests.benchmark.bench_geometry --exact    # from the true outlines themselves

What a network finds and an engine reads is left out, so that what is wrong here is wrong in the geometry. The
functions take predictions of any kind (see runs.Predictions), so `make benchmark` can print the same figures for a
whole run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from shapely import make_valid
from shapely.geometry import Polygon as Shape
from shapely.geometry.base import BaseGeometry

from pipeline.model import (
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
    PhotoRecord,
    Principle,
    Reading,
    Word,
)
from pipeline.photos import load_upright
from pipeline.stages.classify import classify
from pipeline.stages.combine import combine
from pipeline.stages.describe import describe
from pipeline.stages.place import place
from pipeline.training.classify.draw import traced
from tests.benchmark.runs import SHARED

Truths = Mapping[str, Mapping[str, Any]]


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.959964, right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def load_truths(folder: Path) -> dict[str, dict[str, Any]]:
    """Truth files by photograph's stem."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def shape_confusion(truths: Truths, by_photo: Mapping[str, Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """True shape → what found notes (IoU .5) were called, over rendered truth."""
    table: dict[str, Counter[str]] = {}
    for stem, truth in truths.items():
        for note, true in _pairs(by_photo.get(stem, {}).get("notes", []), truth["notes"]):
            table.setdefault(true["shape"], Counter())[note["shape"]] += 1
    return table


def placement(truths: Truths, by_photo: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
    """How many found notes are under the right principle, of how many."""
    right = total = 0
    for stem, truth in truths.items():
        for note, true in _pairs(by_photo.get(stem, {}).get("notes", []), truth["notes"]):
            total += 1
            right += _key(note.get("principle")) == _key(true["principle"])
    return right, total


def duplicates(truths: Truths, merged: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Notes seen in two photographs or more: how many are one note, and how many notes are two in truth."""
    seen: dict[tuple[str, str], set[int]] = {}
    photos: dict[tuple[str, str], set[str]] = {}
    wrong = 0
    for number, note in enumerate(merged):
        owners = set()
        for source in note["sources"]:
            truth = truths.get(source["photo"])
            true = truth and _best(source, truth["notes"])
            if truth and true:
                owner = (_sheet(truth), true["id"])
                owners.add(owner)
                seen.setdefault(owner, set()).add(number)
                photos.setdefault(owner, set()).add(source["photo"])
        wrong += len(owners) > 1
    twice = [owner for owner, where in photos.items() if len(where) > 1]
    return {
        "seen in two photographs": len(twice),
        "merged": sum(len(seen[owner]) == 1 for owner in twice),
        "wrongly merged": wrong,
    }


def counts_exact(truths: Truths, merged: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Principles (a heading of one sheet) whose count is exactly right, of how many."""
    true: dict[tuple[str, str], set[str]] = {}
    found: Counter[tuple[str, str]] = Counter()
    for truth in truths.values():
        for note in truth["notes"]:
            if not note["ignore"]:
                true.setdefault((_sheet(truth), _key(note["principle"])), set()).add(note["id"])
    for note in merged:
        truth = truths.get(note["sources"][0]["photo"])
        slivers = truth and all(_is_sliver(source, truths) for source in note["sources"])
        if truth and not slivers:
            found[_sheet(truth), _key(note.get("principle"))] += 1
    return sum(found[cell] == len(ids) for cell, ids in true.items()), len(true)


def headings_read(truths: Truths, by_photo: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """Headings of a sheet, at least half in a picture, that were read to the letter, of how many."""
    true: set[tuple[str, str]] = set()
    read: set[tuple[str, str]] = set()
    for stem, truth in truths.items():
        sheet = _sheet(truth)
        true |= {(sheet, _key(one["text"])) for one in truth["headings"] if one["in_frame"] >= 0.5}
        read |= {(sheet, _key(text)) for text in by_photo.get(stem, ())}
    return len(true & read), len(true)


def from_true_outlines(folder: Path, truths: Truths, is_exact: bool) -> dict[str, Any]:
    """Classify, combine and place on the true outlines; predictions as a whole run would give them."""
    rng = np.random.default_rng(0)
    records: list[PhotoRecord] = []
    features: dict[str, Features] = {}
    for stem, truth in truths.items():
        path = next(one for one in sorted(folder.rglob("*")) if one.stem == stem and one.is_file())
        upright = load_upright(path.read_bytes(), path.name)
        image = upright.pixels  # type: ignore[union-attr]
        notes = [note for note in truth["notes"] if _box_side(note["polygon"]) >= 12]
        polygons = [np.array(note["polygon"], np.float64) for note in notes]
        if not is_exact:
            polygons = [traced(rng, one, float(np.ptp(one, axis=0).max())) for one in polygons]
        outlines = tuple(Outline(tuple((float(x), float(y)) for x, y in one), 0.9) for one in polygons)
        words = [tuple(Word(word, 0.9) for word in note["text"].split()) for note in notes]
        readings = tuple(
            NoteReading((Reading("truth", "1", (Line(one),)),), Ink(0.1, 0.0, 0.4, 20.0, not note["blank"]))
            for one, note in zip(words, notes, strict=True)
        )
        boxes = tuple(HeadingBox(tuple((x, y) for x, y in h["polygon"]), 0.9) for h in truth["headings"])
        texts = tuple(HeadingReading(heading["text"], 0.9, "truth") for heading in truth["headings"])
        photo = Photo(stem, hashlib.sha256(stem.encode()).hexdigest(), image.shape[1], image.shape[0], "JPEG")
        page = PageReading(readings, texts)
        records.append(PhotoRecord(photo, Detection(outlines, boxes), classify(image, outlines), page))
        features[stem] = describe(image)
    return _predicted(records, features, truths)


def _predicted(
    records: Sequence[PhotoRecord], features: Mapping[str, Features], truths: Truths
) -> dict[str, Any]:
    names = sorted({heading["text"] for truth in truths.values() for heading in truth["headings"]})
    principles = tuple(Principle(f"p{number}", name) for number, name in enumerate(names))
    heading_of = {principle.id: principle.heading for principle in principles}
    boards = combine(records, features)
    by_path = {record.photo.path: record for record in records}
    by_photo: dict[str, dict[str, list[Any]]] = {record.photo.path: {"notes": []} for record in records}
    merged = []
    for board, placements in zip(boards, place(boards, principles, records), strict=True):
        for note, where in zip(board.notes, placements, strict=True):
            principle = heading_of.get(where.principle_id or "")
            sources = [{"photo": s.photo, "polygon": [list(p) for p in s.polygon]} for s in note.sightings]
            merged.append({"sources": sources, "principle": principle})
            for sighting in note.sightings:
                kind = by_path[sighting.photo].classifications[sighting.index]
                by_photo[sighting.photo]["notes"].append(
                    {
                        "polygon": [list(p) for p in sighting.polygon],
                        "shape": kind.shape,
                        "shape_confidence": kind.shape_confidence,
                        "principle": principle,
                    }
                )
    return {"by_photo": by_photo, "merged": merged}


def figures(
    truths: Truths, by_photo: Mapping[str, Any], merged: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """All of the above, as labels and figures."""
    table = shape_confusion(truths, by_photo)
    total = sum(sum(row.values()) for row in table.values())
    right = sum(row[shape] for shape, row in table.items())
    placed, found = placement(truths, by_photo)
    exact, cells = counts_exact(truths, merged)
    result: dict[str, Any] = {
        "shape right": right / max(total, 1),
        "shape right, 95 % interval": wilson(right, total),
    }
    for shape, row in sorted(table.items()):
        low, high = wilson(row[shape], sum(row.values()))
        result[f"{shape}: called"] = f"{dict(sorted(row.items()))}, right {low:.3f}–{high:.3f}"
    result["right principle"] = placed / max(found, 1)
    result["counts exactly right"] = f"{exact} of {cells}"
    return result | duplicates(truths, merged)


def _pairs(notes: Sequence[Any], true: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each true note that counts with the found note that lies over it best (IoU .5)."""
    pairs = []
    free = list(notes)
    for one in true:
        best = max(free, key=lambda note: _iou(_shape(note), _shape(one)), default=None)
        if best is None or _iou(_shape(best), _shape(one)) < 0.5:
            continue
        free.remove(best)
        if not one["ignore"]:
            pairs.append((best, one))
    return pairs


def _best(source: Mapping[str, Any], true: Sequence[Any]) -> Any:
    best = max(true, key=lambda one: _iou(_shape(source), _shape(one)), default=None)
    return best if best and _iou(_shape(source), _shape(best)) >= 0.5 else None


def _is_sliver(source: Mapping[str, Any], truths: Truths) -> bool:
    best = _best(source, truths[source["photo"]]["notes"]) if source["photo"] in truths else None
    return bool(best and best["ignore"])


def _sheet(truth: Mapping[str, Any]) -> str:
    return str(truth.get("same_board_as") or truth["sheet_id"])


def _key(heading: str | None) -> str:
    """A heading without its explanation, as the truth names principles."""
    return "".join(c for c in (heading or "").split("(")[0].upper() if c.isalnum())


def _shape(note: Mapping[str, Any]) -> BaseGeometry:
    points = [(p["x"], p["y"]) if isinstance(p, dict) else tuple(p) for p in note["polygon"]]
    shape = Shape(points)
    return shape if shape.is_valid else make_valid(shape).buffer(0)


def _box_side(polygon: Sequence[Sequence[float]]) -> float:
    return float(np.ptp(np.array(polygon), axis=0).max()) if len(polygon) >= 3 else 0.0


def _iou(one: BaseGeometry, other: BaseGeometry) -> float:
    common = one.intersection(other).area
    return float(common / max(one.area + other.area - common, 1e-9))


def main() -> None:
    """Print the figures for the rendered boards and the sample."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exact", action="store_true", help="take the true outlines as they are")
    options = parser.parse_args()
    for name in ("boards/rendered", "sample"):
        folder = SHARED / name
        if not folder.is_dir():
            print(f"{name}: ../shared is not there, nothing to measure")
            continue
        truths = load_truths(folder / "truth")
        found = from_true_outlines(folder, truths, options.exact)
        print(
            f"\n{name}, {len(truths)} photographs, true outlines"
            + ("" if options.exact else " traced roughly")
        )
        for label, figure in figures(truths, found["by_photo"], found["merged"]).items():
            print(f"  {label}: {figure}")


if __name__ == "__main__":
    main()
