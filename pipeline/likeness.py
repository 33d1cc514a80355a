"""How much alike the words of two notes are, whatever of them was lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Indel, LCSseq
from rapidfuzz.process import cdist

from pipeline.model import Note

SHORT = 8
"""Letters below which likeness means little: such texts match only when nearly equal."""


def known_words(note: Note) -> list[str]:
    """The words of a note without marks, folded: what can be compared between two readings."""
    if note.text_status not in ("legible", "partial"):
        return []
    return _words(note.text)


def _words(text: str) -> list[str]:
    for mark in ("[illegible]", "[?]", "[no text]", "[name removed]"):
        text = text.replace(mark, " ")
    text = text.replace("'", "").replace("’", "")
    folded = "".join(character if character.isalnum() else " " for character in text.casefold())
    return folded.split()


def lost_count(note: Note) -> int:
    """How many stretches of a note's words are marked as illegible."""
    return note.text.count("[illegible]")


def similarities(old: Sequence[Note], new: Sequence[Note]) -> npt.NDArray[np.float64]:
    """How much alike the words of each pair are, from 0 to 1; float64, one row an old note."""
    mine = [known_words(note) for note in old]
    theirs = [known_words(note) for note in new]
    table = cdist(
        [" ".join(words) for words in mine],
        [" ".join(words) for words in theirs],
        scorer=Indel.normalized_similarity,
        workers=1,
    ).astype(np.float64)
    short = np.array([len("".join(words)) < SHORT for words in mine])
    brief = np.array([len("".join(words)) < SHORT for words in theirs])
    table[(short[:, None] | brief[None, :]) & (table < 0.85)] = 0.0
    columns_of: dict[str, set[int]] = {}
    for column, words in enumerate(theirs):
        for word in words:
            columns_of.setdefault(word, set()).add(column)
    lost_of = [lost_count(note) for note in new]
    for row, first in enumerate(old):
        lost = lost_count(first)
        for column in sorted(set().union(*(columns_of.get(word, set()) for word in mine[row]))):
            if lost or lost_of[column]:
                share = _containment(mine[row], theirs[column], lost, lost_of[column])
                table[row, column] = max(table[row, column], share)
    return table


def similarity(old: Note, new: Note) -> float:
    """How much alike the words of two notes are, from 0 to 1."""
    return float(similarities([old], [new])[0, 0])


def _containment(mine: list[str], theirs: list[str], mine_lost: int, theirs_lost: int) -> float:
    """How much of the readable words of a damaged text stand, in order, in the other.

    A text with lost words says nothing of what else is in the other; a single common word is no proof.
    """
    shared = int(LCSseq.similarity(mine, theirs))
    if not shared:
        return 0.0
    shares = [shared / len(words) for words, lost in ((mine, mine_lost), (theirs, theirs_lost)) if lost]
    letters = sum(len(word) for word in set(mine) & set(theirs))
    return max(shares) * (1.0 if shared >= 3 or letters >= 12 else 0.75 if letters >= 5 else 0.5)
