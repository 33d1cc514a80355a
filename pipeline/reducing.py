"""The reduce half: one workshop's small records, from photographs' results to its record.

Always done anew, so it can never be stale; everything a person decided enters here. `REDUCE_STEPS`
is the order, written once. Each step takes the draft as it stands and returns it with its own part
filled in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from threadpoolctl import threadpool_limits

from pipeline import agreement, anchors, personal
from pipeline.compared import Compared, Known
from pipeline.kept import Kept
from pipeline.model import (
    Board,
    BoardNote,
    Crosswalk,
    Decision,
    Features,
    Judgement,
    Note,
    Photo,
    PhotoRecord,
    Placement,
    Principle,
    Record,
    Refusal,
    Theme,
)
from pipeline.presence import JudgedWord
from pipeline.review.material import Material
from pipeline.stages import amend, assign, combine, decide, judge, place, theme
from pipeline.themes.crosswalk import crosswalk
from pipeline.themes.ownership import OwnedThemes
from pipeline.themes.result import ThemeResult
from pipeline.themes.vectors import Analyser
from pipeline.workshop import Workshop, load_framework

PageWords = tuple[tuple[JudgedWord, ...], ...]
"""The judged words of each outline of one photograph."""
JudgedPage = tuple[PageWords, tuple[Judgement, ...]]
"""These words, and what may be printed of each outline."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A workshop's record in the making. `placements` and `judgements` stand beside each board's notes.

    `imported` is an already published transcript (edition 0): its headings become principles and its
    counts are reconciled with; its notes are the record's as long as there is no photograph. `by_hand`
    are the readings of outlines that people drew, `drawn` where those in force lie; `words` are each
    photograph's, by path. `machine_notes` are the notes before any decision; `kept` the names a person
    decided may be printed, by note id. `analyser` knows the texts of the last run already, and `kept_results`
    what else was made of the photographs; without them all is done anew, with the same result.
    """

    workshop: Workshop
    photos: tuple[PhotoRecord, ...]
    features: Mapping[str, Features]
    refusals: tuple[Refusal, ...]
    decisions: tuple[Decision, ...]
    software: Mapping[str, str]
    imported: Record | None = None
    owned_themes: OwnedThemes | None = None
    analyser: Analyser | None = None
    kept_results: Kept | None = None
    by_hand: Mapping[anchors.Anchor, amend.HandReading] = field(default_factory=dict)
    drawn: frozenset[anchors.Anchor] = frozenset()
    principles: tuple[Principle, ...] = ()
    boards: tuple[Board, ...] = ()
    placements: tuple[tuple[Placement, ...], ...] = ()
    judgements: tuple[tuple[Judgement, ...], ...] = ()
    words: Mapping[str, PageWords] = field(default_factory=dict)
    machine_notes: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    themes: ThemeResult = field(default_factory=lambda: ThemeResult(themes=()))
    orphans: tuple[Decision, ...] = ()
    notices: tuple[str, ...] = ()


def _amend(draft: Draft) -> Draft:
    amended = amend.amend(draft.photos, draft.decisions, draft.by_hand)
    kept = draft.kept_results
    if kept is not None:
        before = {record.photo.path: record for record in draft.photos}
        same = (record.photo.path for record in amended.records if before[record.photo.path] is record)
        kept = replace(kept, origins={path: kept.origins[path] for path in same if path in kept.origins})
    return replace(
        draft,
        photos=amended.records,
        drawn=amended.by_hand,
        orphans=amended.orphans,
        kept_results=kept,
    )


def _combine(draft: Draft) -> Draft:
    kept = draft.kept_results
    if kept is None:
        return replace(draft, boards=combine.combine(draft.photos, draft.features))

    def combined() -> tuple[Board, ...]:
        known = kept.recalled("compared", draft.workshop.id, Known)
        compared = Compared(draft.features, kept.described, known)
        boards = combine.combine(draft.photos, draft.features, compared)
        if compared.used != known:
            kept.remember("compared", draft.workshop.id, compared.used)
        return boards

    boards = kept.or_made("boards", _origins(kept, draft), tuple[Board, ...], combined)
    return replace(draft, boards=boards)


def _origins(kept: Kept, draft: Draft) -> list[tuple[str, str]]:
    """Each photograph's path with what its results hang on."""
    return sorted((record.photo.path, kept.origin(record)) for record in draft.photos)


def _place(draft: Draft) -> Draft:
    listed = _with_imported(draft.workshop.principles, draft.imported)
    principles = listed or place.emergent_principles(draft.boards)

    def placed() -> tuple[tuple[Placement, ...], ...]:
        return place.place(draft.boards, principles, draft.photos)

    kept = draft.kept_results
    if kept is None:
        return replace(draft, principles=principles, placements=placed())
    hangs_on = [_origins(kept, draft), principles]  # the boards themselves hang on the photographs alone
    placements = kept.or_made("placed", hangs_on, tuple[tuple[Placement, ...], ...], placed)
    return replace(draft, principles=principles, placements=placements)


def _judge(draft: Draft) -> Draft:
    known = _words_of(draft.principles)
    pages = {record.photo.path: _judged_page(draft, record, known) for record in draft.photos}
    judged = tuple(
        tuple(pages[best.photo][1][best.index] for best in (note.sightings[0] for note in board.notes))
        for board in draft.boards
    )
    return replace(draft, judgements=judged, words={path: words for path, (words, _) in pages.items()})


def _judged_page(draft: Draft, record: PhotoRecord, known: frozenset[str]) -> JudgedPage:
    language, point = draft.workshop.language, draft.workshop.point
    fitted = judge.calibration()

    def judged() -> JudgedPage:
        notes = record.page.notes
        words = tuple(judge.judge_words(note, known, language) for note in notes)
        each = zip(notes, words, strict=True)
        return words, tuple(judge.judge_from(note, its, point, fitted) for note, its in each)

    kept = draft.kept_results
    if kept is None:
        return judged()
    hangs_on = [kept.origin(record), sorted(known), language, point]
    return kept.or_made("judged", hangs_on, tuple[PageWords, tuple[Judgement, ...]], judged)


def _assign(draft: Draft) -> Draft:
    """Put each note together: what it is, where it belongs, what it says."""
    if draft.imported is not None and not draft.photos:
        return replace(draft, notes=draft.imported.notes)
    by_path = {record.photo.path: record for record in draft.photos}
    notes: list[Note] = []
    for board, placements, judgements in zip(draft.boards, draft.placements, draft.judgements, strict=True):
        ids = [note_id(draft.workshop.id, note) for note in board.notes]
        for number, note in enumerate(board.notes):
            best = note.sightings[0]
            record = by_path[best.photo]
            classification = record.classifications[best.index]
            reading = record.page.notes[best.index]
            placement, judgement = placements[number], judgements[number]
            notes.append(
                Note(
                    id=ids[number],
                    principle_id=placement.principle_id,
                    response_type=assign.response_type(
                        classification, draft.workshop.legend, draft.workshop.unsure_below
                    ),
                    shape=classification.shape,
                    shape_confidence=classification.shape_confidence,
                    colour=classification.colour,
                    text=judgement.text,
                    text_status=judgement.text_status,
                    reading_state="machine",
                    confidence=judgement.confidence,
                    sightings=note.sightings,
                    board_id=board.id,
                    placement=placement.why,
                    answers_note_id=None if placement.answers is None else ids[placement.answers],
                    machine_text=reading.readings[0].text if reading.readings else "",
                    turn=reading.turn,
                    position=len(notes),
                )
            )
    return replace(draft, notes=tuple(notes))


def _decide(draft: Draft) -> Draft:
    decided = decide.decide(
        draft.notes, draft.decisions, [principle.id for principle in draft.principles], draft.drawn
    )
    agreed = agreement.sentence(agreement.measure(decided.pairs))
    return replace(
        draft,
        machine_notes=draft.notes,
        notes=decided.notes,
        kept=decided.kept,
        orphans=(*draft.orphans, *decided.orphans),
        notices=(*draft.notices, *decided.problems, *([agreed] if agreed else [])),
    )


def _flag(draft: Draft) -> Draft:
    kept = draft.kept_results
    known = kept.recalled("names", draft.workshop.id, dict[str, personal.Recognised]) if kept else None
    names = personal.Names(known)
    notes = personal.flag_notes(draft.notes, draft.workshop.roster, draft.kept, names)
    if kept is not None and names.in_use() != known:
        kept.remember("names", draft.workshop.id, names.in_use())
    return replace(draft, notes=notes)


def _theme(draft: Draft) -> Draft:
    analyser = draft.analyser or theme.default_analyser()
    results = draft.kept_results

    def kept(hangs_on: object, find: Callable[[], tuple[Theme, ...]]) -> tuple[Theme, ...]:
        return find() if results is None else results.or_made("themes", hangs_on, tuple[Theme, ...], find)

    found = theme.themes(
        draft.notes, draft.principles, analyser, draft.owned_themes, draft.workshop.title, kept
    )
    others = [load_framework(code) for code in draft.workshop.crosswalk]
    crosswalks = tuple(
        Crosswalk(
            other.code,
            other.title,
            other.principles,
            crosswalk(draft.notes, other.code, other.principles, analyser, draft.principles),
        )
        for other in others
    )
    lost = tuple(f"The theme “{one.name}” has lost its notes: {one.reason}." for one in found.lost)
    return replace(
        draft,
        notes=theme.with_themes(draft.notes, found),
        themes=replace(found, crosswalks=crosswalks),
        notices=(*draft.notices, *lost),
    )


REDUCE_STEPS: tuple[Callable[[Draft], Draft], ...] = (
    _amend,  # outlines that people drew or moved
    _combine,  # photographs of one board -> one board; one note in two photographs -> one note
    _place,  # note -> principle; an arrow -> the note it answers
    _judge,  # readings -> text, marks, status
    _assign,  # shape -> response type by the legend; the notes as they stand
    _decide,  # what people decided, laid over it
    _flag,  # names and contacts, withheld until somebody decides
    _theme,  # themes per principle
)


def reduce_workshop(draft: Draft) -> tuple[Record, Material]:
    """Take a draft through every step: the workshop's record, and what its review starts from."""
    # Many small matrices: threads of the arithmetic library spend three times as long waiting for each other.
    with threadpool_limits(1, user_api="blas"):
        for step in REDUCE_STEPS:
            draft = step(draft)
    return _record(draft), _material(draft)


def _material(draft: Draft) -> Material:
    """The notes as the machine sees them, and how sure each of their words is."""
    words: dict[str, list[list[tuple[str, float]]]] = {}
    for note in draft.machine_notes:
        if not note.sightings:
            continue
        best = note.sightings[0]
        lines: dict[int, list[tuple[str, float]]] = {}
        for word in draft.words[best.photo][best.index]:
            lines.setdefault(word.line, []).append((word.text, round(word.probability, 3)))
        words[note.id] = [lines[number] for number in sorted(lines)]
    taken_up = tuple(
        decision.id
        for decision in anchors.standing(draft.decisions)
        if decision.field in anchors.OUTLINE_FIELDS and decision not in draft.orphans
    )
    return Material(draft.machine_notes, words, tuple(sorted(draft.drawn)), taken_up)


def _record(draft: Draft) -> Record:
    workshop = draft.workshop
    return Record(
        workshop_id=workshop.id,
        title=workshop.title,
        date=workshop.date,
        place=workshop.place,
        language=workshop.language,
        licence=workshop.licence,
        contact=workshop.contact,
        point=workshop.point,
        legend=workshop.legend,
        principles=draft.principles,
        photos=tuple(_sorted_photos(draft.photos)),
        refusals=tuple(sorted(draft.refusals, key=lambda refusal: refusal.path)),
        boards=draft.boards,
        notes=draft.notes,
        themes=draft.themes.themes,
        orphans=draft.orphans,
        software=dict(draft.software),
        notices=draft.notices,
        introduction=workshop.introduction,
        framework=workshop.framework,
        photographs_licence=workshop.photographs_licence,
        credits=workshop.credits,
        photographs=workshop.photographs,
        links=draft.themes.links,
        mentions=draft.themes.mentions,
        missing_themes=draft.themes.suggested_missing,
        theme_tallies=draft.themes.tallies,
        lost_themes=draft.themes.lost,
        crosswalks=draft.themes.crosswalks,
    )


def _with_imported(listed: Sequence[Principle], imported: Record | None) -> tuple[Principle, ...]:
    """The workshop's principles, completed by the headings and counts of a published transcript."""
    merged = {principle.id: principle for principle in listed}
    for found in imported.principles if imported else ():
        known = merged.get(found.id)
        if known is None:
            merged[found.id] = found
        else:
            stated = found.stated if known.stated is None else known.stated
            also = tuple(dict.fromkeys((*known.also, *found.also)))
            merged[found.id] = replace(known, stated=stated, also=also)
    return tuple(merged.values())


def note_id(workshop_id: str, note: BoardNote) -> str:
    """A note's id: a digest of the workshop and of where its best sighting lies, to the pixel."""
    best = note.sightings[0]
    place_on_photo = ",".join(f"{round(x)} {round(y)}" for x, y in best.polygon)
    text = f"{workshop_id}|{best.photo_sha256}|{place_on_photo}"
    return "n" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _sorted_photos(records: Sequence[PhotoRecord]) -> list[Photo]:
    return sorted((record.photo for record in records), key=lambda photo: photo.path)


def _words_of(principles: Sequence[Principle]) -> frozenset[str]:
    texts = [text for principle in principles for text in (principle.heading, *principle.also)]
    return frozenset(word.strip(".,;:()'\"?!").lower() for text in texts for word in text.split()) - {""}
