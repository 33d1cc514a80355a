"""What a worker holds: freed memory goes back to the system, where the C library lets itself be told to.

The GNU C library keeps what was freed for a next time, and lays large blocks between small ones, so that they
cannot be used again: a worker held 700 MB at its peak over a wall photographed at 12 million pixels, told so
500. Other C libraries do without.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

LARGE = 16 << 20
"""Bytes from which a block stands apart and is given back whole. Smaller limits cost more time than they save room."""
_KEEP = 64 << 20
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


@cache
def set_large_blocks_apart() -> None:
    """To be called once, before the work begins."""
    library = _library()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, LARGE)
        library.mallopt(_TRIM_THRESHOLD, _KEEP)


def hand_back() -> None:
    """Give back all that is free."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


@cache
def _library() -> Any:
    """The C library, or None where it has no such functions."""
    try:
        found = ctypes.CDLL(None)
        _ = found.malloc_trim, found.mallopt
    except (AttributeError, OSError, TypeError):
        return None
    return found
