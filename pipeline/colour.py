"""The colour of a note's paper, named as people name pads, whatever the light.

Method: the photograph's white is estimated from its bright, nearly neutral parts; colours are taken
relative to it (von Kries in linear light) and named in CIE Lab by hue, chroma and lightness. Paper is told
from ink by taking the brighter, more usual part of what lies well inside the outline.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.model import Polygon

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE_XYZ = _TO_XYZ.sum(axis=1)


def to_linear(rgb: NDArray[np.float64] | Image) -> Array:
    """sRGB (0 to 255) to linear light (0 to 1); any leading shape."""
    value = np.asarray(rgb, np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def to_lab(linear: Array) -> Array:
    """Linear RGB (white = 1, 1, 1) to CIE Lab; any leading shape."""
    xyz = linear @ _TO_XYZ.T / _WHITE_XYZ
    f = np.where(xyz > 216 / 24389, np.cbrt(np.maximum(xyz, 0)), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def photo_white(image_rgb: Image) -> Array:
    """The light's colour in linear RGB (3,), as bright as white paper would be in this photograph.

    From the brightest nearly neutral pixels, where they are a fair part of the picture; else the
    photograph is taken as neutral and only its brightness is judged.
    """
    height, width = image_rgb.shape[:2]
    factor = min(1.0, 256 / max(height, width))
    small = cv2.resize(
        image_rgb,
        (max(1, round(width * factor)), max(1, round(height * factor))),
        interpolation=cv2.INTER_AREA,
    )
    linear = to_linear(small).reshape(-1, 3)
    lab = to_lab(linear)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    top = float(np.quantile(lab[:, 0], 0.98))
    bright = (lab[:, 0] > 0.72 * top) & (chroma < 16)
    level = float(np.quantile(linear @ _TO_XYZ[1], 0.97))
    if bright.mean() >= 0.03:
        chosen = linear[bright]
        light = np.median(chosen, axis=0)
        bright_level = float(np.quantile(chosen @ _TO_XYZ[1], 0.9))
        level = max(bright_level, 0.8 * level)
        light = _lamp(light)
        return np.asarray(light / max(float(light @ _TO_XYZ[1]), 1e-6) * max(level, 0.02))
    return np.full(3, max(level, 0.02))


def _lamp(light: Array) -> Array:
    """The nearest colour that daylight or a lamp can have: amber to blue, hardly green or magenta.

    What is bright and pale may be a pale pad rather than white, and must not pass for the light.
    """
    red, green, blue = np.log(np.maximum(light, 1e-6))
    amber = float(np.clip((red - blue) / 2, -0.2, 0.25))
    magenta = float(np.clip((red + blue) / 2 - green, -0.06, 0.06))
    return np.asarray(np.exp(np.array([magenta + amber, 0.0, magenta - amber])))


def paper_lab(image_rgb: Image, polygon: Polygon, white: Array) -> Array:
    """The paper's colour inside an outline as CIE Lab (3,) relative to the photograph's white."""
    points = np.asarray(polygon, np.float64)
    height, width = image_rgb.shape[:2]
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, low + 1, [width, height])
    part = image_rgb[low[1] : high[1], low[0] : high[0]]
    step = max(1, max(part.shape[:2]) // 120)
    part = np.ascontiguousarray(part[::step, ::step])
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round((points - low) / step * 16).astype(np.int32)], 1, shift=4)
    inner = cv2.erode(
        mask,
        np.ones((3, 3), np.uint8),
        iterations=max(1, round(0.06 * min(mask.shape))),
        borderType=cv2.BORDER_CONSTANT,
        borderValue=1,
    )
    chosen = part[(inner if np.count_nonzero(inner) >= 20 else mask) > 0]
    if not len(chosen):
        chosen = part.reshape(-1, 3)
    lab = to_lab(to_linear(chosen) / white)
    # Ink is darker than its paper; glare is brighter: keep the middle of the brighter part.
    low_line, high_line = np.quantile(lab[:, 0], [0.45, 0.92])
    kept = lab[(lab[:, 0] >= low_line) & (lab[:, 0] <= high_line)]
    return np.asarray(np.median(kept if len(kept) else lab, axis=0))


def colour_name(lab: Array) -> str:
    """The code of vocabulary.COLOURS that people would use for a paper of this Lab colour (relative to white)."""
    lightness, chroma = float(lab[0]), math.hypot(float(lab[1]), float(lab[2]))
    hue = math.degrees(math.atan2(float(lab[2]), float(lab[1]))) % 360
    if lightness < 22 and chroma < 18:
        return "black"
    if chroma < (5 if lightness > 80 else 8):
        return _neutral(lightness)
    if chroma < 30 and 40 <= hue < 97:
        return _pale_warm(lightness, chroma, hue)
    for limit, name in _HUES:
        # Pale yellow pads have a greener hue than deep ones of the same name.
        if hue < (limit + 9 if name == "yellow" and chroma < 36 else limit):
            return _warm(lightness, chroma, hue) if name == "warm" else name
    return _warm(lightness, chroma, hue)


_HUES = (
    (50.0, "warm"),
    (83.0, "orange"),
    (106.0, "yellow"),
    (168.0, "green"),
    (209.0, "teal"),
    (290.0, "blue"),
    (330.0, "purple"),
    (360.0, "warm"),
)


def _neutral(lightness: float) -> str:
    if lightness >= 76:
        return "white"
    return "grey" if lightness >= 28 else "black"


def _pale_warm(lightness: float, chroma: float, hue: float) -> str:
    """Peach, cream, kraft and brown differ in depth more than in hue."""
    if lightness < 64:
        return "brown"
    if chroma >= 22 and hue < 74 and lightness > 80:
        return "orange"
    return "cream" if chroma < 28 or lightness < 90 or hue < 84 else "yellow"


def _warm(lightness: float, chroma: float, hue: float) -> str:
    """Pinks, reds and corals: hue 330 to 50."""
    around = hue - 360 if hue >= 330 else hue
    if around >= 12 and chroma > 45 and lightness < (60 if around < 25 else 66):
        return "red"
    if around < 25:
        return "pink"
    if around < 34 and lightness > 72:
        return "pink"
    return "orange"
