"""What the theme stage finds: the themes (model.Theme), and all that stands beside them."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.model import Crosswalk, Link, LostTheme, Mention, Tally, Theme

__all__ = ["Link", "LostTheme", "Mention", "Tally", "ThemeResult"]


@dataclass(frozen=True, slots=True)
class ThemeResult:
    """All that the theme stage says of a workshop; every tuple in a fixed order.

    `themes` stand by principle, suggested before possible, larger before smaller. `suggested_missing`
    are what people named when they were invited to say what is missing (a heading as a theme), and the themes,
    among these or across principles, that fit none of the principles asked about.
    """

    themes: tuple[Theme, ...]
    links: tuple[Link, ...] = ()
    mentions: tuple[Mention, ...] = ()
    suggested_missing: tuple[Theme, ...] = ()
    tallies: tuple[Tally, ...] = ()
    lost: tuple[LostTheme, ...] = ()
    crosswalks: tuple[Crosswalk, ...] = ()

    @property
    def theme_of_note(self) -> dict[str, str]:
        """The theme's id for each note that is in one."""
        return {note_id: theme.id for theme in self.themes for note_id in theme.note_ids}
