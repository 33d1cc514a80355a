"""Composed boards: notes, headings and everything that is neither, with exact labels.

`compose(seed, pens, photos)` gives a Scene: picture, a map of instance numbers (0 background, 1.. instances,
255 not scored) and the class of each instance. Everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.detector import camera, shapes, surfaces
from pipeline.training.detector.ink import Pens, doodle, draw_path

Picture = NDArray[np.float32]
Rng = np.random.Generator

HEADING = 6
"""Class number of a printed heading; notes have their index in shapes.SHAPES."""
IGNORE = 255

PADS = np.array(
    [
        (255, 242, 134), (250, 235, 90), (255, 225, 60), (240, 225, 120), (230, 220, 150), (255, 205, 40),
        (255, 165, 40), (250, 140, 50), (255, 180, 120), (245, 120, 90), (235, 70, 60), (200, 50, 45),
        (255, 60, 130), (240, 40, 140), (250, 130, 170), (255, 185, 205), (205, 90, 160), (160, 70, 130),
        (200, 175, 230), (150, 120, 210), (110, 90, 180), (80, 80, 170), (60, 110, 190), (90, 150, 220),
        (140, 190, 235), (190, 220, 240), (60, 190, 210), (120, 215, 215), (30, 140, 140), (70, 180, 170),
        (165, 225, 200), (190, 235, 190), (120, 200, 90), (160, 220, 60), (200, 235, 60), (60, 160, 70),
        (225, 205, 165), (205, 170, 120), (250, 245, 220), (248, 246, 238), (240, 240, 240), (215, 215, 220),
    ],
    np.float32,
) / 255  # fmt: skip
INKS = np.array(
    [
        (0.06, 0.06, 0.07),
        (0.1, 0.1, 0.12),
        (0.08, 0.1, 0.35),
        (0.1, 0.2, 0.55),
        (0.6, 0.08, 0.1),
        (0.1, 0.4, 0.2),
    ]
)


@dataclass
class Scene:
    """One composed photograph. `picture` H x W x 3 uint8 RGB; `ids` H x W uint8; `classes[k]` of instance k + 1."""

    picture: NDArray[np.uint8]
    ids: NDArray[np.uint8]
    classes: list[int]


@dataclass
class Board:
    """A board while it is being composed, in float colours."""

    picture: Picture
    ids: NDArray[np.uint8]
    classes: list[int] = field(default_factory=list)
    full_area: list[float] = field(default_factory=list)


def _roi(quad: NDArray[np.float64], h: int, w: int, pad: int) -> tuple[int, int, int, int] | None:
    x0, y0 = np.floor(quad.min(axis=0)).astype(int) - pad
    x1, y1 = np.ceil(quad.max(axis=0)).astype(int) + pad
    x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(w, int(x1)), min(h, int(y1))
    return (x0, y0, x1, y1) if x1 - x0 > 2 and y1 - y0 > 2 else None


def _fill(points: NDArray[np.float64], h: int, w: int) -> NDArray[np.uint8]:
    mask = np.zeros((h, w), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return mask


def paste(
    board: Board,
    outline: NDArray[np.float64],
    face: Picture,
    corners: NDArray[np.float64],
    rng: Rng,
    label: int | None,
    shadow: float,
    lift: float,
    alpha: float = 1.0,
) -> None:
    """Lays a piece of paper on the board.

    `outline`: its edge in board pixels; `face`: its picture, stretched over the four `corners` (board pixels);
    `label`: class, None for something that is no note, -1 for "not scored"; `shadow`: darkness 0..1;
    `lift`: how far the lower edge stands off, in pixels (sets the shadow's reach and softness).
    """  # fmt: skip
    h, w = board.ids.shape
    roi = _roi(outline, h, w, int(4 + 2.5 * lift))
    if roi is None:
        return
    x0, y0, x1, y1 = roi
    local = outline - [x0, y0]
    mask = _fill(local, y1 - y0, x1 - x0)
    m = (mask.astype(np.float32) / 255 * alpha)[..., None]
    area = board.picture[y0:y1, x0:x1]
    if shadow > 0:
        # The shadow is the outline with its lower points pushed further out.
        centre = local.mean(axis=0)
        reach = max(1.0, lift)
        low = (local[:, 1] - local[:, 1].min()) / max(1.0, np.ptp(local[:, 1]))
        away = np.array([rng.normal(0, 0.5), rng.uniform(0.2, 1.0)]) * reach
        cast = centre + (local - centre) * rng.uniform(0.97, 1.03) + away * (0.15 + 0.85 * low[:, None])
        dark = _fill(cast, y1 - y0, x1 - x0).astype(np.float32) / 255
        soft = max(0.6, reach * rng.uniform(0.15, 0.8))
        dark = cv2.GaussianBlur(dark, (0, 0), soft)
        area *= 1 - (dark * shadow)[..., None]
    fh, fw = face.shape[:2]
    source = np.array([[0, 0], [fw, 0], [fw, fh], [0, fh]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (corners - [x0, y0]).astype(np.float32))
    warped = cv2.warpPerspective(
        face, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    area[:] = area * (1 - m) + warped * m
    if label is not None:
        inside = mask > 127
        if label < 0:
            board.ids[y0:y1, x0:x1][inside] = IGNORE
        elif len(board.classes) < 250:
            board.classes.append(label)
            board.full_area.append(float(cv2.contourArea(outline.astype(np.float32))))
            board.ids[y0:y1, x0:x1][inside] = len(board.classes)
    elif alpha > 0.7:
        board.ids[y0:y1, x0:x1][mask > 127] = 0


def place(
    points: NDArray[np.float64], size: float, at: tuple[float, float], angle: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An outline and its box's corners, scaled by `size`, turned by `angle` (radians), centred at `at`."""
    low, high = points.min(axis=0), points.max(axis=0)
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    centre = (low + high) / 2
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    return (points - centre) @ turn * size + at, (corners - centre) @ turn * size + at


def _ink_over(face: Picture, mask: NDArray[np.uint8], colour: NDArray[np.float64], strength: float) -> None:
    a = (mask.astype(np.float32) / 255 * strength)[..., None]
    face[:] = face * (1 - a) + colour.astype(np.float32) * a


def _dots(face: Picture, rng: Rng) -> None:
    """Voting dots stuck on a note."""
    h, w = face.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        at = (int(rng.uniform(0.1, 0.9) * w), int(rng.uniform(0.1, 0.9) * h))
        colour = PADS[int(rng.integers(len(PADS)))].tolist()
        cv2.circle(face, at, max(1, int(min(h, w) * 0.06)), colour, -1, cv2.LINE_AA)


def _bold(w: int, h: int, pens: Pens, rng: Rng) -> NDArray[np.uint8]:
    """One to four words in thick marker that fill a note from edge to edge, as a printed heading would."""
    lines = int(rng.integers(1, 5))
    pitch = h / lines
    thick = max(1, int(min(h, w) * rng.uniform(0.01, 0.05)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick))
    out = np.zeros((h, w), np.uint8)
    for k in range(lines):
        bank = pens.words if rng.random() < 0.85 else pens.titles
        word = bank[int(rng.integers(len(bank)))]
        scale = min(w * rng.uniform(0.7, 1.0) / word.shape[1], pitch * rng.uniform(0.7, 1.15) / word.shape[0])
        size = (max(4, int(word.shape[1] * scale)), max(4, min(h, int(word.shape[0] * scale))))
        piece = cv2.dilate(cv2.resize(word, size, interpolation=cv2.INTER_LINEAR), kernel)
        x = int((w - size[0]) * rng.uniform(0, 0.6))
        y = min(max(0, int(k * pitch + (pitch - size[1]) / 2)), h - size[1])
        out[y : y + size[1], x : x + size[0]] = np.maximum(out[y : y + size[1], x : x + size[0]], piece)
    return out


def _written(shape: str, w: int, h: int, pen: int, pens: Pens, rng: Rng, bold: float) -> NDArray[np.uint8]:
    """What is on a note: thick lettering (share `bold`), lines of writing, a drawing, scribbles, or nothing."""
    mask = np.zeros((h, w), np.uint8)
    kind = rng.random()
    margin = {"tick": 0.3, "heart": 0.22, "speech_bubble": 0.17, "other": 0.25}.get(shape, 0.06)
    mx, my = int(w * margin), int(h * margin)
    iw, ih = max(8, w - 2 * mx), max(8, h - 2 * my)
    if rng.random() < bold:
        mask[my : my + ih, mx : mx + iw] = _bold(iw, ih, pens, rng)
    elif kind < 0.7:
        lines = int(rng.integers(1, 7)) if shape in ("square", "rectangle") else int(rng.integers(1, 4))
        if shape in ("heart", "speech_bubble", "tick"):
            ih = int(ih * 0.75)
        block = pens.block(rng, iw, ih, lines)
        mask[my : my + ih, mx : mx + iw] = block
    elif kind < 0.85 and shape in ("square", "rectangle"):
        sub = np.zeros((ih, iw), np.uint8)
        doodle(sub, rng, pen)
        mask[my : my + ih, mx : mx + iw] = sub
        if rng.random() < 0.4:
            strip = pens.block(rng, iw, max(8, ih // 4), 1)
            mask[my : my + strip.shape[0], mx : mx + iw] |= strip
    elif kind < 0.9:
        for y in np.linspace(my, h - my, int(rng.integers(2, 6))):
            xs = np.linspace(mx, mx + iw * rng.uniform(0.5, 1), 14)
            draw_path(mask, np.stack([xs, y + rng.normal(0, h * 0.03, 14)], 1), pen, rng)
    return mask


def note_face(
    shape: str, w: int, h: int, colour: NDArray[np.float32], pens: Pens, rng: Rng, bold: float = 0.08
) -> Picture:
    """The picture of a note, w x h pixels: paper, shading from curl, writing or a drawing, or nothing."""
    face = np.ones((h, w, 3), np.float32) * colour
    if rng.random() < 0.5:
        face *= 1 + surfaces.noise(h, w, 2, rng)[..., None] * rng.uniform(0, 0.02)
    v = np.linspace(0, 1, h, dtype=np.float32)[:, None]
    u = np.linspace(0, 1, w, dtype=np.float32)[None]
    tilt = rng.normal(0, 0.05) * (v - 0.5) + rng.normal(0, 0.04) * (u - 0.5)
    if rng.random() < 0.45:
        at, width = rng.uniform(0.15, 0.95), rng.uniform(0.08, 0.5)
        tilt = tilt + rng.normal(0, 0.11) * np.exp(-(((v - at) / width) ** 2))
    if rng.random() < 0.12:
        d = u * rng.uniform(-1, 1) + v * rng.uniform(-1, 1)
        tilt = tilt - rng.uniform(0.1, 0.4) * (d > np.quantile(d, rng.uniform(0.3, 0.8)))
    face *= (1 + tilt)[..., None]
    if rng.random() < 0.06:
        pitch = max(4, h // int(rng.integers(8, 14)))
        face[::pitch] *= 0.8
    ink = INKS[int(rng.choice(len(INKS), p=[0.4, 0.28, 0.1, 0.1, 0.08, 0.04]))]
    strength = rng.uniform(0.55, 1.0)
    pen = max(1, int(min(h, w) * rng.uniform(0.006, 0.028)))
    mask = _written(shape, w, h, pen, pens, rng, bold)
    _ink_over(face, mask, ink, strength)
    if rng.random() < 0.1:
        # A border drawn along the edge, thin or thick.
        frame = np.zeros((h, w), np.uint8)
        d = int(min(h, w) * rng.uniform(0.01, 0.09)) + 1
        edge = np.array([[d, d], [w - d, d], [w - d, h - d], [d, h - d]], float)
        draw_path(frame, edge, int(pen * rng.uniform(1, 5)) + 1, rng, True)
        _ink_over(face, frame, ink, strength)
    if rng.random() < 0.07:
        _dots(face, rng)
    return face


@dataclass(frozen=True)
class Style:
    """What all notes of one board share."""

    lift: float
    shadow: float
    dim: NDArray[np.float32]
    palette: NDArray[np.float32]
    kinds: tuple[tuple[str, float], ...]
    edge: float
    flat: float
    bold: float = 0.08


def style(rng: Rng, background: NDArray[np.float64]) -> Style:
    """Draws the light, the paper colours and the mixture of shapes of a board."""
    count = int(rng.integers(1, 7))
    palette = PADS[rng.choice(len(PADS), count, replace=False)].copy()
    palette = np.clip(
        palette * rng.uniform(0.88, 1.06) + rng.normal(0, 0.025, palette.shape), 0.02, 1
    ).astype(np.float32)
    if rng.random() < 0.22:
        # Paper in nearly the colour of what it sticks to: only shadow and edge give it away.
        palette[0] = np.clip(background * rng.uniform(0.93, 1.07) + rng.normal(0, 0.02, 3), 0, 1)
    dim = np.ones(3, np.float32)
    if rng.random() < 0.08:
        dim = np.array([0.62, 0.45, 0.38], np.float32) * np.float32(rng.uniform(0.6, 1.3))
    elif rng.random() < 0.1:
        dim = np.full(3, rng.uniform(0.45, 0.8), np.float32)
    mixtures: list[tuple[tuple[str, float], ...]] = [
        (("square", 1.0),),
        (("square", 0.75), ("rectangle", 0.25)),
        (("rectangle", 0.85), ("square", 0.15)),
        (("tick", 0.25), ("heart", 0.22), ("speech_bubble", 0.27), ("square", 0.26)),
        (
            ("tick", 0.2),
            ("heart", 0.2),
            ("speech_bubble", 0.2),
            ("square", 0.2),
            ("rectangle", 0.1),
            ("other", 0.1),
        ),
    ]
    kinds = mixtures[int(rng.choice(5, p=[0.24, 0.2, 0.08, 0.38, 0.1]))]
    lift = float(
        rng.choice(
            [rng.uniform(0, 0.03), rng.uniform(0.02, 0.12), rng.uniform(0.1, 0.4)], p=[0.4, 0.45, 0.15]
        )
    )
    shadow = rng.uniform(0.08, 0.6) if rng.random() < 0.85 else 0.0
    edge, flat = rng.uniform(0, 0.25), rng.uniform(0.005, 0.05)
    bold = rng.uniform(0.4, 1.0) if rng.random() < 0.22 else 0.08
    return Style(lift, shadow, dim, palette, kinds, edge, flat, bold)


def add_note(
    board: Board,
    at: tuple[float, float],
    size: float,
    angle: float,
    st: Style,
    pens: Pens,
    rng: Rng,
    colour: NDArray[np.float32] | None = None,
    shape: str | None = None,
) -> None:
    """Puts one note on the board; `size` is the side of its square pad, in pixels."""  # fmt: skip
    if shape is None:
        names, weights = zip(*st.kinds, strict=True)
        shape = str(rng.choice(names, p=weights))
    if colour is None:
        colour = st.palette[int(rng.integers(len(st.palette)))]
    colour = np.clip(
        colour * st.dim * (1 + rng.normal(0, st.flat)) + rng.normal(0, 0.006, 3), 0.01, 1
    ).astype(np.float32)
    points = shapes.outline(shape, rng)
    grow = {"tick": 1.35, "heart": 1.15, "speech_bubble": 1.3, "rectangle": 1.3}.get(shape, 1.0)
    size *= grow * (rng.uniform(0.85, 1.15) if shape not in ("square", "rectangle") else 1.0)
    outline, corners = place(points, size, at, angle)
    w = int(np.clip(np.linalg.norm(corners[1] - corners[0]), 12, 420))
    h = int(np.clip(np.linalg.norm(corners[3] - corners[0]), 12, 420))
    if shape in ("square", "rectangle"):
        # Small perspective of its own: paper that does not lie flat.
        jitter = rng.normal(0, 0.012 * size, (4, 2))
        matrix = cv2.getPerspectiveTransform(
            corners.astype(np.float32), (corners + jitter).astype(np.float32)
        )
        outline = cv2.perspectiveTransform(outline[None].astype(np.float32), matrix)[0].astype(float)
        corners = corners + jitter
    face = note_face(shape, w, h, colour, pens, rng, st.bold)
    if st.edge > 0.05:
        cv2.rectangle(face, (0, 0), (w - 1, h - 1), (colour * (1 - st.edge)).tolist(), 1)
    shadow = st.shadow * rng.uniform(0.6, 1.3)
    paste(
        board,
        outline,
        face,
        corners,
        rng,
        shapes.SHAPES.index(shape),
        min(0.85, shadow),
        st.lift * size * rng.uniform(0.4, 1.5),
    )
    if rng.random() < 0.05:
        camera.tape(
            board.picture,
            (at[0], at[1] - 0.45 * size),
            size * rng.uniform(0.3, 0.7),
            angle + rng.normal(0, 0.3),
            rng,
        )


def finish(board: Board, rng: Rng) -> Scene:
    """Photographs a board: perspective, lens, light, sensor; and drops slivers from the labels."""
    for k, area in enumerate(board.full_area):
        seen = int((board.ids == k + 1).sum())
        if seen < 0.1 * area:
            board.ids[board.ids == k + 1] = IGNORE
    picture, ids = camera.shoot(board.picture, board.ids, rng)
    return Scene(picture, ids, board.classes)
