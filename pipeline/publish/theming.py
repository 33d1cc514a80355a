"""Themes arranged for readers: each with its quotation and counts, and what runs across the headings.

Shared by every format, like pipeline.publish.view: sentences are made here, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline import vocabulary
from pipeline.model import Crosswalk, Note, Record, Tally, Theme
from pipeline.publish import words

UNPLACED = "Unplaced notes"
_Placed = Callable[[Iterable[str]], tuple[tuple[Note, str], ...]]
"""Finds notes by id, each with its heading, in the order of the record."""


@dataclass(frozen=True, slots=True)
class ThemeView:
    """A theme with the notes that stand for it; `sure` are those that most surely say the same."""

    label: str
    strength: str
    is_named_by_person: bool
    notes: tuple[Note, ...]
    quote_note: Note | None
    sure: tuple[Note, ...] = ()
    description: str = ""
    is_missing: bool = False

    @property
    def others(self) -> tuple[Note, ...]:
        """Its notes without the one that is quoted."""
        return tuple(note for note in self.notes if note is not self.quote_note)

    @property
    def doubtful_ids(self) -> frozenset[str]:
        """The ids of its notes that may not belong: all but the sure ones, where there are any."""
        if not self.sure:
            return frozenset()
        return frozenset(note.id for note in self.notes) - {note.id for note in self.sure}

    @property
    def about(self) -> str:
        """What it is and how large, in one line: `suggested, 3 notes and perhaps 2 more: 4 agreement, 1 challenge`."""
        parts = [self._kind, self._size]
        if self.is_missing:
            parts.append("fits none of the principles")
        return ", ".join(parts) + _types(self.notes)

    @property
    def _kind(self) -> str:
        if self.is_named_by_person:
            return "named by a person"
        return "suggested" if self.strength == "suggested" else "a possible link"

    @property
    def _size(self) -> str:
        rest = len(self.notes) - len(self.sure)
        if not self.sure or rest <= 0:
            return words.count(len(self.notes), "note")
        return f"{words.count(len(self.sure), 'note')} and perhaps {rest:,} more"


def _types(notes: Sequence[Note]) -> str:
    """`: 4 agreement, 1 challenge`; nothing where no type is recorded."""
    counts = Counter(note.response_type for note in notes)
    if set(counts) <= {"not_recorded"}:
        return ""
    told = [
        f"{counts[code]:,} {vocabulary.RESPONSE_TYPES[code].label.lower()}"
        for code in vocabulary.RESPONSE_TYPES
        if counts[code]
    ]
    return f": {', '.join(told)}"


def theme_views(
    themes: Iterable[Theme], by_id: Mapping[str, Note], missing: frozenset[str] = frozenset()
) -> tuple[ThemeView, ...]:
    """The themes of one heading: people's and suggested ones before possible links, larger before smaller."""
    views = [
        ThemeView(
            label=theme.label,
            strength=theme.strength,
            is_named_by_person=theme.is_named_by_person,
            notes=tuple(by_id[note_id] for note_id in theme.note_ids if note_id in by_id),
            quote_note=by_id.get(theme.quote_note_id) if theme.quote_note_id else None,
            sure=tuple(by_id[note_id] for note_id in theme.sure_note_ids if note_id in by_id),
            description=theme.description,
            is_missing=theme.id in missing,
        )
        for theme in themes
    ]
    return tuple(sorted(views, key=lambda view: (view.strength != "suggested", -len(view.notes))))


def tally_sentence(tally: Tally | None) -> str:
    """How the notes of one heading fared when themes were sought; nothing where none were."""
    if tally is None or not tally.notes:
        return ""
    parts = []
    if tally.in_theme:
        parts.append(f"{tally.in_theme:,} in {'these themes' if tally.in_theme > 1 else 'this theme'}")
    if tally.alone:
        parts.append(f"{tally.alone:,} that {'stand' if tally.alone > 1 else 'stands'} alone")
    if tally.without_content:
        parts.append(f"{tally.without_content:,} without a word that a theme could be made of")
    return f"Of {words.count(tally.notes, 'note')}: {words.listing(parts)}."


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that runs across the headings: its name, what it is, and its notes, each with its heading."""

    label: str
    about: str
    notes: tuple[tuple[Note, str], ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the section on what runs across the headings; `rows` (with `columns`) make a table of counts."""

    anchor: str
    title: str
    introduction: str
    lines: tuple[Line, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, tuple[int, ...]], ...] = ()


ACROSS_TITLE = "Across the headings"


def passages(record: Record) -> tuple[Passage, ...]:
    """What runs across the headings, part by part; parts that have nothing to say are left out."""
    by_id = {note.id: note for note in record.notes}
    headings = {principle.id: principle.heading for principle in record.principles}

    def placed(note_ids: Iterable[str]) -> tuple[tuple[Note, str], ...]:
        notes = [by_id[note_id] for note_id in note_ids if note_id in by_id]
        place = {name: number for number, name in enumerate(headings)}
        notes.sort(key=lambda note: (place.get(note.principle_id or "", len(place)), note.position, note.id))
        return tuple((note, headings.get(note.principle_id or "", UNPLACED)) for note in notes)

    found = [
        _missing(record, placed),
        _links(record, placed, headings),
        _mentions(record, placed, headings),
        *(_through(crosswalk, by_id, headings) for crosswalk in record.crosswalks),
    ]
    return tuple(passage for passage in found if passage.lines or any(sum(row) for _, row in passage.rows))


def _missing(record: Record, placed: _Placed) -> Passage:
    named = {theme.id for theme in record.missing_headings}
    lines = [
        Line(
            theme.label,
            words.count(len(notes), "note")
            + (", named by people" if theme.id in named else "")
            + _types([note for note, _ in notes]),
            notes,
        )
        for theme in record.missing_themes
        if len(notes := placed(theme.note_ids)) > (0 if theme.id in named else 1)
    ]
    by_people = "What people named when they were invited to say what is missing" if named else ""
    by_words = (
        "Themes that fit none of the principles people were asked about: suggestions by similarity of words"
        if len(record.missing_themes) > len(named)
        else ""
    )
    told = (
        f"{by_people}, and {by_words[0].lower()}{by_words[1:]}"
        if by_people and by_words
        else by_people + by_words
    )
    return Passage("missing", "Suggested as missing", f"{told}.", tuple(lines))


def _links(record: Record, placed: _Placed, headings: Mapping[str, str]) -> Passage:
    missing = {theme.id for theme in record.missing_themes}
    lines = [
        Line(
            link.label,
            words.count(len(notes), "note")
            + " under "
            + words.listing([headings.get(name or "", UNPLACED) for name in link.principle_ids]),
            notes,
        )
        for link in record.links
        if link.id not in missing and len(notes := placed(link.note_ids)) > 1
    ]
    return Passage(
        "links",
        "Said under more than one heading",
        "Notes under different headings that say much the same. A suggestion by similarity of words.",
        tuple(lines),
    )


def _mentions(record: Record, placed: _Placed, headings: Mapping[str, str]) -> Passage:
    naming: dict[str, list[str]] = {}
    for mention in record.mentions:
        naming.setdefault(mention.principle_id, []).append(mention.note_id)
    lines = [
        Line(heading, "named by " + words.count(len(notes), "note") + " under other headings", notes)
        for principle_id, heading in headings.items()
        if (notes := placed(naming.get(principle_id, ())))
    ]
    return Passage(
        "mentions",
        "Headings that notes elsewhere name",
        "Notes that use the very words of another heading than their own.",
        tuple(lines),
    )


def _through(crosswalk: Crosswalk, by_id: Mapping[str, Note], headings: Mapping[str, str]) -> Passage:
    columns = (*(principle.heading for principle in crosswalk.principles), "None of them")
    place = {principle.id: number for number, principle in enumerate(crosswalk.principles)}
    counts: dict[str | None, list[int]] = {}
    for crossing in crosswalk.crossings:
        note = by_id.get(crossing.note_id)
        if note is not None:
            own = note.principle_id if note.principle_id in headings else None
            row = counts.setdefault(own, [0] * len(columns))
            row[place.get(crossing.suggested_principle_id or "", len(place))] += 1
    rows = [(heading, tuple(counts[name])) for name, heading in headings.items() if name in counts]
    if None in counts:
        rows.append((UNPLACED, tuple(counts[None])))
    return Passage(
        f"through-{words.slug(crosswalk.framework)}",
        f"The same responses through another framework: {crosswalk.title}",
        "To which of its principles each note with words is nearest: a suggestion by similarity, not a placement. "
        "Notes that are near none, or equally near to two, are counted as none of them.",
        columns=columns,
        rows=tuple(rows),
    )
