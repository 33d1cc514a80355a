"""The record as Markdown (CommonMark with tables), in the manner of published workshop records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline import vocabulary
from pipeline.diff import Change, WordEdit
from pipeline.model import Note, Record
from pipeline.publish import charting, method, words
from pipeline.publish.changes import arrange_changes
from pipeline.publish.saying import COLLAPSED_MARK, Segment, segments
from pipeline.publish.theming import ACROSS_TITLE, ThemeView
from pipeline.publish.view import Group, Imprint, Item, RecordView, Section, arrange

_CONTROL = re.compile(r"[\\`*_\[\]<>|~#$&]")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def inline(text: str) -> str:
    """Text that reads as itself inside a line of Markdown: no emphasis, links, HTML or tables.

    White space runs on as single blanks.
    """
    return _CONTROL.sub(lambda match: "\\" + match[0], words.flow(text))


def escape_markdown(text: str) -> str:
    """The same for text at the start of a line, which must not start a list, a heading or a rule."""
    return _at_start(inline(text))


def _at_start(escaped: str) -> str:
    escaped = _NUMBERED.sub(r"\1\\\2", escaped)
    return "\\" + escaped if re.match(r"[-+=!:]", escaped) else escaped


def render_markdown(
    record: Record,
    changes: Sequence[Change] = (),
    imprint: Imprint | None = None,
    tables: Sequence[str] = (),
) -> str:
    """The whole record as Markdown; the charts lie beside it as SVG and stand in it as tables, too."""
    view = arrange(record)
    imprint = imprint or Imprint()
    blocks = [
        *_title(view, imprint),
        *_how(view),
        *_overview(view),
        *(block for section in view.sections for block in _section(section, view)),
    ]
    if view.unplaced:
        blocks += _section(
            view.unplaced,
            view,
            "No printed heading claims these notes. They are shown here so that nobody's response is lost.",
        )
    blocks += _across(view)
    blocks += _changes(changes, view)
    blocks += _method(view)
    blocks += _refused(record)
    blocks += _about(record, imprint, tables)
    return "\n\n".join(blocks) + "\n"


def _title(view: RecordView, imprint: Imprint) -> Iterator[str]:
    record = view.record
    yield f"# {escape_markdown(record.title)}"
    where = [escape_markdown(part) for part in (record.place, words.long_date(record.date)) if part]
    if where:
        yield f"**{' · '.join(where)}**"
    for paragraph in words.paragraphs(record.introduction):
        yield escape_markdown(paragraph)
    yield escape_markdown(charting.describe_total(view))
    if imprint.edition is None:
        yield "*Working state, not yet frozen as an edition*"
    else:
        parts = [f"Edition {imprint.edition}", words.long_date(imprint.edition_date)]
        if imprint.based_on:
            parts.append(f"based on {imprint.based_on}")
        yield f"*{escape_markdown(', '.join(part for part in parts if part))}*"


def _how(view: RecordView) -> Iterator[str]:
    yield "## How people could respond"
    yield (
        "\n".join(f"- **{entry.shape_label}** – {entry.label}: {entry.description}" for entry in view.legend)
        or "This record does not say what kinds of response there were."
    )
    yield (
        "`[illegible]` writing that cannot be read · `word[?]` a word that is not sure · `[no text]` a note "
        "without writing, counted all the same."
    )


def _overview(view: RecordView) -> Iterator[str]:
    yield "## At a glance"
    for chart in charting.make_charts(view):
        yield f"### {chart.title}"
        yield f"![{escape_markdown(chart.title + ': ' + chart.description)}]({chart.name})"
        yield _table(
            ("Heading", *chart.table.columns, "All"),
            [(heading, *map(str, values), str(sum(values))) for heading, values in chart.table.rows]
            + [("All", *map(str, chart.table.totals), str(sum(chart.table.totals)))],
            numbers=True,
        )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = False) -> str:
    rule = ["---", *("--:" if numbers else "---" for _ in columns[1:])]
    lines = [columns, *rows]
    text = [f"| {' | '.join(inline(cell) for cell in line)} |" for line in lines]
    return "\n".join([text[0], f"| {' | '.join(rule)} |", *text[1:]])


def _section(section: Section, view: RecordView, remark: str = "") -> Iterator[str]:
    yield f"## {escape_markdown(section.heading)} ({section.found})"
    if remark or section.description:
        yield remark or f"*{escape_markdown(section.description)}*"
    if section.reconciliation:
        yield section.reconciliation
    for group in section.groups:
        yield from _group(group, section.by_type[group.response_type], view)
    if not section.groups:
        yield "*Nobody put a note here.*"
    if section.themes:
        yield "### Themes"
        yield "\n".join(line for theme in section.themes for line in _theme(theme))
        if section.themes_told:
            yield section.themes_told


def _theme(theme: ThemeView) -> Iterator[str]:
    quote = f": “{_words_of(theme.quote_note)}”" if theme.quote_note else ""
    yield f"- **{escape_markdown(theme.label)}** ({theme.about}){quote}"
    if theme.description:
        yield f"  - *{escape_markdown(theme.description)}*"
    doubtful = theme.doubtful_ids
    for note in theme.others:
        yield f"  - {_words_of(note)}{' (perhaps)' if note.id in doubtful else ''}"


def _across(view: RecordView) -> Iterator[str]:
    if view.across:
        yield f"## {ACROSS_TITLE}"
    for passage in view.across:
        yield f"### {escape_markdown(passage.title)}"
        yield passage.introduction
        if passage.lines:
            yield "\n".join(
                line
                for one in passage.lines
                for line in (
                    f"- **{escape_markdown(one.label)}** ({inline(one.about)})",
                    *(f"  - {_words_of(note)} (*{inline(heading)}*)" for note, heading in one.notes),
                )
            )
        if passage.rows:
            rows = [(heading, *map(str, counts)) for heading, counts in passage.rows]
            yield _table(("Heading", *passage.columns), rows, numbers=True)


def _group(group: Group, count: int, view: RecordView) -> Iterator[str]:
    if not group.is_continued:
        yield f"### {group.label} ({count})"
    else:
        yield "* * *"
    yield "\n".join(_item(item, view) for item in group.items)


def _item(item: Item, view: RecordView) -> str:
    if item.is_collapsed:
        times = f" × {len(item.notes)}" if len(item.notes) > 1 else ""
        line = f"- {item.mark}{times}"
    else:
        line = f"- {_marked(item.segments)}"
        if item.notes[0].reading_state == "disputed":
            line += " *(two people read this differently)*"
    for note in item.notes:
        if note.id in view.answers:
            line += f" (answers: “{_words_of(view.answers[note.id])}”)"
    return line


def _words_of(note: Note) -> str:
    return _marked(segments(note.text)) or COLLAPSED_MARK[note.text_status]


def _marked(pieces: Sequence[Segment]) -> str:
    """Words with our own marks left bare, so that they can be searched for; all else escaped.

    `[illegible]` is plain text in Markdown unless something makes a link of it: a bracket right
    behind it is escaped, and no note can define a link, since its own brackets are escaped.
    """
    written = ""
    is_behind_mark = False
    for piece in pieces:
        blank = piece.text[: len(piece.text) - len(piece.text.lstrip())] and " "
        tail = piece.text[len(piece.text.rstrip()) :] and " "
        core = inline(piece.text)
        if is_behind_mark and not blank and core.startswith(("(", ":")):
            core = "\\" + core
        if piece.kind == "text":
            written += f"{blank}{core}{tail}" if core else " "
        elif piece.kind == "unsure":
            written += f"{core}[?]"
        else:
            written += piece.text
        is_behind_mark = piece.kind != "text"
    return _at_start(written)


def _changes(changes: Sequence[Change], view: RecordView) -> Iterator[str]:
    groups = arrange_changes(changes, view.headings)
    if groups:
        yield "## What changed"
    for group in groups:
        yield f"### {escape_markdown(group.label)} ({len(group.lines)})"
        lines = []
        for line in group.lines:
            parts = [f"**{inline(line.heading)}**:" if line.heading else "", *map(_piece, line.pieces)]
            if line.explanation:
                parts.append(f"– {inline(line.explanation)}" if line.pieces else inline(line.explanation))
            lines.append(f"- {_at_start(' '.join(part for part in parts if part))}")
        yield "\n".join(lines)


def _piece(piece: WordEdit) -> str:
    text = inline(piece.text)
    return {"removed": f"<del>{text}</del>", "added": f"<ins>{text}</ins>"}.get(piece.kind, text)


def _method(view: RecordView) -> Iterator[str]:
    yield "## How this record was made"
    yield "\n".join(
        f"- {escape_markdown(sentence)}" for sentence in (*method.sentences(view), *view.record.notices)
    )
    versions = method.software(view.record)
    if versions:
        yield _table(("Component", "Version"), versions)


def _refused(record: Record) -> Iterator[str]:
    if not record.refusals:
        return
    yield "## Files that could not be used"
    yield _table(
        ("File", "Why", "What would help"),
        [
            (
                refusal.path,
                f"{vocabulary.REFUSALS[refusal.code].label}: {refusal.reason}",
                refusal.remedy or "–",
            )
            for refusal in record.refusals
        ],
    )


def _about(record: Record, imprint: Imprint, tables: Sequence[str]) -> Iterator[str]:
    yield "## Credits, licence, contact"
    lines = ["- **Words**: the people who took part in the workshop and wrote the notes."]
    if imprint.credits:
        lines.append(f"- **Transcribed and checked by**: {escape_markdown(', '.join(imprint.credits))}")
    if record.licence:
        photos = f"; photographs: {imprint.photo_licence}" if imprint.photo_licence else ""
        lines.append(f"- **Licence**: {escape_markdown(record.licence + photos)}")
    if record.contact:
        lines.append(
            f"- **Contact**: {escape_markdown(record.contact)}. Please write if you can read what we could not, "
            "or if something here should not be public."
        )
    lines.append(
        "- **How to cite**: "
        + escape_markdown(method.citation(record, imprint.edition, imprint.edition_date))
    )
    if imprint.promises:
        lines.append(f"- **Still to come**: {escape_markdown(' '.join(imprint.promises))}")
    if tables:
        lines.append("- **Data**: " + ", ".join(f"[{escape_markdown(name)}](<{name}>)" for name in tables))
    yield "\n".join(lines)
