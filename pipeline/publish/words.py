"""Small words: counts, dates and lists said the way a person would say them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

# not strftime: its month names follow the machine's locale
_MONTHS: tuple[str, ...] = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
)
_MONTHS += ("October", "November", "December")


def count(number: int, singular: str, plural: str = "") -> str:
    """`1 note`, `12 notes`, `1,204 notes`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def listing(items: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def long_date(value: str | None) -> str:
    """`2019-03-06` as `6 March 2019`; anything that is no ISO date is left as it was written."""
    if not value:
        return ""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def percent(part: int, whole: int) -> str:
    """A share in whole per cent; never rounded up to 100 or down to 0 when it is not quite that."""
    if whole == 0:
        return "–"
    value = round(100 * part / whole)
    if part < whole and value == 100:
        value = 99
    if part > 0 and value == 0:
        return "under 1 %"
    return f"{value} %"


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens, for a file's or an anchor's name; may be empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def flow(text: str) -> str:
    """Handwriting's line ends are where the paper ended: the words run on."""
    return " ".join(text.split())


def paragraphs(text: str) -> tuple[str, ...]:
    """Split at blank lines and before list items ("- " or "• "); the lines of one paragraph run on."""
    parts = re.split(r"\n\s*\n|\n(?=\s*[-•] )", text)
    return tuple(re.sub(r"^[-•] ", "• ", flow(part)) for part in parts if part.strip())


def url_path(path: str) -> str:
    """A relative path as it may stand in an address: every sign outside the safe ones encoded."""
    return quote(path, safe="/")
