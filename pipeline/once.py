"""One piece of work asked for by several, done once: what it made of the last argument is at hand still."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def once_in_a_row(function: Callable[[A], T]) -> Callable[[A], T]:
    """A pure function of something that never changes, worked out once as long as the very same object comes.

    By identity, since a record holds mappings and has no hash; the object is held, so that no other can take its
    place. No more than one argument and one result stay in memory.
    """
    last: list[tuple[A, T]] = []

    @functools.wraps(function)
    def asked(argument: A) -> T:
        known = last[:]  # at once, as another thread may ask of something else meanwhile
        if known and known[0][0] is argument:
            return known[0][1]
        made = function(argument)
        last[:] = [(argument, made)]
        return made

    return asked
