"""combine: photographs of one sheet become one board, a note seen twice one note. Pure: records in, records out.

Which photographs are of one sheet is decided in `pipeline.linking`: sheets that merely look alike are never merged;
in doubt they stay two. Whatever the order of the photographs, the boards are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon as Shape

from pipeline.compared import Compared
from pipeline.linking import Link, common_view, find_links, in_view, pair_outlines, size, valid
from pipeline.model import Board, BoardHeading, BoardNote, Features, PhotoRecord, Polygon, Sighting
from pipeline.registration import transform

Array = NDArray[np.float64]

STAYS: Array = np.eye(3)
"""A photograph laid over itself."""


def combine(
    records: Sequence[PhotoRecord], features: Mapping[str, Features], compared: Compared | None = None
) -> tuple[Board, ...]:
    """The boards of a workshop, in the order of their first photographs' paths.

    `features` maps photograph paths to what `describe` found; a photograph without an entry is a board alone.
    `compared` remembers what it can of them; the boards are the same without it.
    """
    by_path = {record.photo.path: record for record in sorted(records, key=lambda record: record.photo.path)}
    links = find_links(by_path, compared or Compared(features))
    return tuple(
        sorted(
            (_board(group, by_path, inner) for group, inner in _groups(by_path, links)),
            key=lambda board: min(board.photos),
        )
    )


# --- from links to boards ---------------------------------------------------------------------


def _groups(records: Mapping[str, PhotoRecord], links: Sequence[Link]) -> list[tuple[list[str], list[Link]]]:
    """Photographs that hang together, in the order of their paths, and the links among them, surest first."""
    leader = {path: path for path in records}

    def find(path: str) -> str:
        while leader[path] != path:
            path = leader[path]
        return path

    for link in links:
        one, other = find(link.a), find(link.b)
        leader[max(one, other)] = min(one, other)
    groups: dict[str, tuple[list[str], list[Link]]] = {}
    for path in sorted(records):
        groups.setdefault(find(path), ([], []))[0].append(path)
    for link in links:
        groups[find(link.a)][1].append(link)
    return list(groups.values())


def _board(paths: list[str], records: Mapping[str, PhotoRecord], inner: Sequence[Link]) -> Board:
    reference = _reference(paths, inner, records)
    matrices = _to_reference(reference, inner)
    ordered = [reference, *(path for path in paths if path != reference)]
    notes = [_note(cluster, records, matrices) for cluster in _clusters(ordered, records, matrices, inner)]
    headings = _headings(ordered, records, matrices)
    return Board(
        id="b-" + hashlib.sha256(records[reference].photo.sha256.encode("ascii")).hexdigest()[:12],
        photos=tuple(ordered),
        transforms=tuple(tuple(round(float(v), 10) for v in matrices[path].ravel()) for path in ordered),
        notes=tuple(sorted(notes, key=_reading_order)),
        headings=tuple(headings),
        lines=tuple(
            (ends[0], ends[1])
            for path in ordered
            for line in records[path].detection.lines
            if len(ends := _carried(matrices[path], line)) == 2
        ),
    )


def _reference(paths: Sequence[str], links: Sequence[Link], records: Mapping[str, PhotoRecord]) -> str:
    """The photograph most others are linked to; among equals the first by path."""
    degree = {path: sum(path in (link.a, link.b) for link in links) for path in paths}
    return min(paths, key=lambda path: (-degree[path], path))


def _to_reference(reference: str, links: Sequence[Link]) -> dict[str, Array]:
    """For each photograph the homography to the reference, along its surest links."""
    matrices: dict[str, Array] = {reference: STAYS}
    while True:
        reached = next((link for link in links if (link.a in matrices) != (link.b in matrices)), None)
        if reached is None:
            return matrices
        if reached.a in matrices:
            matrix = matrices[reached.a] @ reached.matrix
            matrices[reached.b] = matrix / matrix[2, 2]
        else:
            matrix = matrices[reached.b] @ np.linalg.inv(reached.matrix)
            matrices[reached.a] = matrix / matrix[2, 2]


@dataclass(slots=True)
class _Cluster:
    """Sightings (photograph, outline) that are one note, and the photographs they are on: never two of one."""

    sightings: list[tuple[str, int]]
    photos: set[str]

    def may_join(self, other: _Cluster) -> bool:
        return self is not other and self.photos.isdisjoint(other.photos)


def _clusters(
    paths: Sequence[str],
    records: Mapping[str, PhotoRecord],
    matrices: Mapping[str, Array],
    links: Sequence[Link],
) -> list[list[tuple[str, int]]]:
    """Sightings (photograph, outline) that are one note; never two of one photograph."""
    clusters = {
        path: [_Cluster([(path, i)], {path}) for i in range(len(records[path].detection.outlines))]
        for path in paths
    }

    def join(a: str, b: str, pairs: Sequence[tuple[int, int]]) -> None:
        for i, j in pairs:
            first, second = clusters[a][i], clusters[b][j]
            if first.may_join(second):
                first.sightings.extend(second.sightings)
                first.photos |= second.photos
                for path, index in second.sightings:
                    clusters[path][index] = first

    for link in links:
        join(link.a, link.b, link.pairs)
    linked = {(link.a, link.b) for link in links}
    boxes = {path: _boxes(records[path], matrices[path]) for path in paths} if len(paths) > 2 else {}
    for a, b in combinations(paths, 2):
        if (a, b) in linked or (b, a) in linked:
            continue
        if not _any_may_join(clusters[a], clusters[b], boxes[a], boxes[b]):
            continue
        matrix = np.linalg.inv(matrices[a]) @ matrices[b]
        view = common_view(records[a], records[b], matrix / matrix[2, 2])
        if view is not None:
            first = in_view(records[a], np.eye(3), view)
            second = in_view(records[b], matrix / matrix[2, 2], view)
            join(a, b, pair_outlines(first, second))
    unique = {id(one): sorted(one.sightings) for each in clusters.values() for one in each}
    return sorted(unique.values())


def _boxes(record: PhotoRecord, matrix: Array) -> Array:
    """The least and greatest x and y of each outline in the board's frame, n x 4; all of it beyond the horizon."""
    boxes = np.empty((len(record.detection.outlines), 4))
    for number, outline in enumerate(record.detection.outlines):
        polygon = np.asarray(outline.polygon, np.float64)
        w = polygon @ matrix[2, :2] + matrix[2, 2]
        if (w * np.sign(matrix[2, 2]) <= 1e-9).any():
            boxes[number] = (-np.inf, -np.inf, np.inf, np.inf)
        else:
            placed = transform(matrix, polygon)
            boxes[number] = (*(placed.min(axis=0) - 1), *(placed.max(axis=0) + 1))
    return boxes


def _any_may_join(first: list[_Cluster], second: list[_Cluster], boxes: Array, others: Array) -> bool:
    """Whether comparing two photographs' outlines can change anything: shapes are dear to compare.

    On a board photographed often nearly all is joined already.
    """
    apart = (boxes[:, None, :2] > others[None, :, 2:]) | (others[None, :, :2] > boxes[:, None, 2:])
    over_each_other = np.argwhere(~apart.any(axis=2)).tolist()
    return any(first[i].may_join(second[j]) for i, j in over_each_other)


def _note(
    cluster: Sequence[tuple[str, int]], records: Mapping[str, PhotoRecord], matrices: Mapping[str, Array]
) -> BoardNote:
    # Most notes are seen once: there is nothing to weigh.
    best_first = (
        sorted(cluster, key=lambda member: _worth(member[0], member[1], records))
        if len(cluster) > 1
        else cluster
    )
    sightings = tuple(
        Sighting(
            photo=path,
            photo_sha256=records[path].photo.sha256,
            polygon=records[path].detection.outlines[index].polygon,
            index=index,
        )
        for path, index in best_first
    )
    return BoardNote(sightings, _carried(matrices[best_first[0][0]], sightings[0].polygon))


def _worth(path: str, index: int, records: Mapping[str, PhotoRecord]) -> tuple[float, float, float, str, int]:
    """Sorts sightings best first: whole before cut off, then sharper, then larger."""
    record = records[path]
    polygon = record.detection.outlines[index].polygon
    sharpness = round(record.page.notes[index].ink.sharpness, 2)
    area = round(float(valid(Shape(polygon)).area), 1)
    return float(_is_cut(record, polygon)), -sharpness, -area, path, index


def _headings(
    paths: Sequence[str], records: Mapping[str, PhotoRecord], matrices: Mapping[str, Array]
) -> list[BoardHeading]:
    """Headings in the board's frame, one seen twice being one: the whole before the cut off, then the surer."""
    found: list[tuple[tuple[bool, float, str], BoardHeading]] = []
    for path in paths:
        record = records[path]
        for box, reading in zip(record.detection.headings, record.page.headings, strict=True):
            rank = (_is_cut(record, box.polygon), -round(reading.confidence, 3), path)
            carried = _carried(matrices[path], box.polygon)
            found.append((rank, BoardHeading(reading.text, reading.confidence, carried, path)))
    kept: list[BoardHeading] = []
    for _, heading in sorted(found, key=lambda one: (one[0], one[1].polygon)):
        others = [valid(Shape(other.polygon)) for other in kept if other.photo != heading.photo]
        shape = valid(Shape(heading.polygon)) if others else None
        if shape is None or all(
            shape.intersection(other).area < 0.4 * min(shape.area, other.area) for other in others
        ):
            kept.append(heading)
    return sorted(kept, key=lambda heading: (_corner(heading.polygon), heading.text))


def _is_cut(record: PhotoRecord, polygon: Polygon) -> bool:
    """Whether the picture's edge cuts through the outline."""
    points, bounds = np.asarray(polygon, np.float64), np.array(size(record))
    edge = 0.004 * bounds.max()
    return bool((points < edge).any() or (points > bounds - 1 - edge).any())


def _carried(matrix: Array, polygon: Polygon) -> Polygon:
    if matrix is STAYS:
        # Adding 0 turns -0.0 into 0.0, as the multiplication would.
        return tuple((round(float(x) + 0.0, 2), round(float(y) + 0.0, 2)) for x, y in polygon)
    placed = transform(matrix, np.asarray(polygon, np.float64))
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in placed)


def _reading_order(note: BoardNote) -> tuple[float, float, str, int]:
    xs, ys = zip(*note.polygon, strict=True)
    return min(ys), min(xs), note.sightings[0].photo, note.sightings[0].index


def _corner(polygon: Polygon) -> tuple[float, float]:
    return min(y for _, y in polygon), min(x for x, _ in polygon)
