"""What goes to a terminal: names and texts may hold codes that it would obey instead of showing."""

from __future__ import annotations

JOINER = "\u200d"
"""Binds emoji to one sign; it does nothing else."""
LINES = "\n\t"


def visible(text: str, keep: str = "") -> str:
    """`text` with whatever is no letter or sign written out, as `\\x1b`; what is in `keep` stays.

    That is control characters (escape codes among them), marks that turn the direction of writing, and bytes
    of a file name that are no text (lone surrogates, which a terminal's encoding would refuse).
    """
    return "".join(
        sign if sign.isprintable() or sign == JOINER or sign in keep else _written_out(sign) for sign in text
    )


def _written_out(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
