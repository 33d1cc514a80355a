"""A record as rows of the store's tables: pure, in an order in which every row's parents come first.

Each row is a tuple in the order of the columns in schema.sql and themes.sql, but for `sighting`, whose box
(x, y, width, height) DuckDB works out from the polygon. Confidences are rounded to four decimals, so
that the same record gives the same bytes on any machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pipeline import model, vocabulary
from pipeline.store.editions import Change, Edition

Row = tuple[object, ...]
TableRow = tuple[str, Row]

CODE_TABLES = {
    "shape_code": vocabulary.SHAPES,
    "response_type_code": vocabulary.RESPONSE_TYPES,
    "text_status_code": vocabulary.TEXT_STATUSES,
    "reading_state_code": vocabulary.READING_STATES,
    "colour_code": vocabulary.COLOURS,
    "refusal_code": vocabulary.REFUSALS,
    "mark_code": vocabulary.MARKS,
}

# The order in which tables are filled: a table's parents stand before it.
TABLES = (
    *CODE_TABLES,
    "workshop",
    "notice",
    "legend",
    "software",
    "principle",
    "photo",
    "refusal",
    "board",
    "board_photo",
    "heading",
    "note",
    "reply",
    "sighting",
    "reading",
    "theme",
    "note_theme",
    "theme_tally",
    "theme_link",
    "note_link",
    "mention",
    "lost_theme",
    "missing_heading",
    "other_framework",
    "other_principle",
    "crossing",
    "decision",
    "edition",
    "change",
)


def code_rows() -> Iterator[TableRow]:
    """The coded values, from pipeline/vocabulary.py."""
    for table, codes in CODE_TABLES.items():
        for position, code in enumerate(codes.values()):
            yield table, (code.code, position, code.label, code.description)


def record_rows(
    record: model.Record, position: int, decisions: Sequence[model.Decision] = ()
) -> Iterator[TableRow]:
    """All rows of one workshop, the `position`-th.

    `decisions` are all of the workshop's decisions in the order they were made; those among the
    record's orphans are marked, and orphans that are not among them follow.
    """
    yield from _workshop_rows(record, position)
    yield from _photo_rows(record)
    yield from _board_rows(record)
    yield from _note_rows(record)
    yield from _theme_rows(record)
    yield from _across_rows(record)
    yield from _decision_rows(record, decisions)


def _workshop_rows(record: model.Record, position: int) -> Iterator[TableRow]:
    workshop = record.workshop_id
    yield (
        "workshop",
        (
            workshop,
            position,
            record.title,
            record.date,
            record.place,
            record.language,
            record.licence,
            record.contact,
            record.point,
            record.introduction,
        ),
    )
    for number, text in enumerate(record.notices):
        yield "notice", (workshop, number, text)
    # Sorted, as the order of a dictionary is not part of a record's meaning.
    for shape, response_type in sorted(record.legend.by_shape.items()):
        yield "legend", (workshop, shape, response_type)
    for component, version in sorted(record.software.items()):
        yield "software", (workshop, component, version)
    for number, item in enumerate(record.principles):
        yield (
            "principle",
            (workshop, item.id, number, item.heading, list(item.also), item.stated, item.description),
        )


def _photo_rows(record: model.Record) -> Iterator[TableRow]:
    workshop = record.workshop_id
    for number, photo in enumerate(record.photos):
        yield (
            "photo",
            (
                workshop,
                photo.path,
                number,
                photo.sha256,
                photo.width,
                photo.height,
                photo.format,
                photo.turn,
            ),
        )
    for number, refusal in enumerate(record.refusals):
        yield (
            "refusal",
            (
                workshop,
                number,
                refusal.path,
                refusal.code,
                refusal.reason,
                refusal.remedy,
                refusal.sha256,
            ),
        )


def _board_rows(record: model.Record) -> Iterator[TableRow]:
    workshop = record.workshop_id
    for position, board in enumerate(record.boards):
        yield "board", (workshop, board.id, position)
        for number, (photo, transform) in enumerate(zip(board.photos, board.transforms, strict=True)):
            yield "board_photo", (workshop, board.id, number, photo, list(transform))
        for number, heading in enumerate(board.headings):
            yield (
                "heading",
                (
                    workshop,
                    board.id,
                    number,
                    heading.text,
                    round(heading.confidence, 4),
                    heading.photo,
                    heading.polygon,
                ),
            )


def _note_rows(record: model.Record) -> Iterator[TableRow]:
    workshop = record.workshop_id
    for note in record.notes:
        yield (
            "note",
            (
                workshop,
                note.id,
                note.position,
                note.principle_id,
                note.response_type,
                note.shape,
                round(note.shape_confidence, 4),
                note.colour,
                note.text,
                note.text_status,
                note.reading_state,
                round(note.confidence, 4),
                note.board_id,
                note.placement,
                note.turn,
                note.group,
                list(note.personal_data),
            ),
        )
        for number, sighting in enumerate(note.sightings):
            yield "sighting", (workshop, note.id, number, sighting.photo, sighting.index, sighting.polygon)
        if note.sightings:
            yield "reading", (workshop, note.id, note.machine_text)
    # Only now, as a note may answer one that stands after it.
    for note in record.notes:
        if note.answers_note_id is not None:
            yield "reply", (workshop, note.id, note.answers_note_id)


def _theme_rows(record: model.Record) -> Iterator[TableRow]:
    workshop = record.workshop_id
    listed: dict[str, str] = {}
    missing = {theme.id for theme in record.missing_themes}
    for position, theme in enumerate(record.themes):
        for note_id in theme.note_ids:
            listed.setdefault(note_id, theme.id)
        yield (
            "theme",
            (
                workshop,
                theme.id,
                position,
                theme.principle_id,
                theme.label,
                theme.strength,
                round(theme.cohesion, 4),
                theme.quote_note_id,
                theme.is_named_by_person,
                theme.description,
                theme.id in missing,
            ),
        )
    # What a note says of its own theme comes first: a person may have moved it.
    own = {note.id: note.theme_id for note in record.notes if note.theme_id is not None}
    sure = {(note_id, theme.id) for theme in record.themes for note_id in theme.sure_note_ids}
    for pair in sorted({**listed, **own}.items()):
        yield "note_theme", (workshop, *pair, pair in sure)


def _across_rows(record: model.Record) -> Iterator[TableRow]:
    """What themes leave over, what runs across principles, and the notes through other frameworks."""
    workshop = record.workshop_id
    missing = {theme.id for theme in record.missing_themes}
    for position, tally in enumerate(record.theme_tallies):
        counts = (tally.in_theme, tally.alone, tally.without_content)
        yield "theme_tally", (workshop, position, tally.principle_id, *counts)
    for position, link in enumerate(record.links):
        similarity = round(link.similarity, 4)
        yield (
            "theme_link",
            (workshop, link.id, position, link.label, similarity, link.quote_note_id, link.id in missing),
        )
        for note_id in link.note_ids:
            yield "note_link", (workshop, link.id, note_id)
    for mention in record.mentions:
        yield "mention", (workshop, mention.note_id, mention.principle_id, mention.words)
    for theme in record.missing_headings:
        yield "missing_heading", (workshop, theme.principle_id, theme.id, theme.label, theme.quote_note_id)
    for lost in record.lost_themes:
        yield "lost_theme", (workshop, lost.key, lost.name, lost.principle_id, lost.reason)
    for crosswalk in record.crosswalks:
        yield "other_framework", (workshop, crosswalk.framework, crosswalk.title)
        for position, principle in enumerate(crosswalk.principles):
            yield (
                "other_principle",
                (workshop, crosswalk.framework, principle.id, position, principle.heading),
            )
        for crossing in crosswalk.crossings:
            nearness = (round(crossing.similarity, 4), round(crossing.margin, 4))
            suggested = crossing.suggested_principle_id
            yield "crossing", (workshop, crosswalk.framework, crossing.note_id, suggested, *nearness)


def _decision_rows(record: model.Record, decisions: Sequence[model.Decision]) -> Iterator[TableRow]:
    orphans = {decision.id for decision in record.orphans}
    known = {decision.id for decision in decisions}
    rest = [decision for decision in record.orphans if decision.id not in known]
    for position, decision in enumerate([*decisions, *rest]):
        yield (
            "decision",
            (
                record.workshop_id,
                position,
                decision.id,
                decision.id in orphans,
                decision.photo_sha256,
                decision.polygon,
                decision.field,
                _json(decision.old),
                _json(decision.new),
                decision.reason,
                decision.person,
                decision.when,
                decision.based_on,
            ),
        )


def edition_rows(editions: Sequence[Edition], changes: Sequence[Change]) -> Iterator[TableRow]:
    """Rows of editions and of the changes between them; changes are numbered within their workshop."""
    for edition in editions:
        yield (
            "edition",
            (
                edition.workshop_id,
                edition.number,
                edition.date,
                edition.based_on,
                edition.notes,
                edition.path,
                list(edition.promises),
            ),
        )
    positions: dict[str, int] = {}
    for change in changes:
        position = positions.get(change.workshop_id, 0)
        positions[change.workshop_id] = position + 1
        yield (
            "change",
            (
                change.workshop_id,
                position,
                change.from_edition,
                change.to_edition,
                change.kind,
                change.note_id,
                change.principle_id,
                change.before,
                change.after,
                change.explanation,
            ),
        )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
