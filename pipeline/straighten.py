"""A note cut out of its photograph, upright and flat: for reading, and for people to look at.

Frames. *Photo pixels* are those of the upright, full-size photograph; *crop pixels* those of the
straightened note, origin at its upper left corner. `Straightened.matrix` leads from crop to photo.

Four-sided notes are rectified by the homography of a quadrilateral fitted to their edges; other
shapes are turned by their own axis (a heart's mirror line, a bubble's longer side) by at most 45
degrees, and ticks, which people hold as they are, only by their arms' known angle. Whether a note
must be turned by a quarter or a half is left to whoever can read it: see `turn`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frames import FOUR_SIDED, note_frame, wrap
from pipeline.model import Crop, Matrix, Polygon

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

MAX_SIDE = 2400
BACKDROP = (252, 252, 250)
JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Straightened:
    """A note upright and flat.

    `image`: RGB, height x width x 3, uint8; what is not the note is filled with its paper's colour.
    `mask`: height x width, uint8; 255 where the note's paper is.
    `matrix`: 3 x 3 homography, row by row, from crop pixels to photo pixels.
    `writing_angle`: degrees (clockwise) by which `turn` would lay the direction people write in level,
    where the shape suggests one that is not level already (along a tick's long arm), else 0.
    """

    image: Image
    mask: Image
    matrix: Matrix
    writing_angle: float = 0.0


def straighten(
    image_rgb: Image, polygon: Polygon, shape: str, long_side: int | None = None, margin: float = 0.03
) -> Straightened:
    """Cut one note out upright and flattened.

    `image_rgb` is the upright photograph (height x width x 3, uint8), `polygon` the note's outline in
    its pixels, `shape` a code of vocabulary.SHAPES. The longer side becomes `long_side` pixels (None:
    the note's own size in the photograph). `margin` is left around the note, as a share of its longer
    side. Raises ValueError where the outline has no area inside the photograph.
    """
    points = np.asarray(polygon, np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    height, width = image_rgb.shape[:2]
    if (
        high[0] <= 0
        or high[1] <= 0
        or low[0] >= width
        or low[1] >= height
        or np.ptp(points, axis=0).min() < 1
    ):
        raise ValueError("the outline has no area inside the photograph")
    frame, writing_angle = note_frame(points, shape)
    size = _frame_size(frame)
    scale = min(1.0, MAX_SIDE / max(size)) if long_side is None else long_side / max(size)
    natural = min(scale, 1.0, MAX_SIDE / max(size))
    # Sampling far below the photograph's resolution would alias: warp near it, then shrink by area.
    sampled = min(1.0, MAX_SIDE / max(size)) if scale < 0.7 else max(natural, min(scale, 4.0))
    warp, shape_wh = _crop_to_photo(frame, size, sampled, margin)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    picture = cv2.warpPerspective(image_rgb, warp, shape_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.perspectiveTransform(points[None], np.linalg.inv(warp))[0]
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(inside * 16).astype(np.int32)], 255, lineType=cv2.LINE_8, shift=4)
    if low.min() < 1 or high[0] > width - 2 or high[1] > height - 2:
        mask[~_seen(warp, shape_wh, width, height)] = 0
    if not mask.any():
        raise ValueError("the outline has no area inside the photograph")
    if shape in FOUR_SIDED:
        mask = _without_bites(mask)
    if abs(scale / sampled - 1) > 1e-6:
        target = (
            max(8, round(shape_wh[0] * scale / sampled)),
            max(8, round(shape_wh[1] * scale / sampled)),
        )
        how = cv2.INTER_AREA if scale < sampled else cv2.INTER_CUBIC
        picture = cv2.resize(picture, target, interpolation=how)
        mask = cv2.resize(mask, target, interpolation=cv2.INTER_NEAREST)
        warp = warp @ _resized(shape_wh, target)
    filled = _fill_outside(picture, mask)
    return Straightened(filled, mask, _matrix(warp), writing_angle)


def turn(straightened: Straightened, degrees: float) -> Straightened:
    """The same note turned clockwise by `degrees`; quarters exactly, other angles in a larger frame."""
    quarters = round(degrees / 90) % 4
    if abs(degrees - 90 * round(degrees / 90)) < 1e-9:
        image = np.ascontiguousarray(np.rot90(straightened.image, -quarters))
        mask = np.ascontiguousarray(np.rot90(straightened.mask, -quarters))
        height, width = straightened.mask.shape
        back = {
            0: np.eye(3),
            1: np.array([[0, 1, 0], [-1, 0, height - 1], [0, 0, 1.0]]),
            2: np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]]),
            3: np.array([[0, -1, width - 1], [1, 0, 0], [0, 0, 1.0]]),
        }[quarters]
        rest = straightened.writing_angle and straightened.writing_angle - degrees
        return Straightened(image, mask, _matrix(_array(straightened.matrix) @ back), rest)
    return _turn_freely(straightened, degrees)


def encode_crop(straightened: Straightened, turn_degrees: float = 0, long_side: int = 480) -> Crop:
    """The note as a JPEG on a soft white ground with a faint shadow, without any metadata; deterministic.

    Never enlarged; at most `long_side` pixels long.
    """
    upright = turn(straightened, turn_degrees) if turn_degrees % 360 else straightened
    image, mask = upright.image, upright.mask
    height, width = mask.shape
    factor = min(1.0, long_side / max(height, width))
    if factor < 1:
        target = (max(1, round(width * factor)), max(1, round(height * factor)))
        image = cv2.resize(image, target, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, target, interpolation=cv2.INTER_AREA)
        height, width = mask.shape
    side = max(height, width)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, side / 480)).astype(np.float32) / 255
    shade = cv2.GaussianBlur(mask, (0, 0), max(1.0, side / 60)).astype(np.float32) / 255
    shade = np.roll(shade, max(1, side // 160), axis=0)
    ground = np.array(BACKDROP, np.float32)[None, None] * (1 - 0.22 * shade[..., None])
    mixed = image.astype(np.float32) * soft[..., None] + ground * (1 - soft[..., None])
    bgr = np.clip(np.round(mixed), 0, 255).astype(np.uint8)[..., ::-1]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(bgr), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("the note's picture could not be encoded")
    return Crop(data.tobytes(), width, height)


# --- warping and filling ----------------------------------------------------------------------


def _frame_size(frame: Array) -> tuple[float, float]:
    sides = np.hypot(*(np.roll(frame, -1, axis=0) - frame).T)
    return max(8.0, float(sides[0] + sides[2]) / 2), max(8.0, float(sides[1] + sides[3]) / 2)


def _crop_to_photo(
    frame: Array, size: tuple[float, float], scale: float, margin: float
) -> tuple[Array, tuple[int, int]]:
    width, height = size[0] * scale, size[1] * scale
    border = margin * max(width, height)
    shape_wh = (max(8, math.ceil(width + 2 * border)), max(8, math.ceil(height + 2 * border)))
    left, upper = (shape_wh[0] - width) / 2 - 0.5, (shape_wh[1] - height) / 2 - 0.5
    corners = np.array(
        [[left, upper], [left + width, upper], [left + width, upper + height], [left, upper + height]]
    )
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), frame.astype(np.float32))
    return np.asarray(warp, np.float64), shape_wh


def _seen(warp: Array, shape_wh: tuple[int, int], width: int, height: int) -> NDArray[np.bool_]:
    """Where the crop shows the photograph, and not what lies beyond its edge."""
    xs, ys = np.meshgrid(np.arange(shape_wh[0], dtype=np.float64), np.arange(shape_wh[1], dtype=np.float64))
    w = warp[2, 0] * xs + warp[2, 1] * ys + warp[2, 2]
    x = (warp[0, 0] * xs + warp[0, 1] * ys + warp[0, 2]) / w
    y = (warp[1, 0] * xs + warp[1, 1] * ys + warp[1, 2]) / w
    seen = (x > -0.5) & (y > -0.5) & (x < width - 0.5) & (y < height - 0.5)
    return np.asarray(seen & (w * warp[2, 2] > 0), np.bool_)


def _resized(before: tuple[int, int], after: tuple[int, int]) -> Array:
    """From the pixels of the resized picture to those before, pixel centres at whole numbers."""
    fx, fy = before[0] / after[0], before[1] / after[1]
    return np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1.0]])


def _without_bites(mask: Image) -> Image:
    """A four-sided note's mask without the narrow bites that strokes leave where they reach the paper's edge, and
    without holes."""
    side = max(3, round(0.05 * max(mask.shape)) | 1)
    # Without a border of its own the closing would grow what lies near the picture's edge up to it.
    padded = cv2.copyMakeBorder(mask, side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(
        padded, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    )
    # A bay with so narrow a mouth is a place where the outline went astray, not a hole: paper lies all round it.
    around, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(closed, around, -1, 255, cv2.FILLED)
    return np.ascontiguousarray(closed[side:-side, side:-side])


def _fill_outside(picture: Image, mask: Image) -> Image:
    """The picture with everything outside the mask painted in the paper's colour, as it continues there.

    The paper is the brighter part of what is well inside; it is carried outwards by a blur that counts
    paper only, so no edge appears that a reader could take for writing.
    """
    height, width = mask.shape
    small_side = 48
    factor = small_side / max(height, width)
    target = (max(2, round(width * factor)), max(2, round(height * factor)))
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), iterations=max(1, round(0.012 * max(height, width))))
    if np.count_nonzero(inner) < 32:
        inner = mask
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    line = np.quantile(grey[inner > 0], 0.4)
    paper = ((inner > 0) & (grey >= line)).astype(np.float32)
    weights = cv2.resize(paper, target, interpolation=cv2.INTER_AREA)
    tinted = cv2.resize(picture.astype(np.float32) * paper[..., None], target, interpolation=cv2.INTER_AREA)
    total = np.full((target[1], target[0], 3), 0.0, np.float32)
    share = np.full((target[1], target[0]), 1e-6, np.float32)
    for sigma, weight in ((2.0, 1.0), (6.0, 0.03), (24.0, 0.001)):
        share += weight * cv2.GaussianBlur(weights, (0, 0), sigma)
        total += weight * cv2.GaussianBlur(tinted, (0, 0), sigma)
    total += 1e-6 * np.median(picture[paper > 0], axis=0).astype(np.float32)
    fill = cv2.resize(total / share[..., None], (width, height), interpolation=cv2.INTER_CUBIC)
    # The outermost pixels mix paper with what lies behind it: leave them out, or a line stays round the note.
    rim = max(1, round(0.006 * max(height, width)))
    core = cv2.erode(
        mask, np.ones((3, 3), np.uint8), iterations=rim, borderType=cv2.BORDER_CONSTANT, borderValue=255
    )
    soft = cv2.GaussianBlur(core if core.any() else mask, (0, 0), 0.8).astype(np.float32)[..., None] / 255
    mixed = picture.astype(np.float32) * soft + fill * (1 - soft)
    return np.asarray(np.clip(np.round(mixed), 0, 255), np.uint8)


def _turn_freely(straightened: Straightened, degrees: float) -> Straightened:
    height, width = straightened.mask.shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    ys, xs = np.nonzero(straightened.mask)
    cloud = np.column_stack([xs, ys]).astype(np.float64)
    spin = np.array([[cos, -sin], [sin, cos]])  # clockwise in a frame whose y points down
    placed = cloud @ spin.T
    border = 0.03 * max(height, width)
    low, high = placed.min(axis=0) - border, placed.max(axis=0) + border
    forward = np.array([[cos, -sin, -low[0]], [sin, cos, -low[1]], [0, 0, 1.0]])
    size = (max(8, math.ceil(high[0] - low[0])), max(8, math.ceil(high[1] - low[1])))
    image = cv2.warpAffine(
        straightened.image, forward[:2], size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpAffine(straightened.mask, forward[:2], size, flags=cv2.INTER_NEAREST)
    if mask.any():
        image = _fill_outside(image, mask)
    back = np.linalg.inv(forward)
    rest = straightened.writing_angle and wrap(straightened.writing_angle - degrees)
    return Straightened(image, mask, _matrix(_array(straightened.matrix) @ back), rest)


# --- small things -----------------------------------------------------------------------------


def _array(matrix: Matrix) -> Array:
    return np.array(matrix, np.float64).reshape(3, 3)


def _matrix(array: Array) -> Matrix:
    normal = array / array[2, 2]
    return tuple(round(float(value), 12) for value in normal.ravel())
