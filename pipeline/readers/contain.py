"""A reader that crashes, hangs, returns rubbish or nothing costs its own reading, never the run.

What went wrong is said in the `error` of the readings concerned. Only MemoryError is passed on: it says something
of the machine at this moment, and is no result to be kept.
"""

from __future__ import annotations

import math
import threading
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.errors import is_out_of_memory
from pipeline.model import Line, Reading, Word
from pipeline.readers import Reader, RgbImage

SECONDS_AT_LEAST = 120.0
SECONDS_AN_IMAGE = 20.0

_hung: set[int] = set()
"""Readers (by id) that did not come back in this process: a thread cannot be killed, but it need not
be joined by a second one."""


def seconds_allowed(images: int) -> float:
    """The time limit for a batch: generous, so that a slow machine gives the same results as a fast one."""
    return SECONDS_AT_LEAST + SECONDS_AN_IMAGE * images


def read_contained(reader: Reader, images: Sequence[RgbImage], seconds: float | None = None) -> list[Reading]:
    """One valid Reading a picture, whatever the reader does.

    A batch that crashes or comes back wrong is read again picture by picture, so that one bad picture
    does not cost the others. A reader that exceeds `seconds` for a batch is not called again in this
    process.
    """

    def sound(raw: Any) -> tuple[Reading, ...] | str:
        return fault_of(raw) or (raw,)

    # The attribute is looked up inside the containment: a foreign property may do anything.
    call = lambda some: reader.read(some)  # noqa: E731, PLW0108
    return [views[0] for views in _contained(reader, call, images, seconds, sound)]


def views_contained(
    reader: Reader, images: Sequence[RgbImage], language: str, seconds: float | None = None
) -> list[tuple[Reading, ...]]:
    """Like `read_contained`, for a reader that can also read with a language's help.

    Each picture's readings: the plain one, and, where the reader has a method
    `read_with(images, language) -> list[tuple[Reading, ...]]`, the helped one after it.
    """
    helped = getattr(reader, "read_with", None)
    if helped is None:
        return [(reading,) for reading in read_contained(reader, images, seconds)]

    def sound(raw: Any) -> tuple[Reading, ...] | str:
        if not isinstance(raw, tuple) or not raw:
            return f"{type(raw).__name__} instead of a tuple of readings"
        return next((fault for fault in map(fault_of, raw) if fault), raw)

    return _contained(reader, lambda some: helped(some, language), images, seconds, sound)


def _contained(
    reader: Reader,
    read: Callable[[list[RgbImage]], Any],
    images: Sequence[RgbImage],
    seconds: float | None,
    sound: Callable[[Any], tuple[Reading, ...] | str],
) -> list[tuple[Reading, ...]]:
    if not images:
        return []
    name, version = _label(reader)
    limit = seconds_allowed(len(images)) if seconds is None else seconds
    outcome = _call(reader, read, images, limit)
    if isinstance(outcome, str) and len(images) > 1 and id(reader) not in _hung:
        return [_contained(reader, read, [image], limit, sound)[0] for image in images]
    if isinstance(outcome, str):
        return [(Reading(name, version, (), outcome),) for _ in images]
    results = []
    for raw in outcome:
        checked = sound(raw)
        rubbish = f"returned rubbish: {checked}"
        results.append((Reading(name, version, (), rubbish),) if isinstance(checked, str) else checked)
    return results


def _label(reader: Reader) -> tuple[str, str]:
    try:
        return str(reader.name), str(reader.version)
    except Exception as error:  # noqa: BLE001 - a foreign property may do anything
        return type(reader).__name__, f"unknown ({type(error).__name__})"


def _call(
    reader: Reader, read: Callable[[list[RgbImage]], Any], images: Sequence[RgbImage], seconds: float
) -> list[Any] | str:
    """What the reader returned, if it is a list of the right length, or what went wrong."""
    if id(reader) in _hung:
        return "not asked: it hung on an earlier picture"
    box: list[Any] = []

    def work() -> None:
        try:
            box.append(read([image.copy() for image in images]))
        except BaseException as error:  # noqa: BLE001 - even SystemExit of a foreign engine stays here
            box.append(error)

    # A daemon thread: a hung engine must not keep the process alive at the end.
    thread = threading.Thread(target=work, daemon=True, name="reader")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _hung.add(id(reader))
        _kept_alive.append(reader)
        return f"gave no answer within {seconds:g} s"
    result = box[0]
    if len(images) == 1 and isinstance(result, BaseException) and is_out_of_memory(result):
        # Not the reader's fault, and not a reading either: whoever asked may try again later.
        raise MemoryError from result
    if isinstance(result, BaseException):
        return f"crashed: {type(result).__name__}: {_one_line(str(result))}"
    if result is None:
        return "returned nothing"
    if not isinstance(result, list | tuple):
        return f"returned rubbish: {type(result).__name__} instead of a list of readings"
    if len(result) != len(images):
        return f"returned rubbish: {len(result)} readings for {len(images)} pictures"
    return list(result)


_kept_alive: list[Reader] = []
"""Keeps hung readers from being collected, so that their ids in `_hung` stay theirs."""


def _one_line(text: str, limit: int = 200) -> str:
    cleaned = "".join(" " if unicodedata.category(sign).startswith("C") else sign for sign in text)
    return " ".join(cleaned.split())[:limit]


def fault_of(reading: object) -> str | None:
    """What is wrong with what a reader returned for one picture; None if it is a sound Reading."""
    if not isinstance(reading, Reading):
        return f"{type(reading).__name__} instead of a Reading"
    made: Any = reading  # its fields may be anything: a foreign library may skip the checks at birth
    if not isinstance(made.reader, str) or not isinstance(made.version, str):
        return "name and version must be text"
    if made.error is not None and not isinstance(made.error, str):
        return "error must be text or None"
    if not isinstance(made.lines, tuple) or not all(isinstance(line, Line) for line in made.lines):
        return "lines must be a tuple of Line"
    for line in made.lines:
        if not isinstance(line.words, tuple) or not line.words:
            return "a line must be a tuple of at least one Word"
        for word in line.words:
            fault = _word_fault(word)
            if fault:
                return fault
    return None


def _word_fault(word: Any) -> str | None:
    if not isinstance(word, Word):
        return f"{type(word).__name__} instead of a Word"
    made: Any = word
    for text, confidence in ((made.text, made.confidence), *_pairs(made.alternatives)):
        if not isinstance(text, str) or not text:
            return "a word without text"
        if any(sign.isspace() or unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") for sign in text):
            return "a word with white space or control characters in it"
        if not _is_number(confidence) or not 0 <= confidence <= 1:
            return f"a confidence of {confidence!r}"
    if not isinstance(made.box, tuple) or len(made.box) in (1, 2):
        return "a box must be a tuple of corners"
    for corner in made.box:
        if not isinstance(corner, tuple) or len(corner) != 2 or not all(map(_is_number, corner)):
            return "a corner must be a pair of finite numbers"
    return None


def _pairs(alternatives: object) -> list[tuple[Any, Any]]:
    if not isinstance(alternatives, tuple) or not all(
        isinstance(pair, tuple) and len(pair) == 2 for pair in alternatives
    ):
        return [(None, None)]
    return list(alternatives)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
