"""The same themes on every supported Python: a digest that a test on any of them compares with."""

from __future__ import annotations

import hashlib
import random

import msgspec
import pytest
from factories import make_note

from pipeline.model import Note, Principle
from pipeline.stages.theme import themes
from pipeline.themes.crosswalk import crosswalk
from pipeline.themes.vectors import Analyser
from pipeline.workshop import load_framework

SAID = {
    "power": (
        "Say out loud who decides",
        "Who decides? Say it out loud",
        "Let residents chair the meetings",
        "Residents should chair",
        "Power imbalances are inescapable",
        "Name the power imbalances",
        "Easy to say, hard to do",
        "",
        "Power sits with whoever writes the minutes",
        "Let somebody else write the minutes",
        "The budget is decided elsewhere",
        "Show us the budget before it is decided",
        "Councillors have the last word",
        "Give young people a vote",
        "A vote for those under eighteen",
        "Chairs take turns",
    ),
    "make-time": (
        "Trust takes time",
        "Time to build trust",
        "Pay people for their time",
        "Payment for taking part",
        "Links to iterative & testing",
        "Yes, links to iterative/testing",
        "Evenings are hard for parents",
    ),
    "transparent": (
        "Plain letters without jargon",
        "Too much jargon in the leters",
        "Tell us what was decided and why",
        "Fundamental to all the rest",
        "[illegible] budget",
    ),
    "food": ("Soup and bread", "Nobody thinks on an empty stomach"),
    None: ("Childcare at meetings", "Provide childcare during meetings", "Good, regular news"),
}
PRINCIPLES = (
    Principle("power", "Power"),
    Principle("make-time", "Make Time"),
    Principle("transparent", "Transparent"),
    Principle("iterative", "Iterative"),
    Principle("food", "Food", description="People were also asked what was missing. They named:"),
)
DIGEST = "e11beece3b643504515274484a59d9fe34359b4d5cb996265f39f5638d9ff503"


def notes() -> list[Note]:
    told = [(place, text) for place, texts in SAID.items() for text in texts]
    return [
        make_note(number, text, principle_id=place, text_status="legible" if text else "no_text")
        for number, (place, text) in enumerate(told, 1)
    ]


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser()


def digest_of(everything: list[Note], analyser: Analyser) -> str:
    """Of all that is found, with figures to two places: more of them may differ between processors."""
    found = themes(everything, PRINCIPLES, analyser, subject="What makes co-production work?")
    nihr = load_framework("nihr-involve")
    crossed = crosswalk(everything, nihr.code, nihr.principles, analyser, PRINCIPLES)
    told = [
        [
            (t.id, t.label, t.strength, t.note_ids, t.sure_note_ids, t.quote_note_id, round(t.cohesion, 2))
            for t in found.themes
        ],
        [(link.id, link.label, round(link.similarity, 2)) for link in found.links],
        found.mentions,
        [t.id for t in found.suggested_missing],
        found.tallies,
        [(c.note_id, c.suggested_principle_id) for c in crossed],
    ]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def test_every_python_finds_the_same_themes(analyser: Analyser) -> None:
    assert digest_of(notes(), analyser) == DIGEST


def test_the_order_of_notes_does_not_matter(analyser: Analyser) -> None:
    shuffled = random.Random(3).sample(notes(), len(notes()))
    assert digest_of(shuffled, analyser) == DIGEST


def test_a_digest_tells_one_word_more(analyser: Analyser) -> None:
    other = [*notes(), make_note(99, "Childcare too", principle_id=None)]
    assert digest_of(other, analyser) != DIGEST
