"""A transcript file of any kind: told apart by its content, its name second, and read as lines."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pipeline.transcript.markdown import lines_of_markdown
from pipeline.transcript.markup import lines_of_html
from pipeline.transcript.office import lines_of_docx, lines_of_pptx
from pipeline.transcript.parse import lines_of_text, parse_lines
from pipeline.transcript.parts import Line, Transcript, TranscriptError

MAX_BYTES = 256 * 1024 * 1024
MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_LINE = 20_000
"""Bounds in bytes (slides hold photographs, text does not) and characters; beyond, the file is a mistake."""

_OWN_HEADING = "How this record was made"
"""Stands in every record that this program publishes, and in no other."""

_REMEDY = "Save the record as text, Markdown, HTML, DOCX or PPTX and import that file."
_KNOWN_OTHERS = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file (.doc or .ppt)",
    b"{\\rtf": "an RTF file",
    b"\xff\xd8\xff": "a photograph (JPEG)",
    b"\x89PNG": "a picture (PNG)",
}


def read_transcript_file(path: Path) -> Transcript:
    """Reads a published transcript from a file of text, Markdown, HTML, DOCX or PPTX.

    Raises TranscriptError when the file is none of these, is damaged or too large, or lists no responses;
    the message says what to do.
    """
    lines = read_lines(path)
    if any(line.kind == "heading" and line.text.startswith(_OWN_HEADING) for line in lines):
        raise TranscriptError(
            f"{path} is a record that this program made; its headings mean more than a transcript's.",
            safe="Nothing was imported.",
            remedy="Import the same record as plain text, which is read back without loss.",
        )
    transcript = parse_lines(lines)
    if not transcript.sections:
        raise TranscriptError(
            f"{path} holds no heading with responses below it.",
            safe="Nothing was imported.",
            remedy="A heading stands alone on a line, such as “Power (15)”, and each response below it "
            "begins with “- ”.",
        )
    return transcript


def read_lines(path: Path) -> tuple[Line, ...]:
    """The lines of a file of any of the formats. Raises TranscriptError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TranscriptError(
            f"{path} cannot be opened: {error.strerror or error}.",
            safe="Nothing was imported.",
            remedy="Check the file's name and whether you may read it.",
        ) from error
    if len(content) > MAX_BYTES:
        raise _refused(path, f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
    if not content.strip():
        raise _refused(path, "it is empty")
    for start, name in _KNOWN_OTHERS.items():
        if content.startswith(start):
            raise _refused(path, f"it is {name}, which cannot be read here")
    if content.startswith(b"PK\x03\x04"):
        return _office_lines(path, content)
    if len(content) > MAX_TEXT_BYTES:
        raise _refused(
            path, f"it is larger than {MAX_TEXT_BYTES // 1024 // 1024} MB, which is no text of a workshop"
        )
    text = _text(path, content)
    head = text[:2000].lstrip().casefold()
    if head.startswith(("<!doctype html", "<html", "<?xml")) or path.suffix.casefold() in (
        ".html",
        ".htm",
        ".xhtml",
    ):
        return _believable(path, lines_of_html(text))
    plain = _believable(path, lines_of_text(text))
    if path.suffix.casefold() in (".md", ".markdown"):
        return lines_of_markdown(text)
    return plain


def _believable(path: Path, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    for line in lines:
        if len(line.text) > MAX_LINE:
            raise _refused(path, f"its line {line.number} has {len(line.text)} characters")
    return lines


def _office_lines(path: Path, content: bytes) -> tuple[Line, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise _refused(path, f"it is damaged ({error})") from error
    for name, read in (("word/document.xml", lines_of_docx), ("ppt/presentation.xml", lines_of_pptx)):
        if name in names:
            try:
                return _believable(path, read(content))
            except ValueError as error:
                raise _refused(path, str(error)) from error
    raise _refused(path, "it is a zip archive, but neither a DOCX nor a PPTX")


def _text(path: Path, content: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if b"\0" in content:
        raise _refused(path, "it is no text, but holds binary data")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # What Windows editors wrote before UTF-8: every byte has a meaning there, so nothing is lost.
        return content.decode("cp1252", errors="replace")


def _refused(path: Path, why: str) -> TranscriptError:
    return TranscriptError(f"{path} cannot be imported: {why}.", safe="Nothing was imported.", remedy=_REMEDY)
