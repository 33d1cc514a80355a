"""Data package, TEI and Web Annotations: valid by their validators, complete, the same each time."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from factories import make_note, make_photo, make_record, make_sighting
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import marks, model
from pipeline.publish import Change, Imprint
from pipeline.publish import tei as tei_module
from pipeline.publish.annotations import render_annotations
from pipeline.publish.datapackage import package_files
from pipeline.publish.exports import EXPORTS
from pipeline.publish.tei import render_tei
from pipeline.store.cells import unprotect_cell

TEI = "{http://www.tei-c.org/ns/1.0}"
ID = "{http://www.w3.org/XML/1998/namespace}id"
IMPRINT = Imprint(2, "2026-11-22", "the originals", ("A. Reader", "B: Reader #1"), "CC-BY-4.0", ("More.",))
CHANGES = [Change("now_readable", "n0001", "power", "[illegible]", "Listen", "read again")]
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: text.strip() != ""
)


def make_odd_record() -> model.Record:
    """Names and words that break naive writers: blanks, quotes, markup and a photograph in a folder."""
    photo = "day one/board #1 & 'more'.jpg"
    note = make_note(1, '=1+1, "quoted" <b>&amp; ümlaut', sightings=(make_sighting(1, photo),))
    reply = make_note(2, "THIS", answers_note_id="n0001", sightings=(make_sighting(2, photo),))
    lost = make_note(3, "", text_status="illegible", sightings=())
    return make_record("Odd Name!", notes=[note, reply, lost], photos=(make_photo(photo),), themes=())


def write(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_same_record_gives_the_same_bytes(name: str) -> None:
    for record in (make_record(), make_odd_record()):
        once = EXPORTS[name](record, CHANGES, IMPRINT)
        assert once == EXPORTS[name](record, CHANGES, IMPRINT)
        assert all(once.values())


# --- data package -----------------------------------------------------------------------------


@pytest.mark.parametrize("record", [make_record(), make_odd_record(), make_record(notes=[], themes=())])
def test_the_package_is_valid_for_frictionless(
    record: model.Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frictionless = pytest.importorskip("frictionless", reason="frictionless validates the package")
    write(package_files(record, IMPRINT), tmp_path)
    monkeypatch.chdir(tmp_path)
    report = frictionless.validate("datapackage.json")
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])
    assert {task.name for task in report.tasks} >= {
        "responses",
        "principles",
        "themes",
        "sightings",
        "photos",
    }


def test_frictionless_would_notice_a_broken_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frictionless = pytest.importorskip("frictionless", reason="frictionless validates the package")
    files = package_files(make_record())
    files["data/sightings.csv"] += b"nobody,0,board-1.jpg,[],1,1,1,1\n"
    write(files, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert not frictionless.validate("datapackage.json").valid


def test_every_column_is_described_and_every_code_has_a_label() -> None:
    package = json.loads(package_files(make_record(), IMPRINT)["datapackage.json"])
    tables = [resource for resource in package["resources"] if "schema" in resource]
    assert len(tables) == 10
    for resource in package["resources"]:
        assert resource["description"]
    for resource in tables:
        for field in resource["schema"]["fields"]:
            assert field["description"]
            assert all(item["label"] for item in field.get("categories", []))
        assert resource["schema"]["missingValues"][0]["label"]
    assert package["version"] == "2"
    assert package["licenses"][0]["path"].startswith("https://")
    people = [person["title"] for person in package["contributors"]]
    assert people[:2] == ["A. Reader", "B: Reader #1"]
    (contact,) = package["contributors"][2:]
    assert contact["title"] == "The organisers of the workshop"
    assert contact["email"]


def test_rows_are_those_of_the_record_in_csv_and_parquet() -> None:
    record = make_odd_record()
    files = package_files(record)
    rows = list(csv.DictReader(io.StringIO(files["data/responses.csv"].decode())))
    typed = pq.read_table(io.BytesIO(files["data/responses.parquet"])).to_pylist()
    assert [row["note_id"] for row in rows] == [row["note_id"] for row in typed]
    by_id = {note.id: note for note in record.notes}
    assert len(rows) == len(by_id)
    for row, exact in zip(rows, typed, strict=True):
        note = by_id[row["note_id"]]
        assert unprotect_cell(row["text"]) == note.text
        assert (exact["text"] or "") == note.text
        assert row["response_type"] == note.response_type
        assert not row["text"].startswith("=")
    sightings = pq.read_table(io.BytesIO(files["data/sightings.parquet"])).to_pylist()
    assert json.loads(sightings[0]["polygon"])[0] == {"x": 100.0, "y": 100.0}


def test_the_citation_file_is_yaml_with_what_cff_asks_for() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML reads CITATION.cff back")
    record = make_record(title='A "title": with # signs\nand breaks')
    read = yaml.safe_load(package_files(record, IMPRINT)["CITATION.cff"])
    assert read["cff-version"] == "1.2.0"
    assert read["title"] == 'A "title": with # signs and breaks: public record of a workshop'
    assert [author["name"] for author in read["authors"]] == ["A. Reader", "B: Reader #1"]
    assert {"message", "type", "license", "version"} <= read.keys()
    assert read["contact"] == [{"name": "The organisers of the workshop", "email": "team@example.org"}]
    by_name = package_files(replace(record, contact="Town hall, room 7"), IMPRINT)
    assert yaml.safe_load(by_name["CITATION.cff"])["contact"] == [{"name": "Town hall, room 7"}]


def test_credit_and_rights_are_in_the_package() -> None:
    files = package_files(make_record(), IMPRINT)
    package = json.loads(files["datapackage.json"])
    assert [one.get("email") or one["title"] for one in package["contributors"]] == [
        "A. Reader",
        "B: Reader #1",
        "team@example.org",
    ]
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    photos = next(one for one in package["resources"] if one["name"] == "photos")
    assert photos["description"].endswith("The photographs' licence: CC-BY-4.0.")
    readme = files["README.md"].decode()
    assert "- Licence of the photographs: CC-BY-4.0" in readme
    assert "- Transcribed and checked by: A. Reader, B: Reader" in readme


# --- TEI --------------------------------------------------------------------------------------


def valid(document: bytes) -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml validates against the schema")
    schema = Path(tei_module.__file__).parent / "templates" / "tei-record.rng"
    checker = etree.RelaxNG(etree.parse(schema))
    assert checker.validate(etree.fromstring(document)), str(checker.error_log)


@pytest.mark.parametrize(
    "record", [make_record(), make_odd_record(), make_record(notes=[], principles=(), photos=(), themes=())]
)
def test_tei_is_valid_with_and_without_changes(record: model.Record) -> None:
    valid(render_tei(record))
    valid(render_tei(record, CHANGES, IMPRINT))


def test_the_schema_would_notice_an_invented_element() -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml validates against the schema")
    broken = (
        render_tei(make_record())
        .replace(b"<unclear cert", b"<supplied cert")
        .replace(b"</unclear>", b"</supplied>")
    )
    schema = Path(tei_module.__file__).parent / "templates" / "tei-record.rng"
    assert not etree.RelaxNG(etree.parse(schema)).validate(etree.fromstring(broken))


@settings(max_examples=40, deadline=None)
@given(words)
def test_tei_holds_any_words_exactly(text: str) -> None:
    note = replace(make_note(1, marks.literal(text)), text_status="legible")
    document = render_tei(make_record(notes=[note], title=text, themes=()))
    root = ET.fromstring(document)
    (item,) = [element for element in root.iter(f"{TEI}item") if element.get(ID) == "note-n0001"]
    from pipeline.publish.ooxml import clean

    assert "".join(item.itertext()).split() == clean(text).split()


def test_tei_marks_what_is_lost_unsure_empty_and_removed() -> None:
    root = ET.fromstring(render_tei(make_record()))
    items = {element.get(ID): element for element in root.iter(f"{TEI}item") if element.get(ID)}
    assert [child.tag for child in items["note-n0002"]] == [f"{TEI}gap"]
    assert items["note-n0002"].text == "Who decides "
    assert items["note-n0002"][0].tail == " in the room?"
    assert items["note-n0003"][0].tag == f"{TEI}unclear"
    assert items["note-n0003"][0].text == "budget"
    assert items["note-n0004"][0].get("reason") == "illegible"
    assert items["note-n0005"][0].tag == f"{TEI}space"
    assert items["note-n0009"][0].get("reason") == "editorial"
    assert items["note-n0006"].get("corresp") == "#note-n0001"
    assert not list(root.iter(f"{TEI}supplied"))


def test_every_pointer_of_tei_has_a_target() -> None:
    root = ET.fromstring(render_tei(make_record(), CHANGES, IMPRINT))
    ids = [element.get(ID) for element in root.iter() if element.get(ID)]
    assert len(ids) == len(set(ids))
    pointers = [
        pointer[1:]
        for element in root.iter()
        for name in ("ana", "facs", "corresp")
        for pointer in (element.get(name) or "").split()
    ]
    assert len(pointers) > 40
    assert set(pointers) <= set(ids)
    zones = list(root.iter(f"{TEI}zone"))
    assert len(zones) == sum(len(note.sightings) for note in make_record().notes)


# --- Web Annotation ---------------------------------------------------------------------------


def test_annotations_follow_the_model() -> None:
    record = make_record()
    collection = json.loads(render_annotations(record))
    assert collection["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert collection["type"] == "AnnotationCollection"
    page = collection["first"]
    assert page["type"] == "AnnotationPage"
    assert page["partOf"] == collection["id"]
    assert collection["total"] == len(page["items"]) == len(record.notes)
    names = [item["id"] for item in page["items"]]
    assert len(names) == len(set(names))
    motivations = {"describing", "classifying", "tagging", "replying"}
    for item in page["items"]:
        assert item["type"] == "Annotation"
        assert item["motivation"] in motivations
        assert item["target"]
        for body in item["body"]:
            assert body["purpose"] in motivations
            assert ("value" in body) == (body["type"] == "TextualBody")
            if body["type"] == "SpecificResource":
                assert body["source"] in names


def test_annotations_point_at_the_outline_and_the_photograph() -> None:
    collection = json.loads(render_annotations(make_odd_record()))
    items = {item["id"].rsplit(":", 1)[1]: item for item in collection["first"]["items"]}
    (target,) = items["n0001"]["target"]
    assert " " not in target["source"]
    assert "#" not in target["source"]
    assert unquote(target["source"]) == "day one/board #1 & 'more'.jpg"
    svg, box = target["selector"]
    assert ET.fromstring(svg["value"])[0].get("points") == "100,100 340,100 340,340 100,340"
    assert box["value"] == "xywh=pixel:100,100,240,240"
    assert items["n0001"]["body"][0]["value"] == '=1+1, "quoted" <b>&amp; ümlaut'
    assert items["n0003"]["target"] == ["record.html#note-n0003"]
    assert not [body for body in items["n0003"]["body"] if body["purpose"] == "describing"]
    assert re.fullmatch(r"urn:workshop:[A-Za-z0-9%.!_-]+:annotations", collection["id"])
