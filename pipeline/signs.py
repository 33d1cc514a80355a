"""Words without letters or figures: which of them are printed, and how likely they are right.

Arrows, "+", "&", "?" and money signs say something and are words of the note; a tick or a heart beside the words
is a drawing, and a lone dot, quote or star is mostly a speck or a bullet. The network's own probability serves as
it is: there are too few such words to fit anything to. On the 661 notes that reading is measured on, every arrow,
"+", "&", "?" and dash that it read by itself was there; its "$" was "&" each time, so that it is never sure.
"""

from __future__ import annotations

import re

from pipeline.model import Reading, Word

ARROWS = "→↘↓↙←↖↑↗"
"""By direction, clockwise from the right in steps of 45 degrees (y downwards)."""
TICK = "✓"
STRUCK = "▬"
"""Stands in a reading where a word was crossed out; it is not printed."""
SURE, GUESS = 0.5, 0.25
"""Probabilities from which a sign is printed, and printed as unsure."""
_SAYING = re.compile(rf"[{ARROWS}]+|[-–=]+>|<[-–=]+|[+&?!=]+|[£€$]+")
_DASH = re.compile(r"[-–—]")
_DOUBTFUL = re.compile(r"\$+")


def is_sign(text: str) -> bool:
    """No letter and no figure in it?"""
    return not any(sign.isalnum() for sign in text)


def likelihood(word: Word, plain: Reading) -> float:
    """The probability that a word without letters is right and to be printed; 0 for what is never printed.

    `plain` is the reading without the language's help: a sign must be there as well.
    """
    if _DASH.fullmatch(word.text):
        return word.confidence if word.confidence >= SURE else 0.0
    if not _SAYING.fullmatch(word.text):
        return 0.0
    seen = [other.confidence for other in plain.words if other.text == word.text]
    if not seen or _DOUBTFUL.fullmatch(word.text):
        return min(word.confidence, (SURE + GUESS) / 2)
    return min(word.confidence, max(seen))
