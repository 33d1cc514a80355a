"""What a record says, arranged for readers: the one arrangement that every format shares.

Principles come in the workshop's order, response types in the legend's order of the vocabulary,
words in the order of the board. Notes that cannot be read and notes without text are collapsed to
one line of each kind (`[no text] × 4`), as published workshop records do. Everything here is pure
and free of any format's escaping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pipeline import vocabulary
from pipeline.model import Note, Principle, Record, Tally
from pipeline.once import once_in_a_row
from pipeline.publish import words
from pipeline.publish.saying import COLLAPSED_MARK, Segment, anchor_of, may_show_crop, segments
from pipeline.publish.theming import UNPLACED, Passage, ThemeView, passages, tally_sentence, theme_views

UNPLACED_HEADING = UNPLACED
SHAPE_ORDER = tuple(vocabulary.SHAPES)
TYPE_ORDER = tuple(vocabulary.RESPONSE_TYPES)
STATUS_ORDER = tuple(vocabulary.TEXT_STATUSES)
COLLAPSED = ("illegible", "no_text")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a group: a note's words, or several notes collapsed under one mark."""

    notes: tuple[Note, ...]
    segments: tuple[Segment, ...]
    mark: str = ""

    @property
    def is_collapsed(self) -> bool:
        """True for a line of `[illegible]` or `[no text]` notes."""
        return bool(self.mark)


@dataclass(frozen=True, slots=True)
class Group:
    """The responses of one type under one heading; `shapes` are the legend's shapes for the type."""

    response_type: str
    label: str
    description: str
    shapes: tuple[str, ...]
    items: tuple[Item, ...]
    count: int
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One principle with its responses; `principle` is None for the unplaced notes."""

    anchor: str
    heading: str
    description: str
    principle: Principle | None
    groups: tuple[Group, ...]
    themes: tuple[ThemeView, ...]
    found: int
    stated: int | None
    by_type: dict[str, int]
    by_status: dict[str, int]
    tally: Tally | None = None

    @property
    def themes_told(self) -> str:
        """How its notes fared when themes were sought, in a sentence; empty where there are none."""
        return tally_sentence(self.tally) if self.themes else ""

    @property
    def is_reconciled(self) -> bool:
        """True when a count was stated and as many notes were found."""
        return self.stated == self.found

    @property
    def reconciliation(self) -> str:
        """Stated against found, in a sentence; empty where no count was stated."""
        if self.stated is None:
            return ""
        gap = self.found - self.stated
        if gap == 0:
            return f"{self.stated} stated earlier, {self.found} found: they agree."
        return (
            f"{self.stated} stated earlier, {self.found} found: {abs(gap)} {'more' if gap > 0 else 'fewer'}."
        )


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A shape people could use, and what it meant."""

    shape: str
    shape_label: str
    response_type: str
    label: str
    description: str
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The honest numbers of a record; all are counts of notes unless the name says otherwise.

    `expected_wrong` is the sum of (1 - confidence) over notes that a machine read, whose words are
    printed and which nobody has checked: how many of them one should expect to be wrong if the
    calibrated confidences hold.
    """

    notes: int
    photos: int
    refused: int
    principles: int
    unplaced: int
    by_type: dict[str, int]
    by_status: dict[str, int]
    by_state: dict[str, int]
    machine_printed: int
    machine_declined: int
    expected_wrong: float
    unsure_words: int
    with_lost_words: int
    seen_twice: int
    unsure_type: int
    imported: int

    @property
    def written(self) -> int:
        """Notes with writing on them."""
        return self.notes - self.by_status["no_text"]

    @property
    def readable(self) -> int:
        """Notes whose words are printed, wholly or in part."""
        return self.by_status["legible"] + self.by_status["partial"]

    @property
    def readable_share(self) -> str:
        """Readable notes as a share of those with writing."""
        return words.percent(self.readable, self.written)


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who made this record and which edition it is; all of it optional and said by people.

    `edition_date` is an ISO date; `promises` are sentences such as "to be updated from the
    original photographs".
    """

    edition: int | None = None
    edition_date: str | None = None
    based_on: str = ""
    credits: tuple[str, ...] = ()
    photo_licence: str = ""
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record arranged for reading: the sections in order, the unplaced notes apart."""

    record: Record
    sections: tuple[Section, ...]
    unplaced: Section | None
    legend: tuple[LegendEntry, ...]
    figures: Figures
    anchors: dict[str, str]
    answers: dict[str, Note]
    across: tuple[Passage, ...] = ()

    @property
    def headings(self) -> dict[str, str]:
        """What people read for each principle's id."""
        return {principle.id: principle.heading for principle in self.record.principles}

    @property
    def all_sections(self) -> tuple[Section, ...]:
        """Every section that holds notes or was asked about, the unplaced notes last."""
        return self.sections + ((self.unplaced,) if self.unplaced else ())


def examples(view: RecordView, crops: Collection[str], most: int = 4) -> tuple[Note, ...]:
    """A note of each response type to stand for the rest: the most surely read that has a picture."""
    chosen: list[Note] = []
    for response_type in TYPE_ORDER:
        able = [
            note
            for note in view.record.notes
            if note.response_type == response_type
            and note.text_status == "legible"
            and note.id in crops
            and may_show_crop(note)
        ]
        if able:
            chosen.append(max(able, key=lambda note: (note.confidence, -note.position)))
    return tuple(chosen[:most])


def _reading_order(note: Note) -> tuple[int, str]:
    return note.position, note.id


def _items(notes: Iterable[Note]) -> tuple[Item, ...]:
    ordered = sorted(notes, key=_reading_order)
    lines = [Item((note,), segments(note.text)) for note in ordered if note.text_status not in COLLAPSED]
    for status in COLLAPSED:
        same = tuple(note for note in ordered if note.text_status == status)
        if same:
            lines.append(Item(same, (), COLLAPSED_MARK[status]))
    return tuple(lines)


def _groups(notes: Sequence[Note], record: Record) -> tuple[Group, ...]:
    """One group a response type; a transcript's own groups stay apart where no type is recorded."""
    parts: dict[tuple[int, int], list[Note]] = {}
    for note in notes:
        apart = (note.group or 0) if note.response_type == "not_recorded" else 0
        parts.setdefault((TYPE_ORDER.index(note.response_type), apart), []).append(note)
    groups: list[Group] = []
    for type_index, apart in sorted(parts):
        code = vocabulary.RESPONSE_TYPES[TYPE_ORDER[type_index]]
        members = parts[type_index, apart]
        is_continued = bool(groups) and groups[-1].response_type == code.code
        groups.append(
            Group(
                response_type=code.code,
                label=code.label,
                description=code.description,
                shapes=_shapes_of(code.code, record),
                items=_items(members),
                count=len(members),
                is_continued=is_continued,
            )
        )
    return tuple(groups)


def _shapes_of(response_type: str, record: Record) -> tuple[str, ...]:
    return tuple(shape for shape in SHAPE_ORDER if record.legend.by_shape.get(shape) == response_type)


def _counted(codes: Iterable[str], order: Sequence[str]) -> dict[str, int]:
    counts = Counter(codes)
    return {code: counts[code] for code in order}


def _section(
    record: Record, principle: Principle | None, anchor: str, notes: Sequence[Note], by_id: dict[str, Note]
) -> Section:
    principle_id = principle.id if principle else None
    return Section(
        anchor=anchor,
        heading=principle.heading if principle else UNPLACED_HEADING,
        description=principle.description if principle else "",
        principle=principle,
        groups=_groups(notes, record),
        themes=theme_views(
            (theme for theme in record.themes if theme.principle_id == principle_id),
            by_id,
            frozenset(theme.id for theme in record.missing_themes),
        ),
        found=len(notes),
        stated=principle.stated if principle else None,
        by_type=_counted((note.response_type for note in notes), TYPE_ORDER),
        by_status=_counted((note.text_status for note in notes), STATUS_ORDER),
        tally=next((tally for tally in record.theme_tallies if tally.principle_id == principle_id), None),
    )


def _figures(record: Record, unplaced: int) -> Figures:
    notes = record.notes
    machine = [note for note in notes if note.reading_state == "machine" and note.sightings]
    printed = [note for note in machine if note.text_status in ("legible", "partial")]
    cut = [segment for note in notes for segment in segments(note.text)]
    return Figures(
        notes=len(notes),
        photos=len(record.photos),
        refused=len(record.refusals),
        principles=len(record.principles),
        unplaced=unplaced,
        by_type=_counted((note.response_type for note in notes), TYPE_ORDER),
        by_status=_counted((note.text_status for note in notes), STATUS_ORDER),
        by_state=_counted((note.reading_state for note in notes), tuple(vocabulary.READING_STATES)),
        machine_printed=len(printed),
        machine_declined=sum(note.text_status == "illegible" for note in machine),
        expected_wrong=round(sum(1 - note.confidence for note in printed), 1),
        unsure_words=sum(segment.kind == "unsure" for segment in cut),
        with_lost_words=sum(any(segment.kind == "lost" for segment in segments(note.text)) for note in notes),
        seen_twice=sum(len(note.sightings) > 1 for note in notes),
        unsure_type=sum(note.response_type == "unsure" for note in notes),
        imported=sum(not note.sightings for note in notes),
    )


def _legend(record: Record) -> tuple[LegendEntry, ...]:
    counts = Counter(note.response_type for note in record.notes)
    pairs = sorted(
        record.legend.by_shape.items(),
        key=lambda pair: (TYPE_ORDER.index(pair[1]), SHAPE_ORDER.index(pair[0])),
    )
    return tuple(
        LegendEntry(
            shape=shape,
            shape_label=vocabulary.SHAPES[shape].label,
            response_type=kind,
            label=vocabulary.RESPONSE_TYPES[kind].label,
            description=vocabulary.RESPONSE_TYPES[kind].description,
            count=counts[kind],
        )
        for shape, kind in pairs
    )


@once_in_a_row
def arrange(record: Record) -> RecordView:
    """Arrange a whole record for reading.

    Principles keep the workshop's order, also those nobody answered: that, too, is a finding.
    Notes whose principle the workshop does not list are treated as unplaced, never dropped.
    """
    by_id = {note.id: note for note in record.notes}
    known = {principle.id for principle in record.principles}
    placed: dict[str | None, list[Note]] = {}
    for note in record.notes:
        placed.setdefault(note.principle_id if note.principle_id in known else None, []).append(note)
    sections = tuple(
        _section(
            record,
            principle,
            f"principle-{number}-{words.slug(principle.heading)}".rstrip("-"),
            placed.get(principle.id, []),
            by_id,
        )
        for number, principle in enumerate(record.principles, start=1)
    )
    homeless = placed.get(None, [])
    unplaced = _section(record, None, "unplaced", homeless, by_id) if homeless else None
    return RecordView(
        record=record,
        sections=sections,
        unplaced=unplaced,
        legend=_legend(record),
        figures=_figures(record, len(homeless)),
        anchors={note.id: anchor_of(note.id) for note in record.notes},
        answers={
            note.id: by_id[note.answers_note_id] for note in record.notes if note.answers_note_id in by_id
        },
        across=passages(record),
    )
