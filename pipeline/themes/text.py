"""What of a note's text may speak for a theme: words a person wrote, without the transcript's marks."""

from __future__ import annotations

import re

from pipeline import marks

# Transcripts made by hand carry marks of their own: "[...]", "[]", "[illeg.]", "Illeg.".
_LOST_BY_HAND = re.compile(r"\[(?:\W*|illeg\w*\W*)\]|(?<!\w)illeg(?:ible)?\b\.?", re.IGNORECASE)
_OMISSION = re.compile(r"…|\.{2,}")


def spoken(text: str) -> str:
    """The note's own words on one line: marks and dots of omission taken out, an unsure word kept.

    An all-capitals note is written small, because taggers take capitals for names.
    """
    words = " ".join(_OMISSION.sub(" ", _LOST_BY_HAND.sub(" ", marks.plain(text))).split())
    return words.lower() if words.isupper() else words
