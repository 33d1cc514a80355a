"""The themes page: what it is told, and what people do to themes there.

What it shows is what a run would make of the notes as they stand now, with every decision laid over them. Working
that out takes a moment the first time (every note is read once); until then the last run's themes are shown.
themes.toml is the truth: each change is on the disk (fsync) before it is told as saved, and one that somebody made
in a text editor meanwhile is never written over (see pipeline.themes.keeping).
"""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline import vocabulary
from pipeline.errors import ConfigError
from pipeline.model import Note, Principle, Theme
from pipeline.review.acts import RefusedError
from pipeline.review.desk import Desk
from pipeline.review.views import picture_of
from pipeline.themes import keeping
from pipeline.themes.editing import Edit
from pipeline.themes.ownership import OwnedThemes
from pipeline.themes.result import ThemeResult

if TYPE_CHECKING:
    from pipeline.themes.vectors import Analyser

LONGEST_NAME = 120
LONGEST_DESCRIPTION = 1000
_SAID = {
    "rename": "Saved: the theme has a new name.",
    "describe": "Saved: the description.",
    "merge": "Saved: they are one theme now.",
    "split": "Saved: two themes.",
    "move": "Saved: moved.",
    "ungroup": "Saved: in no theme.",
    "pin": "Saved: exactly these notes from now on.",
    "unpin": "Saved: notes that say alike may join again.",
    "reject": "Saved: this is no theme. Its notes stay.",
    "make": "Saved: a new theme.",
    "restore": "Saved: it may be found again.",
    "release": "Saved: the machine decides about it again.",
}
_UNDONE = {
    "rename": "the new name",
    "describe": "the description",
    "merge": "the merging",
    "split": "the splitting",
    "move": "the moving of notes",
    "ungroup": "the taking out of notes",
    "pin": "the pinning",
    "unpin": "the unpinning",
    "reject": "the rejection",
    "make": "the new theme",
    "restore": "the bringing back",
    "release": "the giving back",
}


class ThemeDesk:
    """One workshop's themes under people's hands; every method may be called from any thread."""

    def __init__(self, desk: Desk, analyse: Analyser | None = None) -> None:
        self.desk = desk
        self._analyse = analyse
        self._lock = threading.Lock()
        self._seen: tuple[tuple[Note, ...], str] | None = None
        self._result: ThemeResult | None = None
        self._is_working = False

    def view(self, version: str = "") -> dict[str, Any]:
        """Everything the page shows; only `version` where that is what it shows already.

        Where the themes are still being worked out it says so (`working`). Raises ConfigError where
        themes.toml cannot be understood.
        """
        (notes, seen), kept = self._notes(), keeping.load(self.desk.folder)
        if self._result is None:
            self._begin()
            last_run = ThemeResult(self.desk.loaded.record.themes)
            return {**_view(self.desk, notes, kept, last_run), "working": True}
        now = _version(kept, seen)
        if version == now:
            return {"version": version}
        with self._lock:
            found = self._found(notes, kept)
        return {**_view(self.desk, notes, kept, found), "working": False, "version": now}

    def act(self, person: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Do one thing to themes; answered when it is on the disk, with the page as it is then.

        Raises RefusedError, ChangedError (somebody else was quicker), EditError, StorageError.
        """
        state = str(sent.get("state", ""))
        when = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
        folder = self.desk.folder
        with self._lock:
            notes, seen = self._notes()
            if sent.get("act") == "undo":
                kept = keeping.undo(folder, based_on=state, person=person, when=when)
                said = "Taken back."
            else:
                edit = _edit(sent)
                known = self._known()
                kept = keeping.change(folder, edit, known, notes, based_on=state, person=person, when=when)
                said = _SAID[edit.act]
            found = self._found(notes, kept)
        shown = _view(self.desk, notes, kept, found)
        return {**shown, "working": False, "version": _version(kept, seen), "said": said}

    # --- working it out ------------------------------------------------------------------------------

    def _notes(self) -> tuple[tuple[Note, ...], str]:
        """The notes as they stand, and what changes with them.

        Both of one moment: working themes out takes seconds, and what is decided meanwhile is not in them.
        """
        with self.desk.lock:
            self.desk.refresh()
            return self.desk.ledger.notes(), f"{len(self.desk.decisions)}-{self.desk.loaded.stamp[1]}"

    def _known(self) -> Sequence[Theme]:
        """The themes on people's pages: those worked out last, and those of the last run."""
        worked_out = self._result.themes if self._result is not None else ()
        known = {theme.id for theme in worked_out}
        return (*worked_out, *(one for one in self.desk.loaded.record.themes if one.id not in known))

    def _found(self, notes: tuple[Note, ...], kept: keeping.Kept) -> ThemeResult:
        """The themes as a run would make them now; worked out only where something has changed."""
        from pipeline.stages.theme import themes  # noqa: PLC0415  (heavy; only where somebody looks at themes)
        from pipeline.themes.remembered import recall_from  # noqa: PLC0415

        if self._analyse is None:
            # What the last run knows of the notes' words need not be worked out again.
            self._analyse = recall_from(self.desk.places.vectors(self.desk.folder.name))
        if self._result is None or self._seen != (notes, kept.state):
            record = self.desk.loaded.record
            self._result = themes(notes, record.principles, self._analyse, kept.owned, record.title)
            self._seen = notes, kept.state
        return self._result

    def _begin(self) -> None:
        if self._is_working:
            return
        self._is_working = True

        def work() -> None:
            try:
                with self._lock:
                    self._found(self._notes()[0], keeping.load(self.desk.folder))
            except ConfigError:
                pass  # told where the page asks
            except Exception:  # noqa: BLE001 - without it the themes of the last run are shown
                self._result = ThemeResult(self.desk.loaded.record.themes)
            finally:
                self._is_working = False

        threading.Thread(target=work, daemon=True).start()


def _version(kept: keeping.Kept, seen: str) -> str:
    return f"{kept.state[:16]}-{seen}"


def _edit(sent: Mapping[str, Any]) -> Edit:
    wanted = {name: sent[name] for name in ("act", "themes", "notes", "name", "parts") if name in sent}
    try:
        edit = msgspec.convert(wanted, Edit)
    except msgspec.ValidationError:
        raise RefusedError("The page sent something that is not understood; load it again.") from None
    if edit.act not in _SAID:
        raise RefusedError("The page sent something that is not understood; load it again.")
    longest = LONGEST_DESCRIPTION if edit.act == "describe" else LONGEST_NAME
    for name in (edit.name, *(part for part, _ in edit.parts)):
        if len(name) > longest:
            raise RefusedError(f"That is too long: at most {longest} characters.")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
            raise RefusedError("A name is one line, without control characters.")
    return edit


# --- what the page is told ---------------------------------------------------------------------------


def _view(desk: Desk, notes: Sequence[Note], kept: keeping.Kept, found: ThemeResult) -> dict[str, Any]:
    under: dict[str | None, list[Note]] = {}
    for note in notes:
        under.setdefault(note.principle_id, []).append(note)
    principles: list[Principle | None] = list(desk.loaded.record.principles)
    if None in under:
        principles.append(None)
    done = [change for change, is_undone in keeping.history(desk.folder) if not is_undone]
    last = done[-1] if done and done[-1].state == kept.state else None
    headings = {one.id: one.heading for one in desk.loaded.record.principles}
    found_by_words = {theme.id for theme in found.themes} | {link.id for link in found.links}
    return {
        "state": kept.state,
        "principles": [
            _principle(desk, principle, under.get(principle.id if principle else None, []), kept.owned, found)
            for principle in principles
        ],
        "links": [
            {
                "label": link.label,
                "principles": [headings.get(one or "", "Unplaced") for one in link.principle_ids],
                "notes": len(link.note_ids),
            }
            for link in found.links
        ],
        "missing": [
            {"label": theme.label, "notes": len(theme.note_ids), "named": theme.id not in found_by_words}
            for theme in found.suggested_missing
        ],
        "lost": [{"key": one.key, "name": one.name, "reason": one.reason} for one in found.lost],
        "undo": f"{_UNDONE.get(last.act, last.act)}, by {last.person}" if last else "",
    }


def _principle(
    desk: Desk, principle: Principle | None, notes: Sequence[Note], owned: OwnedThemes, found: ThemeResult
) -> dict[str, Any]:
    own_id = principle.id if principle else None
    by_id = {note.id: note for note in notes}
    themes = [theme for theme in found.themes if theme.principle_id == own_id]
    placed = {note_id for theme in themes for note_id in theme.note_ids}
    left = [note for note in notes if note.id not in placed]
    wordless = sum(note.text_status in ("no_text", "illegible") for note in left)
    return {
        "id": own_id,
        "label": principle.heading if principle else "Under no principle",
        "notes": len(notes),
        "types": _types(notes),
        "themes": [_theme(desk, theme, by_id, owned) for theme in themes],
        "alone": [_note(desk, note) for note in left if note.text_status not in ("no_text", "illegible")],
        "wordless": wordless,
        "rejected": [
            {"key": one.key, "name": one.name, "notes": len(one.notes)}
            for one in owned.themes
            if one.is_rejected and one.principle_id == own_id
        ],
    }


def _theme(desk: Desk, theme: Theme, notes: Mapping[str, Note], owned: OwnedThemes) -> dict[str, Any]:
    mine = owned.theme(theme.id)
    members = [notes[note_id] for note_id in theme.note_ids if note_id in notes]
    quote = notes.get(theme.quote_note_id or "")
    return {
        "id": theme.id,
        "label": theme.label,
        "strength": theme.strength,
        "owned": mine is not None,
        "pinned": mine is not None and mine.is_pinned,
        "description": mine.description if mine else "",
        "quote": quote.text if quote else "",
        "types": _types(members),
        "notes": [_note(desk, note) for note in members],
    }


def _types(notes: Sequence[Note]) -> list[dict[str, Any]]:
    counts = Counter(note.response_type for note in notes)
    return [
        {"code": code, "label": row.label, "count": counts[code]}
        for code, row in vocabulary.RESPONSE_TYPES.items()
        if counts[code]
    ]


def _note(desk: Desk, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "text": note.text,
        "type": vocabulary.RESPONSE_TYPES[note.response_type].label,
        "picture": picture_of(desk, note.id),
    }
