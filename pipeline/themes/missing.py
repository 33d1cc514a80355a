"""What seems to be missing: what people named when they were invited to, and themes that fit no principle.

Three kinds of heading are told apart by their wording. A principle is what people were asked about. Some headings ask
what is missing ("What else?"): the themes below them are looked at as those of unplaced notes are. And some are
themselves what people named ("Communication", which a record introduces with "People were also invited to suggest
things that were missing"): such a heading is a theme, whatever its notes have in common.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.model import Link, Principle, Theme
from pipeline.themes import clustering
from pipeline.themes.said import Said, stacked
from pipeline.themes.text import spoken
from pipeline.themes.vectors import Analyser, Analysis

FITS_FROM = 0.35
"""Mean cosine to a principle's wording from which a theme is taken to be about that principle."""
LEAST_NOTES = 2

_LACK = r"\b(?:missing|missed|lacking|left out|forgotten|overlooked|not (?:listed|mentioned|covered|on the list))\b"
_LACKING = re.compile(_LACK, re.IGNORECASE)
_ASKS = re.compile(
    rf"{_LACK}|\belse\b|^(?:any )?(?:other|further|additional)\b|\badd\b(?=.*\?)|\badd your\b", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:no|nobody|no[ -]one|none|never|nothing)\b", re.IGNORECASE)
"""Who says that nobody is left out does not ask what is missing."""
_NAMED = re.compile(
    r"\b(?:suggest(?:ed|ions?)|propos(?:ed|als?)|named|mentioned|identified|invited|asked|said)\b|\bwhat\b",
    re.IGNORECASE,
)
"""Beside a word of lack: that people were asked, or a caption such as "What people missed"."""


def asks_for_more(wording: str) -> bool:
    """Does a heading ask what is missing ("What else?", "Other ideas"), rather than name a principle?"""
    return bool(_ASKS.search(wording)) and (wording.rstrip().endswith("?") or not _DENIED.search(wording))


def named_as_missing(principles: Sequence[Principle]) -> dict[str, str]:
    """The headings that are themselves what people named as missing: each one's id, and what it is called.

    So says the text above it ("Suggested as missing by those who came"), or one further up that names it, too, or
    the heading itself ("Missing: childcare").
    """
    told: list[str] = []
    found: dict[str, str] = {}
    for principle in principles:
        before, _, after = (part.strip() for part in principle.heading.partition(":"))
        if asks_for_more(before):
            if after:
                found[principle.id] = after
        elif _tells_of_missing(principle.description):
            told.append(principle.description)
            found[principle.id] = principle.heading
        elif not principle.description and any(_holds(text, principle.heading) for text in told):
            found[principle.id] = principle.heading
    return found


def _tells_of_missing(text: str) -> bool:
    """Does it report that people named something as missing? A question does not, nor who says that nothing is."""
    is_said = _LACKING.search(text) and _NAMED.search(text)
    return bool(is_said) and not text.rstrip().endswith("?") and not _DENIED.search(text)


def _holds(text: str, heading: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(heading)}(?!\w)", text, re.IGNORECASE) is not None


def suggested_missing(
    themes: Sequence[Theme],
    links: Sequence[Link],
    everything: Sequence[Said],
    principles: Sequence[Principle],
    analyse: Analyser,
) -> tuple[Theme, ...]:
    """What people named as missing, then themes that fit none of the principles asked about.

    Those stand among unplaced notes, below a heading that asks what is missing, or run across principles. A theme
    fits a principle when its notes' mean vector is near that of one of the principle's wordings, or when most of
    its notes hold one of the principle's words.
    """
    named = named_as_missing(principles)
    by_id = {item.note.id: item for item in everything}
    across = [
        Theme(link.id, None, link.label, "suggested", link.similarity, link.note_ids, link.quote_note_id)
        for link in links
    ]
    asked = [one for one in principles if one.id not in named and not asks_for_more(one.heading)]
    homes = {principle.id for principle in asked} | named.keys()
    unplaced = [theme for theme in themes if theme.principle_id not in homes]
    wordings = [
        analyse([spoken(text)])[0]
        for principle in asked
        for text in (principle.heading, *principle.also, principle.description)
        if text.strip()
    ]
    return (
        *_headings(named, everything, principles, analyse),
        *(
            theme
            for theme in (*unplaced, *across)
            if len(theme.note_ids) >= LEAST_NOTES
            and not _fits(
                [by_id[note_id].analysis for note_id in theme.note_ids if note_id in by_id], wordings
            )
        ),
    )


def _headings(
    named: Mapping[str, str], everything: Sequence[Said], principles: Sequence[Principle], analyse: Analyser
) -> list[Theme]:
    """A theme for each heading that people named as missing and that has a note; in the principles' order.

    Its quotation is the note nearest to what people called it.
    """
    found: list[Theme] = []
    for principle in principles:
        items = [item for item in everything if item.note.principle_id == principle.id]
        if principle.id not in named or not items:
            continue
        speaking = [item for item in items if item.analysis.has_content]
        cohesion, quote_id = 1.0, None
        if speaking:
            rows = stacked(speaking)
            texts = [item.analysis.text for item in speaking]
            cohesion = clustering.cohesion(clustering.similarities(rows, texts), range(len(speaking)))
            nearness = np.round(rows @ analyse([spoken(named[principle.id])])[0].vector, 6)
            quote_id = speaking[int(np.argmax(nearness))].note.id
        note_ids = tuple(sorted(item.note.id for item in items))
        found.append(
            Theme(
                id="h" + hashlib.sha256(principle.id.encode()).hexdigest()[:12],
                principle_id=principle.id,
                label=named[principle.id],
                strength="suggested",
                cohesion=cohesion,
                note_ids=note_ids,
                quote_note_id=quote_id,
                is_named_by_person=True,
                description=principle.description,
                sure_note_ids=note_ids,
            )
        )
    return found


def _fits(analyses: Sequence[Analysis], wordings: Sequence[Analysis]) -> bool:
    if not wordings or not analyses:
        return False
    mean = np.mean([analysis.vector for analysis in analyses], axis=0, dtype=np.float64)
    mean /= np.linalg.norm(mean) or 1.0
    if max(float(mean @ wording.vector) for wording in wordings) >= FITS_FROM:
        return True
    named = {term.lemma for wording in wordings for term in wording.terms}
    shared = Counter(lemma for analysis in analyses for lemma in {term.lemma for term in analysis.terms})
    return any(count > len(analyses) / 2 and lemma in named for lemma, count in shared.items())
