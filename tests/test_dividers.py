"""Lines drawn on a sheet: found where people draw them, not in what only looks like one."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.dividers import drawn_lines
from pipeline.model import Polygon

NOTE: Polygon = ((420.0, 300.0), (560.0, 300.0), (560.0, 440.0), (420.0, 440.0))


def sheet(seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(225, 3, (700, 1000, 3)), 0, 255).astype(np.uint8)


def pen(picture: np.ndarray, start: tuple[int, int], end: tuple[int, int]) -> None:
    """A line as a hand draws it: a few pixels off the straight one."""
    t = np.linspace(0, 1, 60)[:, None]
    points = np.array(start) + t * (np.array(end) - np.array(start))
    points[:, 0] += 2 * np.sin(t[:, 0] * 9)
    cv2.polylines(picture, [points.astype(np.int32)], False, (40, 50, 120), 5, cv2.LINE_AA)


def test_a_line_drawn_down_the_sheet_is_found_though_a_note_lies_on_it() -> None:
    picture = sheet()
    pen(picture, (490, 90), (505, 650))
    cv2.fillPoly(picture, [np.array(NOTE, np.int32)], (250, 220, 90))
    (found,) = drawn_lines(picture, [NOTE])
    (_, top), (_, bottom) = sorted(found, key=lambda end: end[1])
    assert top < 130
    assert bottom > 600
    assert all(480 < x < 515 for x, _ in found)


def test_edges_squares_and_texture_are_no_lines() -> None:
    edge = sheet()
    edge[:, 600:] = (150, 150, 150)
    squared = sheet()
    squared[::40] = squared[:, ::40] = (140, 160, 190)
    grain = np.clip(np.random.default_rng(1).normal(150, 40, (700, 1000, 3)), 0, 255).astype(np.uint8)
    for picture in (sheet(), edge, squared, cv2.GaussianBlur(grain, (0, 0), 2)):
        assert drawn_lines(picture, []) == ()
