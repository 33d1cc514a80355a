"""The rooms of the house: who may know of whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PIPELINE = Path(__file__).resolve().parents[1] / "pipeline"
STAGES = sorted(path for path in (PIPELINE / "stages").glob("*.py") if path.name != "__init__.py")


def imported(file: Path) -> set[str]:
    """Modules of ours that a file imports, at its top or anywhere inside."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("pipeline.")}


@pytest.mark.parametrize("stage", STAGES, ids=lambda path: path.stem)
def test_a_stage_knows_no_other_stage_nor_what_comes_after_it(stage: Path) -> None:
    forbidden = (
        "stages",
        "store",
        "publish",
        "review",
        "run",
        "cli",
        "console",
        "planning",
        "mapping",
        "reducing",
    )
    for name in imported(stage):
        assert name.split(".")[1] not in forbidden, f"{stage.name} imports {name}"


def test_the_records_know_only_the_vocabulary() -> None:
    assert imported(PIPELINE / "model.py") <= {"pipeline.vocabulary"}
    assert imported(PIPELINE / "vocabulary.py") == set()


def test_no_file_is_much_longer_than_a_screenful_of_screens() -> None:
    # model.py holds every record that travels between the stages: one place on purpose.
    longest = {path.name: len(path.read_text("utf-8").splitlines()) for path in PIPELINE.rglob("*.py")}
    assert {name for name, lines in longest.items() if lines > 450} <= {"model.py"}
