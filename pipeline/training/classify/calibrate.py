"""Fit the dozen numbers of `classify.Calibration`: `python -m pipeline.training.classify.calibrate FOLDER ...`.

Each FOLDER holds photographs with true notes beside them: rendered boards (`images/`, `truth/` with outlines) or real
ones (`images/`, `labels/` with boxes). The detector's outlines are matched to the true notes (box IoU .5), and the
numbers that make the true classes likeliest are found. Printed: the numbers, and accuracy and log loss cross-validated
by sheet, each sheet being judged by numbers that never saw it. Nothing else learns from these photographs.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline.model import bounding_box
from pipeline.photos import Upright, load_upright
from pipeline.shape import CLASSES
from pipeline.stages.classify import Calibration, gathered_votes, judged_by_outline, weigh
from pipeline.stages.detect import Detector

Array = NDArray[np.float64]
CLASS_OF = {"square": "four_sided", "rectangle": "four_sided"}
FOLDS = 10
HOLD = 0.02
"""How strongly the numbers are held at their defaults (per unit squared), for classes that are rarely seen."""


@dataclass(frozen=True, slots=True)
class Case:
    """One found note: the geometry's probabilities, the detector's votes, the true class and its sheet."""

    geometry: dict[str, float]
    votes: dict[str, float]
    truth: str
    sheet: str


def cases_of(folder: Path, detector: Detector) -> list[Case]:
    """All notes found on a folder's photographs that match a true one."""
    cases = []
    for photo in sorted((folder / "images").iterdir()):
        truth_file = next(
            folder / kind / f"{photo.stem}.json" for kind in ("truth", "labels") if (folder / kind).is_dir()
        )
        upright = load_upright(photo.read_bytes(), photo.name)
        if not isinstance(upright, Upright) or not truth_file.is_file():
            continue
        truth = json.loads(truth_file.read_text())
        is_corners = "labels" not in truth_file.parts
        true = [
            (_corners(note["bbox"], is_corners), note["shape"])
            for note in truth["notes"]
            if not note.get("ignore")
        ]
        outlines = detector.detect(upright.pixels).outlines
        polygons = [np.asarray(outline.polygon, np.float64) for outline in outlines]
        for number, outline in enumerate(outlines):
            x, y, w, h = bounding_box(outline.polygon)
            best = max(((_iou((x, y, x + w, y + h), box), shape) for box, shape in true), default=(0.0, ""))
            if best[0] < 0.5:
                continue
            geometry = judged_by_outline(upright.pixels, polygons, number)
            sheet = str(truth.get("same_board_as") or truth.get("sheet_id") or photo.stem)
            cases.append(Case(geometry, outline.shape_scores, CLASS_OF.get(best[1], best[1]), sheet))
    return cases


def fit(cases: Sequence[Case]) -> Calibration:
    """The numbers under which the cases' true classes are likeliest."""
    start = Calibration()
    truth = np.array([CLASSES.index(case.truth) for case in cases])
    geometry = np.log(np.array([[case.geometry[name] for name in CLASSES] for case in cases]) + 0.002)
    votes = np.array([gathered_votes(case.votes) for case in cases])
    total = np.maximum(votes.sum(axis=1, keepdims=True), 1e-9)
    voted = np.log((votes + 0.01 * total) / (1.05 * total))
    both = _fitted([geometry, voted], (start.geometry, start.votes), start.bias, truth)
    alone = _fitted([geometry], (start.geometry_alone,), start.bias_alone, truth)
    return Calibration(both[0], both[1], _five(both[2:]), alone[0], _five(alone[1:]))


def _fitted(
    judges: Sequence[Array], powers: Sequence[float], bias: Sequence[float], truth: Array
) -> list[float]:
    start = np.array([*powers, *bias])

    def loss(numbers: Array) -> float:
        scores = (
            sum(power * judge for power, judge in zip(numbers, judges, strict=False)) + numbers[len(judges) :]
        )
        scores = scores - scores.max(axis=1, keepdims=True)
        right = scores[np.arange(len(truth)), truth] - np.log(np.exp(scores).sum(axis=1))
        return float(-right.mean() + HOLD * ((numbers - start) ** 2).mean())

    found = minimize(
        loss, start, method="L-BFGS-B", bounds=[(0.05, 4.0)] * len(judges) + [(-4.0, 4.0)] * len(bias)
    )
    return [round(float(value), 3) for value in found.x]


def cross_validated(cases: Sequence[Case]) -> tuple[float, float]:
    """Accuracy and log loss, each sheet judged by numbers fitted without it."""
    sheets = sorted({case.sheet for case in cases})
    right, loss = 0, 0.0
    for fold in range(FOLDS):
        held = set(sheets[fold::FOLDS])
        numbers = fit([case for case in cases if case.sheet not in held])
        for case in cases:
            if case.sheet in held:
                weighed = weigh(case.geometry, case.votes, numbers)
                right += max(weighed, key=lambda name: weighed[name]) == case.truth
                loss -= math.log(max(weighed[case.truth], 1e-9))
    return right / len(cases), loss / len(cases)


def _five(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    one, two, three, four, five = values
    return one, two, three, four, five


def _corners(box: Sequence[float], is_corners: bool) -> tuple[float, float, float, float]:
    a, b, c, d = box
    return (a, b, c, d) if is_corners else (a, b, a + c, b + d)


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def main() -> None:
    """Fit on the given folders and print the numbers to put into `classify`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args()
    detector = Detector()
    cases = [case for folder in options.folders for case in cases_of(folder, detector)]
    accuracy, loss = cross_validated(cases)
    print(f"{len(cases)} notes; cross-validated by sheet: {accuracy:.4f} right, log loss {loss:.4f}")
    print(fit(cases))


if __name__ == "__main__":
    main()
