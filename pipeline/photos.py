"""The one door through which pixels enter: upright, RGB, and without anything else a file may carry."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from pipeline.model import Refusal

Pixels = NDArray[np.uint8]

MAX_PIXELS: Final = 150_000_000
"""A little above the largest phone camera; more is taken for a decompression bomb."""
MIN_SIDE: Final = 64
"""A picture with a shorter side cannot hold a readable note, in pixels."""
FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "HEIF", "AVIF", "MPO", "BMP", "GIF")
_ONE_PICTURE_A_FILE: Final = ("TIFF",)
_GREYS: Final = ("I", "I;16", "I;16B", "I;16L", "F")
_BAND_ROWS: Final = 512

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Upright:
    """An upright photograph: `pixels` are uint8 RGB of shape (height, width, 3)."""

    pixels: Pixels
    format: str


def load_upright(content: bytes, path: str) -> Upright | Refusal:
    """Decode a photograph and turn it upright once; `path` only names it in a refusal.

    The format is told by the content, never by the name. Orientation is applied exactly once
    (pillow-heif has already turned HEIC pictures and says so); transparency is laid on white; all
    metadata is left behind. A bad file is refused, and the refusal says what is wrong with it; raises only
    MemoryError, which says something of the machine and nothing of the file.
    """
    # Other libraries switch this for the whole process (what draws PDFs does), and a picture that is cut
    # short would then come in half grey and unnoticed.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if not content:
        return Refusal(path, "empty", "The file is empty.", "Copy it again from the camera.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)
            with Image.open(io.BytesIO(content), formats=None) as picture:
                return _decoded(picture, path)
    except UnidentifiedImageError:
        return Refusal(
            path,
            "not_an_image",
            "The content is not a picture in a format that can be read.",
            "JPEG, PNG, TIFF, WebP and HEIC are read; take other files out of the folder.",
        )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _too_large(path)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on damaged files; all mean this
        return Refusal(
            path,
            "damaged",
            f"The picture is cut short or broken ({type(error).__name__}: {str(error)[:120]}).",
            "Copy it again from the camera, or save it anew with a picture viewer.",
        )


def turned(pixels: Pixels, degrees: int) -> Pixels:
    """A picture turned clockwise by `degrees`, a multiple of 90."""
    return np.ascontiguousarray(np.rot90(pixels, -degrees // 90 % 4)) if degrees % 360 else pixels


def _too_large(path: str) -> Refusal:
    return Refusal(
        path,
        "too_large",
        f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.",
        "Save a smaller copy of it.",
    )


def _decoded(picture: Image.Image, path: str) -> Upright | Refusal:
    name = picture.format or ""
    if name not in FORMATS:
        return Refusal(path, "not_an_image", f"{name} files are not read.", "Save it as JPEG or PNG.")
    width, height = picture.size
    if width * height > MAX_PIXELS:
        return _too_large(path)
    if min(width, height) < MIN_SIDE:
        return Refusal(
            path,
            "too_small",
            f"The picture has only {width} × {height} pixels.",
            "Use the original photograph, not a thumbnail.",
        )
    pages = getattr(picture, "n_frames", 1)
    if name in _ONE_PICTURE_A_FILE and pages > 1:
        return Refusal(
            path,
            "not_an_image",
            f"The file holds {pages} pictures, and only one a file is read.",
            "Save each page as a picture of its own.",
        )
    # Draft mode is not used: crops need every pixel. Loading here makes a truncated file fail now.
    picture.load()
    # In place: at a phone's resolution every further copy is 50 MB more at the same moment.
    ImageOps.exif_transpose(picture, in_place=True)
    return Upright(pixels=_rgb(picture), format="JPEG" if name == "MPO" else name)


def _rgb(picture: Image.Image) -> Pixels:
    """Band by band: laying a large transparent picture on white at once takes five times its size in memory."""
    width, height = picture.size
    bands = [(0, top, width, min(top + _BAND_ROWS, height)) for top in range(0, height, _BAND_ROWS)]
    scale = 255.0
    if picture.mode in _GREYS:
        brightest = max(float(np.asarray(picture.crop(band)).max(initial=0)) for band in bands)
        scale = 65535.0 if brightest > 255 else 255.0
    pixels = np.empty((height, width, 3), np.uint8)
    for band in bands:
        pixels[band[1] : band[3]] = _band_rgb(picture.crop(band), scale)
    return pixels


def _band_rgb(picture: Image.Image, scale: float) -> Pixels:
    if picture.mode in _GREYS:
        values = np.asarray(picture, dtype=np.float64)
        grey = np.clip(values / scale * 255.0, 0, 255).astype(np.uint8)
        return np.stack([grey] * 3, axis=-1)
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        ground = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(ground, with_alpha)
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)
