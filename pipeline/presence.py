"""Is there text on a note at all? What the ink's shapes and the readings say together.

Neither is enough: the ink test takes large lettering for a drawing and small figures side by side for words, a reader
sees letters in any face. Where the reader is sure of a word, there is text; where it is not, and the shapes speak
for a drawing (pipeline.doodles), there is none; else the ink test decides, and letters surely read overrule it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import doodles, signs
from pipeline.model import NoteReading, Word

LEFT_OUT = 0.15
"""Share of the ink outside all boxes above which words are taken to be missing from a doubtful reading."""
LEAST_LETTERS = 0.75
"""Letters expected to be right that make a note written against the ink test."""
SCRAP_LETTERS = 1.2
"""See `_is_scraps`."""
LEAST_WORD, LEAST_SEEN = 0.3, 0.25
"""Probability of a word of three letters or more that does the same: as the network saw it, or where
such a share of the ink was read."""
LOOKS_DRAWN = frozenset("vox0jw")
DRAWN_ROW = re.compile(r"([8oO0%&])\1+|(?:[oO0][kKxX]){2,}")
"""What rows of drawn figures, faces and loops are read as; a head on a body is "ok", lying on its side."""
PLAINLY = 0.6
"""The network's own confidence in a word of three letters or more that makes a note written; in drawings it sees
two letters as surely ("OK"), not three."""
DRAWN = math.log(3)
"""Log odds from which ink without a sure word is a drawing: three to one."""
MOST_FIGURES, SURE_FIGURE, LEAST_COVERAGE = 3, 0.35, 0.005
"""See `_is_figure`; the last is the share of the paper that a stroke of a pen covers at least."""
LEAST_GUESS = 0.2
"""Confidence of the network below which it takes lines for text that are none, unless they are shaped like writing."""


@dataclass(frozen=True, slots=True)
class JudgedWord:
    """A word of the note in reading order: its text, the probability that it is right, whether the plain
    reading has the same letters there, and in which line it stands."""

    text: str
    probability: float
    is_same: bool
    line: int


def has_writing(reading: NoteReading, judged: Sequence[JudgedWord]) -> bool:
    """The ink test decides; letters surely read overrule it, if they account for the ink that is there.

    A lone sign that a drawn tick, heart, circle or arrow is taken for proves nothing. A drawing without words is no
    writing: such a note is `no_text`, as a person would say.
    """
    sees_word = sees_a_word(reading, judged)
    if not sees_word and _is_drawing(reading):
        return False
    if reading.ink.is_written:
        return not _is_scraps(reading, judged)
    if len(judged) == 1 and core_letters(judged[0].text) in LOOKS_DRAWN:
        return False
    if not reading.ink.coverage and not sees_word:
        return False  # no ink at all: a letter is what the paper's own shape looks like
    seen = 1.0 - reading.ink.uncovered
    if sees_word or (
        seen >= LEAST_SEEN
        and any(word.probability >= LEAST_WORD and count_letters(word.text) >= 3 for word in judged)
    ):
        return True
    if _is_figure(reading):
        return True
    letters = sum(count_letters(word.text) for word in judged)
    takes_all_for_text = reading.ink.uncovered <= 2 * LEFT_OUT and letters >= 3
    if takes_all_for_text and (plain_confidence(reading) >= LEAST_GUESS or drawing_log_odds(reading) < 0):
        return True  # the engine cannot quite say what it is: large signs, or those of another script
    read = sum(word.probability * count_letters(word.text) for word in judged)
    return read * seen >= LEAST_LETTERS


def sees_a_word(reading: NoteReading, judged: Sequence[JudgedWord]) -> bool:
    """Does the reader surely see a word of three letters or more?"""
    return any(
        word.confidence >= PLAINLY and count_letters(word.text) >= 3 for word in _plain_words(reading)
    ) or any(
        word.is_same and word.probability >= LEAST_WORD and count_letters(word.text) >= 3 and not is_row
        for word, is_row in zip(judged, drawn_rows(judged), strict=True)
    )


def drawn_rows(judged: Sequence[JudgedWord]) -> list[bool]:
    """For each word, whether it is a row of drawn figures."""
    lines = itertools.groupby(judged, key=lambda word: word.line)
    return [is_row for _, line in lines for is_row in drawn_rows_of([word.text for word in line])]


def drawn_rows_of(line: Sequence[str]) -> list[bool]:
    """For each word of a line, whether it is a row of drawn figures: "000" beside other figures is a number."""
    rows = [DRAWN_ROW.fullmatch(text) is not None for text in line]
    has_number = any(
        not is_row and any(sign.isdigit() for sign in text) for text, is_row in zip(line, rows, strict=True)
    )
    return [is_row and not (has_number and text.isdigit()) for text, is_row in zip(line, rows, strict=True)]


def _is_drawing(reading: NoteReading) -> bool:
    """Is it drawn, where no word is surely seen? Twice as much must speak for it where the ink test sees writing or
    the reader knows it as a sign."""
    if reading.readings[0].error is not None:
        return False  # nobody has looked for words
    is_doubtful = reading.ink.is_written or _is_figure(reading)
    return drawing_log_odds(reading) >= (2 * DRAWN if is_doubtful else DRAWN)


def drawing_log_odds(reading: NoteReading) -> float:
    """How much ink and reading together speak for a drawing (positive) or for writing (negative)."""
    weights, found = doodles.weights(), reader_features(reading)
    return reading.ink.drawn + sum(weights[name] * found[name] for name in doodles.READER)


def reader_features(reading: NoteReading) -> dict[str, float]:
    """What the plain reading says on whether there is text at all; see pipeline.doodles.READER."""
    words = _plain_words(reading)
    letters = sum(count_letters(word.text) for word in words)
    confidence = _mean_confidence(words)
    return {
        "confidence": confidence,
        "best_word": max(
            (word.confidence for word in words if len(core_letters(word.text)) >= 3), default=0.0
        ),
        "letters": math.log1p(letters),
        "lone": confidence**2 if letters <= MOST_FIGURES else 0.0,
    }


def _plain_words(reading: NoteReading) -> list[Word]:
    """The words of the plain reading; rows of drawn figures are none."""
    return [
        word
        for line in reading.readings[0].lines
        for word, is_row in zip(line.words, drawn_rows_of([one.text for one in line.words]), strict=True)
        if not is_row
    ]


def _is_scraps(reading: NoteReading, judged: Sequence[JudgedWord]) -> bool:
    """Is much of the ink no text, and the rest a letter here and there that is likely none? Small figures side by
    side look like words to the ink test, not to the reader."""
    read = sum(word.probability * count_letters(word.text) for word in judged)
    return (
        bool(judged)
        and reading.ink.uncovered > 2 * LEFT_OUT
        and read < SCRAP_LETTERS
        and all(count_letters(word.text) <= 3 for word in judged)
    )


def is_scant(reading: NoteReading, judged: Sequence[JudgedWord]) -> bool:
    """Is the ink that was found less than a stroke of a pen, and what was read of it a letter or two?"""
    letters = sum(count_letters(word.text) for word in judged)
    return (
        reading.ink.coverage < LEAST_COVERAGE and letters <= MOST_FIGURES and not sees_a_word(reading, judged)
    )


def _is_figure(reading: NoteReading) -> bool:
    """Is it a lone large "S", "7", "XL" or "+"? The ink test takes such for drawings, the network knows them; of a
    drawing it is never sure, nor does it take all of it for a sign."""
    read = "".join(word.text for word in reading.readings[0].words)
    return (
        0 < len(read) <= MOST_FIGURES
        and all(sign.isalnum() or sign in "?!+£€" + signs.ARROWS for sign in read)
        and reading.ink.coverage >= LEAST_COVERAGE
        and reading.ink.uncovered <= 2 * LEFT_OUT
        and plain_confidence(reading) >= SURE_FIGURE
    )


def plain_confidence(reading: NoteReading) -> float:
    """The network's mean confidence without the language's help, each word weighed by its letters."""
    return _mean_confidence(reading.readings[0].words)


def _mean_confidence(words: Sequence[Word]) -> float:
    letters = sum(count_letters(word.text) for word in words)
    return sum(word.confidence * count_letters(word.text) for word in words) / letters if letters else 0.0


def core_letters(text: str) -> str:
    """The word's letters and figures, lower-cased."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def count_letters(text: str) -> int:
    """The number of its letters and figures, one at least."""
    return max(1, len(core_letters(text)))
