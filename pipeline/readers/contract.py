"""The contract test for readers, for whoever brings one: `check_reader(MyReader())` in a test of yours."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from pipeline.readers import Reader, RgbImage
from pipeline.readers.contain import fault_of


def check_reader(make: Callable[[], Reader]) -> None:
    """Raise AssertionError, naming the broken clause, unless the readers that `make()` gives keep it.

    Clauses: identity is text and stable; one sound Reading a picture, in order; pictures of any size
    are taken (one pixel, a strip, a blank page); the pictures are left as they were; a blank page has
    no words; a picture reads the same alone and in company; the identity does not change by reading.
    """
    reader, again = make(), make()
    assert isinstance(reader, Reader), "it needs name, version, fingerprint and read()"
    assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", reader.name), "name: short, lower-case, no blanks"
    assert isinstance(reader.version, str) and reader.version, "version: text, not empty"
    assert isinstance(reader.fingerprint, str) and len(reader.fingerprint) >= 8, "fingerprint: a digest"
    identity = (reader.name, reader.version, reader.fingerprint)
    assert identity == (again.name, again.version, again.fingerprint), "identity: the same each time"

    assert reader.read([]) == [], "no pictures: no readings"
    pictures = _pictures()
    before = [picture.copy() for picture in pictures]
    readings = reader.read(pictures)
    assert isinstance(readings, list) and len(readings) == len(pictures), "one reading a picture"
    for reading in readings:
        fault = fault_of(reading)
        assert fault is None, f"an unsound reading: {fault}"
        assert (reading.reader, reading.version) == identity[:2], "a reading names its reader"
    for old, new in zip(before, pictures, strict=True):
        assert np.array_equal(old, new), "the pictures were changed"
    assert not readings[0].words, "a blank page has no words"
    alone = [reader.read([picture])[0] for picture in pictures]
    assert [reading.text for reading in alone] == [reading.text for reading in readings], (
        "a picture reads the same alone and in company"
    )
    assert reader.read(pictures) == readings, "the same pictures give the same readings"
    assert identity == (reader.name, reader.version, reader.fingerprint), "identity changed by reading"


def _pictures() -> list[RgbImage]:
    """A blank page, one pixel, a narrow strip, a small note with strokes, and noise."""
    blank = np.full((300, 300, 3), 240, np.uint8)
    strokes = np.full((200, 260, 3), (250, 240, 120), np.uint8)
    for x in range(40, 220, 30):
        strokes[60:120, x : x + 6] = 20
        strokes[86:94, x : x + 22] = 20
    noise = np.random.default_rng(4).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    return [blank, np.zeros((1, 1, 3), np.uint8), np.full((8, 400, 3), 200, np.uint8), strokes, noise]
