"""Decide: what people decided, laid over what the machine found.

A decision goes to the note that overlaps its place most; one that finds no note is handed back, never
dropped. One that was taken back (`undo`) is left out, and the note is as if it had never been made.

Two people. A decision whose `old` is the value in force was made knowing it: it revises it. One made
without knowing another person's (its `old` is null or some other value) is an independent second
reading: equal after folding makes the note double-keyed, different makes it disputed until somebody
settles it knowingly. Every such pair is kept, so that agreement between people can be measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline import vocabulary
from pipeline.agreement import Pair, fold
from pipeline.anchors import (
    OUTLINE_FIELDS,
    SAME_NOTE,
    SAME_OUTLINE,
    Anchor,
    Places,
    anchor_from,
    anchor_of,
    follow,
    overlap,
    standing,
)
from pipeline.marks import is_marked
from pipeline.model import Decision, Note, Sighting
from pipeline.personal import without_names

VERSION = "2"

_PRINTABLE = ("legible", "partial")
_ASPECTS = {"text_status": "reading", "text": "reading", "accept": "reading"}
_UNREAD = {"illegible": "[illegible]", "no_text": "[no text]"}


@dataclass(frozen=True, slots=True)
class Decided:
    """The notes with decisions laid over them; decisions without a note; decisions not understood.

    `kept` holds, for a note's id, the names and contacts that a person decided may be printed.
    `pairs` are the independent readings of one thing by two people.
    """

    notes: tuple[Note, ...]
    orphans: tuple[Decision, ...]
    problems: tuple[str, ...]
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What one person says about one aspect of a note; a reading without words is `[illegible]` or `[no text]`."""

    person: str
    value: Any


@dataclass(slots=True)
class Case:
    """One note while decisions are laid over it.

    `said` holds the claim in force for each aspect (reading, response_type, …), `claims` the readings
    in dispute, the one in force first.
    """

    base: Note
    decisions: list[Decision] = field(default_factory=list)
    note: Note = field(init=False)
    is_gone: bool = False
    same_as: Anchor | None = None
    said: dict[str, Claim] = field(default_factory=dict)
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)
    pairs: list[Pair] = field(default_factory=list)
    names: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.note = self.base

    @property
    def state(self) -> str:
        """The note's reading state, a code of vocabulary.READING_STATES."""
        if self.claims:
            return "disputed"
        if "reading" in self.agreed:
            return "double_keyed"
        return "reviewed" if self.said else self.base.reading_state

    @property
    def finished(self) -> Note:
        """The note as it stands, with names taken out that a person wanted out."""
        state = self.state
        note = self.note if self.note.reading_state == state else replace(self.note, reading_state=state)
        removed = [name for name, is_kept in self.names.items() if not is_kept]
        if not removed or not note.text:
            return note
        text = without_names(note.text, removed)
        return replace(note, text=text, text_status="partial" if is_marked(text) else note.text_status)


class Ledger:
    """All cases of a workshop; decisions are laid one by one, in the order they were made.

    `by_hand` are outlines that people drew: a decision about another outline only goes to one of these
    if the two are nearly the same. `principle_ids` are those there are.
    """

    def __init__(
        self, notes: Iterable[Note], principle_ids: Iterable[str], by_hand: Iterable[Anchor] = ()
    ) -> None:
        self.cases = [Case(note) for note in notes]
        self.orphans: list[Decision] = []
        self.problems: list[str] = []
        self._known = frozenset(principle_ids)
        self._by_hand = frozenset(by_hand)
        self._case_of: dict[str, Case] = {}
        self._places: Places[Case] = Places()
        for case in self.cases:
            self._place(case)

    def _place(self, case: Case) -> None:
        for sighting in case.base.sightings:
            self._places.add((sighting.photo_sha256, sighting.polygon), case)

    def add(self, note: Note, is_by_hand: bool = True) -> Case:
        """A note that was not there before, as when a person draws an outline."""
        case = Case(note)
        self.cases.append(case)
        if is_by_hand:
            self._by_hand |= {(sighting.photo_sha256, sighting.polygon) for sighting in note.sightings}
        self._place(case)
        return case

    def find(self, anchor: Anchor) -> Case | None:
        """The note that is meant by a place."""
        exact = self._places.exact(anchor)
        if exact is not None:
            return exact
        best: tuple[float, Case] | None = None
        for share, polygon, case in self._places.near(anchor):
            bar = SAME_OUTLINE if (anchor[0], polygon) in self._by_hand else SAME_NOTE
            if share >= bar and (best is None or share > best[0]):
                best = (share, case)
        return best[1] if best else None

    def lay(self, decision: Decision) -> Case | None:
        """Lay one decision; returns the note's case, or None if it found none or cannot be used."""
        if decision.field in OUTLINE_FIELDS:
            return None  # taken up before, see pipeline.stages.amend
        case = self.find(anchor_of(decision))
        if case is None:
            # What is "not a note" and was not found again is as the person wants it.
            if decision.field != "not_a_note":
                self.orphans.append(decision)
            return None
        reason = objection(decision, self._known)
        if reason:
            self.problems.append(f"Decision {decision.id}: {reason}; it was not used.")
            return None
        if decision.field == "answers_note_id":
            # Said by place, as everything people say of notes, so that it outlives the notes' ids.
            new, old = self._id_at(decision.new), self._id_at(decision.old)
            if decision.new is not None and new is None:
                self.orphans.append(decision)
                return None
            decision = replace(decision, new=new, old=old)
        case.decisions.append(decision)
        self._case_of[decision.id] = case
        _lay(case, decision)
        return case

    def _id_at(self, value: object) -> object:
        """The id of the note at a place that stands in a decision; anything else is handed back."""
        place = anchor_from(value)
        if place is None:
            return value
        found = self.find(place)
        return found.base.id if found is not None else None

    def take_back(self, decision_id: str) -> Case | None:
        """Lay a note's decisions anew without one of them; returns its case, or None if it is not known."""
        case = self._case_of.pop(decision_id, None)
        self.orphans = [orphan for orphan in self.orphans if orphan.id != decision_id]
        if case is None:
            return None
        remaining = [decision for decision in case.decisions if decision.id != decision_id]
        fresh = Case(case.base)
        for name in ("is_gone", "same_as", "said", "claims", "agreed", "pairs", "names", "note"):
            setattr(case, name, getattr(fresh, name))
        case.decisions = remaining
        for decision in remaining:
            _lay(case, decision)
        return case

    def partner(self, case: Case) -> Case | None:
        """The note a person said this one is the same as, at the end of such a chain."""
        chain = [case]
        while chain[-1].same_as is not None:
            following = self.find(chain[-1].same_as)
            if following is None:
                break
            if any(following is one for one in chain):
                # Said in a ring: one of them has to stand for all.
                ring = chain[next(i for i, one in enumerate(chain) if one is following) :]
                chain.append(min(ring, key=lambda one: one.base.id))
                break
            chain.append(following)
        other = chain[-1]
        return None if other is case or other.is_gone else other

    def notes(self) -> tuple[Note, ...]:
        """The notes that remain, in their order; of several that are one, the one pointed at."""
        partners = {id(case): self.partner(case) for case in self.cases if case.same_as is not None}
        gathered: dict[int, list[Sighting]] = {}
        renamed: dict[str, str] = {}
        for case in self.cases:
            partner = partners.get(id(case))
            if partner is not None and not case.is_gone:
                gathered.setdefault(id(partner), []).extend(case.base.sightings)
                renamed[case.base.id] = partner.base.id
        left = [case for case in self.cases if not case.is_gone and partners.get(id(case)) is None]
        ids = {case.base.id for case in left}
        result = []
        for case in left:
            note = case.finished
            if id(case) in gathered:
                note = replace(note, sightings=(*note.sightings, *gathered[id(case)]))
            answers = renamed.get(note.answers_note_id or "", note.answers_note_id)
            if answers is not None and (answers not in ids or answers == note.id):
                answers = None
            result.append(note if answers == note.answers_note_id else replace(note, answers_note_id=answers))
        return tuple(result)


def decide(
    notes: Sequence[Note],
    decisions: Sequence[Decision],
    principle_ids: Sequence[str],
    by_hand: Iterable[Anchor] = (),
) -> Decided:
    """Lay `decisions`, in the order they were made, over `notes`.

    Fields: `accept`, `text`, `text_status`, `response_type`, `shape`, `colour`, `principle_id`,
    `answers_note_id` (the place of the note answered, as in `same_as`, or its id), `not_a_note`, `same_as`,
    `personal`, `undo`. A value outside the vocabulary is reported and not used. Decisions on outlines
    (`note`, `polygon`) are `amend`'s, and only lead the others along here. `by_hand`: see Ledger.
    """
    ledger = Ledger(notes, principle_ids, by_hand)
    for decision in follow(standing(decisions)):
        ledger.lay(decision)
    kept = {
        case.base.id: frozenset(name for name, is_kept in case.names.items() if is_kept)
        for case in ledger.cases
        if any(case.names.values())
    }
    pairs = tuple(pair for case in ledger.cases for pair in case.pairs)
    return Decided(ledger.notes(), tuple(ledger.orphans), tuple(ledger.problems), kept, pairs)


def objection(decision: Decision, principle_ids: Iterable[str]) -> str:
    """Why this decision cannot be used, or "" if it can."""
    coded: dict[str, Mapping[str, object]] = {
        "text_status": vocabulary.TEXT_STATUSES,
        "response_type": vocabulary.RESPONSE_TYPES,
        "shape": vocabulary.SHAPES,
        "colour": vocabulary.COLOURS,
    }
    name = decision.field
    new: Any = decision.new
    if name in coded:
        return "" if isinstance(new, str) and new in coded[name] else f"{new!r} is not a {name}"
    if name == "principle_id":
        is_known = new is None or (isinstance(new, str) and new in principle_ids)
        return "" if is_known else f"there is no principle {new!r}"
    if name in ("not_a_note", "accept"):
        return "" if isinstance(new, bool) else f"{name} is true or false, not {new!r}"
    if name == "text":
        return "" if isinstance(new, str) else f"a text is a text, not {new!r}"
    if name == "answers_note_id":
        is_known = new is None or isinstance(new, str) or anchor_from(new) is not None
        return "" if is_known else "it does not say which note is answered"
    if name == "same_as":
        return "" if new is None or anchor_from(new) else "it does not say which note it is the same as"
    if name == "personal":
        is_told = isinstance(new, dict) and isinstance(new.get("text"), str)
        is_told = is_told and isinstance(new.get("keep"), bool)
        return "" if is_told else "it does not say which name to keep or remove"
    return f"the field {name!r} is not known"


def _lay(case: Case, decision: Decision) -> None:
    name = decision.field
    new: Any = decision.new
    if name == "personal":
        case.names[new["text"]] = new["keep"]
        return
    if name == "same_as":
        place = anchor_from(new)
        own = [(sighting.photo_sha256, sighting.polygon) for sighting in case.base.sightings]
        is_itself = place is not None and any(
            place[0] == sha256 and overlap(place[1], polygon) >= SAME_OUTLINE for sha256, polygon in own
        )
        case.same_as = None if is_itself else place
        return
    if name == "not_a_note" and decision.old is None and not new and not case.is_gone:
        return
    aspect = _ASPECTS.get(name, name)
    claim = Claim(decision.person, _value(case, decision))
    before = case.said.get(aspect)
    if before is not None and before.person != decision.person and not _knew(case, decision):
        case.pairs.append(Pair(aspect, before.person, before.value, claim.person, claim.value))
        if _is_equal(aspect, before.value, claim.value):
            case.agreed.add(aspect)
        else:
            others = case.claims.setdefault(aspect, [before])
            case.claims[aspect] = [one for one in others if one.person != claim.person] + [claim]
        return
    case.claims.pop(aspect, None)
    if before is not None and not _is_equal(aspect, before.value, claim.value):
        case.agreed.discard(aspect)
    case.said[aspect] = claim
    if name == "not_a_note":
        case.is_gone = bool(new)
    elif name != "accept":
        case.note = _CHANGES[name](case.note, new)


def _value(case: Case, decision: Decision) -> Any:
    """What the decision says of its aspect, comparable between people."""
    if decision.field == "text":
        return str(decision.new).strip() or _UNREAD["no_text"]
    if decision.field == "text_status" and decision.new in _UNREAD:
        return _UNREAD[decision.new]
    if _ASPECTS.get(decision.field) == "reading":
        return _UNREAD.get(case.note.text_status, case.note.text)
    return decision.new


def _knew(case: Case, decision: Decision) -> bool:
    """Was the decision made in sight of the value in force?"""
    if decision.field == "accept":
        return True
    if decision.field == "not_a_note":
        return bool(decision.old) == case.is_gone
    in_force = getattr(case.note, decision.field)
    if isinstance(in_force, str) and isinstance(decision.old, str):
        return in_force.strip() == decision.old.strip()
    return bool(in_force == decision.old)


def _is_equal(aspect: str, one: Any, other: Any) -> bool:
    if aspect == "reading" and isinstance(one, str) and isinstance(other, str):
        return fold(one) == fold(other)
    return bool(one == other)


def _with_text(note: Note, text: str) -> Note:
    text = text.strip()
    if not text:
        return replace(note, text="", text_status="no_text", confidence=1.0)
    return replace(note, text=text, text_status="partial" if is_marked(text) else "legible", confidence=1.0)


def _with_status(note: Note, status: str) -> Note:
    if status in _PRINTABLE:
        # A status alone brings no words: words withheld so far must be typed, not conjured up.
        return replace(note, text_status=status) if note.text else note
    return replace(note, text="", text_status=status, confidence=1.0)


_CHANGES: dict[str, Callable[[Note, Any], Note]] = {
    "text": _with_text,
    "text_status": _with_status,
    "response_type": lambda note, new: replace(note, response_type=new),
    "shape": lambda note, new: replace(note, shape=new, shape_confidence=1.0),
    "colour": lambda note, new: replace(note, colour=new),
    "principle_id": lambda note, new: replace(note, principle_id=new, placement="placed by a person"),
    "answers_note_id": lambda note, new: replace(note, answers_note_id=new),
}
