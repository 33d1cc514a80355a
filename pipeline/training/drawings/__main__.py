"""Fit what tells a drawing from writing: `python -m pipeline.training.drawings` (also `make train-drawings`).

Draws notes (notes.py), reads them with the main reader, and fits a logistic model on those on which the reader
sees no word surely: only there is it asked. Half of the icons and UNIPEN's training writers are fitted on; the
other half and the writers held out are what the printed figures are measured on. Writes
pipeline/weights/drawings.json. Needs npm for the icons and ../shared/unipen; some minutes. Deterministic.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pipeline import doodles, ink, presence
from pipeline.readers import open_reader
from pipeline.stages import judge as judging
from pipeline.training.calibrate import shared_folder
from pipeline.training.drawings.icons import PACKAGE, load_icons
from pipeline.training.drawings.notes import drawings, load_strokes, writings
from pipeline.training.reading_data import surely_read

NAMES = (*doodles.SHAPES, *doodles.READER)
SHRINKAGE = 0.3
Table = NDArray[np.float64]


def examples(icons: Path, strokes: Path, count: int, part: int) -> tuple[Table, Table]:
    """Features (notes x NAMES) and whether each is a drawing, of `count` notes of either kind, less those on which a
    word is surely seen. `part` 0 is fitted on, 1 kept aside."""
    rng = np.random.default_rng(20261122 + part)
    words, lines = load_strokes(strokes, ("train", "heldout")[part])
    notes = [
        *drawings(load_icons(icons)[part::2], count, rng),
        *writings(words, lines, count, rng),
    ]
    reader = open_reader("rapidocr")
    rows, is_drawn = [], []
    for start in range(0, len(notes), 8):
        some = notes[start : start + 8]
        for place, (note, reading) in enumerate(zip(some, surely_read(some, reader), strict=True), start):
            shapes = doodles.shapes(ink.find_ink(note.image, note.mask))
            if not shapes or presence.sees_a_word(reading, judging.judge_words(reading)):
                continue
            features = shapes | presence.reader_features(reading)
            rows.append([features[name] for name in NAMES])
            is_drawn.append(float(place < count))
    return np.array(rows), np.array(is_drawn)


def fit(table: Table, is_drawn: Table) -> dict[str, float]:
    """Logistic regression on features of one scale, the kinds weighing alike; positive speaks for a drawing."""
    spread = table[:, 1:].std(axis=0)
    model = LogisticRegression(C=SHRINKAGE, max_iter=5000, class_weight="balanced").fit(
        table[:, 1:] / spread, is_drawn
    )
    values = [float(model.intercept_[0]), *(float(value) for value in model.coef_[0] / spread)]
    return {name: round(value, 4) for name, value in zip(NAMES, values, strict=True)}


def main() -> None:
    """Fit, print figures on what was kept aside, write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--icons", type=Path, default=Path("processed/training"), help="the icons' package goes here"
    )
    parser.add_argument("--strokes", type=Path, default=shared_folder() / "unipen")
    parser.add_argument(
        "--count", type=int, default=195, help="notes of either kind, fitted on and kept aside each"
    )
    parser.add_argument("--output", type=Path, default=doodles.WEIGHTS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    table, is_drawn = examples(options.icons, options.strokes, options.count, 0)
    weights = fit(table, is_drawn)
    aside, aside_drawn = examples(options.icons, options.strokes, options.count, 1)
    found = aside @ np.array([weights[name] for name in NAMES]) >= presence.DRAWN
    hits, lost = int(found[aside_drawn > 0].sum()), int(found[aside_drawn == 0].sum())
    figures = {
        "drawings": int((aside_drawn > 0).sum()),
        "drawings_found": hits,
        "written": int((aside_drawn == 0).sum()),
        "written_called_drawing": lost,
        "notes_of_either_kind": options.count,
    }
    print(f"kept aside, no sure word on them: {figures}")
    about = {
        "made_by": "python -m pipeline.training.drawings",
        "material": f"{PACKAGE} (CC BY 4.0) and UNIPEN train_r01_v07 (CC BY 4.0); no photograph",
        "fitted_on": len(table),
        "kept_aside": figures,
    }
    options.output.write_text(
        json.dumps({"about": about, "weights": weights}, indent=1) + "\n", encoding="utf-8"
    )
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
