"""From blocks to a transcript: what is a heading, what belongs to which, and what nobody can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.transcript.blocks import (
    BULLET,
    Block,
    blocks_of,
    counted_heading,
    fold,
    is_capitals,
    label_of,
    looks_like_heading,
)
from pipeline.transcript.marks import MAX_REPEAT, has_bracket_mark, is_whole_mark, repeat_of, unescape
from pipeline.transcript.parts import Item, Line, Section, Transcript, Unknown

MARKER = "How did people respond?"
"""The line behind which the seed record's responses begin; our text export writes it too."""

_MARKERS = frozenset({"howdidpeoplerespond", "responses", "theresponses"})


def lines_of_text(text: str) -> tuple[Line, ...]:
    """A text file's lines; any line ending, a byte order mark or none."""
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n").replace("\r", "\n")
    return tuple(line_of(number, raw) for number, raw in enumerate(text.split("\n"), start=1))


def line_of(number: int, raw: str, place: str = "") -> Line:
    """One line of plain text as blank, bullet or text."""
    text = raw.strip()
    if not text:
        return Line(number, "", "blank", place)
    bullet = BULLET.match(text)
    if bullet:
        return Line(number, text[bullet.end() :], "bullet", place)
    return Line(number, text, "text", place)


def parse_transcript(text: str) -> Transcript:
    """Reads a transcript in the plain form of the seed record. Never raises: what is odd is listed."""
    return parse_lines(lines_of_text(text))


def parse_lines(lines: Sequence[Line]) -> Transcript:
    """Reads a transcript from lines of any format. Never raises: what is odd is listed in `unknown`.

    A heading's number in brackets is the stated count; a blank line between bullets starts another group; a
    line directly below a bullet continues it; a heading repeated in capitals is a caption.
    """
    blocks = blocks_of(lines)
    title = ""
    body = 0
    if blocks and blocks[0].kind == "text" and not _opens_section(blocks, 0):
        title, body = unescape(blocks[0].joined), 1
    start, has_marker = _first_section(blocks, body)
    unknown: list[Unknown] = []
    after = blocks[body - 1].last_number if body else 0
    before = blocks[start].number if start < len(blocks) else None
    introduction = _introduction(lines, after, before)
    bullets = [block for block in blocks[body:start] if block.kind == "item"]
    if bullets and not has_marker:
        reason = f"{len(bullets)} bullets before the first heading with responses were taken as introduction"
        unknown.append(_doubt(bullets[0], reason))
    reader = _Reader(blocks, start)
    sections = reader.read()
    return Transcript(title, introduction, sections, tuple(unknown + reader.unknown))


def _opens_section(blocks: Sequence[Block], index: int) -> bool:
    """Whether responses follow directly below a paragraph that could be a heading."""
    block = blocks[index]
    if any(_is_marker(later) for later in blocks[index + 1 :]):
        return False
    if not is_heading_alone(block) and not counted_heading(block.joined):
        return False
    following = blocks[index + 1] if index + 1 < len(blocks) else None
    return following is not None and (following.kind != "text" or is_whole_mark(following.joined))


def is_heading_alone(block: Block) -> bool:
    """Whether a paragraph could be a heading by its looks."""
    return block.kind == "text" and (
        block.is_heading
        or (len(block.lines) <= 2 and looks_like_heading(block.joined) and not has_bracket_mark(block.joined))
    )


def _is_counted(block: Block) -> bool:
    return block.kind == "text" and len(block.lines) <= 3 and counted_heading(block.joined) is not None


def _is_marker(block: Block) -> bool:
    return block.kind == "text" and len(block.lines) == 1 and _is_marker_line(block.lines[0])


def _is_marker_line(line: str) -> bool:
    # An escaped character takes the meaning away: that is how an introduction may quote the marker.
    return "\\" not in line and re.sub(r"[^a-z]", "", line.casefold()) in _MARKERS


def _followed_by_items(blocks: Sequence[Block]) -> list[bool]:
    """For each block, whether responses come below it, past the captions of its photographs."""
    result = [False] * len(blocks)
    for index in range(len(blocks) - 2, -1, -1):
        below = blocks[index + 1]
        if below.kind != "text" or is_whole_mark(below.joined):
            result[index] = True
        elif is_capitals(below.joined) and not _is_counted(below):
            result[index] = result[index + 1]
    return result


def _first_section(blocks: Sequence[Block], body: int) -> tuple[int, bool]:
    """(index of the first block that is no introduction, whether a line announced the responses)."""
    for index in range(body, len(blocks)):
        if _is_marker(blocks[index]):
            return _first_heading(blocks, index + 1), True
        if _is_counted(blocks[index]):
            return _from_captions(blocks, index, body), False
    return _first_heading(blocks, body), False


def _first_heading(blocks: Sequence[Block], begin: int) -> int:
    followed = _followed_by_items(blocks)
    for index in range(begin, len(blocks)):
        block = blocks[index]
        if _is_counted(block) or (is_heading_alone(block) and followed[index]):
            return _from_captions(blocks, index, begin)
    return len(blocks)


def _from_captions(blocks: Sequence[Block], index: int, begin: int) -> int:
    """The captions in capitals that stand directly above the first heading belong to the responses."""
    headings = {fold(_heading_text(block)) for block in blocks[index:] if block.kind == "text"}
    while (
        index > begin
        and blocks[index - 1].kind == "text"
        and is_capitals(blocks[index - 1].joined)
        and fold(blocks[index - 1].joined) in headings
    ):
        index -= 1
    return index


def _heading_text(block: Block) -> str:
    counted = counted_heading(block.joined)
    return counted[0] if counted else block.joined


def _introduction(lines: Sequence[Line], after: int, before: int | None) -> str:
    """The lines between title and first heading, runs of blank lines made one."""
    kept: list[str] = []
    for line in lines:
        if line.number <= after or (before is not None and line.number >= before):
            continue
        if line.kind == "blank":
            if kept and kept[-1]:
                kept.append("")
        else:
            # Only the line's own bullet is structure here; its words are kept as they are.
            kept.append(("- " if line.kind == "bullet" else "") + line.text)
    while kept and not kept[-1]:
        kept.pop()
    if kept and _is_marker_line(kept[-1]):
        kept.pop()
    return "\n".join(unescape(line) for line in kept).strip()


def _doubt(block: Block, reason: str, *, is_remark: bool = False) -> Unknown:
    text = unescape(block.raw) if is_remark else block.raw
    return Unknown(block.number, text, reason, is_remark, block.place)


@dataclass(slots=True)
class _Open:
    """A section while it is being read."""

    heading: str
    number: int
    stated: int | None = None
    listed: int | None = None
    groups: list[list[Item]] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    description: str = ""


class _Reader:
    """Reads the blocks from the first heading on; one use."""

    def __init__(self, blocks: Sequence[Block], start: int) -> None:
        self.blocks = blocks
        self.start = start
        self.followed = _followed_by_items(blocks)
        self.unknown: list[Unknown] = []
        self.sections: dict[str, _Open] = {}
        self.current: _Open | None = None
        self.is_new_group = True
        self.label = "not_recorded"
        self.captions: list[Block] = []
        self.description = ""
        self.headings = {
            fold(_heading_text(block))
            for index, block in enumerate(blocks)
            if index >= start and self._is_section_heading(index)
        }

    def _is_section_heading(self, index: int) -> bool:
        block = self.blocks[index]
        if block.kind != "text":
            return False
        if _is_counted(block):
            return True
        if not is_heading_alone(block):
            return False
        if is_capitals(block.joined) and not block.is_heading:
            following = self.blocks[index + 1] if index + 1 < len(self.blocks) else None
            return following is not None and following.kind != "text"
        return self.followed[index]

    def read(self) -> tuple[Section, ...]:
        """All sections, captions shared out, counts compared."""
        for index in range(self.start, len(self.blocks)):
            block = self.blocks[index]
            if block.has_gap:
                self.is_new_group = True
            if block.kind == "label":
                self.label = label_of(block.joined) or "not_recorded"
            elif block.kind == "item":
                self._take_item(block)
            else:
                self._take_text(index)
        self._share_captions()
        for section in self.sections.values():
            found = sum(len(group) for group in section.groups)
            if section.listed is not None and section.listed != found:
                reason = f"the heading says {section.listed} are listed, but {found} are"
                self.unknown.append(Unknown(section.number, section.heading, reason))
        self.unknown.sort(key=lambda entry: entry.number)
        return tuple(
            Section(
                section.heading,
                section.stated,
                tuple(tuple(group) for group in section.groups if group),
                tuple(dict.fromkeys(section.captions)),
                section.description,
                section.number,
            )
            for section in self.sections.values()
        )

    def _take_text(self, index: int) -> None:
        block = self.blocks[index]
        is_heading = self._is_section_heading(index)
        if is_capitals(block.joined) and not _is_counted(block) and fold(block.joined) in self.headings:
            self.captions.append(block)
            self.is_new_group = True
            if is_heading:
                self._reopen(block)
        elif is_heading:
            self._open(block)
        elif self.current is not None and has_bracket_mark(block.raw):
            self._take_unbulleted(block)
        elif block.joined.endswith(":") and self._is_next_heading(index):
            self.description = unescape(block.joined)
        else:
            self.unknown.append(
                _doubt(block, "neither heading nor response; kept as a remark", is_remark=True)
            )
            self.is_new_group = True

    def _is_next_heading(self, index: int) -> bool:
        return index + 1 < len(self.blocks) and self._is_section_heading(index + 1)

    def _open(self, block: Block) -> None:
        counted = counted_heading(block.joined)
        raw = counted[0] if counted else block.joined
        heading = unescape(raw)
        self.label, self.is_new_group = "not_recorded", True
        if heading not in self.sections:
            self.sections[heading] = _Open(heading, block.number)
        self.current = self.sections[heading]
        self.current.description = self.current.description or self.description
        self.description = ""
        if counted is None:
            return
        if not counted[2]:
            self.current.listed = counted[1]
        elif self.current.stated in (None, counted[1]):
            self.current.stated = counted[1]
        else:
            reason = f"the heading stood before with the count {self.current.stated}, which was kept"
            self.unknown.append(_doubt(block, reason))

    def _reopen(self, block: Block) -> None:
        """A caption with bullets right below it stands for its heading."""
        wanted = fold(block.joined)
        for section in self.sections.values():
            if fold(section.heading) == wanted:
                if section is not self.current:
                    self.unknown.append(
                        _doubt(block, f"the bullets below this caption were put under {section.heading!r}")
                    )
                self.current, self.label = section, "not_recorded"
                return
        self.captions.pop()
        self._open(block)

    def _take_item(self, block: Block) -> None:
        if not block.raw.strip():
            self.unknown.append(_doubt(block, "a bullet with nothing behind it; no response was made of it"))
            return
        for place, line in enumerate(block.lines[1:], start=1):
            if counted_heading(line) is not None:
                reason = (
                    "continues the bullet above, as no blank line parts them, though it looks like a heading"
                )
                self.unknown.append(Unknown(block.number + place, line, reason, place=block.place))
        repeat = repeat_of(block.raw)
        if repeat and not 1 <= repeat[1] <= MAX_REPEAT:
            reason = "not a believable number of notes; no response was made of it"
            self.unknown.append(_doubt(block, reason, is_remark=True))
            return
        raw, count = repeat or (block.raw, 1)
        self._add(block, [raw] * count)

    def _take_unbulleted(self, block: Block) -> None:
        raws = block.lines if all(is_whole_mark(line) for line in block.lines) else [block.raw]
        self._add(block, raws)
        self.unknown.append(_doubt(block, f"no bullet before it; taken as {len(raws)} response(s)"))

    def _add(self, block: Block, raws: Sequence[str]) -> None:
        if self.current is None:
            # Cannot happen for blocks behind a heading, but a transcript must never be lost to it.
            self.unknown.append(_doubt(block, "a response under no heading", is_remark=True))
            return
        if self.is_new_group or not self.current.groups:
            self.current.groups.append([])
            self.is_new_group = False
        self.current.groups[-1].extend(Item(raw, block.number, self.label) for raw in raws)

    def _share_captions(self) -> None:
        by_fold: dict[str, _Open] = {}
        for section in self.sections.values():
            by_fold.setdefault(fold(section.heading), section)
        for block in self.captions:
            by_fold[fold(block.joined)].captions.append(unescape(block.joined))
