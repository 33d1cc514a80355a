"""Readers: OCR engines behind one small interface, built in or brought by a team.

A team's own reader is any class with the four members of `Reader`, made known by an entry point:

    [project.entry-points."workshop_transcription.readers"]
    myreader = "my_package:MyReader"

`pipeline.readers.contract.check_reader` tells whether it keeps the contract. Engines are imported only
when they are opened, and opened once per process.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pipeline.model import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    RgbImage = NDArray[np.uint8]
else:
    RgbImage = Any

GROUP = "workshop_transcription.readers"

BUILT_IN = {
    "rapidocr": "pipeline.readers.rapid:RapidReader",
    "tesseract": "pipeline.readers.tesseract:TesseractReader",
}


class ReaderError(RuntimeError):
    """A reader is unknown or cannot be opened; the message says why and what to do about it."""


@runtime_checkable
class Reader(Protocol):
    """An engine that reads pictures of writing.

    `name` is short and lower-case, `version` is the engine's and its weights', `fingerprint` is a
    digest of everything the outcome depends on (engine version, weights, parameters): results are kept
    under it, and another fingerprint means they are made anew.
    """

    @property
    def name(self) -> str:
        """A short lower-case name."""
        ...

    @property
    def version(self) -> str:
        """The version of the engine and of its weights."""
        ...

    @property
    def fingerprint(self) -> str:
        """A digest of engine version, weights and parameters."""
        ...

    def read(self, images: Sequence[RgbImage]) -> list[Reading]:
        """Read each picture: one Reading a picture, in the same order.

        `images` are RGB, uint8, height x width x 3, of any size. Lines go from top to bottom, words
        from left to right; a word has no white space in it; boxes are four corners in pixels of the
        picture given, clockwise from the upper left of the word; confidences lie between 0 and 1.
        No writing means no lines. The same pictures give the same readings, alone or in any company.
        """
        ...


_open_readers: dict[str, Reader] = {}


def available() -> tuple[str, ...]:
    """The names of all readers known here, built in or brought, in alphabetical order."""
    return tuple(sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))}))


def open_reader(name: str) -> Reader:
    """The reader of that name, opened once per process.

    Raises ReaderError when the name is unknown or the engine cannot be opened.
    """
    if name not in _open_readers:
        _open_readers[name] = _load(name)
    return _open_readers[name]


def _load(name: str) -> Reader:
    brought = [point for point in entry_points(group=GROUP) if point.name == name]
    try:
        if brought:
            made = brought[0].load()()
        elif name in BUILT_IN:
            module, _, attribute = BUILT_IN[name].partition(":")
            made = getattr(importlib.import_module(module), attribute)()
        else:
            raise ReaderError(f"there is no reader called {name!r}; known here: {', '.join(available())}")
    except ReaderError:
        raise
    except Exception as error:
        raise ReaderError(f"the reader {name!r} cannot be opened: {error}") from error
    if not isinstance(made, Reader):
        raise ReaderError(f"{name!r} is not a reader: it lacks name, version, fingerprint or read()")
    return made
