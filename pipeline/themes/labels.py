"""A label for a group of notes: at most two of the words its notes share, never the principle's own.

Words are weighed by class-based TF-IDF (as in BERTopic): the share of the group's notes that have the word, times
how rare it is among the workshop's notes, times how telling it is in English at large. Only a word that stands in
two notes or more can name what they share. Two words that stand side by side in a note are a phrase.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from pipeline.themes.vectors import Term

MAX_TERMS = 2
EVERYDAY = 5.6
"""Zipf frequency from which a word says nothing by itself ("know", "people")."""
_PLAIN = 7.5
_NOUNS = frozenset({"NOUN", "PROPN", "X"})
_NAMING = _NOUNS | {"ADJ"}
_OTHERS_WEIGHT = 0.5
"""Verbs and adverbs name a theme less well than nouns and adjectives do."""
_SECOND_FROM = 0.5
"""A second word must weigh half as much as the first, or the first says it better alone."""
_WRITTEN = re.compile(r"[a-z][a-z-]*|[&/+]")
_JOINTS = {word: word for word in ("and", "or", "of", "for", "in", "to", "with")} | dict.fromkeys(
    "&/+", "and"
)
_BEING = frozenset({"be", "being", "been", "is", "are", "am", "was", "were"})


def document_counts(notes: Sequence[Sequence[Term]]) -> Counter[str]:
    """In how many notes each lemma stands."""
    return Counter(lemma for terms in notes for lemma in {term.lemma for term in terms})


@functools.cache
def zipf(lemma: str) -> float:
    """How common a word is in English (0 unknown, 3 uncommon, 7 the commonest)."""
    import wordfreq  # noqa: PLC0415  (not wanted when there is nothing to label)

    return float(wordfreq.zipf_frequency(lemma, "en"))


def telling_words(group: Sequence[Sequence[Term]], own: Collection[str]) -> frozenset[str]:
    """The lemmas that two notes of the group share and that are neither the principle's nor everyday."""
    counts = document_counts(group)
    return frozenset(
        lemma for lemma, count in counts.items() if count > 1 and lemma not in own and zipf(lemma) < EVERYDAY
    )


def names(lemma: str, group: Sequence[Sequence[Term]]) -> bool:
    """Is the lemma a noun, a name or a quality somewhere in the group, and not only something that is done?"""
    return _is_a(_NAMING, lemma, group)


def label(
    group: Sequence[Sequence[Term]],
    texts: Sequence[str],
    background: Mapping[str, int],
    total: int,
    own: Collection[str],
) -> str:
    """A label for the notes whose content words are `group`, or "" when they share no word.

    `texts` are what really stands on the notes: a word that only the corrected shadow has is never shown.
    `background` counts notes by lemma over `total` notes; `own` are the lemmas of the principle's heading.
    """
    spelt = [_WRITTEN.findall(text.lower()) for text in texts]
    written = {word for words in spelt for word in words}
    counts = document_counts(group)
    scores: dict[str, float] = {}
    for lemma, count in counts.items():
        if count > 1 and lemma not in own and _surface(lemma, group, written):
            rarity = math.log(1 + total / max(background.get(lemma, 0), 1))
            telling = max(_PLAIN - zipf(lemma), 0.5)
            weight = 1.0 if _is_a(_NAMING, lemma, group) else _OTHERS_WEIGHT
            scores[lemma] = round(count / len(group) * rarity * telling * weight, 6)
    ranked = sorted(scores, key=lambda lemma: (-scores[lemma], lemma))[:MAX_TERMS]
    if not ranked:
        return ""
    surfaces = {lemma: _surface(lemma, group, written) for lemma in ranked}
    if len(ranked) == MAX_TERMS:
        phrase = _phrase(ranked, surfaces, group, spelt)
        if phrase:
            return phrase
        are_alike = scores[ranked[1]] >= _SECOND_FROM * scores[ranked[0]]
        if are_alike and all(_is_a(_NOUNS, lemma, group) for lemma in ranked):
            return " and ".join(surfaces.values())
        # "Blank and honest" says neither: one word, a noun if there is one, or what people say they are.
        if are_alike and not _is_a(_NOUNS, ranked[0], group):
            ranked.sort(key=lambda lemma: not (_is_a(_NOUNS, lemma, group) or _is_said_to_be(lemma, spelt)))
    first = surfaces[ranked[0]]
    is_quality = not _is_a(_NOUNS, ranked[0], group) and _is_said_to_be(first, spelt)
    return f"being {first}" if is_quality else first


def _phrase(
    ranked: Sequence[str],
    surfaces: Mapping[str, str],
    group: Sequence[Sequence[Term]],
    spelt: Sequence[Sequence[str]],
) -> str:
    """The two words as a note puts them together: side by side, or with one small word between them."""
    for first, second in (ranked, ranked[::-1]):
        if any(_side_by_side(terms, first, second) for terms in group):
            return f"{surfaces[first]} {surfaces[second]}"
    for first, second in (ranked, ranked[::-1]):
        for words in spelt:
            for place in range(len(words) - 2):
                if (words[place], words[place + 2]) == (surfaces[first], surfaces[second]):
                    joint = _JOINTS.get(words[place + 1])
                    if joint:
                        return f"{surfaces[first]} {joint} {surfaces[second]}"
    return ""


def _is_said_to_be(word: str, spelt: Sequence[Sequence[str]]) -> bool:
    """Do two notes say that somebody or something is so ("if we are honest")?"""
    return (
        sum(any(first in _BEING and second == word for first, second in pairwise(words)) for words in spelt)
        > 1
    )


def _is_a(kinds: Collection[str], lemma: str, group: Sequence[Sequence[Term]]) -> bool:
    return any(term.lemma == lemma and term.pos in kinds for terms in group for term in terms)


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
