"""The ten worked questions of questions.toml, for the README, the docs and the tests."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Question:
    """A question in plain words, the SQL that answers it, and one line on how it does."""

    id: str
    question: str
    sql: str
    explanation: str


def load_questions() -> tuple[Question, ...]:
    """All questions in the order of the file."""
    text = resources.files("pipeline.store").joinpath("questions.toml").read_text(encoding="utf-8")
    return tuple(
        Question(**{key: item[key].strip() for key in item}) for item in tomllib.loads(text)["questions"]
    )
