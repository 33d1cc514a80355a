"""From a CTC network's per-step probabilities to words with confidences and alternatives.

Method: Graves et al., "Connectionist temporal classification" (ICML 2006) for the probability of a
labelling; prefix beam search after Hannun et al., "First-pass large vocabulary continuous speech
recognition using bi-directional recurrent DNNs" (2014), without a language model. The best path is cut
into words at its blanks; each word's confidence is the probability of its letters over its own steps,
summed over all alignments, and its alternatives are the other likely labellings of the same steps.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SYMBOLS = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~£€¥§°²³½¼¾±×÷·•…–—‘’“”←→↑↓✓✔✗✘♥♡★☆©®™"
_FOLD = {
    "✔": "✓", "✗": "✗", "✘": "✗", "♡": "♥", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-",
    "、": ",", "。": ".", "【": "[", "】": "]", "〉": ">", "〈": "<", "一": "-", "·": "·", "•": "·",
}  # fmt: skip


def _folded(sign: str) -> str | None:
    """The Latin letter, digit or symbol that a class of the network stands for; None if it is another script."""
    if sign in _FOLD:
        return _FOLD[sign]
    plain = unicodedata.normalize("NFKC", sign)
    if len(plain) != 1:
        return None
    plain = _FOLD.get(plain, plain)
    if plain in _SYMBOLS or plain == " ":
        return plain
    return plain if plain.isalpha() and "LATIN" in unicodedata.name(plain, "") and plain < "\u0180" else None


class Alphabet:
    """The classes of a network that we accept: Latin letters of all European languages, digits, symbols.

    Classes that look alike (full-width forms, curly quotes) are folded into one and their
    probabilities added. What is not accepted keeps its probability mass to itself, so a line in
    another script comes out empty or unsure rather than as invented Latin.
    """

    def __init__(self, characters: Sequence[str]) -> None:
        members: dict[str, list[int]] = defaultdict(list)
        for index, sign in enumerate(characters[1:], start=1):
            folded = _folded(sign)
            if folded is not None:
                members[folded].append(index)
        self.signs: tuple[str, ...] = ("", *sorted(members))
        """Index 0 is the CTC blank."""
        self.space = self.signs.index(" ") if " " in members else -1
        groups = [[0], *(members[sign] for sign in self.signs[1:])]
        self._columns = np.array([column for group in groups for column in group])
        self._starts = np.cumsum([0, *(len(group) for group in groups[:-1])])

    def select(self, probabilities: Floats) -> Floats:
        """Steps x all classes → steps x accepted signs."""
        picked = probabilities[:, self._columns]
        return np.asarray(np.add.reduceat(picked, self._starts, axis=1), np.float32)


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A word, the steps it spans (first inclusive, last exclusive), and other readings of these steps.

    `confidence` is the network's probability of exactly these letters.
    """

    text: str
    confidence: float
    first: int
    last: int
    alternatives: tuple[tuple[str, float], ...]


def decode(probabilities: Floats, alphabet: Alphabet, width: int = 10, keep: int = 6) -> list[DecodedWord]:
    """Cut one line (steps x accepted signs, from Alphabet.select) into words.

    `width` is the beam's, `keep` the most alternatives a word is given.
    """
    best = probabilities.argmax(axis=1)
    words: list[DecodedWord] = []
    for first, last in _spans(best, alphabet.space):
        steps = probabilities[first:last]
        label = tuple(
            int(sign)
            for at, sign in enumerate(best[first:last])
            if sign and (at == 0 or sign != best[first + at - 1])
        )
        text = "".join(alphabet.signs[sign] for sign in label)
        confidence = labelling_probability(steps, label)
        others: list[tuple[str, float]] = []
        if confidence < 0.995:
            found = beam(steps, width, forbidden=alphabet.space)
            others = [
                ("".join(alphabet.signs[sign] for sign in other), chance)
                for other, chance in found
                if other and other != label
            ]
        words.append(
            DecodedWord(
                text,
                _tidy(confidence),
                first,
                last,
                tuple((other, _tidy(chance)) for other, chance in others[:keep] if chance >= 1e-4),
            )
        )
    return words


def _tidy(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)


def _spans(best: NDArray[np.intp], space: int) -> list[tuple[int, int]]:
    """The runs of steps between blanks (white space) that hold at least one sign."""
    cuts = [-1, *(int(step) for step in np.flatnonzero(best == space)), len(best)]
    return [
        (left + 1, right)
        for left, right in itertools.pairwise(cuts)
        if right > left + 1 and best[left + 1 : right].any()
    ]


def labelling_probability(steps: Floats, label: Sequence[int]) -> float:
    """The probability that the steps spell exactly `label`, over all alignments (CTC forward)."""
    if not label:
        return float(np.prod(steps[:, 0]))
    extended = np.zeros(2 * len(label) + 1, dtype=np.intp)
    extended[1::2] = label
    may_skip = np.zeros(len(extended), dtype=bool)
    may_skip[2:] = (extended[2:] != 0) & (extended[2:] != extended[:-2])
    chance = np.zeros(len(extended))
    chance[:2] = steps[0, extended[:2]]
    for row in steps[1:]:
        moved = chance.copy()
        moved[1:] += chance[:-1]
        moved[2:] += np.where(may_skip[2:], chance[:-2], 0.0)
        chance = moved * row[extended]
    return float(chance[-1] + chance[-2])


def beam(
    steps: Floats, width: int, forbidden: int = -1, least: float = 1e-3
) -> list[tuple[tuple[int, ...], float]]:
    """The likeliest labellings of the steps with their probabilities, likeliest first.

    Signs less likely than `least` at a step are not followed there; `forbidden` never is.
    """
    prefixes: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for row in steps:
        signs = [int(sign) for sign in np.flatnonzero(row >= least) if sign not in (0, forbidden)]
        chances = [float(row[sign]) for sign in signs]
        blank = float(row[0])
        grown: dict[tuple[int, ...], list[float]] = {}
        for prefix, (ends_blank, ends_sign) in prefixes.items():
            total = ends_blank + ends_sign
            slot = grown.setdefault(prefix, [0.0, 0.0])
            slot[0] += total * blank
            last = prefix[-1] if prefix else -1
            if last >= 0:
                slot[1] += ends_sign * float(row[last])
            for sign, chance in zip(signs, chances, strict=True):
                longer = grown.setdefault((*prefix, sign), [0.0, 0.0])
                longer[1] += (ends_blank if sign == last else total) * chance
        ranked = sorted(grown.items(), key=lambda item: (-(item[1][0] + item[1][1]), item[0]))
        prefixes = {prefix: (pair[0], pair[1]) for prefix, pair in ranked[:width]}
    return sorted(
        ((prefix, sum(pair)) for prefix, pair in prefixes.items()), key=lambda item: (-item[1], item[0])
    )
