"""The lines of a DOCX or PPTX transcript, read from its XML within bounds.

Both are zip archives of XML, which strangers can fill with bombs: what a part unpacks to is bounded, and an
XML part that declares a document type or entities is refused, as no office program writes one.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from pipeline.transcript.parse import line_of
from pipeline.transcript.parts import Line

MAX_PART = 32 * 1024 * 1024
MAX_TOTAL = 96 * 1024 * 1024
MAX_SLIDES = 2000
"""Bytes that one part, and all parts read, may unpack to; and slides that are read."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}"


class _Package:
    """The parts of an office file, each read within bounds."""

    def __init__(self, content: bytes) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        self.left = MAX_TOTAL

    def part(self, name: str) -> Element | None:
        """A part's root element, or None where there is no such part. Raises ValueError when it is unsafe."""
        try:
            info = self.archive.getinfo(name)
        except KeyError:
            return None
        limit = min(MAX_PART, self.left)
        try:
            # What the archive states is not believed: no more than the limit is ever unpacked.
            with self.archive.open(info) as file:
                data = file.read(limit + 1)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
            raise ValueError(f"its part {name} is damaged ({error})") from error
        if len(data) > limit:
            raise ValueError(f"its part {name} unpacks to more than is believable for a transcript")
        self.left -= len(data)
        try:
            root: Element = fromstring(data, forbid_dtd=True)
        except DefusedXmlException as error:
            raise ValueError(f"its part {name} declares entities, which no office program does") from error
        except (ParseError, ValueError, LookupError) as error:
            raise ValueError(f"its part {name} is damaged ({error})") from error
        return root


def lines_of_docx(content: bytes) -> tuple[Line, ...]:
    """The paragraphs of a Word document: headings by their style, list items by style or numbering.

    Items that follow each other directly are one group; an empty paragraph, or any other, ends it. A line break
    inside a paragraph continues it. Raises ValueError for a file that is damaged or unsafe.
    """
    package = _Package(content)
    root = package.part("word/document.xml")
    if root is None:
        raise ValueError("it holds no text (word/document.xml)")
    styles = _style_names(package.part("word/styles.xml"))
    lines: list[Line] = []
    was_item = False
    for paragraph in root.iter(f"{_W}p"):
        text = _docx_text(paragraph)
        kind = _docx_kind(paragraph, styles)
        rows = [row.strip() for row in text.split("\n") if row.strip()]
        # Some type their bullets: "- Good" without any list.
        is_item = bool(rows) and (
            kind == "bullet" or (kind == "text" and line_of(1, rows[0]).kind == "bullet")
        )
        if not (is_item and was_item) and lines and lines[-1].kind != "blank":
            lines.append(Line(len(lines) + 1, "", "blank"))
        if rows:
            _append(lines, rows, kind)
        was_item = is_item
    return tuple(lines)


def lines_of_pptx(content: bytes) -> tuple[Line, ...]:
    """The slides' paragraphs in the order of the show: titles are headings, other text by its bullets.

    Another text box or slide starts another group. Raises ValueError for a file that is damaged or unsafe.
    """
    package = _Package(content)
    lines: list[Line] = []
    for number, name in enumerate(_slides(package), start=1):
        root = package.part(name)
        if root is None:
            continue
        place = f"slide {number}"
        for shape in root.iter(f"{_P}sp"):
            _gap(lines, place)
            _take_shape(lines, shape, place)
        for frame in root.iter(f"{_A}tc"):
            _gap(lines, place)
            _take_paragraphs(lines, frame, "text", place)
        _gap(lines, place)
    return tuple(lines)


def _append(lines: list[Line], rows: list[str], kind: str, place: str = "") -> None:
    """One paragraph's rows: the first as what it is, the others continuing it."""
    number = len(lines) + 1
    first = line_of(number, rows[0], place)
    if first.kind == "bullet" and (first.text or kind != "bullet"):
        lines.append(first)
    else:
        lines.append(Line(number, rows[0], kind, place))
    continuing = "heading" if kind == "heading" else "text"
    for row in rows[1:]:
        lines.append(Line(len(lines) + 1, row, continuing, place))


def _gap(lines: list[Line], place: str) -> None:
    if lines and lines[-1].kind != "blank":
        lines.append(Line(len(lines) + 1, "", "blank", place))


def _style_names(styles: Element | None) -> dict[str, str]:
    """Style ids with the names people see, such as "heading 1" or "List Bullet"."""
    names: dict[str, str] = {}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        name = style.find(f"{_W}name")
        if name is not None:
            names[style.get(f"{_W}styleId", "")] = name.get(f"{_W}val", "").casefold()
    return names


def _docx_kind(paragraph: Element, styles: dict[str, str]) -> str:
    properties = paragraph.find(f"{_W}pPr")
    if properties is None:
        return "text"
    style = properties.find(f"{_W}pStyle")
    style_id = style.get(f"{_W}val", "") if style is not None else ""
    name = styles.get(style_id, style_id.casefold())
    if name.startswith(("heading", "title")):
        return "heading"
    numbering = properties.find(f"{_W}numPr")
    number_id = numbering.find(f"{_W}numId") if numbering is not None else None
    is_numbered = numbering is not None and (number_id is None or number_id.get(f"{_W}val") != "0")
    return (
        "bullet" if is_numbered or name.startswith(("list bullet", "listbullet", "list number")) else "text"
    )


def _docx_text(paragraph: Element) -> str:
    pieces: list[str] = []
    for element in _own(paragraph, f"{_W}p"):
        if element.tag == f"{_W}r":
            pieces.append(_run(element))
    return "".join(pieces)


def _own(paragraph: Element, tag: str) -> Iterator[Element]:
    """The elements below a paragraph, but for those of a paragraph inside it (a text box)."""
    for child in paragraph:
        if child.tag in (tag, f"{_W}del"):
            continue
        yield child
        if child.tag != f"{_W}r":
            yield from _own(child, tag)


def _run(run: Element) -> str:
    text = ""
    for child in run:
        if child.tag == f"{_W}t":
            text += child.text or ""
        elif child.tag in (f"{_W}br", f"{_W}cr"):
            text += "\n"
        elif child.tag == f"{_W}tab":
            text += " "
        elif child.tag == f"{_W}noBreakHyphen":
            text += "-"
    properties = run.find(f"{_W}rPr")
    mark = properties.find(f"{_W}i") if properties is not None else None
    is_emphasis = mark is not None and mark.get(f"{_W}val", "1") not in ("0", "false", "off")
    return _emphasis(text) if is_emphasis else text


def _emphasis(text: str) -> str:
    """A run in italics as `*words*`; marks and blanks are left alone."""
    words = text.strip()
    if not words or "\n" in words or "[" in words:
        return text
    lead = text[: len(text) - len(text.lstrip())]
    return f"{lead}*{words}*{text[len(text.rstrip()) :]}"


def _slides(package: _Package) -> list[str]:
    """The names of the slides' parts in the order in which they are shown."""
    root = package.part("ppt/presentation.xml")
    relations = package.part("ppt/_rels/presentation.xml.rels")
    if root is None or relations is None:
        raise ValueError("it holds no slides (ppt/presentation.xml)")
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in relations.iter(f"{_REL}Relationship")
    }
    names: list[str] = []
    for slide in root.iter(f"{_P}sldId"):
        target = targets.get(slide.get(f"{_R}id", ""), "")
        name = posixpath.normpath(posixpath.join("ppt", target)) if not target.startswith("/") else target[1:]
        if re.fullmatch(r"ppt/slides/[^/]+\.xml", name) and name not in names:
            names.append(name)
    return names[:MAX_SLIDES]


def _take_shape(lines: list[Line], shape: Element, place: str) -> None:
    placeholder = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    role = placeholder.get("type", "body") if placeholder is not None else ""
    if role in ("dt", "ftr", "sldNum"):
        return
    kind = "heading" if role in ("title", "ctrTitle") else "bullet" if role == "body" else "text"
    body = shape.find(f"{_P}txBody")
    if body is not None:
        _take_paragraphs(lines, body, kind, place)


def _take_paragraphs(lines: list[Line], body: Element, kind: str, place: str) -> None:
    """The paragraphs of one text box; those of a body placeholder are items unless they say otherwise."""
    for paragraph in body.iter(f"{_A}p"):
        rows = [row.strip() for row in _pptx_text(paragraph).split("\n") if row.strip()]
        if not rows:
            _gap(lines, place)
            continue
        properties = paragraph.find(f"{_A}pPr")
        own = kind
        if properties is not None and kind != "heading":
            if properties.find(f"{_A}buNone") is not None:
                own = "text"
            elif any(
                properties.find(f"{_A}{name}") is not None for name in ("buChar", "buAutoNum", "buBlip")
            ):
                own = "bullet"
        if own == "text" and line_of(1, rows[0]).kind != "bullet":
            _gap(lines, place)
        _append(lines, rows, own, place)


def _pptx_text(paragraph: Element) -> str:
    pieces: list[str] = []
    for child in paragraph:
        if child.tag == f"{_A}br":
            pieces.append("\n")
        elif child.tag in (f"{_A}r", f"{_A}fld"):
            text = child.findtext(f"{_A}t") or ""
            properties = child.find(f"{_A}rPr")
            is_emphasis = properties is not None and properties.get("i") in ("1", "true")
            pieces.append(_emphasis(text) if is_emphasis else text)
    return "".join(pieces)
