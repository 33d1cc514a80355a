"""responses.csv and responses.parquet, cells that no spreadsheet runs, and the data dictionary."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import make_note, make_record
from hypothesis import given
from hypothesis import strategies as st

from pipeline import vocabulary
from pipeline.errors import MissingError
from pipeline.store.builder import build
from pipeline.store.cells import FORMULA_STARTS, csv_cell, protect_cell, unprotect_cell
from pipeline.store.dictionary import data_dictionary, describe
from pipeline.store.tables import POLYGONS, _polygon_cells, responses_table


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "workshops.duckdb"
    build([make_record(), make_record("second", notes=3000)], path)
    return path


def stored(database: Path, workshop: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            "SELECT * FROM responses WHERE workshop_id = ?", [workshop]
        ).fetchall()
        return rows


@given(st.text(alphabet=st.one_of(st.sampled_from("=+-@＝＋－＠'\t\r\n a"), st.characters())))
def test_a_protected_cell_is_no_formula_and_reads_back(text: str) -> None:
    cell = protect_cell(text)
    assert unprotect_cell(cell) == text
    assert not cell or cell[0] not in FORMULA_STARTS | set("\t\r\n")
    assert cell == text or cell.lstrip()[0] not in FORMULA_STARTS


numbers = st.floats(allow_nan=False, allow_infinity=False)
outlines = st.none() | st.lists(st.fixed_dictionaries({"x": numbers, "y": numbers}), max_size=4)


@given(st.lists(outlines, min_size=1, max_size=6), st.integers(0, 3))
def test_polygons_are_the_json_that_any_cell_would_be(polygons: list[Any], skipped: int) -> None:
    column = pa.array([[{"x": 1.0, "y": 2.0}], *polygons], POLYGONS)[min(skipped, len(polygons)) :]
    assert _polygon_cells(column) == [csv_cell(value, protect=True) for value in column.to_pylist()]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), None])
def test_points_that_are_no_numbers_are_left_to_the_general_way(wrong: float | None) -> None:
    assert _polygon_cells(pa.array([[{"x": 1.0, "y": 2.0}], [{"x": wrong, "y": 2.0}]], POLYGONS)) is None
    assert _polygon_cells(pa.array([[{"x": 1.0, "y": 2.0}], [None]], POLYGONS)) is None


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-2", "@SUM(A1)", "\t=1", "  =1", "＝1", "'=1", "\n"])
def test_dangerous_cells_are_marked(text: str) -> None:
    assert protect_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "I agree", "a = b", "5 - 3", "“quoted”", "[illegible]"])
def test_harmless_cells_are_left_alone(text: str) -> None:
    assert protect_cell(text) == text


def test_the_csv_holds_what_the_view_holds(database: Path) -> None:
    data, _ = responses_table(database, "demo")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    view = stored(database, "demo")
    assert rows[0][:3] == ["workshop_id", "principle_id", "principle"]
    assert len(rows[0]) == 20
    assert len(rows) == len(view) + 1
    for row, wanted in zip(rows[1:], view, strict=True):
        got = dict(zip(rows[0], row, strict=True))
        want = dict(zip(rows[0], wanted, strict=True))
        assert unprotect_cell(got["text"]) == want["text"]
        assert json.loads(got["polygon"]) == want["polygon"]
        assert float(got["x"]) == want["x"]
        assert got["principle_id"] == (want["principle_id"] or "")


def test_no_cell_of_the_csv_is_a_formula(tmp_path: Path) -> None:
    texts = ['=HYPERLINK("http://x")', "+1", "-1", "@a", "\t=a", "'quoted'", "  =b"]
    path = tmp_path / "w.duckdb"
    build([make_record("=w", notes=[make_note(n, text) for n, text in enumerate(texts, 1)])], path)
    data, _ = responses_table(path, "=w")
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]
    assert not [cell for row in rows for cell in row if cell and cell[0] in FORMULA_STARTS | {"\t"}]
    assert [unprotect_cell(row[7]) for row in rows] == texts


def test_the_parquet_holds_what_the_view_holds(database: Path) -> None:
    _, data = responses_table(database, "demo")
    table = pq.read_table(io.BytesIO(data))
    assert [tuple(row.values()) for row in table.to_pylist()] == stored(database, "demo")
    comment = table.schema.field("text_status").metadata[b"comment"].decode()
    assert comment.startswith("What is on the paper")


def test_the_same_database_gives_the_same_bytes(database: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.duckdb"
    build([make_record(), make_record("second", notes=3000)], again)
    first, second = responses_table(database, "second"), responses_table(again, "second")
    assert first == second
    assert first[0].count(b"\n") == 3001


def test_a_workshop_without_notes_has_tables_with_a_header(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    build([make_record(notes=[])], path)
    data, parquet = responses_table(path, "demo")
    assert data.decode().count("\n") == 1
    assert pq.read_table(io.BytesIO(parquet)).num_rows == 0


def test_an_unknown_workshop_is_told_with_those_that_are_there(database: Path) -> None:
    with pytest.raises(MissingError, match=r"(?s)no workshop called 'dmo'.*demo, second"):
        responses_table(database, "dmo")


def test_without_a_database_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="workshop run"):
        responses_table(tmp_path / "workshops.duckdb", "demo")


# --- the data dictionary -------------------------------------------------------------------------------


def test_nothing_in_the_dictionary_is_without_a_comment(database: Path) -> None:
    relations, codes = describe(database)
    bare = [relation.name for relation in relations if not relation.comment]
    bare += [f"{relation.name}.{c.name}" for relation in relations for c in relation.columns if not c.comment]
    bare += [f"{code.table}: {code.code}" for code in codes if not (code.label and code.description)]
    assert bare == []
    assert relations[0].name == "responses"


def test_a_missing_comment_is_seen(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes(database.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("COMMENT ON COLUMN note.turn IS NULL")
    note = next(relation for relation in describe(path)[0] if relation.name == "note")
    assert [column.name for column in note.columns if not column.comment] == ["turn"]


def test_the_dictionary_tells_every_column_code_and_key(database: Path) -> None:
    text = data_dictionary(database)
    relations, codes = describe(database)
    for relation in relations:
        assert f"\n### {relation.name}\n" in text
        for column in relation.columns:
            assert f"| `{column.name}` | `{column.type}` |" in text
    assert {code.code for code in codes} >= {*vocabulary.SHAPES, *vocabulary.REFUSALS, *vocabulary.MARKS}
    assert "| `principle_id` | `VARCHAR` | may be empty | → principle |" in text
    assert "| `note_id` | `VARCHAR` | always | primary, → note |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4, 6}, "every row has its table's cells"


def test_the_dictionary_is_the_same_every_time_whatever_the_database_holds(
    database: Path, tmp_path: Path
) -> None:
    assert data_dictionary(database) == data_dictionary(database)
    # So it may be kept from run to run.
    build([], tmp_path / "w.duckdb")
    assert data_dictionary(tmp_path / "w.duckdb") == data_dictionary(database)
