"""The list of changes between two editions as a document of its own: Markdown, HTML, CSV; pure."""

from __future__ import annotations

import csv
import io
from html import escape

from pipeline.diff import KINDS, ChangeList
from pipeline.publish.changes import Line, arrange_changes

COLUMNS = (
    "workshop_id",
    "from_edition",
    "to_edition",
    "kind",
    "note_id",
    "principle_id",
    "before",
    "after",
    "explanation",
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def title_of(changes: ChangeList) -> str:
    """ "What changed from edition 1 to edition 2", the present state being called so."""
    after = "now" if changes.to_edition is None else f"edition {changes.to_edition}"
    before = "the imported record" if changes.from_edition == 0 else f"edition {changes.from_edition}"
    return f"What changed from {before} to {after}"


def summary_of(changes: ChangeList) -> str:
    """One sentence: how many changes of each kind, and how many notes stayed as they were."""
    counts = [
        (title, sum(change.kind == kind for change in changes.changes)) for kind, title in KINDS.items()
    ]
    said = ", ".join(f"{title.lower()}: {count}" for title, count in counts if count)
    same = "1 note is" if changes.unchanged == 1 else f"{changes.unchanged} notes are"
    return (
        f"{said[:1].upper() + said[1:]}. {same} the same." if said else f"Nothing changed. {same} the same."
    )


def changes_markdown(changes: ChangeList, level: int = 2) -> str:
    """The change list as Markdown, headings from `level` on."""
    lines = [f"{'#' * level} {_md(title_of(changes))}", "", _md(summary_of(changes)), ""]
    marks = {"same": "{}", "removed": "~~{}~~", "added": "**{}**"}
    for group in arrange_changes(changes.changes, changes.headings):
        lines += [f"{'#' * (level + 1)} {group.label}", ""]
        for line in group.lines:
            lines.append(f"- {_md(_sentence(line))}")
            if line.pieces:
                lines.append(
                    "  " + " ".join(marks[piece.kind].format(_md(piece.text)) for piece in line.pieces)
                )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def changes_html(changes: ChangeList, level: int = 2) -> str:
    """The change list as a fragment of HTML: a section, no scripts, no styles of its own."""
    parts = [
        '<section class="changes" aria-labelledby="changes-title">',
        f'<h{level} id="changes-title">{escape(title_of(changes))}</h{level}>',
        f"<p>{escape(summary_of(changes))}</p>",
    ]
    tags = {"same": "span", "removed": "del", "added": "ins"}
    for group in arrange_changes(changes.changes, changes.headings):
        parts += [f"<h{level + 1}>{escape(group.label)}</h{level + 1}>", "<ul>"]
        for line in group.lines:
            words = " ".join(
                f"<{tags[piece.kind]}>{escape(piece.text)}</{tags[piece.kind]}>" for piece in line.pieces
            )
            shown = f"<br>{words}" if words else ""
            doubt = "" if line.is_sure else ' class="unsure"'
            parts.append(f"<li{doubt}>{escape(_sentence(line))}{shown}</li>")
        parts.append("</ul>")
    parts.append("</section>")
    return "\n".join(parts) + "\n"


def changes_csv(changes: ChangeList) -> bytes:
    """The rows of the `changes` view as CSV (UTF-8 with a byte order mark, as spreadsheets want it).

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in changes.rows():
        writer.writerow([_cell(value) for value in row])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def _sentence(line: Line) -> str:
    """The explanation, under the heading of the note it is about."""
    return f"{line.heading}: {line.explanation}" if line.heading else line.explanation


def _md(text: str) -> str:
    escaped = "".join(f"\\{sign}" if sign in "\\`*_[]<>~#|" else sign for sign in text)
    return escaped.replace("\n", " ")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text
