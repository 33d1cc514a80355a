"""read: notes and headings to words, with what their ink says. Pure: pixels and records in, readings out.

A note is straightened and read as it lies. Where its lines are steep, it is read again turned by them; a
reader that cannot tell which way up text stands is shown doubtful notes turned, and the turn that gives most
stays. Ink that no box covers is looked at again, larger. Every further look costs time, so only notes that
need one get one, and all notes of a photograph that do are read together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import doodles, drawn, struck
from pipeline import ink as inks
from pipeline.headings import heading_crop, read_headings
from pipeline.model import (
    Classification,
    HeadingBox,
    Ink,
    Line,
    NoteReading,
    Outline,
    PageReading,
    Point,
    Reading,
)
from pipeline.presence import drawn_rows_of
from pipeline.readers import Reader
from pipeline.readers.contain import read_contained, views_contained
from pipeline.straighten import Image, Straightened, straighten, turn
from pipeline.turning import running, tells_direction

VERSION = "9"
NOTE_SIDE = 480
"""Long side of a straightened note, in pixels."""
WINDOW_SIDE = 320
"""Long side to which a place that was left out is enlarged, at most to twice its size."""
MARGIN = 0.03
GOOD_ENOUGH = 0.75
"""Mean confidence, weighed by letters, from which a second look counts."""
TURN_BELOW = 0.5
"""The same of the plain reading, above which a note is taken to stand upright."""
CLEARLY_BETTER = 1.2
"""How much more a turned note must give: text stands as its note does, unless it clearly does not."""
STEEP = 35.0
"""Degrees of tilt from which an engine finds lines badly or takes them in the wrong order."""
STANDING = 0.8
"""How much a turned note must give where its lines are as steep as that: it is turned even at some loss."""
FRAMED_LETTERS = 6
"""A note of so few letters at most, none of them sure, is looked at in a frame."""
FRAMED_HEIGHT, FRAME = 110, 0.3
"""Height in pixels of what stands alone, and the paper round it as a share of that."""
TELLING_LETTERS = 3
"""A note is turned by words of so many letters: two are seen in any drawing, whichever way up."""
LEFT_OUT = 0.12
"""Share of the ink outside all boxes from which a second look is taken."""
Views = tuple[Reading, ...]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Look:
    """A note turned by `degrees` (clockwise), and the main reader's readings of it, boxes in the turned note's
    pixels: the plain one and, if the reader can, the one helped by the language."""

    note: Straightened
    degrees: float
    views: Views

    @property
    def best(self) -> Reading:
        return self.views[-1]

    @property
    def plain(self) -> Reading:
        """Without the language's help, which makes words even of letters that stand on their heads."""
        return self.views[0]


def read_page(
    image: Image,
    outlines: Sequence[Outline],
    classifications: Sequence[Classification],
    headings: Sequence[HeadingBox],
    *,
    note_readers: Sequence[Reader],
    heading_reader: Reader,
    language: str = "en",
) -> PageReading:
    """Everything there is to read on one photograph.

    `image`: RGB, height x width x 3, uint8, upright and full-size. `classifications` stand beside
    `outlines`. The first of `note_readers` is the main one; the result stands beside `outlines` and
    `headings`. Readers that fail leave readings with an `error`; nothing is raised for them.
    """
    notes = [
        _straightened(image, outline, classification.shape)
        for outline, classification in zip(outlines, classifications, strict=True)
    ]
    present = [note for note in notes if note is not None]
    read = iter(read_notes(present, note_readers, language))
    nothing = NoteReading(
        tuple(Reading(reader.name, reader.version, ()) for reader in note_readers),
        Ink(0.0, 0.0, 0.0, 0.0, is_written=False),
    )
    second = note_readers[0] if note_readers else None
    return PageReading(
        tuple(nothing if note is None else next(read) for note in notes),
        read_headings([heading_crop(image, box) for box in headings], heading_reader, second, language),
    )


def _straightened(image: Image, outline: Outline, shape: str) -> Straightened | None:
    try:
        return straighten(image, outline.polygon, shape, long_side=NOTE_SIDE, margin=MARGIN)
    except ValueError:  # an outline without area: nothing to read
        return None


# --- notes ------------------------------------------------------------------------------------


def read_notes(
    crops: Sequence[Straightened], readers: Sequence[Reader], language: str = "en"
) -> tuple[NoteReading, ...]:
    """One reading a straightened note, in order.

    The first reader decides the turn; its readings come first: the plain one, then the one helped by
    the language, if it has such; the other readers' follow. Boxes, like the ink's shares, belong to the
    note as given (not turned), in its pixels. Raises ValueError without a reader.
    """
    if not readers:
        raise ValueError("at least one reader is needed")
    main = readers[0]
    first = _look_at([(crop, 0.0) for crop in crops], main, language)
    looks = _looked_again(first, main, language)
    written = [inks.find_ink(look.note.image, look.note.mask) for look in looks]
    looks = _second_look(looks, written, main, language)
    looks = _framed_look(looks, written, main, language)
    looks = [_with_signs(look, writing) for look, writing in zip(looks, written, strict=True)]
    others = [read_contained(other, [look.note.image for look in looks]) for other in readers[1:]]
    results = []
    for index, look in enumerate(looks):
        views = (*look.views, *(batch[index] for batch in others))
        back = _between(crops[index], look.note)
        results.append(
            NoteReading(
                tuple(_moved(view, back) for view in views),
                _measure(written[index], look, crops[index]),
                round((look.degrees - _direction(look.best, main)) / 90) * 90 % 360,
            )
        )
    return tuple(results)


def _look_at(tries: Sequence[tuple[Straightened, float]], main: Reader, language: str) -> list[_Look]:
    """Read notes, already turned by so many degrees, in one batch."""
    found = views_contained(main, [note.image for note, _ in tries], language)
    return [_Look(note, degrees, views) for (note, degrees), views in zip(tries, found, strict=True)]


def _sized(image: Image, side: int) -> tuple[Image, float]:
    scale = side / max(image.shape[:2])
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8), scale


def _mean_confidence(reading: Reading) -> float:
    letters = sum(len(word.text) for word in reading.words)
    return reading.letters_right / letters if letters else 0.0


def _looked_again(looks: list[_Look], main: Reader, language: str) -> list[_Look]:
    """Read notes turned as they may have to be; keep what gives most of each."""
    tries = [
        (index, turn(look.note, degrees), degrees)
        for index, look in enumerate(looks)
        if look.best.error is None
        for degrees in _other_turns(look, main)
    ]
    found = _look_at([(note, degrees) for _, note, degrees in tries], main, language)
    best = list(looks)
    for (index, _, _), look in zip(tries, found, strict=True):
        before = best[index]
        is_steep = abs(_line_angle(before.best)) > STEEP
        bar = 1.0 if before.degrees else STANDING if is_steep else CLEARLY_BETTER
        if look.plain.letters_right > bar * before.plain.letters_right:
            best[index] = look
    return best


def _other_turns(look: _Look, main: Reader) -> list[float]:
    """Degrees (clockwise) by which the note may have to be turned for its text to stand upright."""
    if tells_direction(main):
        direction = _direction(look.best, main, TELLING_LETTERS)
        return [-direction % 360] if STEEP < abs(direction) < 180 - STEEP else []
    along = look.note.writing_angle
    if look.best.words and abs(along) > 20 and abs(_line_angle(look.best)) > 20:
        return [along, (along + 180) % 360]
    if _stands(look.best):
        return [90.0, 270.0]
    if not look.best.words or _mean_confidence(look.plain) >= TURN_BELOW:
        return []
    angle = _line_angle(look.best)
    if abs(angle) > 15:
        return [-angle, (180.0 - angle) % 360]
    return [180.0]


def _direction(reading: Reading, reader: Reader, letters: int = 2) -> float:
    """Where words of so many signs run to, in degrees clockwise from -180 to 180; 0 unless the reader tells.

    Rows of drawn figures say nothing of it: a head on a body is "ok", lying on its side.
    """
    if not tells_direction(reader):
        return 0.0
    lines = (
        Line(tuple(itertools.compress(line.words, [not row for row in drawn_rows_of(texts)])))
        for line in reading.lines
        if (texts := [word.text for word in line.words])
    )
    return running([replace(reading, lines=tuple(lines))], letters=letters)[0]


def _stands(reading: Reading) -> bool:
    """Do the lines run up or down the note? The engine reads them so, but in the wrong order."""
    return abs(_line_angle(reading)) > 45


def _line_angle(reading: Reading) -> float:
    """The direction the lines run in, in degrees from -90 to 90, each word weighed by its length.

    A word runs along its box, as it was read; only where its box is far higher than so many letters are
    wide was it read from a line that runs up or down the note.
    """
    total = np.zeros(2)
    for word in reading.words:
        if len(word.box) != 4 or len(word.text) < 3:
            continue
        corners = np.array(word.box)
        along, down = corners[1] - corners[0], corners[3] - corners[0]
        high = 2.2 if len(word.text) == 3 else 1.5
        side = down if np.hypot(*down) > high * np.hypot(*along) else along
        double = 2 * math.atan2(side[1], side[0])  # directions that differ by a half turn are one
        total += np.hypot(*side) * np.array([math.cos(double), math.sin(double)])
    return math.degrees(math.atan2(total[1], total[0])) / 2 if total.any() else 0.0


def _second_look(looks: list[_Look], written: list[inks.Writing], main: Reader, language: str) -> list[_Look]:
    """Read again, larger, the places where ink lies outside every box; add what is surely found there."""
    tries = []
    for index, (look, writing) in enumerate(zip(looks, written, strict=True)):
        if look.best.error is not None:
            continue
        boxes = [word.box for word in look.best.words if word.box]
        if len(boxes) < len(look.best.words):  # a reader that gives no boxes: nobody knows what it left out
            continue
        if inks.uncovered_share(writing, boxes) >= LEFT_OUT:
            tries += [(index, window) for window in inks.uncovered_windows(writing, boxes)]
    pictures = [_enlarged(looks[index].note.image, window) for index, window in tries]
    found = views_contained(main, [picture for picture, _ in pictures], language)
    result = list(looks)
    for (index, window), (_, scale), views in zip(tries, pictures, found, strict=True):
        if len(views) != len(result[index].views):
            continue
        back = np.array([[1 / scale, 0, window[0]], [0, 1 / scale, window[1]], [0, 0, 1.0]])
        found_there = _new_lines([_moved(view, back) for view in views], result[index].best)
        if not found_there[-1].lines:
            continue
        merged = tuple(
            replace(old, lines=tuple(sorted((*old.lines, *new.lines), key=_line_place)))
            for old, new in zip(result[index].views, found_there, strict=True)
        )
        result[index] = replace(result[index], views=merged)
    return result


def _framed_look(looks: list[_Look], written: list[inks.Writing], main: Reader, language: str) -> list[_Look]:
    """Read again, in a frame of its own size, what stands alone on a note: a figure or a word so large that a reader
    does not take it for text."""
    tries = []
    for index, (look, writing) in enumerate(zip(looks, written, strict=True)):
        reading = look.plain
        is_short = sum(len(word.text) for word in reading.words) <= FRAMED_LETTERS
        if reading.error is None and is_short and _mean_confidence(reading) < GOOD_ENOUGH:
            window = inks.lone_window(writing)
            if window is not None:
                tries.append((index, window))
    pictures = [_framed(looks[index].note.image, window) for index, window in tries]
    found = views_contained(main, [picture for picture, _ in pictures], language)
    result = list(looks)
    for (index, _), (_, back), views in zip(tries, pictures, found, strict=True):
        before = looks[index]
        is_sure = _mean_confidence(views[0]) >= GOOD_ENOUGH
        if is_sure and views[0].letters_right > CLEARLY_BETTER * before.plain.letters_right:
            result[index] = replace(before, views=tuple(_moved(view, back) for view in views))
    return result


def _framed(image: Image, window: tuple[int, int, int, int]) -> tuple[Image, Array]:
    """The window at FRAMED_HEIGHT with paper round it, and the way from its pixels to the note's."""
    x, y, width, height = window
    scale = FRAMED_HEIGHT / height
    part, _ = _sized(image[y : y + height, x : x + width], round(scale * max(width, height)))
    border = round(FRAME * FRAMED_HEIGHT)
    picture = cv2.copyMakeBorder(part, border, border, border, border, cv2.BORDER_REPLICATE)
    back = np.array([[1 / scale, 0, x - border / scale], [0, 1 / scale, y - border / scale], [0, 0, 1.0]])
    return np.asarray(picture, np.uint8), back


def _with_signs(look: _Look, writing: inks.Writing) -> _Look:
    """With arrows and ticks that were drawn, and crossed-out words, told by their shape."""
    boxes = [word.box for word in look.best.words if word.box]
    has_boxes = len(boxes) == len(look.best.words)
    left_out = inks.uncovered_pieces(writing, boxes) if boxes and has_boxes else []
    views = struck.without_struck(look.views, look.note.image)
    return replace(look, views=drawn.with_signs(views, look.note.image, left_out))


def _new_lines(views: Sequence[Reading], before: Reading) -> list[Reading]:
    """What a closer look adds: lines that are surely read (in the best view, the last), are more than a letter and
    lie on no word that was read before."""
    sure = [
        line
        for line in views[-1].lines
        if len(line.text) > 1
        and _mean_confidence(replace(views[-1], lines=(line,))) >= GOOD_ENOUGH
        and not _lies_on(line, before)
    ]
    added = replace(views[-1], lines=tuple(sure))
    others = [
        replace(view, lines=tuple(line for line in view.lines if _lies_on(line, added)))
        for view in views[:-1]
    ]
    return [*others, added]


def _enlarged(image: Image, window: tuple[int, int, int, int]) -> tuple[Image, float]:
    x, y, width, height = window
    part = image[y : y + height, x : x + width]
    return _sized(part, round(min(2.0, WINDOW_SIDE / max(part.shape[:2])) * max(part.shape[:2])))


def _lies_on(line: Line, reading: Reading) -> bool:
    """Does the line lie on words that were read before?"""
    shapes = [np.array(word.box, np.float32) for word in reading.words if word.box]
    for word in line.words:
        if not word.box:
            return True
        x, y = np.array(word.box).mean(axis=0)
        if any(cv2.pointPolygonTest(shape, (float(x), float(y)), False) >= 0 for shape in shapes):
            return True
    return False


def _line_place(line: Line) -> tuple[float, float]:
    corners = np.array([corner for word in line.words for corner in word.box])
    if not len(corners):
        return (0.0, 0.0)
    return (float(corners[:, 1].mean()), float(corners[:, 0].mean()))


def _measure(writing: inks.Writing, look: _Look, crop: Straightened) -> Ink:
    boxes = [word.box for word in look.best.words if word.box]
    has_boxes = len(boxes) == len(look.best.words)
    photo_scale = _photo_scale(crop)
    return Ink(
        coverage=round(float(writing.mask.sum()) / max(1, int(writing.paper.sum())), 4),
        uncovered=inks.uncovered_share(writing, boxes) if has_boxes else 0.0,
        sharpness=writing.sharpness,
        text_height=round(inks.text_height(writing) * photo_scale, 2),
        is_written=inks.is_written(writing)
        or inks.is_written_faintly(look.note.image, look.note.mask, writing),
        drawn=doodles.log_odds(writing),
    )


def _photo_scale(crop: Straightened) -> float:
    """Photo pixels to one crop pixel, at the crop's middle."""
    height, width = crop.mask.shape
    middle = np.array([[width / 2, height / 2], [width / 2 + 1, height / 2], [width / 2, height / 2 + 1]])
    placed = _through(np.array(crop.matrix).reshape(3, 3), middle)
    a, b = placed[1] - placed[0], placed[2] - placed[0]
    return math.sqrt(abs(float(a[0] * b[1] - a[1] * b[0])))


def _between(crop: Straightened, turned: Straightened) -> Array:
    """From the turned note's pixels to the given note's, by way of the photograph."""
    to_photo = np.array(turned.matrix).reshape(3, 3)
    return np.asarray(np.linalg.inv(np.array(crop.matrix).reshape(3, 3)) @ to_photo)


def _through(matrix: Array, points: Array) -> Array:
    placed = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(placed[:, :2] / placed[:, 2:])


def _moved(reading: Reading, matrix: Array) -> Reading:
    """The reading with its boxes led through a homography."""

    def box(corners: tuple[Point, ...]) -> tuple[Point, ...]:
        if not corners:
            return ()
        placed = _through(matrix, np.array(corners, np.float64))
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in placed)

    lines = tuple(
        Line(tuple(replace(word, box=box(word.box)) for word in line.words)) for line in reading.lines
    )
    return replace(reading, lines=lines)
