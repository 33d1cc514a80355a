"""Made-up results of the map half: workshops of any size, as if their photographs had been worked on.

A workshop of text files called .jpg is laid out in raw/, and for each of them the results that the stages would
have left in the cache: features, outlines, classifications, readings in two views, pictures. One photograph in
twenty shows the sheet of the one before it again. Within a workshop every photograph differs; the large results
of the first workshop are linked, not copied, into the places of the others'.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline.cache import Cache
from pipeline.mapping import Settings, result_digests
from pipeline.model import (
    Classification,
    Crop,
    Detection,
    Features,
    HeadingBox,
    HeadingReading,
    Ink,
    Line,
    NoteReading,
    Outline,
    PageReading,
    Photo,
    Point,
    Reading,
    Word,
)
from pipeline.planning import Places, known_keys
from pipeline.workshop import load_workshop

WIDTH, HEIGHT = 4000, 3000
NOTE = 400
COLUMNS = 8
POINTS = (270, 800)
"""Real photographs have so many; in the mean of 71 boards, 535."""
COMMON = 0.6
KINDS = 2000
"""Corners of notes look alike on every board: this share of the points are of so many kinds. Photographs of other
sheets then share as much, and make as many candidates, as real ones do."""
AGAIN_EVERY = 20
HEADINGS = ("Power", "Make time", "Transparent and engaged", "Knowledge", "What is missing")
_TALK = """
    who decides about the time and the budget we listen to our neighbours in the street there is room to share
    openly children come to meetings their voice is heard at last nobody reads what was written training for all
    trust takes years longer contracts for people who care small steps money goes where power is ask first
"""
_WORDS = tuple(_TALK.split())
_SHAPES = ("square", "square", "square", "heart", "tick", "speech_bubble")
_COLOURS = ("yellow", "pink", "blue", "green")


@dataclass(frozen=True, slots=True)
class Made:
    """All results of one photograph, by stage."""

    describe: Features
    detect: Detection
    classify: tuple[Classification, ...]
    read: PageReading


def made_photo(seed: int, notes: int) -> Made:
    """One photograph's results, the same for the same seed; a seed in AGAIN_EVERY shows the one before again."""
    is_again = seed % AGAIN_EVERY == AGAIN_EVERY - 1
    random = np.random.default_rng(seed - is_again)
    places, rows = _points(random)
    offset = (37.0, 21.0) if is_again else (0.0, 0.0)
    outlines, classes, readings = [], [], []
    for number in range(notes):
        x = 60 + (number % COLUMNS) * (NOTE + 80) + offset[0]
        y = 500 + (number // COLUMNS) * (NOTE + 80) + offset[1]
        wobble = random.uniform(-12, 12, 2)
        corners = [(0.0, 0.0), (NOTE, 0.0), (NOTE, NOTE), (0.0, NOTE)]
        polygon = tuple(
            (round(x + float(wobble[0]) + a, 1), round(y + float(wobble[1]) + b, 1)) for a, b in corners
        )
        shape = _SHAPES[int(random.integers(len(_SHAPES)))]
        outlines.append(Outline(polygon, 0.95, {shape: 1.0}))
        classes.append(Classification(shape, 0.97, _COLOURS[int(random.integers(len(_COLOURS)))]))
        readings.append(_reading(random))
    text = HEADINGS[(seed - is_again) % len(HEADINGS)]
    heading = ((60.0, 100.0), (2000.0, 100.0), (2000.0, 300.0), (60.0, 300.0))
    return Made(
        Features(_flat(places + offset), rows.tobytes(), 128),
        Detection(tuple(outlines), (HeadingBox(heading, 0.95),)),
        tuple(classes),
        PageReading(tuple(readings), (HeadingReading(text, 0.95, "tesseract"),)),
    )


def _points(random: np.random.Generator) -> tuple[Any, Any]:
    """Places (n x 2) and descriptors (n x 128): some like nothing else, most much like those of other sheets."""
    count = int(random.integers(*POINTS))
    places = random.uniform((0, 0), (WIDTH, HEIGHT), (count, 2))
    rows = random.gamma(0.35, 55, (count, 128))
    common = random.random(count) < COMMON
    kinds = _kinds()[random.integers(KINDS, size=int(common.sum()))]
    rows[common] = 0.8 * kinds + 0.2 * rows[common]
    return places, rows.clip(0, 255).astype(np.uint8)


@cache
def _kinds() -> Any:
    return np.random.default_rng(1).gamma(0.35, 55, (KINDS, 128))


def _flat(places: Any) -> tuple[float, ...]:
    return tuple(round(float(value), 2) for value in places.ravel())


def _reading(random: np.random.Generator) -> NoteReading:
    lines = []
    for row in range(3):
        words = []
        for column in range(3):
            left, top = 20.0 + 120 * column, 40.0 + 110 * row
            box: tuple[Point, ...] = (
                (left, top),
                (left + 100, top),
                (left + 100, top + 60),
                (left, top + 60),
            )
            text = _WORDS[int(random.integers(len(_WORDS)))]
            words.append(Word(text, round(float(random.uniform(0.6, 1)), 4), box, ((text + "s", 0.05),)))
        lines.append(Line(tuple(words)))
    plain = Reading("rapidocr", "made up", tuple(lines))
    return NoteReading(
        (plain, replace(plain, reader="rapidocr+words", version="made up en")),
        Ink(0.08, 0.01, round(float(random.uniform(0.4, 0.9)), 3), 60.0, is_written=True),
    )


@cache
def _picture(width: int, height: int) -> Crop:
    """Noise on paper: as hard to compress as a photograph."""
    grain = np.random.default_rng(1).normal(0, 7, (height, width, 1))
    paper = np.clip(np.array([238.0, 214.0, 96.0]) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(paper).save(buffer, "JPEG", quality=85)
    return Crop(buffer.getvalue(), width, height)


def make_workshop(
    places: Places,
    name: str,
    photos: int,
    notes: int,
    *,
    like: str | None = None,
    tell: Callable[[int], None] = lambda _done: None,
) -> Path:
    """Lay out a workshop of so many photographs with so many notes each, all of them already worked on.

    `like` is a workshop made before with the same figures, whose large results are linked.
    """
    folder = places.raw / name
    folder.mkdir(parents=True)
    principles = "".join(f'[[principles]]\nid = "p{i}"\nheading = "{h}"\n' for i, h in enumerate(HEADINGS))
    (folder / "workshop.toml").write_text(f'title = "Made up"\n{principles}', "utf-8")
    workshop = load_workshop(folder)
    settings = Settings(workshop.language, workshop.note_readers, workshop.heading_reader)
    keys, cached = known_keys(settings, places), Cache(places.cache)
    for number in range(photos):
        content = f"{name} {number}".encode()
        (folder / f"photo-{number:06}.jpg").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        digests = result_digests(keys, sha256)
        cached.put("intake", digests["intake"], Photo("photo", sha256, WIDTH, HEIGHT, "JPEG"))
        if like is not None:
            known = result_digests(keys, hashlib.sha256(f"{like} {number}".encode()).hexdigest())
            for stage in set(keys) - {"intake"}:
                file = cached.path(stage, digests[stage])
                file.parent.mkdir(parents=True, exist_ok=True)
                os.link(cached.path(stage, known[stage]), file)
        else:
            made = made_photo(number, notes)
            for stage in ("describe", "detect", "classify", "read"):
                cached.put(stage, digests[stage], getattr(made, stage))
            cached.put("cut", digests["cut"], tuple(_picture(240, 240) for _ in range(notes)))
            cached.put("show", digests["show"], _picture(900, 675))
        tell(number)
    return folder
