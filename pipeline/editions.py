"""Editions: a record frozen as it was published, and rebuilt from that years later.

How an edition lies on the disk is told in pipeline.edition_files.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline import personal
from pipeline.edition_files import (
    CropFile,
    Edition,
    PrincipleCount,
    Source,
    crop_files,
    digest_of_edition,
    edition_numbers,
    folder_of,
    load_edition,
    photograph_files,
    photographs_in,
    rebuild,
    write_edition,
)
from pipeline.errors import EditionError
from pipeline.model import Crop, Legend, Note, Photograph, Principle, Record
from pipeline.promises import promises_of
from pipeline.transcript import Transcript, notes_of, remark_notices
from pipeline.transcript.marks import decode

__all__ = [
    "CropFile",
    "Edition",
    "PrincipleCount",
    "Source",
    "counts_of",
    "edition_numbers",
    "freeze",
    "import_record",
    "is_unchanged",
    "list_editions",
    "load_edition",
    "photographs_in",
    "publishable",
    "rebuild",
    "record_of",
]

_MAX_TRIES = 100


def publishable(record: Record) -> Record:
    """The record without what is never published.

    Names and contacts that nobody has decided to keep become `[name removed]`, as on the page.
    What the machine read (the published wording of an imported note stays, unless somebody changed the
    words or took a name out of them), and whose decision found no note: how many there are is published,
    not who said what.
    """
    notes = tuple(_publishable(note) for note in record.notes)
    orphans = tuple(
        replace(orphan, old=None, new=None, reason="", person="", based_on="") for orphan in record.orphans
    )
    return replace(record, notes=notes, orphans=orphans)


def _publishable(note: Note) -> Note:
    note = personal.published(note)
    wording = note.machine_text if _is_published_wording(note) else ""
    if not note.personal_data and wording == note.machine_text:
        return note
    # `personal_data` holds the very names, so it goes too once they are out of the text.
    return replace(note, personal_data=(), machine_text=wording)


def _is_published_wording(note: Note) -> bool:
    return not note.sightings and decode(note.machine_text) == (note.text, note.text_status)


def counts_of(record: Record) -> tuple[PrincipleCount, ...]:
    """Found and stated responses for each principle, in the record's order, the unplaced ones last."""
    found: dict[str | None, int] = {principle.id: 0 for principle in record.principles}
    for note in record.notes:
        key = note.principle_id if note.principle_id in found else None
        found[key] = found.get(key, 0) + 1
    counts = [
        PrincipleCount(principle.id, principle.heading, found[principle.id], principle.stated)
        for principle in record.principles
    ]
    if None in found:
        counts.append(PrincipleCount(None, "Unplaced", found[None]))
    return tuple(counts)


def freeze(
    record: Record,
    crops: Mapping[str, Crop],
    reports_folder: Path,
    date: str,
    based_on: str,
    credits: Sequence[str] = (),
    *,
    photographs: Sequence[Photograph] = (),
    force: bool = False,
) -> Edition:
    """Freezes a record, with its pictures, as its workshop's next edition and gives that back.

    When nothing has changed since the last edition (the software's versions aside) and not `force`,
    nothing is written and the last edition is given back with `is_new` false. Several publishes at
    once each get a number of their own. Raises EditionError for a damaged last edition and
    StorageError when the folder cannot be written.
    """
    public = publishable(record)
    for _ in range(_MAX_TRIES):
        numbers = edition_numbers(reports_folder, record.workshop_id)
        number = max(numbers, default=0) + 1
        last = load_edition(reports_folder, record.workshop_id, max(numbers)) if numbers else None
        if last is not None and not force and _is_same(last.record, public):
            return replace(last, is_new=False)
        edition = _edition(public, crops, number, date, based_on, credits)
        edition = replace(
            edition,
            previous=digest_of_edition(last.folder) if last else None,
            photographs=photograph_files(photographs),
        )
        written = write_edition(edition, crops, folder_of(reports_folder, record.workshop_id), photographs)
        if written is not None:
            return written
    raise EditionError(
        f"No number was free for the next edition of {record.workshop_id}: others keep publishing it.",
        safe="Nothing was written.",
        remedy="Run the command again when they have finished.",
    )


def is_unchanged(record: Record, reports_folder: Path) -> bool:
    """Whether publishing this record now would give the last edition once more."""
    numbers = edition_numbers(reports_folder, record.workshop_id)
    if not numbers:
        return False
    last = load_edition(reports_folder, record.workshop_id, max(numbers))
    return _is_same(last.record, publishable(record))


def import_record(
    reports_folder: Path,
    workshop_id: str,
    principles: Sequence[Principle],
    path: Path,
    *,
    date: str | None = None,
    language: str = "en",
    legend: Legend | None = None,
) -> Edition:
    """Reads a published transcript and freezes it as edition 0.

    Headings that `principles` (of workshop.toml) lack become principles of the edition. Reading the same
    file again gives the edition that is there, with `is_new` false. Raises EditionError when another
    transcript is edition 0 already, or when the file is none (see `read_transcript_file`).
    """
    from pipeline.transcript.files import read_transcript_file  # noqa: PLC0415  (brings XML and zip readers)

    transcript = read_transcript_file(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    record = record_of(transcript, workshop_id, principles, language=language, legend=legend)
    folder = folder_of(reports_folder, workshop_id)
    if 0 in edition_numbers(reports_folder, workshop_id):
        existing = load_edition(reports_folder, workshop_id, 0)
        if existing.record == record:
            return replace(existing, is_new=False)
        raise EditionError(
            f"{workshop_id} has an edition 0 already, and {path.name} reads differently.",
            safe="Editions are never changed; the one that is there was kept.",
            remedy=f"If the new file is to stand instead, take {folder / '0'} away and import again.",
        )
    edition = _edition(
        record, {}, 0, date or datetime.date.today().isoformat(), f"the published record {path.name}", ()
    )
    source = Source(path.name, digest, transcript.unknown)
    written = write_edition(replace(edition, source=source), {}, folder)
    if written is None:
        return import_record(
            reports_folder, workshop_id, principles, path, date=date, language=language, legend=legend
        )
    return written


def record_of(
    transcript: Transcript,
    workshop_id: str,
    principles: Sequence[Principle] = (),
    *,
    language: str = "en",
    legend: Legend | None = None,
) -> Record:
    """A record that consists of a published transcript alone."""
    found, notes = notes_of(transcript, workshop_id, principles)
    return Record(
        workshop_id=workshop_id,
        title=transcript.title or workshop_id,
        date=None,
        place=None,
        language=language,
        licence=None,
        contact=None,
        point="default",
        legend=legend or Legend({}),
        principles=found,
        photos=(),
        refusals=(),
        boards=(),
        notes=notes,
        themes=(),
        orphans=(),
        software={},
        notices=remark_notices(transcript),
        introduction=transcript.introduction,
    )


def list_editions(reports_folder: Path, workshop_id: str) -> tuple[Edition, ...]:
    """All editions of a workshop, oldest first. Raises EditionError for the first that is damaged."""
    return tuple(
        load_edition(reports_folder, workshop_id, number)
        for number in edition_numbers(reports_folder, workshop_id)
    )


def _is_same(old: Record, new: Record) -> bool:
    return replace(old, software={}) == replace(new, software={})


def _edition(
    record: Record, crops: Mapping[str, Crop], number: int, date: str, based_on: str, credits: Sequence[str]
) -> Edition:
    return Edition(
        record.workshop_id,
        number,
        date,
        based_on,
        tuple(credits),
        counts_of(record),
        promises_of(record),
        record,
        crop_files(record, crops),
    )
