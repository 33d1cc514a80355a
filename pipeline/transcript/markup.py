"""The lines of an HTML transcript, read with the standard library's parser: no entities, no network."""

from __future__ import annotations

from html.parser import HTMLParser

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
    reader.feed(text)
    reader.close()
    reader.flush()
    return tuple(reader.lines)


class _Reader(HTMLParser):
    """Collects lines; one use. Never raises on broken markup: unclosed elements close by themselves."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self.words: list[str] = []
        self.kind = "text"
        self.skipped: list[str] = []
        self.is_preformatted = False
        self.has_begun = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a block, an item, a heading or emphasis."""
        if self.skipped or tag in _SKIPPED:
            # Only what can hold the skipped element's own name can end it: others inside do not count.
            if tag in _SKIPPED and (not self.skipped or tag == self.skipped[0]):
                self.skipped.append(tag)
            return
        if tag == "br":
            self._break()
        elif tag == "img":
            self._picture(dict(attrs).get("alt") or "")
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
            # A paragraph that opens a list item is the item itself.
            if self.kind != "bullet" or self.has_begun or "".join(self.words).strip():
                is_inside = self.kind == "bullet"
                self.flush()
                if not is_inside:
                    self._gap()
            self.is_preformatted = self.is_preformatted or tag == "pre"
        elif tag in _EMPHASIS and self.kind != "heading":
            self.words.append("\0")

    def handle_endtag(self, tag: str) -> None:
        """Ends what `handle_starttag` began."""
        if self.skipped:
            if tag == self.skipped[0]:
                self.skipped.pop()
            elif tag == "body":
                self.skipped.clear()
            return
        if tag in _HEADINGS or tag in _LISTS:
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

    def handle_data(self, data: str) -> None:
        """Takes words in; white space runs together, but for preformatted text."""
        if self.skipped:
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
            self._break()
            self.words.append(line)

    def flush(self, *, keeps_item: bool = False) -> None:
        """Makes a line of the words gathered so far and goes back to plain text."""
        self._line()
        if not keeps_item:
            self.kind, self.has_begun = "text", False

    def _break(self) -> None:
        """A line break: the next line continues this one."""
        self._line()

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
