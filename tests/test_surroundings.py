"""What remembered keys hang on: every part that could change what an engine makes of a photograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import surroundings as around
from pipeline.mapping import Settings

SETTINGS = Settings("en", ("rapidocr",), "tesseract")


def test_everything_that_matters_changes_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"one")
    monkeypatch.setattr(around, "WEIGHTS", tmp_path)
    first = around.surroundings(SETTINGS, "program")
    assert first == around.surroundings(SETTINGS, "program")
    seen = {
        first,
        around.surroundings(SETTINGS, "another"),
        around.surroundings(replace(SETTINGS, language="de"), "program"),
    }
    (tmp_path / "net.onnx").write_bytes(b"two")
    seen.add(around.surroundings(SETTINGS, "program"))
    monkeypatch.setattr(around, "_version", lambda name: "9" if name == "onnxruntime" else "1")
    seen.add(around.surroundings(SETTINGS, "program"))
    monkeypatch.setattr(around, "_tesseract", lambda: [("/usr/bin/tesseract", 1, 2)])
    seen.add(around.surroundings(SETTINGS, "program"))
    assert len(seen) == 6
    assert None not in seen


def test_a_reader_that_a_team_brings_is_always_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert around.surroundings(replace(SETTINGS, note_readers=("ours",)), "program") is None
    monkeypatch.setattr(around, "entry_points", lambda group: [SimpleNamespace(name="rapidocr")])
    assert around.surroundings(SETTINGS, "program") is None


def test_tesseract_is_known_by_its_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, data = tmp_path / "bin/tesseract", tmp_path / "share/tessdata/eng.traineddata"
    for file in (program, data, tmp_path / "lib/libtesseract.so.5"):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
    monkeypatch.setattr(around.shutil, "which", lambda _: str(program))
    before = around._tesseract()
    assert [Path(name).name for name, _, _ in before] == ["tesseract", "libtesseract.so.5", "eng.traineddata"]
    data.write_bytes(b"xy")
    assert around._tesseract() != before
    monkeypatch.setattr(around.shutil, "which", lambda _: None)
    assert around._tesseract() == []
