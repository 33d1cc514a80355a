"""Photographs and notes as pictures for the page; asked for by digest, never by path."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from pipeline.model import Photo, Polygon, Refusal
from pipeline.photos import Pixels, load_upright

PHOTO_SIDE = 2200
"""Long side in pixels of a photograph as the page shows it."""
NOTE_SIDE = 900


class Pictures:
    """Opens the photographs a record knows, upright and without metadata; keeps a few at hand."""

    def __init__(self, folder: Path, photos: Mapping[str, Photo]) -> None:
        self._folder = folder.resolve()
        self._photos = dict(photos)
        self._pixels: OrderedDict[str, Pixels] = OrderedDict()
        self._shown: OrderedDict[object, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def pixels(self, sha256: str) -> Pixels | None:
        """The upright photograph, RGB, full size; None where it is not there any more or not the same."""
        with self._lock:
            if sha256 in self._pixels:
                self._pixels.move_to_end(sha256)
                return self._pixels[sha256]
            photo = self._photos.get(sha256)
            content = self._content(photo) if photo else None
            found = load_upright(content, "") if content is not None else None
            if found is None or isinstance(found, Refusal):
                return None
            self._pixels[sha256] = found.pixels
            while len(self._pixels) > 3:
                self._pixels.popitem(last=False)
            return found.pixels

    def photo(self, sha256: str) -> bytes | None:
        """The photograph as a JPEG of at most PHOTO_SIDE pixels."""
        return self._kept(sha256, _jpeg)

    def note(self, sha256: str, polygon: Polygon, shape: str, turn: int) -> bytes | None:
        """One note, large, straightened and upright, as a JPEG."""
        from pipeline.straighten import encode_crop, straighten  # noqa: PLC0415  (OpenCV: the page opens without)

        def cut(pixels: Pixels) -> bytes | None:
            try:
                straight = straighten(pixels, polygon, shape, long_side=NOTE_SIDE)
            except ValueError:
                return None
            return encode_crop(straight, turn, NOTE_SIDE).jpeg

        return self._kept((sha256, polygon, shape, turn), cut)

    def _kept(self, key: object, make: object) -> bytes | None:
        with self._lock:
            if key in self._shown:
                self._shown.move_to_end(key)
                return self._shown[key]
        pixels = self.pixels(key[0] if isinstance(key, tuple) else str(key))
        made = make(pixels) if pixels is not None and callable(make) else None
        if isinstance(made, bytes):
            with self._lock:
                self._shown[key] = made
                while len(self._shown) > 200:
                    self._shown.popitem(last=False)
            return made
        return None

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
