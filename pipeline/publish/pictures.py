"""Pictures of notes as they are published: small enough for a page, and bare of metadata."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping

from PIL import Image

from pipeline.model import Crop

LONGEST = 480
"""Long side of a published crop in pixels: sharp at the size shown, on dense screens and in print."""
LONGEST_OF_MANY = 240
MANY = 800
"""Of more notes than this the pictures are made smaller, so that the page still opens on a phone."""
QUALITY = 82


class Publishable(dict[str, Crop]):
    """Pictures as they may be published, at most `longest` pixels a side: nothing is left to do to them."""

    longest = 0


def publishable(
    crops: Mapping[str, Crop], note_ids: Iterable[str], *, longest: int | None = None
) -> dict[str, Crop]:
    """The pictures of the given notes as they may be published, by note id, in the notes' order.

    Bare of metadata, and smaller where there are very many, unless `longest` says how long at most.
    Doing it twice changes nothing, and costs nothing.
    """
    wanted = [note_id for note_id in note_ids if note_id in crops]
    longest = longest or (LONGEST if len(wanted) <= MANY else LONGEST_OF_MANY)
    if isinstance(crops, Publishable) and crops.longest <= longest and list(crops) == wanted:
        return crops
    found = Publishable((note_id, published(crops[note_id], longest)) for note_id in wanted)
    found.longest = longest
    return found


def published(crop: Crop, longest: int = LONGEST) -> Crop:
    """The crop as it may be published: JPEG, at most `longest` pixels a side, no metadata at all.

    A crop that is small enough keeps its pixels untouched; only its metadata segments (EXIF, XMP,
    comments, thumbnails) are cut away, in case whoever made it left any. Raises ValueError when
    the bytes are no JPEG.
    """
    if max(crop.width, crop.height) <= longest:
        bare = without_metadata(crop.jpeg)
        return crop if bare is crop.jpeg else Crop(bare, crop.width, crop.height)
    without_metadata(crop.jpeg)  # says so where the bytes are no JPEG
    with Image.open(io.BytesIO(crop.jpeg)) as picture:
        scale = longest / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture.draft("RGB", size)  # lets the JPEG decoder do most of the reduction
        small = picture.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return Crop(without_metadata(buffer.getvalue()), *size)  # Pillow hands comments on


def without_metadata(jpeg: bytes) -> bytes:
    """A JPEG without its APP1-APP15 and comment segments; the picture's own data is not touched.

    JFIF (APP0) stays, and so does Adobe's APP14, which says how colours are coded. Raises
    ValueError when the bytes are no JPEG.
    """
    if jpeg[:2] != b"\xff\xd8":
        raise ValueError("a crop must be a JPEG; these bytes are not")
    kept = [jpeg[:2]]
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xDA:  # from the start of scan on it is picture
            break
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        is_metadata = marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)
        if not is_metadata:
            kept.append(jpeg[at:end])
        at = end
    whole = sum(map(len, kept)) == at  # most are bare already: no need to copy them
    return jpeg if whole else b"".join(kept) + jpeg[at:]


def data_uri(crop: Crop) -> tuple[bytes, bytes]:
    """The picture as a `data:` address, to stand inside one self-contained page: its head, and its long rest."""
    return b"data:image/jpeg;base64,", base64.b64encode(crop.jpeg)
