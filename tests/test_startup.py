"""Commands that read no photograph load no engine: what would make them slow is not imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fakes import fakes, in_this_process, workshop_of  # noqa: F401  (a fixture)

from pipeline import planning
from pipeline.cache import StageKey
from pipeline.mapping import Settings
from pipeline.planning import Places
from pipeline.run import run
from pipeline.workshop import load_workshop

ENGINES = frozenset({"cv2", "onnxruntime", "rapidocr", "pytesseract", "wordfreq", "pillow_heif"})
LANGUAGE = frozenset({"spacy", "sklearn", "scipy", "tokenizers"})
OTHERS = frozenset({"pandas", "weasyprint", "resvg_py", "distributed", "matplotlib", "torch", "uvicorn"})
PUBLISHING = frozenset({"jinja2", "PIL", "lxml", "duckdb", "pyarrow", "numpy", "shapely"})
HEAVY = ENGINES | LANGUAGE | OTHERS

RUN = """
import sys
from pipeline.cli import workshop
try:
    workshop(sys.argv[2:], standalone_mode=False)
finally:
    print("loaded:", *sorted(set(sys.argv[1].split(",")) & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture
def places(fakes: pytest.MonkeyPatch, tmp_path: Path) -> Places:  # noqa: F811
    """A workshop that a run with the stand-ins has been over."""
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run(places, make_executor=in_this_process)
    return places


def loaded(places: Places, unwanted: frozenset[str], *command: str, code: int = 0) -> set[str]:
    """Which of the unwanted modules the command, in a process of its own, has loaded."""
    folders = [
        "--raw",
        str(places.raw),
        "--processed",
        str(places.processed),
        "--reports",
        str(places.reports),
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, ",".join(sorted(unwanted)), *command, *folders],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return set(done.stderr.rsplit("loaded:", 1)[1].splitlines()[0].split())


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (("new", "library"), HEAVY | PUBLISHING),
        (("sql", "SELECT count(*) FROM responses"), HEAVY | (PUBLISHING - {"duckdb"})),
    ],
)
def test_commands_that_read_no_photograph_load_no_engine(
    places: Places, command: tuple[str, ...], unwanted: frozenset[str]
) -> None:
    assert loaded(places, unwanted, *command) == set()


def test_looking_for_changes_loads_no_engine(places: Places) -> None:
    # There is no edition to compare with, and the command says so; by then all is loaded.
    assert loaded(places, HEAVY, "diff", "town-hall", code=1) == set()


@pytest.mark.parametrize("command", [("--help",), ("--version",)])
def test_the_help_loads_nothing(command: tuple[str, ...]) -> None:
    program = (
        "import sys\nfrom pipeline.cli import workshop\n"
        f"try:\n    workshop({list(command)!r})\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & (HEAVY | PUBLISHING)


def test_planning_loads_the_engines_once_and_then_remembers_what_they_said(places: Places) -> None:
    assert loaded(places, ENGINES, "run", "--plan")  # the stand-ins' keys are not those of the engines
    assert loaded(places, HEAVY, "run", "--plan") == set()


def test_the_page_opens_without_opencv() -> None:
    program = "import sys, pipeline.review.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & (ENGINES | LANGUAGE) - {"pillow_heif"}


def test_reading_loads_neither_pandas_nor_scipy_and_leaves_them_to_others() -> None:
    program = (
        "import sys\nimport pipeline.stages.detect, pipeline.stages.read\n"
        "import pipeline.readers.rapid, pipeline.readers.tesseract\nprint(*sys.modules)\nimport pandas, scipy"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pandas", *LANGUAGE}


def test_exporting_loads_no_engine_and_nothing_of_other_formats(places: Places) -> None:
    export = ("export", "town-hall", "--format", "txt")
    loaded(places, HEAVY, *export)  # asks the engines who they are
    unwanted = HEAVY | (PUBLISHING - {"jinja2", "PIL", "numpy"})
    assert loaded(places, unwanted, *export) == set()


def test_remembered_keys_do_not_outlive_the_surroundings_they_were_worked_out_in(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, asked = Settings("en", ("rapidocr",), "tesseract"), []

    def worked_out(_settings: Settings) -> dict[str, StageKey]:
        asked.append(1)
        return {"intake": StageKey("intake", str(len(asked)))}

    monkeypatch.setattr(planning, "stage_keys", worked_out)
    for surroundings, version, times in (
        ("a", "1", 1),
        ("a", "1", 1),
        ("b", "2", 2),
        ("b", "2", 2),
        (None, "3", 3),
    ):
        monkeypatch.setattr(planning, "surroundings", lambda *_, now=surroundings: now)
        assert planning.known_keys(settings, places)["intake"].version == version
        assert len(asked) == times
    places.keys(settings).write_bytes(b"{half a fil")
    monkeypatch.setattr(planning, "surroundings", lambda *_: "b")
    assert planning.known_keys(settings, places)["intake"].version == "4"


def test_engines_are_asked_once_for_all_workshops_with_the_same_settings(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, language in (("one", "en"), ("two", "de"), ("three", "en")):
        (places.raw / name).mkdir()
        (places.raw / name / "workshop.toml").write_text(f'title = "T"\nlanguage = "{language}"\n')
    workshops = [load_workshop(places.raw / name) for name in ("one", "two", "three")]
    asked = []
    known_keys = planning.known_keys

    def counted(settings: Settings, places: Places) -> dict[str, StageKey]:
        asked.append(settings.language)
        return known_keys(settings, places)

    monkeypatch.setattr(planning, "known_keys", counted)
    plans = planning.make_plans(workshops, places)
    assert asked == ["en", "de"]
    assert plans == [planning.make_plan(workshop, places) for workshop in workshops]
