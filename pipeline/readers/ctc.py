"""From a CTC network's per-step probabilities to words with confidences and alternatives.

Method: Graves et al., "Connectionist temporal classification" (ICML 2006) for the probability of a
labelling; prefix beam search after Hannun et al., "First-pass large vocabulary continuous speech
recognition using bi-directional recurrent DNNs" (2014), without a language model. The best path is cut
into words at its blanks; each word's confidence is the probability of its letters over its own steps,
summed over all alignments, and its alternatives are the other likely labellings of the same steps.
"""

from __future__ import annotations

import difflib
import itertools
import math
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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


def decode(probabilities: Floats, alphabet: Alphabet, width: int = 30, keep: int = 12) -> list[DecodedWord]:
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


HOPELESS, LOG_HOPELESS = 1e-5, -5.0
"""A prefix that much less likely than the best one is not followed further: on a clear line few others are left."""


def beam(
    steps: Floats, width: int, forbidden: int = -1, least: float = 1e-3
) -> list[tuple[tuple[int, ...], float]]:
    """The likeliest labellings of the steps with their probabilities, likeliest first.

    Signs less likely than `least` at a step are not followed there; `forbidden` never is.
    """
    prefixes: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for blank, likely, row in _followed(steps, least):
        if not likely:
            prefixes = _rested(prefixes, blank, row)
            continue
        offered = [(sign, chance) for sign, chance in likely if sign != forbidden]
        grown: dict[tuple[int, ...], list[float]] = {}
        for prefix, (ends_blank, ends_sign) in prefixes.items():
            total = ends_blank + ends_sign
            slot = grown.setdefault(prefix, [0.0, 0.0])
            slot[0] += total * blank
            last = prefix[-1] if prefix else -1
            if last >= 0:
                slot[1] += ends_sign * row[last]
            for sign, chance in offered:
                longer = grown.setdefault((*prefix, sign), [0.0, 0.0])
                longer[1] += (ends_blank if sign == last else total) * chance
        floor = HOPELESS * max(pair[0] + pair[1] for pair in grown.values())
        alive = [item for item in grown.items() if item[1][0] + item[1][1] >= floor]
        if len(alive) > width:
            alive = sorted(alive, key=lambda item: (-(item[1][0] + item[1][1]), item[0]))[:width]
        prefixes = {prefix: (pair[0], pair[1]) for prefix, pair in alive}
    return sorted(
        ((prefix, sum(pair)) for prefix, pair in prefixes.items()), key=lambda item: (-item[1], item[0])
    )


def _followed(steps: Floats, least: float) -> Iterator[tuple[float, list[tuple[int, float]], list[float]]]:
    """Of each step: the blank's probability, the signs worth following with theirs, and all of them."""
    for row, is_likely in zip(steps, steps >= least, strict=True):
        chances: list[float] = row.tolist()
        yield (
            chances[0],
            [(sign, chances[sign]) for sign in np.flatnonzero(is_likely).tolist() if sign],
            chances,
        )


def _rested(
    prefixes: dict[tuple[int, ...], tuple[float, float]], blank: float, row: list[float]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """A step that is blank and nothing else: no prefix grows. Two steps of three are such."""
    return {
        prefix: ((ends_blank + ends_sign) * blank, ends_sign * row[prefix[-1]] if prefix else 0.0)
        for prefix, (ends_blank, ends_sign) in prefixes.items()
    }


LanguageModel = Callable[[str], float]
"""The decimal logarithm of a word's probability in running text."""
WEIGHT = 0.5
"""How much the language counts beside the network, and REWARD, what each word is worth for itself (both
in decimal logarithms); chosen on shared handwriting, see the model card."""
REWARD = 1.5


def decode_with(
    probabilities: Floats, alphabet: Alphabet, language: LanguageModel, width: int = 30, least: float = 2e-3
) -> list[DecodedWord]:
    """Cut one line into words with a language's help: word gaps may fall elsewhere than on the best path.

    `confidence` is the share of the beam's weight that holds the word; alternatives are what the
    rest of it holds instead. What is not in the network's beam never appears.
    """
    hypotheses = _line_beam(probabilities, alphabet, language, width, least)
    if not hypotheses:
        return []
    labels = [label for label, _ in hypotheses]
    weights = np.array([10.0 ** (score - hypotheses[0][1]) for _, score in hypotheses])
    weights /= weights.sum()
    texts = [_words_of(label, alphabet) for label in labels]
    best = texts[0]
    support = [0.0] * len(best)
    instead: list[dict[str, float]] = [{} for _ in best]
    for text, weight in zip(texts, weights, strict=True):
        matcher = difflib.SequenceMatcher(None, best, text, autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            if tag == "equal":
                for at in range(i, j):
                    support[at] += float(weight)
            elif tag == "replace" and j - i == m - k:
                for at in range(j - i):
                    other = text[k + at]
                    instead[i + at][other] = instead[i + at].get(other, 0.0) + float(weight)
    spans = _word_steps(probabilities, labels[0], alphabet.space)
    return [
        DecodedWord(
            word,
            _tidy(support[at]),
            *spans[at],
            tuple(
                (other, _tidy(share))
                for other, share in sorted(instead[at].items(), key=lambda item: (-item[1], item[0]))[:6]
                if share >= 1e-3
            ),
        )
        for at, word in enumerate(best)
    ]


def _words_of(label: Sequence[int], alphabet: Alphabet) -> list[str]:
    return "".join(alphabet.signs[sign] for sign in label).split()


def _line_beam(
    probabilities: Floats, alphabet: Alphabet, language: LanguageModel, width: int, least: float
) -> list[tuple[tuple[int, ...], float]]:
    """Prefix beam search, each finished word weighed by the language; best first, with their scores."""
    space = alphabet.space
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    spoken: dict[tuple[int, ...], float] = {(): 0.0}
    scale = 0.0

    def last_word(prefix: tuple[int, ...]) -> str:
        start = len(prefix)
        while start and prefix[start - 1] != space:
            start -= 1
        return "".join(alphabet.signs[sign] for sign in prefix[start:])

    def weight(word: str) -> float:
        return WEIGHT * language(word) + REWARD

    for blank, likely, row in _followed(probabilities, least):
        if not likely:
            beams = _rested(beams, blank, row)
            continue
        grown: dict[tuple[int, ...], list[float]] = {}
        for prefix, (ends_blank, ends_sign) in beams.items():
            total = ends_blank + ends_sign
            last = prefix[-1] if prefix else -1
            slot = grown.setdefault(prefix, [0.0, 0.0])
            slot[0] += total * blank
            if last >= 0:
                slot[1] += ends_sign * row[last]
            for sign, chance in likely:
                if sign == space and last in (-1, space):
                    continue
                longer = (*prefix, sign)
                if longer not in spoken:
                    spoken[longer] = spoken[prefix] + (weight(last_word(prefix)) if sign == space else 0.0)
                slot = grown.setdefault(longer, [0.0, 0.0])
                slot[1] += (ends_blank if sign == last else total) * chance
        scores = {
            prefix: math.log10(pair[0] + pair[1] + 1e-300) + spoken[prefix] for prefix, pair in grown.items()
        }
        floor = max(scores.values()) + LOG_HOPELESS
        alive = [prefix for prefix, score in scores.items() if score >= floor]
        if len(alive) > width:
            alive = sorted(alive, key=lambda prefix: (-scores[prefix], prefix))[:width]
        top = max(sum(grown[prefix]) for prefix in alive) or 1e-300
        scale += math.log10(top)
        beams = {prefix: (grown[prefix][0] / top, grown[prefix][1] / top) for prefix in alive}
    results: dict[tuple[int, ...], float] = {}
    for prefix, pair in beams.items():
        score = scale + math.log10(sum(pair) + 1e-300) + spoken[prefix]
        if prefix and prefix[-1] != space:
            score += weight(last_word(prefix))
        bare = prefix[:-1] if prefix and prefix[-1] == space else prefix
        if bare:
            results[bare] = max(score, results.get(bare, -math.inf))
    return sorted(results.items(), key=lambda item: (-item[1], item[0]))


def _word_steps(probabilities: Floats, label: Sequence[int], space: int) -> list[tuple[int, int]]:
    """First and last step of each word of a labelling, by its likeliest alignment (Viterbi)."""
    extended = np.zeros(2 * len(label) + 1, dtype=np.intp)
    extended[1::2] = label
    may_skip = np.zeros(len(extended), dtype=bool)
    may_skip[2:] = (extended[2:] != 0) & (extended[2:] != extended[:-2])
    logs = np.log(np.maximum(probabilities[:, extended], 1e-12)).astype(np.float64)
    score = np.full(len(extended), -np.inf)
    score[:2] = logs[0, :2]
    steps_back = np.zeros(logs.shape, dtype=np.int8)
    for at in range(1, len(logs)):
        choices = np.full((3, len(extended)), -np.inf)
        choices[0] = score
        choices[1, 1:] = score[:-1]
        choices[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        steps_back[at] = choices.argmax(axis=0)
        score = choices.max(axis=0) + logs[at]
    state = len(extended) - 1 if score[-1] >= score[-2] else len(extended) - 2
    first = np.full(len(label), len(logs), dtype=np.intp)
    last = np.zeros(len(label), dtype=np.intp)
    for at in range(len(logs) - 1, -1, -1):
        if state % 2:
            sign = state // 2
            first[sign], last[sign] = min(first[sign], at), max(last[sign], at + 1)
        state -= int(steps_back[at, state])
    spans = []
    start: int | None = None
    for index, sign in enumerate([*label, space]):
        if sign == space:
            if start is not None:
                spans.append((int(first[start]), int(max(last[index - 1], first[start] + 1))))
            start = None
        elif start is None:
            start = index
    return spans
