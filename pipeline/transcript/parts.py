"""What a published transcript consists of, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import EditionError


class TranscriptError(EditionError):
    """A transcript that cannot be read: the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text read out of a file of any format, stripped at both ends.

    `number` counts from 1 (lines of a text file, paragraphs of a document). `kind` is blank, bullet,
    heading (the file itself says so) or text. `place` is said beside the number where the
    format has something better to go by, such as "slide 3".
    """

    number: int
    text: str
    kind: str = "text"
    place: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One response as transcribed. `raw` is its wording, lines joined by a newline.

    `response_type` is a code of the vocabulary where a line such as "Challenge:" stands above it.
    """

    raw: str
    number: int
    response_type: str = "not_recorded"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the responses listed under it, in groups (a blank line starts another).

    `stated` is the number in brackets behind the heading; `captions` are the wordings in capitals
    that stand for it on the photographs; `description` is the sentence that leads up to it.
    """

    heading: str
    stated: int | None
    groups: tuple[tuple[Item, ...], ...]
    captions: tuple[str, ...] = ()
    description: str = ""
    number: int = 0

    @property
    def items(self) -> tuple[Item, ...]:
        """All responses of the section, in order."""
        return tuple(item for group in self.groups for item in group)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be interpreted with certainty, where it stands and why.

    `is_kept_as_remark` is true for text that became no part of a response, heading or introduction:
    it travels with the record as a remark, so that nothing is dropped.
    """

    number: int
    text: str
    reason: str
    is_kept_as_remark: bool = False
    place: str = ""

    def __str__(self) -> str:
        where = f"line {self.number}" + (f" ({self.place})" if self.place else "")
        shown = self.text if len(self.text) <= 160 else self.text[:157] + "..."
        return f"{where}: {self.reason}: {shown!r}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A published record as read: title, introduction, sections, and all that was not understood."""

    title: str
    introduction: str
    sections: tuple[Section, ...]
    unknown: tuple[Unknown, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Text that found no place in the structure, in order."""
        return tuple(entry.text for entry in self.unknown if entry.is_kept_as_remark)
