"""Training samples: a crop of a scene at a drawn scale, with the targets of every head."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.training.detector.boards import HEADING, IGNORE, Scene

Rng = np.random.Generator
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """One crop of side S. `image` 3 x S x S uint8; at S/2: `masks` (note, core, heading), `weight`; at S/4: the rest.

    `sides` are distances to left, top, right and bottom in pixels of the crop, `pull` the weight of each pixel's
    vote (0: none), `shape` the class index (-1: none).
    """

    image: NDArray[np.uint8]
    masks: Floats
    weight: Floats
    sides: Floats
    pull: Floats
    shape: NDArray[np.int64]


def cut(scene: Scene, side: int, rng: Rng) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A crop of picture and labels; the scale is drawn so that notes come in all sizes from 16 to 400 pixels."""
    areas = np.bincount(scene.ids.ravel(), minlength=256)[1:250]
    notes = [a for a, c in zip(areas, scene.classes, strict=False) if a > 60 and c != HEADING]
    size = float(np.sqrt(np.median(notes))) if notes else 90.0
    kind = rng.random()
    if kind < 0.6:
        target = np.exp(rng.uniform(np.log(42), np.log(125)))
    elif kind < 0.78:
        target = np.exp(rng.uniform(np.log(18), np.log(45)))
    else:
        target = np.exp(rng.uniform(np.log(120), np.log(420)))
    scale = float(np.clip(target / size, 0.22, 1.7))
    h, w = scene.ids.shape
    need = side / scale
    cards = [k + 1 for k, c in enumerate(scene.classes) if c == HEADING and areas[k] > 0]
    if rng.random() < 0.5 and (notes or cards):
        # Near a note, or a heading, rather than anywhere.
        if cards and rng.random() < 0.5:
            ys, xs = np.nonzero(scene.ids == int(rng.choice(cards)))
        else:
            ys, xs = np.nonzero((scene.ids > 0) & (scene.ids < IGNORE))
        k = int(rng.integers(len(xs)))
        cy, cx = float(ys[k]), float(xs[k])
    else:
        cy, cx = rng.uniform(0, h), rng.uniform(0, w)
    cy = float(np.clip(cy, min(need / 2, h / 2), max(h - need / 2, h / 2)))
    cx = float(np.clip(cx, min(need / 2, w / 2), max(w - need / 2, w / 2)))
    y0, x0 = int(max(0, cy - need / 2)), int(max(0, cx - need / 2))
    y1, x1 = int(min(h, cy + need / 2)), int(min(w, cx + need / 2))
    picture, ids = scene.picture[y0:y1, x0:x1], scene.ids[y0:y1, x0:x1].copy()
    inside = np.bincount(ids.ravel(), minlength=256)
    for k in np.flatnonzero(inside[1:250]) + 1:
        if inside[k] < 0.12 * areas[k - 1] or inside[k] * scale**2 < 50:
            ids[ids == k] = IGNORE
    nw, nh = min(side, max(8, round((x1 - x0) * scale))), min(side, max(8, round((y1 - y0) * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, (nw, nh), interpolation=way)
    labels = cv2.resize(ids, (nw, nh), interpolation=cv2.INTER_NEAREST)
    image = np.full((side, side, 3), 114, np.uint8)
    out = np.zeros((side, side), np.uint8)
    image[:nh, :nw], out[:nh, :nw] = small, labels
    if rng.random() < 0.15:
        k = int(rng.integers(1, 4))
        image, out = np.rot90(image, k), np.rot90(out, k)
    if rng.random() < 0.5:
        gain = np.exp(rng.normal(0, 0.08, 3) + rng.normal(0, 0.15))
        image = np.clip(image * gain + rng.normal(0, 8), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(image), np.ascontiguousarray(out)


def targets(image: NDArray[np.uint8], ids: NDArray[np.uint8], classes: list[int]) -> Sample:
    """The targets of a crop."""
    side = ids.shape[0]
    change = np.zeros_like(ids)
    down, right = ids[1:] != ids[:-1], ids[:, 1:] != ids[:, :-1]
    change[1:] |= down
    change[:-1] |= down
    change[:, 1:] |= right
    change[:, :-1] |= right
    depth = cv2.distanceTransform((1 - change).astype(np.uint8), cv2.DIST_L2, 5)
    heading, note, core = (np.zeros((side, side), np.float32) for _ in range(3))
    sides = np.zeros((4, side, side), np.float32)
    pull = np.zeros((side, side), np.float32)
    shape = np.full((side, side), -1, np.int64)
    grid_y, grid_x = np.mgrid[0:side, 0:side].astype(np.float32)
    for k, where in enumerate(ndimage.find_objects(ids)):
        if where is None or k + 1 == IGNORE or k >= len(classes):
            continue
        m = ids[where] == k + 1
        area = float(m.sum())
        if area < 30:
            continue
        d = depth[where]
        band = min(max(1.5, 0.09 * np.sqrt(area)), 0.45 * float(d[m].max()))
        inner = m & (d > band)
        if classes[k] == HEADING:
            heading[where][m] = 1
        else:
            note[where][m] = 1
            core[where][inner] = 1
            shape[where][m] = classes[k]
        y0, y1, x0, x1 = where[0].start, where[0].stop, where[1].start, where[1].stop
        gx, gy = grid_x[where] + 0.5, grid_y[where] + 0.5
        box = (gx - x0, gy - y0, x1 - gx, y1 - gy)
        for channel in range(4):
            sides[channel][where][m] = box[channel][m]
        pull[where][m] = np.where(inner, 1.0, 0.35)[m] / np.sqrt(area)
    scored = (ids != IGNORE).astype(np.float32)
    weight = scored * (1 + 2.5 * np.exp(-((np.minimum(depth, 50) / 3.0) ** 2)))
    half = (slice(None, None, 2), slice(None, None, 2))
    masks = np.stack([note, core, heading])
    smooth = masks.reshape(3, side // 2, 2, side // 2, 2).mean(axis=(2, 4))
    quarter = (slice(2, None, 4), slice(2, None, 4))
    return Sample(
        image.transpose(2, 0, 1).copy(),
        smooth.astype(np.float32),
        weight[half].copy(),
        sides[(slice(None), *quarter)].copy(),
        pull[quarter].copy(),
        shape[quarter].copy(),
    )
