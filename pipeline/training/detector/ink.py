"""Writing and drawing as masks: handwriting and print from openly licensed fonts, strokes, small drawings.

Fonts are the woff files of `@fontsource/*` packages (SIL Open Font License 1.1).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.uint8]
Rng = np.random.Generator

HAND = [
    "caveat",
    "kalam",
    "patrick-hand",
    "indie-flower",
    "gloria-hallelujah",
    "shadows-into-light",
    "reenie-beanie",
    "rock-salt",
    "covered-by-your-grace",
    "annie-use-your-telescope",
    "architects-daughter",
    "coming-soon",
    "nothing-you-could-do",
    "just-another-hand",
    "handlee",
    "gochi-hand",
    "neucha",
    "cedarville-cursive",
    "homemade-apple",
    "sue-ellen-francisco",
    "waiting-for-the-sunrise",
    "over-the-rainbow",
    "schoolbell",
    "permanent-marker",
]
PRINT = [
    "lato",
    "montserrat",
    "open-sans",
    "playfair-display",
    "oswald",
    "roboto-slab",
    "merriweather",
    "bangers",
    "anton",
    "raleway",
    "poppins",
    "bebas-neue",
    "amatic-sc",
    "permanent-marker",
    "caveat-brush",
    "kalam",
    "patrick-hand",
]
WORDS = [
    "the",
    "and",
    "of",
    "to",
    "in",
    "we",
    "need",
    "more",
    "time",
    "for",
    "people",
    "listen",
    "share",
    "power",
    "community",
    "money",
    "trust",
    "build",
    "local",
    "young",
    "voice",
    "meeting",
    "who",
    "decides",
    "why",
    "not",
    "how",
    "might",
    "we",
    "support",
    "services",
    "data",
    "plan",
    "team",
    "work",
    "start",
    "stop",
    "keep",
    "change",
    "parking",
    "housing",
    "school",
    "park",
    "bus",
    "safe",
    "streets",
    "ask",
    "early",
    "agree",
    "yes",
    "no",
    "maybe",
    "better",
    "always",
    "never",
    "online",
    "forms",
    "risk",
    "value",
    "test",
    "review",
    "process",
    "customer",
    "user",
    "story",
    "ready",
    "done",
    "doing",
    "backlog",
    "idea",
    "problem",
    "question",
    "answer",
    "cost",
    "budget",
    "deadline",
    "staff",
    "volunteers",
    "skills",
    "strengths",
    "history",
    "respect",
    "learning",
    "honest",
    "open",
    "clear",
    "simple",
    "31",
    "12",
    "2",
    "A",
    "B",
    "100%",
    "+",
    "-",
    "!",
    "?",
    "7",
    "3.5",
    "10:30",
    "£",
    "&",
    "@",
    "->",
    "=",
    "#1",
]
TITLES = [
    "POWER",
    "KNOWLEDGE",
    "DIVERSITY",
    "STRENGTHS",
    "TESTING",
    "RELATIONSHIPS",
    "MAKE TIME",
    "TRANSPARENT",
    "ENGAGED",
    "ITERATIVE",
    "Self-aware",
    "Asset-based",
    "Positive-sum",
    "Not decided in advance",
    "Respect for expertise",
    "WHAT WORKS?",
    "What gets in the way?",
    "Next steps",
    "IDEAS",
    "PARKING LOT",
    "Barriers",
    "COLLABORATION",
    "Youth voice",
    "Priorities",
    "RELATIONAL",
    "RECIPROCITY",
    "Power sharing",
    "Our values",
    "Who is missing?",
    "Communication",
    "TRUST",
    "Feedback",
    "Goals",
]


class Pens:
    """A bank of word and title masks, drawn once, from which boards take their writing."""

    def __init__(self, fonts: Path, rng: Rng, words: int = 900, titles: int = 260) -> None:
        self._files = {p.name: p for p in sorted(fonts.glob("**/*-latin-*-normal.woff"))}
        self._loaded: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}
        self.words = [self._draw(HAND, str(rng.choice(WORDS)), 40, rng) for _ in range(words)]
        self.titles = [self._draw(PRINT, str(rng.choice(TITLES)), 90, rng) for _ in range(titles)]
        self.prints = [self._draw(PRINT, str(rng.choice(WORDS)), 40, rng) for _ in range(words // 3)]

    def _draw(self, names: list[str], text: str, size: int, rng: Rng) -> Mask:
        name = names[int(rng.integers(len(names)))]
        weight = int(rng.choice([400, 700]))
        file = (
            self._files.get(f"{name}-latin-{weight}-normal.woff")
            or self._files[f"{name}-latin-400-normal.woff"]
        )
        key = (file.name, size)
        if key not in self._loaded:
            self._loaded[key] = ImageFont.truetype(str(file), size)
        font = self._loaded[key]
        if rng.random() < 0.3:
            text = text.upper()
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(4, int(right - left) + 6), max(4, int(bottom - top) + 6)))
        ImageDraw.Draw(image).text((3 - left, 3 - top), text, fill=255, font=font)
        mask = np.asarray(image)
        if names is HAND and rng.random() < 0.5:
            mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
        return mask

    def line(self, rng: Rng, length: int, printed: bool = False) -> Mask:
        """One line of about `length` pixels at the bank's own letter size."""
        bank = self.prints if printed else self.words
        pieces: list[Mask] = []
        width = 0
        k = int(rng.integers(len(bank)))
        while width < length:
            piece = (
                bank[k % len(bank)] if printed or rng.random() < 0.5 else bank[int(rng.integers(len(bank)))]
            )
            k += 1
            pieces.append(piece)
            width += piece.shape[1] + 14
        height = max(p.shape[0] for p in pieces)
        out = np.zeros((height, width), np.uint8)
        x = 0
        for p in pieces:
            y = (height - p.shape[0]) // 2
            out[y : y + p.shape[0], x : x + p.shape[1]] = p
            x += p.shape[1] + 14
        return out

    def block(
        self, rng: Rng, width: int, height: int, lines: int, printed: bool = False, align: float = 0.0
    ) -> Mask:
        """Several lines of writing that fill a box of `width` x `height` pixels."""
        out = np.zeros((height, width), np.uint8)
        pitch = height / lines
        size = pitch * rng.uniform(0.6, 0.95)
        scale = size / 46
        for k in range(lines):
            share = rng.uniform(0.45, 1.0)
            piece = self.line(rng, max(20, int(width * share / scale) - 60), printed)
            factor = min(scale, width / piece.shape[1], pitch * 1.3 / piece.shape[0])
            w, h = max(2, int(piece.shape[1] * factor)), max(2, int(piece.shape[0] * factor))
            piece = cv2.resize(piece, (w, h), interpolation=cv2.INTER_AREA)
            x = int((width - w) * (align if align else rng.uniform(0, 0.3)))
            y = int(k * pitch + (pitch - h) / 2)
            y = min(max(0, y), max(0, height - h))
            h = min(h, height - y)
            out[y : y + h, x : x + w] = np.maximum(out[y : y + h, x : x + w], piece[:h])
        return out


def wobble(points: NDArray[np.float64], rng: Rng, amount: float) -> NDArray[np.int32]:
    """Points of a line as a hand draws it, in 1/16 pixel units for OpenCV's `shift=4`."""
    noise = rng.normal(0, amount, points.shape)
    noise = cv2.GaussianBlur(noise, (1, 7), 2) if len(points) > 3 else noise
    return np.round((points + noise) * 16).astype(np.int32)


def draw_path(mask: Mask, points: NDArray[np.float64], width: int, rng: Rng, closed: bool = False) -> None:
    """Draws a pen line through points into a mask."""
    cv2.polylines(
        mask, [wobble(points, rng, 0.004 * max(mask.shape))], closed, 255, max(1, width), cv2.LINE_AA, shift=4
    )


def doodle(mask: Mask, rng: Rng, pen: int) -> None:
    """A small drawing that fills a mask: face, figure, arrow, chart, box, tick, heart, house, clock."""
    h, w = mask.shape
    kind = int(rng.integers(9))
    t = np.linspace(0, 2 * np.pi, 24)
    c = np.array([w / 2, h / 2])
    r = 0.38 * min(h, w)
    circle = np.stack([np.cos(t), np.sin(t)], 1)
    if kind == 0:
        draw_path(mask, c + r * circle, pen, rng)
        for dx in (-0.35, 0.35):
            cv2.circle(mask, (int(c[0] + dx * r), int(c[1] - 0.25 * r)), max(1, int(0.08 * r)), 255, -1)
        draw_path(mask, c + r * np.array([[-0.5, 0.3], [-0.2, 0.5], [0.2, 0.5], [0.5, 0.3]]), pen, rng)
    elif kind == 1:
        draw_path(mask, c + [0, -0.6 * r] + 0.3 * r * circle, pen, rng)
        for a, b in (
            ((0, -0.3), (0, 0.4)),
            ((0, 0.4), (-0.4, 1)),
            ((0, 0.4), (0.4, 1)),
            ((-0.5, 0), (0.5, 0)),
        ):
            draw_path(mask, c + r * np.array([a, b]), pen, rng)
    elif kind == 2:
        a = rng.uniform(0, 2 * np.pi)
        d, n = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
        draw_path(mask, np.array([c - r * d, c + r * d]), pen, rng)
        draw_path(
            mask, np.array([c + r * (0.5 * d + 0.4 * n), c + r * d, c + r * (0.5 * d - 0.4 * n)]), pen, rng
        )
    elif kind == 3:
        draw_path(mask, c + r * np.array([[-1, -1], [-1, 1], [1, 1]]), pen, rng)
        xs = np.linspace(-0.9, 0.9, 6)
        draw_path(mask, c + r * np.stack([xs, rng.uniform(-0.8, 0.8, 6)], 1), pen, rng)
    elif kind == 4:
        a, b = rng.uniform(0.6, 1.1, 2)
        draw_path(mask, c + r * np.array([[-a, -b], [a, -b], [a, b], [-a, b]]), pen, rng, True)
    elif kind == 5:
        draw_path(mask, c + r * np.array([[-0.8, 0], [-0.2, 0.7], [0.9, -0.8]]), pen * 2, rng)
    elif kind == 6:
        x = 16 * np.sin(t) ** 3
        y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
        draw_path(mask, c + r * np.stack([x, y], 1) / 17, pen, rng, True)
    elif kind == 7:
        draw_path(
            mask,
            c + r * np.array([[-0.8, 0.9], [-0.8, -0.1], [0, -0.9], [0.8, -0.1], [0.8, 0.9]]),
            pen,
            rng,
            True,
        )
    else:
        draw_path(mask, c + r * circle, pen, rng)
        draw_path(mask, c + r * np.array([[0.5, 0.2], [0, 0], [0, -0.7]]), pen, rng)
