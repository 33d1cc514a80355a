"""show: the whole photograph, small enough for a slide or a page and bare of metadata. Pure: pixels in, picture out.

It stays in the cache. What of it is published, and how, is the publishing's affair (see
pipeline.publish.photographs).
"""

from __future__ import annotations

import io

import cv2
from PIL import Image

from pipeline.model import Crop
from pipeline.photos import Pixels

VERSION = "1"
"""Changes whenever the same inputs may give another result: results kept under another version are made anew."""

LONG_SIDE = 1800
"""Enough for half a photograph to fill half a slide."""
_QUALITY = 80


def show(image: Pixels) -> Crop:
    """The upright photograph (RGB, height x width x 3, uint8) as a JPEG of at most LONG_SIDE pixels a side."""
    height, width = image.shape[:2]
    scale = LONG_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=_QUALITY)
    return Crop(buffer.getvalue(), image.shape[1], image.shape[0])
