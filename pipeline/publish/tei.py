"""The record as TEI P5: gaps, unclear words and empty notes marked as editors of texts mark them.

One `<item>` a note, linked to its `<zone>` on the photograph's `<surface>`. Lost words are
`<gap reason="illegible"/>`, an unsure word is `<unclear cert="low">`, a note without writing holds
`<space/>`; nothing is ever `<supplied>`. The elements used are described by templates/tei-record.rng, a
subset of TEI All (TEI Guidelines P5, chapters 2, 3, 11).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pipeline import vocabulary
from pipeline.asfiled import in_file, size_in_file
from pipeline.diff import Change
from pipeline.model import Note, Polygon, Record
from pipeline.publish import method, words
from pipeline.publish.changes import arrange_changes
from pipeline.publish.ooxml import clean
from pipeline.publish.saying import anchor_of, segments
from pipeline.publish.view import Imprint, RecordView, Section, arrange

_NAMESPACE = "http://www.tei-c.org/ns/1.0"
_VERSION = re.compile(r"\d+[a-z]*\d*(\.\d+[a-z]*\d*){0,3}")
"""What TEI takes for a version number."""
_ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TABLES = {
    "type": ("Types of response", vocabulary.RESPONSE_TYPES),
    "shape": ("Shapes of notes", vocabulary.SHAPES),
    "status": ("What is on the paper", vocabulary.TEXT_STATUSES),
    "state": ("Who has looked", vocabulary.READING_STATES),
}


def render_tei(record: Record, changes: Sequence[Change] = (), imprint: Imprint | None = None) -> bytes:
    """The whole record as one TEI document (UTF-8); the same record gives the same bytes."""
    view = arrange(record)
    root = Element("TEI", {"xmlns": _NAMESPACE})
    _header(root, view, changes, imprint or Imprint())
    zones = _facsimile(root, record)
    text = SubElement(root, "text", {_XML_LANG: record.language or "en"})
    body = SubElement(text, "body")
    for section in view.all_sections:
        _section(body, section, view, zones)
    if not view.all_sections:
        _add(body, "p", "There are no notes.")
    indent(root)  # before the words come in: inside a note, white space is the writer's
    by_anchor = {view.anchors[note.id]: note for note in record.notes}
    for item in root.iter("item"):
        if item.get(_XML_ID) in by_anchor:
            _fill(item, by_anchor[item.get(_XML_ID, "")])
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + bytes(tostring(root, "utf-8")) + b"\n"


def _add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    element = SubElement(parent, tag, {key: clean(value) for key, value in attributes.items()})
    element.text = clean(text) or None
    return element


# --- header ---------------------------------------------------------------------------------


def _header(root: Element, view: RecordView, changes: Sequence[Change], imprint: Imprint) -> None:
    record = view.record
    header = SubElement(root, "teiHeader", {_XML_LANG: "en"})
    file = SubElement(header, "fileDesc")
    titles = SubElement(file, "titleStmt")
    _add(titles, "title", record.title)
    _add(titles, "title", "Public record of a workshop", type="sub")
    for name in imprint.credits:
        credit = SubElement(titles, "respStmt")
        _add(credit, "resp", "transcribed and checked by")
        _add(credit, "name", name)
    if imprint.edition is not None:
        edition = SubElement(file, "editionStmt")
        _add(edition, "edition", f"Edition {imprint.edition}", n=str(imprint.edition))
    publication = SubElement(file, "publicationStmt")
    _add(publication, "publisher", record.contact or "The organisers of the workshop")
    if imprint.edition_date:
        date = _add(publication, "date", imprint.edition_date)
        if _ISO_DATE.fullmatch(imprint.edition_date):
            date.set("when", imprint.edition_date)
    rights = SubElement(publication, "availability")
    if record.licence:
        _add(rights, "licence", record.licence)
    else:
        _add(rights, "p", "No licence is stated.")
    if imprint.photo_licence:
        _add(rights, "licence", f"Photographs: {imprint.photo_licence}")
    source = SubElement(file, "sourceDesc")
    where = ", ".join(part for part in (record.place, words.long_date(record.date)) if part)
    _add(
        source,
        "p",
        f"Shaped sticky notes written by participants of the workshop{f' ({where})' if where else ''}.",
    )
    for paragraph in words.paragraphs(record.introduction):
        _add(source, "p", paragraph)
    _encoding(header, view)
    profile = SubElement(header, "profileDesc")
    usage = SubElement(profile, "langUsage")
    _add(
        usage, "language", f"Language of the notes: {record.language or 'en'}", ident=record.language or "en"
    )
    _revisions(header, view, changes, imprint)


def _encoding(header: Element, view: RecordView) -> None:
    encoding = SubElement(header, "encodingDesc")
    editorial = SubElement(encoding, "editorialDecl")
    for sentence in (*method.sentences(view), *view.record.notices):
        _add(editorial, "p", sentence)
    other = []
    tools = []
    for name, version in method.software(view.record):
        ident = words.slug(name)
        if ident and ident[0].isalpha() and _VERSION.fullmatch(version):
            tools.append((ident, name, version))
        else:
            other.append(f"{name} {version}")
    if other:
        _add(editorial, "p", f"Further software and models: {'; '.join(other)}.")
    if tools:
        apps = SubElement(encoding, "appInfo")
        for ident, name, version in tools:
            _add(_add(apps, "application", ident=ident, version=version), "label", name)
    classes = SubElement(encoding, "classDecl")
    for prefix, (title, table) in _TABLES.items():
        taxonomy = SubElement(classes, "taxonomy", {_XML_ID: f"{prefix}s"})
        _add(taxonomy, "desc", title)
        for code in table.values():
            category = SubElement(taxonomy, "category", {_XML_ID: f"{prefix}-{code.code}"})
            _add(category, "catDesc", f"{code.label}: {code.description}")


def _revisions(header: Element, view: RecordView, changes: Sequence[Change], imprint: Imprint) -> None:
    groups = arrange_changes(changes, view.headings)
    if not groups and imprint.edition is None:
        return
    revisions = SubElement(header, "revisionDesc")
    change = SubElement(revisions, "change")
    if imprint.edition_date and _ISO_DATE.fullmatch(imprint.edition_date):
        change.set("when", imprint.edition_date)
    if imprint.edition is None:
        _add(change, "p", "Changes since the last edition; this state is not yet an edition.")
    else:
        change.set("n", str(imprint.edition))
        based = f", based on {imprint.based_on}" if imprint.based_on else ""
        _add(change, "p", f"Edition {imprint.edition}{based}.")
    if groups:
        listed = SubElement(change, "list")
        for group in groups:
            for line in group.lines:
                compared = " ".join(_compared(piece.kind, piece.text) for piece in line.pieces)
                said = ": ".join(part for part in (group.label, line.heading, compared) if part)
                item = _add(listed, "item", " ".join(part for part in (said, line.explanation) if part))
                if line.note_id in view.anchors:
                    item.set("corresp", f"#{view.anchors[line.note_id]}")


def _compared(kind: str, text: str) -> str:
    return text if kind == "same" else f"[{kind}: {text}]"


# --- photographs and notes --------------------------------------------------------------------


def _facsimile(root: Element, record: Record) -> dict[str, list[str]]:
    """A surface a photograph, a zone a sighting; returns the zones' ids of each note, the best first."""
    zones: dict[str, list[str]] = {}
    if not record.photos:
        return zones
    seen: dict[str, list[tuple[str, int, Polygon]]] = {}
    for note in record.notes:
        for rank, sighting in enumerate(note.sightings):
            seen.setdefault(sighting.photo, []).append((note.id, rank, sighting.polygon))
    facsimile = SubElement(root, "facsimile")
    ranked: list[tuple[str, int, str]] = []
    for number, photo in enumerate(record.photos, start=1):
        width, height = size_in_file(photo)
        size = {"ulx": "0", "uly": "0", "lrx": str(width), "lry": str(height)}
        surface = SubElement(facsimile, "surface", {_XML_ID: f"photo-{number}", **size})
        _add(
            surface,
            "graphic",
            url=words.url_path(photo.path),
            width=f"{width}px",
            height=f"{height}px",
        )
        for note_id, rank, polygon in seen.get(photo.path, []):
            zone_id = f"zone-{number}-{anchor_of(note_id)}-{rank}"
            SubElement(surface, "zone", {_XML_ID: zone_id, "points": _points(in_file(polygon, photo))})
            ranked.append((note_id, rank, zone_id))
    for note_id, _, zone_id in sorted(ranked):
        zones.setdefault(note_id, []).append(zone_id)
    return zones


def _points(polygon: Polygon) -> str:
    return " ".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in polygon)


def _section(body: Element, section: Section, view: RecordView, zones: dict[str, list[str]]) -> None:
    div = SubElement(
        body, "div", {"type": "principle" if section.principle else "unplaced", _XML_ID: section.anchor}
    )
    _add(div, "head", section.heading)
    if section.description:
        _add(div, "p", section.description)
    if section.reconciliation:
        _add(div, "p", section.reconciliation)
    if not section.groups:
        _add(div, "p", "Nobody put a note here.")
    for group in section.groups:
        part = SubElement(div, "div", {"type": "responses", "ana": f"#type-{group.response_type}"})
        _add(part, "head", group.label)
        listed = SubElement(part, "list")
        for item in group.items:
            for note in item.notes:
                _note(listed, note, view, zones.get(note.id, []))


def _note(listed: Element, note: Note, view: RecordView, zones: Sequence[str]) -> None:
    kinds = {
        "type": note.response_type,
        "shape": note.shape,
        "status": note.text_status,
        "state": note.reading_state,
    }
    ana = " ".join(f"#{prefix}-{code}" for prefix, code in kinds.items())
    item = SubElement(listed, "item", {_XML_ID: view.anchors[note.id], "ana": ana})
    if zones:
        item.set("facs", " ".join(f"#{zone}" for zone in zones))
    if note.id in view.answers:
        item.set("corresp", f"#{view.anchors[view.answers[note.id].id]}")


def _fill(item: Element, note: Note) -> None:
    if note.text_status == "no_text":
        SubElement(item, "space")
    elif note.text_status == "illegible":
        SubElement(item, "gap", {"reason": "illegible"})
    last: Element | None = None
    for piece in segments(note.text):
        if piece.kind == "text":
            if last is None:
                item.text = (item.text or "") + clean(piece.text)
            else:
                last.tail = (last.tail or "") + clean(piece.text)
        elif piece.kind == "unsure":
            last = _add(item, "unclear", piece.text, cert="low")
        elif piece.kind == "removed":
            last = SubElement(item, "gap", {"reason": "editorial"})
            _add(last, "desc", "name or contact removed")
        else:
            last = SubElement(item, "gap", {"reason": "illegible"})
