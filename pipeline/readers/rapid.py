"""PP-OCRv6 (small) by way of RapidOCR: the reader of handwriting.

The engine's own parts are used one by one (text boxes, crops, recognition) because its call flags
stick from one call to the next, its word boxes come with wrong scores, and its batches pad each line to
the longest in company, so that a line would read differently in other company. Here every line is
padded to a width of its own kind, and words, confidences and alternatives come from the network's
probabilities (pipeline.readers.ctc). Weights: text boxes in the rapidocr wheel, Apache-2.0; lines in
pipeline/weights/note-reader.onnx, fine-tuned from the wheel's (MODEL_CARD.md).
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
import onnxruntime
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
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "note-reader.onnx"
LINE_HEIGHT = 48
"""Height in pixels of the lines that the network was trained on."""
WIDTH_STEP = 32
"""Lines are padded to a multiple of this many pixels, and to LEAST_WIDTH at least."""
LEAST_WIDTH = 160
MOST_WIDTH = 2400
BATCH = 8
PLAIN_BEAM = 12
NOTE_SIDE, CLOSE_SIDE, PRINT_SIDE = 208, 320, 480
"""Long sides at which lines are looked for: on notes, again on doubtful ones, and on everything else. They are read
from the picture as given."""
DOUBTFUL = 0.6
"""Mean confidence of the plain letters below which lines are looked for again, closer."""
SMALL_LINE = 18.0
"""Median height of the lines, in pixels of the first search, below which that may have missed some."""
FLIP_BELOW = 0.85
"""Mean probability of the letters below which a picture is also read upside down."""
TELLING_LINES = 3
CLEARLY_BETTER = 1.2
"""How much more the other way up must give: text stands as its note does, unless it clearly does not."""
REVISION = 5
"""Raised whenever this file or ctc.py changes what is read."""


@lru_cache(maxsize=1)
def _engine() -> rapidocr.RapidOCR:
    """One engine per process: loading takes longer than reading a note."""
    return rapidocr.RapidOCR(params=PARAMETERS)


@lru_cache(maxsize=1)
def _recogniser() -> onnxruntime.InferenceSession:
    """The engine's recogniser, fine-tuned on pen strokes (see MODEL_CARD.md), on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Lines of every length would each leave their room in the arena: 80 MB a worker, and no time is gained.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(WEIGHTS), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def _weights_digest() -> str:
    digest = hashlib.sha256()
    models = Path(rapidocr.__file__).parent / "models"
    for path in (*sorted(models.glob("PP-OCRv6_det_small.onnx")), WEIGHTS):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _alphabet() -> Alphabet:
    signs = _recogniser().get_modelmeta().custom_metadata_map["character"].split("\n")
    return Alphabet(["", *signs])


class RapidReader:
    """Finds the lines of handwriting on a picture and reads them."""

    name = "rapidocr"
    finds_direction = True
    """Its boxes' corners begin at the upper left of the text, whichever way up that stands."""

    def __init__(self) -> None:
        self.version = f"{version('rapidocr')} PP-OCRv6-small-notes"
        self.fingerprint = hashlib.sha256(
            repr(
                (
                    self.version,
                    version("onnxruntime"),
                    _weights_digest(),
                    sorted(PARAMETERS.items()),
                    (
                        LINE_HEIGHT,
                        WIDTH_STEP,
                        LEAST_WIDTH,
                        MOST_WIDTH,
                        NOTE_SIDE,
                        CLOSE_SIDE,
                        PRINT_SIDE,
                        WEIGHT,
                        REWARD,
                        REVISION,
                    ),
                    version("wordfreq"),
                )
            ).encode()
        ).hexdigest()[:16]

    def read(self, images: Sequence[RgbImage]) -> list[Reading]:
        """See pipeline.readers.Reader.read."""
        return [self._plain(quads, steps) for quads, steps in _looked_at(images, PRINT_SIDE)]

    def read_with(self, images: Sequence[RgbImage], language: str) -> list[tuple[Reading, Reading]]:
        """The plain reading, and one in which word frequencies weigh with what the network saw.

        For notes; they do best at a long side of 480 pixels. `language` is the workshop's; a note whose sure
        words are clearly of another language is helped by that one instead. The second reading's version
        names the language that helped.

        Large writing is found best from afar and small writing from near: where the first search leaves doubt,
        a closer one is made, and what gives more letters stays.
        """
        found = _looked_at(images, NOTE_SIDE)
        results = [self._both(quads, steps, language) for quads, steps in found]
        again = [
            index
            for index, (image, (quads, _)) in enumerate(zip(images, found, strict=True))
            if max(image.shape[:2]) > CLOSE_SIDE  # else it is a close view already
            and (_is_doubtful(results[index][0]) or _is_small(image, quads))
        ]
        closer = _looked_at([images[index] for index in again], CLOSE_SIDE)
        for index, (quads, steps) in zip(again, closer, strict=True):
            both = self._both(quads, steps, language)
            if both[1].letters_right >= results[index][1].letters_right - 1:
                results[index] = both
        return results

    def _both(self, quads: list[Quad], steps: list[Floats], language: str) -> tuple[Reading, Reading]:
        plain = self._plain(quads, steps)
        spoken = likely_language((word.text for word in plain.words if word.confidence >= 0.6), language)
        if not has_language(spoken):
            return plain, plain

        def model(word: str) -> float:
            return log_probability(word, spoken)

        helped = _lines(quads, [decode_with(one, _alphabet(), model) for one in steps])
        return plain, Reading(f"{self.name}+words", f"{self.version} {spoken}", helped)

    def _plain(self, quads: list[Quad], steps: list[Floats]) -> Reading:
        decoded = [decode(one, _alphabet(), width=PLAIN_BEAM) for one in steps]
        return Reading(self.name, self.version, _lines(quads, decoded))


def _is_doubtful(plain: Reading) -> bool:
    return plain.letters_right < DOUBTFUL * sum(len(word.text) for word in plain.words) or not plain.words


def _is_small(image: RgbImage, quads: Sequence[Quad]) -> bool:
    """Are most lines so low that the first search may have left some out?"""
    heights = [float(np.linalg.norm(quad[3] - quad[0])) for quad in quads]
    scale = min(1.0, NOTE_SIDE / max(image.shape[:2]))
    return bool(heights) and float(np.median(heights)) * scale < SMALL_LINE


def _looked_at(images: Sequence[RgbImage], side: int) -> list[tuple[list[Quad], list[Floats]]]:
    """For each picture its line boxes, corners as its text stands, and their probabilities.

    The lines of all pictures go in common batches. Doubtful ones are read the other way up too, in the same
    boxes: looking for them anew in a turned picture costs as much as all else together.
    """
    found = [directed(find_lines(image, side)) for image in images]
    read = _recognised(images, found)
    doubtful = [index for index, steps in enumerate(read) if steps and _certainty(steps) < FLIP_BELOW]
    tried = [_longest(found[index]) for index in doubtful]
    flipped = [
        [_reversed(found[index][at]) for at in places] for index, places in zip(doubtful, tried, strict=True)
    ]
    back = _recognised([images[index] for index in doubtful], flipped)
    stand = [
        index
        for index, places, steps in zip(doubtful, tried, back, strict=True)
        if _yield(steps) > CLEARLY_BETTER * _yield([read[index][at] for at in places])
    ]
    for index in stand:
        found[index] = [_reversed(quad) for quad in found[index]]
    again = _recognised([images[index] for index in stand], [found[index] for index in stand])
    for index, steps in zip(stand, again, strict=True):
        read[index] = steps
    return list(zip(found, read, strict=True))


def _recognised(images: Sequence[RgbImage], found: Sequence[Sequence[Quad]]) -> list[list[Floats]]:
    strips = [cut_line(image, quad) for image, quads in zip(images, found, strict=True) for quad in quads]
    steps = iter(recognise(strips))
    return [[next(steps) for _ in quads] for quads in found]


def directed(quads: Sequence[Quad]) -> list[Quad]:
    """The boxes with their corners as the text in them stands (from its upper left, clockwise).

    The engine names corners as the picture stands. Where most of what it found stands on end, the lines run down
    the note; a single high box among level ones is a letter or a figure, unless it is very high.
    """
    sides = [(float(np.linalg.norm(q[1] - q[0])), float(np.linalg.norm(q[3] - q[0]))) for q in quads]
    on_end = sum(down for along, down in sides if down >= 1.5 * along)
    level = sum(along for along, down in sides if down < 1.5 * along)
    bar = 1.5 if on_end > level else 3.0
    return [
        np.roll(quad, -1, axis=0) if down >= bar * along else quad
        for quad, (along, down) in zip(quads, sides, strict=True)
    ]


def _reversed(quad: Quad) -> Quad:
    return np.roll(quad, 2, axis=0)


def _longest(quads: Sequence[Quad]) -> list[int]:
    """The places of the longest boxes: enough to tell which way up a note is."""
    length = [float(np.linalg.norm(quad[1] - quad[0])) for quad in quads]
    return sorted(sorted(range(len(quads)), key=lambda at: (-length[at], at))[:TELLING_LINES])


def _letters(steps: Sequence[Floats]) -> list[float]:
    """The network's probability of each letter on the best paths."""
    chances: list[float] = []
    for one in steps:
        best = one.argmax(axis=1)
        starts = (best > 0) & (np.diff(best, prepend=0) != 0)
        chances += one.max(axis=1)[starts].tolist()
    return chances


def _yield(steps: Sequence[Floats]) -> float:
    return sum(_letters(steps))


def _certainty(steps: Sequence[Floats]) -> float:
    letters = _letters(steps)
    return sum(letters) / len(letters) if letters else 0.0


def find_lines(image: RgbImage, side: int) -> list[Quad]:
    """Where lines of text lie on a picture, searched at a long side of at most so many pixels: corners clockwise
    from the upper left, in the picture's own pixels."""
    height, width = image.shape[:2]
    if min(height, width) < 8:
        return []
    scale = min(1.0, side / max(height, width))
    small = image
    if scale < 1:
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    found = _engine()._load_det_model()(np.ascontiguousarray(small[:, :, ::-1]))
    if found.boxes is None:
        return []
    back = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
    return [np.asarray(box, np.float32) * back for box in found.boxes]


def cut_line(image: RgbImage, quad: Quad) -> RgbImage:
    """The quadrilateral straightened to a grey strip (three equal channels), LINE_HEIGHT pixels high."""
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
    ratio = strip.shape[1] / strip.shape[0]
    new_width = min(MOST_WIDTH, max(1, math.ceil(LINE_HEIGHT * ratio)))
    small = cv2.resize(strip, (new_width, LINE_HEIGHT))
    # Coloured paper is strange to a network brought up on documents: in grey it reads better.
    return np.repeat(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def recognise(strips: Sequence[RgbImage]) -> list[Floats]:
    """Probabilities (steps x accepted signs) for each strip, from cut_line; steps in the padding are cut off."""
    session = _recogniser()
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
            probabilities = session.run(None, {"x": batch})[0]
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
