"""Groups among a few dozen short texts: deterministic, and the same for any order of the texts.

Similarity: cosine of the sentence vectors after half their mean is taken off (the mean is what all answers to
one question share), plus half the cosine of character 3- and 4-grams (words written alike). Groups: average
linkage on 1 - similarity, cut at CUT. Whatever stands alone stays alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.feature_extraction.text import TfidfVectorizer

Matrix = npt.NDArray[np.float64]

CUT = 0.80
CENTRING = 0.5
LETTERS_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Group:
    """Two or more texts that belong together: their places in the input, ascending.

    `cohesion` is the mean similarity of its pairs; `centre` the text nearest to all the others.
    """

    members: tuple[int, ...]
    cohesion: float
    centre: int


def similarities(vectors: npt.NDArray[np.float32], texts: Sequence[str]) -> Matrix:
    """The similarity of every pair, shape (n, n), between about -0.7 and 1."""
    rows = vectors.astype(np.float64)
    rows = rows - CENTRING * rows.mean(axis=0)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(norms == 0, 1.0, norms)
    meaning = rows @ rows.T
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4)).fit_transform(
        [text.lower() for text in texts]
    )
    letters = (grams @ grams.T).toarray()
    return np.asarray((meaning + LETTERS_WEIGHT * letters) / (1 + LETTERS_WEIGHT))


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


def groups(similarity: Matrix, cut: float = CUT) -> tuple[Group, ...]:
    """The groups of two or more, in the order of their first members.

    Distances are rounded to six decimals so that ties are ties on every machine; give the texts in a
    canonical order (sorted), because ties are broken by place.
    """
    if len(similarity) < 2:
        return ()
    distance = np.round(1.0 - (similarity + similarity.T) / 2, 6)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(np.maximum(distance, 0.0), checks=False), "average")
    labels = fcluster(tree, cut, "distance")
    found: list[Group] = []
    for label in sorted(set(labels.tolist())):
        members = tuple(np.flatnonzero(labels == label).tolist())
        if len(members) > 1:
            found.append(Group(members, cohesion(similarity, members), centre(similarity, members)))
    return tuple(sorted(found, key=lambda group: group.members))
