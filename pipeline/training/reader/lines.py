"""Training lines: pen strokes and open fonts drawn as felt tip or biro on paper, photographed in software.

Strokes: `words.parquet` and `lines.parquet` of the UNIPEN cut (CC BY 4.0), writers of its `train` split only.
Fonts: woff files of `@fontsource/*` packages (SIL Open Font License 1.1), so that print and languages other than
English are not forgotten. A line comes out as the reading stage hands it to the network: grey, 48 pixels high.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from wordfreq import top_n_list

HEIGHT = 48
WIDEST = 640
X_HEIGHT = 40.0
"""Units of the stored strokes to one x-height of the writer."""
LANGUAGES = ("en", "en", "de", "nl", "da", "fr", "es", "it")
"""Languages of the lines drawn from fonts; English twice."""
NO_BASELINE = frozenset("gjpqyQ,;|[](){}/$@")
ASCENDING = frozenset("bdfhklti0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ!?&%#/()[]{}|'\"")
FONT_SHARE = 0.25
CAPITALS_SHARE = 0.15
"""Of the lines drawn from strokes, how many are in capitals besides those that come up anyway: UNIPEN has few, notes
have many."""
LINE_WEIGHT = 3.0
"""How much a stored line counts beside a word."""
STYLES = {"PRINTED": 4.0, "MIXED": 1.5, "": 1.5, "CURSIVE": 0.5}
"""How much a sample counts by its style: people print on notes."""
PRINT = (
    "anton", "bangers", "bebas", "lato", "merriweather", "montserrat", "open-sans", "oswald", "playfair", "poppins",
    "raleway", "roboto",
)  # fmt: skip
"""Beginnings of the names of fonts that nobody writes like: drawn seldom, so that print is not forgotten."""
PRINT_SHARE = 0.3
Grey = NDArray[np.uint8]
Rng = np.random.Generator
Stroke = NDArray[np.float64]
"""Points x 2, in units of the writer's x-height / 40, y down."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A word or line as it was written: its label and its strokes."""

    label: str
    strokes: tuple[Stroke, ...]
    is_line: bool
    weight: float = 1.0


def _is_capitals(label: str) -> bool:
    return label.isupper() and sum(sign.isalpha() for sign in label) > 1


class _Pool:
    """Samples by writer with their chances."""

    def __init__(self, by_writer: dict[str, list[Sample]]) -> None:
        self.samples = [by_writer[writer] for writer in sorted(by_writer)]
        # The square root lies between writers alike and samples alike.
        total = np.sqrt([sum(sample.weight for sample in some) for some in self.samples])
        self.writers = total / total.sum()
        weights = [np.array([sample.weight for sample in some]) for some in self.samples]
        self.chances = [one / one.sum() for one in weights]

    def writer(self, rng: Rng) -> tuple[list[Sample], NDArray[np.float64]]:
        """One writer's samples and how often each is to be drawn."""
        at = int(rng.choice(len(self.samples), p=self.writers))
        return self.samples[at], self.chances[at]


class Strokes:
    """UNIPEN samples by writer, so that one who wrote much does not outweigh the others."""

    def __init__(self, folder: Path, split: str = "train") -> None:
        self.by_writer: dict[str, list[Sample]] = {}
        for name in ("words", "lines"):
            columns = ["label", "writer", "style", "split", "case_suspect", "strokes"]
            for batch in pq.ParquetFile(folder / f"{name}.parquet").iter_batches(4096, columns=columns):
                for row in batch.to_pylist():
                    if row["split"] != split or row["case_suspect"]:
                        continue
                    strokes = tuple(np.asarray(s, np.float64).reshape(-1, 2) for s in row["strokes"] if s)
                    if strokes:
                        weight = STYLES[row["style"]] * (LINE_WEIGHT if name == "lines" else 1.0)
                        sample = Sample(row["label"], strokes, name == "lines", weight)
                        self.by_writer.setdefault(row["writer"], []).append(sample)
        self.everything = _Pool(self.by_writer)
        capitals = {
            writer: [sample for sample in samples if _is_capitals(sample.label)]
            for writer, samples in self.by_writer.items()
        }
        self.capitals = _Pool({writer: samples for writer, samples in capitals.items() if samples})

    def draw(self, rng: Rng) -> tuple[str, list[Stroke]]:
        """A line of one writer: a stored one, or one to four words side by side."""
        pool = self.capitals if rng.random() < CAPITALS_SHARE else self.everything
        samples, chances = pool.writer(rng)
        first = samples[int(rng.choice(len(samples), p=chances))]
        if first.is_line:
            return first.label, list(first.strokes)
        chosen = [first]
        wanted = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.35, 0.25, 0.1]))
        while len(chosen) < wanted:
            other = samples[int(rng.choice(len(samples), p=chances))]
            if not other.is_line:
                chosen.append(other)
            elif rng.random() < 0.5:
                break
        strokes: list[Stroke] = []
        right = 0.0
        for sample in chosen:
            points = np.concatenate(sample.strokes)
            place = np.array([right - points[:, 0].min(), -_baseline(sample) + rng.normal(0, 2.5)])
            strokes += [stroke + place for stroke in sample.strokes]
            right += float(np.ptp(points[:, 0])) + X_HEIGHT * float(rng.uniform(0.6, 1.6))
        return " ".join(sample.label for sample in chosen), strokes


def _baseline(sample: Sample) -> float:
    """Where the line lies under a word whose ink alone is stored (0 = its top)."""
    height = float(np.concatenate(sample.strokes)[:, 1].max())
    if not NO_BASELINE & set(sample.label):
        return height
    return height * (0.68 if ASCENDING & set(sample.label) else 0.58)


class Fonts:
    """Lines of frequent words of several languages in open fonts, as masks."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.rglob("*-latin-[34]00-normal.woff"))
        if not files:
            raise FileNotFoundError(f"no fonts in {folder}")
        self.print = [file for file in files if file.name.startswith(PRINT)]
        self.hands = [file for file in files if file not in self.print] or self.print
        self.words = {language: top_n_list(language, 12000) for language in set(LANGUAGES)}

    def draw(self, rng: Rng) -> tuple[str, Grey]:
        """Label and mask (255 = ink), 72 pixels to the em."""
        words = self.words[LANGUAGES[int(rng.integers(len(LANGUAGES)))]]
        count = int(rng.integers(1, 5))
        # Common words more often, as in running text, but rare ones too.
        picked = [words[int(len(words) * rng.random() ** 2.5)] for _ in range(count)]
        text = " ".join(picked)
        if rng.random() < 0.2:
            text += " " + str(int(rng.integers(0, 2100)))
        style = rng.random()
        text = text.upper() if style < 0.35 else text[:1].upper() + text[1:] if style < 0.6 else text
        text += str(rng.choice(["", "", "", ".", "!", "?", ","]))
        files = self.print if self.print and rng.random() < PRINT_SHARE else self.hands
        font = ImageFont.truetype(str(files[int(rng.integers(len(files)))]), 72)
        left, top, right, bottom = font.getbbox(text)
        picture = Image.new("L", (int(right - left) + 24, int(bottom - top) + 24))
        ImageDraw.Draw(picture).text((12 - left, 12 - top), text, 255, font)
        return text, _waved(np.asarray(picture), rng)


def _waved(mask: Grey, rng: Rng) -> Grey:
    """The mask bent a little, as no hand writes a letter twice alike."""
    height, width = mask.shape
    cells = (max(2, width // 50), max(2, height // 50))
    shift = [
        cv2.resize(
            rng.normal(0, 2.2, cells[::-1]).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        for _ in range(2)
    ]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(mask, x + shift[0], y + shift[1], cv2.INTER_LINEAR), np.uint8)


def draw_strokes(strokes: Sequence[Stroke], rng: Rng) -> Grey:
    """A mask (255 = ink) of the strokes with a pen of some width, leaning and stretched a little."""
    scale = float(rng.uniform(0.55, 0.75))
    lean, stretch = float(rng.normal(0, 0.12)), float(rng.uniform(0.85, 1.2))
    turn = np.array([[stretch, 0.0], [-lean, 1.0]])
    placed = [stroke @ turn * scale for stroke in strokes]
    pen = max(1, round(X_HEIGHT * scale * float(np.clip(rng.lognormal(-1.6, 0.35), 0.08, 0.36))))
    points = np.concatenate(placed)
    corner = points.min(axis=0) - pen - 8
    width, height = (np.ceil(points.max(axis=0) - corner + pen + 8)).astype(int)
    mask = np.zeros((height, width), np.uint8)
    for stroke in placed:
        dots = np.round((stroke - corner) * 16).astype(np.int32)[:, None]
        cv2.polylines(mask, [dots], False, 255, pen, cv2.LINE_AA, shift=4)
    return mask


def photographed(mask: Grey, rng: Rng, above: Grey | None = None, below: Grey | None = None) -> Grey:
    """The line as a grey strip HEIGHT pixels high: cropped as a text detector does, on paper, seen by a camera.

    `above` and `below` are masks of neighbouring lines, whose strokes may look into the strip.
    """
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    high = rows[-1] - rows[0] + 1
    top, bottom = (round(high * float(rng.uniform(-0.05, 0.28))) for _ in range(2))
    left, right = (round(high * float(rng.uniform(0.0, 0.35))) for _ in range(2))
    pad = high  # enough for any crop below
    canvas = np.pad(mask, pad)
    y0, y1 = pad + rows[0] - top, pad + rows[-1] + 1 + bottom
    x0, x1 = pad + columns[0] - left, pad + columns[-1] + 1 + right
    for other, is_above in ((above, True), (below, False)):
        if other is not None:
            _lay(canvas, other, int(pad + (rows[0] if is_above else rows[-1])), x0, is_above, rng)
    angle, shear = float(rng.normal(0, 1.2)), float(rng.normal(0, 0.05))
    matrix = cv2.getRotationMatrix2D(((x0 + x1) / 2, (y0 + y1) / 2), angle, 1.0)
    matrix[0, 1] += shear
    matrix[0, 2] -= shear * (y0 + y1) / 2
    canvas = np.asarray(cv2.warpAffine(canvas, matrix, canvas.shape[::-1]), np.uint8)[y0:y1, x0:x1]
    # The size it has in the photograph, small notes being common; what follows happens at that size.
    small = round(float(np.exp(rng.uniform(np.log(17), np.log(60)))))
    ink = cv2.resize(
        canvas,
        (max(4, round(canvas.shape[1] * small / canvas.shape[0])), small),
        interpolation=cv2.INTER_AREA,
    )
    cover = ink.astype(np.float32) / 255 * float(rng.uniform(0.75, 1.0))
    height, width = cover.shape
    paper = float(rng.uniform(110, 250))
    dark = float(rng.uniform(10, min(120.0, paper - 50)))
    slope = np.linspace(-1, 1, width)[None] * rng.normal(0, 10) + np.linspace(-1, 1, height)[
        :, None
    ] * rng.normal(0, 6)
    picture = (paper + slope) * (1 - cover) + dark * cover
    picture = cv2.GaussianBlur(
        picture.astype(np.float32), (0, 0), float(rng.uniform(0.25, 0.9)) * min(1.0, (small / 24) ** 0.5)
    )
    picture += cv2.GaussianBlur(rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), 0.6) * float(
        rng.uniform(0.5, 5)
    )
    sound = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        sound = cv2.imdecode(cv2.imencode(".jpg", sound, quality)[1], cv2.IMREAD_GRAYSCALE)
    strip = cv2.resize(sound, (max(1, round(HEIGHT * width / height)), HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(strip, np.uint8)


def _lay(canvas: Grey, other: Grey, edge: int, left: int, is_above: bool, rng: Rng) -> None:
    """Put a neighbouring line's mask beyond the edge of this one, so near that its tails reach in."""
    gap = round(float(rng.uniform(-0.22, 0.1)) * other.shape[0])
    y = edge - other.shape[0] - gap if is_above else edge + gap
    y0, y1 = max(0, y), min(canvas.shape[0], y + other.shape[0])
    x1 = min(canvas.shape[1], left + other.shape[1])
    if y0 < y1 and left < x1:
        part = canvas[y0:y1, left:x1]
        np.maximum(part, other[y0 - y : y1 - y, : x1 - left], out=part)


def samples(strokes: Strokes, fonts: Fonts, known: frozenset[str], seed: int) -> Iterator[tuple[str, Grey]]:
    """Endless (label, strip) pairs, the same for the same seed; labels of `known` signs only."""
    rng = np.random.default_rng(seed)
    while True:
        if rng.random() < FONT_SHARE:
            label, mask = fonts.draw(rng)
        else:
            label, drawn = strokes.draw(rng)
            mask = draw_strokes(drawn, rng)
        near = [draw_strokes(strokes.draw(rng)[1], rng) if rng.random() < 0.3 else None for _ in range(2)]
        if not set(label) <= known or mask.max() == 0:
            continue
        strip = photographed(mask, rng, *near)
        if 16 <= strip.shape[1] <= WIDEST and strip.shape[1] >= 10 * len(label):
            yield label, strip
