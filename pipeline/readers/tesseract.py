"""Tesseract by way of pytesseract: the reader of printed headings. Weak on handwriting, strong on print."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline.model import Line, Reading, Word
from pipeline.readers import ReaderError, RgbImage

_IS_HIDDEN = "pandas" not in sys.modules
if _IS_HIDDEN:
    # pytesseract imports pandas where that is, and does without where it is not. No table is asked of it here, and
    # it would take every process a fifth of a second.
    sys.modules["pandas"] = None  # type: ignore[assignment]
try:
    import pytesseract
finally:
    if _IS_HIDDEN:
        del sys.modules["pandas"]

# One thread per process: with more, several processes on one machine get in each other's way.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

PAGE_MODE = 6
"""One uniform block of text, which a heading card is."""
SECONDS_AN_IMAGE = 30
MISSING = (
    "the program tesseract is not installed; on Debian or Ubuntu: apt-get install tesseract-ocr, "
    "on macOS: brew install tesseract"
)


class TesseractReader:
    """Reads print. Opening it raises ReaderError where the program or the language is missing."""

    name = "tesseract"

    def __init__(self, language: str = "eng") -> None:
        try:
            self.version = str(pytesseract.get_tesseract_version())
            known = pytesseract.get_languages(config="")
        except (pytesseract.TesseractNotFoundError, OSError, SystemExit) as error:
            raise ReaderError(MISSING) from error
        if language not in known:
            raise ReaderError(
                f"tesseract has no language data for {language!r}; on Debian or Ubuntu: "
                f"apt-get install tesseract-ocr-{language}, on macOS: brew install tesseract-lang"
            )
        self.language = language
        self.fingerprint = hashlib.sha256(
            repr(
                (
                    self.version,
                    package_version("pytesseract"),
                    language,
                    PAGE_MODE,
                    _data_digest(language),
                )
            ).encode()
        ).hexdigest()[:16]

    def read(self, images: Sequence[RgbImage]) -> list[Reading]:
        """See pipeline.readers.Reader.read."""
        return [Reading(self.name, self.version, self._lines(image)) for image in images]

    def _lines(self, image: RgbImage) -> tuple[Line, ...]:
        if min(image.shape[:2]) < 8:
            return ()
        data: dict[str, list[Any]] = pytesseract.image_to_data(
            Image.fromarray(np.ascontiguousarray(image)),
            lang=self.language,
            config=f"--psm {PAGE_MODE}",
            output_type=pytesseract.Output.DICT,
            timeout=SECONDS_AN_IMAGE,
        )
        rows: dict[tuple[int, int, int], list[Word]] = {}
        for index, text in enumerate(data["text"]):
            confidence = float(data["conf"][index])
            letters = "".join(sign for sign in str(text) if sign.isprintable() and not sign.isspace())
            if confidence < 0 or not letters:
                continue
            left, top = float(data["left"][index]), float(data["top"][index])
            right, bottom = left + float(data["width"][index]), top + float(data["height"][index])
            place = (data["block_num"][index], data["par_num"][index], data["line_num"][index])
            rows.setdefault(place, []).append(
                Word(
                    letters,
                    round(min(1.0, confidence / 100), 4),
                    ((left, top), (right, top), (right, bottom), (left, bottom)),
                )
            )
        return tuple(Line(tuple(rows[place])) for place in sorted(rows))


def _data_digest(language: str) -> str:
    """A digest of the language data where it can be found, for two builds may differ under one version."""
    folders = [os.environ.get("TESSDATA_PREFIX", ""), "/usr/share/tesseract-ocr/5/tessdata",
               "/usr/share/tessdata", "/opt/homebrew/share/tessdata", "/usr/local/share/tessdata"]  # fmt: skip
    for folder in filter(None, folders):
        path = Path(folder) / f"{language}.traineddata"
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
    return "unknown"
