"""What decoding raises on a file that is not what it should be."""

from __future__ import annotations

import msgspec

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""msgspec raises its own error for most damage, but not for bytes that are no text, nor for nesting without end."""
