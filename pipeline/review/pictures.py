"""Photographs and notes as pictures for the page; asked for by digest, never by path."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from PIL import Image

from pipeline.model import Photo, Polygon, Refusal, bounding_box
from pipeline.photos import Pixels, load_upright, turned

PHOTO_SIDE = 2200
"""Long side in pixels of a photograph as the page shows it."""
NOTE_SIDE = 720
SMALLEST_SIDE = 400
"""Long side in pixels of a note's picture: as in the photograph, between these two. More is only slower."""

T = TypeVar("T")


class _Kept(Generic[T]):
    """What was used last, up to a number of bytes; every method may be called from any thread."""

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._most = most
        self._size = size
        self._sum = 0
        self._things: OrderedDict[object, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> T | None:
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def put(self, key: object, thing: T) -> None:
        with self._lock:
            if key in self._things:
                return
            self._things[key] = thing
            self._sum += self._size(thing)
            while self._sum > self._most and len(self._things) > 1:
                _, oldest = self._things.popitem(last=False)
                self._sum -= self._size(oldest)


class Pictures:
    """Opens the photographs a record knows, upright and without metadata; keeps what was used last at hand."""

    def __init__(self, folder: Path, photos: Mapping[str, Photo]) -> None:
        self._folder = folder.resolve()
        self._photos = dict(photos)
        self._pixels: _Kept[Pixels] = _Kept(256_000_000, lambda pixels: pixels.nbytes)
        self._shown: dict[bool, _Kept[bytes]] = {
            True: _Kept(192_000_000, len),  # photographs
            False: _Kept(64_000_000, len),  # notes
        }
        self._opening = threading.Lock()

    def pixels(self, sha256: str) -> Pixels | None:
        """The upright photograph, RGB, full size; None where it is not there any more or not the same."""
        kept = self._pixels.get(sha256)
        if kept is not None:
            return kept
        with self._opening:  # one after the other: each takes much memory while it is opened
            kept = self._pixels.get(sha256)
            if kept is not None:
                return kept
            photo = self._photos.get(sha256)
            content = self._content(photo) if photo else None
            found = load_upright(content, "") if content is not None else None
            if found is None or isinstance(found, Refusal):
                return None
            pixels = turned(found.pixels, photo.turn if photo else 0)
            self._pixels.put(sha256, pixels)
            return pixels

    def photo(self, sha256: str) -> bytes | None:
        """The photograph as a JPEG of at most PHOTO_SIDE pixels."""
        return self._made(sha256, sha256, _jpeg)

    def note(self, sha256: str, polygon: Polygon, shape: str, turn: int) -> bytes | None:
        """One note, large, straightened and upright, as a JPEG."""
        from pipeline.straighten import encode_crop, straighten  # noqa: PLC0415  (heavy; the page comes first)

        _, _, width, height = bounding_box(polygon)
        side = round(min(NOTE_SIDE, max(SMALLEST_SIDE, width, height)))

        def cut(pixels: Pixels) -> bytes | None:
            try:
                straight = straighten(pixels, polygon, shape, long_side=side)
            except ValueError:
                return None
            return encode_crop(straight, turn, side).jpeg

        return self._made((sha256, polygon, shape, turn), sha256, cut)

    def _made(self, key: object, sha256: str, make: Callable[[Pixels], bytes | None]) -> bytes | None:
        kept = self._shown[key == sha256]
        found = kept.get(key)
        if found is None and (pixels := self.pixels(sha256)) is not None:
            found = make(pixels)
            if found is not None:
                kept.put(key, found)
        return found

    def _content(self, photo: Photo) -> bytes | None:
        """The file's bytes, if it lies in the workshop's folder and is what the record says it is."""
        file = (self._folder / photo.path).resolve()
        if not file.is_relative_to(self._folder):
            return None
        try:
            content = file.read_bytes()
        except OSError:
            return self._moved(photo)
        return content if hashlib.sha256(content).hexdigest() == photo.sha256 else self._moved(photo)

    def _moved(self, photo: Photo) -> bytes | None:
        """The same photograph under another name: looked for by its digest among files of its ending."""
        ending = Path(photo.path).suffix.lower()
        for file in sorted(self._folder.rglob("*")):
            is_candidate = file.suffix.lower() == ending and file.is_file()
            if not is_candidate or not file.resolve().is_relative_to(self._folder):
                continue
            try:
                content = file.read_bytes()
            except OSError:
                continue
            if hashlib.sha256(content).hexdigest() == photo.sha256:
                return content
        return None


def _jpeg(pixels: Pixels) -> bytes:
    picture = Image.fromarray(pixels)
    picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
