"""What people do on the page, turned into decisions and put on the disk.

All lines of one act carry the same time, to the microsecond, so that it can be taken back as one. `old`
is the value the person saw; where somebody else has decided in the meantime, or the reading was blind,
`old` is null: made without knowing, so a difference becomes a dispute and nobody's word is lost.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.anchors import Anchor, overlap, polygon_from, standing
from pipeline.model import Decision, Note, Polygon
from pipeline.review import shapes
from pipeline.review.desk import Desk
from pipeline.stages.decide import Case, objection

LONGEST_TEXT = 4000
BLIND = "second reading"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")


class RefusedError(Exception):
    """Something asked for that cannot be done; the message is for the person."""


class GoneError(RefusedError):
    """What an act is about is not there any more."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an act: the note to show afterwards, and what to say."""

    note_id: str | None
    said: str


def stamp_of(case: Case) -> str:
    """Changes whenever what people said of a note does; a page sends back the one it was shown."""
    seen = (sorted(case.said.items()), sorted(case.claims.items()), sorted(case.names.items()), case.is_gone)
    return hashlib.sha256(repr((seen, case.note.text, case.base.sightings)).encode()).hexdigest()[:16]


def save(desk: Desk, case: Case, person: str, sent: Mapping[str, Any], is_blind: bool = False) -> Done:
    """Record that a person looked at a note: their reading, type, principle, and colour or shape if changed.

    `sent` holds `stamp`, `text` or `text_status`, `response_type`, and where the person saw them
    `principle_id`, `colour`, `shape`. Raises RefusedError for what cannot be meant.
    """
    note = case.finished
    is_stale = not is_blind and sent.get("stamp") != stamp_of(case)
    wanted = dict(_wanted(note, sent, is_blind))
    act = _Act(person, _machine_reading(case), BLIND if is_blind else str(sent.get("reason", ""))[:500])
    is_changed = any(getattr(note, name) != new for name, new in wanted.items())
    made = []
    for name, new in wanted.items():
        aspect = "reading" if name in ("text", "text_status") else name
        said = case.said.get(aspect)
        is_unaware = is_blind or (is_stale and said is not None and said.person != person)
        made.append(act.about(_anchor(case), name, None if is_unaware else getattr(note, name), new))
    if not is_changed and not is_blind and not is_stale:
        made.append(act.about(_anchor(case), "accept", None, True))
    _check(desk, made)
    desk.append(made)
    if case.is_gone:
        return Done(
            note.id,
            "Saved, but somebody decided meanwhile that this is not a note, or changed its outline: it counts "
            "again as soon as that is taken back.",
        )
    if case.claims and is_stale:
        return Done(note.id, "Saved. Somebody else read it differently meanwhile; both readings are kept.")
    return Done(note.id, "Saved.")


def _wanted(note: Note, sent: Mapping[str, Any], is_blind: bool) -> Iterable[tuple[str, Any]]:
    status = sent.get("text_status")
    text = _clean(sent.get("text"))
    if text.lower() in ("[illegible]", "[no text]"):
        status, text = text.lower()[1:-1].replace(" ", "_"), ""
    if status in ("illegible", "no_text"):
        yield "text_status", status
    elif text:
        yield "text", text
    else:
        raise RefusedError(
            "There are no words in the box. If nothing is written on the note choose “No text”; if nobody can "
            "read it choose “Illegible”."
        )
    if "response_type" in sent:
        yield "response_type", sent["response_type"]
    elif is_blind:
        raise RefusedError("Choose the type of response too.")
    if "principle_id" in sent:
        yield "principle_id", sent["principle_id"]
    for name in ("colour", "shape"):
        if name in sent and sent[name] != getattr(note, name):
            yield name, sent[name]


def settle_name(desk: Desk, case: Case, person: str, text: object, keep: object) -> Done:
    """Keep or remove one name or contact in a note's text."""
    value = {"text": text, "keep": keep}
    made = _Act(person, _machine_reading(case)).about(_anchor(case), "personal", None, value)
    _check(desk, [made])
    desk.append([made])
    return Done(case.base.id, "Saved: it may be printed." if keep else "Saved: it is taken out of the text.")


def draw(desk: Desk, person: str, sha256: object, points: object) -> Done:
    """A note the machine missed."""
    photo = desk.photos.get(str(sha256))
    if photo is None:
        raise RefusedError("That photograph is not part of this record.")
    anchor = photo.sha256, _tidy(desk, photo.sha256, points)
    with desk.lock:
        _refuse_twice(desk, anchor)
    desk.reader.read(anchor)
    with desk.lock:
        desk.refresh()
        _refuse_twice(desk, anchor)  # somebody may have drawn it while it was read
        desk.append([_Act(person).outline(anchor)])
    return Done(_id_at(desk, anchor), "Saved: a new note.")


def _refuse_twice(desk: Desk, anchor: Anchor) -> None:
    """Raise RefusedError where a note lies at this place already."""
    for note, (_, other) in desk.notes_on(anchor[0]):
        if overlap(anchor[1], other) >= 0.6:
            raise RefusedError(
                f"There is a note here already (“{note.text[:40]}”). Move its corners instead."
            )


def move(desk: Desk, case: Case, person: str, points: object) -> Done:
    """Another outline for a note."""
    sha256, before = _anchor(case)
    polygon = _tidy(desk, sha256, points)
    if polygon == before:
        return Done(case.base.id, "Nothing was changed.")
    desk.reader.read((sha256, polygon))
    act = _Act(person, _machine_reading(case))
    _append_if_still(desk, [case], [act.about((sha256, before), "polygon", before, polygon)])
    return Done(_id_at(desk, (sha256, polygon)), "Saved: the outline was moved and read again.")


def divide(desk: Desk, case: Case, person: str, line: object) -> Done:
    """Two notes that were taken for one."""
    ends = polygon_from([*line, [0, 0]]) if isinstance(line, list) and len(line) == 2 else None
    if ends is None:
        raise RefusedError("That is not a line.")
    sha256, before = _anchor(case)
    try:
        parts = shapes.cut_in_two(before, ends[0], ends[1])
    except ValueError as error:
        raise RefusedError(str(error)) from None
    for part in parts:
        desk.reader.read((sha256, part))
    act = _Act(person, _machine_reading(case), "split in two")
    _append_if_still(
        desk,
        [case],
        [
            act.about((sha256, before), "not_a_note", False, True),
            *(act.outline((sha256, part)) for part in parts),
        ],
    )
    return Done(_id_at(desk, (sha256, parts[0])), "Saved: two notes.")


def join(desk: Desk, case: Case, other: Case, person: str) -> Done:
    """Two outlines on one photograph that are one note."""
    sha256, polygon = _anchor(case)
    second = next(
        (sighting.polygon for sighting in other.base.sightings if sighting.photo_sha256 == sha256), None
    )
    if other is case or second is None:
        raise RefusedError("Choose another note on the same photograph.")
    act = _Act(person, _machine_reading(case), "made one")
    whole = shapes.made_one(polygon, second)
    desk.reader.read((sha256, whole))
    _append_if_still(
        desk,
        [case, other],
        [
            act.about((sha256, polygon), "not_a_note", False, True),
            act.about((sha256, second), "not_a_note", False, True),
            act.outline((sha256, whole)),
        ],
    )
    return Done(_id_at(desk, (sha256, whole)), "Saved: one note.")


def still(desk: Desk, case: Case) -> None:
    """Raise GoneError unless this is a note still, and lies where it did."""
    now = desk.case(case.base.id)
    if now is None or now.is_gone or now.base.sightings[:1] != case.base.sightings[:1]:
        raise GoneError("Somebody decided meanwhile that this is not a note, or changed its outline.")


def _append_if_still(desk: Desk, cases: Iterable[Case], made: Iterable[Decision]) -> None:
    """Decide on outlines that took a while to read, unless somebody was quicker."""
    with desk.lock:
        desk.refresh()
        for case in cases:
            still(desk, case)
        desk.append(made)


def same(desk: Desk, case: Case, other: Case, person: str) -> Done:
    """One note that was counted twice: this one is the other."""
    if other is case:
        raise RefusedError("A note is always the same as itself; choose another one.")
    act = _Act(person, _machine_reading(case))
    desk.append([act.about(_anchor(case), "same_as", None, _place(other))])
    return Done(other.base.id, "Saved: they are counted as one note.")


def answers(desk: Desk, case: Case, other: Case | None, person: str) -> Done:
    """This note points at another and answers it; None: it answers no other note."""
    if other is case:
        raise RefusedError("A note does not answer itself; choose another one.")
    before = desk.case(case.note.answers_note_id or "")
    act = _Act(person, _machine_reading(case))
    old = case.note.answers_note_id if before is None else _place(before)
    new = None if other is None else _place(other)
    desk.append([act.about(_anchor(case), "answers_note_id", old, new)])
    return Done(case.base.id, "Saved: it answers no other note." if other is None else "Saved: its answer.")


def _place(case: Case) -> dict[str, Any]:
    sha256, polygon = _anchor(case)
    return {"photo_sha256": sha256, "polygon": polygon}


def discard(desk: Desk, case: Case, person: str) -> Done:
    """Not a note at all."""
    act = _Act(person, _machine_reading(case))
    desk.append([act.about(_anchor(case), "not_a_note", False, True)])
    return Done(None, "Saved: it is not a note.")


def undo(desk: Desk, person: str) -> Done:
    """Take back the last act of this person that still stands."""
    with desk.lock:
        desk.refresh()
        own = [decision for decision in standing(desk.decisions) if decision.person == person]
        if not own:
            raise RefusedError("There is nothing of yours to take back.")
        last = [decision for decision in own if decision.when == own[-1].when]
        act = _Act(person, reason="taken back")
        anchors = [(decision.photo_sha256, decision.polygon) for decision in last]
        desk.append(
            act.about(anchor, "undo", None, decision.id)
            for anchor, decision in reversed(list(zip(anchors, last, strict=True)))
        )
        found = (desk.ledger.find(anchor) for anchor in anchors)
        case = next((case for case in found if case is not None and not case.is_gone), None)
        return Done(case.base.id if case else None, "Taken back.")


class _Act:
    """One act of one person: makes its decisions, all of one moment."""

    def __init__(self, person: str, based_on: str = "", reason: str = "") -> None:
        self.person = person
        self.based_on = based_on
        self.reason = reason
        self.when = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")

    def about(self, anchor: Anchor, field: str, old: object, new: object) -> Decision:
        return Decision(
            id=f"d{secrets.token_hex(8)}",
            photo_sha256=anchor[0],
            polygon=anchor[1],
            field=field,
            old=old,
            new=new,
            reason=self.reason,
            person=self.person,
            when=self.when,
            based_on=self.based_on,
        )

    def outline(self, anchor: Anchor) -> Decision:
        return self.about(anchor, "note", None, anchor[1])


def _anchor(case: Case) -> Anchor:
    if not case.base.sightings:
        raise RefusedError("This note comes from a published transcript; there is no photograph of it here.")
    best = case.base.sightings[0]
    return best.photo_sha256, best.polygon


def _machine_reading(case: Case) -> str:
    return case.base.machine_text or case.base.text


def _tidy(desk: Desk, sha256: str, points: object) -> Polygon:
    polygon = polygon_from(points)
    photo = desk.photos.get(sha256)
    if polygon is None or len(polygon) > 400 or photo is None:
        raise RefusedError("That is not an outline.")
    try:
        return shapes.tidy(polygon, photo.width, photo.height)
    except ValueError as error:
        raise RefusedError(str(error)) from None


def _check(desk: Desk, made: Iterable[Decision]) -> None:
    for decision in made:
        reason = objection(decision, desk.principles)
        if reason:
            raise RefusedError(f"That cannot be saved: {reason}.")


def _clean(text: object) -> str:
    """Words as they may stand in a note: no control characters, line breaks kept."""
    if text is None:
        return ""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise RefusedError(f"A note's text has at most {LONGEST_TEXT} characters.")
    whole = text.encode("utf-8", "ignore").decode()  # half a surrogate pair cannot be written down
    plain = unicodedata.normalize("NFC", whole.replace("\r\n", "\n"))
    lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in plain.split("\n"))
    return "\n".join(line for line in lines if line)


def _id_at(desk: Desk, anchor: Anchor) -> str | None:
    case = desk.ledger.find(anchor)
    return case.base.id if case else None
