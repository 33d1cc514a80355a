"""One note in words: its text cut at its marks, its description for those who cannot see it, its anchor."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pipeline import marks, vocabulary
from pipeline.model import Note

COLLAPSED_MARK = {"illegible": "[illegible]", "no_text": "[no text]"}
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a note's words: `kind` is text, lost, unsure or removed.

    `text` is what is printed, without an unsure word's `[?]`.
    """

    kind: str
    text: str


@lru_cache(maxsize=16_384)
def segments(text: str) -> tuple[Segment, ...]:
    """A note's words cut at its marks (see pipeline.marks), escapes undone, lines running on."""
    found: list[Segment] = []
    for token in marks.parse(text):
        match token:
            case marks.Lost():
                found.append(Segment("lost", "[illegible]"))
            case marks.NameRemoved():
                found.append(Segment("removed", "[name removed]"))
            case marks.NoText():
                found.append(Segment("lost", "[no text]"))
            case marks.Word(text=word, is_unsure=True):
                found.append(Segment("unsure", word))
            case marks.Word(text=word):
                found.append(Segment("text", word))
            case marks.Space():
                found.append(Segment("text", " "))
    return _joined(found)


def _joined(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    """Neighbouring stretches of plain text made one, without white space at either end."""
    joined: list[Segment] = []
    for piece in pieces:
        if piece.kind == "text" and joined and joined[-1].kind == "text":
            joined[-1] = Segment("text", joined[-1].text + piece.text)
        else:
            joined.append(piece)
    if joined and joined[0].kind == "text":
        joined[0] = Segment("text", joined[0].text.lstrip())
    if joined and joined[-1].kind == "text":
        joined[-1] = Segment("text", joined[-1].text.rstrip())
    return tuple(segment for segment in joined if segment.text or segment.kind != "text")


def plain_words(note: Note) -> str:
    """A note's words in one line with their marks; the mark alone where there are no words."""
    return COLLAPSED_MARK.get(note.text_status) or said(segments(note.text))


def said(pieces: Iterable[Segment]) -> str:
    """Segments as one plain line: unsure words with their `[?]`."""
    return "".join(f"{piece.text}[?]" if piece.kind == "unsure" else piece.text for piece in pieces)


def describe(note: Note) -> str:
    """Alternative text for a picture of the note: colour, shape, and its words or its status."""
    shape = "note of another shape" if note.shape == "other" else _label(vocabulary.SHAPES, note.shape)
    if note.shape == "not_recorded":
        shape = "note"
    what = shape if note.colour == "not_recorded" else f"{_label(vocabulary.COLOURS, note.colour)} {shape}"
    what = what[0].upper() + what[1:]
    if note.text_status == "no_text":
        return f"{what} without writing"
    if note.text_status == "illegible":
        return f"{what} with writing that cannot be read"
    if note.text_status == "partial":
        return f"{what}, partly legible: {plain_words(note)}"
    return f"{what}: {plain_words(note)}"


def may_show_crop(note: Note) -> bool:
    """A picture would show the very name that was taken out of the words."""
    return "[name removed]" not in note.text or not any(
        isinstance(token, marks.NameRemoved) for token in marks.parse(note.text)
    )


def anchor_of(note_id: str) -> str:
    """A note's anchor: the same in every edition, safe in a link whatever the id holds."""
    if _SAFE_ID.fullmatch(note_id):
        return f"note-{note_id}"
    return f"note-{hashlib.sha256(note_id.encode()).hexdigest()[:16]}"


def _label(table: dict[str, vocabulary.Code], code: str) -> str:
    return table[code].label.lower()
