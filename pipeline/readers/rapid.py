"""PP-OCRv6 (small) by way of RapidOCR: the reader of handwriting.

The engine's own parts are used one by one (text boxes, crops, recognition) because its call flags
stick from one call to the next, its word boxes come with wrong scores, and its batches pad each line to
the longest in company, so that a line would read differently in other company. Here every line is
padded to a width of its own kind, and words, confidences and alternatives come from the network's
probabilities (pipeline.readers.ctc). Weights: in the rapidocr wheel, Apache-2.0.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapidocr
from numpy.typing import NDArray

from pipeline.lexicon import has_language, likely_language, log_probability
from pipeline.model import Line, Point, Reading, Word
from pipeline.readers import RgbImage
from pipeline.readers.ctc import REWARD, WEIGHT, Alphabet, DecodedWord, Floats, decode, decode_with
from pipeline.readers.layout import Quad, arrange

PARAMETERS: dict[str, Any] = {
    "Global.text_score": 0.3,
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Det.limit_side_len": 480,
    "Det.limit_type": "max",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
LINE_HEIGHT = 48
"""Height in pixels of the lines that the network was trained on."""
WIDTH_STEP = 80
"""Lines are padded to a multiple of this many pixels, and to LEAST_WIDTH at least."""
LEAST_WIDTH = 320
MOST_WIDTH = 2400
BATCH = 8
REVISION = 2
"""Raised whenever this file or ctc.py changes what is read."""


@lru_cache(maxsize=1)
def _engine() -> rapidocr.RapidOCR:
    """One engine per process: loading takes longer than reading a note."""
    return rapidocr.RapidOCR(params=PARAMETERS)


@lru_cache(maxsize=1)
def _weights_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted((Path(rapidocr.__file__).parent / "models").glob("PP-OCRv6_*_small.onnx")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _alphabet() -> Alphabet:
    return Alphabet(_engine()._load_rec_model().postprocess_op.character)


class RapidReader:
    """Finds the lines of handwriting on a picture and reads them."""

    name = "rapidocr"

    def __init__(self) -> None:
        self.version = f"{version('rapidocr')} PP-OCRv6-small"
        self.fingerprint = hashlib.sha256(
            repr(
                (
                    self.version,
                    version("onnxruntime"),
                    _weights_digest(),
                    sorted(PARAMETERS.items()),
                    (LINE_HEIGHT, WIDTH_STEP, LEAST_WIDTH, MOST_WIDTH, WEIGHT, REWARD, REVISION),
                    version("wordfreq"),
                )
            ).encode()
        ).hexdigest()[:16]

    def read(self, images: Sequence[RgbImage]) -> list[Reading]:
        """See pipeline.readers.Reader.read. Pictures of notes do best at a long side of 360 to 480 pixels."""
        return [self._plain(quads, steps) for quads, steps in _looked_at(images)]

    def read_with(self, images: Sequence[RgbImage], language: str) -> list[tuple[Reading, Reading]]:
        """The plain reading, and one in which word frequencies weigh with what the network saw.

        `language` is the workshop's; a note whose sure words are clearly of another language is helped
        by that one instead. The second reading's version names the language that helped. Each picture
        goes through the networks once.
        """
        results = []
        for quads, steps in _looked_at(images):
            plain = self._plain(quads, steps)
            spoken = likely_language((word.text for word in plain.words if word.confidence >= 0.6), language)
            if not has_language(spoken):
                results.append((plain, plain))
                continue

            def model(word: str, spoken: str = spoken) -> float:
                return log_probability(word, spoken)

            helped = _lines(quads, [decode_with(one, _alphabet(), model) for one in steps])
            results.append((plain, Reading(f"{self.name}+words", f"{self.version} {spoken}", helped)))
        return results

    def _plain(self, quads: list[Quad], steps: list[Floats]) -> Reading:
        decoded = [decode(one, _alphabet()) for one in steps]
        return Reading(self.name, self.version, _lines(quads, decoded))


def _looked_at(images: Sequence[RgbImage]) -> list[tuple[list[Quad], list[Floats]]]:
    """For each picture its line boxes and their probabilities; the lines of all pictures go in common batches."""
    quads = [find_lines(image) for image in images]
    strips = [cut_line(image, quad) for image, found in zip(images, quads, strict=True) for quad in found]
    steps = iter(recognise(strips))
    return [(found, [next(steps) for _ in found]) for found in quads]


def find_lines(image: RgbImage) -> list[Quad]:
    """Where lines of text lie on a picture: corners clockwise from the upper left, in its pixels."""
    height, width = image.shape[:2]
    if min(height, width) < 8:
        return []
    found = _engine()._load_det_model()(np.ascontiguousarray(image[:, :, ::-1]))
    if found.boxes is None:
        return []
    return [np.asarray(box, np.float32) for box in found.boxes]


def cut_line(image: RgbImage, quad: Quad) -> RgbImage:
    """The quadrilateral straightened to a grey strip (three equal channels), LINE_HEIGHT pixels high.

    A much higher than wide one is turned a quarter to the left, as the network's makers do.
    """
    width = max(1.0, float(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))))
    height = max(1.0, float(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    strip = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(quad.astype(np.float32), corners),
        (max(1, int(width)), max(1, int(height))),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    if strip.shape[0] >= 1.5 * strip.shape[1]:
        strip = np.rot90(strip)
    ratio = strip.shape[1] / strip.shape[0]
    new_width = min(MOST_WIDTH, max(1, math.ceil(LINE_HEIGHT * ratio)))
    small = cv2.resize(strip, (new_width, LINE_HEIGHT))
    # Coloured paper is strange to a network brought up on documents: in grey it reads better.
    return np.repeat(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def recognise(strips: Sequence[RgbImage]) -> list[Floats]:
    """Probabilities (steps x accepted signs) for each strip, from cut_line; steps in the padding are cut off."""
    session = _engine()._load_rec_model().session
    by_width: dict[int, list[int]] = defaultdict(list)
    for index, strip in enumerate(strips):
        padded = max(LEAST_WIDTH, WIDTH_STEP * math.ceil(strip.shape[1] / WIDTH_STEP))
        by_width[padded].append(index)
    results: list[Floats | None] = [None] * len(strips)
    for padded in sorted(by_width):
        members = by_width[padded]
        for start in range(0, len(members), BATCH):
            chunk = members[start : start + BATCH]
            batch = np.zeros((len(chunk), 3, LINE_HEIGHT, padded), np.float32)
            for row, index in enumerate(chunk):
                strip = strips[index][:, :, ::-1]
                batch[row, :, :, : strip.shape[1]] = strip.transpose(2, 0, 1) / np.float32(127.5) - 1
            probabilities = session(batch)
            for row, index in enumerate(chunk):
                steps: NDArray[np.float32] = probabilities[row]
                used = min(len(steps), math.ceil(len(steps) * strips[index].shape[1] / padded) + 1)
                results[index] = _alphabet().select(steps[:used])
    return [result for result in results if result is not None]


def _lines(quads: list[Quad], decoded: list[list[DecodedWord]]) -> tuple[Line, ...]:
    lines = []
    for row in arrange(quads):
        words = tuple(
            Word(word.text, word.confidence, _word_box(quads[index], word, decoded[index]), word.alternatives)
            for index in row
            for word in decoded[index]
        )
        if words:
            lines.append(Line(words))
    return tuple(lines)


def _word_box(quad: Quad, word: DecodedWord, line: list[DecodedWord]) -> tuple[Point, ...]:
    """The word's part of its line's box, in proportion to its steps; gaps are halved between neighbours.

    The network's steps mark where a letter was recognised, not how wide it is: the outer words reach
    to the ends of the line's box.
    """
    total = max(line[-1].last, 1)
    place = line.index(word)
    left = 0.0 if place == 0 else (line[place - 1].last + word.first) / 2 / total
    right = 1.0 if place == len(line) - 1 else (word.last + line[place + 1].first) / 2 / total
    corners = (
        quad[0] + (quad[1] - quad[0]) * left,
        quad[0] + (quad[1] - quad[0]) * right,
        quad[3] + (quad[2] - quad[3]) * right,
        quad[3] + (quad[2] - quad[3]) * left,
    )
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in corners)
