"""The ten worked questions of questions.toml, for the README, the docs and the tests."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path


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


def worked_questions(path: Path) -> str:
    """The questions as Markdown, each with its SQL and its answer on the database at `path`.

    Raises MissingError if there is no database.
    """
    from pipeline.store.query import answer, connected  # noqa: PLC0415 (listing the questions needs no database)

    parts = ["# Ten questions, worked\n"]
    with connected(path) as connection:
        for number, item in enumerate(load_questions(), start=1):
            said = answer(connection, item.sql).rstrip("\n")
            parts.append(
                f"## {number}. {item.question}\n\n{item.explanation}\n\n"
                f"```sql\n{item.sql}\n```\n\n```text\n{said}\n```\n"
            )
    return "\n".join(parts)
