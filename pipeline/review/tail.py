"""Follows decisions.jsonl as it grows, whoever writes to it."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.decisions import FILE_NAME, parse_log
from pipeline.errors import DecisionsError
from pipeline.model import Decision


class Tail:
    """Reads what was added since it was last asked; a line still being written waits for its end."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME
        self.problems: list[str] = []
        self._position = 0
        self._lines = 0
        self._seen: set[str] = set()
        self._inode = 0

    def is_rewritten(self) -> bool:
        """Has somebody rewritten the file (by hand, say), so that it must be read from the start?"""
        try:
            found = self.file.stat()
            return self._position > 0 and (found.st_size < self._position or found.st_ino != self._inode)
        except FileNotFoundError:
            return self._position > 0
        except OSError:
            return False

    def read_new(self) -> list[Decision]:
        """The decisions added since the last call, in their order, each id once.

        Raises DecisionsError when the file cannot be opened.
        """
        try:
            if self.file.stat().st_size == self._position:
                return []
            with self.file.open("rb") as log:
                inode = os.fstat(log.fileno()).st_ino
                if self._position and inode != self._inode:
                    return []  # rewritten since `is_rewritten` was asked, as it will tell the next time
                self._inode = inode
                log.seek(self._position)
                content = log.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DecisionsError(
                f"{self.file} cannot be read: {error.strerror or error}.",
                safe="No decision was lost.",
                remedy="Check the file's permissions and load the page again.",
            ) from error
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            return []
        log_part = parse_log(whole, self._lines + 1)
        self.problems += log_part.problems
        self._position += len(whole)
        self._lines += whole.count(b"\n")
        fresh = [decision for decision in log_part.decisions if decision.id not in self._seen]
        self._seen.update(decision.id for decision in fresh)
        return fresh

    def half_line(self) -> str:
        """A sentence about a half-written last line, as a crash leaves it, or ""."""
        try:
            with self.file.open("rb") as log:
                log.seek(self._position)
                rest = log.read()
        except OSError:
            return ""
        if not rest.strip():
            return ""
        return (
            f"The last line of {FILE_NAME} is half-written, as a crash leaves it. It was never confirmed as "
            "saved; it stays in the file and is not used."
        )
