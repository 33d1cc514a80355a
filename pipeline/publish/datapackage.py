"""The record as a Frictionless data package (version 2): described tables, categories, foreign keys.

Source: https://datapackage.org/standard/data-package/ (2.0). The tables are made from the record itself, so a
package can be made of any edition; the CSV files keep their cells from being run by a spreadsheet (the rule is
that of pipeline.store.cells and stands in the package's own description), the Parquet files hold exact values.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import vocabulary
from pipeline.model import Polygon, Record, Sighting, bounding_box
from pipeline.publish import method, words
from pipeline.publish.licences import LICENCES
from pipeline.publish.markdown import escape_markdown, inline
from pipeline.publish.tables import Column, Row, Table
from pipeline.publish.theme_tables import across_tables
from pipeline.publish.view import Imprint, RecordView, arrange
from pipeline.store.cells import csv_cell

Json = dict[str, object]

_ARROW = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "array": pa.string(),
}
_MISSING = {"value": "", "label": "Not recorded, or does not apply"}


def package_files(record: Record, imprint: Imprint | None = None) -> dict[str, bytes]:
    """The package's files by name below its folder; the same record gives the same bytes.

    datapackage.json, data/*.csv, data/*.parquet, CITATION.cff and README.md.
    """
    view = arrange(record)
    imprint = imprint or Imprint()
    tables = _tables(view)
    files: dict[str, bytes] = {}
    for table in tables:
        files[f"data/{table.name}.csv"] = _csv(table)
        files[f"data/{table.name}.parquet"] = _parquet(table)
    files["datapackage.json"] = _json(_descriptor(view, imprint, tables))
    files["CITATION.cff"] = _citation(record, imprint)
    files["README.md"] = _readme(record, imprint, tables)
    return files


# --- the tables -------------------------------------------------------------------------------


def _tables(view: RecordView) -> tuple[Table, ...]:
    record = view.record
    theme_of = {note_id: theme.id for theme in record.themes for note_id in theme.note_ids}
    known = {principle.id for principle in record.principles}
    photos = {photo.path for photo in record.photos}
    ordered = [
        note
        for section in view.all_sections
        for group in section.groups
        for item in group.items
        for note in item.notes
    ]
    principles = Table(
        "principles",
        "The principles or questions people responded to.",
        (
            Column("principle_id", "string", "The principle's name in the data.", is_required=True),
            Column("heading", "string", "What people read.", is_required=True),
            Column("description", "string", "More about it."),
            Column("found", "integer", "Notes found under it.", is_required=True),
            Column("stated", "integer", "A count that was published before, if any."),
        ),
        ("principle_id",),
        (),
        tuple(
            (s.principle.id, s.heading, s.description or None, s.found, s.stated)
            for s in view.sections
            if s.principle
        ),
    )
    responses = Table(
        "responses",
        "One row a note: what was said, about what, and how sure it is. Start here.",
        (
            Column("note_id", "string", "The note's name, unique within the workshop.", is_required=True),
            Column(
                "principle_id",
                "string",
                "The principle responded to; missing where no heading claims the note.",
            ),
            Column(
                "response_type",
                "string",
                "The type of response.",
                vocabulary.RESPONSE_TYPES,
                is_required=True,
            ),
            Column("shape", "string", "The shape of the paper.", vocabulary.SHAPES, is_required=True),
            Column("shape_confidence", "number", "How sure the shape is, from 0 to 1.", is_required=True),
            Column("colour", "string", "The colour of the paper.", vocabulary.COLOURS, is_required=True),
            Column("text", "string", "The words with their marks; missing where there are none to print."),
            Column(
                "text_status", "string", "What is on the paper.", vocabulary.TEXT_STATUSES, is_required=True
            ),
            Column("reading_state", "string", "Who has looked.", vocabulary.READING_STATES, is_required=True),
            Column(
                "confidence",
                "number",
                "The probability, from 0 to 1, that the text is right.",
                is_required=True,
            ),
            Column("theme_id", "string", "The note's theme, if it has one. Themes are suggestions."),
            Column("answers_note_id", "string", "The note this one points at, if any."),
        ),
        ("note_id",),
        (
            ("principle_id", "principles", "principle_id"),
            ("theme_id", "themes", "theme_id"),
            ("answers_note_id", "", "note_id"),
        ),
        tuple(
            (
                note.id,
                note.principle_id if note.principle_id in known else None,
                note.response_type,
                note.shape,
                round(note.shape_confidence, 6),
                note.colour,
                note.text or None,
                note.text_status,
                note.reading_state,
                round(note.confidence, 6),
                theme_of.get(note.id),
                view.answers[note.id].id if note.id in view.answers else None,
            )
            for note in ordered
        ),
    )
    sightings = Table(
        "sightings",
        "One row for each time a note was seen in a photograph.",
        (
            Column("note_id", "string", "The note.", is_required=True),
            Column("rank", "integer", "0 is the best sighting.", is_required=True),
            Column(
                "photo", "string", "The photograph, as a path below the workshop's folder.", is_required=True
            ),
            Column(
                "polygon",
                "array",
                "The note's visible edge: a list of {x, y} in pixels of the upright full-size photograph.",
                is_required=True,
            ),
            Column("x", "number", "Left edge of the box round the polygon, in pixels.", is_required=True),
            Column("y", "number", "Upper edge of the box round the polygon, in pixels.", is_required=True),
            Column("width", "number", "Width of the box, in pixels.", is_required=True),
            Column("height", "number", "Height of the box, in pixels.", is_required=True),
        ),
        ("note_id", "rank"),
        (("note_id", "responses", "note_id"), ("photo", "photos", "photo")),
        tuple(
            (note.id, rank, *_place(sighting))
            for note in ordered
            for rank, sighting in enumerate(s for s in note.sightings if s.photo in photos)
        ),
    )
    missing = {theme.id for theme in record.missing_themes}
    themes = Table(
        "themes",
        "Themes among the notes of one principle: suggestions of a program, unless a person named them.",
        (
            Column("theme_id", "string", "The theme.", is_required=True),
            Column("principle_id", "string", "The principle; missing for themes among unplaced notes."),
            Column("label", "string", "Its name.", is_required=True),
            Column("strength", "string", "suggested theme or possible link.", is_required=True),
            Column("cohesion", "number", "Mean likeness within the theme, from 0 to 1.", is_required=True),
            Column("quote_note_id", "string", "The note that stands for it."),
            Column("is_named_by_person", "boolean", "Whether a person gave the name.", is_required=True),
            Column("description", "string", "What a person wrote about it."),
            Column(
                "is_suggested_missing",
                "boolean",
                "Whether it fits none of the principles asked about.",
                is_required=True,
            ),
        ),
        ("theme_id",),
        (("principle_id", "principles", "principle_id"), ("quote_note_id", "responses", "note_id")),
        tuple(
            (
                theme.id,
                theme.principle_id if theme.principle_id in known else None,
                theme.label,
                theme.strength,
                round(theme.cohesion, 6),
                theme.quote_note_id if theme.quote_note_id in view.anchors else None,
                theme.is_named_by_person,
                theme.description or None,
                theme.id in missing,
            )
            for theme in record.themes
        ),
    )
    pictures = Table(
        "photos",
        "The photographs that were used. They are not in this package.",
        (
            Column("photo", "string", "Path below the workshop's folder.", is_required=True),
            Column("sha256", "string", "Digest of the file.", is_required=True),
            Column("width", "integer", "Pixels of the upright picture.", is_required=True),
            Column("height", "integer", "Pixels of the upright picture.", is_required=True),
            Column(
                "turn", "integer", "Degrees clockwise that set the file's picture upright.", is_required=True
            ),
        ),
        ("photo",),
        (),
        tuple((photo.path, photo.sha256, photo.width, photo.height, photo.turn) for photo in record.photos),
    )
    return responses, principles, themes, *across_tables(record), sightings, pictures


def _place(sighting: Sighting) -> Row:
    polygon: Polygon = sighting.polygon
    points = [{"x": round(x, 1), "y": round(y, 1)} for x, y in polygon]
    return (sighting.photo, points, *(round(value, 1) for value in bounding_box(polygon)))


# --- files ------------------------------------------------------------------------------------


def _csv(table: Table) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.name for column in table.columns)
    writer.writerows([csv_cell(value, protect=True) for value in row] for row in table.rows)
    return out.getvalue().encode("utf-8", "replace")


def _parquet(table: Table) -> bytes:
    schema = pa.schema(
        [
            pa.field(column.name, _ARROW[column.type], metadata={"comment": column.description})
            for column in table.columns
        ]
    )
    columns = list(zip(*table.rows, strict=True)) or [() for _ in table.columns]
    arrays = [pa.array(map(_flat, values), field.type) for values, field in zip(columns, schema, strict=True)]
    out = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        out,
        compression="zstd",
        version="2.6",
        data_page_version="1.0",
    )
    return out.getvalue()


def _flat(value: object) -> object:
    """Lists as JSON text, as in the CSV: what validators of data packages read from Parquet files."""
    return json.dumps(value) if isinstance(value, list) else value


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def _descriptor(view: RecordView, imprint: Imprint, tables: Iterable[Table]) -> Json:
    record = view.record
    package: Json = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": words.slug(record.workshop_id) or "workshop",
        "title": record.title,
        "description": " ".join((*words.paragraphs(record.introduction), *method.sentences(view))),
    }
    if imprint.edition is not None:
        package["version"] = str(imprint.edition)
    if record.licence:
        licence: Json = {"name": record.licence}
        if record.licence in LICENCES:
            licence["path"] = LICENCES[record.licence]
        package["licenses"] = [licence]
    people: list[Json] = [{"title": name, "roles": ["transcription"]} for name in imprint.credits]
    if record.contact:
        people.append({**_contact(record.contact, "title"), "roles": ["ContactPerson"]})
    if people:
        package["contributors"] = people
    resources = [resource for table in tables for resource in _resources(table)]
    for resource in resources:
        if imprint.photo_licence and resource["name"] == "photos":
            resource["description"] = (
                f"{resource['description']} The photographs' licence: {imprint.photo_licence}."
            )
    package["resources"] = resources
    return package


def _contact(contact: str, name: str) -> Json:
    """Whom to write to; `name` is what the format calls a person's or group's name."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", contact.strip()):
        return {name: "The organisers of the workshop", "email": contact.strip()}
    return {name: contact}


def _resources(table: Table) -> Iterable[Json]:
    schema: Json = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [_field(column, table.primary_key) for column in table.columns],
        "primaryKey": list(table.primary_key),
        "missingValues": [_MISSING],
    }
    if table.foreign_keys:
        schema["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": other, "fields": [there]}}
            for column, other, there in table.foreign_keys
        ]
    yield {
        "name": table.name,
        "type": "table",
        "path": f"data/{table.name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "description": table.description,
        "schema": schema,
    }
    yield {
        "name": f"{table.name}-parquet",
        "path": f"data/{table.name}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": f"The same rows as {table.name}, typed; texts stand as they are, without apostrophes in front.",
    }


def _field(column: Column, primary_key: Sequence[str]) -> Json:
    field: Json = {"name": column.name, "type": column.type, "description": column.description}
    constraints: Json = {}
    if column.is_required:
        constraints["required"] = True
    if primary_key == (column.name,):
        constraints["unique"] = True
    if column.codes is not None:
        field["categories"] = [{"value": code.code, "label": code.label} for code in column.codes.values()]
        constraints["enum"] = list(column.codes)
    if constraints:
        field["constraints"] = constraints
    return field


def _citation(record: Record, imprint: Imprint) -> bytes:
    """CITATION.cff 1.2.0; strings are written as JSON, which is YAML, too."""
    authors = imprint.credits or ("The people who took part in the workshop",)
    lines = [
        "cff-version: 1.2.0",
        'message: "If you use these data, please cite them as below."',
        "type: dataset",
        f"title: {_quoted(record.title + ': public record of a workshop')}",
        "authors:",
        *(f"  - name: {_quoted(name)}" for name in authors),
    ]
    if imprint.edition is not None:
        lines.append(f"version: {_quoted(str(imprint.edition))}")
    if imprint.edition_date and words.long_date(imprint.edition_date) != imprint.edition_date:
        lines.append(f"date-released: {imprint.edition_date}")
    if record.licence in LICENCES:
        lines.append(f"license: {record.licence}")
    if record.contact:
        told = [f"{key}: {_quoted(str(value))}" for key, value in _contact(record.contact, "name").items()]
        lines += ["contact:", f"  - {told[0]}", *(f"    {line}" for line in told[1:])]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _readme(record: Record, imprint: Imprint, tables: Iterable[Table]) -> bytes:
    lines = [
        f"# {escape_markdown(record.title)}",
        "",
        inline(method.citation(record, imprint.edition, imprint.edition_date)),
        "",
        "Described by datapackage.json (Frictionless Data Package, version 2).",
        "",
        *(
            f"- {label}: {inline(text)}"
            for label, text in (
                ("Transcribed and checked by", ", ".join(imprint.credits)),
                ("Licence of the texts and tables", record.licence or ""),
                ("Licence of the photographs", imprint.photo_licence),
                ("Contact", record.contact or ""),
            )
            if text
        ),
        "",
        *(f"- `data/{table.name}.csv`, `.parquet`: {table.description}" for table in tables),
        "",
        "Marks in the texts: `[illegible]` lost words, `word[?]` an unsure word, `[name removed]` a name taken out.",
        "",
        "In the CSV files a text that a spreadsheet would run as a formula, or that begins with an apostrophe, has "
        "one apostrophe in front. To read back, take one apostrophe off every cell that begins with one. The "
        "Parquet files hold the texts as they are.",
        "",
    ]
    return "\n".join(lines).encode("utf-8", "replace")
