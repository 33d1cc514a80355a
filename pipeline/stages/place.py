"""place: every note under the principle whose heading claims it. Pure: records in, records out.

What a heading means is decided in `pipeline.wording`, what it claims in `pipeline.zones`, what an arrow points at in
`pipeline.pointing`. A note that no heading claims stays unplaced, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.model import Board, BoardHeading, PhotoRecord, Placement, Principle, Sighting
from pipeline.pointing import target
from pipeline.wording import (
    Match,
    head_of,
    is_same_heading,
    match_fragment,
    match_heading,
    split_heading,
    squash,
)
from pipeline.zones import Box, Claim, claims, level, level_lines

PRINTABLE_HEADING = 0.8
"""Confidence from which a heading that nobody listed may be printed as a principle: it is a quote like any other."""
SURE_HEADING = 0.5
"""Least mean word confidence at which a heading nobody listed is believed to be one."""
ROOM_ABOVE = 0.6
"""Free room above all notes, in notes' heights, from which a photograph shows that no heading is above them."""
SMALL_CARD = 0.45
"""A text this much lower than the board's headings is a label, a table's number or a trainer's scribble."""


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading of a board and what it stands for; `match` None where it is none of the workshop's."""

    heading: BoardHeading
    match: Match | None
    is_cut: bool


def place(
    boards: Sequence[Board], principles: Sequence[Principle], photos: Sequence[PhotoRecord]
) -> tuple[tuple[Placement, ...], ...]:
    """For each board, beside its notes, where each belongs and which note of the board it answers."""
    records = {record.photo.path: record for record in photos}
    first = [_placed(board, principles, records) for board in boards]
    return tuple(
        _continued(number, boards, first, records) if not board.headings and board.notes else first[number]
        for number, board in enumerate(boards)
    )


def emergent_principles(boards: Sequence[Board]) -> tuple[Principle, ...]:
    """Principles made of the headings found, for a workshop that lists none; in the boards' order.

    A heading counts that was read with some confidence and has notes below it; one wording of several is the
    heading, the others are kept as its `also`.
    """
    found: list[list[BoardHeading]] = []
    for board in boards:
        owners = {claim.heading for claim in _claims_of(board, list(board.headings))}
        for number, heading in enumerate(board.headings):
            if number not in owners or not _is_believable(heading):
                continue
            for group in found:
                if any(is_same_heading(heading.text, other.text) for other in group):
                    group.append(heading)
                    break
            else:
                found.append([heading])
    whole = [
        group for group in found if not any(_is_part(group, other) for other in found if other is not group)
    ]
    principles: list[Principle] = []
    for group in whole:
        ordered = sorted(group, key=lambda heading: (-round(heading.confidence, 3), heading.text))
        wordings = list(dict.fromkeys(_tidied(heading.text) for heading in ordered))
        identifier = _identifier(head_of(wordings[0]), {principle.id for principle in principles})
        principles.append(Principle(identifier, wordings[0], tuple(wordings[1:])))
    return tuple(principles)


def _placed(
    board: Board, principles: Sequence[Principle], records: dict[str, PhotoRecord]
) -> tuple[Placement, ...]:
    headings = _meaning(board, principles, records)
    zones = _claims_of(board, [heading.heading for heading in headings])
    answers = _answers(board, records)
    is_open = _is_open_above(board, records)
    return tuple(
        _placement(headings, claim, answer, is_open) for claim, answer in zip(zones, answers, strict=True)
    )


def _claims_of(board: Board, headings: Sequence[BoardHeading]) -> list[Claim]:
    outlines = [heading.polygon for heading in headings]
    boxes, notes = level(outlines, [note.polygon for note in board.notes])
    return claims(boxes, notes, level_lines(outlines, board.lines))


def _meaning(
    board: Board, principles: Sequence[Principle], records: dict[str, PhotoRecord]
) -> list[_Heading]:
    """The board's headings with their principles, without texts that are mere labels."""
    found = []
    for heading in (part for one in board.headings for part in _parted(one, principles)):
        is_cut = _is_cut(heading, board, records)
        match = match_heading(heading.text, principles)
        if match is None and is_cut:
            match = match_fragment(heading.text, principles)
        found.append(_Heading(heading, match, is_cut))
    boxes, _ = level([one.heading.polygon for one in found], [])
    known = [_height(one) for one, which in zip(boxes, found, strict=True) if which.match]
    if not known:
        return found
    usual = float(np.median(known))
    return [
        which
        for box, which in zip(boxes, found, strict=True)
        if which.match or (_height(box) >= SMALL_CARD * usual and not _is_noise(which.heading))
    ]


def _parted(heading: BoardHeading, principles: Sequence[Principle]) -> list[BoardHeading]:
    """The heading itself, or the cards side by side that were found as one, parted by their letters' share."""
    parts = split_heading(heading.text, principles) if len(heading.polygon) == 4 else None
    if parts is None:
        return [heading]
    share = len(parts[0]) / max(len(parts[0]) + len(parts[1]), 1)
    corners = np.asarray(heading.polygon, np.float64)
    upper, lower = (corners[k] + share * (corners[m] - corners[k]) for k, m in ((0, 1), (3, 2)))
    left, right = (corners[0], upper, lower, corners[3]), (upper, corners[1], corners[2], lower)
    cards = (
        replace(heading, text=text, polygon=tuple((float(x), float(y)) for x, y in part))
        for text, part in zip(parts, (left, right), strict=True)
    )
    return [part for card in cards for part in _parted(card, principles)]


def _height(box: Box) -> float:
    return box.lower - box.upper


def _is_open_above(board: Board, records: dict[str, PhotoRecord]) -> bool:
    """Whether the photographs show some room above all notes: then no heading hides beyond their upper edge."""
    for path in board.photos:
        record = records.get(path)
        outlines = record.detection.outlines if record else ()
        spans = [(min(y for _, y in one.polygon), max(y for _, y in one.polygon)) for one in outlines]
        if spans and min(top for top, _ in spans) < ROOM_ABOVE * np.median([low - top for top, low in spans]):
            return False
    return True


def _placement(
    headings: Sequence[_Heading], claim: Claim, answer: int | None, is_open: bool = False
) -> Placement:
    if not headings:
        return Placement(None, 0.5, "No heading was found on this sheet.", answer)
    if claim.heading is None and claim.above is not None and is_open and headings[claim.above].match:
        below = _placement(headings, Claim(claim.above, 0.6), answer)
        text = _quoted(headings[claim.above].heading)
        why = (
            f"It is above the heading {text}, and the picture shows no other heading above it. Please check."
        )
        return below if below.principle_id is None else replace(below, why=why)
    if claim.heading is None:
        text = _quoted(headings[claim.above].heading) if claim.above is not None else "every heading"
        return Placement(
            None, claim.clarity, f"It lies above {text}, and no heading was found above it.", answer
        )
    owner = headings[claim.heading]
    where = f"It is below the heading {_quoted(owner.heading)}"
    if owner.match is None:
        if not squash(owner.heading.text):
            return Placement(None, 0.5, "It is below a heading that could not be read.", answer)
        return Placement(None, 0.5, f"{where}, which is none of the workshop's principles.", answer)
    if owner.match.is_tied:
        return Placement(None, 0.4, f"{where}, which could mean more than one principle.", answer)
    confidence = owner.match.likeness * claim.clarity
    if claim.clarity < 0.75:
        where += ", near the border with the next"
    if owner.is_cut and owner.match.likeness < 0.9:
        where += ", of which only a part is in the picture"
    return Placement(owner.match.principle.id, round(min(confidence, 0.99), 4), where + ".", answer)


def _quoted(heading: BoardHeading) -> str:
    return (
        "“" + " ".join(heading.text.split()) + "”"
        if heading.text.strip()
        else "a heading that could not be read"
    )


# --- headings ---------------------------------------------------------------------------------


def _is_cut(heading: BoardHeading, board: Board, records: dict[str, PhotoRecord]) -> bool:
    """Whether the edge of the photograph it was read from cuts through the heading."""
    record = records.get(heading.photo)
    if record is None:
        return False
    width, height = record.photo.width, record.photo.height
    edge = 0.012 * max(width, height)
    for box, reading in zip(record.detection.headings, record.page.headings, strict=True):
        if reading.text == heading.text:
            points = np.asarray(box.polygon, np.float64)
            return bool((points < edge).any() or (points > np.array([width, height]) - 1 - edge).any())
    return False


def _is_noise(heading: BoardHeading) -> bool:
    """Whether a text is too little, or too unsure, to hold notes against a heading that was read."""
    return len(squash(heading.text)) < 3 or heading.confidence < SURE_HEADING


def _tidied(text: str) -> str:
    """On one line, without the strokes at both ends that a card's edges are read as."""
    words = text.split()
    while words and not any(letter.isalnum() for letter in words[0]):
        words.pop(0)
    while words and not any(letter.isalnum() for letter in words[-1]):
        words.pop()
    return " ".join(words)


def _is_believable(heading: BoardHeading) -> bool:
    return len(squash(heading.text)) >= 3 and heading.confidence >= PRINTABLE_HEADING


def _is_part(group: Sequence[BoardHeading], other: Sequence[BoardHeading]) -> bool:
    """Whether a heading is a torn-off part of another: its letters lie in it, though not as whole words."""
    text, longer = group[0].text, other[0].text
    if squash(text) == squash(longer) or squash(text) not in squash(longer):
        return False
    words = {squash(word) for word in longer.split()}
    return any(squash(word) not in words for word in text.split() if squash(word))


def _identifier(heading: str, taken: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", heading.casefold()).strip("-")[:60].strip("-") or "heading"
    identifier, number = plain, 2
    while identifier in taken:
        identifier, number = f"{plain}-{number}", number + 1
    return identifier


# --- answers ----------------------------------------------------------------------------------


def _answers(board: Board, records: dict[str, PhotoRecord]) -> list[int | None]:
    outlines = [note.polygon for note in board.notes]
    shapes = [_shape(note.sightings[0], records) for note in board.notes]
    found: list[int | None] = []
    for number, note in enumerate(board.notes):
        pointed = None
        for sighting in note.sightings:
            record = records.get(sighting.photo)
            if record is None or not 0 <= sighting.index < len(record.page.notes):
                continue
            for reading in record.page.notes[sighting.index].readings:
                pointed = target(number, reading.text, outlines, shapes) if pointed is None else pointed
        found.append(pointed)
    # Two notes cannot each be the other's answer.
    return [
        None if other is not None and found[other] == i and other < i else other
        for i, other in enumerate(found)
    ]


def _shape(sighting: Sighting, records: dict[str, PhotoRecord]) -> str:
    record = records.get(sighting.photo)
    kinds = record.classifications if record else ()
    return kinds[sighting.index].shape if 0 <= sighting.index < len(kinds) else "other"


# --- a sheet that goes on in the next photograph ----------------------------------------------


def _continued(
    number: int,
    boards: Sequence[Board],
    placed: Sequence[tuple[Placement, ...]],
    records: dict[str, PhotoRecord],
) -> tuple[Placement, ...]:
    """The placements of a board without headings, if by name and by cut notes it goes on from the board before."""
    board = boards[number]
    before = next(
        (k for k, other in enumerate(boards) if _follows(other.photos[-1:], board.photos[:1])), None
    )
    if before is None or not placed[before]:
        return placed[number]
    if not (_runs_over(records[boards[before].photos[-1]]) and _runs_over(records[board.photos[0]])):
        return placed[number]
    last = max(range(len(placed[before])), key=lambda i: max(y for _, y in boards[before].notes[i].polygon))
    principle = placed[before][last].principle_id
    if principle is None or len({one.principle_id for one in placed[before]}) > 1:
        return placed[number]
    why = (
        f"No heading is in this photograph; it follows {boards[before].photos[-1]} by name, and notes run over "
        "the edges of both, so it is taken to go on from there. Please check."
    )
    return tuple(Placement(principle, 0.4, why, one.answers) for one in placed[number])


def _follows(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether two photographs' names are alike but for a number, the second's being the next."""
    if len(before) != 1 or len(after) != 1:
        return False
    one, other = (re.match(r"^(.*?)(\d+)(\.[^.]*)?$", path) for path in (before[0], after[0]))
    return bool(one and other and one[1] == other[1] and int(other[2]) == int(one[2]) + 1)


def _runs_over(record: PhotoRecord) -> bool:
    """Whether a note is cut by the photograph's edge."""
    bounds = np.array([record.photo.width, record.photo.height])
    edge = 0.004 * bounds.max()
    for outline in record.detection.outlines:
        points = np.asarray(outline.polygon, np.float64)
        if (points < edge).any() or (points > bounds - 1 - edge).any():
            return True
    return False
