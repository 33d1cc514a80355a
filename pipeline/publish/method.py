"""The method note: how the record came about, in plain words and honest figures."""

from __future__ import annotations

from pipeline.model import Record
from pipeline.publish import words
from pipeline.publish.view import Figures, RecordView

POINTS = {
    "strict": "strict: words are printed only where the reading is very sure, and more is marked as illegible",
    "default": "default: words are printed where the reading is probably right, and unsure words are marked",
    "draft": "draft: words are printed also where the reading is doubtful; not meant for publication unchecked",
}


def sentences(view: RecordView) -> tuple[str, ...]:
    """The method in a handful of sentences, each true of this record and of no other."""
    record, figures = view.record, view.figures
    said: list[str] = []
    if figures.photos:
        said.append(_photographs(figures))
    if figures.imported:
        said.append(
            f"{words.count(figures.imported, 'note comes', 'notes come')} from a transcript that was already "
            "published; there is no photograph of them here."
        )
    said.append(_who_looked(figures))
    if figures.machine_printed:
        said.append(_expectation(record, figures))
    said.append(
        "Nothing is guessed: what cannot be read is marked [illegible], a word that is not sure is followed by "
        "[?], and a note without writing is counted as a response and marked [no text]."
    )
    if figures.unsure_words or figures.with_lost_words:
        said.append(
            f"In this record {words.count(figures.unsure_words, 'word is', 'words are')} marked as unsure, and "
            f"{words.count(figures.with_lost_words, 'note has', 'notes have')} lost words inside the text."
        )
    if figures.unsure_type:
        said.append(
            f"Of {words.count(figures.unsure_type, 'note')} the shape is not sure enough to say which type of "
            "response it is."
        )
    if view.unplaced:
        said.append(
            f"{words.count(figures.unplaced, 'note')} could not be placed under a heading and "
            f"{'stands' if figures.unplaced == 1 else 'stand'} in a section apart."
        )
    if record.themes:
        said.append(
            "Themes are suggestions of a program that groups notes with similar words; two people would not "
            "group them exactly alike either. Of the notes that stand firmly in a suggested theme about seven "
            "pairs in ten were coded alike by people, in the survey on which the program was measured; a possible "
            "link, or a note that only perhaps belongs, is worth a look and no more. Themes with a name given by "
            "a person say so."
        )
    if record.orphans:
        said.append(
            f"{words.count(len(record.orphans), 'correction')} by a person found no note to belong to and "
            "could not be applied."
        )
    return tuple(said)


def _photographs(figures: Figures) -> str:
    text = f"The notes were found on {words.count(figures.photos, 'photograph')} by a program."
    if figures.seen_twice:
        text += (
            f" {words.count(figures.seen_twice, 'note')} seen on more than one photograph "
            f"{'is' if figures.seen_twice == 1 else 'are'} counted once."
        )
    if figures.refused:
        text += f" {words.count(figures.refused, 'file')} could not be used; the reasons are listed below."
    return text


def _who_looked(figures: Figures) -> str:
    state = figures.by_state
    told = (
        ("machine", "read by machine alone"),
        ("reviewed", "checked by a person"),
        ("double_keyed", "read by two people who agree"),
        ("disputed", "read differently by two people and not settled"),
    )
    parts = [
        f"{state[code]:,} {'was' if state[code] == 1 else 'were'} {how}" for code, how in told if state[code]
    ]
    text = (
        f"Of {words.count(figures.notes, 'note')}, {words.listing(parts)}."
        if parts
        else "There are no notes."
    )
    if figures.machine_declined:
        text += (
            f" The machine declined to read {words.count(figures.machine_declined, 'note')} that "
            f"{'has' if figures.machine_declined == 1 else 'have'} writing."
        )
    return text


def _expectation(record: Record, figures: Figures) -> str:
    point = POINTS.get(record.point, record.point)
    return (
        f"Readings were printed at the operating point “{point}”. The machine's own confidences, if they hold, "
        f"let one expect about {figures.expected_wrong:g} of the {figures.machine_printed:,} printed readings "
        "that nobody has checked to be wrong in some way."
    )


def software(record: Record) -> tuple[tuple[str, str], ...]:
    """Each component and its version, in alphabetical order."""
    return tuple(sorted(record.software.items()))


def citation(record: Record, edition: int | None, edition_date: str | None) -> str:
    """How to cite the record, in one line."""
    parts = [f"{record.title.rstrip('.')}. Public record of a workshop"]
    where = ", ".join(part for part in (record.place, words.long_date(record.date)) if part)
    if where:
        parts.append(where)
    if edition is not None:
        when = words.long_date(edition_date)
        parts.append(f"Edition {edition}" + (f" of {when}" if when else ""))
    if record.licence:
        parts.append(f"Licence: {record.licence}")
    return ". ".join(part.rstrip(".") for part in parts) + "."
