"""What changed between two editions of one record, note by note, each change in a plain sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import vocabulary
from pipeline.model import Note, Principle, Record
from pipeline.promises import Promise, is_kept, promises_of

if TYPE_CHECKING:
    from pipeline.matching import Match, Matching

KINDS = {
    "promise_met": "Promises met",
    "now_readable": "Now readable",
    "corrected": "Corrected words",
    "status_changed": "Status changed",
    "type_changed": "Type of response changed",
    "moved": "Moved to another heading",
    "no_longer_readable": "No longer readable",
    "added": "Added",
    "removed": "Removed",
    "count_changed": "Counts that changed",
}
"""Every kind of change with its title, in the order a change list shows them."""

_READABLE = ("legible", "partial")
_ALIKE = 0.4
"""Share of words that two texts must have in common to be shown as one with changes in it."""


@dataclass(frozen=True, slots=True)
class WordEdit:
    """A stretch of words in a corrected text; `kind` is same, removed or added."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `note_id` and `principle_id` are the newer edition's where it has them.

    `before` and `after` are what people read, None where there was nothing. `is_sure` is false where the
    two editions' notes could not be matched for certain; the explanation then says so.
    """

    kind: str
    note_id: str | None
    principle_id: str | None
    before: str | None
    after: str | None
    explanation: str
    words: tuple[WordEdit, ...] = ()
    is_sure: bool = True


ChangeRow = tuple[str, int, int | None, str, str | None, str | None, str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class ChangeList:
    """All differences between two editions; `to_edition` None is the present, unpublished state.

    `unchanged` counts the notes that are the same in both; `headings` names principles by id.
    """

    workshop_id: str
    from_edition: int
    to_edition: int | None
    changes: tuple[Change, ...]
    unchanged: int
    headings: dict[str, str]

    def rows(self) -> tuple[ChangeRow, ...]:
        """Rows of the `changes` view: workshop, editions, kind, note, principle, before, after, why."""
        return tuple(
            (
                self.workshop_id,
                self.from_edition,
                self.to_edition,
                change.kind,
                change.note_id,
                change.principle_id,
                change.before,
                change.after,
                change.explanation,
            )
            for change in self.changes
        )


def diff(old: Record, new: Record, from_edition: int = 0, to_edition: int | None = None) -> ChangeList:
    """What changed from `old` to `new`; the same for the same records, whatever the order of files."""
    # Heavy, and here alone: a change is named in many places that compare nothing.
    from pipeline.matching import match_notes, principle_map  # noqa: PLC0415

    matching = match_notes(old, new)
    headings = {principle.id: principle.heading for principle in (*old.principles, *new.principles)}
    context = _Context(old, new, principle_map(old, new), headings)
    changes: list[Change] = []
    unchanged = 0
    newly_typed: list[Match] = []
    for match in matching.matches:
        found = [*_text_changes(context, match), *_type_changes(match), *_moves(context, match)]
        if match.old.response_type == "not_recorded" != match.new.response_type:
            newly_typed.append(match)
        unchanged += not found
        changes += found
    changes += _types_recorded(newly_typed)
    changes += [_added(context, note) for note in matching.only_new]
    changes += [_removed(context, note) for note in matching.only_old]
    changes += _counts(context, matching)
    changes += _promises(context, matching, changes)
    order = {kind: place for place, kind in enumerate(KINDS)}
    changes.sort(key=lambda change: order[change.kind])
    return ChangeList(new.workshop_id, from_edition, to_edition, tuple(changes), unchanged, headings)


@dataclass(frozen=True, slots=True)
class _Context:
    old: Record
    new: Record
    principle_of: dict[str, str]
    headings: dict[str, str]

    def heading(self, principle_id: str | None) -> str:
        """A heading in quotation marks, or what stands for none."""
        if principle_id is None:
            return "no heading (unplaced)"
        return f"“{self.headings.get(principle_id, principle_id)}”"

    def in_new(self, principle_id: str | None) -> str | None:
        """An older principle id in the newer edition's terms."""
        return None if principle_id is None else self.principle_of.get(principle_id, principle_id)


def shown(note: Note) -> str:
    """A note as people read it in the record."""
    return {"no_text": "[no text]", "illegible": "[illegible]"}.get(note.text_status, note.text)


def word_diff(before: str, after: str) -> tuple[WordEdit, ...]:
    """The words of two texts as stretches that stayed, went and came, in reading order.

    Texts with too little in common to be read as one are given as two wholes.
    """
    old, new = before.split(), after.split()
    edits: list[WordEdit] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        both = (WordEdit("removed", " ".join(old)), WordEdit("added", " ".join(new)))
        return tuple(edit for edit in both if edit.text)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            edits.append(WordEdit("same", " ".join(old[a:b])))
            continue
        if b > a:
            edits.append(WordEdit("removed", " ".join(old[a:b])))
        if d > c:
            edits.append(WordEdit("added", " ".join(new[c:d])))
    return tuple(edits)


def _label(status: str) -> str:
    return vocabulary.TEXT_STATUSES[status].label.lower()


def _doubt(match: Match) -> str:
    if match.is_sure:
        return ""
    if match.how == "standing" and match.candidates > 1:
        return (
            f" Which note it was is not certain: {match.candidates} notes under this heading could be meant."
        )
    if match.how == "standing":
        return " That it is the same note is likely, as no other is left under this heading, but not certain."
    return " That this is the same note is likely by its words, but not certain."


def _text_changes(context: _Context, match: Match) -> list[Change]:
    old, new = match.old, match.new
    before, after = shown(old), shown(new)
    if " ".join(before.split()) == " ".join(after.split()) and old.text_status == new.text_status:
        return []
    kind, why = _text_kind(old, new)
    words = word_diff(before, after) if old.text and new.text else ()
    source = _source(context, match) if kind != "status_changed" else ""
    return [
        Change(
            kind, new.id, new.principle_id, before, after, why + source + _doubt(match), words, match.is_sure
        )
    ]


def _text_kind(old: Note, new: Note) -> tuple[str, str]:
    """The kind of a change in a note's words or status, and the sentence that tells it."""
    was_read, is_read = old.text_status in _READABLE, new.text_status in _READABLE
    if old.text_status == "illegible" and is_read:
        wholly = "" if new.text_status == "legible" else ", if not wholly"
        return "now_readable", f"This note was illegible and can now be read{wholly}."
    if was_read and new.text_status == "illegible":
        return "no_longer_readable", "Its words are no longer sure enough to print."
    if not (was_read and is_read):
        change = (
            f"The note was recorded as “{_label(old.text_status)}” and is now “{_label(new.text_status)}”."
        )
        return "status_changed", change
    return _reading_kind(old, new)


def _reading_kind(old: Note, new: Note) -> tuple[str, str]:
    """Of two texts that are both readable, at least in part."""
    lost, is_lost = old.text.count("[illegible]"), new.text.count("[illegible]")
    if is_lost < lost:
        count = "Words" if is_lost == 0 else "Some of the words"
        return "now_readable", f"{count} that were lost can now be read."
    if is_lost > lost:
        return "no_longer_readable", "More of its words are marked as illegible than before."
    from pipeline.likeness import known_words  # noqa: PLC0415

    if known_words(old) == known_words(new):
        if old.text.replace("[?]", "") == new.text.replace("[?]", ""):
            certain = new.text.count("[?]") < old.text.count("[?]") or new.text_status == "legible"
            change = (
                "Words that were unsure are now certain." if certain else "Some words are no longer sure."
            )
            return "status_changed", change
        return "corrected", "Only spacing, capitals or punctuation were corrected."
    return "corrected", "The words were corrected."


def _source(context: _Context, match: Match) -> str:
    """Whether the change comes from photographs that the earlier edition did not have."""
    before = {photo.sha256 for photo in context.old.photos}
    fresh = sorted({s.photo for s in match.new.sightings if s.photo_sha256 not in before})
    if fresh:
        return f" It is read from {_photo_list(fresh)}, which the earlier edition did not have."
    if match.old.reading_state == "machine" and match.new.reading_state in ("reviewed", "double_keyed"):
        return " A person has checked it."
    return ""


def _photo_list(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{len(paths)} photographs ({', '.join(paths[:3])})"


def _type_changes(match: Match) -> list[Change]:
    old, new = match.old, match.new
    if old.response_type in (new.response_type, "not_recorded"):
        return []
    before = vocabulary.RESPONSE_TYPES[old.response_type].label
    after = vocabulary.RESPONSE_TYPES[new.response_type].label
    why = f"The response was recorded as “{before}” and is now “{after}”."
    if old.shape != new.shape and "not_recorded" not in (old.shape, new.shape):
        shapes = vocabulary.SHAPES
        why += f" Its shape was seen as {shapes[old.shape].label.lower()}, now {shapes[new.shape].label.lower()}."
    return [
        Change(
            "type_changed", new.id, new.principle_id, before, after, why + _doubt(match), (), match.is_sure
        )
    ]


def _types_recorded(matches: Sequence[Match]) -> list[Change]:
    """One line for all notes whose type an imported transcript did not say: no need for one each."""
    if not matches:
        return []
    notes = "1 note has" if len(matches) == 1 else f"{len(matches)} notes have"
    label = vocabulary.RESPONSE_TYPES["not_recorded"].label
    why = f"{notes} a type of response now; the earlier edition did not record it."
    return [Change("type_changed", None, None, label, None, why)]


def _moves(context: _Context, match: Match) -> list[Change]:
    before, after = context.in_new(match.old.principle_id), match.new.principle_id
    if before == after:
        return []
    old, new = context.heading(match.old.principle_id), context.heading(after)
    why = f"It was listed under {old} and is now under {new}."
    if match.new.placement:
        why += f" Why: {match.new.placement.rstrip('.')}."
    return [
        Change(
            "moved",
            match.new.id,
            after,
            old.strip("“”"),
            new.strip("“”"),
            why + _doubt(match),
            (),
            match.is_sure,
        )
    ]


def _added(context: _Context, note: Note) -> Change:
    before = {photo.sha256 for photo in context.old.photos}
    fresh = sorted({s.photo for s in note.sightings if s.photo_sha256 not in before})
    if fresh:
        why = f"It is seen on {_photo_list(fresh)}, which the earlier edition did not have."
    elif note.sightings:
        why = "It lies on a photograph that the earlier edition had, but was not found there then."
    else:
        why = "The earlier edition does not list it."
    text = f"New under {context.heading(note.principle_id)}. {why}"
    return Change("added", note.id, note.principle_id, None, shown(note), text)


def _removed(context: _Context, note: Note) -> Change:
    now = {photo.sha256 for photo in context.new.photos}
    if note.sightings and not any(s.photo_sha256 in now for s in note.sightings):
        why = "None of the photographs it was seen on belongs to the new edition."
    elif note.sightings:
        why = "Its photograph is still there, but there is no note at its place any more."
    else:
        why = "No note of the new edition could be matched with it."
    principle_id = context.in_new(note.principle_id)
    text = f"No longer under {context.heading(note.principle_id)}. {why}"
    return Change("removed", note.id, principle_id, shown(note), None, text)


def _counts(context: _Context, matching: Matching) -> list[Change]:
    """One change for each heading whose number of responses, or stated number, is another one."""
    old, new = _found(context, context.old, is_old=True), _found(context, context.new, is_old=False)
    stated = {context.in_new(principle.id): principle for principle in context.old.principles}
    changes: list[Change] = []
    principles: dict[str | None, Principle | None] = {p.id: p for p in context.new.principles}
    for key in (*stated, *old, *new):
        principles.setdefault(key, None)
    for key, principle in principles.items():
        before, after = old.get(key, 0), new.get(key, 0)
        was = stated[key].stated if key in stated else None
        now = principle.stated if principle else None
        if before == after and (was == now or principle is None or key not in stated):
            continue
        why = _why_count(context, matching, key)
        if was is not None and was != now:
            why += f" The earlier edition stated {was} and listed {before}."
        if now is not None and not before == after == now:
            why += f" The stated number is {now}{', which agrees now' if after == now else ''}."
        text = f"{context.heading(key)} had {before} and now has {after}."
        changes.append(Change("count_changed", None, key, str(before), str(after), text + why))
    return changes


def _found(context: _Context, record: Record, *, is_old: bool) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for note in record.notes:
        key = context.in_new(note.principle_id) if is_old else note.principle_id
        found[key] = found.get(key, 0) + 1
    return found


def _why_count(context: _Context, matching: Matching, key: str | None) -> str:
    added = sum(note.principle_id == key for note in matching.only_new)
    removed = sum(context.in_new(note.principle_id) == key for note in matching.only_old)
    moved = [
        (context.in_new(match.old.principle_id), match.new.principle_id)
        for match in matching.matches
        if context.in_new(match.old.principle_id) != match.new.principle_id
    ]
    parts = (
        (added, "added"),
        (removed, "removed"),
        (sum(after == key for _, after in moved), "moved here"),
        (sum(before == key for before, _ in moved), "moved away"),
    )
    said = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f" Why: {said}." if said else ""


def _promises(context: _Context, matching: Matching, changes: Iterable[Change]) -> list[Change]:
    """What the earlier edition said was to come, and came."""
    from pipeline.matching import as_map  # noqa: PLC0415

    matches = as_map(matching.matches)
    met: list[Change] = []
    known = {photo.sha256 for photo in context.old.photos}
    fresh = [photo for photo in context.new.photos if photo.sha256 not in known]
    has_news = any(change.kind in ("now_readable", "added", "corrected") for change in changes)
    for promise in promises_of(context.old):
        if promise.kind == "said":
            if fresh and has_news:
                count = "1 photograph" if len(fresh) == 1 else f"{len(fresh)} photographs"
                why = f"The earlier edition said: “{promise.sentence}” This one uses {count} that it did not have."
                met.append(Change("promise_met", None, None, None, None, why))
            continue
        change = _kept(promise, [matches[note_id] for note_id in promise.note_ids if note_id in matches])
        if change is not None:
            met.append(change)
    return met


_KEPT = {
    "illegible": "can now be read, at least in part",
    "partial": "can now be read for certain",
    "unsure_type": "now have a certain type of response",
    "unplaced": "now stand under a heading",
    "disputed": "are settled now",
}


def _kept(promise: Promise, matches: Sequence[Match]) -> Change | None:
    kept = sum(
        is_kept(promise.kind, match.new)
        and not (promise.kind == "partial" and match.new.text_status != "legible")
        and not (promise.kind == "illegible" and match.new.text_status not in _READABLE)
        for match in matches
    )
    if not kept:
        return None
    what = re.sub(r"\bhave\b", "has", _KEPT[promise.kind]) if kept == 1 else _KEPT[promise.kind]
    if kept == len(promise.note_ids):
        what += ", so nothing of this is left open"
    if kept == 1:
        what = what.replace("stand ", "stands ").replace("are settled", "is settled")
    unsure = sum(not match.is_sure for match in matches)
    why = f"The earlier edition said: “{promise.sentence}” Of these, {kept} {what}."
    if unsure:
        why += f" For {unsure} it is not certain which note is which."
    return Change("promise_met", None, None, None, None, why)
