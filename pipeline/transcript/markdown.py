"""The lines of a Markdown transcript: headings marked as such, the rest as in plain text."""

from __future__ import annotations

import re

from pipeline.transcript.parse import line_of, lines_of_text
from pipeline.transcript.parts import Line

_HEADING = re.compile(r"#{1,6}(?:\s|$)")
_BOLD_LINE = re.compile(r"(?:\*\*|__)(?P<text>[^*_].*?)(?:\*\*|__)")
_RULE = re.compile(r"(?:-{3,}|\*{3,}|_{3,}|(?:[-*_]\s){2,}[-*_])")
_UNDERLINE = re.compile(r"=+|-{2,}")
_QUOTE = re.compile(r"(?:>\s?)+")
_PICTURE = re.compile(r"!\[(?P<text>[^\[\]]*)\]\([^()]*\)")
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]]+)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_BREAK = re.compile(r"(?:<br ?/?>|\\)\Z", re.IGNORECASE)
_STRONG = re.compile(r"\*\*(?=\S)(?P<text>[^*]+?)(?<=\S)\*\*")


def lines_of_markdown(text: str) -> tuple[Line, ...]:
    """The lines of a Markdown file, numbered as in it.

    Headings (`#` or underlined, or a line in bold alone) are told to be such; links give their words,
    pictures their alternative text; rules and comments are left out. What stands in the text otherwise,
    lost words, escapes, emphasis, is kept as it is, since plain transcripts write these alike.
    """
    lines: list[Line] = []
    sources = [line.text if line.kind != "bullet" else f"- {line.text}" for line in lines_of_text(text)]
    for number, source in enumerate(sources, start=1):
        previous = lines[-1] if lines else None
        if _UNDERLINE.fullmatch(source) and previous and previous.kind == "text" and _is_alone(lines):
            lines[-1] = Line(previous.number, previous.text, "heading")
            lines.append(Line(number, "", "blank"))
        elif _RULE.fullmatch(source):
            lines.append(Line(number, "", "blank"))
        else:
            lines.append(_line(number, source))
    return tuple(lines)


def _is_alone(lines: list[Line]) -> bool:
    """Whether the last line is a paragraph of one line, as a heading with a rule below it is."""
    return len(lines) < 2 or lines[-2].kind in ("blank", "heading")


def _line(number: int, source: str) -> Line:
    source = _without_comments(source)
    source = source[match.end() :] if (match := _QUOTE.match(source)) else source
    heading = _HEADING.match(source)
    if heading:
        text = source[heading.end() :].strip()
        bare = text.rstrip("#")
        text = _words(bare if bare.endswith(" ") or not bare else text)
        return Line(number, text, "heading" if text else "blank")
    bold = _BOLD_LINE.fullmatch(source)
    if bold and "**" not in bold["text"]:
        return Line(number, _words(bold["text"]), "heading")
    line = line_of(number, f"-{source[1:]}" if source.startswith("+ ") else source)
    if line.kind == "blank":
        return line
    words = _words(line.text)
    return Line(number, words, line.kind if words or line.kind == "bullet" else "blank")


def _without_comments(source: str) -> str:
    while (begin := source.find("<!--")) >= 0 and (end := source.find("-->", begin)) >= 0:
        source = source[:begin] + source[end + 3 :]
    return source.strip()


def _words(text: str) -> str:
    text = _PICTURE.sub(lambda match: match["text"], text)
    text = _LINK.sub(lambda match: match["text"], text)
    text = _STRONG.sub(lambda match: f"*{match['text']}*", text)
    return _BREAK.sub("", text.strip()).strip()
