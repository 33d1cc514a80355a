"""The last backstop: what nobody foresaw, told in plain words, and its traceback kept in a file."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

from pipeline.errors import StorageError, WorkshopError, is_out_of_memory
from pipeline.files import storage_error, write_atomically

LOG_NAME = "fault.log"
SWITCH = "WORKSHOP_TRACEBACK"
"""Environment variable: anything but the empty string has the traceback printed as well."""
_SAFE = (
    "What people decided, the editions and the last record are as they were; photographs that were finished "
    "are kept."
)
_ON_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def explained(error: Exception, processed: Path, reports: Path) -> WorkshopError:
    """The failure in words; its traceback goes to `processed`/fault.log, where that can be written.

    A StorageError (exit code 6) where the disk refused to write or the file lies below `processed` or
    `reports`; else a WorkshopError (exit code 1).
    """
    where = _kept(error, processed / LOG_NAME)
    if isinstance(error, OSError):
        path = _path(error)
        why = error.strerror or str(error) or type(error).__name__
        if error.errno in _ON_WRITING or (path is not None and _is_below(path, processed, reports)):
            remedy = storage_error(path or processed, error, "").remedy
            return StorageError(
                f"{path or 'A file'} could not be written or read: {why}.",
                safe=_SAFE,
                remedy=f"{remedy}\n{where}",
            )
        return WorkshopError(
            f"{path or 'Something on this computer'} could not be used: {why}.",
            safe=_SAFE,
            remedy=f"Mend that and run the command again.\n{where}",
        )
    if is_out_of_memory(error):
        return WorkshopError(
            "The computer ran out of memory.",
            safe=_SAFE,
            remedy=f"Close other programs, or work on fewer photographs at once (--workers 1), and run again.\n{where}",
        )
    return WorkshopError(
        f"A fault in the program: {type(error).__name__}: {str(error)[:300]}",
        safe=_SAFE,
        remedy=f"Run again; if it happens again, please report it.\n{where}",
    )


def printed(error: BaseException) -> str:
    """The traceback, where the switch asks for it; else nothing."""
    return "".join(traceback.format_exception(error)) if os.environ.get(SWITCH) else ""


def _kept(error: Exception, log: Path) -> str:
    try:
        write_atomically(log, "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace"))
    except StorageError:
        return f"To see where it happened, run it again with {SWITCH}=1 set."
    return f"Where it happened is in {log}."


def _path(error: OSError) -> Path | None:
    name = error.filename
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes | os.PathLike) else None


def _is_below(path: Path, *folders: Path) -> bool:
    # Not resolved: the disk that has just failed is not asked again.
    return any(path.absolute().is_relative_to(folder.absolute()) for folder in folders)
