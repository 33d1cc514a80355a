"""Notes with known text, for calibration and for the benchmark: measured on, never trained on.

Every note comes straightened, as the pipeline would hand it to the readers, with its truth and the
source it is from, so that figures can be cross-validated by source.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline.model import NoteReading, Outline, Polygon
from pipeline.readers import Reader
from pipeline.stages.classify import classify
from pipeline.stages.detect import Detector
from pipeline.stages.read import MARGIN, NOTE_SIDE, read_notes
from pipeline.straighten import Image, Straightened, straighten


@dataclass(frozen=True, slots=True)
class Example:
    """One note. `truth`: its text; "" nothing written; None written but unreadable.

    `source` is the photographer's collection, the unit that cross-validation leaves out. `is_partial`
    notes (unsure in the truth itself) are kept out of error rates.
    """

    id: str
    kind: str
    source: str
    note: Straightened
    truth: str | None
    is_partial: bool = False


def every_set(shared: Path) -> Iterator[Iterator[Example]]:
    """In hand, on boards by labelled boxes, on boards as found, and rendered."""
    yield handwriting(shared)
    yield real_boards(shared)
    yield found_on_boards(shared)
    yield rendered_boards(shared)


def whole(image: Image) -> Straightened:
    """A picture that is the note, scaled to the size the readers are given."""
    height, width = image.shape[:2]
    scale = NOTE_SIDE / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    back = (1 / scale, 0.0, 0.0, 0.0, 1 / scale, 0.0, 0.0, 0.0, 1.0)
    return Straightened(picture, np.full(picture.shape[:2], 255, np.uint8), back)


def surely_read(notes: Sequence[Straightened], reader: Reader) -> list[NoteReading]:
    """The notes read, as a run reads them; raises RuntimeError where the reader failed.

    A run goes on without a note whose reader failed. Numbers fitted to silence would be wrong, and look right.
    """
    found = read_notes(notes, [reader])
    errors = [one.readings[0].error for one in found if one.readings[0].error is not None]
    if errors:
        raise RuntimeError(f"the reader “{reader.name}” failed, so that nothing can be fitted: {errors[0]}")
    return found


def handwriting(shared: Path) -> Iterator[Example]:
    """Notes and lines in hand: shared/handwriting."""
    with (shared / "handwriting/truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            image = _picture(shared / "handwriting/images" / row["file"])
            source = f"hand-{row['file'].split('_')[0]}"
            yield Example(row["file"], f"hand-{row['kind']}", source, whole(image), row["text"])


def real_boards(shared: Path) -> Iterator[Example]:
    """Notes on photographed boards, cut out by their labelled boxes: shared/boards/real."""
    for path in sorted((shared / "boards/real/labels").glob("*.json")):
        label = json.loads(path.read_text(encoding="utf-8"))
        image = _picture(shared / "boards/real/images" / label["image"])
        for index, note in enumerate(label["notes"]):
            if note.get("ignore"):
                continue
            x, y, width, height = (float(value) for value in note["bbox"])
            box: Polygon = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
            yield Example(
                f"{path.stem}#{index}",
                "board",
                path.stem.split("__")[0],
                straighten(image, box, "square", long_side=NOTE_SIDE, margin=0.0),
                note["text"],
                bool(note.get("partly_read")),
            )


def found_on_boards(shared: Path) -> Iterator[Example]:
    """The same boards' notes as the pipeline finds and straightens them; a label and a note are one where their boxes
    overlap by half."""
    detector = Detector(threads=1)
    for path in sorted((shared / "boards/real/labels").glob("*.json")):
        label = json.loads(path.read_text(encoding="utf-8"))
        image = _picture(shared / "boards/real/images" / label["image"])
        outlines = detector.detect(image).outlines
        overlaps = np.array(
            [[_overlap(outline, note["bbox"]) for note in label["notes"]] for outline in outlines]
        )
        if not overlaps.size:
            continue
        shapes = classify(image, outlines)
        for index, place in zip(*linear_sum_assignment(-overlaps), strict=True):
            note = label["notes"][place]
            if overlaps[index, place] < 0.5 or note.get("ignore"):
                continue
            yield Example(
                f"{path.stem}#found{index}",
                "found",
                path.stem.split("__")[0],
                straighten(
                    image, outlines[index].polygon, shapes[index].shape, long_side=NOTE_SIDE, margin=MARGIN
                ),
                note["text"],
                bool(note.get("partly_read")),
            )


def _overlap(outline: Outline, bbox: list[float]) -> float:
    """Intersection over union of the outline's box and a label's."""
    x, y, width, height = bbox
    low, high = np.min(outline.polygon, axis=0), np.max(outline.polygon, axis=0)
    common = np.clip(np.minimum(high, (x + width, y + height)) - np.maximum(low, (x, y)), 0, None).prod()
    return float(common / ((high - low).prod() + width * height - common))


def rendered_boards(shared: Path) -> Iterator[Example]:
    """Notes on rendered boards, by their true outlines: shared/boards/rendered."""
    for path in sorted((shared / "boards/rendered/truth").glob("*.json")):
        board: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        image = _picture(shared / "boards/rendered/images" / board["image"])
        for note in board["notes"]:
            outline: Polygon = tuple((float(x), float(y)) for x, y in note["polygon"] or ())
            if note["ignore"] or note["borderline"] or len(outline) < 3:
                continue
            try:
                straight = straighten(image, outline, note["shape"], long_side=NOTE_SIDE)
            except ValueError:
                continue
            truth = note["text"] if note["legible"] or note["partial"] else ("" if note["blank"] else None)
            yield Example(
                f"{path.stem}/{note['id']}",
                "rendered",
                f"rendered-{board['set']}-{board['sheet_id'].split('_')[0]}",
                straight,
                truth,
                bool(note["partial"]),
            )


def _picture(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(image[:, :, ::-1])
