"""Themes as a REFI-QDA codebook (.qdc), which NVivo, QualCoder, ATLAS.ti and MAXQDA read.

Each principle is a code that is not itself applied to text, its themes are codes below it; two sets tell the
machine's suggestions from the themes that people named. The standard: REFI-QDA 1.5, codebook schema 1.0,
namespace urn:QDA-XML:codebook:1.0.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from pipeline.model import Note, Principle, Theme

NAMESPACE = "urn:QDA-XML:codebook:1.0"
ORIGIN = "workshop-transcription"
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_PRINCIPLE_COLOURS = ("#2F6F8F", "#B4562B", "#4F7A3A", "#7A4B8C", "#A8862B", "#3D5A98", "#9C3B55", "#2E7D74")
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def codebook(
    principles: Sequence[Principle], themes: Sequence[Theme], notes: Sequence[Note], workshop_id: str
) -> bytes:
    """The file's content: UTF-8 XML, the same for the same themes; ids are made of the workshop's and theirs.

    Principles without themes are codes too, so that a researcher can go on coding by hand.
    """
    words = {note.id: note.text for note in notes}
    root = ET.Element("CodeBook", {"xmlns": NAMESPACE, "origin": ORIGIN})
    codes = ET.SubElement(root, "Codes")
    known = {principle.id for principle in principles}
    headings = [(principle.id, principle.heading, principle.description) for principle in principles]
    if not headings or any(theme.principle_id not in known for theme in themes):  # the schema wants a code
        headings.append(("", "Unplaced", "Notes that no heading claims."))
    for place, (principle_id, heading, description) in enumerate(headings):
        colour = _PRINCIPLE_COLOURS[place % len(_PRINCIPLE_COLOURS)]
        parent = _code(codes, _guid(workshop_id, "principle", principle_id), heading, False, colour)
        _describe(parent, description)
        for theme in themes:
            its = theme.principle_id if theme.principle_id in known else ""
            if its == principle_id:
                code = _code(parent, _guid(workshop_id, "theme", theme.id), theme.label, True, colour)
                _describe(code, _about(theme, words))
    sets = [
        ("Named by people", "Themes whose names people gave.", [t for t in themes if t.is_named_by_person]),
        (
            "Suggested by the machine",
            "Groups of notes that say alike, by similarity of words and meaning; nobody has confirmed them.",
            [t for t in themes if not t.is_named_by_person],
        ),
    ]
    if themes:
        element = ET.SubElement(root, "Sets")
        for name, description, members in sets:
            if members:
                one = ET.SubElement(element, "Set", {"guid": _guid(workshop_id, "set", name), "name": name})
                _describe(one, description)
                for theme in members:
                    ET.SubElement(one, "MemberCode", {"guid": _guid(workshop_id, "theme", theme.id)})
    ET.indent(root)
    written: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'.encode()


def _code(parent: ET.Element, guid: str, name: str, is_codable: bool, colour: str) -> ET.Element:
    attributes = {"guid": guid, "name": _clean(name), "isCodable": str(is_codable).lower(), "color": colour}
    return ET.SubElement(parent, "Code", attributes)


def _describe(parent: ET.Element, text: str) -> None:
    if text:
        ET.SubElement(parent, "Description").text = _clean(text)


def _about(theme: Theme, words: dict[str, str]) -> str:
    kind = "Named by people." if theme.is_named_by_person else "Suggested by similarity."
    if theme.strength == "possible":
        kind = "A possible link by similarity."
    count = f"{len(theme.note_ids)} note{'s' if len(theme.note_ids) != 1 else ''}:"
    sure = theme.sure_note_ids or theme.note_ids
    quotes = [
        ("" if note_id in sure else "perhaps ")
        + (f"“{words[note_id]}”" if words.get(note_id) else "[no text]")
        for note_id in theme.note_ids
    ]
    return "\n".join([kind, *([theme.description] if theme.description else []), count, *quotes])


def _guid(*parts: str) -> str:
    return str(uuid.uuid5(_SPACE, "\n".join(parts))).upper()


def _clean(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return _NOT_IN_XML.sub("", text)
