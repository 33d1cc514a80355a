"""PAGE-XML (2019-07-15) out and in, for Transkribus, eScriptorium, Aletheia and others.

Out: one file a photograph, one TextRegion a note, its words as TextLines. In: what somebody changed in such a
program comes back as decisions, which are laid over the machine's results like any other. So that only real
changes come back, each region carries what was exported (UserDefined); programs that drop that are helped by
the exported file itself, if it is still there, else by the record as it is now.

Source: https://github.com/PRImA-Research-Lab/PAGE-XML (schema pagecontent, 2019-07-15).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from pipeline.asfiled import in_file, size_in_file
from pipeline.model import Board, Note, Photo, Polygon, Record, Sighting, bounding_box

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
PREFIX = "workshop."
"""Begins the names of the user attributes that are ours."""

MARKS = {"illegible": "[illegible]", "no_text": "[no text]"}
"""What stands in a region for a note without words to print."""


def page_files(record: Record, created: str) -> dict[str, bytes]:
    """The PAGE files of all photographs that show notes: "page/<name>.xml" -> bytes.

    `created` is an ISO 8601 timestamp in UTC; the same record and timestamp give the same bytes.
    """
    files: dict[str, bytes] = {}
    for photo in record.photos:
        if not any(_sighting_on(note, photo) for note in record.notes):
            continue
        name = f"page/{PurePosixPath(photo.path).with_suffix('.xml')}"
        if name in files:
            name = f"page/{photo.path}.xml"
        files[name] = write_page(record, photo, created)
    return files


def write_page(record: Record, photo: Photo, created: str) -> bytes:
    """One photograph's notes and headings as a PAGE document (UTF-8), notes in the record's order."""
    root = Element("PcGts", {"xmlns": NAMESPACE})
    metadata = SubElement(root, "Metadata")
    SubElement(metadata, "Creator").text = "workshop-transcription"
    SubElement(metadata, "Created").text = created
    SubElement(metadata, "LastChange").text = created
    SubElement(metadata, "Comments").text = (
        "One text region is one note. The lines of a note are bands of its outline, not measured. "
        "Marks: [illegible] lost words, word[?] unsure word, [no text] a note without writing."
    )
    _attributes(metadata, {"photo_sha256": photo.sha256, "workshop_id": record.workshop_id})
    page = SubElement(
        root,
        "Page",
        {
            "imageFilename": clean(photo.path),
            "imageWidth": str(size_in_file(photo)[0]),
            "imageHeight": str(size_in_file(photo)[1]),
        },
    )
    seen = [(note, sighting) for note in record.notes if (sighting := _sighting_on(note, photo))]
    order = SubElement(page, "ReadingOrder") if seen else None
    group = SubElement(order, "OrderedGroup", {"id": "reading_order"}) if order is not None else None
    used: set[str] = set()
    for number, (text, polygon) in enumerate(_headings_on(record.boards, photo), start=1):
        custom = "structure {type:heading;}"
        region = SubElement(
            page, "TextRegion", {"id": f"heading_{number}", "type": "heading", "custom": custom}
        )
        SubElement(region, "Coords", {"points": points_of(polygon, photo)})
        _lines(region, text, polygon, photo, f"heading_{number}")
    for index, (note, sighting) in enumerate(seen):
        region_id = _region_id(note.id, used)
        if group is not None:
            SubElement(group, "RegionRefIndexed", {"index": str(index), "regionRef": region_id})
        _region(page, note, sighting, photo, region_id, index)
    indent(root, space=" ")
    document: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'.encode()


def shown(note: Note) -> str:
    """A note's words as they stand in a region."""
    return MARKS.get(note.text_status, note.text)


def points_of(polygon: Polygon, photo: Photo) -> str:
    """A polygon as PAGE writes it: whole pixels inside the picture as its file has it, no point twice in a row."""
    width, height = size_in_file(photo)
    points: list[str] = []
    for x, y in in_file(polygon, photo):
        point = f"{min(max(round(x), 0), width)},{min(max(round(y), 0), height)}"
        if not points or points[-1] != point:
            points.append(point)
    # The schema wants two points at least; an outline that small is a dot anyway.
    return " ".join(points if len(points) > 1 else points * 2)


def _sighting_on(note: Note, photo: Photo) -> Sighting | None:
    return next((one for one in note.sightings if one.photo_sha256 == photo.sha256), None)


def _region(page: Element, note: Note, sighting: Sighting, photo: Photo, region_id: str, index: int) -> None:
    custom = f"readingOrder {{index:{index};}} structure {{type:{note.response_type};}}"
    region = SubElement(
        page,
        "TextRegion",
        {"id": region_id, "type": "other", "custom": custom, "production": "handwritten-cursive"},
    )
    SubElement(region, "Coords", {"points": points_of(sighting.polygon, photo)})
    _attributes(
        region,
        {
            "note_id": note.id,
            "text": shown(note),
            "text_status": note.text_status,
            "reading_state": note.reading_state,
            "response_type": note.response_type,
            "shape": note.shape,
            "colour": note.colour,
            "principle_id": note.principle_id or "",
        },
    )
    if note.text_status == "no_text":
        return
    _lines(region, shown(note), sighting.polygon, photo, region_id)


def _lines(region: Element, text: str, polygon: Polygon, photo: Photo, region_id: str) -> None:
    rows = text.split("\n")
    x, y, width, height = bounding_box(polygon)
    for number, row in enumerate(rows):
        if len(rows) == 1:
            band = polygon
        else:
            top, bottom = y + height * number / len(rows), y + height * (number + 1) / len(rows)
            band = ((x, top), (x + width, top), (x + width, bottom), (x, bottom))
        custom = f"readingOrder {{index:{number};}}"
        line = SubElement(region, "TextLine", {"id": f"{region_id}_l{number}", "custom": custom})
        SubElement(line, "Coords", {"points": points_of(band, photo)})
        left, floor, breadth, depth = bounding_box(band)
        base = floor + 0.75 * depth
        SubElement(
            line, "Baseline", {"points": points_of(((left, base), (left + max(breadth, 1.0), base)), photo)}
        )
        _text(line, row)
    _text(region, text)


def _text(parent: Element, text: str) -> None:
    SubElement(SubElement(parent, "TextEquiv"), "Unicode").text = clean(text)


def _attributes(parent: Element, values: dict[str, str]) -> None:
    defined = SubElement(parent, "UserDefined")
    for name, value in values.items():
        SubElement(
            defined,
            "UserAttribute",
            {"name": PREFIX + name, "type": "xsd:string", "value": clean(value)},
        )


def clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(
        character
        if character in "\t\n"
        or (unicodedata.category(character) not in ("Cc", "Cs") and ord(character) not in _BAD)
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


_BAD = frozenset({0xFFFE, 0xFFFF})


def _region_id(note_id: str, used: set[str]) -> str:
    """An id that XML allows, readable and unique on its page."""
    base = "note_" + re.sub(r"[^A-Za-z0-9_.-]", "_", note_id)[:80]
    region_id, number = base, 2
    while region_id in used:
        region_id, number = f"{base}.{number}", number + 1
    used.add(region_id)
    return region_id


def _headings_on(boards: Sequence[Board], photo: Photo) -> Iterator[tuple[str, Polygon]]:
    """The headings of the photograph's board, carried over from the board's frame to its own pixels."""
    for board in boards:
        if photo.path not in board.photos:
            continue
        forward = np.array(board.transforms[board.photos.index(photo.path)], dtype=np.float64).reshape(3, 3)
        try:
            back = np.linalg.inv(forward)
        except np.linalg.LinAlgError:
            continue
        for heading in board.headings:
            corners = np.array([(x, y, 1.0) for x, y in heading.polygon]) @ back.T
            if np.any(np.abs(corners[:, 2]) < 1e-9):
                continue
            points = corners[:, :2] / corners[:, 2:]
            x, y = points.mean(axis=0)
            if 0 <= x <= photo.width and 0 <= y <= photo.height:
                yield heading.text, tuple((round(float(u), 1), round(float(v), 1)) for u, v in points)
