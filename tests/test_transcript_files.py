from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import EditionError
from pipeline.transcript import Transcript, TranscriptError, office, parse_transcript
from pipeline.transcript.files import read_transcript_file
from pipeline.transcript.markdown import lines_of_markdown
from pipeline.transcript.marks import decode
from pipeline.transcript.markup import lines_of_html
from pipeline.transcript.office import lines_of_docx, lines_of_pptx
from pipeline.transcript.parse import parse_lines

TEXT = """Values of the Riverside Forum

We met on a Tuesday.

- Two people spoke about time

How did people respond?

MAKE TIME

Make Time (5)

- Trust needs *time* → always
- Take time
and more of it

- [no text] x 2
- [illeg.] !

Diversity | Strengths

- R&D <early> "on"

What people missed:

Communication

- Good ...

That is all.
"""

MARKDOWN = """# Values of the Riverside Forum

We met on a [Tuesday](https://example.org "when").

* Two people spoke about time

## How did people respond?

![MAKE TIME](make-time.jpg)

### Make Time (5)

- Trust needs *time* → always
- Take time\\
  and more of it

<!-- another kind of note -->

- [no text] x 2
- [illeg.] !

---

**Diversity | Strengths**

- R\\&D \\<early\\> "on"

What people missed:

Communication
-------------

+ Good ...

That is all.
"""

HTML = """<!doctype html><html><head><title>x</title><style>li{}</style><script>var a = "<h1>no</h1>";</script></head>
<body><nav><a href="#x">skip</a></nav><h1>Values of the Riverside Forum</h1><p>We met on a&#32;Tuesday.
<ul><li>Two people spoke about time</li></ul>
<h2>How did people respond?</h2><figure><img src="x.jpg" alt="MAKE TIME"></figure>
<h3>Make Time&nbsp;(5)</h3><ul><li><p>Trust needs <em>time</em> &rarr; always</p><li>Take time<br>and more of it</ul>
<ul><li>[no text] x 2</li><li>[illeg.] !</ul>
<h3>Diversity | Strengths</h3><ul><li>R&amp;D &lt;early&gt; "on"</li></ul>
<p>What people missed:</p><h3>Communication</h3><ul><li>Good ...</li></ul><p>That is all.</p></body></html>
"""


def essence(transcript: Transcript) -> dict[str, Any]:
    return {
        "title": transcript.title,
        "introduction": transcript.introduction,
        "sections": [
            (
                section.heading,
                section.stated,
                section.captions,
                section.description,
                [[(*decode(item.raw), item.response_type) for item in group] for group in section.groups],
            )
            for section in transcript.sections
        ],
        "remarks": transcript.remarks,
    }


EXPECTED = essence(parse_transcript(TEXT))


def docx_file(path: Path) -> Path:
    docx = pytest.importorskip("docx", reason="python-docx makes the file to read")
    document = docx.Document()
    document.add_heading("Values of the Riverside Forum", 0)
    document.add_paragraph("We met on a Tuesday.")
    document.add_paragraph("Two people spoke about time", style="List Bullet")
    document.add_heading("How did people respond?", 1)
    document.add_paragraph("MAKE TIME")
    document.add_heading("Make Time (5)", 2)
    paragraph = document.add_paragraph("Trust needs ", style="List Bullet")
    paragraph.add_run("time").italic = True
    paragraph.add_run(" → always")
    paragraph = document.add_paragraph("Take time", style="List Bullet")
    paragraph.add_run().add_break()
    paragraph.add_run("and more of it")
    document.add_paragraph("")
    document.add_paragraph("[no text] x 2", style="List Bullet")
    document.add_paragraph("- [illeg.] !")
    document.add_heading("Diversity | Strengths", 2)
    document.add_paragraph('R&D <early> "on"', style="List Bullet")
    document.add_paragraph("What people missed:")
    document.add_heading("Communication", 2)
    document.add_paragraph("Good ...", style="List Bullet")
    document.add_paragraph("That is all.")
    document.save(str(path))
    return path


def pptx_file(path: Path) -> Path:
    pptx = pytest.importorskip("pptx", reason="python-pptx makes the file to read")
    show = pptx.Presentation()

    def slide(title: str, *bodies: str, layout: int = 1) -> None:
        page = show.slides.add_slide(show.slide_layouts[layout])
        page.shapes.title.text = title
        for place, body in enumerate(bodies):
            if place == 0 and layout == 1:
                page.placeholders[1].text = body
            else:
                page.shapes.add_textbox(0, 0, 100, 100).text_frame.text = body

    slide("Values of the Riverside Forum", "We met on a Tuesday.", "- Two people spoke about time", layout=5)
    slide("How did people respond?", layout=5)
    slide("MAKE TIME", layout=5)
    slide(
        "Make Time (5)",
        "Trust needs *time* → always\nTake time\vand more of it",
        "- [no text] x 2\n- [illeg.] !",
    )
    slide("Diversity | Strengths", 'R&D <early> "on"', "What people missed:")
    slide("Communication", "Good ...", "That is all.")
    show.save(str(path))
    return path


def test_the_same_record_in_markdown_and_html() -> None:
    assert essence(parse_lines(lines_of_markdown(MARKDOWN))) == EXPECTED
    assert essence(parse_lines(lines_of_html(HTML))) == EXPECTED


def test_the_same_record_in_docx(tmp_path: Path) -> None:
    assert essence(read_transcript_file(docx_file(tmp_path / "record.docx"))) == EXPECTED


def test_the_same_record_in_pptx(tmp_path: Path) -> None:
    transcript = read_transcript_file(pptx_file(tmp_path / "record.pptx"))
    assert essence(transcript) == EXPECTED
    assert transcript.unknown[-1].place == "slide 6"
    assert "(slide 6)" in str(transcript.unknown[-1])


# --- what is not a transcript, or is meant to do harm ----------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "it is empty"),
        ("a.txt", b" \n ", "it is empty"),
        ("a.pdf", b"%PDF-1.7 ...", "it is a PDF"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office file"),
        ("a.txt", b"\xff\xd8\xff\xe0", "a photograph"),
        ("a.txt", b"abc\0def", "binary data"),
        ("a.docx", b"PK\x03\x04 and no more", "it is damaged"),
        ("a.txt", b"Just a line of prose.\n", "no heading with responses"),
        ("a.html", b"<html><body><p>Just prose.</p></body></html>", "no heading with responses"),
    ],
)
def test_other_files_are_refused_with_a_remedy(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=says) as caught:
        read_transcript_file(path)
    assert isinstance(caught.value, EditionError)
    assert caught.value.remedy
    assert caught.value.safe == "Nothing was imported."


def test_our_own_pages_are_not_taken_for_transcripts(tmp_path: Path) -> None:
    from factories import make_record

    from pipeline.publish import render_html, render_markdown

    for name, content in (
        ("record.md", render_markdown(make_record())),
        ("record.html", render_html(make_record(), {})),
    ):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        with pytest.raises(TranscriptError, match="a record that this program made") as caught:
            read_transcript_file(path)
        assert "plain text" in caught.value.remedy


def test_absent_and_huge_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TranscriptError, match="cannot be opened"):
        read_transcript_file(tmp_path / "absent.txt")
    path = tmp_path / "huge.txt"
    path.write_text(TEXT)
    monkeypatch.setattr("pipeline.transcript.files.MAX_BYTES", 100)
    with pytest.raises(TranscriptError, match="larger than"):
        read_transcript_file(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "record.txt"
    path.write_bytes(TEXT.replace("→", "–").replace("\n", "\r\n").encode(encoding))
    assert read_transcript_file(path).sections[0].items[0].raw == "Trust needs *time* – always"


def package(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    + f"<w:document {W}><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>".encode()
)
OUTSIDE = BOMB.replace(b'<!ENTITY a "aaaaaaaaaa">', b'<!ENTITY a SYSTEM "file:///etc/passwd">')


@pytest.mark.parametrize("document", [BOMB, OUTSIDE])
def test_entities_are_refused(tmp_path: Path, document: bytes) -> None:
    path = tmp_path / "bomb.docx"
    path.write_bytes(package({"word/document.xml": document}))
    with pytest.raises(TranscriptError, match="declares entities"):
        read_transcript_file(path)
    path.write_bytes(package({"ppt/presentation.xml": document}))
    with pytest.raises(TranscriptError, match="declares entities"):
        read_transcript_file(path)


def test_a_zip_bomb_is_refused_without_being_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "MAX_PART", 1_000_000)
    path = tmp_path / "bomb.docx"
    path.write_bytes(package({"word/document.xml": b" " * 5_000_000}))
    assert path.stat().st_size < 20_000
    with pytest.raises(TranscriptError, match="more than is believable"):
        read_transcript_file(path)
    many = {
        "ppt/presentation.xml": PRESENTATION.encode(),
        "ppt/_rels/presentation.xml.rels": RELATIONS.encode(),
    }
    slide = f"<s>{' ' * 900_000}</s>".encode()
    many |= {f"ppt/slides/slide{n}.xml": slide for n in range(3)}
    path.write_bytes(package(many))
    monkeypatch.setattr(office, "MAX_TOTAL", 2_000_000)
    with pytest.raises(TranscriptError, match="more than is believable"):
        read_transcript_file(path)


R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PRESENTATION = (
    f'<p xmlns="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="{R}">'
    + "".join(f'<sldId r:id="r{n}"/>' for n in range(3))
    + "</p>"
)
RELATIONS = (
    '<x xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    + "".join(f'<Relationship Id="r{n}" Target="slides/slide{n}.xml"/>' for n in range(3))
    + "</x>"
)


def test_slides_outside_their_folder_are_not_opened() -> None:
    relations = RELATIONS.replace("slides/slide0.xml", "../../word/document.xml")
    content = package(
        {
            "ppt/presentation.xml": PRESENTATION.encode(),
            "ppt/_rels/presentation.xml.rels": relations.encode(),
            "word/document.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>",
        }
    )
    assert lines_of_pptx(content) == ()


@pytest.mark.parametrize(
    "broken", [b"<w:document>", b"\x00\x01", b'<?xml version="1.0" encoding="nonsense"?><a/>']
)
def test_broken_parts_are_refused(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(package({"word/document.xml": broken}))
    with pytest.raises(TranscriptError, match="is damaged"):
        read_transcript_file(path)


def test_a_zip_that_is_no_document(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(package({"hello.txt": b"hello"}))
    with pytest.raises(TranscriptError, match="neither a DOCX nor a PPTX"):
        read_transcript_file(path)


def test_scripts_are_never_text() -> None:
    lines = lines_of_html("<h1>T</h1><script>evil()</script><p>a<style>x</style>b</p><script>unclosed")
    assert [line.text for line in lines if line.text] == ["T", "ab"]


PIECES = [
    "<ul>",
    "<li>",
    "</ul>",
    "<p>",
    "<h2>",
    "</h2>",
    "Power (2)",
    "<br>",
    "<em>",
    "</em>",
    "[no text] x 2",
    "&amp;",
]


@given(
    st.lists(st.sampled_from([*PIECES, "<svg>", "</svg>", "<pre>", "\n", "- a", "<", "&#0;"]), max_size=25)
)
def test_any_markup_is_read_without_a_crash(pieces: list[str]) -> None:
    lines = lines_of_html("".join(pieces))
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    parse_lines(lines)


@settings(max_examples=50)
@given(st.lists(st.sampled_from([*MARKDOWN.split("\n"), "===", "> - a", "**x**", "![", "[]("]), max_size=20))
def test_any_markdown_is_read_without_a_crash(rows: list[str]) -> None:
    lines = lines_of_markdown("\n".join(rows))
    assert [line.number for line in lines] == list(range(1, len(rows) + 1) if rows else [1])
    parse_lines(lines)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutated_office_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = WHOLE[data.draw(st.sampled_from(sorted(WHOLE)))]
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutated.bin"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    try:
        read_transcript_file(path)
    except TranscriptError as error:
        assert error.remedy


DOCUMENT = f"""<w:document {W}><w:body><w:p><w:r><w:t>T</w:t></w:r></w:p>
<w:p><w:r><w:t>Power (1)</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>a</w:t></w:r></w:p></w:body></w:document>"""
WHOLE = {
    "docx": package({"word/document.xml": DOCUMENT.encode(), "word/styles.xml": f"<w:styles {W}/>".encode()}),
    "pptx": package(
        {
            "ppt/presentation.xml": PRESENTATION.encode(),
            "ppt/_rels/presentation.xml.rels": RELATIONS.encode(),
            "ppt/slides/slide0.xml": b"<s/>",
        }
    ),
    "html": HTML.encode(),
    "text": TEXT.encode(),
}


def test_the_whole_document_of_the_fuzz_is_read(tmp_path: Path) -> None:
    lines = lines_of_docx(WHOLE["docx"])
    assert [(line.kind, line.text) for line in lines if line.text] == [
        ("text", "T"),
        ("text", "Power (1)"),
        ("bullet", "a"),
    ]
