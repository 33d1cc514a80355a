"""PAGE-XML in: what was corrected in Transkribus, eScriptorium or the like comes back as decisions.

Nothing is decided from silence: a region that is missing, or that lost its words, is reported and left to the
review page. Reading the same file again gives the same decisions with the same ids, which the log keeps once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from pipeline import vocabulary
from pipeline.anchors import SAME_NOTE, overlap
from pipeline.asfiled import size_in_file, upright
from pipeline.errors import EditionError
from pipeline.exchange.pagexml import MARKS, PREFIX, clean, points_of, shown
from pipeline.model import Decision, Note, Photo, Polygon, Record

MAX_BYTES = 32 * 1024 * 1024
MAX_REGIONS = 20_000
SAME_PLACE = 0.95
"""Intersection over union from which an outline counts as unmoved: whole pixels round it a little."""

_REMEDY = "Export the page again as PAGE-XML, and import that file."


class PageError(EditionError):
    """A PAGE file that cannot be read; nothing of it was taken over."""


@dataclass(frozen=True, slots=True)
class Region:
    """One TextRegion of a file, its outline scaled to the photograph's pixels; `text` None if it has none."""

    id: str
    polygon: Polygon
    text: str | None
    kind: str
    exported: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PageFile:
    """A PAGE file as read, whatever program wrote it."""

    image: str
    width: int
    height: int
    photo_sha256: str
    created: str
    regions: tuple[Region, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corrections:
    """What files brought: decisions in the order to be appended, and what was not taken over and why."""

    decisions: tuple[Decision, ...]
    problems: tuple[str, ...]


def read_page(data: bytes, name: str = "the file") -> PageFile:
    """Reads a PAGE document of any version. Raises PageError for anything else, or anything unsafe."""
    if len(data) > MAX_BYTES:
        raise _refused(name, f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _refused(name, "it declares entities or a document type, which PAGE never needs") from error
    except (ParseError, ValueError, LookupError) as error:
        raise _refused(name, f"it is no XML ({error})") from error
    page = _child(root, "Page")
    if _local(root) != "PcGts" or page is None:
        raise _refused(name, "it is no PAGE document (there is no PcGts with a Page in it)")
    try:
        width, height = int(page.get("imageWidth", "")), int(page.get("imageHeight", ""))
    except ValueError as error:
        raise _refused(name, "the page does not say how large its picture is") from error
    if width <= 0 or height <= 0:
        raise _refused(name, "the page's picture has no size")
    metadata = _child(root, "Metadata")
    about = _exported(metadata) if metadata is not None else {}
    created = metadata is not None and _child(metadata, "Created")
    problems: list[str] = []
    regions: list[Region] = []
    for number, element in enumerate(page.iter()):
        if _local(element) != "TextRegion":
            continue
        if len(regions) >= MAX_REGIONS or number > 50 * MAX_REGIONS:
            raise _refused(name, f"it has more than {MAX_REGIONS} regions")
        polygon = _polygon(element)
        if polygon is None:
            problems.append(
                f"Region {element.get('id', '?')} has no outline that can be read; it was left out."
            )
            continue
        regions.append(
            Region(element.get("id", ""), polygon, _words(element), _kind(element), _exported(element))
        )
    return PageFile(
        page.get("imageFilename", ""),
        width,
        height,
        about.get("photo_sha256", ""),
        (created.text or "").strip() if isinstance(created, Element) else "",
        tuple(regions),
        tuple(problems),
    )


def corrections_of(
    files: Mapping[str, bytes],
    record: Record,
    *,
    person: str,
    when: str,
    exported: Mapping[str, bytes] | None = None,
    known: Collection[str] = (),
) -> Corrections:
    """What people changed in these files (name -> content), as decisions.

    `exported` holds the files as they once went out, by the same names, for programs that drop what is
    not theirs. `known` are ids of decisions that the log has: they are not made again. `person` and
    `when` (ISO 8601) are written into each decision. A file that cannot be read is reported; the others count.
    """
    made: dict[str, Decision] = {}
    problems: list[str] = []
    said: set[tuple[str, str, bytes]] = set()
    for name in sorted(files):
        try:
            page = read_page(files[name], name)
            before = read_page(exported[name], name) if exported and name in exported else None
        except PageError as error:
            problems.append(" ".join(str(error).split("\n")))
            continue
        photo = _photo_of(page, record)
        if photo is None:
            problems.append(f"{name}: its picture {page.image!r} is no photograph of this workshop.")
            continue
        reader = _Comparison(name, page, before, photo, record, person, when)
        reader.compare()
        problems += reader.problems
        for note_id, decision in reader.made:
            # One note on two photographs is corrected once, if it was corrected alike.
            key = (note_id, decision.field, msgspec.json.encode(decision.new))
            is_repeated = bool(note_id) and decision.field not in ("polygon", "note") and key in said
            if decision.id not in known and not is_repeated:
                said.add(key)
                made.setdefault(decision.id, decision)
    return Corrections(tuple(made.values()), tuple(problems))


@dataclass(slots=True)
class _Comparison:
    """One file beside the record; `made` are decisions with the id of the note they are about."""

    name: str
    page: PageFile
    before: PageFile | None
    photo: Photo
    record: Record
    person: str
    when: str
    made: list[tuple[str, Decision]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def compare(self) -> None:
        """Finds each region's note and tells what differs."""
        self.problems += [f"{self.name}: {problem}" for problem in self.page.problems]
        outlines = {
            note.id: sighting.polygon
            for note in self.record.notes
            for sighting in note.sightings
            if sighting.photo_sha256 == self.photo.sha256
        }
        notes = {note.id: note for note in self.record.notes if note.id in outlines}
        regions = [region for region in self.page.regions if region.kind != "heading"]
        partners = _partners(regions, [self._scaled(region.polygon) for region in regions], outlines)
        for index, region in enumerate(regions):
            polygon = self._scaled(region.polygon)
            note_id = partners.get(index)
            if note_id is None:
                self._new_region(region, polygon)
            else:
                self._compare(notes[note_id], outlines[note_id], region, polygon)
        missing = len(outlines) - len(set(partners.values()))
        if missing:
            count = "1 note is" if missing == 1 else f"{missing} notes are"
            self.problems.append(
                f"{self.name}: {count} not in the file any more. Nothing was decided about that; what is no "
                "note can be marked so on the review page."
            )

    def _scaled(self, polygon: Polygon) -> Polygon:
        width, height = size_in_file(self.photo)
        fx, fy = width / self.page.width, height / self.page.height
        scaled = upright(tuple((x * fx, y * fy) for x, y in polygon), self.photo)
        return tuple((round(x, 1), round(y, 1)) for x, y in scaled)

    def _decide(
        self, note_id: str, polygon: Polygon, what: str, old: object, new: object, based_on: str
    ) -> None:
        key = msgspec.json.encode([self.photo.sha256, polygon, what, new, self.page.created])
        decision = Decision(
            id="p" + hashlib.sha256(key).hexdigest()[:16],
            photo_sha256=self.photo.sha256,
            polygon=polygon,
            field=what,
            old=old,
            new=new,
            reason=f"corrected in {PurePosixPath(self.name).name} (PAGE-XML)",
            person=self.person,
            when=self.when,
            based_on=based_on,
        )
        self.made.append((note_id, decision))

    def _new_region(self, region: Region, polygon: Polygon) -> None:
        if region.exported.get("note_id"):
            self.problems.append(
                f"{self.name}: region {region.id} stands for a note that this photograph does not show any "
                "more; nothing was made of it."
            )
            return
        self._decide("", polygon, "note", None, polygon, "")
        words = (region.text or "").strip()
        if words:
            what, new = _reading(words)
            self._decide("", polygon, what, None, new, "")

    def _compare(self, note: Note, outline: Polygon, region: Region, polygon: Polygon) -> None:
        before = self._as_exported(region, note)
        baseline = region.exported or (before.exported if before else {})
        now = clean(shown(note))
        was = baseline.get("text", now)
        words = (region.text or "").strip()
        if not words:
            if was.strip() not in ("", MARKS["no_text"]):
                self.problems.append(
                    f"{self.name}: region {region.id} has no words any more. Nothing was decided: say “[no text]” "
                    "or “[illegible]”, or choose so on the review page."
                )
        elif _folded(words) not in (_folded(was), _folded(now)):
            what, new = _reading(words)
            # Made not knowing what the record says by now, it is a second reading, and may be disputed.
            is_aware = _folded(was) == _folded(now)
            current = note.text if what == "text" else note.text_status
            self._decide(note.id, outline, what, current if is_aware else None, new, was)
        kind = baseline.get("response_type", note.response_type)
        if region.kind not in (kind, note.response_type, "") and region.kind in vocabulary.RESPONSE_TYPES:
            old = note.response_type if kind == note.response_type else None
            self._decide(note.id, outline, "response_type", old, region.kind, was)
        rounded = _points(points_of(outline, self.photo)) or outline
        is_moved = max(overlap(outline, polygon), overlap(rounded, polygon)) < SAME_PLACE
        if is_moved and before is not None:
            # The outline as it went out, if it is the record's that has moved since then.
            is_moved = overlap(self._scaled(before.polygon), polygon) < SAME_PLACE
        if is_moved:
            self._decide(note.id, outline, "polygon", outline, polygon, was)

    def _as_exported(self, region: Region, note: Note) -> Region | None:
        """The note's region as it once went out, where that file is at hand."""
        regions = self.before.regions if self.before else ()
        wanted = region.exported.get("note_id", note.id)
        return next((one for one in regions if one.exported.get("note_id") == wanted), None)


def _partners(
    regions: Sequence[Region], places: Sequence[Polygon], outlines: Mapping[str, Polygon]
) -> dict[int, str]:
    """The note each region stands for: by the id it carries, else by overlap, the best pairs first."""
    partners: dict[int, str] = {}
    for index, region in enumerate(regions):
        note_id = region.exported.get("note_id", "")
        if note_id in outlines and note_id not in partners.values():
            partners[index] = note_id
    taken = set(partners.values())
    pairs = sorted(
        (-share, index, note_id)
        for index, place in enumerate(places)
        if index not in partners
        for note_id, outline in outlines.items()
        if note_id not in taken and (share := overlap(place, outline)) >= SAME_NOTE
    )
    for _, index, note_id in pairs:
        if index not in partners and note_id not in taken:
            partners[index] = note_id
            taken.add(note_id)
    return partners


def _reading(words: str) -> tuple[str, str]:
    """What a region's words decide: (text, the words) or (text_status, no_text or illegible)."""
    for status, mark in MARKS.items():
        if words.casefold() == mark:
            return "text_status", status
    return "text", words


def _folded(text: str) -> str:
    return " ".join(text.split())


def _photo_of(page: PageFile, record: Record) -> Photo | None:
    """The photograph a page shows: by its digest, else by its path, else by its file's name if only one has it."""
    for photo in record.photos:
        if page.photo_sha256 == photo.sha256:
            return photo
    for photo in record.photos:
        if page.image == photo.path:
            return photo
    name = PurePosixPath(page.image.replace("\\", "/")).name
    same = [photo for photo in record.photos if PurePosixPath(photo.path).name == name]
    return same[0] if len(same) == 1 and not page.photo_sha256 else None


def _refused(name: str, why: str) -> PageError:
    return PageError(
        f"{name} cannot be imported: {why}.", safe="Nothing of it was taken over.", remedy=_REMEDY
    )


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(parent: Element, name: str) -> Element | None:
    return next((child for child in parent if _local(child) == name), None)


def _exported(element: Element) -> dict[str, str]:
    defined = _child(element, "UserDefined")
    found: dict[str, str] = {}
    for attribute in defined if defined is not None else ():
        name = attribute.get("name", "")
        if _local(attribute) == "UserAttribute" and name.startswith(PREFIX):
            found[name.removeprefix(PREFIX)] = attribute.get("value", "")
    return found


def _kind(region: Element) -> str:
    """The region's type as Transkribus and eScriptorium write it, else its own."""
    match = re.search(r"structure\s*\{[^}]*type:\s*([\w-]+)", region.get("custom", "")[:2000])
    if match:
        return match[1]
    kind = region.get("type", "")
    return "heading" if kind == "heading" else ""


def _polygon(region: Element) -> Polygon | None:
    coords = _child(region, "Coords")
    if coords is None:
        return None
    return _points(coords.get("points", "")[:100_000])


def _points(text: str) -> Polygon | None:
    """Points as PAGE writes them, "x,y x,y x,y"; None for what is no outline."""
    points: list[tuple[float, float]] = []
    for pair in text.split():
        x, _, y = pair.partition(",")
        try:
            points.append((float(x), float(y)))
        except ValueError:
            return None
    if len(points) < 3 or not all(abs(value) < 1e7 for point in points for value in point):
        return None
    return tuple(points)


def _words(region: Element) -> str | None:
    """A region's text: its lines', in their order, where they have any, else its own.

    Where both are there and differ, the one that is not what was exported is the corrected one; programs
    often mend the lines and leave the region's own text as it was.
    """
    lines = [child for child in region if _local(child) == "TextLine"]
    order = [
        re.search(r"readingOrder\s*\{\s*index:\s*(\d{1,6})", line.get("custom", "")[:2000]) for line in lines
    ]
    if lines and all(order):
        places = [int(match[1]) for match in order if match]
        lines = [line for _, line in sorted(zip(places, lines, strict=True), key=lambda pair: pair[0])]
    texts = [_equivalent(line) for line in lines]
    joined = (
        "\n".join(text for text in texts if text is not None) if any(t is not None for t in texts) else None
    )
    own = _equivalent(region)
    was = _exported(region).get("text")
    if joined is None or (own is not None and was is not None and _folded(joined) == _folded(was)):
        return own if own is not None else joined
    return joined


def _equivalent(element: Element) -> str | None:
    """The first TextEquiv by index, or the words below where a line has only those."""
    found = [child for child in element if _local(child) == "TextEquiv"]
    found.sort(key=lambda child: int(child.get("index", "0")) if child.get("index", "0").isdigit() else 0)
    for child in found:
        unicode = _child(child, "Unicode")
        if unicode is not None:
            return "".join(unicode.itertext())
    words = [_equivalent(child) for child in element if _local(child) == "Word"]
    return " ".join(word for word in words if word) if any(words) else None
