"""Groups among a few dozen short texts: deterministic, and the same for any order of the texts.

Similarity: cosine of the sentence vectors after part of their mean is taken off (the mean is what all answers to
one question share), plus half the cosine of character 3- and 4-grams (words written alike). The fewer the
texts, the less their mean says of the question and the more it is chance, so the less of it is taken off; and the
rarity of letter groups is counted among the texts and as many imagined texts of everyday words. Both keep the
groups the same when a few notes come or go.

Groups: average linkage on 1 - similarity, cut at CUT. Half of that similarity is by company: whether two texts are
alike to the same others (shared nearest neighbours; Jarvis & Patrick 1973), which one text more or less hardly
changes. Whatever stands alone stays alone.

The figures were chosen on half of the groups of tests/benchmark/bench_themes.py (its tuning groups) and confirmed on
the other half, with other draws of the notes that are dropped.
"""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

CUT = 0.76
COMPANY_WEIGHT = 0.5
COMPANY = 12
"""So many of the nearest are a text's company: among hundreds, all the rest would be alike to each other by noise."""
COMPANY_FROM = 0.05
"""What is no more alike than this is no company."""
CORE_CUT = 0.42
"""Notes that are joined up to here say the same in most cases: seven in ten on real survey answers."""
CENTRING = 0.8
CENTRING_TEXTS = 8
"""Of so many texts, half of CENTRING is taken off."""
LETTERS_WEIGHT = 0.5
EVERYDAY_TEXTS = 40
EVERYDAY_WORDS = 9
"""How many words an imagined everyday text has."""


@dataclass(frozen=True, slots=True)
class Group:
    """Two or more texts that belong together: their places in the input, ascending.

    `cohesion` is the mean similarity of its pairs; `centre` the text nearest to all the others.
    """

    members: tuple[int, ...]
    cohesion: float
    centre: int


@functools.cache
def _everyday() -> dict[str, float]:
    """For each 3- and 4-gram, the chance that an everyday text of EVERYDAY_WORDS words holds it."""
    import wordfreq  # noqa: PLC0415

    shares: dict[str, float] = defaultdict(float)
    frequencies: dict[str, float] = wordfreq.get_frequency_dict("en", "small")
    for word, frequency in list(frequencies.items())[:20_000]:
        for gram in set(_grams(word)):
            shares[gram] += frequency
    return {gram: 1 - (1 - min(share, 0.5)) ** EVERYDAY_WORDS for gram, share in shares.items()}


@functools.lru_cache(maxsize=100_000)
def _grams(word: str) -> tuple[str, ...]:
    """The 3- and 4-grams of one word with a blank on either side; a shorter one as it is."""
    padded = f" {word} "
    return tuple(
        padded[at : at + size]
        for size in (3, 4)
        for at in range(max(len(padded) - size + 1, 1))
        if len(padded) >= 3
    )


def _letters(texts: Sequence[str]) -> Matrix:
    """Cosine of the texts' character 3- and 4-grams within words, weighted by rarity; shape (n, n)."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  (not wanted when there is nothing to do)

    counted = [Counter(gram for word in text.lower().split() for gram in _grams(word)) for text in texts]
    holding = Counter(gram for counts in counted for gram in counts)
    columns = {gram: place for place, gram in enumerate(sorted(holding))}
    if not columns:
        return np.zeros((len(texts), len(texts)))
    everyday = _everyday()
    known = 1 + len(texts) + EVERYDAY_TEXTS
    rarity = {
        gram: 1 + math.log(known / (1 + count + EVERYDAY_TEXTS * everyday.get(gram, 0.0)))
        for gram, count in holding.items()
    }
    rows = [row for row, counts in enumerate(counted) for _ in counts]
    places = [columns[gram] for counts in counted for gram in counts]
    weights = np.array([count * rarity[gram] for counts in counted for gram, count in counts.items()])
    weighted = csr_matrix((weights, (rows, places)), shape=(len(texts), len(columns)))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1.0
    return np.asarray((weighted @ weighted.T).toarray() / np.outer(lengths, lengths))


def similarities(vectors: npt.NDArray[np.float32], texts: Sequence[str]) -> Matrix:
    """The similarity of every pair, shape (n, n), between about -0.7 and 1."""
    rows = vectors.astype(np.float64)
    share = CENTRING * len(rows) / (len(rows) + CENTRING_TEXTS)
    rows = rows - share * rows.mean(axis=0)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(norms == 0, 1.0, norms)
    return np.asarray((rows @ rows.T + LETTERS_WEIGHT * _letters(texts)) / (1 + LETTERS_WEIGHT))


def by_company(similarity: Matrix) -> Matrix:
    """The similarity of every pair, half of it by whom else the two are alike to; shape (n, n).

    A text is the first of its own company. Values are rounded to six decimals before the nearest are chosen, and
    all that are as near as the last of them belong, so that the choice does not hang on the order.
    """
    near = np.maximum(np.round(similarity, 6) - COMPANY_FROM, 0.0)
    count = len(near)
    if count > COMPANY + 1:
        last = np.partition(near, count - COMPANY - 1, axis=1)[:, count - COMPANY - 1]
        near = np.where(near >= last[:, None], near, 0.0)
    lengths = np.linalg.norm(near, axis=1, keepdims=True)
    near = near / np.where(lengths == 0, 1.0, lengths)
    return np.asarray((1 - COMPANY_WEIGHT) * similarity + COMPANY_WEIGHT * (near @ near.T))


def cohesion(similarity: Matrix, members: Sequence[int]) -> float:
    """Mean similarity of the pairs among `members`, rounded to six decimals; 1 for a single text."""
    count = len(members)
    if count < 2:
        return 1.0
    part = similarity[np.ix_(members, members)]
    return round(float((part.sum() - np.trace(part)) / (count * (count - 1))), 6)


def centre(similarity: Matrix, members: Sequence[int]) -> int:
    """The member nearest to all the others; the first of them where two are equally near."""
    part = similarity[np.ix_(members, members)].sum(axis=1)
    return members[int(np.argmax(np.round(part, 6)))]


def core(similarity: Matrix, members: Sequence[int]) -> tuple[int, ...]:
    """Those of a group's members that most surely say the same: its largest part that joins by CORE_CUT.

    Two or more, ascending; none where no two of the members are so alike.
    """
    part = joined(similarity[np.ix_(members, members)], CORE_CUT)
    largest = min(part, key=lambda group: (-len(group.members), -group.cohesion, group.members), default=None)
    return tuple(members[index] for index in largest.members) if largest else ()


def groups(similarity: Matrix) -> tuple[Group, ...]:
    """The groups of two or more among the notes of one question, in the order of their first members."""
    return joined(similarity, CUT, by_company(similarity)) if len(similarity) > 1 else ()


def joined(similarity: Matrix, cut: float, by: Matrix | None = None) -> tuple[Group, ...]:
    """The groups of two or more whose mean distance is at most `cut`, in the order of their first members.

    They are joined `by` another similarity than the one that tells their cohesion and centre, where one is given.
    Distances are rounded to six decimals so that ties are ties on every machine; give the texts in a
    canonical order (sorted), because ties are broken by place.
    """
    if len(similarity) < 2:
        return ()
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    near = similarity if by is None else by
    distance = np.round(1.0 - (near + near.T) / 2, 6)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(np.maximum(distance, 0.0), checks=False), "average")
    labels = fcluster(tree, cut, "distance")
    found: list[Group] = []
    for label in sorted(set(labels.tolist())):
        members = tuple(np.flatnonzero(labels == label).tolist())
        if len(members) > 1:
            found.append(Group(members, cohesion(similarity, members), centre(similarity, members)))
    return tuple(sorted(found, key=lambda group: group.members))
