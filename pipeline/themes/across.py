"""What runs across principles: notes that say alike, and notes that name another principle."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from pipeline.model import Principle, Theme
from pipeline.themes import clustering, labels
from pipeline.themes.result import Link, Mention
from pipeline.themes.said import Said, stacked

LINK_CUT = 0.52
"""Over a whole workshop any note finds one that sounds like it, so notes must be nearer to be linked."""
MOST_NOTES = 1500
"""Above so many notes (every pair is compared) only the notes nearest each theme's centre are linked."""

_WORDS = re.compile(r"[a-z]+")


def links(
    items: Sequence[Said],
    themes: Sequence[Theme],
    background: Mapping[str, int],
    order: Mapping[str | None, int],
    about: Collection[str] = (),
) -> tuple[Link, ...]:
    """Groups of notes with much the same words under two or more principles, the most alike first.

    `items` in canonical order; `order` gives the principles' places; `about` are the lemmas of what the whole
    workshop is about. A note that shares no other telling word with the rest is not linked.
    """
    if len(items) > MOST_NOTES:
        quotes = {theme.quote_note_id for theme in themes}
        items = [item for item in items if item.note.id in quotes][:MOST_NOTES]
    if len({item.note.principle_id for item in items}) < 2:
        return ()
    similarity = clustering.similarities(stacked(items), [item.analysis.text for item in items])
    found: list[Link] = []
    for group in clustering.joined(similarity, LINK_CUT):
        group_terms = [items[index].analysis.terms for index in group.members]
        shared = {
            lemma for lemma in labels.telling_words(group_terms, about) if labels.names(lemma, group_terms)
        }
        places = [
            index
            for index in group.members
            if any(term.lemma in shared for term in items[index].analysis.terms)
        ]
        members = [items[index] for index in places]
        principle_ids = {member.note.principle_id for member in members}
        if len(principle_ids) < 2:
            continue
        terms = [member.analysis.terms for member in members]
        quote = items[clustering.centre(similarity, places)]
        note_ids = tuple(sorted(member.note.id for member in members))
        found.append(
            Link(
                id="l" + hashlib.sha256("\n".join(note_ids).encode()).hexdigest()[:12],
                label=labels.label(terms, [member.words for member in members], background, len(items), about)
                or labels.short(quote.words),
                similarity=clustering.cohesion(similarity, places),
                principle_ids=tuple(
                    sorted(principle_ids, key=lambda name: (order.get(name, len(order)), name or ""))
                ),
                note_ids=note_ids,
                quote_note_id=quote.note.id,
            )
        )
    return tuple(sorted(found, key=lambda link: (-link.similarity, link.id)))


def mentions(items: Sequence[Said], principles: Sequence[Principle]) -> tuple[Mention, ...]:
    """Notes that name a principle they do not stand under, in note order ("Links to iterative & testing").

    Only the heading's very words count: "the strength of the method" does not speak of "Strengths".
    """
    named: dict[str, list[str]] = {}
    for principle in principles:
        for name in _names(principle):
            named.setdefault(name, []).append(principle.id)
    place = {principle.id: index for index, principle in enumerate(principles)}
    sizes = sorted({name.count(" ") + 1 for name in named})
    found: list[Mention] = []
    for item in sorted(items, key=lambda item: item.note.id):
        words = _WORDS.findall(item.words.lower())
        here = {
            name: named[name]
            for size in sizes
            for at in range(len(words) - size + 1)
            if (name := " ".join(words[at : at + size])) in named
        }
        # A name that is the note's own principle's too says nothing of the other one.
        others = {
            principle_id: name
            for name, principle_ids in sorted(here.items(), reverse=True)
            if item.note.principle_id not in principle_ids
            for principle_id in principle_ids
        }
        found += [Mention(item.note.id, name, others[name]) for name in sorted(others, key=place.__getitem__)]
    return tuple(found)


def _names(principle: Principle) -> tuple[str, ...]:
    """How a principle may be named in passing: its heading, or either part of "A | B"; small letters."""
    parts = (" ".join(_WORDS.findall(part.lower())) for part in re.split(r"[|/]", principle.heading))
    return tuple(part for part in parts if part)
