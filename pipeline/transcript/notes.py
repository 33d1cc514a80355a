"""From a transcript to the principles and notes of a record."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from pipeline.model import Note, Principle
from pipeline.transcript.blocks import fold, without_aside
from pipeline.transcript.marks import decode
from pipeline.transcript.parts import Item, Section, Transcript

UNPLACED_HEADING = "Not placed under a heading"
"""The heading under which a text export lists notes that belong to no principle."""

REMARK_PREFIX = "Not interpreted in the imported record: "
"""Begins the notice that carries a remark of the transcript through a record."""


def notes_of(
    transcript: Transcript, workshop_id: str, principles: Sequence[Principle] = ()
) -> tuple[tuple[Principle, ...], tuple[Note, ...]]:
    """The transcript's headings as principles and its responses as notes, both in its order.

    A heading that one of `principles` (of workshop.toml) bears, under whatever wording, takes that
    principle's id; any other becomes a principle of its own. Shapes and colours are not recorded.
    The words as people wrote them stay in `machine_text`; lost words become `[illegible]` in `text`.
    A note's id is made of its wording, so that reading the same transcript again gives the same ids.
    """
    known = list(principles)
    taken = {principle.id for principle in known}
    found: list[Principle] = []
    notes: list[Note] = []
    seen: dict[tuple[str | None, str], int] = {}
    for section in transcript.sections:
        principle_id: str | None = None
        if section.heading != UNPLACED_HEADING:
            principle = _principle_of(section, known, taken)
            found.append(principle)
            principle_id = principle.id
        position = 0
        for group, items in enumerate(section.groups):
            for item in items:
                key = (principle_id, item.raw)
                seen[key] = seen.get(key, 0) + 1
                note_id = _note_id(workshop_id, principle_id, item.raw, seen[key])
                notes.append(_note(item, note_id, principle_id, position, group))
                position += 1
    return tuple(found), tuple(notes)


def remark_notices(transcript: Transcript) -> tuple[str, ...]:
    """The transcript's remarks as notices of a record, so that they are neither lost nor interpreted."""
    return tuple(REMARK_PREFIX + remark for remark in transcript.remarks)


def remarks_of(notices: Iterable[str]) -> tuple[str, ...]:
    """The remarks among a record's notices."""
    return tuple(notice.removeprefix(REMARK_PREFIX) for notice in notices if notice.startswith(REMARK_PREFIX))


def slug(heading: str) -> str:
    """ "Diversity | Strengths" as "diversity-strengths"; "" if nothing of it can stand in an id."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", without_aside(plain)).strip("-")[:60].strip("-")


def _principle_of(section: Section, known: list[Principle], taken: set[str]) -> Principle:
    """The known principle of this heading (used up, as no two sections may share it), or a new one."""
    wanted = fold(section.heading)
    for principle in known:
        wordings = (principle.heading, *principle.also)
        if section.heading in wordings or (wanted and wanted in {fold(wording) for wording in wordings}):
            known.remove(principle)
            also = [*principle.also, principle.heading, *section.captions]
            return Principle(
                principle.id,
                section.heading,
                tuple(dict.fromkeys(wording for wording in also if wording != section.heading)),
                section.stated if section.stated is not None else principle.stated,
                section.description or principle.description,
            )
    base = slug(section.heading) or "heading"
    new_id, number = base, 2
    while new_id in taken:
        new_id, number = f"{base}-{number}", number + 1
    taken.add(new_id)
    also_seen = tuple(caption for caption in section.captions if caption != section.heading)
    return Principle(new_id, section.heading, also_seen, section.stated, section.description)


def _note_id(workshop_id: str, principle_id: str | None, raw: str, occurrence: int) -> str:
    key = "\0".join((workshop_id, principle_id or "", raw, str(occurrence)))
    return "t" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:15]


def _note(item: Item, note_id: str, principle_id: str | None, position: int, group: int) -> Note:
    text, status = decode(item.raw)
    return Note(
        id=note_id,
        principle_id=principle_id,
        response_type=item.response_type,
        shape="not_recorded",
        shape_confidence=0.0,
        colour="not_recorded",
        text=text,
        text_status=status,
        reading_state="reviewed",
        confidence=1.0,
        placement="listed under this heading in the published record",
        machine_text=item.raw,
        position=position,
        group=group,
    )
