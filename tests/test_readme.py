"""The README keeps its promises: its questions run, its lists are whole."""

from pathlib import Path

from pipeline.store.questions import load_questions
from pipeline.workshop import frameworks

README = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")


def test_the_worked_questions_are_those_the_tests_run() -> None:
    questions = load_questions()
    assert len(questions) == 10
    for question in questions:
        assert question.question in README
        assert question.sql.strip() in README


def test_every_framework_is_named() -> None:
    assert all(f"`{code}`" in README for code in frameworks())


def test_no_path_of_a_machine_and_no_host_of_a_registry_is_in_it() -> None:
    for trace in ("/home/", "/work/", "/tmp/", "index-url"):
        assert trace not in README
