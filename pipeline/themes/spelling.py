"""A corrected shadow of each text, for comparing texts only: it is never shown and never stored as a reading.

A reader that takes "prcject" for "project" makes two notes on projects look unlike. The shadow undoes what it
can, by the noisy-channel model (Kernighan, Church & Gale 1990): of all words (and pairs of words run together)
that may have been read as this token, the one with the highest probability, which is the word's frequency
(wordfreq, Speer 2022) times the probability of the misreading. Letters that look alike by pen cost less; words
that stand in other notes of the workshop are likelier. A token that is a usual word is left as it is.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

Candidates = tuple[tuple[float, tuple[str, ...]], ...]
"""What a token may stand for: (decimal logarithm of the probability, words), likeliest first."""

FINGERPRINT = "spelling 1"
"""Changes whenever the candidates do: part of what remembered ones are known by."""
EDIT = 2.3
"""How much less likely (decimal logarithm) a reading is for each wrong letter."""
SPLIT = 1.9
"""The same for a blank that was lost between two words."""
SEEN_ELSEWHERE = 1.2
"""How much likelier a word of four letters or more is when another note has it too."""
USUAL = 3.5
"""Zipf frequency from which a token is taken at its word."""
FAMILIAR = 3.2
"""Zipf frequency from which a word may be what a token stands for."""
UNKNOWN = 0.5
UNKNOWN_LETTER = 0.25
ALIKE_COST = 0.55
OTHER_COST = 1.15
_MANY = 12
_SHORTLIST = 30
_LONGEST_WORD = 14
_IMPOSSIBLE = -1e9
_SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a i of to in is it on as at by he be we or an do if me my up so no us go am vs ok
""",
    )
)

# Letters that handwriting and its readers confuse; each group's letters look alike.
_ALIKE = re.findall(
    r"\S+",
    """
    il1jt!| o0aecqu un nrm hkb vuyr vw gqy9 s5 z2 ft+ fjt b6h aq g9 dt xk ci ec lt ao rv nh kx co td pyn gj yj mn wu
""",
)
_ALIKE_PAIRS = re.findall(
    r"(\S+)=(\S+)",
    """
    rn=m nn=m cl=d vv=w ii=u li=h in=m ni=m tl=h m=rn m=nn d=cl w=vv h=li u=ii n=ri ri=n ol=d fi=h cj=g lo=b ul=w
""",
)
_TOKEN = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_JOINTS = re.compile(r"([/\-;,:.&()]+)")
_WORDS = re.compile(r"[a-z]+")


@functools.cache
def _alike() -> dict[tuple[str, str], float]:
    """What it costs to read one letter as another, where they look alike."""
    return {(a, b): 0.0 if a == b else ALIKE_COST for group in _ALIKE for a in group for b in group}


@functools.cache
def _alike_pairs() -> dict[str, list[str]]:
    """For each letter or pair as read, what it may stand for."""
    found: dict[str, list[str]] = defaultdict(list)
    for seen, meant in _ALIKE_PAIRS:
        found[seen].append(meant)
    return dict(found)


def misreading_cost(read: str, word: str, limit: float = 4.0) -> float:
    """How many letters' worth of error it takes to read `word` as `read`; 99 beyond `limit`.

    Edit distance with swaps of neighbours, where letters that look alike cost ALIKE_COST and pairs such as
    "rn" for "m" count as one.
    """
    rows, columns = len(read), len(word)
    costs = [[99.0] * (columns + 1) for _ in range(rows + 1)]
    costs[0][0] = 0.0
    alike, pairs = _alike(), _alike_pairs()
    for i in range(rows + 1):
        here = costs[i]
        below = costs[i + 1] if i < rows else []
        openings = [(key, pairs[key]) for key in (read[i : i + 1], read[i : i + 2]) if key in pairs]
        for j in range(columns + 1):
            cost = here[j]
            if cost > limit:
                continue
            if j < columns:
                here[j + 1] = min(here[j + 1], cost + 1)
                if i < rows:
                    same = read[i] == word[j]
                    step = 0.0 if same else alike.get((read[i], word[j]), OTHER_COST)
                    below[j + 1] = min(below[j + 1], cost + step)
                    if i + 1 < rows and j + 1 < columns and read[i] == word[j + 1] and read[i + 1] == word[j]:
                        costs[i + 2][j + 2] = min(costs[i + 2][j + 2], cost + 1)
                for seen, meanings in openings:
                    for meant in meanings:
                        if word.startswith(meant, j):
                            row = costs[i + len(seen)]
                            row[j + len(meant)] = min(row[j + len(meant)], cost + ALIKE_COST)
            if i < rows:
                below[j] = min(below[j], cost + 1)
    return costs[rows][columns]


@functools.cache
def _frequencies() -> dict[str, float]:
    """A third of a million English words with their frequencies."""
    import wordfreq  # noqa: PLC0415  (heavy; not wanted when there is nothing to do)

    # Asked for as wordfreq itself does for one word, so that it is made once for all.
    frequencies: dict[str, float] = wordfreq.get_frequency_dict("en", "best")
    return frequencies


@functools.cache
def _zipf(word: str) -> float:
    """The word's frequency on the Zipf scale, 0 for one that is not known."""
    frequency = _frequencies().get(word)
    return 0.0 if frequency is None else math.log10(frequency) + 9


class Speller:
    """Corrects tokens by English word frequencies; `known` candidates are not looked for again."""

    def __init__(self, known: Mapping[str, Candidates] | None = None) -> None:
        self.known: dict[str, Candidates] = dict(known or {})
        self._asked: set[str] = set()
        self._part_of: dict[str, tuple[float, str]] = {}
        self._taken_at_their_word: set[str] = set()

    def in_use(self) -> Speller:
        """A speller that knows only the candidates this one was asked for."""
        return Speller({token: self.known[token] for token in self._asked})

    @functools.cached_property
    def _familiar(self) -> frozenset[str]:
        def may_be_meant(word: str, zipf: float) -> bool:
            if zipf < FAMILIAR or not word.isalpha():
                return False
            return word in _SMALL_WORDS or len(word) > 3 or (len(word) == 3 and zipf >= 4.3)

        scaled = ((word, math.log10(frequency) + 9) for word, frequency in _frequencies().items())
        return frozenset(word for word, zipf in scaled if may_be_meant(word, zipf))

    @functools.cached_property
    def _by_length(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        for word in sorted(self._familiar):
            found[len(word)].append(word)
        return found

    @functools.cached_property
    def _by_deletion(self) -> dict[str, list[str]]:
        """Familiar words by themselves less one letter: finds all words at distance one (as in SymSpell)."""
        found: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._familiar):
            for shorter in {word, *_less_one(word)}:
                found[shorter].append(word)
        return found

    def shadows(self, texts: Sequence[str], vocabulary: Iterable[str] = ()) -> list[str]:
        """The texts with their tokens corrected; `vocabulary` are words the workshop is known to use.

        Twice over the texts: what the first pass mends is evidence for the second.
        """
        given = {word for phrase in vocabulary for word in _WORDS.findall(phrase.lower())}
        seen: Counter[str] = Counter(dict.fromkeys(given, 2))
        unusual = tuple(sorted(word for word in given if len(word) > 3 and _zipf(word) < FAMILIAR))
        mended = list(texts)
        for _ in range(2):
            mended = [self._mend(text, seen, unusual) for text in texts]
            seen = Counter(word for text in mended for word in set(_WORDS.findall(text.lower())))
            seen.update(dict.fromkeys(given, 2))
        return mended

    def _mend(self, text: str, seen: Mapping[str, int], unusual: Sequence[str]) -> str:
        plain = self._taken_at_their_word
        return " ".join(
            token if token in plain else self._mend_token(token, seen, unusual) for token in text.split()
        )

    def _mend_token(self, token: str, seen: Mapping[str, int], unusual: Sequence[str]) -> str:
        match = _TOKEN.match(token)
        parts = _JOINTS.split(match[2]) if match else []
        if match is None or all(self._is_plain(part.lower()) for part in parts):
            self._taken_at_their_word.add(token)
            return token
        mended = (
            part if self._is_plain(part.lower()) else self._mend_word(part, seen, unusual) for part in parts
        )
        return match[1] + "".join(mended) + match[3]

    def _is_plain(self, word: str) -> bool:
        """Is there nothing to mend, whatever the other notes say: a usual or short word, a number, signs?"""
        if len(word) <= 2 or not any(c.isalpha() for c in word) or "'" in word or "’" in word:
            return True
        return _zipf(word) >= USUAL

    def _mend_word(self, word: str, seen: Mapping[str, int], unusual: Sequence[str]) -> str:
        small = word.lower()
        if _zipf(small) >= 3.0 and seen.get(small, 0) > 1:
            return word
        best = -math.inf
        chosen: tuple[str, ...] = (small,)
        for score, words in (*self._candidates(small), *_from_the_workshop(small, unusual)):
            here = 1 if words == (small,) else 0
            supported = sum(len(w) > 3 and seen.get(w, 0) - here > 0 for w in words)
            if score + SEEN_ELSEWHERE * supported > best + 1e-9:
                best, chosen = score + SEEN_ELSEWHERE * supported, words
        return word if chosen == (small,) else " ".join(chosen)

    def _candidates(self, token: str) -> Candidates:
        self._asked.add(token)
        if token not in self.known:
            self.known[token] = self._look_for(token)
        return self.known[token]

    def _look_for(self, token: str) -> Candidates:
        from rapidfuzz import process  # noqa: PLC0415
        from rapidfuzz.distance import OSA  # noqa: PLC0415

        size = len(token)
        reach = 1 if size <= 3 else 2 if size <= 7 else 3
        choices = [
            word
            for length in range(size - reach, size + reach + 1)
            for word in self._by_length.get(length, ())
        ]
        near = process.extract(token, choices, scorer=OSA.distance, score_cutoff=reach, limit=None)
        likely = sorted(((_zipf(word) - 1.6 * distance, word) for word, distance, _ in near), reverse=True)
        found: list[tuple[float, tuple[str, ...]]] = [
            (round(_zipf(word) - 9 - EDIT * misreading_cost(token, word), 6), (word,))
            for _, word in likely[:_SHORTLIST]
        ]
        if size >= 5:
            score, words = self._cut_apart(token)
            if score > _IMPOSSIBLE:
                found.append((round(score, 6), words))
        found.append((round(self._as_it_is(token), 6), (token,)))
        return tuple(sorted(found, key=lambda candidate: (-candidate[0], candidate[1]))[:_MANY])

    def _as_it_is(self, token: str) -> float:
        """How likely it is that the token is a word as it stands."""
        if token in _frequencies():
            return _zipf(token) - 9
        return UNKNOWN - UNKNOWN_LETTER * max(0, len(token) - 4) - 9

    def _cut_apart(self, token: str) -> tuple[float, tuple[str, ...]]:
        """The likeliest words run together in a token, each with at most one wrong letter or so (Viterbi)."""
        best: list[tuple[float, tuple[str, ...]]] = [(0.0, ()), *[(_IMPOSSIBLE, ())] * len(token)]
        for end in range(1, len(token) + 1):
            for start in range(max(0, end - _LONGEST_WORD), end):
                score, words = best[start]
                part_score, part = self._part(token[start:end])
                total = score + part_score - (SPLIT if start else 0.0)
                if part and score > _IMPOSSIBLE and total > best[end][0]:
                    best[end] = total, (*words, part)
        return best[-1]

    def _part(self, piece: str) -> tuple[float, str]:
        if piece not in self._part_of:
            familiar = piece in self._familiar
            best = (_zipf(piece) - 9, piece) if familiar else (_IMPOSSIBLE, "")
            if len(piece) > 1:
                words = {w for key in (piece, *_less_one(piece)) for w in self._by_deletion.get(key, ())}
                for word in sorted(words, key=lambda word: (-_zipf(word), word)):
                    # No rarer word can be likelier even if only one letter of it looks like another.
                    if _zipf(word) - 9 - EDIT * ALIKE_COST <= best[0]:
                        break
                    score = _zipf(word) - 9 - EDIT * misreading_cost(piece, word, limit=2.0)
                    best = max(best, (score, word))
            self._part_of[piece] = best
        return self._part_of[piece]


def _from_the_workshop(token: str, unusual: Sequence[str]) -> list[tuple[float, tuple[str, ...]]]:
    """The workshop's own uncommon words that the token may be a misreading of, taken to be familiar ones."""
    return [
        (FAMILIAR - 9 - EDIT * cost, (word,))
        for word in unusual
        if abs(len(word) - len(token)) <= 2 and (cost := misreading_cost(token, word, limit=2.0)) <= 2.0
    ]


def _less_one(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]
