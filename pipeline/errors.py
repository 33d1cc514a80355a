"""Failures people can act on: what happened, what was kept safe, and what to do next.

Each class owns an exit code, documented in README.md (a test compares the two).
"""

from __future__ import annotations


def is_out_of_memory(error: BaseException) -> bool:
    """Does this say that there was no memory? OpenCV and onnxruntime have errors of their own for that."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(
        sign in words for sign in ("insufficient memory", "bad_alloc", "bad allocation", "failed to allocate")
    )


class WorkshopError(Exception):
    """A failure with a plain message; the command line prints it and exits with `exit_code`."""

    exit_code = 1

    def __init__(self, what: str, *, safe: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.safe = safe
        self.remedy = remedy

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.safe, self.remedy) if part)


class ConfigError(WorkshopError):
    """workshop.toml, themes.toml or a framework says something that cannot be meant."""

    exit_code = 3


class MissingError(WorkshopError):
    """A folder, workshop, database or edition that was asked for is not there."""

    exit_code = 4


class DecisionsError(WorkshopError):
    """decisions.jsonl cannot be read or written."""

    exit_code = 5


class StorageError(WorkshopError):
    """A result could not be written: disk full, folder not writable, folder gone."""

    exit_code = 6


class BusyError(WorkshopError):
    """Another run is at work on the same workshop."""

    exit_code = 7


class PhotosFailedError(WorkshopError):
    """The record was made, but a stage failed on some photographs."""

    exit_code = 8


class QueryError(WorkshopError):
    """A query could not be answered."""

    exit_code = 9


class EditionError(WorkshopError):
    """An edition or a published transcript is damaged, or cannot be frozen."""

    exit_code = 10


class InterruptedRunError(WorkshopError):
    """Stopped by the person at the keyboard; everything finished so far is kept."""

    exit_code = 130
