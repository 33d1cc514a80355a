"""Measures a detector on labelled boards: the F1 of notes at IoU .5 and .75, shapes, headings, seconds a photo.

Kept apart from the project's benchmark so that weights can be judged while they are being trained. The labels'
layouts are those of `boards/real` (boxes) and `boards/rendered` (polygons) beside the project.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from pipeline.stages.detect import Detector

SOURCES_APART = ("datapolitan", "dhc-barnard", "legaard", "wikidatazh")
"""Real photographs of these sources are reported apart. Not a clean test: two thresholds were chosen on all sources."""


@dataclass
class Tally:
    """Counts over photographs; `f1()` at IoU .5 and .75."""

    truth: int = 0
    found: int = 0
    hit: int = 0
    hit75: int = 0
    shape_right: int = 0
    odd_shape: int = 0
    headings: int = 0
    headings_found: int = 0
    headings_hit: int = 0
    count_error: int = 0
    photos: int = 0
    seconds: float = 0.0
    ious: list[float] = field(default_factory=list)
    confusion: dict[str, int] = field(default_factory=dict)

    def f1(self, hits: int) -> float:
        """F1 of so many hits."""
        return round(2 * hits / (self.truth + self.found), 4) if self.truth + self.found else 0.0

    def report(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "photos": self.photos, "notes": self.truth, "found": self.found,
            "precision": round(self.hit / max(1, self.found), 4), "recall": round(self.hit / max(1, self.truth), 4),
            "f1": self.f1(self.hit), "f1_75": self.f1(self.hit75),
            "mean_iou": round(float(np.mean(self.ious)), 4) if self.ious else None,
            "shape_right": round(self.shape_right / max(1, self.hit), 4), "odd_shape": self.odd_shape,
            "count_error": round(self.count_error / max(1, self.photos), 3),
            "headings": f"{self.headings_hit}/{self.headings} found {self.headings_found}",
            "seconds": round(self.seconds / max(1, self.photos), 3),
            "confusion": dict(sorted(self.confusion.items())),
        }  # fmt: skip


def _poly(points: Any) -> Any:
    shape = Polygon(points)
    return shape if shape.is_valid else shape.buffer(0)


def _iou(a: Any, b: Any) -> float:
    if a.is_empty or b.is_empty or not a.intersects(b):
        return 0.0
    inter = a.intersection(b).area
    return float(inter / (a.area + b.area - inter))


def _truth(path: Path) -> tuple[list[tuple[list[Any], bool, str]], list[Any], bool]:
    """Notes as (regions that count, ignored, shape), headings, and whether the labels are boxes."""
    data = json.loads(path.read_text())
    notes = []
    is_boxes = "headings" not in data
    for n in data["notes"]:
        if is_boxes:
            x, y, w, h = n["bbox"]
            regions = [box(x, y, x + w, y + h)]
        else:
            parts = n.get("polygon_parts") or [n["polygon"]]
            regions = [unary_union([_poly(p) for p in parts if len(p) >= 3])]
            if n.get("full_polygon"):
                regions.append(_poly(n["full_polygon"]))
        notes.append((regions, bool(n.get("ignore")), str(n["shape"])))
    return notes, [_poly(h["polygon"]) for h in data.get("headings", []) if h["in_frame"] > 0.5], is_boxes


def measure(
    detector: Detector, images: Path, labels: Path, names: list[str], overlays: Path | None = None
) -> dict[str, Tally]:
    """Tallies per photograph name, and writes a picture of each result to `overlays`."""
    out = {}
    for name in names:
        picture = cv2.cvtColor(cv2.imread(str(images / f"{name}.jpg")), cv2.COLOR_BGR2RGB)
        began = time.perf_counter()
        result = detector.detect(picture)
        t = out[name] = Tally(photos=1, seconds=time.perf_counter() - began)
        notes, headings, is_boxes = _truth(labels / f"{name}.json")
        found = [_poly(o.polygon) for o in result.outlines]
        areas = [box(*f.bounds) for f in found] if is_boxes else found
        m = np.array([[max(_iou(f, r) for r in regions) for regions, _, _ in notes] for f in areas])
        m = m.reshape(len(areas), len(notes))
        pairs = [
            (i, j)
            for i, j in zip(*linear_sum_assignment(-np.where(m >= 0.5, m + 10, 0)), strict=True)
            if m[i, j] >= 0.5
        ]
        on_ignored = {
            i
            for i in range(len(found))
            if i not in {a for a, _ in pairs}
            and any(
                n[1] and (m[i, j] >= 0.3 or found[i].intersection(n[0][0]).area > 0.5 * found[i].area)
                for j, n in enumerate(notes)
            )
        }
        on_ignored |= {i for i, j in pairs if notes[j][1]}
        pairs = [(i, j) for i, j in pairs if not notes[j][1]]
        t.truth, t.found, t.hit = sum(not n[1] for n in notes), len(found) - len(on_ignored), len(pairs)
        t.hit75 = sum(m[i, j] >= 0.75 for i, j in pairs)
        t.ious = [float(m[i, j]) for i, j in pairs]
        t.count_error = abs(t.truth - t.found)
        for i, j in pairs:
            votes = result.outlines[i].shape_scores
            said, true = max(votes, key=lambda k: votes[k]), notes[j][2]
            t.confusion[f"{true}>{said}"] = t.confusion.get(f"{true}>{said}", 0) + 1
            t.shape_right += said == true or {said, true} == {"square", "rectangle"}
            t.odd_shape += true in ("square", "rectangle") and said in ("tick", "heart", "speech_bubble")
        cards = [_poly(h.polygon) for h in result.headings]
        t.headings, t.headings_found = len(headings), len(cards)
        t.headings_hit = sum(any(_iou(c, h) > 0.5 for c in cards) for h in headings)
        if overlays is not None:
            _overlay(
                picture,
                result,
                notes,
                {i for i, _ in pairs},
                {j for _, j in pairs},
                overlays / f"{name}.png",
                on_ignored,
            )
    return out


def _overlay(
    picture: Any, result: Any, notes: Any, good: set[int], hit: set[int], path: Path, ignored: set[int]
) -> None:
    scale = 900 / max(picture.shape)
    view = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for j, (regions, skip, _) in enumerate(notes):
        if j not in hit:
            points = np.array(regions[0].convex_hull.exterior.coords) * scale
            cv2.polylines(view, [points.astype(np.int32)], True, (150, 150, 150) if skip else (255, 0, 0), 3)
    for i, o in enumerate(result.outlines):
        colour = (0, 200, 0) if i in good else (128, 128, 128) if i in ignored else (255, 0, 255)
        cv2.polylines(view, [(np.array(o.polygon) * scale).astype(np.int32)], True, colour, 2)
        if i not in good:
            at = tuple((np.array(o.polygon).mean(axis=0) * scale).astype(int).tolist())
            cv2.putText(view, f"{o.score:.2f}", at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 0, 255), 1)
    for h in result.headings:
        cv2.polylines(view, [(np.array(h.polygon) * scale).astype(np.int32)], True, (0, 0, 255), 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), view[..., ::-1])


def total(tallies: list[Tally]) -> Tally:
    """The sum of tallies."""
    out = Tally()
    for t in tallies:
        for name, value in vars(t).items():
            if isinstance(value, dict):
                for k, v in value.items():
                    out.confusion[k] = out.confusion.get(k, 0) + v
            else:
                setattr(out, name, getattr(out, name) + value)
    return out


def figures(
    detector: Detector, shared: Path, overlays: Path | None = None, real_only: bool = False
) -> dict[str, Any]:
    """Figures on the boards in `shared`: real (all, and the sources set apart) and rendered."""
    real = shared / "boards" / "real"
    names = sorted(p.stem for p in (real / "labels").glob("*.json"))
    tallies = measure(detector, real / "images", real / "labels", names, overlays)
    held = [n for n in names if n.split("__")[0] in SOURCES_APART]
    out: dict[str, Any] = {
        "per_photo": {n: (t.truth, t.found, t.hit, t.hit75, round(t.seconds, 2)) for n, t in tallies.items()},
        "real": total(list(tallies.values())).report(),
        "real_other_sources": total([tallies[n] for n in names if n not in held]).report(),
        "real_set_apart": total([tallies[n] for n in held]).report(),
    }
    if not real_only:
        rendered = shared / "boards" / "rendered"
        names = sorted(p.stem for p in (rendered / "truth").glob("*.json"))
        made = measure(detector, rendered / "images", rendered / "truth", names, overlays)
        out["rendered"] = total(list(made.values())).report()
        out["rendered_per_photo"] = {
            n: (t.truth, t.found, t.hit, t.hit75, t.headings, t.headings_hit) for n, t in made.items()
        }
    return out
