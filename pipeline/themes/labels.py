"""A label for a group of notes: at most two of the words its notes share, never the principle's own.

Words are weighed by class-based TF-IDF (as in BERTopic): the share of the group's notes that have the word, times
how rare it is among the workshop's notes, times how telling it is in English at large. Only a word that stands in
two notes or more can name what they share. Two words that stand side by side in a note are a phrase.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from pipeline.themes.vectors import Term

MAX_TERMS = 2
EVERYDAY = 5.6
"""Zipf frequency from which a word says nothing by itself ("know", "people")."""
_PLAIN = 7.5
_NAMING = frozenset({"NOUN", "PROPN", "ADJ", "X"})
_OTHERS_WEIGHT = 0.5
"""Verbs and adverbs name a theme less well than nouns and adjectives do."""
_SECOND_FROM = 0.5
"""A second word must weigh half as much as the first, or the first says it better alone."""


def document_counts(notes: Sequence[Sequence[Term]]) -> Counter[str]:
    """In how many notes each lemma stands."""
    return Counter(lemma for terms in notes for lemma in {term.lemma for term in terms})


@functools.cache
def zipf(lemma: str) -> float:
    """How common a word is in English (0 unknown, 3 uncommon, 7 the commonest)."""
    import wordfreq  # noqa: PLC0415  (not wanted when there is nothing to label)

    return float(wordfreq.zipf_frequency(lemma, "en"))


def has_telling_word(group: Sequence[Sequence[Term]], own: Collection[str]) -> bool:
    """Do two notes of the group share a word that is neither the principle's nor everyday?"""
    counts = document_counts(group)
    return any(count > 1 and lemma not in own and zipf(lemma) < EVERYDAY for lemma, count in counts.items())


def label(
    group: Sequence[Sequence[Term]],
    written: Collection[str],
    background: Mapping[str, int],
    total: int,
    own: Collection[str],
) -> str:
    """A label for the notes whose content words are `group`, or "" when they share no word.

    `written` are the words (small letters) that really stand on the notes: a word that only the corrected
    shadow has is never shown. `background` counts notes by lemma over `total` notes; `own` are the lemmas of
    the principle's heading.
    """
    counts = document_counts(group)
    scores: dict[str, float] = {}
    for lemma, count in counts.items():
        if count > 1 and lemma not in own and _surface(lemma, group, written):
            rarity = math.log(1 + total / max(background.get(lemma, 0), 1))
            naming = any(term.lemma == lemma and term.pos in _NAMING for terms in group for term in terms)
            telling = max(_PLAIN - zipf(lemma), 0.5) * (1.0 if naming else _OTHERS_WEIGHT)
            scores[lemma] = round(count / len(group) * rarity * telling, 6)
    ranked = sorted(scores, key=lambda lemma: (-scores[lemma], lemma))[:MAX_TERMS]
    surfaces = [_surface(lemma, group, written) for lemma in ranked]
    if len(ranked) < MAX_TERMS:
        return "".join(surfaces)
    if any(_side_by_side(terms, ranked[0], ranked[1]) for terms in group):
        return " ".join(surfaces)
    if any(_side_by_side(terms, ranked[1], ranked[0]) for terms in group):
        return " ".join(reversed(surfaces))
    has_second = scores[ranked[1]] >= _SECOND_FROM * scores[ranked[0]]
    return " and ".join(surfaces) if has_second else surfaces[0]


def _side_by_side(terms: Sequence[Term], first: str, second: str) -> bool:
    return any(a.lemma == first and b.lemma == second and b.place == a.place + 1 for a, b in pairwise(terms))


def _surface(lemma: str, group: Sequence[Sequence[Term]], written: Collection[str]) -> str:
    """How the notes write a lemma most often; in capitals only what always is (CMS); "" if no note has it so."""
    forms = [term.surface for terms in group for term in terms if term.lemma == lemma]
    is_name = len(forms) > 1 and all(form.isupper() for form in forms)
    counts = Counter(form if is_name else form.lower() for form in forms if form.lower() in written)
    return min(counts, key=lambda form: (-counts[form], form), default="")


def short(text: str, words: int = 6) -> str:
    """The beginning of a quote, for a group whose notes share no word."""
    parts = text.split()
    return " ".join(parts[:words]) + (" …" if len(parts) > words else "")
