"""One workshop under review, in memory: the machine's notes with every decision of the log laid over them.

The log is the truth: what is decided here is appended to it first and taken up from it, as what any
other process appends is. So two pages, or a page and a run, never see different things for long.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline import decisions as log
from pipeline import personal
from pipeline.agreement import Agreement, measure
from pipeline.anchors import OUTLINE_FIELDS, Anchor, follow, standing
from pipeline.model import Decision, Note
from pipeline.planning import Places
from pipeline.review import queue
from pipeline.review.material import Loaded, load, record_stamp
from pipeline.review.outlines import OutlineReader, with_outlines
from pipeline.review.pictures import Pictures
from pipeline.review.tail import Tail
from pipeline.stages.decide import Case, Ledger


class Desk:
    """Holds the state of one workshop's review; every method may be called from any thread."""

    def __init__(self, places: Places, folder: Path, reader: OutlineReader | None = None) -> None:
        self.places = places
        self.folder = folder
        self.lock = threading.RLock()
        self.is_warm = False
        self.is_seen = threading.Event()
        """Set when somebody looks at a note: only then is it worth loading what reading and finding names need."""
        self._reader = reader
        self._load()

    # --- state -----------------------------------------------------------------------------------

    def _load(self) -> None:
        self.loaded: Loaded = load(self.places, self.folder)
        self.photos = {photo.sha256: photo for photo in self.loaded.record.photos}
        self.pictures = Pictures(self.folder, self.photos)
        self.reader = self._reader or OutlineReader(self.places, self.loaded.workshop)
        self.reader.load = self.pictures.pixels
        self.principles = {principle.id: principle for principle in self.loaded.record.principles}
        self.tail = Tail(self.folder)
        self.decisions = self.tail.read_new()
        self._flags: dict[str, tuple[personal.Flag, ...]] = {}
        for note in self.loaded.record.notes:
            flags = tuple(personal.Flag(text, "name or contact") for text in note.personal_data)
            self._flags[note.text] = flags or self._flags.get(note.text, ())
        self._rebuild()

    def _rebuild(self) -> None:
        """Lay every decision anew; needed where outlines changed."""
        in_force = standing(self.decisions)
        material = self.loaded.material
        notes, by_hand, self.extra_words = with_outlines(
            material, self.decisions, in_force, self.loaded, self.reader
        )
        self.ledger = Ledger(notes, self.principles, by_hand)
        for decision in follow(in_force):
            self.ledger.lay(decision)
        self.cases = {case.base.id: case for case in self.ledger.cases}
        self._survey()
        self.items: dict[str, queue.Item] = {}
        self.merged: set[str] = set()
        for case in self.ledger.cases:
            self._update(case)

    def _survey(self) -> None:
        notes = [case.finished for case in self.ledger.cases if not case.is_gone]
        self.around = queue.survey(notes, self.loaded.record.principles)

    def _update(self, case: Case) -> None:
        note_id = case.base.id
        is_merged = case.same_as is not None and self.ledger.partner(case) is not None
        (self.merged.add if is_merged else self.merged.discard)(note_id)
        if (
            case.is_gone or is_merged or not case.base.sightings
        ):  # without a photograph there is nothing to check
            self.items.pop(note_id, None)
            return
        flags = [flag.text for flag in self.flags_of(case)]
        self.items[note_id] = queue.item(case.finished, self.around, flags)

    def refresh(self) -> None:
        """Take up what was added to the log, or made anew by a run, since the last look."""
        with self.lock:
            if self.tail.is_rewritten() or record_stamp(self.places, self.folder.name) != self.loaded.stamp:
                self._load()
                return
            fresh = self.tail.read_new()
            if fresh:
                self._take(fresh)

    def _take(self, fresh: Sequence[Decision]) -> None:
        taken_back = {str(decision.new) for decision in fresh if decision.field == "undo"}
        undone = [one for one in self.decisions if one.id in taken_back] if taken_back else []
        self.decisions += fresh
        is_known = len(undone) == len(taken_back)
        if (
            not is_known
            or any(one.field in (*OUTLINE_FIELDS, "undo") for one in undone)
            or any(decision.field in OUTLINE_FIELDS for decision in fresh)
        ):
            self._rebuild()
            return
        touched: dict[str, Case] = {}
        for decision in fresh:
            is_undo = decision.field == "undo"
            case = self.ledger.take_back(str(decision.new)) if is_undo else self.ledger.lay(decision)
            if case is not None:
                touched[case.base.id] = case
        if any(decision.field in ("not_a_note", "same_as") for decision in (*fresh, *undone)):
            self._survey()
        for case in touched.values():
            self._update(case)

    def append(self, made: Iterable[Decision]) -> None:
        """Put decisions on the disk (fsync), then take them up; raises StorageError, and nothing is changed."""
        with self.lock:
            log.append(self.folder, made)
            self.refresh()

    # --- what is asked of it ------------------------------------------------------------------------

    def case(self, note_id: str) -> Case | None:
        """A note by its id, also one that is not a note any more."""
        return self.cases.get(note_id)

    def flags_of(self, case: Case) -> tuple[personal.Flag, ...]:
        """Names and contacts in a note's text that nobody has decided on."""
        text = case.finished.text
        if text and text not in self._flags:
            if not self.is_warm:
                return ()
            self._flags[text] = personal.find(text, self.loaded.workshop.roster)
        decided = {name.casefold() for name in case.names}
        return tuple(flag for flag in self._flags.get(text, ()) if flag.text.casefold() not in decided)

    def words_of(self, case: Case) -> list[list[tuple[str, float]]]:
        """The main reading's lines of (word, confidence)."""
        note_id = case.base.id
        return self.extra_words.get(note_id) or self.loaded.material.words.get(note_id, [])

    def notes_on(self, sha256: str) -> list[tuple[Note, Anchor]]:
        """The notes on a photograph, with their places on it."""
        found = []
        for note_id in self.items:
            case = self.cases[note_id]
            for sighting in case.base.sightings:
                if sighting.photo_sha256 == sha256:
                    found.append((case.finished, (sha256, sighting.polygon)))
        return found

    def agreement(self) -> Agreement | None:
        """How far two people agree, so far."""
        return measure(pair for case in self.ledger.cases for pair in case.pairs)

    def notices(self) -> list[str]:
        """What people should know of the log: lines not understood, decisions without a note."""
        half = self.tail.half_line()
        return [*self.tail.problems, *([half] if half else []), *self.ledger.problems]

    def warm_up(self) -> None:
        """Load what reading outlines and finding names needs; called once, beside the page."""
        personal.warm_up()
        with self.lock:
            decided = [case.finished.text for case in self.ledger.cases if case.decisions]
        # Outside of the lock: nobody's decision waits while names are looked for in those of months.
        found = personal.find_all(
            (text for text in decided if text not in self._flags), self.loaded.workshop.roster
        )
        with self.lock:
            self._flags |= found
            self.is_warm = True
            for case in self.ledger.cases:
                if case.decisions:
                    self._update(case)
        self.reader.warm_up()
