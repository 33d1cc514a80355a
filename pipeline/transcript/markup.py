"""The lines of an HTML transcript, read with libxml2's HTML parser: broken markup mended, no network.

Not the standard library's parser, which takes hours over a page of unclosed tags. HTML knows no entities
but its own characters, so there is nothing to explode.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree  # type: ignore[import-untyped]

from pipeline.transcript.parse import line_of
from pipeline.transcript.parts import Line

_SKIPPED = frozenset({"script", "style", "template", "svg", "noscript", "head", "nav", "select", "button"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "blockquote", "table", "tr", "td", "th", "figure", "figcaption"}
    | {"header", "footer", "main", "aside", "dl", "dt", "dd", "pre", "hr", "body", "html", "form", "details"}
)
_LISTS = frozenset({"ul", "ol"})
_EMPHASIS = frozenset({"em", "i", "b", "strong", "u"})


def lines_of_html(text: str) -> tuple[Line, ...]:
    """The lines of an HTML page as they would be read: headings and list items told to be such.

    A line break inside an item continues it; another list, or another paragraph, stands apart, so that groups
    of items stay groups. Emphasis becomes `*word*`; a picture gives its alternative text, as a paragraph of
    its own. Numbers are the lines' own, counted from 1 (the source's lines mean nothing to a reader).
    """
    reader = _Reader()
    parser = etree.HTMLParser(target=reader, no_network=True, recover=True)
    try:
        parser.feed(text)
        parser.close()
    except etree.LxmlError:
        # A page without a single element or word; what was read until then stands.
        pass
    reader.flush()
    return tuple(reader.lines)


class _Reader:
    """Collects lines from a parser's events; one use."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.words: list[str] = []
        self.kind = "text"
        self.depth_skipped = 0
        self.is_preformatted = False
        self.has_begun = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begins a block, an item, a heading or emphasis."""
        if self.depth_skipped or tag in _SKIPPED:
            self.depth_skipped += 1
        elif tag == "br":
            self._line()
        elif tag == "img":
            self._picture(attributes.get("alt") or "")
        elif tag in _HEADINGS:
            self.flush()
            self._gap()
            self.kind = "heading"
        elif tag == "li":
            self.flush()
            self.kind, self.has_begun = "bullet", False
        elif tag in _LISTS:
            self.flush()
            self._gap()
        elif tag in _BLOCKS:
            self._begin_block(tag)
        elif tag in _EMPHASIS and self.kind != "heading":
            self.words.append("\0")

    def _begin_block(self, tag: str) -> None:
        # A paragraph that opens a list item is the item itself.
        if self.kind != "bullet" or self.has_begun or any(word.strip() for word in self.words):
            is_inside = self.kind == "bullet"
            self.flush()
            if not is_inside:
                self._gap()
        self.is_preformatted = self.is_preformatted or tag == "pre"

    def end(self, tag: str) -> None:
        """Ends what `start` began."""
        if self.depth_skipped:
            self.depth_skipped -= 1
        elif tag in _HEADINGS or tag in _LISTS:
            self.flush()
            self._gap()
        elif tag == "li":
            self.flush()
        elif tag in _BLOCKS:
            is_inside = self.kind == "bullet"
            self.flush(keeps_item=is_inside)
            if not is_inside:
                self._gap()
            self.is_preformatted = self.is_preformatted and tag != "pre"
        elif tag in _EMPHASIS and self.kind != "heading":
            self.words.append("\0")

    def comment(self, text: str) -> None:
        """Comments are nobody's words."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Nor are processing instructions."""

    def close(self) -> None:
        """The parser asks for this at the end; the lines are taken from `lines`."""

    def data(self, data: str) -> None:
        """Takes words in; white space runs together, but for preformatted text."""
        if self.depth_skipped:
            return
        data = data.replace("\0", "")
        if not self.is_preformatted:
            self.words.append(data)
            return
        first, *rest = data.split("\n")
        self.words.append(first)
        for line in rest:
            if not "".join(self.words).strip():
                self.flush()
                self._gap()
            self._line()
            self.words.append(line)

    def flush(self, *, keeps_item: bool = False) -> None:
        """Makes a line of the words gathered so far and goes back to plain text."""
        self._line()
        if not keeps_item:
            self.kind, self.has_begun = "text", False

    def _picture(self, alternative: str) -> None:
        if alternative.strip() and self.kind == "text":
            self.flush()
            self._gap()
            self.words.append(alternative)
            self.flush()
            self._gap()

    def _line(self) -> None:
        words = _emphasised("".join(self.words))
        self.words = []
        if not words:
            return
        number = len(self.lines) + 1
        if self.kind == "bullet" and not self.has_begun:
            inner = line_of(number, words)
            # A bullet typed inside a list item is the same bullet twice.
            text = inner.text if inner.kind == "bullet" and inner.text else words
            self.lines.append(Line(number, text, "bullet"))
            self.has_begun = True
        elif self.kind == "heading":
            self.lines.append(Line(number, words, "heading"))
        elif self.kind == "bullet":
            self.lines.append(Line(number, words, "text"))
        else:
            self.lines.append(line_of(number, words))

    def _gap(self) -> None:
        if self.lines and self.lines[-1].kind != "blank":
            self.lines.append(Line(len(self.lines) + 1, "", "blank"))


def _emphasised(text: str) -> str:
    """White space run together; stretches between emphasis marks as `*words*`, marks round nothing dropped."""
    words = " ".join(text.split())
    pieces = words.split("\0")
    depth_is_open = False
    result = pieces[0]
    for index, piece in enumerate(pieces[1:], start=1):
        depth_is_open = not depth_is_open
        is_last = index == len(pieces) - 1
        if depth_is_open and not is_last and piece.strip() and "[" not in piece:
            lead = piece[: len(piece) - len(piece.lstrip())]
            tail = piece[len(piece.rstrip()) :]
            result += f"{lead}*{piece.strip()}*{tail}"
        else:
            result += piece
    return " ".join(result.split())
