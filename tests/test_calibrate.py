"""The calibration as one command: readings kept from run to run, and the reliability diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from pipeline.model import Judgement, Line, Reading, Word
from pipeline.presence import JudgedWord
from pipeline.training import calibrate, reading_data
from pipeline.training.reading_data import Example, whole
from pipeline.training.reliability import diagram
from tests.benchmark.bench_reading import worst_report

SVG = "{http://www.w3.org/2000/svg}"


class Counting:
    """A reader that reads "power" everywhere and counts what it is shown."""

    name, version = "fake", "1"

    def __init__(self, fingerprint: str = "0123456789") -> None:
        self.fingerprint = fingerprint
        self.shown = 0

    def read(self, images: Sequence[np.ndarray]) -> list[Reading]:
        self.shown += len(images)
        box = ((10.0, 10.0), (200.0, 10.0), (200.0, 60.0), (10.0, 60.0))
        return [Reading(self.name, self.version, (Line((Word("power", 0.95, box),)),)) for _ in images]


def examples(kind: str, count: int) -> Iterator[Example]:
    for number in range(count):
        picture = np.full((60, 80, 3), 200 + number, np.uint8)
        yield Example(f"{kind}__wall#{number}", kind, kind, whole(picture), "power")


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(calibrate, "open_reader", lambda name: counting)
    for loader, kind in (
        ("handwriting", "hand-note"),
        ("real_boards", "board"),
        ("found_on_boards", "found"),
        ("rendered_boards", "rendered"),
    ):
        monkeypatch.setattr(reading_data, loader, lambda shared, kind=kind: examples(kind, 3))
    return counting


def test_a_second_run_reads_only_what_is_new(
    reader: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = calibrate.read_examples(tmp_path, tmp_path / "kept", say=lambda text: None)
    # The four kinds show the same three pictures: each is read once.
    assert reader.shown == 3
    again = calibrate.read_examples(tmp_path, tmp_path / "kept", say=lambda text: None)
    assert (reader.shown, again) == (3, first)
    assert {item.wall for item in again} == {"hand-note", "board__wall", "found__wall", "rendered"}
    monkeypatch.setattr(reading_data, "handwriting", lambda shared: examples("hand-note", 4))
    calibrate.read_examples(tmp_path, tmp_path / "kept", say=lambda text: None)
    assert reader.shown == 4
    reader.fingerprint = "another one"
    calibrate.read_examples(tmp_path, tmp_path / "kept", say=lambda text: None)
    assert reader.shown == 8


def test_the_worst_notes_of_every_set_are_shown_with_their_pictures(reader: Counting, tmp_path: Path) -> None:
    notes = calibrate.read_examples(tmp_path, say=lambda text: None)
    word = JudgedWord("power", 0.9, True, 0)
    verdict = Judgement("power", "legible", 0.9)
    judged = [calibrate.Judged(note, {"default": verdict}, (word,), np.ones(1)) for note in notes]
    report = worst_report(judged, tmp_path, tmp_path / "worst", count=12)
    page = report.read_text("utf-8")
    assert len(list((tmp_path / "worst").glob("*.png"))) == 12
    for kind in ("hand-note", "board", "found", "rendered"):
        assert page.count(f"{kind}__wall#") == 3


def test_without_a_folder_everything_is_read(reader: Counting, tmp_path: Path) -> None:
    calibrate.read_examples(tmp_path, None, say=lambda text: None)
    assert reader.shown == 12


def test_nothing_is_fitted_to_a_reader_that_fails(reader: Counting, tmp_path: Path) -> None:
    def crash(images: Sequence[np.ndarray]) -> list[Reading]:
        raise ValueError("no engine today")

    reader.read = crash  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="no engine today"):
        calibrate.read_examples(tmp_path, tmp_path / "kept", say=lambda text: None)
    # What failed is not kept: the next run reads it.
    del reader.read
    calibrate.read_examples(tmp_path, tmp_path / "kept", say=lambda text: None)
    assert reader.shown == 3


def test_the_diagram_has_a_dot_for_every_tenth_and_the_ideal_line() -> None:
    rows = [(0.05, 0.1, 40), (0.5, 0.5, 10), (0.95, 1.0, 400)]
    drawn = ElementTree.fromstring(diagram(rows, 0.02))
    dots = drawn.findall(f"{SVG}circle")
    assert len(dots) == 3
    heights = [float(dot.attrib["cy"]) for dot in dots]
    assert heights == sorted(heights, reverse=True)
    sizes = [float(dot.attrib["r"]) for dot in dots]
    assert sizes[2] > sizes[0] > sizes[1]
    line = drawn.find(f"{SVG}line")
    assert line is not None
    # What is said and what is right agree on the line: the middle dot lies on it.
    x1, x2, y1, y2 = (float(line.attrib[name]) for name in ("x1", "x2", "y1", "y2"))
    assert float(dots[1].attrib["cx"]) == pytest.approx((x1 + x2) / 2, abs=0.2)
    assert heights[1] == pytest.approx((y1 + y2) / 2, abs=0.2)
