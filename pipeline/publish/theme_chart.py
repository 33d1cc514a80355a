"""The themes as a picture: each note drawn as its shape, gathered with those that say alike, as on a wall.

What surely belongs together stands on a card; what may belong is drawn pale; notes that stand alone follow,
smaller, behind the cards of their heading. Numbers and words say the same in the description and the data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline import vocabulary
from pipeline.model import Note
from pipeline.publish import charting, words
from pipeline.publish.charting import INK, LEFT, LINE, MUTED, WIDTH, Chart, Table, document, text
from pipeline.publish.theming import ThemeView
from pipeline.publish.view import TYPE_ORDER, RecordView, Section

NAME = "themes.svg"
TITLE = "Themes, and the notes they are made of"
MOST_DRAWN = 36
"""So many notes of one theme are drawn; of more, the number says how many there are."""
_NOTE, _CELL = 20, 23.0
_SMALL, _SMALL_CELL = 11, 13.5
_PAD, _GAP = 9.0, 12.0
_LETTER = 7.8
"""The mean width of a letter of a label, in pixels at 13 px bold, in the widest of the fonts that may be at hand."""
_LONGEST = 34
_PALE = 0.4
_HEAD = 26.0


@dataclass(frozen=True, slots=True)
class _Card:
    """A theme as it will be drawn: how many notes a row, and how large its card is."""

    theme: ThemeView
    columns: int
    label: str
    width: float
    height: float


def themes_chart(view: RecordView) -> Chart | None:
    """The chart, or None where no theme was found."""
    sections = [section for section in view.all_sections if section.found]
    if not any(section.themes for section in sections):
        return None
    table = _table(sections)
    body: list[Markup] = []
    top = 74.0
    for section in sections:
        drawn, top = _section(section, top)
        body += drawn
    svg = document(
        name="chart-themes",
        title=TITLE,
        description=_description(sections),
        table=table,
        key=(_key(), 1),
        body=body,
        height=math.ceil(top + 4),
    )
    return Chart(NAME, TITLE, _description(sections), table, svg)


def _table(sections: Sequence[Section]) -> Table:
    codes = [code for code in TYPE_ORDER if any(section.by_type[code] for section in sections)]
    rows = [
        (f"{section.heading}: {name}", tuple(sum(n.response_type == code for n in notes) for code in codes))
        for section in sections
        for name, notes in [
            *((theme.label, theme.notes) for theme in section.themes),
            ("in no theme", _rest(section)),
        ]
        if notes
    ]
    totals = tuple(sum(values[place] for _, values in rows) for place in range(len(codes)))
    labels = tuple(vocabulary.RESPONSE_TYPES[code].label for code in codes)
    return Table(labels, tuple(rows), totals, subject="Theme")


def _rest(section: Section) -> tuple[Note, ...]:
    """The notes of a heading that are in no theme, in the order of the record."""
    taken = {note.id for theme in section.themes for note in theme.notes}
    return tuple(
        note
        for group in section.groups
        for item in group.items
        for note in item.notes
        if note.id not in taken
    )


def _description(sections: Sequence[Section]) -> str:
    told = []
    for section in sections:
        themes = "; ".join(f"{theme.label} ({theme.about})" for theme in section.themes)
        rest = len(_rest(section))
        alone = f"in no theme: {words.count(rest, 'note')}" if rest else ""
        told.append(f"{section.heading}: {'; '.join(part for part in (themes, alone) if part)}")
    return ". ".join(told) + "."


def _section(section: Section, top: float) -> tuple[list[Markup], float]:
    """A heading with its cards in rows and its lone notes behind them, and where the next one starts."""
    drawn = [
        Markup('<line x1="{0}" x2="{1}" y1="{2:g}" y2="{2:g}" stroke="{3}"/>').format(
            LEFT, WIDTH - 4, top - 6, LINE
        ),
        text(LEFT, top + 13, _cut(section.heading, 60), 14, INK),
    ]
    x, y, row = float(LEFT), top + _HEAD, 0.0
    for theme in section.themes:
        card = _card(theme)
        if x > LEFT and x + card.width > WIDTH:
            x, y, row = float(LEFT), y + row + _GAP, 0.0
        drawn.append(_draw_card(card, x, y))
        x, row = x + card.width + _GAP, max(row, card.height)
    rest = _rest(section)
    if rest:
        across = int((WIDTH - 4 - x) // _SMALL_CELL)
        if across < min(len(rest), 8):
            x, y, row = float(LEFT), y + row + _GAP, 0.0
            across = int((WIDTH - 4) // _SMALL_CELL)
        marks = [
            charting.shape_mark(
                note.shape,
                note.response_type,
                x + (place % across) * _SMALL_CELL,
                y + 4 + (place // across) * _SMALL_CELL,
                _SMALL,
            )
            for place, note in enumerate(rest)
        ]
        drawn.append(Markup('<g opacity="0.75">{}</g>').format(Markup("").join(marks)))
        lines = math.ceil(len(rest) / across)
        below = y + 4 + lines * _SMALL_CELL + 10
        drawn.append(text(x, below, f"{len(rest):,} in no theme", 11.5, MUTED))
        row = max(row, below - y + 2)
    return drawn, y + row + 18


def _card(theme: ThemeView) -> _Card:
    shown = min(len(theme.notes), MOST_DRAWN)
    label = _cut(theme.label, _LONGEST)
    columns = max(math.ceil(math.sqrt(shown * 1.8)), min(shown, int(len(label) * _LETTER / _CELL)))
    lines = math.ceil(shown / columns)
    wide = max(columns * _CELL - 3, len(label) * _LETTER, len(_below(theme)) * 5.9) + 2 * _PAD
    return _Card(theme, columns, label, wide, lines * _CELL + 32 + 2 * _PAD)


def _below(theme: ThemeView) -> str:
    count = words.count(len(theme.notes), "note")
    if theme.is_named_by_person:
        return f"{count} · named by people"
    return f"{count} · {'suggested' if theme.strength == 'suggested' else 'possible link'}"


def _draw_card(card: _Card, x: float, y: float) -> Markup:
    theme = card.theme
    is_firm = theme.is_named_by_person or theme.strength == "suggested"
    frame = _frame(x, y, card.width, card.height, is_firm=is_firm, is_named=theme.is_named_by_person)
    sure = {note.id for note in theme.sure} if theme.sure else {note.id for note in theme.notes}
    ordered = sorted(theme.notes, key=lambda note: note.id not in sure)[:MOST_DRAWN]
    marks = []
    for place, note in enumerate(ordered):
        mark = charting.shape_mark(
            note.shape,
            note.response_type,
            x + _PAD + (place % card.columns) * _CELL,
            y + _PAD + (place // card.columns) * _CELL,
            _NOTE,
        )
        marks.append(mark if note.id in sure else Markup(f'<g opacity="{_PALE}">{mark}</g>'))  # noqa: S704
    foot = y + card.height - _PAD
    return Markup("").join(
        [
            frame,
            *marks,
            text(x + _PAD, foot - 14, card.label, 13, INK, is_strong=True),
            text(x + _PAD, foot, _below(theme), 11, MUTED),
        ]
    )


def _frame(x: float, y: float, width: float, height: float, *, is_firm: bool, is_named: bool) -> Markup:
    fill = "#f6f1e4" if is_firm else "#ffffff"
    stroke, thickness = (INK, 1.8) if is_named else ("#8d877a", 1.2)
    dashes = "" if is_firm else ' stroke-dasharray="5 4"'
    # Numbers and colours of our own, hundreds of times: nothing is there to be escaped.
    return Markup(  # noqa: S704
        f'<rect x="{round(x, 2):g}" y="{round(y, 2):g}" width="{round(width, 2):g}" height="{round(height, 2):g}"'
        f' rx="7" fill="{fill}" stroke="{stroke}" stroke-width="{thickness}"{dashes}/>'
    )


def _key() -> Markup:
    """Kinds of card, and what a pale note means."""
    entries = (
        (_frame(0, -13, 22, 16, is_firm=True, is_named=True), "named by people"),
        (_frame(0, -13, 22, 16, is_firm=True, is_named=False), "suggested"),
        (_frame(0, -13, 22, 16, is_firm=False, is_named=False), "possible link"),
        (
            Markup('<g opacity="{}">{}</g>').format(
                _PALE, charting.shape_mark("square", "challenge", 2, -13, 15)
            ),
            "may belong",
        ),
    )
    parts = []
    x = float(LEFT)
    for drawing, label in entries:
        parts.append(
            Markup('<g transform="translate({:g} 47)">{}{}</g>').format(
                x, drawing, text(28, 0, label, 13, INK)
            )
        )
        x += 46 + 7.8 * len(label)
    return Markup("\n").join(parts)


def _cut(label: str, longest: int) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1].rstrip()}…"
