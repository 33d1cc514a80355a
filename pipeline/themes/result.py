"""What the theme stage finds, beside the themes themselves (model.Theme)."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.model import Theme


@dataclass(frozen=True, slots=True)
class Link:
    """Notes under two or more principles that say much the same."""

    id: str
    label: str
    similarity: float
    principle_ids: tuple[str | None, ...]
    note_ids: tuple[str, ...]
    quote_note_id: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A note under one principle that names another: "Links to iterative & testing"."""

    note_id: str
    principle_id: str
    words: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How the notes of one principle fared; the four counts add up to the principle's notes."""

    principle_id: str | None
    in_theme: int
    alone: int
    without_content: int

    @property
    def notes(self) -> int:
        """All notes of the principle."""
        return self.in_theme + self.alone + self.without_content


@dataclass(frozen=True, slots=True)
class LostTheme:
    """A theme that people named and that no note belongs to any more."""

    key: str
    name: str
    principle_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ThemeResult:
    """All that the theme stage says of a workshop; every tuple in a fixed order.

    `themes` stand by principle, suggested before possible, larger before smaller. `suggested_missing`
    are the themes among them, or across principles, that fit none of the principles asked about.
    """

    themes: tuple[Theme, ...]
    links: tuple[Link, ...] = ()
    mentions: tuple[Mention, ...] = ()
    suggested_missing: tuple[Theme, ...] = ()
    tallies: tuple[Tally, ...] = ()
    lost: tuple[LostTheme, ...] = ()

    @property
    def theme_of_note(self) -> dict[str, str]:
        """The theme's id for each note that is in one."""
        return {note_id: theme.id for theme in self.themes for note_id in theme.note_ids}
