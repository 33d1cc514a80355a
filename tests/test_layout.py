"""One sheet in two series of photographs: the second, better one settles what the first left open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import make_note, make_polygon, make_record, make_sighting

from pipeline.diff import diff
from pipeline.layout import fit_layout
from pipeline.matching import match_notes
from pipeline.model import Polygon, Record

TRUTH = Path(__file__).resolve().parents[2] / "shared" / "sample" / "truth"
POOR = ("power", "knowledge", "make-time_1", "make-time_2", "missing", "transparent-engaged")
GOOD = ("power", "knowledge", "make-time", "missing", "transparent-engaged")
TILT = np.array([[0.9, 0.12, 60.0], [-0.08, 1.1, 40.0], [2e-5, 3e-5, 1.0]])


def tilted(polygon: Polygon, matrix: np.ndarray = TILT) -> Polygon:
    points = np.hstack([np.array(polygon), np.ones((len(polygon), 1))]) @ matrix.T
    return tuple((float(x / w), float(y / w)) for x, y, w in points)


def pairs(count: int) -> list[tuple[Polygon, Polygon]]:
    return [(make_polygon(7 * n + 1), tilted(make_polygon(7 * n + 1))) for n in range(count)]


def test_a_tilted_sheet_is_laid_over_the_other() -> None:
    layout = fit_layout(pairs(12))
    assert layout is not None
    assert layout.residual < 0.1
    for number in (3, 50, 100):
        carried, expected = layout.carry(make_polygon(number)), tilted(make_polygon(number))
        assert np.abs(np.array(carried) - np.array(expected)).max() < 10.0  # of a note 240 pixels wide


def test_few_notes_give_an_affine_map_and_too_few_none() -> None:
    affine = np.array([[1.2, 0.1, 5.0], [-0.1, 1.2, 9.0], [0.0, 0.0, 1.0]])
    made = [(make_polygon(n), tilted(make_polygon(n), affine)) for n in (1, 5, 30, 40)]
    layout = fit_layout(made)
    assert layout is not None
    assert np.array(layout.carry(make_polygon(60))) == pytest.approx(
        np.array(tilted(make_polygon(60), affine)), abs=0.1
    )
    assert fit_layout(made[:3]) is None


def test_what_does_not_fit_together_is_not_believed() -> None:
    places = [make_polygon(n) for n in (1, 30, 64, 12, 99, 5, 77, 50)]
    scattered = [(one, places[(5 * n + 3) % 8]) for n, one in enumerate(places)]
    assert fit_layout(scattered) is None
    in_a_row = [(make_polygon(n), make_polygon(n)) for n in range(1, 6)]
    assert fit_layout(in_a_row) is None  # they say nothing about the direction across


def test_unreadable_notes_are_found_by_their_place() -> None:
    told = {
        1: "Listen first",
        5: "Share the budget",
        40: "Trust takes years",
        62: "Who decides here",
        90: "Ask us",
    }
    lost = (17, 33, 71)
    old = [make_note(n, text, shape="tick") for n, text in told.items()]
    old += [make_note(n, "", text_status="illegible", shape="tick") for n in lost]
    new = [replace(note, id=f"b{note.id}", sightings=tuple(_anew(note.sightings[0]))) for note in old]
    # The note at 17 is gone, another lies at 50; the words of the others can be read now.
    new[5] = replace(new[5], text="Quite another", text_status="legible", sightings=_at(50))
    new[6] = replace(new[6], text="Let go", text_status="legible")
    new[7] = replace(new[7], text="Slow down", text_status="legible")
    matching = match_notes(make_record(notes=old), make_record(notes=new[::-1]))
    assert {(match.old.id, match.new.id) for match in matching.matches if match.how == "layout"} == {
        ("n0033", "bn0033"),
        ("n0071", "bn0071"),
    }
    assert all(match.is_sure for match in matching.matches)
    assert [note.id for note in matching.only_old] == ["n0017"]
    assert [note.id for note in matching.only_new] == ["bn0017"]


def _anew(sighting: Any) -> list[Any]:
    return [make_sighting(1, "better.jpg", polygon=tilted(sighting.polygon))]


def _at(number: int) -> tuple[Any, ...]:
    return (make_sighting(1, "better.jpg", polygon=tilted(make_polygon(number))),)


# --- the sample workshop: its first, poorer photographs, then the originals ------------------


def sample(names: tuple[str, ...], suffix: str, prefix: str) -> Record:
    """The record that a perfect reader would make of a series of the sample's photographs."""
    seen: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for name in names:
        for note in json.loads((TRUTH / f"{name}{suffix}.json").read_text())["notes"]:
            if not note["ignore"]:
                seen.setdefault(note["id"], []).append((f"{name}{suffix}.jpg", note))
    notes = []
    for number, (note_id, sightings) in enumerate(seen.items(), start=1):
        best = next((note for _, note in sightings if note["text"]), sightings[0][1])
        status = "legible" if best["text"] else "no_text" if best["blank"] else "illegible"
        places = [
            make_sighting(1, photo, polygon=tuple((x, y) for x, y in note["full_polygon"]))
            for photo, note in sightings
        ]
        notes.append(
            make_note(
                number,
                best["text"],
                text_status=status,
                id=f"{prefix}{note_id}",
                principle_id=best["principle"].lower().replace(" ", "-"),
                shape=best["shape"],
                sightings=tuple(places),
                board_id=None,
            )
        )
    return make_record("sample-workshop", notes=notes)


@pytest.mark.skipif(not TRUTH.is_dir(), reason="the sample's truth lies outside the repository")
def test_two_editions_of_the_sample_note_by_note() -> None:
    old, new = sample(POOR, "", "first:"), sample(GOOD, "_original", "then:")
    matching = match_notes(old, new)
    assert len(matching.matches) == len(old.notes) == len(new.notes) == 47
    for match in matching.matches:
        assert match.is_sure
        assert match.old.id.removeprefix("first:") == match.new.id.removeprefix("then:")
    changes = diff(old, new, 1, 2)
    told = [(change.kind, change.note_id, change.before, change.after) for change in changes.changes]
    assert told == [
        ("promise_met", None, None, None),
        ("now_readable", "then:power-n08", "[illegible]", "Start with the people furthest away"),
        ("now_readable", "then:power-n10", "[illegible]", "You can't give away what you don't hold"),
        ("now_readable", "then:make-time-n09", "[illegible]", "A year is too slow for the play area"),
        ("now_readable", "then:make-time-n10", "[illegible]", "Trust grows slowly"),
        (
            "now_readable",
            "then:transparent-engaged-n07",
            "[illegible]",
            "Go where people already are: the market, the mosque, the gym",
        ),
    ]
    assert changes.unchanged == 42
    assert "Of these, 5 can now be read" in changes.changes[0].explanation
    assert "nothing of this is left open" not in changes.changes[0].explanation
