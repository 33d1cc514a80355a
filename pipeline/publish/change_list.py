"""The list of changes between two editions as a document of its own: Markdown, HTML, CSV; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from pipeline.diff import KINDS, Change, ChangeList

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

_TOLD_IN_WORDS = ("count_changed", "moved", "type_changed", "promise_met")
"""Kinds whose explanation says before and after already."""

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
    for kind, group in groupby(changes.changes, key=lambda change: change.kind):
        lines += [f"{'#' * (level + 1)} {KINDS[kind]}", ""]
        for change in group:
            lines.append(f"- {_md(_sentence(changes, change))}")
            words = "".join(_md_words(change))
            if words:
                lines.append(f"  {words}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def changes_html(changes: ChangeList, level: int = 2) -> str:
    """The change list as a fragment of HTML: a section, no scripts, no styles of its own."""
    parts = [
        '<section class="changes" aria-labelledby="changes-title">',
        f'<h{level} id="changes-title">{escape(title_of(changes))}</h{level}>',
        f"<p>{escape(summary_of(changes))}</p>",
    ]
    for kind, group in groupby(changes.changes, key=lambda change: change.kind):
        parts += [f"<h{level + 1}>{escape(KINDS[kind])}</h{level + 1}>", "<ul>"]
        for change in group:
            words = "".join(_html_words(change))
            shown = f"<br>{words}" if words else ""
            doubt = "" if change.is_sure else ' class="unsure"'
            parts.append(f"<li{doubt}>{escape(_sentence(changes, change))}{shown}</li>")
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


def _sentence(changes: ChangeList, change: Change) -> str:
    """The explanation, under the heading of the note it is about."""
    needs_heading = change.kind not in ("added", "removed", "moved", "count_changed", "promise_met")
    if not needs_heading or change.principle_id is None:
        return change.explanation
    return f"{changes.headings.get(change.principle_id, change.principle_id)}: {change.explanation}"


def _pieces(change: Change) -> Sequence[tuple[str, str]]:
    """(same, removed or added; text): word by word where that is known."""
    if change.kind in _TOLD_IN_WORDS:
        return ()
    if change.words:
        return [(edit.kind, edit.text) for edit in change.words]
    both = (("removed", change.before), ("added", change.after))
    return [(kind, text) for kind, text in both if text]


def _md_words(change: Change) -> Iterator[str]:
    marks = {"same": ("", ""), "removed": ("~~", "~~"), "added": ("**", "**")}
    for index, (kind, text) in enumerate(_pieces(change)):
        opening, closing = marks[kind]
        yield f"{' ' if index else ''}{opening}{_md(' '.join(text.split()))}{closing}"


def _html_words(change: Change) -> Iterator[str]:
    tags = {"same": "span", "removed": "del", "added": "ins"}
    for index, (kind, text) in enumerate(_pieces(change)):
        yield f"{' ' if index else ''}<{tags[kind]}>{escape(text)}</{tags[kind]}>"


def _md(text: str) -> str:
    escaped = "".join(f"\\{sign}" if sign in "\\`*_[]<>~#|" else sign for sign in text)
    return escaped.replace("\n", " ")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text
