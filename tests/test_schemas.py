"""TEI, PAGE-XML and REFI-QDA against the full published schemas (tests/vendor/schemas)."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from factories import make_note, make_record
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from test_publish_exchange import CHANGES, IMPRINT, make_odd_record

from pipeline.exchange.pagexml import page_files
from pipeline.model import Record
from pipeline.publish.tei import render_tei
from pipeline.themes.codebook import codebook

SCHEMAS = Path(__file__).parent / "vendor" / "schemas"
CREATED = "2026-11-22T00:00:00"
QDA = "urn:QDA-XML:project:1.0"
RECORDS = {
    "varied": make_record(),
    "odd names": make_odd_record(),
    "nothing at all": make_record(notes=[], principles=(), photos=(), themes=()),
    "words of another language": make_record(language="pt-BR", introduction="Uma\n\n- lista\n- curta"),
}
any_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@cache
def tei_all() -> etree.RelaxNG:
    with gzip.open(SCHEMAS / "tei_all-4.3.0.rng.gz") as file:
        return etree.RelaxNG(etree.parse(file))


@cache
def page() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "page-2019-07-15.xsd"))


@cache
def qda() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "refi-qda-project-1.0.xsd"))


def as_project(book: bytes) -> Any:
    """A code book as a project holds it; there, sets stand beside it and call a member's guid targetGUID."""
    root = etree.fromstring(book)
    project = etree.Element(f"{{{QDA}}}Project", name="test", origin=root.get("origin"))
    holder = etree.SubElement(project, f"{{{QDA}}}CodeBook")
    for element in list(root):
        (holder if etree.QName(element).localname == "Codes" else project).append(element)
    for element in project.iter():
        element.tag = f"{{{QDA}}}{etree.QName(element).localname}"
        if etree.QName(element).localname == "MemberCode":
            element.set("targetGUID", element.attrib.pop("guid"))
    return project


def book_of(record: Record) -> bytes:
    return codebook(record.principles, record.themes, record.notes, record.workshop_id)


@pytest.mark.parametrize("name", RECORDS)
def test_tei_is_valid_by_the_full_schema(name: str) -> None:
    for document in (render_tei(RECORDS[name]), render_tei(RECORDS[name], CHANGES, IMPRINT)):
        assert tei_all().validate(etree.fromstring(document)), str(tei_all().error_log)


@settings(max_examples=25, deadline=None)
@given(any_words, any_words)
def test_tei_of_any_words_is_valid_by_the_full_schema(text: str, heading: str) -> None:
    record = make_record(notes=[make_note(1, text.strip() and f"x{text}")], title=heading, place=heading)
    assert tei_all().validate(etree.fromstring(render_tei(record))), str(tei_all().error_log)


@pytest.mark.parametrize("name", RECORDS)
def test_page_xml_is_valid_by_its_schema(name: str) -> None:
    for data in page_files(RECORDS[name], CREATED).values():
        assert page().validate(etree.fromstring(data)), str(page().error_log)


@settings(max_examples=25, deadline=None)
@given(any_words)
def test_page_xml_of_any_words_is_valid_by_its_schema(text: str) -> None:
    record = make_record(notes=[make_note(1, text.strip() and f"x{text}")])
    for data in page_files(record, CREATED).values():
        assert page().validate(etree.fromstring(data)), str(page().error_log)


@pytest.mark.parametrize("name", RECORDS)
def test_the_code_book_is_valid_by_its_schema(name: str) -> None:
    assert qda().validate(as_project(book_of(RECORDS[name]))), str(qda().error_log)


def test_each_schema_notices_what_is_wrong() -> None:
    record = RECORDS["varied"]
    tei = render_tei(record).replace(b"<space", b"<spaces")
    pages = [data.replace(b"TextEquiv", b"TextEquip") for data in page_files(record, CREATED).values()]
    book = book_of(record).replace(b"isCodable", b"isCodeable")
    assert not tei_all().validate(etree.fromstring(tei))
    assert not any(page().validate(etree.fromstring(data)) for data in pages)
    assert not qda().validate(as_project(book))
