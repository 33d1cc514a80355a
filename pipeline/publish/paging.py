"""How much goes on a slide: cards in boxes, lines in columns, things by the page; in centimetres and points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TypeVar

from pipeline.publish.slides import MARGIN, WIDTH_CM, Box, Paragraph

BOTTOM = 18.4
_TOP = 4.1
_GAP = 0.55
_LETTER_CM, _LINE_CM = 0.0182, 0.0415
"""How wide a letter is and how high a line, on average, for each point of size."""
_Thing = TypeVar("_Thing")


def size_for(length: int) -> float:
    """The points in which so many letters fit under a picture."""
    limits = ((60, 15.0), (110, 13.0), (190, 10.5), (330, 8.5))
    return next((size for most, size in limits if length <= most), 6.5)


def columns(
    lines: Sequence[Paragraph], column: Box, most: int
) -> tuple[list[list[Paragraph]], list[Paragraph]]:
    """Lines in `most` columns of a box's size, one after the other, and those that did not fit."""
    filled: list[list[Paragraph]] = []
    rest = list(lines)
    for _ in range(most):
        page: list[Paragraph] = []
        used = 0.0
        while rest:
            size = max(run.size for run in rest[0].runs)
            letters = sum(len(run.text) for run in rest[0].runs)
            a_line = (column[2] - 0.8) / (size * _LETTER_CM)
            need = ceil(max(letters, 1) / a_line) * size * _LINE_CM + (0.18 if rest[0].is_bullet else 0.11)
            if used + need > column[3]:
                break
            used += need
            page.append(rest.pop(0))
        if page and rest and not page[-1].is_bullet and len(page) > 1:
            rest.insert(0, page.pop())  # a label goes with what it names
        filled.append(page)
    return filled, rest


def pages(things: Sequence[_Thing], most: int, title: str) -> Iterator[tuple[Sequence[_Thing], str]]:
    """Cut evenly into slides' worth, at least one; the titles say which of how many."""
    count = max(1, ceil(len(things) / most))
    for number in range(count):
        page = things[len(things) * number // count : len(things) * (number + 1) // count]
        yield page, title if count == 1 else f"{title}, {number + 1} of {count}"


def boxes(count: int) -> list[Box]:
    """Where the cards of a slide lie: few are large, many are small."""
    across = 3 if count in (1, 2, 3, 5, 6) else 4 if count <= 8 else 5
    rows = max(1, ceil(count / across))
    width = (WIDTH_CM - 2 * MARGIN - (across - 1) * _GAP) / across
    height = (BOTTOM - _TOP) / rows if rows > 1 else 10.5
    return [
        (MARGIN + (number % across) * (width + _GAP), _TOP + (number // across) * height, width, height)
        for number in range(count)
    ]
