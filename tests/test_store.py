"""The database: what goes in comes out, in the contract's columns, the same every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from factories import make_decision, make_note, make_principles, make_record, make_sighting
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import model, vocabulary
from pipeline.store import builder, parts
from pipeline.store.arrow import arrow_table
from pipeline.store.builder import build
from pipeline.store.digest import dump_digest
from pipeline.store.editions import Change, Edition
from pipeline.store.errors import StoreError
from pipeline.store.parts import prepared
from pipeline.store.rows import CODE_TABLES, TABLES

CONTRACT = {
    "responses": (
        "workshop_id, principle_id, principle, response_type, shape, shape_confidence, colour, text, "
        "text_status, reading_state, confidence, theme, answers_note_id, note_id, photo, polygon, x, y, "
        "width, height"
    ),
    "sightings": "workshop_id, note_id, photo, polygon, x, y, width, height, is_best",
    "counts_by_principle": "workshop_id, principle_id, principle, found, stated, difference",
    "counts_by_response_type": "workshop_id, response_type, label, found",
    "changes": (
        "workshop_id, from_edition, to_edition, kind, note_id, principle_id, before, after, explanation"
    ),
}


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "processed" / "workshops.duckdb"
    build([make_record(), make_record("second", notes=7)], path)
    return path


@pytest.mark.parametrize("view", CONTRACT)
def test_views_have_the_contract_s_columns_in_its_order(demo: Path, view: str) -> None:
    columns = [row[0] for row in ask(demo, f"DESCRIBE {view}")]
    assert columns == CONTRACT[view].split(", ")


def test_every_view_of_the_file_is_validated_and_every_table_filled_in_order(demo: Path) -> None:
    assert {row[0] for row in ask(demo, "SELECT view_name FROM duckdb_views() WHERE NOT internal")} == set(
        builder.VIEWS
    )
    assert {row[0] for row in ask(demo, "SELECT table_name FROM duckdb_tables() WHERE NOT internal")} == set(
        TABLES
    )


def test_every_table_view_and_column_is_commented(demo: Path) -> None:
    bare = ask(
        demo,
        """
        SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND coalesce(comment, '') = ''
        UNION ALL SELECT table_name, '' FROM duckdb_tables() WHERE NOT internal AND coalesce(comment, '') = ''
        UNION ALL SELECT view_name, '' FROM duckdb_views() WHERE NOT internal AND coalesce(comment, '') = ''
        """,
    )
    assert bare == []


def test_a_response_row_says_what_the_note_says(demo: Path) -> None:
    row = ask(demo, "SELECT * FROM responses WHERE workshop_id = 'demo' AND note_id = 'n0001'")[0]
    corners = [{"x": 100.0, "y": 100.0}, {"x": 340.0, "y": 100.0}, {"x": 340.0, "y": 340.0}]
    assert row == (
        *("demo", "power", "Power", "agreement", "tick", 0.9, "yellow", "Who decides who is in the room?"),
        *("legible", "machine", 0.85, "sharing · power-1", None, "n0001", "board-1.jpg"),
        [*corners, {"x": 100.0, "y": 340.0}],
        *(100.0, 100.0, 240.0, 240.0),
    )


def test_unplaced_notes_are_visible_and_last(demo: Path) -> None:
    rows = ask(demo, "SELECT note_id, principle_id, principle FROM responses WHERE workshop_id = 'demo'")
    assert rows[-2:] == [("n0010", None, "unplaced"), ("n0011", None, "unplaced")]
    assert len(rows) == 11


def test_answers_and_themes_reach_the_view(demo: Path) -> None:
    rows = ask(
        demo,
        "SELECT note_id, answers_note_id, theme FROM responses WHERE workshop_id = 'demo'"
        " AND (answers_note_id IS NOT NULL OR theme IS NOT NULL) ORDER BY note_id",
    )
    assert rows == [
        ("n0001", None, "sharing · power-1"),
        ("n0003", None, "sharing · power-1"),
        ("n0006", "n0001", None),
    ]


def test_a_note_seen_twice_is_one_response_and_two_sightings(demo: Path) -> None:
    sightings = ask(
        demo, "SELECT photo, is_best FROM sightings WHERE workshop_id = 'demo' AND note_id = 'n0001'"
    )
    assert sightings == [("board-1.jpg", True), ("board-1-again.jpg", False)]


def test_counts_reconcile_found_with_stated(demo: Path) -> None:
    rows = ask(
        demo,
        "SELECT principle, found, stated, difference FROM counts_by_principle WHERE workshop_id = 'demo'",
    )
    assert rows == [
        ("Power", 6, 5, 1),
        ("Make Time", 3, None, None),
        ("Transparent", 0, 0, 0),
        ("unplaced", 2, None, None),
    ]


def test_a_type_nobody_used_is_counted_as_0(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    build([make_record(notes=[make_note(1, shape="tick")])], path)
    assert ask(path, "SELECT response_type, found FROM counts_by_response_type") == [
        ("agreement", 1),
        ("importance", 0),
        ("amendment", 0),
        ("challenge", 0),
    ]


def test_legibility_and_themes(demo: Path) -> None:
    legibility = ask(
        demo,
        "SELECT principle, found, legible, partial, illegible, no_text, reviewed"
        " FROM legibility_by_principle WHERE workshop_id = 'demo'",
    )
    assert legibility == [
        ("Power", 6, 2, 2, 1, 1, 2),
        ("Make Time", 3, 1, 1, 0, 1, 0),
        ("unplaced", 2, 2, 0, 0, 0, 1),
    ]
    themes = ask(
        demo, "SELECT principle, theme, notes, quote FROM themes_by_principle WHERE workshop_id = 'demo'"
    )
    assert themes == [("Power", "sharing · power-1", 2, "Who decides who is in the room?")]


def test_code_tables_hold_the_vocabulary(demo: Path) -> None:
    for table, codes in CODE_TABLES.items():
        stored = ask(demo, f"SELECT code, label, description FROM {table} ORDER BY position")
        assert stored == [(code.code, code.label, code.description) for code in codes.values()]


def test_changes_come_from_the_editions(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    change = Change(
        "demo", 1, None, "now_readable", "n0002", "power", "[illegible]", "Listen", "a sharper photo"
    )
    build(
        [make_record()],
        path,
        editions=[Edition("demo", 1, "2019-04-01", "the first photographs", 11, "e/1.json", ("originals",))],
        changes=[change, replace(change, kind="gone", note_id="n9999")],
    )
    assert ask(path, "SELECT * FROM changes")[0] == (
        *("demo", 1, None, "now_readable", "n0002", "power", "[illegible]", "Listen", "a sharper photo"),
    )
    assert ask(path, "SELECT note_id FROM changes")[1] == ("n9999",), "a note that is gone is still told of"


def test_decisions_are_kept_and_orphans_marked(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    orphan, applied = make_decision(1), make_decision(2, new={"b": 1, "a": [True, None]})
    build([make_record(orphans=(orphan,))], path, decisions={"demo": [applied]})
    assert ask(path, "SELECT decision_id, is_orphan, new FROM decision ORDER BY position") == [
        ("d0002", False, '{"a": [true, null], "b": 1}'),
        ("d0001", True, '"Listen first"'),
    ]


def test_a_transcript_without_photographs_is_a_workshop_too(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    note = make_note(1, sightings=(), board_id=None, shape="not_recorded", colour="not_recorded", group=2)
    build([make_record(notes=[note], photos=(), boards=())], path)
    assert ask(path, "SELECT photo, polygon, x FROM responses") == [(None, None, None)]
    assert ask(path, "SELECT found FROM counts_by_principle WHERE principle_id = 'power'") == [(1,)]


def test_no_workshop_at_all_is_an_empty_database(tmp_path: Path) -> None:
    build([], tmp_path / "w.duckdb")
    assert ask(tmp_path / "w.duckdb", "SELECT * FROM responses") == []


def test_the_same_records_give_the_same_digest_and_others_do_not(tmp_path: Path) -> None:
    first, second, other = (tmp_path / f"{name}.duckdb" for name in ("first", "second", "other"))
    build([make_record()], first)
    build([make_record(software=dict(reversed(list(make_record().software.items()))))], second)
    assert dump_digest(first) == dump_digest(second)
    notes = list(make_record().notes)
    notes[0], notes[1] = notes[1], notes[0]
    build([make_record(notes=notes)], other)
    assert dump_digest(first) != dump_digest(other), "the order of rows counts"


def test_chunks_do_not_show_in_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [make_record(), make_record("second", notes=40)]
    logs = {"second": [make_decision(1), make_decision(2)]}
    build(records, tmp_path / "whole.duckdb", decisions=logs)
    monkeypatch.setattr(parts, "CHUNK_ROWS", 7)
    steps: list[str] = []
    build(iter(records), tmp_path / "chunks.duckdb", decisions=logs, on_step=steps.append)
    assert steps.count("stored") > 10
    monkeypatch.setattr(builder, "CHUNKS_A_TRANSACTION", 2)
    ready = [prepared(records[0], 0), prepared(records[1], 1, logs["second"])]
    build(iter(ready), tmp_path / "ready.duckdb", is_large=True)
    whole = dump_digest(tmp_path / "whole.duckdb")
    assert whole == dump_digest(tmp_path / "chunks.duckdb") == dump_digest(tmp_path / "ready.duckdb")


@pytest.mark.parametrize(
    "notes",
    [
        [make_note(1), make_note(1)],
        [make_note(1, answers_note_id="nowhere")],
        [make_note(1, theme_id="nowhere")],
        [make_note(1, principle_id="nowhere")],
    ],
    ids=["same note twice", "answers nothing", "no such theme", "no such principle"],
)
def test_records_that_do_not_fit_together_are_refused(tmp_path: Path, notes: list[model.Note]) -> None:
    path = tmp_path / "w.duckdb"
    build([make_record()], path)
    before = path.read_bytes()
    broken = make_record(notes=notes, themes=(), principles=make_principles())
    with pytest.raises(StoreError, match="do not fit together") as caught:
        build([broken], path)
    assert "Nothing is lost" in str(caught.value)
    assert path.read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == [".w.duckdb.lock", "w.duckdb"]


def test_one_note_that_vanishes_while_storing_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = arrow_table

    def losing(schema: Any, rows: Any) -> Any:
        table = real(schema, rows)
        return table.slice(0, len(rows) - 1) if "machine_text" in schema.names else table

    monkeypatch.setattr(parts, "arrow_table", losing)
    with pytest.raises(StoreError, match="reading holds 10 rows where 11 went in"):
        build([make_record()], tmp_path / "w.duckdb")
    assert not (tmp_path / "w.duckdb").exists()


def test_the_schema_itself_forbids_what_the_model_forbids(demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes(demo.read_bytes())
    with duckdb.connect(str(path)) as connection:
        for wrong in (
            "UPDATE note SET text = 'words' WHERE text_status = 'no_text'",
            "UPDATE note SET text_status = 'illegible' WHERE text <> ''",
            "UPDATE note SET shape = 'star'",
            "UPDATE note SET confidence = 1.5",
            "UPDATE note SET colour = NULL",
            "UPDATE theme SET strength = 'certain'",
            "INSERT INTO photo VALUES ('demo', 'x.jpg', 9, 'short', 1, 1, 'JPEG', 0)",
            "INSERT INTO photo VALUES ('demo', 'x.jpg', 9, repeat('0', 64), 1, 1, 'JPEG', 45)",
            "INSERT INTO photo SELECT workshop_id, 'copy.jpg', 9, sha256, 1, 1, 'JPEG', 0 FROM photo LIMIT 1",
            "INSERT INTO reply VALUES ('demo', 'n0002', 'n0002')",
        ):
            with pytest.raises(duckdb.ConstraintException):
                connection.execute(wrong)


def test_file_names_of_every_kind(tmp_path: Path) -> None:
    names = [
        "a b'c\"d.jpg",
        "new\nline.jpg",
        "😀 שלום.jpg",
        "x" * 250,
        b"latin-\xe9.jpg".decode("utf-8", "surrogateescape"),
    ]
    notes = [make_note(n, sightings=(make_sighting(n, name),)) for n, name in enumerate(names, start=1)]
    build([make_record(notes=notes)], tmp_path / "w.duckdb")
    stored = [row[0] for row in ask(tmp_path / "w.duckdb", "SELECT photo FROM responses")]
    assert stored == [*names[:-1], "latin-\\udce9.jpg"]


coordinates = st.floats(-10_000, 10_000, allow_nan=False)
polygons = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9).map(tuple)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(texts, polygons), min_size=1, max_size=6))
def test_any_text_and_polygon_comes_back(notes: list[tuple[str, model.Polygon]]) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE made (text VARCHAR, polygon STRUCT(x DOUBLE, y DOUBLE)[])")
        schema = connection.sql("FROM made").to_arrow_table().schema
        connection.register("incoming", arrow_table(schema, notes))
        connection.execute("INSERT INTO made FROM incoming")
        rows = connection.execute(f"SELECT text, polygon, {builder.SIGHTING_BOX} FROM made").fetchall()
    assert [row[0] for row in rows] == [text for text, _ in notes]
    for (_, polygon), (_, stored, *box) in zip(notes, rows, strict=True):
        corners = [value for point in stored for value in (point["x"], point["y"])]
        assert corners == pytest.approx([value for point in polygon for value in point], abs=0.0051)
        assert box == pytest.approx(model.bounding_box(polygon), abs=0.02)


def test_response_types_of_the_legend_are_codes() -> None:
    """The factories' own table of shapes must not drift from the vocabulary."""
    assert set(make_record().legend.by_shape) <= set(vocabulary.SHAPES)
