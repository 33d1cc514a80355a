"""Which note of an older edition is which note of a newer one; never surer than there is reason to be.

In turn, each step only over notes that the steps before left: the same id; the same place on the
same photograph; words that leave no doubt; the same place on another photograph of the sheet, as the
notes matched by then show how the two lie on each other (pipeline.layout); similar words (an optimal
assignment, Kuhn's "Hungarian method" as in scipy's linear_sum_assignment); at last, notes without
readable words under the same heading. What rests on words alone and has a rival is marked as unsure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon as Area

from pipeline.layout import Layout, fit_layout
from pipeline.likeness import known_words, lost_count, similarities, similarity
from pipeline.model import Note, Polygon, Record, bounding_box
from pipeline.transcript.blocks import fold

MIN_OVERLAP = 0.3
"""Intersection over union from which two outlines on one photograph are one note."""

MIN_SIMILARITY = 0.6
SURE_SIMILARITY = 0.8
MOVED_SIMILARITY = 0.9
"""Words must be this much alike to be matched at all; without saying so; under another heading."""

MIN_MARGIN = 0.1
_READABLE = ("legible", "partial")


@dataclass(frozen=True, slots=True)
class Match:
    """One note in both editions. `how`: id, place, words or standing; `score` says how much alike.

    `is_sure` is false where another note could be meant as well; `candidates` is among how many notes
    the choice lay, where it was made by standing alone.
    """

    old: Note
    new: Note
    how: str
    score: float
    is_sure: bool = True
    candidates: int = 1


@dataclass(frozen=True, slots=True)
class Matching:
    """All matches in the newer edition's order, and the notes that found no partner."""

    matches: tuple[Match, ...]
    only_old: tuple[Note, ...]
    only_new: tuple[Note, ...]


def match_notes(old: Record, new: Record) -> Matching:
    """Matches the notes of two editions of one record; the same for the same records."""
    old_heading = _heading_of(old, new)
    new_heading = {principle.id: principle.id for principle in new.principles}
    left = _Left(
        [(note, old_heading.get(note.principle_id or "", note.principle_id)) for note in old.notes],
        [(note, new_heading.get(note.principle_id or "", note.principle_id)) for note in new.notes],
    )
    _match_ids(left)
    _match_places(left)
    _match_equal_words(left, only_unique=True)
    _match_similar_words(left, only_sure=True)
    _match_layout(left)
    _match_equal_words(left, only_unique=False)
    _match_similar_words(left, only_sure=False)
    _match_layout(left)
    _match_standing(left)
    order = {note.id: place for place, note in enumerate(new.notes)}
    return Matching(
        tuple(sorted(left.matches, key=lambda match: order[match.new.id])),
        tuple(left.old_notes()),
        tuple(left.new_notes()),
    )


def principle_map(old: Record, new: Record) -> dict[str, str]:
    """The older edition's principle ids in the newer one's terms: by id, else by the heading's wording."""
    return _heading_of(old, new)


def _heading_of(old: Record, new: Record) -> dict[str, str]:
    ids = {principle.id for principle in new.principles}
    by_wording: dict[str, str] = {}
    for principle in new.principles:
        for wording in (principle.heading, *principle.also):
            by_wording.setdefault(fold(wording), principle.id)
    result: dict[str, str] = {}
    for principle in old.principles:
        if principle.id in ids:
            result[principle.id] = principle.id
            continue
        for wording in (principle.heading, *principle.also):
            found = by_wording.get(fold(wording)) if fold(wording) else None
            if found:
                result[principle.id] = found
                break
    return result


class _Left:
    """The notes without a partner so far, with their heading in the newer edition's terms."""

    def __init__(
        self, old: Sequence[tuple[Note, str | None]], new: Sequence[tuple[Note, str | None]]
    ) -> None:
        self.old = dict(enumerate(old))
        self.new = dict(enumerate(new))
        self.matches: list[Match] = []
        self.layouts: dict[tuple[str, str], Layout] = {}

    def join(self, i: int, j: int, how: str, score: float, is_sure: bool = True, candidates: int = 1) -> None:
        """Makes a match of old note `i` and new note `j`."""
        old, _ = self.old.pop(i)
        new, _ = self.new.pop(j)
        self.matches.append(Match(old, new, how, round(score, 4), is_sure, candidates))

    def old_notes(self) -> list[Note]:
        """What is left of the older edition, in order."""
        return [note for note, _ in self.old.values()]

    def new_notes(self) -> list[Note]:
        """What is left of the newer edition, in order."""
        return [note for note, _ in self.new.values()]

    def by(self, key: Callable[[Note, str | None], Hashable | None]) -> list[tuple[list[int], list[int]]]:
        """Old and new indices that share a key, where there are both; a key of None takes no part."""
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, notes in enumerate((self.old, self.new)):
            for index, (note, heading) in notes.items():
                value = key(note, heading)
                if value is not None:
                    groups.setdefault(value, ([], []))[side].append(index)
        return [(old, new) for old, new in groups.values() if old and new]

    def is_apart(self, old: Note, new: Note) -> bool:
        """Whether the two lie in different places of one sheet: then they are two notes, whatever they say."""
        share = self.overlap(old, new)
        return share is not None and share == 0.0

    def overlap(self, old: Note, new: Note) -> float | None:
        """How much two notes overlap wherever both can be seen; None where that cannot be told."""
        best: float | None = None
        for mine in old.sightings:
            for theirs in new.sightings:
                layout = self.layouts.get((mine.photo_sha256, theirs.photo_sha256))
                if mine.photo_sha256 == theirs.photo_sha256:
                    share = _intersection_over_union(mine.polygon, theirs.polygon)
                elif layout and (carried := layout.carry(mine.polygon)):
                    share = _intersection_over_union(carried, theirs.polygon)
                    if share == 0.0 and not _is_far(carried, theirs.polygon):
                        continue
                else:
                    continue
                best = share if best is None else max(best, share)
        return best


def _match_ids(left: _Left) -> None:
    new_by_id = {note.id: j for j, (note, _) in left.new.items()}
    for i, (note, _) in list(left.old.items()):
        j = new_by_id.get(note.id)
        if j is not None and not _is_contradicted(left, note, left.new[j][0]):
            left.join(i, j, "id", 1.0)


def _is_contradicted(left: _Left, old: Note, new: Note) -> bool:
    """Equal ids mean nothing where both notes lie apart on one photograph, or say quite different things."""
    if not old.sightings or not new.sightings:
        return False
    share = left.overlap(old, new)
    if share is not None:
        return share == 0.0
    mine, theirs = known_words(old), known_words(new)
    return bool(mine and theirs) and similarity(old, new) < MIN_SIMILARITY


def _match_places(left: _Left) -> None:
    by_photo: dict[str, list[int]] = {}
    for j, (note, _) in left.new.items():
        for digest in dict.fromkeys(sighting.photo_sha256 for sighting in note.sightings):
            by_photo.setdefault(digest, []).append(j)
    pairs: dict[tuple[int, int], float] = {}
    for i, (note, _) in left.old.items():
        for digest in dict.fromkeys(sighting.photo_sha256 for sighting in note.sightings):
            for j in by_photo.get(digest, ()):
                if (i, j) not in pairs:
                    pairs[i, j] = left.overlap(note, left.new[j][0]) or 0.0
    for (i, j), overlap in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
        if overlap >= MIN_OVERLAP and i in left.old and j in left.new:
            left.join(i, j, "place", overlap)


def _intersection_over_union(first: Polygon, second: Polygon) -> float:
    x, y, width, height = bounding_box(first)
    u, v, breadth, tallness = bounding_box(second)
    if x > u + breadth or u > x + width or y > v + tallness or v > y + height:
        return 0.0
    a, b = Area(first).buffer(0), Area(second).buffer(0)
    union = float(a.union(b).area)
    return round(float(a.intersection(b).area) / union, 6) if union else 0.0


def _match_layout(left: _Left) -> None:
    """Notes in one place of a sheet that was photographed anew, with the notes matched so far as marks."""
    _fit_layouts(left)
    new_on: dict[str, list[int]] = {}
    for j, (note, _) in left.new.items():
        for sighting in note.sightings:
            new_on.setdefault(sighting.photo_sha256, []).append(j)
    seen_beside: dict[str, list[str]] = {}
    for one, other in left.layouts:
        seen_beside.setdefault(one, []).append(other)
    shares: dict[tuple[int, int], float] = {}
    for i, (note, _) in left.old.items():
        photos_beside = [there for s in note.sightings for there in seen_beside.get(s.photo_sha256, ())]
        for j in sorted({j for photo in photos_beside for j in new_on.get(photo, ())}):
            shares[i, j] = left.overlap(note, left.new[j][0]) or 0.0
    for (i, j), share in sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])):
        if share >= MIN_OVERLAP and i in left.old and j in left.new:
            left.join(i, j, "layout", share)


def _fit_layouts(left: _Left) -> None:
    marks: dict[tuple[str, str], list[tuple[Polygon, Polygon]]] = {}
    for match in left.matches:
        for mine in match.old.sightings:
            for theirs in match.new.sightings:
                if mine.photo_sha256 != theirs.photo_sha256:
                    pair = (mine.polygon, theirs.polygon)
                    marks.setdefault((mine.photo_sha256, theirs.photo_sha256), []).append(pair)
    for photos, pairs in marks.items():
        layout = None if photos in left.layouts else fit_layout(pairs)
        if layout is not None:
            left.layouts[photos] = layout


def _is_far(one: Polygon, other: Polygon) -> bool:
    """Whether two outlines lie further apart than a map between two photographs can be wrong."""
    x, y, width, height = bounding_box(one)
    u, v, breadth, tallness = bounding_box(other)
    gap = max(u - x - width, x - u - breadth, v - y - height, y - v - tallness)
    return gap > 0.5 * max(width, height, breadth, tallness)


def _match_equal_words(left: _Left, *, only_unique: bool) -> None:
    def key(note: Note, heading: str | None) -> Hashable | None:
        words = known_words(note)
        return (heading, note.text_status, lost_count(note), tuple(words)) if words else None

    for old, new in left.by(key):
        if only_unique and not len(old) == len(new) == 1:
            continue
        # Notes with the same words are each other's equal; those of one type are matched first.
        for is_alike in (_is_type_alike, _is_anything):
            for i in list(old):
                first = left.old[i][0]
                j = next((j for j in new if _may_match(left, first, left.new[j][0], is_alike)), None)
                if j is not None:
                    old.remove(i)
                    new.remove(j)
                    left.join(i, j, "words", 1.0)


def _may_match(left: _Left, old: Note, new: Note, is_alike: Callable[[Note, Note], bool]) -> bool:
    return is_alike(old, new) and not left.is_apart(old, new)


def _is_anything(old: Note, new: Note) -> bool:
    return True


def _is_type_alike(old: Note, new: Note) -> bool:
    vague = ("not_recorded", "unsure")
    return old.response_type in vague or new.response_type in vague or old.response_type == new.response_type


def _match_similar_words(left: _Left, *, only_sure: bool) -> None:
    for old, new in left.by(lambda note, heading: (heading,) if known_words(note) else None):
        _assign(left, old, new, MIN_SIMILARITY, only_sure=only_sure)
    if only_sure:
        return
    everywhere = left.by(lambda note, _: True if known_words(note) else None)
    for old, new in everywhere:
        _assign(left, old, new, MOVED_SIMILARITY)


def _assign(
    left: _Left, old: Sequence[int], new: Sequence[int], least: float, *, only_sure: bool = False
) -> None:
    """The assignment of old to new notes whose words are most alike in all."""
    mine = [left.old[i][0] for i in old]
    theirs = [left.new[j][0] for j in new]
    words = similarities(mine, theirs)
    worth = words.copy()  # words alone, and words with what else speaks for a pair
    for row, note in enumerate(mine):
        for column in np.flatnonzero(words[row] >= least).tolist():
            other = theirs[column]
            if left.is_apart(note, other):
                words[row, column] = 0.0
                continue
            worth[row, column] += 0.05 if note.text_status == other.text_status else 0.0
            worth[row, column] += 0.05 if _is_type_alike(note, other) else -0.1
    worth[words < least] = 0.0
    # Among equals the order on the sheet decides, so that the result never depends on chance.
    rows, columns = _assigned(-np.round(worth, 6))
    for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True)):
        score = float(words[row, column])
        if score < least:
            continue
        rivals = np.concatenate([np.delete(worth[row], column), np.delete(worth[:, column], row)])
        margin = float(worth[row, column]) - (float(rivals.max()) if rivals.size else 0.0)
        is_sure = score >= SURE_SIMILARITY and margin >= MIN_MARGIN
        if is_sure or not only_sure:
            left.join(old[row], new[column], "words", score, is_sure)


def _match_standing(left: _Left) -> None:
    """Notes without readable words: by what they are and the heading they stand under."""
    for status in ("no_text", "illegible"):
        for old, new in left.by(_key_of_status(status)):
            is_only = len(old) == len(new) == 1
            for i, j in _by_standing(left, old, new):
                # Which of several empty notes is which makes no difference to anybody.
                left.join(i, j, "standing", 1.0, status == "no_text" or is_only)
    for old, new in left.by(lambda note, heading: (heading,) if note.text_status != "no_text" else None):
        for was, now in ((("illegible",), _READABLE), (_READABLE, ("illegible",))):
            before = [i for i in old if i in left.old and left.old[i][0].text_status in was]
            after = [j for j in new if j in left.new and left.new[j][0].text_status in now]
            for i, j in _by_standing(left, before, after):
                left.join(i, j, "standing", 0.5, False, max(len(before), len(after)))


def _key_of_status(status: str) -> Callable[[Note, str | None], Hashable | None]:
    return lambda note, heading: (heading,) if note.text_status == status else None


def _assigned(cost: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the cheapest assignment."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (a third of a second, for whom nothing moved)

    rows, columns = linear_sum_assignment(cost)
    return rows, columns


def _by_standing(left: _Left, old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of one type of response, of one colour if possible, and as near in the order as possible."""
    if not old or not new:
        return []
    forbidden = 1000.0
    cost = np.zeros((len(old), len(new)))
    for row, i in enumerate(old):
        first = left.old[i][0]
        for column, j in enumerate(new):
            second = left.new[j][0]
            if not _may_match(left, first, second, _is_type_alike):
                cost[row, column] = forbidden
                continue
            is_other_colour = first.colour != second.colour and "not_recorded" not in (
                first.colour,
                second.colour,
            )
            cost[row, column] = abs(row / len(old) - column / len(new)) + (2.0 if is_other_colour else 0.0)
    rows, columns = _assigned(np.round(cost, 6))
    return [
        (old[row], new[column])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if cost[row, column] < forbidden
    ]


def as_map(matches: Iterable[Match]) -> Mapping[str, Match]:
    """Matches by the older note's id."""
    return {match.old.id: match for match in matches}
