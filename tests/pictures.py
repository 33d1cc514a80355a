"""Small made-up pictures for tests, in any format and with any fault."""

import io

import numpy as np
import pillow_heif
from PIL import Image

GPS_IFD = 0x8825
ORIENTATION = 0x0112
SERIAL_NUMBER = 0xA431

pillow_heif.register_heif_opener()


def gradient(width: int = 160, height: int = 120) -> Image.Image:
    """Dark at the left, light at the right; red patch in the upper left corner."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[...] = np.linspace(40, 220, width, dtype=np.uint8)[None, :, None]
    pixels[: height // 4, : width // 4] = (220, 20, 20)
    return Image.fromarray(pixels)


def encoded(
    picture: Image.Image, form: str = "JPEG", orientation: int | None = None, gps: bool = False
) -> bytes:
    """The picture as a file's content, with EXIF as phones write it."""
    exif = Image.Exif()
    if orientation:
        exif[ORIENTATION] = orientation
    if gps:
        exif[GPS_IFD] = {1: "N", 2: (53.0, 28.0, 0.0), 3: "W", 4: (2.0, 14.0, 0.0)}
        exif[0x010F] = "SECRETMAKER"
        exif[SERIAL_NUMBER] = "SERIAL12345"
    out = io.BytesIO()
    options = (
        {"exif": exif.tobytes()} if (orientation or gps) and form in ("JPEG", "PNG", "WEBP", "HEIF") else {}
    )
    if form in ("JPEG", "HEIF"):
        options["quality"] = 95
    picture.save(out, form, **options)
    return out.getvalue()
