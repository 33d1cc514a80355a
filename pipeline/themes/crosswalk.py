"""The same responses seen through another framework: which of its principles each note is nearest to.

A suggestion by similarity, never a placement. A note's vector is compared with each principle's wordings; a
principle that is near to every note (a word everybody uses) is discounted by its mean over the notes. A note that
is near none, or near two alike, gets no suggestion rather than a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.model import Crossing, Note, Principle
from pipeline.themes.clustering import Matrix
from pipeline.themes.said import said, stacked
from pipeline.themes.text import spoken
from pipeline.themes.vectors import Analyser

NEAR_FROM = 0.30
"""Cosine from which a note is near a principle at all."""
CLEAR_FROM = 0.03
"""How much nearer the first principle must be than the second."""
COMMON_SHARE = 0.5


def crosswalk(
    notes: Sequence[Note],
    framework: str,
    principles: Sequence[Principle],
    vectors: Analyser,
    own_principles: Sequence[Principle] = (),
) -> tuple[Crossing, ...]:
    """Each note with content against the `principles` of another `framework` (its code), in note order.

    A response such as "this matters" means its own heading too, so each note's vector leans (a third) on the
    heading it stands under, where `own_principles` are given.
    """
    items = [item for item in said(notes, own_principles, vectors) if item.analysis.has_content]
    if not items or not principles:
        return ()
    headings = {
        principle.id: vectors([spoken(principle.heading)])[0].vector.astype(np.float64)
        for principle in own_principles
    }
    rows = stacked(items).astype(np.float64)
    for index, item in enumerate(items):
        heading = headings.get(item.note.principle_id or "")
        if heading is not None:
            leaning = rows[index] + heading / 2
            rows[index] = leaning / np.linalg.norm(leaning)
    near = np.stack([_nearest(rows, principle, vectors) for principle in principles], axis=1)
    ranked = near - COMMON_SHARE * near.mean(axis=0)
    found = []
    for item, cosines, ranks in zip(items, near, ranked, strict=True):
        order = np.argsort(-np.round(ranks, 6), kind="stable")
        best = int(order[0])
        margin = float(ranks[best] - ranks[order[1]]) if len(order) > 1 else 1.0
        is_clear = cosines[best] >= NEAR_FROM and margin >= CLEAR_FROM
        found.append(
            Crossing(
                item.note.id,
                item.note.principle_id,
                framework,
                principles[best].id if is_clear else None,
                round(float(cosines[best]), 4),
                round(margin, 4),
            )
        )
    return tuple(sorted(found, key=lambda crossing: crossing.note_id))


def _nearest(rows: Matrix, principle: Principle, vectors: Analyser) -> Matrix:
    """Each note's cosine to the nearest of a principle's wordings, shape (notes,)."""
    texts = [
        spoken(text) for text in (principle.heading, *principle.also, principle.description) if text.strip()
    ]
    wordings = np.stack([analysis.vector for analysis in vectors(texts)]).astype(np.float64)
    return np.asarray((rows @ wordings.T).max(axis=1))
