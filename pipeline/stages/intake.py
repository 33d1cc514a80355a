"""Intake: a file's content becomes an accepted photograph, or a recorded refusal."""

from __future__ import annotations

import hashlib

from pipeline.model import Photo, Refusal
from pipeline.photos import Pixels, Upright, load_upright

VERSION = "2"


def intake(content: bytes, path: str) -> tuple[Photo, Pixels] | Refusal:
    """Decode the content of raw/<workshop>/`path`; pixels are upright uint8 RGB (height, width, 3)."""
    found: Upright | Refusal = load_upright(content, path)
    if isinstance(found, Refusal):
        return found
    height, width = found.pixels.shape[:2]
    photo = Photo(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        width=width,
        height=height,
        format=found.format,
    )
    return photo, found.pixels
