"""A note that lies across another, of another colour, and was seen as one with it: told apart by their colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.edges import polygon_of_mask
from pipeline.looks import Seen, four_sided
from pipeline.model import Polygon
from pipeline.reduced import Reduced

APART = 45.0
"""Least distance of two papers' colours, in the a, b plane of CIELAB: shadow is no other colour."""
ALIKE = 6.0
"""Most mean distance of a paper's pixels from its colour there: a picture on a note has more than one."""
LEAST_SHARE = 0.3
"""Least share of each paper: writing, tape and a neighbour's corner are less."""
WHOLE = 0.9
"""Least share of a colour's pixels that hang together in parts of some size."""
LEAST_PART = 0.15
LEAST_PIXELS = 150
ROUNDS = 10


def parted(found: list[Seen], picture: Reduced) -> list[Seen]:
    """What was found, with shaped papers of two colours as two.

    Four-sided notes are left alone: people draw and stick pictures on those.
    """
    if not any(_may_be_two(seen) for seen in found):
        return found
    plain = Reduced(cv2.medianBlur(picture.lab, 5), picture.factor)
    result = []
    for seen in found:
        others = [one.polygon for one in found if one is not seen]
        masks = _two_papers(plain, seen, others) if _may_be_two(seen) else None
        if masks is None:
            result.append(seen)
        else:
            above, below = sorted(masks, key=lambda mask: -int(mask.sum()))
            # The votes were cast for what lies above; what is seen of the other, its outline must tell.
            even = np.full_like(seen.shapes, 1 / len(seen.shapes))
            result.append(replace(seen, polygon=polygon_of_mask(above, 1 / picture.factor)))
            result.append(replace(seen, polygon=polygon_of_mask(below, 1 / picture.factor), shapes=even))
    return result


def _may_be_two(seen: Seen) -> bool:
    return not seen.is_heading and four_sided(seen) < 0.5


def _two_papers(picture: Reduced, seen: Seen, others: Sequence[Polygon]) -> list[NDArray[np.bool_]] | None:
    """The masks of the two papers on the reduced picture, or None where there is one.

    The paper below shows on both sides of the one above: parts of its colour beside the outline belong to it, unless
    they lie on other notes.
    """
    drawn = picture.mask([seen.polygon]).astype(np.uint8)
    inside = cv2.erode(drawn, np.ones((3, 3), np.uint8)) > 0
    colours = picture.lab[inside][:, 1:].astype(np.float64)
    if len(colours) < LEAST_PIXELS:
        return None
    is_second, centres = _halves(colours)
    share = float(is_second.mean())
    if np.linalg.norm(centres[0] - centres[1]) < APART or min(share, 1 - share) < LEAST_SHARE:
        return None
    rows, columns = np.nonzero(drawn)
    beside = np.zeros(drawn.shape, bool)
    beside[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    beside &= ~inside & ~picture.mask(others)
    masks = []
    for side in (False, True):
        own = colours[is_second == side]
        if np.linalg.norm(own - np.median(own, axis=0), axis=1).mean() > ALIKE:
            return None
        mask = np.zeros(inside.shape, np.uint8)
        mask[inside] = is_second == side
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
        away = np.linalg.norm(picture.lab[:, :, 1:] - centres[int(side)], axis=2)
        seen_of_it = opened | (beside & (away < 2 * ALIKE))
        _, parts, stats, _ = cv2.connectedComponentsWithStats(seen_of_it.astype(np.uint8))
        large = [k for k in range(1, len(stats)) if stats[k, cv2.CC_STAT_AREA] > LEAST_PART * len(own)]
        kept = np.isin(parts, large)
        if (kept & opened).sum() < WHOLE * len(own):
            return None
        masks.append(kept)
    return masks


def _halves(colours: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Two means (Lloyd), begun at both ends of the direction in which the colours differ most."""
    middle = colours.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov((colours - middle).T))
    along = (colours - middle) @ directions[:, -1]
    centres = np.stack([colours[int(along.argmin())], colours[int(along.argmax())]])
    is_second = np.zeros(len(colours), bool)
    for _ in range(ROUNDS):
        away = np.linalg.norm(colours[:, None] - centres[None], axis=2)
        is_second = away[:, 1] < away[:, 0]
        if is_second.all() or not is_second.any():
            break
        centres = np.stack([colours[~is_second].mean(axis=0), colours[is_second].mean(axis=0)])
    return is_second, centres
