"""A record as plain text in the seed record's own style, which `parse_transcript` reads back without loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from pipeline import vocabulary
from pipeline.model import Note, Principle, Record
from pipeline.transcript.blocks import BULLET, counted_heading, fold, is_capitals, label_of
from pipeline.transcript.marks import NO_TEXT, decode, encode, harden, is_plain_line, repeat_of, soften
from pipeline.transcript.notes import UNPLACED_HEADING, remarks_of
from pipeline.transcript.parse import MARKER, line_of, parse_transcript

_TYPE_ORDER = {code: place for place, code in enumerate(vocabulary.RESPONSE_TYPES)}


def write_transcript(record: Record) -> str:
    """The record as UTF-8 text: title, introduction, then each heading with its count and responses.

    Kept, and read back as they are: title, introduction (blank lines tidied), headings, stated counts,
    captions, every note's text, status, group and response type, and the remarks of an imported record.
    "(15)" behind a heading is a stated count; "(15 listed)" counts what is listed and states nothing.
    """
    parts = [_inline(record.title), "", *_introduction(record)]
    by_principle: dict[str | None, list[Note]] = {}
    for note in record.notes:
        by_principle.setdefault(note.principle_id, []).append(note)
    known = {principle.id for principle in record.principles}
    for principle in record.principles:
        parts += _section(principle, by_principle.get(principle.id, []))
    strays = [note for note in record.notes if note.principle_id not in known]
    if strays:
        parts += _section(Principle("unplaced", UNPLACED_HEADING), strays)
    for remark in remarks_of(record.notices):
        parts += [*_remark(remark), ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def groups_of(notes: Iterable[Note]) -> tuple[tuple[Note, ...], ...]:
    """One principle's notes in the groups they are listed in.

    The transcript's own groups first, in order; notes without one (read from photographs) by type
    of response, as each type was a kind of note of its own on the slides of the seed record.
    """

    def key(note: Note) -> tuple[int, int]:
        if note.group is not None:
            return 0, note.group
        return 1, _TYPE_ORDER[note.response_type]

    ordered = sorted(notes, key=lambda note: (*key(note), note.position))
    return tuple(tuple(group) for _, group in groupby(ordered, key=key))


def _inline(text: str) -> str:
    """A title or heading as one line that means nothing but itself."""
    soft = text.replace("\\", "\\\\")
    line = line_of(1, soft)
    if "\n" not in soft and is_plain_line(soft) and line.kind == "text" and not label_of(soft):
        return soft
    return harden(text) or "\\u{20}"


def _introduction(record: Record) -> list[str]:
    text = record.introduction.strip()
    for lines in (
        [line.strip() for line in text.split("\n")],
        [_quoted(line) for line in text.split("\n")],
        [harden(line.strip()) for line in text.split("\n")],
    ):
        parts = [*lines, ""] if text else []
        whole = "\n".join([_inline(record.title), "", *parts, MARKER, "", "Heading (1)", "", "- word"])
        read = parse_transcript(whole)
        is_kept = read.introduction == "\n".join(tidy_lines(text)) and read.title == record.title
        if is_kept and len(read.sections) == 1:
            if _says_marker_itself(lines):
                return parts
            return [*parts, MARKER, ""]
    return [*parts, MARKER, ""]


def _says_marker_itself(lines: Sequence[str]) -> bool:
    """Whether the introduction announces the responses itself, as the seed record's does, with words behind."""
    return MARKER in lines[:-1]


def tidy_lines(text: str) -> list[str]:
    """An introduction's lines as they come back: stripped, never two blank lines in a row."""
    lines: list[str] = []
    for raw in text.strip().split("\n"):
        line = raw.strip()
        if line or (lines and lines[-1]):
            lines.append(line)
    return lines


def _quoted(line: str) -> str:
    """A line of the introduction that cannot be taken for a heading, bullet or marker."""
    line = line.strip()
    if not line:
        return ""
    if line.startswith("- ") and line[2:] == line[2:].strip() != "":
        return "- " + harden(line[2:])
    return harden(line)


def _section(principle: Principle, notes: Sequence[Note]) -> list[str]:
    parts: list[str] = []
    if _is_lead(principle.description):
        parts += [principle.description, ""]
    count = f"({principle.stated})" if principle.stated is not None else f"({len(notes)} listed)"
    heading = f"{_inline(principle.heading)} {count}"
    read = counted_heading(heading)
    if read is None or line_of(1, heading).kind != "text" or heading.startswith("("):
        heading = f"{harden(principle.heading)} {count}"
    parts += [heading, ""]
    label = "not_recorded"
    for group in groups_of(notes):
        for response_type, run in groupby(group, key=lambda note: note.response_type):
            if response_type != label:
                parts.append(f"{vocabulary.RESPONSE_TYPES[response_type].label}:")
                label = response_type
            parts += _bullets(run)
        parts.append("")
    for caption in principle.also:
        if _is_caption_of(caption, principle):
            parts += [caption, ""]
    return parts


def _is_lead(description: str) -> bool:
    return (
        description.endswith(":")
        and is_plain_line(description)
        and "\\" not in description
        and line_of(1, description).kind == "text"
        and label_of(description) is None
        and not is_capitals(description)
    )


def _is_caption_of(caption: str, principle: Principle) -> bool:
    return (
        is_capitals(caption)
        and is_plain_line(caption)
        and "\\" not in caption
        and line_of(1, caption).kind == "text"
        and counted_heading(caption) is None
        and label_of(caption) is None
        and fold(caption) == fold(principle.heading) != ""
    )


def _bullets(notes: Iterable[Note]) -> list[str]:
    lines: list[str] = []
    for wording, run in groupby(_wording(note) for note in notes):
        count = sum(1 for _ in run)
        if wording == NO_TEXT and count > 1:
            lines.append(f"- {NO_TEXT} × {count}")
            continue
        lines += [f"- {wording}"] * count
    return lines


def _wording(note: Note) -> str:
    """The people's own wording where there is one that still means the same, else our own."""
    if not note.sightings and note.machine_text and note.text_status != "no_text":
        wording = note.machine_text
        if _is_safe(wording) and decode(wording) == (note.text, note.text_status):
            return wording
    wording = encode(note.text, note.text_status)
    if _is_safe(wording):
        return wording
    hard = harden(note.text)
    suffix = "partly legible" if note.text_status == "partial" else "legible"
    return hard if decode(hard) == (note.text, note.text_status) else f"{hard} [{suffix}]"


def _is_safe(wording: str) -> bool:
    """Whether the lines of a response, below a bullet, can be taken for nothing else."""
    first, *rest = wording.split("\n")
    return (
        is_plain_line(first)
        and repeat_of(wording) is None
        and all(
            is_plain_line(line)
            and not BULLET.match(line)
            and label_of(line) is None
            and counted_heading(line) is None
            for line in rest
        )
    )


def _remark(remark: str) -> list[str]:
    """A remark's lines, escaped where they would be read as anything else."""
    for lines in (
        [soften(line) for line in remark.split("\n")],
        [harden(line) or "\\u{20}" for line in remark.split("\n")],
    ):
        read = parse_transcript("\n".join(["Title", "", "Heading (1)", "", "- word", "", *lines]))
        if read.remarks == (remark,):
            return lines
    return lines
