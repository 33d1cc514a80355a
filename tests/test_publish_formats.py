"""PDF, Word and slides: whole, readable by others' libraries, accessible, safe, the same each time."""

from __future__ import annotations

import io
import posixpath
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_note, make_record
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline import marks, model
from pipeline.errors import MissingError
from pipeline.publish import (
    ALL_FORMATS,
    Change,
    Imprint,
    pdf,
    png,
    render_reports,
    unavailable_formats,
    write_reports,
)
from pipeline.publish.charting import make_charts
from pipeline.publish.docx import render_docx
from pipeline.publish.pptx import render_pptx
from pipeline.publish.view import arrange

Render = Callable[..., bytes]
ALT = "Yellow tick: Who decides who is in the room?"
CHANGES = [Change("now_readable", "n0001", "power", "[illegible]", "Listen", "read again")]
IMPRINT = Imprint(2, "2026-11-22", "the originals", ("A. Reader",), "CC-BY-4.0", ("More to come.",))


def make_crop(size: tuple[int, int] = (120, 90)) -> model.Crop:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "SECRETPLACE"
    Image.new("RGB", size, "gold").save(buffer, "JPEG", exif=exif)
    return model.Crop(buffer.getvalue(), *size)


def make_crops(record: model.Record) -> dict[str, model.Crop]:
    return {note.id: make_crop() for note in record.notes}


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def text_of(data: bytes, inside: str) -> str:
    found = []
    for name, content in parts_of(data).items():
        if name.startswith(inside) and name.endswith(".xml"):
            found += [
                element.text or "" for element in ET.fromstring(content).iter() if element.tag.endswith("}t")
            ]
    return " ".join("".join(found).split())


@pytest.mark.parametrize(("render", "inside"), [(render_docx, "word/document"), (render_pptx, "ppt/slides")])
def test_it_holds_the_whole_record(render: Render, inside: str) -> None:
    record = make_record()
    text = text_of(render(record, make_crops(record), CHANGES, IMPRINT), inside)
    for part in (
        record.title,
        "The Whitworth, Manchester · 6 March 2019",
        "How people could respond",
        "Power (6)",
        "6 found: 1 more.",
        "Unplaced notes (2)",
        "Who decides [illegible] in the room?",
        "budget[?]",
        "[no text]",
        "answers: ",
        "Two people read this differently" if render is render_docx else "sharing · power-1",
        "What changed",
        "8 were read by machine alone",
        "notes.txt",
        "A. Reader",
        "More to come.",
        "Licence: CC-BY-4.0",
    ):
        assert part in text, part


@pytest.mark.parametrize("render", [render_docx, render_pptx])
def test_every_picture_has_alternative_text_and_no_metadata(render: Render) -> None:
    record = make_record()
    parts = parts_of(render(record, make_crops(record)))
    described = [
        element.get("descr")
        for name, content in parts.items()
        if name.endswith(".xml")
        for element in ET.fromstring(content).iter()
        if element.tag.endswith("}cNvPr") and element.get("name", "").startswith("Note ")
    ]
    assert ALT in described
    assert all(described)
    assert not any(b"SECRETPLACE" in content for content in parts.values())
    shown = len([note for note in record.notes if "[name removed]" not in note.text])
    assert sum(name.endswith(".jpeg") for name in parts) == shown


@pytest.mark.parametrize("render", [render_docx, render_pptx])
def test_every_relation_leads_to_a_part_and_every_part_has_a_type(render: Render) -> None:
    record = make_record()
    parts = parts_of(render(record, make_crops(record)))
    types = ET.fromstring(parts["[Content_Types].xml"])
    named = {element.get("PartName", "")[1:] for element in types if element.tag.endswith("Override")}
    endings = {element.get("Extension") for element in types if element.tag.endswith("Default")}
    assert named <= parts.keys()
    for name, content in parts.items():
        assert name in named or name.rsplit(".", 1)[1] in endings, name
        if not name.endswith(".rels"):
            continue
        folder, own = posixpath.split(posixpath.dirname(name)), posixpath.basename(name)[: -len(".rels")]
        relations = {element.get("Id"): element.get("Target", "") for element in ET.fromstring(content)}
        for target in relations.values():
            assert posixpath.normpath(posixpath.join(folder[0], target)) in parts, (name, target)
        if own:
            source = parts[posixpath.join(folder[0], own)].decode()
            used = {part.split('"')[0] for part in source.split('r:embed="')[1:]}
            assert used <= relations.keys()


@pytest.mark.parametrize("render", [render_docx, render_pptx])
def test_the_same_record_gives_the_same_bytes(render: Render) -> None:
    record = make_record()
    assert render(record, make_crops(record), CHANGES) == render(record, make_crops(record), CHANGES)


@pytest.mark.parametrize("render", [render_docx, render_pptx])
@settings(max_examples=25, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
        lambda text: text.strip() != ""
    )
)
def test_any_words_leave_the_file_well_formed(render: Render, text: str) -> None:
    note = replace(make_note(1, marks.literal(text)), text_status="legible")
    record = make_record(notes=[note], title=text, contact=text, themes=())
    for name, content in parts_of(render(record, make_crops(record))).items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(content)


def test_python_docx_reads_headings_tables_and_links() -> None:
    library = pytest.importorskip("docx", reason="python-docx reads the file back")
    record = make_record()
    document = library.Document(io.BytesIO(render_docx(record, make_crops(record))))
    headings = [
        (p.style.name, p.text) for p in document.paragraphs if p.style.name.startswith(("Heading", "heading"))
    ]
    assert ("Heading 1", "Power (6)") in headings
    assert any(text == "Agreement (2)" for _, text in headings)
    assert len(document.inline_shapes) == 10
    names = set(document.element.body.xpath("//w:bookmarkStart/@w:name"))
    assert set(document.element.body.xpath("//w:hyperlink/@w:anchor")) <= names
    numbers = document.element.body.xpath("//w:bookmarkStart/@w:id")
    assert len(numbers) == len(set(numbers))


def test_python_pptx_reads_titles_and_pictures_within_the_slide() -> None:
    library = pytest.importorskip("pptx", reason="python-pptx reads the file back")
    record = make_record(notes=37)
    deck = library.Presentation(io.BytesIO(render_pptx(record, make_crops(record))))
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert len(titles) == len(set(titles))
    assert "Power (37), 1 of 4" in titles
    pictures = 0
    for slide in deck.slides:
        numbers = [shape.shape_id for shape in slide.shapes]
        assert len(numbers) == len(set(numbers))
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            pictures += shape.shape_type == 13
    assert pictures == 37 + 4  # and the four examples on the first slide


@pytest.mark.parametrize(("render", "inside"), [(render_docx, "word/document"), (render_pptx, "ppt/slides")])
def test_a_record_of_words_alone_is_a_list_with_each_word_once(render: Render, inside: str) -> None:
    notes = [
        make_note(n, f"only {n}", shape="not_recorded", colour="not_recorded", sightings=(), group=n % 2)
        for n in range(1, 5)
    ]
    record = make_record(
        notes=notes, legend=model.Legend({}), introduction="Long. " * 200, photos=(), themes=()
    )
    text = text_of(render(record, {}), inside)
    for n in range(1, 5):
        assert text.count(f"only {n}") == 1
    assert text.count("Type not recorded (4)") == 1


def test_many_notes_take_their_share_of_slides_and_none_is_left_out() -> None:
    record = make_record(notes=[make_note(n, f"words number {n:03}") for n in range(1, 104)], themes=())
    text = text_of(render_pptx(record, {}), "ppt/slides")
    assert all(f"words number {n:03}" in text for n in range(1, 104))


needs_pdf = pytest.mark.skipif(
    pdf.why_unavailable() is not None, reason=f"no PDFs here: {pdf.why_unavailable()}"
)


@needs_pdf
def test_the_pdf_is_tagged_titled_and_says_what_pictures_show() -> None:
    library = pytest.importorskip("pypdf", reason="pypdf reads the file back")
    record = make_record()
    crops = make_crops(record)
    data = pdf.render_pdf(record, crops)
    assert data == pdf.render_pdf(record, crops)
    assert b"SECRETPLACE" not in data
    reader = library.PdfReader(io.BytesIO(data))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata.title == f"{record.title} – public record"
    assert reader.metadata.creation_date is None
    alts = [
        str(found.get("/Alt"))
        for number in range(1, len(reader.xref_objStm) + max(reader.xref[0]) + 1)
        if isinstance(found := _object(reader, number), dict) and "/Alt" in found
    ]
    assert ALT in alts
    text = " ".join(" ".join(sheet.extract_text() for sheet in reader.pages).split())
    assert "Who decides [illegible] in the room?" in text


def _object(reader: object, number: int) -> object:
    try:
        return reader.get_object(number)  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001  (a number that names no object)
        return None


@needs_pdf
def test_a_pdf_fetches_nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def forbidden(*_: object) -> None:
        raise AssertionError("a record reached for the network")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    notes = [make_note(1, "url(http://example.org/a.png) <img src=http://example.org/b.png>")]
    assert pdf.render_pdf(make_record(notes=notes, contact="https://example.org"), {}).startswith(b"%PDF")
    with pytest.raises(ValueError, match="fetches nothing"):
        pdf.fetcher({}).fetch("http://example.org/x.png")


def test_where_a_format_cannot_be_made_the_reason_and_the_remedy_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pdf, "why_unavailable", lambda: "Pango is missing: apt-get install it")
    assert unavailable_formats()["pdf"] == "Pango is missing: apt-get install it"
    assert "pdf" not in unavailable_formats(("txt", "png"))
    with pytest.raises(MissingError, match="apt-get install"):
        pdf.render_pdf(make_record(), {})


@needs_pdf
def test_whether_a_pdf_can_be_made_is_found_out_without_loading_what_draws_it() -> None:
    asked = "import sys; from pipeline.publish import pdf; print(pdf.why_unavailable(), 'weasyprint' in sys.modules)"
    told = "import sys; from pipeline.publish import pdf; pdf._opens = lambda _: False; print(pdf.why_unavailable())"
    answers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for code in (asked, told)
    ]
    assert answers == [f"None {not sys.platform.startswith('linux')}\n", "None\n"]


needs_png = pytest.mark.skipif(
    png.why_unavailable() is not None, reason=f"no PNGs here: {png.why_unavailable()}"
)


@needs_png
def test_charts_as_png_carry_their_description() -> None:
    for chart in make_charts(arrange(make_record())):
        data = png.render_png(chart)
        assert data == png.render_png(chart)
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.width == 1240
            assert picture.text["Title"] == chart.title  # type: ignore[attr-defined]
            assert picture.text["Description"] == chart.description  # type: ignore[attr-defined]
            assert len(picture.convert("RGB").getcolors(100_000) or []) > 8


def test_unknown_formats_are_refused_and_old_ones_removed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no format"):
        render_reports(make_record(), {}, {}, formats=("html", "rtf"))
    assert "docx" in ALL_FORMATS
    write_reports(make_record(), {}, tmp_path, {}, CHANGES, formats=("html", "docx", "svg"))
    assert (tmp_path / "record.docx").exists()
    assert (tmp_path / "changes.svg").exists()
    (tmp_path / "notes-of-mine.docx").write_bytes(b"")
    write_reports(make_record(), {}, tmp_path, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "legibility.svg",
        "notes-of-mine.docx",
        "record.html",
        "record.md",
        "record.txt",
        "responses-by-principle.svg",
        "themes.svg",
    ]
