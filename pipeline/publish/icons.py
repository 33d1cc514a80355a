"""Drawn icons of the note shapes, as SVG: the legend's marks in the record and in its charts.

Each is drawn in a 24 x 24 box. They are decoration: the words beside them carry the meaning, so the
inline ones are hidden from screen readers.
"""

from __future__ import annotations

from markupsafe import Markup

_BODIES = {
    "tick": "M2.2 12.6 5.7 9l4 4.1L18.6 2.6l3.6 3.2L10 20.6z",
    "heart": "M12 21.4 3.4 12.6C-.4 8.6 2 3 6.7 3c2.3 0 4.2 1.2 5.3 3.2C13.1 4.2 15 3 17.3 3c4.7 0 7.1 5.6 3.3 9.6z",
    "speech_bubble": "M4 3.2h16a2.2 2.2 0 0 1 2.2 2.2v9.2a2.2 2.2 0 0 1-2.2 2.2h-8.4L6.4 21.6v-4.8H4"
    "a2.2 2.2 0 0 1-2.2-2.2V5.4A2.2 2.2 0 0 1 4 3.2z",
    "square": "M3.4 3.4h17.2v17.2H3.4z",
    "rectangle": "M1.6 6h20.8v12H1.6z",
    "other": "M12 2.2 21.8 9l-3.6 12H5.8L2.2 9z",
    "not_recorded": "M12 2.6a9.4 9.4 0 1 1 0 18.8 9.4 9.4 0 0 1 0-18.8z",
}
"""Paths of each shape; the two last stand for shapes without a name and for none recorded."""

COLOURS = {
    "agreement": ("#2f6f3a", "#dcebd9"),
    "importance": ("#b0254f", "#f9dfe6"),
    "amendment": ("#1d5d94", "#dbe9f5"),
    "challenge": ("#855700", "#fbeec2"),
    "other": ("#5b4b8a", "#e7e2f3"),
    "unsure": ("#5c5a55", "#e9e6df"),
    "not_recorded": ("#5c5a55", "#e9e6df"),
}
"""Of each response type: ink (at least 4.5 : 1 on white and on its own tint) and tint."""


def path_of(shape: str) -> str:
    """The `d` of a shape's outline in a 24 x 24 box."""
    return _BODIES.get(shape, _BODIES["other"])


def icon(shape: str, response_type: str, size: float = 24) -> Markup:
    """An inline icon, hidden from screen readers: the shape in its response type's colours."""
    ink, tint = COLOURS[response_type]
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false" viewBox="-1 -1 26 26" width="{0}" height="{0}">'
        '<path d="{1}" fill="{2}" stroke="{3}" stroke-width="1.7" stroke-linejoin="round"/></svg>'
    ).format(f"{size:g}", path_of(shape), tint, ink)
