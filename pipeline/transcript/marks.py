r"""The wording of one response: from what people write in transcripts to our marks, and back.

People write lost words as `...`, `[...]`, `[ ]`, `[illeg.]`; we print `[illegible]`. What a text export
of ours must not let be mistaken for such a mark is escaped as in Markdown: a backslash before
punctuation, and `\u{20}` for a character that a line of text cannot hold otherwise.
"""

from __future__ import annotations

import re

LOST = "[illegible]"
NO_TEXT = "[no text]"
MAX_REPEAT = 1000
"""A repeat count above this ("[no text] x 99999999") is a slip or an attack, not a board."""

_TOKEN = re.compile(
    r"""
      \\u\{(?P<code>[0-9a-fA-F]{1,6})\}
    | \\(?P<escaped>[!-/:-@\[-`{-~ …])
    | (?P<bracket>\[\s*+(?:illegible|illeg\.?|unreadable|\.{2,}+|…++)?\s*+\])
    | (?P<unsure>\[\?\])
    | (?P<name>\[name\ removed\])
    | (?P<dots>\.{3,}|…+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WHOLE_LOST = re.compile(r"\[?\s*+illeg(?:ible|\.)?\s*+\]?[\s.!?]*+", re.IGNORECASE)
_WHOLE_BLANK = re.compile(r"\[\s*no\s+text\s*\]\.?", re.IGNORECASE)
_SUFFIX = re.compile(r" ?(?<!\\)\[(?P<status>partly legible|legible)\]\Z")
_REPEAT = re.compile(
    r"(?P<mark>\[\s*+(?:no\s++text|illegible|illeg\.?)\s*+\])\s*+\(?\s*+[x×✕]\s*+(?P<count>\d{1,9})\s*+\)?",
    re.IGNORECASE,
)
_BRACKET_MARK = re.compile(
    r"(?<!\\)\[\s*+(?:illegible|illeg\.?|unreadable|no\s++text|\.{2,}+|…++|\?)?\s*+\]", re.IGNORECASE
)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Unicode's Cc, Zl, Zp and Cs: the categories of what no line of text can hold."""


def repeat_of(raw: str) -> tuple[str, int] | None:
    """("[no text]", 4) for "[no text] x 4"; None for anything that is not a repeated mark."""
    match = _REPEAT.fullmatch(raw.strip())
    return (match["mark"], int(match["count"])) if match else None


def has_bracket_mark(raw: str) -> bool:
    """Whether the text holds a transcriber's mark in brackets, which plain prose does not."""
    return _BRACKET_MARK.search(raw) is not None


def is_whole_mark(raw: str) -> bool:
    """Whether the text is nothing but a mark: a response without words, or one nobody could read."""
    return _WHOLE_BLANK.fullmatch(raw.strip()) is not None or (
        raw.strip().startswith("[") and _WHOLE_LOST.fullmatch(raw.strip()) is not None
    )


def unescape(text: str) -> str:
    """Takes the escapes away and leaves marks as they are."""

    def plain(match: re.Match[str]) -> str:
        if match["code"]:
            return _character(match["code"])
        return match["escaped"] or match[0]

    return _TOKEN.sub(plain, text)


def _character(code: str) -> str:
    number = int(code, 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    return chr(number)


def decode(raw: str) -> tuple[str, str]:
    """A response's wording as (text with our marks, text status)."""
    raw = raw.strip()
    if _WHOLE_BLANK.fullmatch(raw):
        return "", "no_text"
    if _WHOLE_LOST.fullmatch(raw):
        return "", "illegible"
    suffix = _SUFFIX.search(raw)
    if suffix:
        raw = raw[: suffix.start()]
    pieces: list[str] = []
    has_words = False
    is_lost = is_unsure = False
    end = 0
    last = ""
    for match in _TOKEN.finditer(raw):
        plain = raw[end : match.start()]
        has_words = has_words or _has_word(plain)
        pieces.append(plain)
        last = plain[-1:] or last
        end = match.end()
        if match["code"] or match["escaped"]:
            character = _character(match["code"]) if match["code"] else match["escaped"]
            has_words = has_words or _has_word(character)
            pieces.append(character)
        elif match["name"]:
            is_unsure = has_words = True
            pieces.append("[name removed]")
        elif match["unsure"] and last.strip():
            is_unsure = True
            pieces.append("[?]")
        else:
            is_lost = True
            pieces.append(_lost(match, last, raw[end : end + 1]))
        last = pieces[-1][-1:]
    has_words = has_words or _has_word(raw[end:])
    pieces.append(raw[end:])
    text = "".join(pieces)
    if suffix and text.strip():
        return text, "partial" if suffix["status"] == "partly legible" else "legible"
    if not text.strip() or (is_lost and not has_words):
        return "", "illegible"
    return text, "partial" if is_lost or is_unsure else "legible"


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _lost(match: re.Match[str], last: str, after: str) -> str:
    """The mark for lost words; bare dots that touch a word ("means...") are set apart from it."""
    if not match["dots"]:
        return LOST
    left = " " if last.isalnum() else ""
    right = " " if after.isalnum() else ""
    return f"{left}{LOST}{right}"


def is_plain_line(line: str) -> bool:
    """Whether a line of text can stand in a file as it is: not blank, no odd space, no control character."""
    return line != "" and line == line.strip() and _CONTROL.search(line) is None


def soften(text: str) -> str:
    """Escapes what would be read as lost words: the backslash itself and runs of dots."""
    text = text.replace("\\", "\\\\").replace("…", "\\…")
    return re.sub(r"\.{3,}", lambda run: "\\." * len(run[0]), text)


def harden(text: str) -> str:
    """Escapes everything that could mean anything: one line, certain to be read back as it is."""
    pieces: list[str] = []
    last = len(text) - 1
    for index, character in enumerate(text):
        inner_space = character == " " and 0 < index < last
        if inner_space or (character.isalnum() and index):
            pieces.append(character)
        elif character.isascii() and character.isprintable() and not character.isalnum() and character != " ":
            pieces.append(f"\\{character}")
        else:
            pieces.append(f"\\u{{{ord(character):x}}}")
    return "".join(pieces)


def encode(text: str, status: str) -> str:
    """The wording from which `decode` gives back exactly this text and status; as plain as it can be."""
    if status == "no_text":
        return NO_TEXT
    if status == "illegible":
        return LOST
    soft = soften(text)
    if all(is_plain_line(line) for line in soft.split("\n")) and _is_read_as(soft, text, status):
        return soft
    hard = harden(text)
    if _is_read_as(hard, text, status):
        return hard
    return hard + (" [partly legible]" if status == "partial" else " [legible]")


def _is_read_as(raw: str, text: str, status: str) -> bool:
    return repeat_of(raw) is None and decode(raw) == (text, status)
