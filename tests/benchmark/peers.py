"""What a user would pick instead: RapidOCR or Tesseract on the whole photograph, and finding notes by colour."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray
from rapidocr import RapidOCR

from pipeline.photos import Upright, load_upright
from tests.benchmark.peers_detect import hsv_detector
from tests.benchmark.runs import Predictions

Pixels = NDArray[np.uint8]
Notes = list[dict[str, Any]]


def rapidocr_whole() -> Callable[[Pixels], Notes]:
    """RapidOCR with its defaults on the whole photograph; lines that stand close together count as one note."""
    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def find(pixels: Pixels) -> Notes:
        found = engine(pixels[..., ::-1], use_det=True, use_cls=True, use_rec=True)
        if found.boxes is None:
            return []
        return _blocks([np.asarray(box) for box in found.boxes], list(found.txts))

    return find


def tesseract_whole() -> Callable[[Pixels], Notes]:
    """Tesseract with its defaults on the whole photograph; its own text blocks count as notes."""

    def find(pixels: Pixels) -> Notes:
        table = pytesseract.image_to_data(pixels, output_type=pytesseract.Output.DICT)
        blocks: dict[int, list[int]] = {}
        for number, text in enumerate(table["text"]):
            if text.strip() and float(table["conf"][number]) >= 0:
                blocks.setdefault(table["block_num"][number], []).append(number)
        notes: Notes = []
        for members in blocks.values():
            boxes = [[table[key][n] for key in ("left", "top", "width", "height")] for n in members]
            x0, y0 = min(b[0] for b in boxes), min(b[1] for b in boxes)
            x1, y1 = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
            text = " ".join(table["text"][n] for n in members)
            notes.append(_note([x0, y0, x1, y1], text))
        return notes

    return find


def colour_ranges() -> Callable[[Pixels], Notes]:
    """Notes by HSV colour ranges and shape rules, as the usual open-source digitiser finds them; reads nothing."""

    def find(pixels: Pixels) -> Notes:
        return [
            {
                "polygon": [[float(x), float(y)] for x, y in polygon],
                "shape": "square",
                "text": "",
                "status": "illegible",
            }
            for polygon in hsv_detector(pixels)
        ]

    return find


def peer_run(name: str, find: Callable[[Pixels], Notes], photos: list[Path]) -> Predictions:
    """One peer over all photographs, one thread, timed without loading the engine."""
    cv2.setNumThreads(1)
    by_photo: dict[str, dict[str, Any]] = {}
    seconds = 0.0
    for photo in photos:
        start = time.perf_counter()
        upright = load_upright(photo.read_bytes(), photo.name)
        if not isinstance(upright, Upright):
            continue
        by_photo[photo.stem] = {"notes": find(upright.pixels)}
        seconds += time.perf_counter() - start
    # A peer runs in this process, beside everything else: its own memory cannot be told apart here.
    return Predictions(name, by_photo, seconds / max(len(by_photo), 1), None)


def _note(box: list[float], text: str) -> dict[str, Any]:
    return {"bbox": box, "shape": "square", "text": text, "status": "legible", "principle": None}


def _blocks(boxes: list[NDArray[Any]], texts: list[str]) -> Notes:
    """Join lines whose boxes, grown by half a line's height, touch."""
    frames = []
    for box in boxes:
        (x0, y0), (x1, y1) = box.min(axis=0), box.max(axis=0)
        grow = (y1 - y0) / 2
        frames.append((x0 - grow, y0 - grow, x1 + grow, y1 + grow, x0, y0, x1, y1))
    group = list(range(len(frames)))

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for i, a in enumerate(frames):
        for j, b in enumerate(frames[:i]):
            if a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]:
                group[root(i)] = root(j)
    members: dict[int, list[int]] = {}
    for number in range(len(frames)):
        members.setdefault(root(number), []).append(number)
    notes: Notes = []
    for numbers in members.values():
        numbers.sort(key=lambda n: frames[n][5])
        x0, y0 = min(frames[n][4] for n in numbers), min(frames[n][5] for n in numbers)
        x1, y1 = max(frames[n][6] for n in numbers), max(frames[n][7] for n in numbers)
        notes.append(_note([float(x0), float(y0), float(x1), float(y1)], " ".join(texts[n] for n in numbers)))
    return notes
