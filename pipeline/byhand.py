"""Outlines that people drew: read at once by the same stages as any other, and kept in the cache.

The review page reads an outline when it is drawn, so a run that takes it up later finds it read and
opens no photograph again; where the cache was deleted, the run reads it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from pipeline.anchors import Anchor
from pipeline.cache import Cache, StageKey
from pipeline.mapping import Settings, one_thread_each
from pipeline.model import Outline, Photo, Polygon
from pipeline.photos import Pixels, Upright, load_upright, turned
from pipeline.readers import open_reader
from pipeline.stages import classify, cut, read
from pipeline.stages.amend import HandReading
from pipeline.workshop import Workshop

VERSION = "1"
STAGE = "by_hand"
_AFTER = ("classify", "read", "cut")


def read_outline(pixels: Pixels, polygon: Polygon, settings: Settings) -> HandReading:
    """Classify, read and cut one outline; `pixels` is the upright photograph, RGB, full size, uint8."""
    one_thread_each()
    outlines = (Outline(polygon, 1.0),)
    classifications = classify.classify(pixels, outlines)
    readers = [open_reader(name) for name in settings.note_readers]
    page = read.read_page(
        pixels,
        outlines,
        classifications,
        (),
        note_readers=readers,
        heading_reader=readers[0],
        language=settings.language,
    )
    crops = cut.cut(pixels, outlines, classifications, page)
    return HandReading(classifications[0], page.notes[0], crops[0])


def digest(keys: Mapping[str, StageKey], anchor: Anchor) -> str:
    """The name of an outline's result: it depends on the photograph, the polygon and the stages' keys."""
    key = StageKey(STAGE, VERSION, fingerprints=tuple((name, keys[name].digest(())) for name in _AFTER))
    return key.digest([anchor[0], msgspec.json.encode(anchor[1]).decode()])


def readings(
    anchors: Iterable[Anchor],
    cache: Cache,
    keys: Mapping[str, StageKey],
    settings: Settings,
    load: Callable[[str], Pixels | None],
) -> dict[Anchor, HandReading]:
    """The readings of outlines: from the cache, or read now and kept there.

    `load` gives the pixels of a photograph by its sha256, or None where it is not there (then the outline
    is left out, as is one that cannot be read); it is asked only for outlines that were not read before,
    photograph by photograph.
    """
    found: dict[Anchor, HandReading] = {}
    missing: dict[str, list[Anchor]] = {}
    for anchor in anchors:
        known = cache.get(STAGE, digest(keys, anchor), HandReading)
        if isinstance(known, HandReading):
            found[anchor] = known
        else:
            missing.setdefault(anchor[0], []).append(anchor)
    for sha256, wanted in missing.items():
        pixels = load(sha256)
        if pixels is None:
            continue
        for anchor in wanted:
            try:
                read = read_outline(pixels, anchor[1], settings)
            except Exception:  # noqa: BLE001, S112 - an outline that cannot be read is listed, and stops nothing else
                continue
            found[anchor] = read
            cache.put(STAGE, digest(keys, anchor), read)
    return found


def of_workshop(
    anchors: Iterable[Anchor],
    cache: Cache,
    keys: Mapping[str, StageKey],
    workshop: Workshop,
    photos: Mapping[str, Photo],
) -> dict[Anchor, HandReading]:
    """The readings of a workshop's drawn outlines; `photos` are its photographs by sha256."""

    def load(sha256: str) -> Pixels | None:
        if sha256 not in photos:
            return None
        photo = photos[sha256]
        try:
            found = load_upright((workshop.folder / photo.path).read_bytes(), photo.path)
        except OSError:
            return None
        return turned(found.pixels, photo.turn) if isinstance(found, Upright) else None

    settings = Settings(workshop.language, workshop.note_readers, workshop.heading_reader)
    return readings(anchors, cache, keys, settings, load)
