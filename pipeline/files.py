"""Writing without ever leaving half a file: beside, flushed, then renamed into place."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import BusyError, StorageError

PARTIAL = ".partial-"
"""Files being written carry this in their name; a killed run may leave some, and a later one removes them."""
STALE_SECONDS = 86_400.0
"""A file being written for longer than this is nobody's any more, even where clocks differ by hours."""
_OWN_NAME = re.compile(re.escape(PARTIAL) + r"[0-9a-f]{12}")


def storage_error(path: Path, error: OSError, safe: str) -> StorageError:
    """What went wrong with the disk, in words a person can act on."""
    import errno  # noqa: PLC0415  (only when something has gone wrong)

    remedies = {
        errno.ENOSPC: "The disk is full: make room and run the command again; it goes on where it stopped.",
        errno.EDQUOT: "The disk quota is used up: make room and run the command again.",
        errno.EACCES: "The folder may not be written to: change its permissions, or choose another one.",
        errno.EPERM: "The folder may not be written to: change its permissions, or choose another one.",
        errno.EROFS: "The folder is on a read-only disk: choose another one.",
        errno.ENOENT: "The folder has gone: put it back, or choose another one.",
    }
    return StorageError(
        f"{path} could not be written: {error.strerror or error}.",
        safe=safe,
        remedy=remedies.get(error.errno or 0, "Mend that and run the command again."),
    )


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write `content` to `path` so that at every moment the old or the new file is there, whole.

    `durable` flushes to the disk first, so that not even a power cut leaves half; cache files do
    without, because they carry their own digest. Raises StorageError.
    """
    beside = path.with_name(f"{PARTIAL}{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise storage_error(path, error, "What was there before is untouched.") from error


def remove_leftovers(folder: Path, older_than: float = STALE_SECONDS) -> int:
    """Remove what killed writers left in `folder` and below, and say how many files; a young one may be at work.

    Only files named as `write_atomically` names them; links to folders are not followed. What cannot be
    removed stays: it is in nobody's way.
    """
    removed = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if not _OWN_NAME.fullmatch(name) or is_at_work(path, older_than):
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    return removed


def is_at_work(path: Path, older_than: float = STALE_SECONDS) -> bool:
    """May this be a file that somebody is writing with `write_atomically` at the moment?"""
    if not _OWN_NAME.fullmatch(path.name):
        return False
    try:
        return path.lstat().st_mtime >= time.time() - older_than
    except OSError:
        return False


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable, where the system has such a thing."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file while the block runs; raises BusyError when another process holds it.

    The lock belongs to the process and falls with it, so a killed run never blocks the next.
    """
    import fcntl  # noqa: PLC0415  (absent on systems that are not supported; only lockers need it)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise storage_error(path, error, "Nothing was changed.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"{what} is already being worked on by another run.",
                safe="Nothing was changed.",
                remedy="Wait until it has finished, then run the command again.",
            ) from None
        except OSError as error:
            # A shared disk without locks: going on could mix two runs.
            raise storage_error(path, error, "Nothing was changed.") from error
        yield
