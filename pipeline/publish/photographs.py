"""The photographs as they are published: one heading's notes on each, level, small, bare of metadata.

How much is shown is the workshop's choice (`publish.photographs` in workshop.toml). By default a photograph is
cut to the heading's notes, and what lies round them is blurred: a person who stands beside the board is nobody's
answer. A note from whose words a name was taken out is covered on every photograph of its board, whether it was
found there or not. A photograph without notes is never published.
"""

from __future__ import annotations

import heapq
import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pipeline.model import Board, Crop, Note, Photo, Photograph, Point, Polygon, Record
from pipeline.publish.pictures import MANY, QUALITY, without_metadata
from pipeline.publish.saying import may_show_crop
from pipeline.publish.view import Section, arrange
from pipeline.wording import match_heading

LONGEST, LONGEST_OF_MANY = 1400, 800
"""Long side of a published photograph in pixels, usually and in a record of very many notes."""
_COVER = (226, 221, 211)
_COARSE = 24
"""What is blurred keeps one pixel of so many a side: no face is left."""

Array = NDArray[np.float64]
KeepPicture = Callable[[str, object, Callable[[], Crop]], Crop]
"""Given a photograph's sha256, all else that a picture of it hangs on, and the way to make it: the picture."""


def photographs_of(
    record: Record, views: Mapping[str, Crop], kept: KeepPicture | None = None
) -> tuple[Photograph, ...]:
    """For each heading the photographs that together show its notes, as few as will do, in the record's order.

    `views` are the upright photographs by sha256, of any size; one that is missing is left out. `kept` gives a
    picture that was made of the same before, or has it made: then only is the view asked for.
    """
    if record.photographs == "none":
        return ()
    there = [photo for photo in record.photos if photo.sha256 in views]
    while True:
        try:
            return _shown(record, there, views, kept)
        except _GoneError as error:  # it was there, but damaged: others show its notes then
            there = [photo for photo in there if photo.sha256 != error.sha256]


def _shown(
    record: Record, there: Sequence[Photo], views: Mapping[str, Crop], kept: KeepPicture | None
) -> tuple[Photograph, ...]:
    walls = _Walls(record)
    longest = LONGEST if len(record.notes) <= MANY else LONGEST_OF_MANY
    is_whole = record.photographs == "whole"
    wanted: dict[str, list[tuple[int, Section, list[Note]]]] = {}
    count = 0
    for section in arrange(record).all_sections:
        notes = [note for group in section.groups for item in group.items for note in item.notes]
        for photo, on_it in _fewest(notes, there):
            if len(on_it) > 1:  # one note alone is its own picture
                ordered = sorted(on_it, key=lambda note: (note.position, note.id))
                wanted.setdefault(photo.sha256, []).append((count, section, ordered))
                count += 1
    made: dict[int, Photograph] = {}
    # One photograph after the other, so that each is decoded once at most and only one is held.
    for photo in there:
        if photo.sha256 not in wanted:
            continue
        hidden = walls.hidden_on(photo)
        view = _View(views, photo, hidden, longest)
        for place, section, notes in wanted[photo.sha256]:
            heading = section.principle.id if section.principle else None
            polygons = [polygon for note in notes if (polygon := _polygon_on(note, photo))]
            card = walls.card_on(photo, heading)

            def picture(
                view: _View = view,
                photo: Photo = photo,
                polygons: Sequence[Polygon] = polygons,
                card: Polygon | None = card,
            ) -> Crop:
                return _picture(view.picture, photo, polygons, card, is_whole, longest)

            hangs_on = [photo.width, hidden, polygons, card, is_whole, longest]
            shown = picture() if kept is None else kept(photo.sha256, hangs_on, picture)
            made[place] = Photograph(heading, photo.path, tuple(note.id for note in notes), shown)
    return tuple(made[place] for place in sorted(made))


class _GoneError(Exception):
    """A view is not to be had after all."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


class _View:
    """One photograph, decoded and covered when it is first needed."""

    def __init__(
        self, views: Mapping[str, Crop], photo: Photo, hidden: Sequence[Polygon], longest: int
    ) -> None:
        self._views, self._photo, self._hidden, self._longest = views, photo, hidden, longest

    @cached_property
    def picture(self) -> Image.Image:
        """What may be seen of it."""
        try:
            jpeg = self._views[self._photo.sha256].jpeg
        except KeyError:
            raise _GoneError(self._photo.sha256) from None
        with Image.open(io.BytesIO(jpeg)) as opened:
            # Of a much larger picture the decoder need not give every pixel.
            part = self._longest / max(opened.size)
            opened.draft("RGB", (int(opened.width * part), int(opened.height * part)))
            view = opened.convert("RGB")
        _cover(view, self._photo, self._hidden)
        return view


def _polygon_on(note: Note, photo: Photo) -> Polygon | None:
    return next((one.polygon for one in note.sightings if one.photo_sha256 == photo.sha256), None)


def _fewest(notes: Sequence[Note], photos: Sequence[Photo]) -> list[tuple[Photo, list[Note]]]:
    """Photographs that together show all notes that are on any, and the notes on each.

    Always the one that adds most, the sharpest first.
    """
    shown: dict[str, dict[str, Note]] = {photo.sha256: {} for photo in photos}
    for note in notes:
        for sighting in note.sightings:
            if sighting.photo_sha256 in shown:
                shown[sighting.photo_sha256][note.id] = note
    best = {note.id: note.sightings[0].photo_sha256 for note in notes if note.sightings}
    left = {note_id for on_it in shown.values() for note_id in on_it}
    candidates = [photo for photo in photos if shown[photo.sha256]]
    chosen: list[Photo] = []

    def lack(place: int) -> tuple[int, int, int]:
        """The smaller, the more it adds; it never adds more than it did when less was shown."""
        sha256 = candidates[place].sha256
        new = shown[sha256].keys() & left
        return -len(new), -sum(best[note_id] == sha256 for note_id in new), place

    waiting = [lack(place) for place in range(len(candidates))]
    heapq.heapify(waiting)
    while left:
        first = waiting[0]
        now = lack(first[2])
        if now != first:
            heapq.heapreplace(waiting, now)
            continue
        heapq.heappop(waiting)
        chosen.append(candidates[first[2]])
        left -= shown[chosen[-1].sha256].keys()
    ordered = sorted(chosen, key=lambda photo: photo.path)
    return [(photo, list(shown[photo.sha256].values())) for photo in ordered]


class _Walls:
    """What the boards know of each photograph: where a heading's card lies, and notes that must not be seen."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._boards = {path: board for board in record.boards for path in board.photos}
        self._hidden = [note for note in record.notes if not may_show_crop(note)]

    def hidden_on(self, photo: Photo) -> list[Polygon]:
        """Where notes lie that show a name, also those that were found on another photograph of the board only."""
        found: list[Polygon] = []
        board = self._boards.get(photo.path)
        for note in self._hidden:
            direct = _polygon_on(note, photo)
            if direct is not None:
                found.append(direct)
            elif board is not None:
                there = [one for one in note.sightings if one.photo in board.photos]
                found += [_carried(board, one.photo, photo.path, one.polygon) for one in there[:1]]
        return found

    def card_on(self, photo: Photo, principle_id: str | None) -> Polygon | None:
        """Where the heading's printed card lies on a photograph (or would lie, beyond its edge)."""
        board = self._boards.get(photo.path)
        if board is None or principle_id is None:
            return None
        for heading in board.headings:
            match = match_heading(heading.text, self._record.principles)
            if match is not None and match.principle.id == principle_id:
                return _carried(board, board.photos[0], photo.path, heading.polygon)
        return None


def _carried(board: Board, source: str, target: str, polygon: Polygon) -> Polygon:
    """A polygon of one of a board's photographs in pixels of another."""
    matrices = dict(zip(board.photos, board.transforms, strict=True))
    there = np.array(matrices[source], dtype=np.float64).reshape(3, 3)
    back = np.linalg.inv(np.array(matrices[target], dtype=np.float64).reshape(3, 3))
    points = np.c_[np.array(polygon), np.ones(len(polygon))] @ (back @ there).T
    return tuple((float(x / w), float(y / w)) for x, y, w in points)


# --- drawing ----------------------------------------------------------------------------------


def _cover(view: Image.Image, photo: Photo, polygons: Sequence[Polygon]) -> None:
    draw = ImageDraw.Draw(view)
    scale = view.width / photo.width
    for polygon in polygons:
        points = [(x * scale, y * scale) for x, y in polygon]
        edge = max(4, round(0.12 * _side(points)))
        draw.polygon(points, fill=_COVER)
        draw.line([*points, *points[:2]], fill=_COVER, width=edge, joint="curve")


def _side(points: Sequence[Point]) -> float:
    """The side of a square as large as the points' box."""
    array = np.array(points)
    wide, high = np.ptp(array, axis=0)
    return math.sqrt(max(1.0, float(wide * high)))


def _picture(
    view: Image.Image,
    photo: Photo,
    polygons: Sequence[Polygon],
    card: Polygon | None,
    is_whole: bool,
    longest: int,
) -> Crop:
    scale = view.width / photo.width
    notes = [np.array(polygon) * scale for polygon in polygons]
    heading = None if card is None else np.array(card) * scale
    degrees = _tilt(heading, np.concatenate(notes).mean(axis=0))
    if is_whole:
        quarter = round(degrees / 90) % 4
        return _encoded(view.rotate(90 * quarter, expand=True) if quarter else view, longest)
    if heading is not None and _is_inside(heading, view.size):
        shown = np.concatenate([*notes, heading])
    else:
        shown = np.concatenate(notes)
    margin = 0.3 * float(np.median([_side([tuple(point) for point in note]) for note in notes]))
    turn = _rotation(-degrees)
    level = shown @ turn.T
    corners = np.array([(0, 0), (view.width, 0), (view.width, view.height), (0, view.height)]) @ turn.T
    low = np.maximum(level.min(axis=0) - 1.6 * margin, corners.min(axis=0))
    high = np.minimum(level.max(axis=0) + 1.6 * margin, corners.max(axis=0))
    width, height = (max(16, math.ceil(value)) for value in high - low)
    back = turn.T
    origin = back @ low
    matrix = (back[0, 0], back[0, 1], origin[0], back[1, 0], back[1, 1], origin[1])
    picture = view.transform(
        (width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=_ground(view)
    )
    return _encoded(_beside_blurred(picture, level - low, margin), longest)


def _tilt(heading: Array | None, notes_centre: Array) -> float:
    """How many degrees, clockwise as seen, the heading's card leans; 0 where there is none.

    A card's long side says the line of its words but for their direction: on a picture that is more upright
    than not it is left to right, on one that lies on its side the notes are below their heading.
    """
    if heading is None:
        return 0.0
    edges = np.roll(heading, -1, axis=0) - heading
    first = int(np.argmax(np.hypot(edges[:, 0], edges[:, 1])))
    x, y = edges[first] - edges[(first + 2) % len(edges)]  # the mean of both long sides
    degrees = math.degrees(math.atan2(y, x))
    degrees = (degrees + 90) % 180 - 90
    if abs(degrees) > 50:
        down = np.array([-math.sin(math.radians(degrees)), math.cos(math.radians(degrees))])
        if float((notes_centre - heading.mean(axis=0)) @ down) < 0:
            degrees -= math.copysign(180, degrees)
    return degrees if abs(degrees) >= 0.5 else 0.0


def _rotation(degrees: float) -> Array:
    angle = math.radians(degrees)
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _is_inside(heading: Array, size: tuple[int, int]) -> bool:
    return bool(
        (heading.min(axis=0) > -0.02 * max(size)).all()
        and (heading.max(axis=0) < 1.02 * np.array(size)).all()
    )


def _ground(view: Image.Image) -> tuple[int, int, int]:
    """The colour of most of the picture, for the corners that turning lays bare."""
    small = np.asarray(view.resize((24, 24), Image.Resampling.BOX)).reshape(-1, 3)
    red, green, blue = (int(value) for value in np.median(small, axis=0))
    return red, green, blue


def _beside_blurred(picture: Image.Image, points: Array, margin: float) -> Image.Image:
    """The picture with everything but the hull of the points, and a margin round it, made unrecognisable."""
    coarse = (max(1, picture.width // _COARSE), max(1, picture.height // _COARSE))
    blurred = picture.resize(coarse, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1.2))
    blurred = blurred.resize(picture.size, Image.Resampling.BICUBIC)
    small = (max(1, picture.width // 4), max(1, picture.height // 4))
    mask = Image.new("L", small, 0)
    draw = ImageDraw.Draw(mask)
    hull = [(x / 4, y / 4) for x, y in _hull(points)]
    if len(hull) > 2:
        draw.polygon(hull, fill=255)
    draw.line([*hull, *hull[:2]], fill=255, width=max(2, round(2 * margin / 4)), joint="curve")
    mask = mask.filter(ImageFilter.GaussianBlur(max(1.0, margin / 24))).resize(picture.size)
    return Image.composite(picture, blurred, mask)


def _hull(points: Array) -> list[Point]:
    """The convex hull, clockwise as seen (Andrew's monotone chain)."""
    ordered = sorted({(float(x), float(y)) for x, y in points})
    halves: list[list[Point]] = []
    for run in (ordered, ordered[::-1]):
        half: list[Point] = []
        for x, y in run:
            while len(half) > 1 and _turns_left(half[-2], half[-1], (x, y)):
                half.pop()
            half.append((x, y))
        halves.append(half[:-1])
    return halves[0] + halves[1]


def _turns_left(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0


def _encoded(picture: Image.Image, longest: int) -> Crop:
    if max(picture.size) > longest:
        scale = longest / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return Crop(without_metadata(buffer.getvalue()), *picture.size)
