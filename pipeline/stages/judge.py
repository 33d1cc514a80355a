"""judge: readings and ink to what may be printed, and how sure it is. Pure; never invents.

Each word's probability of being right comes from a logistic model of a few plain features (the network's
own probability, whether the plain and the helped reading agree, whether the language knows the word,
sharpness, size, the company of the other words); the note's from its words and from ink that no box
covers. The fitted numbers, and what they were fitted on, are in pipeline/calibration.json; `make
calibrate` fits them anew. A word that the language's help changed is never printed as sure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline import lexicon, marks, signs
from pipeline.model import Judgement, NoteReading, Reading, Word
from pipeline.presence import (
    LEFT_OUT,
    PLAINLY,
    JudgedWord,
    core_letters,
    count_letters,
    drawn_rows,
    has_writing,
    is_scant,
    plain_confidence,
)

CALIBRATION = Path(__file__).resolve().parents[1] / "calibration.json"
HELPED = "+words"
"""How the name of a reading ends that was made with the language's help."""
WORD_FEATURES = (
    "bias", "logit_helped", "logit_plain", "is_same", "is_known", "zipf", "letters", "is_figure", "company",
    "log_text_height", "sharpness", "uncovered", "short_uncovered",
)  # fmt: skip
NOTE_FEATURES = (
    "bias",
    "logit_mean",
    "logit_worst",
    "uncovered",
    "log_words",
    "sharpness",
    "log_text_height",
)
ODDS_LIMIT = 1e-4
TELLING_LETTERS, SHORT_SURE, VERY_SURE = 2.2, 0.75, 0.95
"""See `is_hopeless` and `may_be_legible`."""
CHANGED = 0.4
"""What a word that the language changed tells of there being text, beside one that the network saw."""
LONE_LETTER = 0.4
SCRAWL = 0.12
"""The network's own confidence below which all words of a note are the language's: it finds "in", "win" and "ten" in
any row of loops. A single letter, which four blurred lines may look like, must be seen plainly."""


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point. Words at least `sure` likely stand as they are, at least `guess` as unsure; a note is
    legible from `legible` on (all its words being sure), illegible below a share `hopeless` of right letters."""

    sure: float
    guess: float
    legible: float
    hopeless: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted numbers: weights by feature for words and for notes, and the operating points by name."""

    word: dict[str, float]
    note: dict[str, float]
    points: dict[str, Point]


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    """The numbers that the project ships, from pipeline/calibration.json (see there for their provenance)."""
    loaded: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    points = {name: Point(**limits) for name, limits in loaded["points"].items()}
    return Calibration(loaded["word"], loaded["note"], points)


def judge(
    reading: NoteReading,
    point: str = "default",
    words: Iterable[str] = (),
    language: str = "en",
    numbers: Calibration | None = None,
) -> Judgement:
    """What may be printed of one note.

    `words` are the workshop's own (headings, principles), taken as known; `language` is the workshop's;
    `numbers` other than the shipped ones serve cross-validation. The text holds marks
    (pipeline.marks) and a line break where the note has one; it is "" for no_text and illegible
    notes. `confidence` is the probability that what is said of the note holds: for one with text, that
    at most a fifth of the letters as read is wrong. Raises ValueError for an unknown point.
    """
    fitted = numbers or calibration()
    if point not in fitted.points:
        raise ValueError(f"unknown operating point {point!r}; known: {', '.join(sorted(fitted.points))}")
    judged = judge_words(reading, frozenset(word.lower() for word in words), language, fitted)
    return judge_from(reading, judged, point, fitted)


def judge_from(
    reading: NoteReading, judged: Sequence[JudgedWord], point: str, fitted: Calibration
) -> Judgement:
    """The second half of `judge`: from words with their probabilities to what may be printed."""
    if not has_writing(reading, judged):
        return Judgement("", "no_text", _blank_confidence(reading))
    return _published(reading, judged, fitted.points[point], note_probability(reading, judged, fitted))


def _blank_confidence(reading: NoteReading) -> float:
    return round(1.0 - min(0.5, 10 * reading.ink.coverage), 4)


def _published(
    reading: NoteReading, judged: Sequence[JudgedWord], limits: Point, confidence: float
) -> Judgement:
    placed = _with_signs(reading, judged)
    tokens = [
        marks.Lost() if is_row else _token(word, limits)
        for word, is_row in zip(placed, drawn_rows(placed), strict=True)
    ]
    if all(isinstance(token, marks.Lost) for token in tokens) or (judged and is_hopeless(judged, limits)):
        return Judgement("", "illegible", round(1.0 - right_share(judged), 4))
    if judged and is_scant(reading, judged):
        return Judgement("", "illegible", round(1.0 - right_share(judged), 4))
    is_lone = sum(count_letters(word.text) for word in judged) == 1
    if judged and plain_confidence(reading) < (PLAINLY if is_lone else SCRAWL):
        return Judgement("", "illegible", round(1.0 - plain_confidence(reading), 4))
    doubt = [token != marks.Word(word.text) for token, word in zip(tokens, placed, strict=True)]
    if not judged:
        confidence = min(word.probability for word in placed)
    is_legible = may_be_legible(reading, placed, limits) and confidence >= limits.legible
    if not is_legible and not any(doubt) and reading.ink.uncovered <= LEFT_OUT:
        # Sure one by one, but not together: the doubt is shown where it is greatest.
        worst = min(range(len(placed)), key=lambda index: (placed[index].probability, index))
        tokens[worst] = marks.Word(placed[worst].text, is_unsure=True)
    laid = _laid_out(tokens, [word.line for word in placed])
    if not is_legible and reading.ink.uncovered > LEFT_OUT and not isinstance(laid[-1], marks.Lost):
        laid += [marks.Space("\n"), marks.Lost()]
    return Judgement(marks.format_tokens(laid), "legible" if is_legible else "partial", confidence)


def _with_signs(reading: NoteReading, judged: Sequence[JudgedWord]) -> list[JudgedWord]:
    """The judged words and, in their places, the words without letters that are to be printed."""
    plain, best = _views(reading)
    lettered = iter(judged)
    placed = []
    for number, line in enumerate(best.lines):
        for word in line.words:
            if not signs.is_sign(word.text):
                placed.append(next(lettered))
            elif (chance := signs.likelihood(word, plain)) >= signs.GUESS:
                placed.append(JudgedWord(word.text, chance, True, number))
    return placed


def right_share(judged: Sequence[JudgedWord]) -> float:
    """The share of letters expected to be right; 0 without words."""
    letters = sum(count_letters(word.text) for word in judged)
    return sum(word.probability * count_letters(word.text) for word in judged) / letters if letters else 0.0


def is_hopeless(judged: Sequence[JudgedWord], limits: Point) -> bool:
    """Too few letters are expected to be right to print any.

    Scrawls are taken for strings of short words ("in", "a", "we"), each likely by itself, and the language makes
    words of them: a reading without a longer word that the network saw itself, or a short one that is surely
    there, counts only if it is nearly sure.
    """
    share = right_share(judged)
    telling = sum(
        word.probability * count_letters(word.text) * (1.0 if word.is_same else CHANGED)
        for word in judged
        if _is_telling(word)
    )
    return share < limits.hopeless or (telling < TELLING_LETTERS and share < SHORT_SURE)


def _is_telling(word: JudgedWord) -> bool:
    letters = count_letters(word.text)
    return letters >= 4 or (letters == 3 and word.is_same and word.probability >= 0.8)


def may_be_legible(reading: NoteReading, judged: Sequence[JudgedWord], limits: Point) -> bool:
    """Every word is sure and unchanged, little ink is left out, and it is more than a letter or two (or these
    are very sure): what a note must have, besides its probability, to be printed without a mark."""
    if reading.ink.uncovered > 2 * LEFT_OUT:
        return False
    letters = sum(len(core_letters(word.text)) for word in judged)
    least = limits.sure if letters >= 3 else max(limits.sure, VERY_SURE)
    return not any(drawn_rows(judged)) and all(
        word.is_same and word.probability >= (signs.SURE if signs.is_sign(word.text) else least)
        for word in judged
    )


def _laid_out(tokens: Sequence[marks.Token], lines: Sequence[int]) -> list[marks.Token]:
    """Tokens with blanks and line breaks between them; neighbouring lost words become one gap."""
    laid: list[marks.Token] = []
    last_line = -1
    for token, line in zip(tokens, lines, strict=True):
        if isinstance(token, marks.Lost) and laid and isinstance(laid[-1], marks.Lost):
            continue
        if laid:
            laid.append(marks.Space("\n" if line != last_line else " "))
        laid.append(token)
        last_line = line
    return laid


def _token(word: JudgedWord, limits: Point) -> marks.Token:
    if signs.is_sign(word.text):
        return marks.Word(word.text, is_unsure=word.probability < signs.SURE)
    if word.probability >= limits.sure and word.is_same:
        return marks.Word(word.text)
    # A lone letter that is not likely is an arrow, a bullet or part of a drawing more often than a word.
    is_lone = count_letters(word.text) == 1 and limits.guess > 0
    least = max(limits.guess, LONE_LETTER) if is_lone else limits.guess
    return marks.Word(word.text, is_unsure=True) if word.probability >= least else marks.Lost()


# --- probabilities ----------------------------------------------------------------------------


def judge_words(
    reading: NoteReading,
    extra: frozenset[str] = frozenset(),
    language: str = "en",
    numbers: Calibration | None = None,
) -> tuple[JudgedWord, ...]:
    """Every word of the note that is letters or figures, with its probability of being right."""
    weights = (numbers or calibration()).word
    return tuple(
        JudgedWord(text, _logistic(weights, WORD_FEATURES, features), features["is_same"] > 0.5, line)
        for text, line, features in word_features(reading, extra, language)
    )


def word_features(
    reading: NoteReading, extra: frozenset[str] = frozenset(), language: str = "en"
) -> list[tuple[str, int, dict[str, float]]]:
    """Text, line and features of each word; see WORD_FEATURES."""
    plain, best = _views(reading)
    spoken = best.version.rsplit(" ", 1)[-1] if best.reader.endswith(HELPED) else language
    numbered = [(word, number) for number, line in enumerate(best.lines) for word in line.words]
    numbered = [(word, number) for word, number in numbered if not signs.is_sign(word.text)]
    letters = [count_letters(word.text) for word, _ in numbered]
    mass = [word.confidence * count for (word, _), count in zip(numbered, letters, strict=True)]
    found = []
    for index, (word, number) in enumerate(numbered):
        is_same, chance = _in_plain(word, plain)
        rest = sum(letters) - letters[index]
        company = (sum(mass) - mass[index]) / rest if rest else word.confidence
        core = lexicon.core(word.text)
        found.append(
            (
                word.text,
                number,
                {
                    "bias": 1.0,
                    "logit_helped": _logit(word.confidence),
                    "logit_plain": _logit(chance),
                    "is_same": float(is_same),
                    "is_known": float(lexicon.is_known(word.text, spoken, extra)),
                    "zipf": lexicon.zipf(word.text, spoken) / 7,
                    "letters": min(len(core), 10) / 10,
                    "is_figure": float(any(sign.isdigit() for sign in core)),
                    "company": company,
                    "log_text_height": math.log(max(reading.ink.text_height, 2.0)) / 4,
                    "sharpness": min(reading.ink.sharpness, 1.0),
                    "uncovered": reading.ink.uncovered,
                    "short_uncovered": reading.ink.uncovered * float(len(core) <= 2),
                },
            )
        )
    return found


def _views(reading: NoteReading) -> tuple[Reading, Reading]:
    """The plain main reading, and the one helped by the language (or the plain one again)."""
    plain = reading.readings[0]
    helped = [other for other in reading.readings[1:] if other.reader == plain.reader + HELPED]
    return plain, helped[0] if helped and helped[0].error is None else plain


def _in_plain(word: Word, plain: Reading) -> tuple[bool, float]:
    """Does the plain reading have these letters at this place, and how likely did the network hold them alone?"""
    wanted = core_letters(word.text)
    near = [other for other in plain.words if _share(word, other) > 0.3]
    if any(core_letters(other.text) == wanted for other in near):
        return True, max(other.confidence for other in near if core_letters(other.text) == wanted)
    for other in near:
        for text, chance in other.alternatives:
            if core_letters(text) == wanted:
                return False, chance
    together = "".join(core_letters(other.text) for other in near)
    # The same letters under another word gap are no other words.
    if wanted and wanted in together:
        return True, math.prod(other.confidence for other in near)
    return False, ODDS_LIMIT


def _share(word: Word, other: Word) -> float:
    """How much of the narrower box's width two boxes share, if they lie on the same height; 1 without boxes."""
    if not word.box or not other.box:
        return 1.0
    (l1, t1, r1, b1), (l2, t2, r2, b2) = _bounds(word), _bounds(other)
    high = min(b1, b2) - max(t1, t2)
    if high < 0.4 * min(b1 - t1, b2 - t2):
        return 0.0
    return (min(r1, r2) - max(l1, l2)) / max(1.0, min(r1 - l1, r2 - l2))


def _bounds(word: Word) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in word.box], [y for _, y in word.box]
    return min(xs), min(ys), max(xs), max(ys)


def note_probability(
    reading: NoteReading, judged: Sequence[JudgedWord], numbers: Calibration | None = None
) -> float:
    """The probability that the note's text as read has at most a fifth of its letters wrong."""
    return _logistic((numbers or calibration()).note, NOTE_FEATURES, note_features(reading, judged))


def note_features(reading: NoteReading, judged: Sequence[JudgedWord]) -> dict[str, float]:
    """See NOTE_FEATURES."""
    letters = sum(count_letters(word.text) for word in judged)
    mean = sum(word.probability * count_letters(word.text) for word in judged) / letters if letters else 0.0
    return {
        "bias": 1.0,
        "logit_mean": _logit(mean),
        "logit_worst": _logit(min((word.probability for word in judged), default=0.0)),
        "uncovered": reading.ink.uncovered,
        "log_words": math.log(max(len(judged), 1)) / 3,
        "sharpness": min(reading.ink.sharpness, 1.0),
        "log_text_height": math.log(max(reading.ink.text_height, 2.0)) / 4,
    }


def _logistic(weights: dict[str, float], names: Sequence[str], features: dict[str, float]) -> float:
    total = sum(float(weights.get(name, 0.0)) * features[name] for name in names)
    return round(1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total)))), 4)


def _logit(probability: float) -> float:
    inside = min(1 - ODDS_LIMIT, max(ODDS_LIMIT, probability))
    return math.log(inside / (1 - inside))
