"""Charts as small SVG pictures: responses by principle and type, and legibility.

Each carries its title, a description in words for those who do not see it, and its data (as
`<metadata>`), so the file can be reused alone. Few responses are drawn one shape a note; many as
bars. Nothing depends on colour alone: shapes, order and numbers say the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from pipeline import vocabulary
from pipeline.once import once_in_a_row
from pipeline.publish import icons, words
from pipeline.publish.changes import ChangeGroup
from pipeline.publish.ooxml import clean
from pipeline.publish.view import STATUS_ORDER, TYPE_ORDER, RecordView, Section

WIDTH = 620
LEFT = 1
CELL = 21.0
ROW = 54
_TOP, _KEY_LINE = 74, 24
MOST_SHAPES = 28
"""Up to so many responses under every heading, each is drawn as its shape; above, bars are drawn."""

INK, MUTED, LINE = "#1f1d1a", "#5a564e", "#cfc9bd"
_STATUS_FILL = {
    "legible": ("#2b5f56", "#ffffff"),
    "partial": ("#e3b94a", "#1f1d1a"),
    "illegible": ("url(#hatch)", "#1f1d1a"),
    "no_text": ("#ffffff", "#1f1d1a"),
}
_STRONG = Markup(' font-weight="600"')
_FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', 'DejaVu Sans', sans-serif"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's data: the heading of each column, a row each principle, and the totals."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    totals: tuple[int, ...]
    subject: str = "Principle"


@dataclass(frozen=True, slots=True)
class Chart:
    """A finished chart: file name, title, description in words, data, and the SVG itself."""

    name: str
    title: str
    description: str
    table: Table
    svg: str


@once_in_a_row
def make_charts(view: RecordView) -> tuple[Chart, ...]:
    """The charts of a record: responses, legibility, and the themes where there are any."""
    from pipeline.publish.theme_chart import themes_chart  # noqa: PLC0415  (it draws with what is here)

    themes = themes_chart(view)
    return _responses(view), _legibility(view), *([themes] if themes else [])


def changes_chart(groups: Sequence[ChangeGroup]) -> Chart:
    """How many changes of each kind there were since an earlier edition."""
    rows = tuple((group.label, (len(group.lines),)) for group in groups)
    table = Table(("Changes",), rows, (sum(values[0] for _, values in rows),), subject="Kind of change")
    title = "Changes by kind"
    said = "; ".join(f"{label} {values[0]}" for label, values in rows)
    description = f"{words.count(table.totals[0], 'change')} in all. {said}."
    most = max((values[0] for _, values in rows), default=0)
    body: list[Markup] = []
    for number, (label, values) in enumerate(rows):
        body += [
            _row_label(label, values[0], _TOP + number * ROW),
            _bar(values, [("#1d5d94", "#ffffff")], most, _TOP + number * ROW),
        ]
    svg = document(
        name="chart-changes",
        title=title,
        description=description,
        table=table,
        key=(Markup(""), 0),
        body=body,
    )
    return Chart("changes.svg", title, description, table, svg)


def _table(view: RecordView, codes: Sequence[str], kind: str, labels: dict[str, vocabulary.Code]) -> Table:
    def values(section: Section) -> tuple[int, ...]:
        counts = section.by_type if kind == "type" else section.by_status
        return tuple(counts[code] for code in codes)

    rows = tuple((section.heading, values(section)) for section in view.all_sections)
    totals = tuple(sum(row[index] for _, row in rows) for index in range(len(codes)))
    return Table(tuple(labels[code].label for code in codes), rows, totals)


def _sentence(heading: str, values: Sequence[int], labels: Sequence[str]) -> str:
    parts = [f"{value} {label.lower()}" for value, label in zip(values, labels, strict=True) if value]
    return f"{heading} {sum(values)}" + (f" ({', '.join(parts)})" if parts else "")


def _describe(table: Table) -> str:
    rows = "; ".join(_sentence(heading, values, table.columns) for heading, values in table.rows)
    return f"{_sentence('In all', table.totals, table.columns)}. {rows}."


def _responses(view: RecordView) -> Chart:
    present = [code for code in TYPE_ORDER if view.figures.by_type[code]] or list(TYPE_ORDER[:4])
    table = _table(view, present, "type", vocabulary.RESPONSE_TYPES)
    title = "Responses by principle and type"
    description = _describe(table)
    most = max((sum(values) for _, values in table.rows), default=0)
    shapes = {code: _shape_for(view, code) for code in present}
    key = [
        shape_mark(shapes[code], code, 0, -15, 18) + text(24, 0, table.columns[index], 14, INK)
        for index, code in enumerate(present)
    ]
    body: list[Markup] = []
    for number, (heading, values) in enumerate(table.rows):
        top = _TOP + number * ROW
        body.append(_row_label(heading, sum(values), top))
        if most <= MOST_SHAPES:
            body.append(_shapes_row(values, present, shapes, top))
        else:
            fills = [(icons.COLOURS[code][0], "#ffffff") for code in present]
            body.append(_bar(values, fills, most, top))
    svg = document(
        name="chart-responses",
        title=title,
        description=description,
        table=table,
        key=_key(key, table.columns),
        body=body,
    )
    return Chart("responses-by-principle.svg", title, description, table, svg)


def _legibility(view: RecordView) -> Chart:
    table = _table(view, STATUS_ORDER, "status", vocabulary.TEXT_STATUSES)
    title = "How much could be read"
    description = _describe(table)
    most = max((sum(values) for _, values in table.rows), default=0)
    fills = [_STATUS_FILL[code] for code in STATUS_ORDER]
    key = [
        _rect(0, -14, (18, 16), fills[index][0]) + text(24, 0, label, 14, INK)
        for index, label in enumerate(table.columns)
    ]
    body: list[Markup] = []
    for number, (heading, values) in enumerate(table.rows):
        top = _TOP + number * ROW
        body.append(_row_label(heading, sum(values), top))
        body.append(_bar(values, fills, most, top))
    svg = document(
        name="chart-legibility",
        title=title,
        description=description,
        table=table,
        key=_key(key, table.columns),
        body=body,
    )
    return Chart("legibility.svg", title, description, table, svg)


def _shape_for(view: RecordView, response_type: str) -> str:
    for entry in view.legend:
        if entry.response_type == response_type:
            return entry.shape
    return "not_recorded" if response_type in ("unsure", "not_recorded") else "other"


def document(
    *,
    name: str,
    title: str,
    description: str,
    table: Table,
    key: tuple[Markup, int],
    body: Sequence[Markup],
    height: int | None = None,
) -> str:
    """A chart as SVG; `height` is that of its body's lower end, by default a row for each of the table's."""
    data = {
        "columns": [table.subject, *table.columns],
        "rows": [[heading, *values] for heading, values in table.rows],
        "totals": list(table.totals),
    }
    hatch = Markup(
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="6" height="6" fill="#f3efe6"/>'
        '<rect width="2" height="6" fill="#8d877a"/></pattern></defs>'
    )
    lines = max(key[1] - 1, -1)
    lower = _KEY_LINE * lines
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-desc"'
        ' viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="{font}">\n'
        '<title id="{name}-title">{title}</title>\n<desc id="{name}-desc">{description}</desc>\n'
        "<metadata>{data}</metadata>\n{hatch}\n{head}\n{key}\n"
        '<g transform="translate(0 {lower})">\n{body}\n</g>\n</svg>\n'
    ).format(
        name=name,
        width=WIDTH,
        height=lower + (_TOP + len(table.rows) * ROW + 4 if height is None else height),
        font=_FONT,
        title=clean(title),
        description=clean(description),
        data=clean(json.dumps(data, ensure_ascii=False)),
        hatch=hatch if name == "chart-legibility" else "",
        head=text(LEFT, 18, title, 17, INK, is_strong=True),
        key=key[0],
        lower=lower,
        body=Markup("\n").join(body),
    )


def _key(entries: Sequence[Markup], labels: Sequence[str]) -> tuple[Markup, int]:
    """The key, and how many lines it takes."""
    parts: list[Markup] = []
    x, line = float(LEFT), 0
    for entry, label in zip(entries, labels, strict=True):
        wide = 46 + 8.6 * len(label)
        if x + wide - 16 > WIDTH and x > LEFT:
            x, line = float(LEFT), line + 1
        parts.append(
            Markup('<g transform="translate({} {})">{}</g>').format(f"{x:g}", 47 + _KEY_LINE * line, entry)
        )
        x += wide
    return Markup("\n").join(parts), line + 1


def _row_label(heading: str, total: int, top: int) -> Markup:
    shown = heading if len(heading) <= 70 else f"{heading[:69].rstrip()}…"
    return Markup(
        '<line x1="{0}" x2="{1}" y1="{2}" y2="{2}" stroke="{3}"/>'
        '<text x="{0}" y="{4}" font-size="14" fill="{5}">{6}<tspan dx="7" fill="{7}">{8}</tspan></text>'
    ).format(LEFT, WIDTH - 4, top - 6, LINE, top + 13, INK, clean(shown), MUTED, f"{total:,}")


def _shapes_row(values: Sequence[int], codes: Sequence[str], shapes: dict[str, str], top: int) -> Markup:
    marks: list[Markup] = []
    x = float(LEFT)
    for value, code in zip(values, codes, strict=True):
        for _ in range(value):
            marks.append(shape_mark(shapes[code], code, x, top + 21, 18))
            x += CELL
    return Markup("").join(marks)


def shape_mark(shape: str, response_type: str, x: float, y: float, size: float) -> Markup:
    """A note's shape in its response type's colours, `size` pixels wide, its upper left corner at x, y."""
    ink, tint = icons.COLOURS[response_type]
    # Thousands are drawn, of numbers and of our own paths and colours: nothing is there to be escaped.
    return Markup(  # noqa: S704
        f'<path transform="translate({x:g} {y:g}) scale({size / 24:g})" d="{icons.path_of(shape)}" fill="{tint}"'
        f' stroke="{ink}" stroke-width="2" stroke-linejoin="round"/>'
    )


def _bar(values: Sequence[int], fills: Sequence[tuple[str, str]], most: int, top: int) -> Markup:
    if most == 0:
        return Markup("")
    unit = min((WIDTH - 2 * LEFT) / most, CELL)
    parts: list[Markup] = []
    x = float(LEFT)
    for value, (fill, ink) in zip(values, fills, strict=True):
        if value == 0:
            continue
        wide = round(value * unit, 2)
        parts.append(_rect(x, top + 20, (wide, 20), fill))
        label = f"{value:,}"
        if wide >= 9 + 7.5 * len(label):
            plate = (6 + 8 * len(label), 15)
            if fill.startswith("url"):  # a number needs a plain ground to be read on
                parts.append(_rect(x + (wide - plate[0]) / 2, top + 22.5, plate, "#ffffff", "none"))
            parts.append(_number(round(x + wide / 2, 2), top + 34.5, label, ink))
        x = round(x + wide, 2)
    return Markup("").join(parts)


def _rect(x: float, y: float, size: tuple[float, float], fill: str, stroke: str = "#3d3a34") -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}"/>').format(
        f"{x:g}", f"{y:g}", f"{size[0]:g}", f"{size[1]:g}", fill, stroke
    )


def text(x: float, y: float, words_of: str, size: float, fill: str, *, is_strong: bool = False) -> Markup:
    """A line of text that starts at x and stands on y."""
    # As above: the words alone are not ours.
    return Markup(  # noqa: S704
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{_STRONG if is_strong else ""}>'
        f"{escape(clean(words_of))}</text>"
    )


def _number(centre: float, y: float, value: str, fill: str) -> Markup:
    return Markup('<text x="{}" y="{}" font-size="12.5" fill="{}" text-anchor="middle"{}>{}</text>').format(
        f"{centre:g}", f"{y:g}", fill, _STRONG, value
    )


def describe_total(view: RecordView) -> str:
    """The one-line summary under a record's title."""
    figures = view.figures
    parts = [words.count(figures.notes, "note")]
    if figures.photos:
        parts.append(words.count(figures.photos, "photograph"))
    parts.append(words.count(figures.principles, "principle"))
    if figures.written:
        parts.append(f"{figures.readable_share} of the notes with writing can be read")
    return " · ".join(parts)
