"""Paper that is doubtful by itself, told by the notes of the same pad that are sure.

A blank note looks like any coloured card, a pale one like the wall, a long word on a narrow note like a heading: what
tells a note is that it has the colour of notes that hang round it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.edges import polygon_of_mask
from pipeline.model import Polygon
from pipeline.reduced import Reduced, median_inside

SAME_COLOUR = 8.0
"""Most distance of two papers of one pad in CIELAB (1976), shadow included."""
SAME_SIZE = (0.6, 1.5)
"""Least and most side of a note as a share of the sure notes' median."""
WHOLE_SIZE = 0.8
"""Least such share for paper that is not four-sided: what is smaller is mostly a covered note's second piece."""
CUT_SIZE = 0.2
"""Least such share for paper that the picture's edge cuts off, where its colour stands out."""
LEAST_CONTRAST = 4.0
"""Least distance of a paper's colour from what is round it, CIELAB: what differs less is a shade of the wall."""
STANDS_OUT = 15.0
"""Such distance from which on a paper's edge can be found by its colour."""
MOST_LIKE = 14.0
"""Most distance of a paper's pixels from its own colour, CIELAB."""
MOST_GROWN = 6.0
"""Most times its area that a piece may grow when its edge is found by colour."""
LEAST_PIXELS = 30


class Pads:
    """The colours and the size of the notes that are sure.

    All polygons are in full-size pixels. `sure` may not be empty; `known` is all paper whose kind is settled, notes
    and heading cards.
    """

    def __init__(self, picture: Reduced, sure: Sequence[Polygon], known: Sequence[Polygon] = ()) -> None:
        self._picture = picture
        self._lab, self._factor = picture.lab, picture.factor
        self._colours = np.array([picture.colour(polygon) for polygon in sure])
        self._usual = float(np.median([self._side(polygon) for polygon in sure]))
        self._taken = picture.mask(known)

    def has(self, polygon: Polygon) -> bool:
        """Whether paper has the colour of some sure note and the size of most."""
        away = self._away(self._picture.colour(polygon))
        share = self._side(polygon) / self._usual
        return bool(away <= SAME_COLOUR and SAME_SIZE[0] <= share <= SAME_SIZE[1])

    def note_at(self, polygon: Polygon, *, is_four_sided: bool) -> Polygon | None:
        """The note that faint paper is, its outline by colour where that stands out; None: it is none.

        Its colour must be nearer to a sure note's than to what is round it: writing on a poster is not paper.
        """
        mask = self._picture.mask([polygon]) & ~self._taken
        if int(mask.sum()) < LEAST_PIXELS:
            return None
        colour = median_inside(self._lab, mask)
        away, contrast = self._away(colour), self._contrast(mask, colour)
        if contrast < LEAST_CONTRAST or away >= min(SAME_COLOUR, contrast):
            return None
        stands_out = contrast > STANDS_OUT
        grown = self._grown(mask, colour, contrast) if stands_out else mask
        share = float(np.sqrt(float(grown.sum()))) / self._factor / self._usual
        rows, columns = np.nonzero(grown)
        height, width = grown.shape
        is_cut = min(rows.min(), columns.min(), height - 1 - rows.max(), width - 1 - columns.max()) <= 2
        least = SAME_SIZE[0] if is_four_sided else WHOLE_SIZE
        if is_cut and stands_out:
            least = CUT_SIZE
        if not least <= share <= SAME_SIZE[1]:
            return None
        return polygon if grown is mask else polygon_of_mask(grown, 1 / self._factor)

    def _side(self, polygon: Polygon) -> float:
        return float(np.sqrt(max(1.0, cv2.contourArea(np.array(polygon, np.float32)))))

    def _away(self, colour: NDArray[np.float64]) -> float:
        """Distance of a colour to the nearest sure note's."""
        return float(np.linalg.norm(self._colours - colour, axis=1).min())

    def _contrast(self, mask: NDArray[np.bool_], colour: NDArray[np.float64]) -> float:
        """Distance of a colour to the median of what is round its paper and no other known paper."""
        reach = max(3, int(0.12 * np.sqrt(float(mask.sum()))))
        ring = _wider(mask, reach) & ~_wider(mask, 2) & ~_wider(self._taken, 2)
        pixels = self._lab[ring]
        if len(pixels) < LEAST_PIXELS:
            return 0.0  # hemmed in: nothing tells it from its neighbours
        return float(np.linalg.norm(np.median(pixels, axis=0) - colour))

    def _grown(
        self, mask: NDArray[np.bool_], colour: NDArray[np.float64], contrast: float
    ) -> NDArray[np.bool_]:
        """All that hangs together with a piece of paper and has its colour; the piece itself if that strays."""
        distance = np.linalg.norm(self._lab - colour, axis=2)
        alike = (distance < min(0.5 * contrast, MOST_LIKE)) & ~self._taken
        kernel = np.ones((5, 5), np.uint8)
        # Closed over the ink, opened so that a thread of colour leads nowhere.
        closed = cv2.morphologyEx((alike | mask).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
        opened = cv2.morphologyEx(closed * (~self._taken).astype(np.uint8), cv2.MORPH_OPEN, kernel)
        count, parts = cv2.connectedComponents(opened)
        shared = np.bincount(parts[mask], minlength=count)
        shared[0] = 0
        part = int(shared.argmax())
        grown: NDArray[np.bool_] = parts == part
        if shared[part] <= 0.5 * mask.sum() or grown.sum() > MOST_GROWN * mask.sum():
            return mask
        return grown


def _wider(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    side = 2 * by + 1
    wide: NDArray[np.bool_] = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return wide
