"""Fit the handful of numbers by which readings are judged: `python -m pipeline.training.calibrate`.

Reads the notes of shared/handwriting, shared/boards/real (by labelled boxes, and as the pipeline finds them) and
shared/boards/rendered (true outlines), fits two small logistic models (is a word right? has a note at most a
fifth of its letters wrong?) and the thresholds of the operating points, and writes pipeline/calibration.json.
What it prints is cross-validated: each photographed wall is judged by numbers fitted on the others. No network
weights are touched. Deterministic.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from sklearn.linear_model import LogisticRegression

from pipeline import doodles
from pipeline.cache import Cache
from pipeline.model import Judgement, NoteReading
from pipeline.presence import JudgedWord, has_writing
from pipeline.readers import open_reader
from pipeline.stages import judge as judging
from pipeline.stages import read as reading_stage
from pipeline.straighten import Straightened
from pipeline.training import reading_data
from pipeline.training.reliability import diagram

KEPT = Path(__file__).resolve().parents[2] / "processed" / "calibration"
"""Where readings are kept from run to run; safe to delete."""
DIAGRAM = Path(__file__).resolve().parents[1] / "readers" / "reliability.svg"
SILENT = 0.2
"""Character error rate above which a published note is wrong."""
TARGETS = {"strict": 0.01, "default": 0.02, "draft": 0.08}
"""Share of notes published as legible that may be wrong."""
SURE = {"strict": 0.8, "default": 0.6, "draft": 0.4}
GUESS = {"strict": 0.4, "default": 0.1, "draft": 0.0}
HOPELESS = {"strict": 0.45, "default": 0.22, "draft": 0.1}
WALLS = {
    "hand-opU": "opl__usability-testing-stickies",
    "hand-opQ": "opl__quote-wall-2",
    "hand-opS": "opl__social-contract",
}
"""Collections of notes in hand that are cut from a wall that is also among the boards."""


@dataclass(frozen=True, slots=True)
class Read:
    """An example without its pixels, and what was read of it. `wall` is the unit of cross-validation."""

    id: str
    kind: str
    wall: str
    truth: str | None
    is_partial: bool
    reading: NoteReading


def shared_folder() -> Path:
    """Where the data lies: beside the project."""
    return Path(__file__).resolve().parents[3] / "shared"


def read_examples(shared: Path, kept: Path | None = None, say: Callable[[str], None] = print) -> list[Read]:
    """Read every example with the main reader; takes minutes.

    Readings are kept in the folder `kept`, each under the digest of the note's pixels, the reader and the reading
    stage: another run reads only what is new, and one that was stopped goes on where it was.
    """
    reader = open_reader("rapidocr")
    maker = f"{reader.fingerprint} {reading_stage.VERSION}"
    cache = Cache(kept) if kept is not None else None
    done: list[Read] = []
    fresh = 0
    for examples in reading_data.every_set(shared):
        for example in examples:
            digest = _digest(example.note, maker)
            found = cache.get("read", digest, NoteReading) if cache else None
            if not isinstance(found, NoteReading):
                (found,) = reading_data.surely_read([example.note], reader)
                fresh += 1
                if cache:
                    cache.put("read", digest, found)
            wall = example.id.split("#")[0] if example.kind in ("board", "found") else example.source
            wall = WALLS.get(wall, wall)
            done.append(Read(example.id, example.kind, wall, example.truth, example.is_partial, found))
        say(f"{len(done)} notes, {fresh} of them read now")
    return done


def _digest(note: Straightened, maker: str) -> str:
    """The name of a reading: all it depends on."""
    digest = hashlib.sha256(f"{maker} {note.image.shape} {note.matrix} {note.writing_angle} ".encode())
    digest.update(repr(sorted(doodles.weights().items())).encode())
    for pixels in (note.image, note.mask):
        digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def normal(text: str | None) -> str:
    """Lower case, letters and digits only, marks left out: the form in which texts are compared."""
    bare = re.sub(r"\[[^\]]*\]", " ", text or "").lower()
    bare = re.sub(r"[’']", "", bare)
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


def error_rate(truth: str | None, text: str | None) -> float:
    """Character error rate of normalised texts."""
    right, read = normal(truth), normal(text)
    return Levenshtein.distance(right, read) / max(1, len(right))


# --- fitting ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A note with its words' features (words x features) and whether each is right, worked out once."""

    note: Read
    texts: tuple[str, ...]
    lines: tuple[int, ...]
    features: NDArray[np.float64]
    right: NDArray[np.float64]


def prepare(note: Read) -> Prepared:
    """A word is right if the truth has it, at most as often as it is read."""
    found = judging.word_features(note.reading)
    left = Counter(normal(note.truth).split())
    right = []
    for text, _, _ in found:
        parts = normal(text).split()
        is_right = bool(parts) and all(left[part] > 0 for part in parts)
        if is_right:
            left.subtract(parts)
        right.append(float(is_right))
    rows = [[row[name] for name in judging.WORD_FEATURES] for _, _, row in found]
    return Prepared(
        note,
        tuple(text for text, _, _ in found),
        tuple(line for _, line, _ in found),
        np.array(rows).reshape(len(rows), len(judging.WORD_FEATURES)),
        np.array(right),
    )


def _fit_words(notes: Sequence[Prepared]) -> dict[str, float]:
    whole = [note for note in notes if not note.note.is_partial]
    features = np.concatenate([note.features for note in whole])
    return fit_weights(features, np.concatenate([note.right for note in whole]), judging.WORD_FEATURES)


def _judged_words(note: Prepared, weights: dict[str, float]) -> tuple[JudgedWord, ...]:
    vector = np.array([weights[name] for name in judging.WORD_FEATURES])
    chances = 1 / (1 + np.exp(-(note.features @ vector)))
    same = note.features[:, judging.WORD_FEATURES.index("is_same")] > 0.5
    return tuple(
        JudgedWord(text, round(float(chance), 4), bool(is_same), line)
        for text, chance, is_same, line in zip(note.texts, chances, same, note.lines, strict=True)
    )


def fit_weights(
    features: NDArray[np.float64], right: NDArray[np.float64], names: Sequence[str]
) -> dict[str, float]:
    """Logistic regression with a little shrinkage; the first feature is the bias."""
    model = LogisticRegression(C=1.0, max_iter=5000).fit(features[:, 1:], right)
    values = [float(model.intercept_[0]), *(float(value) for value in model.coef_[0])]
    return {name: round(value, 4) for name, value in zip(names, values, strict=True)}


def fit(notes: Sequence[Prepared]) -> judging.Calibration:
    """All numbers from these notes. The note model learns from words judged out of fold."""
    word = _fit_words(notes)
    rows, right, kept = [], [], []
    for inside, outside in folds(notes, 5):
        fold_word = _fit_words(inside)
        for note in outside:
            judged = _judged_words(note, fold_word)
            if note.note.is_partial or not judged:
                continue
            row = judging.note_features(note.note.reading, judged)
            rows.append([row[name] for name in judging.NOTE_FEATURES])
            truth, text = note.note.truth, " ".join(word.text for word in judged)
            right.append(float(bool(normal(truth)) and error_rate(truth, text) <= SILENT))
            kept.append((note.note.reading, judged))
    table, is_right = np.array(rows), np.array(right)
    weights = fit_weights(table, is_right, judging.NOTE_FEATURES)
    scores = 1 / (1 + np.exp(-(table @ np.array([weights[name] for name in judging.NOTE_FEATURES]))))
    points = {}
    for name, target in TARGETS.items():
        limits = judging.Point(SURE[name], GUESS[name], 0.0, HOPELESS[name])
        candidates = np.array(
            [
                has_writing(reading, judged)
                and not judging.is_hopeless(judged, limits)
                and judging.may_be_legible(reading, judged, limits)
                for reading, judged in kept
            ]
        )
        limit = lowest_limit(scores[candidates], is_right[candidates], target)
        points[name] = judging.Point(limits.sure, limits.guess, round(limit, 4), limits.hopeless)
    return judging.Calibration(word, weights, points)


def lowest_limit(scores: NDArray[np.float64], right: NDArray[np.float64], target: float) -> float:
    """The lowest score from which on at most `target` of the notes are wrong: both as counted, and as the
    scores themselves say, so that a lucky few do not pass for proof. 1 where there is none."""
    order = np.argsort(-scores, kind="stable")
    count = np.arange(len(order)) + 1.0
    counted = np.cumsum(1 - right[order]) / count
    expected = np.cumsum(1 - scores[order]) / count
    good = np.flatnonzero((counted <= target) & (expected <= target))
    return float(scores[order][good[-1]]) if len(good) else 1.0


def folds(
    notes: Sequence[Prepared], count: int | None = None
) -> Iterable[tuple[list[Prepared], list[Prepared]]]:
    """(the others, held out) by wall; walls are dealt into `count` folds, or each held out by itself."""
    sizes = Counter(item.note.wall for item in notes)
    walls = sorted(sizes, key=lambda wall: (-sizes[wall], wall))
    number = len(walls) if count is None else count
    groups: list[set[str]] = [set() for _ in range(number)]
    for wall in walls:
        min(groups, key=lambda group: sum(sizes[other] for other in group)).add(wall)
    for group in groups:
        if group:
            yield (
                [item for item in notes if item.note.wall not in group],
                [item for item in notes if item.note.wall in group],
            )


# --- figures ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A note with its judgements at each point and its words' probabilities, by numbers that never saw its
    wall; `right` says of each word whether it is."""

    note: Read
    at: dict[str, Judgement]
    words: tuple[JudgedWord, ...]
    right: NDArray[np.float64]


def cross_validated(notes: Sequence[Read], count: int = 10) -> list[Judged]:
    """Judge every note by numbers fitted on other walls."""
    done = []
    for inside, outside in folds([prepare(note) for note in notes], count):
        numbers = fit(inside)
        for item in outside:
            words = _judged_words(item, numbers.word)
            at = {
                name: judging.judge_from(item.note.reading, words, name, numbers) for name in numbers.points
            }
            done.append(Judged(item.note, at, words, item.right))
    return sorted(done, key=lambda item: item.note.id)


def reliability(judged: Sequence[Judged], bins: int = 10) -> tuple[list[tuple[float, float, int]], float]:
    """(mean probability, share right, count) for each tenth of the scale, and the expected calibration error."""
    whole = [item for item in judged if not item.note.is_partial]
    chances = [word.probability for item in whole for word in item.words]
    right = np.concatenate([item.right for item in whole])
    table = np.column_stack([chances, right])
    place = np.minimum((table[:, 0] * bins).astype(int), bins - 1)
    rows = [
        (
            float(table[place == index, 0].mean()),
            float(table[place == index, 1].mean()),
            int((place == index).sum()),
        )
        for index in range(bins)
        if (place == index).any()
    ]
    return rows, sum(count * abs(mean - share) for mean, share, count in rows) / len(table)


def figures(judged: Sequence[Judged], point: str = "default") -> dict[str, float | int | None]:
    """The measures of the benchmark for one set of notes."""
    edits = letters = word_edits = words = held_edits = 0
    wrong = published = covered = readable = blank = blank_hit = written = called_blank = lost = lost_hit = 0
    for item in judged:
        note, result = item.note, item.at[point]
        if note.truth == "":
            blank += 1
            blank_hit += result.text_status == "no_text"
            continue
        written += 1
        called_blank += result.text_status == "no_text"
        if note.truth is None:
            lost += 1
            lost_hit += result.text_status == "illegible"
            wrong += result.text_status == "legible"
            published += result.text_status == "legible"
            continue
        right = normal(note.truth)
        if note.is_partial or not right:
            continue
        read = normal(" ".join(word.text for word in item.words))
        edits += Levenshtein.distance(right, read)
        held_edits += Levenshtein.distance(right, normal(result.text))
        letters += len(right)
        word_edits += Levenshtein.distance(right.split(), read.split())
        words += len(right.split())
        readable += 1
        covered += result.text_status in ("legible", "partial")
        if result.text_status == "legible":
            published += 1
            wrong += error_rate(note.truth, result.text) > SILENT

    def share(part: int, whole: int) -> float | None:
        return round(part / whole, 4) if whole else None

    return {
        "notes": readable,
        "cer": share(edits, letters),
        "wer": share(word_edits, words),
        "cer_published": share(held_edits, letters),
        "silent": share(wrong, published),
        "legible": share(published, readable),
        "coverage": share(covered, readable),
        "blank_recall": share(blank_hit, blank),
        "written_called_blank": share(called_blank, written),
        "illegible_recall": share(lost_hit, lost),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, print what cross-validation says, write the numbers and the diagram."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=shared_folder())
    parser.add_argument(
        "--readings", type=Path, default=KEPT, help="folder for readings, so that only new ones take time"
    )
    parser.add_argument("--output", type=Path, default=judging.CALIBRATION)
    parser.add_argument("--diagram", type=Path, default=DIAGRAM)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    notes = read_examples(options.shared, options.readings)
    judged = cross_validated(notes)
    # The notes as found are the labelled ones once more: counted apart.
    labelled = [item for item in judged if item.note.kind != "found"]
    rows, error = reliability(labelled)
    print("\nWords, cross-validated by wall\n  said    right   words")
    for mean, share, count in rows:
        print(f"  {mean:.3f}   {share:.3f}   {count}")
    print(f"  expected calibration error {error:.4f}\n")
    summary: dict[str, Any] = {}
    kinds = (
        ("notes in hand", "hand"),
        ("notes on boards", "board"),
        ("the same as found", "found"),
        ("rendered", "rendered"),
    )
    parts = {kind: [item for item in judged if item.note.kind.startswith(prefix)] for kind, prefix in kinds}
    for kind, some in {**parts, "all but those found": labelled}.items():
        print(f"{kind}: calibration error {reliability(some)[1]:.4f}")
        for point in TARGETS:
            found = figures(some, point)
            summary.setdefault(kind, {})[point] = found
            print(f"{kind}, {point}: " + ", ".join(f"{key} {value}" for key, value in found.items()))
    numbers = fit([prepare(note) for note in notes])
    fitted = {
        "provenance": "fitted by python -m pipeline.training.calibrate on shared/handwriting, "
        "shared/boards/real (labelled boxes, and outlines as found) and shared/boards/rendered (true outlines)",
        "notes": len(notes),
        "reader": notes[0].reading.readings[0].version,
        "word": numbers.word,
        "note": numbers.note,
        "points": {name: msgspec.to_builtins(point) for name, point in numbers.points.items()},
        "cross_validated": {
            "word_calibration_error": round(error, 4),
            "reliability": [[round(mean, 4), round(share, 4), count] for mean, share, count in rows],
            **summary,
        },
    }
    options.output.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    options.diagram.write_text(diagram(rows, error), encoding="utf-8")
    print(f"written: {options.output}, {options.diagram}")


if __name__ == "__main__":
    main()
