"""From lines to blocks: responses with their continuation lines, paragraphs, headings, labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import vocabulary
from pipeline.transcript.marks import unescape
from pipeline.transcript.parts import Line

BULLET = re.compile(r"(?:[-–—*‣◦▪](?:\s+|$)|[•·●]\s*)")
_COUNT = re.compile(r"\((?P<count>\d{1,5})(?:\s+(?P<word>listed|responses?|notes?))?\)\s*+:?", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\(.*\)", re.DOTALL)
_TYPES = {code.label.casefold(): code.code for code in vocabulary.RESPONSE_TYPES.values()}
MAX_HEADING = 200
"""Characters; a longer line that ends in "(15)" is a sentence with a number, not a heading."""


@dataclass(slots=True)
class Block:
    """Consecutive lines that belong together; `kind` is item, label or text.

    `has_gap`: a blank line stands before it. `is_heading`: the file itself marks it as a heading.
    """

    kind: str
    lines: list[str]
    number: int
    has_gap: bool
    is_heading: bool = False
    place: str = ""
    last_number: int = 0

    @property
    def raw(self) -> str:
        """The lines as they stand, one below the other."""
        return "\n".join(self.lines)

    @property
    def joined(self) -> str:
        """The lines as one."""
        return " ".join(self.lines)


def label_of(text: str) -> str | None:
    """The response type a line such as "Challenge:" announces, or None."""
    if not text.endswith(":") or text.endswith("\\:"):
        return None
    return _TYPES.get(text[:-1].strip().casefold())


def counted_heading(text: str) -> tuple[str, int, bool] | None:
    """("Power", 15, True) for "Power (15)"; the last is False for "(15 listed)", which states nothing."""
    heading, bracket, rest = text.rpartition("(")
    match = _COUNT.fullmatch(bracket + rest)
    if match is None or not heading.strip() or heading.endswith("\\"):
        return None
    is_stated = (match["word"] or "").casefold() != "listed"
    if is_stated and len(text) > MAX_HEADING:
        return None
    return heading.rstrip(), int(match["count"]), is_stated


def without_aside(text: str) -> str:
    """A heading without what stands in brackets behind it: "POSITIVE - SUM (win-win)" as "POSITIVE - SUM"."""
    base = text[: text.index("(")].rstrip() if text.rstrip().endswith(")") and "(" in text else text
    return base or text


def fold(heading: str) -> str:
    """A heading's letters and digits in lower case, without what stands in brackets behind it."""
    base = without_aside(unescape(heading))
    return "".join(character for character in base.casefold() if character.isalnum())


def is_capitals(text: str) -> bool:
    """Whether a line is set in capitals, as the printed cards on the photographs are."""
    base = without_aside(text)
    return sum(character.isupper() for character in base) >= 2 and base == base.upper()


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """Groups lines into blocks; a line directly below a bullet continues it."""
    blocks: list[Block] = []
    current: Block | None = None
    has_gap = True
    for line in lines:
        if line.kind == "blank":
            has_gap, current = True, None
            continue
        if current is not None and line.kind == "text" and _continues(current, line):
            current.lines.append(line.text)
            current.last_number = line.number
            continue
        kind = "item" if line.kind == "bullet" else "text"
        if line.kind == "text" and label_of(line.text):
            kind = "label"
        current = Block(
            kind, [line.text], line.number, has_gap, line.kind == "heading", line.place, line.number
        )
        blocks.append(current)
        has_gap = False
        if kind == "label" or line.kind == "heading":
            current = None
    return _with_headings_joined(blocks)


def _continues(current: Block, line: Line) -> bool:
    if label_of(line.text):
        return False
    if current.kind == "item":
        return True
    # A card in capitals and the heading below it are two things, unless the second is an aside in brackets.
    if len(current.lines) > 3 or _IN_BRACKETS.fullmatch(line.text):
        return True
    return not (is_capitals(current.joined) and not is_capitals(line.text))


def _with_headings_joined(blocks: list[Block]) -> list[Block]:
    """Puts "POSITIVE - SUM" and "(win-win ...)" or "(4)" below it together, blank lines or not."""
    joined: list[Block] = []
    for block in blocks:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.kind == block.kind == "text"
            and len(before.lines) == 1
            and _is_aside(block.joined)
            and looks_like_heading(before.joined)
            and counted_heading(before.joined) is None
        ):
            before.lines.extend(block.lines)
            before.last_number = block.last_number
        else:
            joined.append(block)
    return joined


def _is_aside(text: str) -> bool:
    """Whether a paragraph is nothing but an aside in brackets, its own count aside."""
    counted = counted_heading(text)
    return _IN_BRACKETS.fullmatch(counted[0] if counted else text) is not None


def looks_like_heading(text: str) -> bool:
    """Whether a line is short and no sentence: a heading by its looks, if responses follow."""
    return len(text) <= 90 and not text.endswith((".", ":", ";", ",", "…", ">"))
