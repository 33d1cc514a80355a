"""Questions to the database: the ten worked ones, the three formats, and what a question may not do."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from factories import make_note, make_record

from pipeline.errors import BusyError, MissingError, QueryError
from pipeline.store.builder import build
from pipeline.store.digest import dump_digest
from pipeline.store.query import TABLE_ROWS, run_query
from pipeline.store.questions import load_questions, worked_questions


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("queries") / "workshops.duckdb"
    build([make_record(), make_record("zweites", notes=[make_note(1, "Sometimes"), make_note(4)])], path)
    return path


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "workshops.duckdb"
    build([make_record(notes=[])], path)
    return path


def answer(database: Path, sql: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run_query(database, sql, "json"))
    return rows


# --- the ten questions ---------------------------------------------------------------------------------

EXPECTED: dict[str, Callable[[list[dict[str, Any]]], bool]] = {
    "counts": lambda rows: (
        rows[0] == {"workshop_id": "demo", "principle": "Power", "found": 6, "stated": 5, "difference": 1}
    ),
    "types": lambda rows: [row["agreement"] for row in rows] == [2, 2, 0, 1],
    "challenged": lambda rows: (
        rows[0] == {"workshop_id": "zweites", "principle": "Power", "challenges": 1, "notes": 2, "share": 0.5}
    ),
    "search": lambda rows: (
        [row["text"] for row in rows]
        == ["Time is the thing\nwe never have", "Time is the thing we never have"]
    ),
    "legibility": lambda rows: (
        rows[0]
        == {
            "workshop_id": "demo",
            "written": 9,
            "in_full": 5,
            "in_part": 3,
            "not_at_all": 1,
            "share_in_full": 0.56,
        }
    ),
    "doubtful": lambda rows: (
        [row["note_id"] for row in rows][:4] == ["n0001", "n0003", "n0007", "n0009"] and len(rows) == 7
    ),
    "words": lambda rows: (
        rows[0] == {"word": "decides", "notes": 3}
        and not {row["word"] for row in rows} & {"illegible", "removed"}
    ),
    "answers": lambda rows: (
        rows
        == [
            {
                "workshop_id": "demo",
                "said": "Who decides who is in the room?",
                "answered_with": "importance",
                "answer": "THIS",
            }
        ]
    ),
    "unplaced": lambda rows: [row["note_id"] for row in rows] == ["n0011", "n0010"],
    "twice": lambda rows: (
        [(row["note_id"], row["photos"]) for row in rows] == [("n0001", ["board-1.jpg", "board-1-again.jpg"])]
    ),
}


def test_there_are_ten_questions_and_each_has_an_expected_answer() -> None:
    questions = load_questions()
    assert [question.id for question in questions] == list(EXPECTED)
    assert len(questions) == 10
    for question in questions:
        assert question.question.endswith("?")
        assert question.explanation.endswith(".")
        assert "\n" not in question.explanation


@pytest.mark.parametrize("question", load_questions(), ids=lambda question: question.id)
def test_each_worked_question_answers_as_it_says(database: Path, question: Any) -> None:
    rows = answer(database, question.sql)
    assert EXPECTED[question.id](rows), rows


@pytest.mark.parametrize("question", load_questions(), ids=lambda question: question.id)
def test_each_worked_question_stands_a_workshop_without_notes(empty: Path, question: Any) -> None:
    assert len(answer(empty, question.sql)) == (3 if question.id == "counts" else 0)


def test_the_worked_page_shows_each_question_with_its_sql_and_answer(database: Path) -> None:
    page = worked_questions(database)
    for question in load_questions():
        assert f". {question.question}\n" in page
        assert f"```sql\n{question.sql}\n```\n\n```text\n{run_query(database, question.sql)}```" in page


# --- formats -------------------------------------------------------------------------------------------


def test_a_table_is_aligned_and_counts_its_rows(database: Path) -> None:
    sql = "SELECT principle, found, stated FROM counts_by_principle WHERE workshop_id = 'demo' LIMIT 2"
    assert run_query(database, sql) == (
        "principle  found  stated\n─────────  ─────  ──────\nPower          6       5\nMake Time      3\n(2 rows)\n"
    )


def test_a_table_cuts_long_cells_and_disarms_control_characters(database: Path) -> None:
    shown = run_query(
        database, "SELECT repeat('x', 100) AS long, chr(27) || '[2J' AS trick, E'a\\nb' AS lines"
    )
    assert "x" * 59 + "…" in shown
    assert "\x1b" not in shown and "�[2J" in shown
    assert "a ⏎ b" in shown
    assert shown.endswith("(1 row)\n")


def test_a_table_stops_at_a_thousand_rows_and_says_so(database: Path) -> None:
    shown = run_query(database, "SELECT * FROM range(1500)")
    assert shown.count("\n") == TABLE_ROWS + 3
    assert "(1500 rows, the first 1000 shown" in shown
    assert run_query(database, "SELECT * FROM range(1500)", "csv").count("\n") == 1501


def test_json_has_polygons_as_points(database: Path) -> None:
    row = answer(database, "SELECT polygon, answers_note_id FROM responses WHERE note_id = 'n0002'")[0]
    assert row["polygon"][0] == {"x": 420.0, "y": 100.0}
    assert row["answers_note_id"] is None


def test_json_is_json_whatever_the_type_and_loses_no_column(database: Path) -> None:
    sql = (
        "SELECT 'nan'::DOUBLE AS a, 1.5::DECIMAL(4, 2) AS b, DATE '2019-03-06' AS c, '\\x01'::BLOB AS d, "
        "INTERVAL 1 DAY AS e, 1 AS a, 2 AS a, [1, NULL] AS f, TRUE AS g, 'é✓' AS h"
    )
    assert answer(database, sql) == [
        {
            "a": None,
            "b": 1.5,
            "c": "2019-03-06",
            "d": "01",
            "e": "1 day, 0:00:00",
            "a_2": 1,
            "a_3": 2,
            "f": [1, None],
            "g": True,
            "h": "é✓",
        }
    ]
    assert run_query(database, "SELECT 1 WHERE FALSE", "json") == "[]\n"


def test_csv_reads_back(database: Path) -> None:
    text = run_query(database, "SELECT text, stated, polygon FROM responses, (SELECT NULL AS stated)", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[6]["text"] == "Time is the thing\nwe never have"
    assert rows[9]["text"] == '=HYPERLINK("a"), “quoted”, ✓'
    assert rows[0]["stated"] == ""
    assert json.loads(rows[0]["polygon"])[0] == {"x": 100.0, "y": 100.0}


def test_csv_can_be_made_safe_for_spreadsheets(database: Path) -> None:
    text = run_query(database, "SELECT text FROM responses WHERE note_id = 'n0010'", "csv", protect=True)
    assert list(csv.reader(io.StringIO(text)))[1] == ['\'=HYPERLINK("a"), “quoted”, ✓']


def test_an_unknown_format_is_refused(database: Path) -> None:
    with pytest.raises(QueryError, match="table, csv and json"):
        run_query(database, "SELECT 1", "xml")  # type: ignore[arg-type]


def test_the_last_of_several_statements_answers(database: Path) -> None:
    assert answer(database, "CREATE TEMP TABLE mine AS SELECT 7 AS a; SELECT a FROM mine;") == [{"a": 7}]


# --- errors that help ----------------------------------------------------------------------------------


def test_without_a_database_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"(?s)no database at .*workshop run"):
        run_query(tmp_path / "workshops.duckdb", "SELECT 1")
    assert list(tmp_path.iterdir()) == [], "asking makes no file"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM respones", "Nearest names: responses"),
        ("SELECT * FROM count_by_principal", "Nearest names: counts_by_principle"),
        ("SELECT txt FROM responses", r"Nearest columns: text \(in responses\)"),
        ("SELECT r.txt_status FROM responses AS r", r"text_status \(in responses\)"),
        ("SELECT * FROM responses WHERE principle = power", "'single quotes'"),
        ("SELEC 1", "syntax error"),
        ("   ", "There is no question"),
    ],
)
def test_a_slip_is_explained_with_the_nearest_names(database: Path, sql: str, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        run_query(database, sql)
    assert "pg_" not in str(caught.value), "the database's own system tables are no help"


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM note",
        "UPDATE responses SET text = 'invented'",
        "UPDATE note SET text = 'invented'",
        "CREATE TABLE mine (a INTEGER)",
        "DROP VIEW responses",
        "INSERT INTO workshop VALUES ('x')",
    ],
)
def test_a_question_cannot_change_anything(database: Path, sql: str) -> None:
    before = dump_digest(database)
    with pytest.raises(QueryError, match=r"(?s)cannot change the database.*Nothing was changed|Binder"):
        run_query(database, sql)
    assert dump_digest(database) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "COPY responses TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = TRUE",
        "SET lock_configuration = FALSE",
        "SELECT * FROM secret_of_this_program",
    ],
)
def test_a_question_reaches_nothing_but_the_database(database: Path, tmp_path: Path, sql: str) -> None:
    secret_of_this_program = [("do not read me",)]
    file = tmp_path / "private.csv"
    file.write_text("do not read me\n")
    with pytest.raises(QueryError) as caught:
        run_query(database, sql.format(file=file, folder=tmp_path))
    assert "do not read me" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [file]
    assert secret_of_this_program


def test_a_database_open_for_writing_elsewhere_is_told(tmp_path: Path) -> None:
    path = tmp_path / "workshops.duckdb"
    build([make_record()], path)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.readline()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(BusyError, match="open for writing"):
        run_query(path, "SELECT 1")
    holder.communicate("\n", timeout=300)
    assert run_query(path, "SELECT 1 AS a", "csv") == "a\n1\n"


def test_a_file_that_is_no_database_and_a_stray_log_are_told(tmp_path: Path) -> None:
    path = tmp_path / "workshops.duckdb"
    path.write_text("this is no database\n" * 1000)
    with pytest.raises(QueryError, match="cannot be opened as a database"):
        run_query(path, "SELECT 1")
    path.unlink()
    build([make_record()], path)
    other = tmp_path / "other.duckdb"
    write = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('CREATE TABLE a (b INTEGER)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", write, str(other)], check=True, timeout=300)
    Path(f"{other}.wal").replace(f"{path}.wal")
    with pytest.raises(QueryError, match=r"left workshops.duckdb.wal behind"):
        run_query(path, "SELECT 1")


def test_the_connection_is_closed_after_the_answer(database: Path) -> None:
    run_query(database, "SELECT 1")
    duckdb.connect(str(database)).close()  # would fail if a read-only connection were still open
