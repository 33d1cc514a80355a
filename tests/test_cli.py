"""The commands as people call them: what they print, and the code they end with."""

from __future__ import annotations

import errno
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import make_record

from pipeline import cli, errors, faults, planning, readers
from pipeline.editions import freeze
from pipeline.store import query

ROOT = Path(__file__).resolve().parents[1]


def call(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def ended(
    patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cwd: Path, *words: str
) -> tuple[int, str]:
    """What the command, in this process, ends with: its code, and what it printed on the error stream."""
    patch.chdir(cwd)
    patch.setattr(sys, "argv", ["workshop", *words])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    return int(leaving.value.code or 0), capsys.readouterr().err


def test_without_a_command_it_tells_what_there_is(tmp_path: Path) -> None:
    told = call("--help", cwd=tmp_path)
    assert told.returncode == 0
    for command in cli.workshop.commands:
        assert command in told.stdout


def test_a_new_workshop_can_be_made_and_is_never_overwritten(tmp_path: Path) -> None:
    made = call("new", "town-hall", "--framework", "terrapins", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    file = tmp_path / "raw" / "town-hall" / "workshop.toml"
    assert 'framework = "terrapins"' in file.read_text("utf-8")
    file.write_text('title = "Mine"\n')
    again = call("new", "town-hall", cwd=tmp_path)
    assert again.returncode == errors.ConfigError.exit_code
    assert file.read_text() == 'title = "Mine"\n'


def test_a_misspelt_framework_gets_a_suggestion(tmp_path: Path) -> None:
    told = call("new", "x", "--framework", "terapins", cwd=tmp_path)
    assert told.returncode == errors.ConfigError.exit_code
    assert "terrapins" in told.stderr
    assert not (tmp_path / "raw").exists()


def test_a_run_without_workshops_says_what_to_do(tmp_path: Path) -> None:
    told = call("run", cwd=tmp_path)
    assert told.returncode == errors.MissingError.exit_code
    assert "--raw" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_wrong_setting_stops_before_anything_is_done(tmp_path: Path) -> None:
    call("new", "town-hall", cwd=tmp_path)
    (tmp_path / "raw" / "town-hall" / "workshop.toml").write_text('titel = "x"\n')
    told = call("run", cwd=tmp_path)
    assert told.returncode == errors.ConfigError.exit_code
    assert "workshop.toml" in told.stderr
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("line", "key", "hint"),
    [
        ('notes = ["nonsense"]', "readers.notes", "Known readers: rapidocr, tesseract"),
        ('notes = ["rapidocr", "tessaract"]', "readers.notes", "Did you mean “tesseract”?"),
        ('headings = "nonsense"', "readers.headings", "Known readers: rapidocr, tesseract"),
    ],
)
def test_an_unknown_reader_is_told_with_file_key_and_those_that_are_known(
    tmp_path: Path, line: str, key: str, hint: str
) -> None:
    file = tmp_path / "raw" / "w" / "workshop.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'title = "x"\n[readers]\n{line}\n')
    told = call("run", cwd=tmp_path)
    assert told.returncode == errors.ConfigError.exit_code
    for part in ("workshop.toml", f"`{key}`", "Nothing was changed.", hint):
        assert part in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "reports").exists()


def test_a_reader_that_cannot_be_opened_is_told_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(_settings: object) -> None:
        raise readers.ReaderError("Tesseract is not installed")

    monkeypatch.setattr(planning, "stage_keys", lacking)
    (tmp_path / "raw" / "w").mkdir(parents=True)
    (tmp_path / "raw" / "w" / "workshop.toml").write_text('title = "x"\n')
    code, told = ended(monkeypatch, capsys, tmp_path, "run")
    assert code == 1
    assert "Tesseract is not installed" in told
    assert "workshop doctor" in told
    assert "Traceback" not in told


def failing(patch: pytest.MonkeyPatch, error: Exception) -> None:
    """Have the command `sql` end in something that nobody foresaw."""

    def run_query(*_: object) -> str:
        raise error

    patch.setattr(query, "run_query", run_query)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 6, "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "processed/state/w.json"), 6, "permissions"),
        (PermissionError(errno.EACCES, "Permission denied", "reports/w/record.md"), 6, "permissions"),
        (
            PermissionError(errno.EACCES, "Permission denied", "raw/w/a.jpg"),
            1,
            "raw/w/a.jpg could not be used",
        ),
        (OSError("odd"), 1, "odd"),
        (MemoryError(), 1, "--workers 1"),
        (KeyError("unforeseen"), 1, "A fault in the program: KeyError: 'unforeseen'"),
    ],
)
def test_what_nobody_foresaw_is_told_in_words_and_the_exit_code_tells(
    error: Exception,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(monkeypatch, error)
    monkeypatch.delenv(faults.SWITCH, raising=False)
    found, told = ended(monkeypatch, capsys, tmp_path, "sql", "SELECT 1")
    assert found == code
    assert said in told
    assert "What people decided" in told
    assert "Traceback" not in told
    assert str(Path("processed") / faults.LOG_NAME) in told
    assert type(error).__name__ in (tmp_path / "processed" / faults.LOG_NAME).read_text("utf-8")


def test_the_traceback_is_printed_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, KeyError("unforeseen"))
    monkeypatch.setenv(faults.SWITCH, "1")
    code, told = ended(monkeypatch, capsys, tmp_path, "sql", "SELECT 1")
    assert code == 1
    assert "Traceback" in told
    assert "run_query" in told


def test_a_traceback_that_cannot_be_kept_hides_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "processed" / faults.LOG_NAME / "a folder").mkdir(parents=True)
    failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    code, told = ended(monkeypatch, capsys, tmp_path, "sql", "SELECT 1")
    assert code == 6
    assert f"{faults.SWITCH}=1" in told


def test_a_reader_of_the_output_who_has_heard_enough_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, BrokenPipeError(errno.EPIPE, "Broken pipe"))
    _, told = ended(monkeypatch, capsys, tmp_path, "sql", "SELECT 1")
    assert told == ""
    assert not (tmp_path / "processed").exists()


def test_a_damaged_edition_is_told_with_its_exit_code(tmp_path: Path) -> None:
    freeze(make_record(workshop_id="w"), {}, tmp_path / "reports", "2026-11-22", "a test")
    content = tmp_path / "reports" / "w" / "editions" / "1" / "edition.json"
    content.chmod(0o644)
    content.write_bytes(content.read_bytes()[:-9])
    told = call("export", "w", "--format", "md", "--edition", "1", cwd=tmp_path)
    assert told.returncode == errors.EditionError.exit_code == 10
    assert "edition.json is damaged" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_query_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    told = call("sql", "SELECT 1", cwd=tmp_path)
    assert told.returncode == errors.MissingError.exit_code
    assert "workshop run" in told.stderr


def test_the_doctor_reports_every_part(tmp_path: Path) -> None:
    told = call("doctor", cwd=tmp_path)
    for word in ("Python", "duckdb", "Tesseract", "disk space"):
        assert word in told.stdout
    # Everything that is needed is installed where the tests run.
    assert told.returncode == 0, told.stdout


def test_every_class_of_failure_owns_an_exit_code_and_the_readme_tells_it() -> None:
    classes = [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, errors.WorkshopError) and value is not errors.WorkshopError
    ]
    codes = [failure.exit_code for failure in classes]
    assert len(set(codes)) == len(codes)
    readme = (ROOT / "README.md").read_text("utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", readme, re.MULTILINE)}
    assert {*codes, 0, 1, 2} == told


def test_every_command_and_option_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, command in cli.workshop.commands.items():
        assert f"`workshop {name}" in readme, name
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in readme, f"{name} {option}"


def test_every_command_explains_itself() -> None:
    for name in cli.workshop.commands:
        told = CliRunner().invoke(cli.workshop, [name, "--help"])
        assert told.exit_code == 0
        assert len(told.output.splitlines()) > 3


@pytest.mark.parametrize("words", [["--help"], ["new", "--help"], ["run", "--help"]])
def test_help_needs_no_heavy_library(words: list[str]) -> None:
    heavy = ("cv2", "onnxruntime", "spacy", "duckdb", "pandas", "rapidocr", "numpy")
    script = (
        "import sys\n"
        "from pipeline import cli\n"
        f"try: cli.workshop({words!r}, standalone_mode=False)\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert told.stderr.strip() == "[]"
