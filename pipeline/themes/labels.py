"""A label for a group of notes: at most two of the words its notes share, never the principle's own.

Words are weighed by class-based TF-IDF (as in BERTopic): how much of the group's text a word is, times how rare
it is among all notes. Only a word that stands in two notes or more can name what they share.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from pipeline.themes.vectors import Term

MAX_TERMS = 2
_NAMING = frozenset({"NOUN", "PROPN", "ADJ", "VERB", "X"})


def document_counts(notes: Sequence[Sequence[Term]]) -> Counter[str]:
    """In how many notes each lemma stands."""
    return Counter(lemma for terms in notes for lemma in {term.lemma for term in terms})


def label(group: Sequence[Sequence[Term]], background: Counter[str], total: int, own: Collection[str]) -> str:
    """A label for the notes whose content words are `group`, or "" when they share no word.

    `background` counts notes by lemma over `total` notes; `own` are the lemmas of the principle's heading.
    """
    counts = document_counts(group)
    scores = {
        lemma: count / len(group) * math.log(1 + total / max(background[lemma], 1))
        for lemma, count in counts.items()
        if count > 1 and lemma not in own
    }
    chosen = sorted(scores, key=lambda lemma: (-round(scores[lemma], 6), lemma))[:MAX_TERMS]
    words = [_surface(lemma, group) for lemma in chosen]
    return " and ".join(words)


def _surface(lemma: str, group: Sequence[Sequence[Term]]) -> str:
    """How the group's notes write a lemma most often; capitals only where it is always so (a name, CMS)."""
    written = [term.surface for terms in group for term in terms if term.lemma == lemma]
    is_name = all(word[:1].isupper() for word in written) and len(written) > 1 and not written[0].istitle()
    counts = Counter(written if is_name else [word.lower() for word in written])
    return min(counts, key=lambda word: (-counts[word], word))
