"""What notes stick to: walls, paper, cork, wood, cloth, glass; all drawn by the program, or cut from open pictures.

Pictures are float32 RGB between 0 and 1.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Rng = np.random.Generator


def noise(h: int, w: int, cell: float, rng: Rng) -> Picture:
    """Smooth noise in [-1, 1] whose blobs are about `cell` pixels wide."""
    gh, gw = max(2, int(h / cell) + 2), max(2, int(w / cell) + 2)
    grid = rng.uniform(-1, 1, (gh, gw)).astype(np.float32)
    out: Picture = cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)
    return out


def _flat(h: int, w: int, colour: tuple[float, ...] | NDArray[np.float64]) -> Picture:
    return np.ones((h, w, 3), np.float32) * np.asarray(colour, np.float32)


def wall(h: int, w: int, rng: Rng) -> Picture:
    """Painted wall, door or board: nearly flat, white to dark, any hue."""
    v = rng.choice(
        [rng.uniform(0.75, 0.97), rng.uniform(0.35, 0.8), rng.uniform(0.04, 0.3)], p=[0.55, 0.28, 0.17]
    )
    tint = rng.normal(0, 0.03 if rng.random() < 0.6 else 0.16, 3)
    out = _flat(h, w, np.clip(v + tint, 0.02, 1))
    out += (noise(h, w, rng.uniform(1, 3), rng) * rng.uniform(0, 0.025))[..., None]
    out += (noise(h, w, rng.uniform(60, 200), rng) * rng.uniform(0, 0.05))[..., None]
    return out


def paper(h: int, w: int, rng: Rng) -> Picture:
    """Flip-chart paper: white or cream, plain, squared, dotted or ruled."""
    out = _flat(h, w, np.clip(rng.uniform(0.84, 0.98) + rng.normal(0, 0.015, 3), 0, 1))
    out += (noise(h, w, rng.uniform(30, 150), rng) * 0.02)[..., None]
    if rng.random() < 0.35:
        pitch = int(rng.uniform(22, 60))
        colour = np.array(
            [rng.uniform(0.55, 0.8), rng.uniform(0.6, 0.85), rng.uniform(0.75, 0.95)], np.float32
        )
        strength = rng.uniform(0.2, 0.7)
        if rng.random() < 0.8:
            out[:, ::pitch] = out[:, ::pitch] * (1 - strength) + colour * strength
        out[::pitch] = out[::pitch] * (1 - strength) + colour * strength
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 5))):
            # A fold, or a wave from having been rolled up.
            at = int(rng.uniform(0, h))
            band = np.exp(-(((np.arange(h) - at) / rng.uniform(3, 60)) ** 2)).astype(np.float32)
            out *= (1 + band * rng.uniform(-0.07, 0.05))[:, None, None]
    return out


def whiteboard(h: int, w: int, rng: Rng) -> Picture:
    """Enamel with wiped smears and the remains of old writing."""
    out = _flat(h, w, np.clip(rng.uniform(0.78, 0.96) + rng.normal(0, 0.015, 3), 0, 1))
    smear = cv2.GaussianBlur(
        rng.uniform(-1, 1, (h, w)).astype(np.float32), (0, 0), sigmaX=rng.uniform(10, 40), sigmaY=2
    )
    out += smear[..., None] * rng.uniform(0, 0.2)
    return out


def kraft(h: int, w: int, rng: Rng) -> Picture:
    """Brown packing paper or cardboard."""
    out = _flat(h, w, np.array([0.72, 0.56, 0.38]) * rng.uniform(0.7, 1.15) + rng.normal(0, 0.02, 3))
    fibres = cv2.GaussianBlur(
        rng.normal(0, 1, (h, w)).astype(np.float32), (0, 0), sigmaX=rng.uniform(3, 9), sigmaY=0.7
    )
    return out + fibres[..., None] * 0.05


def cork(h: int, w: int, rng: Rng) -> Picture:
    """Cork board: grains of several sizes."""
    out = _flat(h, w, np.array([0.68, 0.49, 0.3]) * rng.uniform(0.65, 1.15) + rng.normal(0, 0.03, 3))
    for cell, k in ((2.5, 0.1), (6, 0.12), (14, 0.08)):
        out += (noise(h, w, cell * rng.uniform(0.7, 1.4), rng) * k * rng.uniform(0.5, 1.3))[..., None]
    dark = noise(h, w, rng.uniform(3, 7), rng) > 0.55
    out[dark] *= rng.uniform(0.45, 0.8)
    return out


def wood(h: int, w: int, rng: Rng) -> Picture:
    """Table top or boards, with grain and joints."""
    base = np.array([[0.75, 0.55, 0.33], [0.6, 0.32, 0.15], [0.35, 0.22, 0.13], [0.85, 0.72, 0.52]])[
        rng.integers(4)
    ]
    grain = noise(h, w, 40, rng) * 6 + np.linspace(0, rng.uniform(10, 60), h)[:, None].astype(np.float32)
    stripes = np.sin(grain * rng.uniform(2, 6)) * 0.5 + noise(h, w, 2.5, rng) * 0.3
    fine = cv2.GaussianBlur(rng.normal(0, 1, (h, w)).astype(np.float32), (0, 0), sigmaX=12, sigmaY=0.8)
    out = _flat(h, w, base * rng.uniform(0.7, 1.2)) * (1 + (stripes * 0.12 + fine * 0.4))[..., None]
    for y in rng.uniform(0, h, int(rng.integers(0, 5))):
        out[int(y) : int(y) + 2] *= 0.6
    picture: Picture = out.astype(np.float32)
    return (
        picture
        if rng.random() < 0.7
        else np.ascontiguousarray(cv2.resize(picture.transpose(1, 0, 2), (w, h)))
    )


def cloth(h: int, w: int, rng: Rng) -> Picture:
    """Felt, pinboard cloth, denim, carpet."""
    colour = np.array([rng.uniform(0.05, 0.75) for _ in range(3)])
    colour = colour * 0.6 + colour.mean() * 0.4
    out = _flat(h, w, colour)
    grit = rng.normal(0, 1, (h, w)).astype(np.float32)
    size = rng.uniform(0.4, 2.5)
    grit = cv2.GaussianBlur(grit, (0, 0), sigmaX=size * rng.uniform(1, 3), sigmaY=size)
    out *= (1 + grit / (grit.std() + 1e-6) * rng.uniform(0.05, 0.35))[..., None]
    return out


def brick(h: int, w: int, rng: Rng) -> Picture:
    """Bricks, blocks or tiles, bare or painted."""
    painted = rng.random() < 0.55
    base = (
        np.full(3, rng.uniform(0.6, 0.95)) if painted else np.array([0.6, 0.3, 0.22]) * rng.uniform(0.7, 1.3)
    )
    bh = int(rng.uniform(30, 130))
    bw = int(bh * rng.uniform(1, 3))
    out = _flat(h, w, base)
    joint = base * rng.uniform(0.7, 0.9) if painted else np.full(3, rng.uniform(0.5, 0.8))
    t = max(2, bh // 14)
    for r, y in enumerate(range(0, h, bh)):
        for x in range(-(r % 2) * bw // 2, w, bw):
            x0 = max(0, x)
            out[y : y + bh, x0 : max(0, x + bw)] *= 1 + rng.normal(0, 0.03 if painted else 0.1)
            out[y : y + bh, x0 : x0 + t] = joint
        out[y : y + t] = joint
    out += (noise(h, w, 3, rng) * 0.06)[..., None] + (noise(h, w, 9, rng) * 0.05)[..., None]
    return out


def glass(h: int, w: int, rng: Rng) -> Picture:
    """A window or glass wall: blurred bright and dark areas behind it."""
    small = rng.uniform(0, 1, (int(rng.integers(4, 12)), int(rng.integers(4, 12)), 3)).astype(np.float32)
    small = small * 0.4 + small.mean(axis=2, keepdims=True) * 0.7
    out = cv2.resize(
        small, (w, h), interpolation=cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
    )
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(2, 25))
    return np.asarray(out * rng.uniform(0.6, 1.1), np.float32)


def clutter(h: int, w: int, rng: Rng) -> Picture:
    """A messy room: many flat boxes, bars and discs of every colour, with edges: none of it a note."""
    out = wall(h, w, rng)
    for _ in range(int(rng.integers(5, 40))):
        colour = np.clip(rng.uniform(0, 0.8) + rng.normal(0, 0.08, 3), 0, 1)
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        a, b = rng.uniform(5, 0.4 * w), rng.uniform(5, 0.12 * h)
        if rng.random() < 0.3:
            cv2.ellipse(
                out,
                (int(x), int(y)),
                (int(a / 3) + 2, int(b) + 2),
                rng.uniform(0, 180),
                0,
                360,
                colour.tolist(),
                -1,
            )
        else:
            box = cv2.boxPoints(((x, y), (a, b), float(rng.choice([0, 90, rng.uniform(0, 180)]))))
            cv2.fillPoly(out, [box.astype(np.int32)], colour.tolist(), cv2.LINE_AA)
    return cv2.GaussianBlur(out, (0, 0), rng.uniform(0.6, 6))


def keyboard(h: int, w: int, rng: Rng) -> Picture:
    """A laptop or a keypad: rows of keys with light legends."""
    out = np.full((h, w, 3), int(rng.uniform(70, 200)), np.uint8)
    k = int(rng.uniform(24, 80))
    shade = int(rng.uniform(8, 50))
    for r, y in enumerate(range(0, h, k)):
        for x in range(-(r * k // 3) % k - k, w, k):
            cv2.rectangle(out, (x + 2, y + 2), (x + k - 3, y + k - 3), (shade, shade, shade), -1)
            letter, at = chr(int(rng.integers(65, 91))), (x + k // 3, y + 2 * k // 3)
            cv2.putText(out, letter, at, cv2.FONT_HERSHEY_SIMPLEX, k / 70, (200, 200, 200), 1, cv2.LINE_AA)
    return out.astype(np.float32) / 255


SURFACES: tuple[tuple[Callable[[int, int, Rng], Picture], float], ...] = (
    (wall, 0.24), (paper, 0.24), (whiteboard, 0.1), (kraft, 0.05), (cork, 0.09), (wood, 0.07), (cloth, 0.08),
    (brick, 0.05), (glass, 0.03), (clutter, 0.04), (keyboard, 0.01),
)  # fmt: skip


def surface(h: int, w: int, rng: Rng, photos: list[Picture]) -> Picture:
    """A background of h x w pixels; now and then a cut from one of the open `photos`."""
    if photos and rng.random() < 0.12:
        picture = photos[int(rng.integers(len(photos)))]
        s = rng.uniform(0.25, 1.0)
        ph, pw = picture.shape[:2]
        y, x = int(rng.uniform(0, ph * (1 - s))), int(rng.uniform(0, pw * (1 - s)))
        out = cv2.resize(
            picture[y : y + int(ph * s), x : x + int(pw * s)], (w, h), interpolation=cv2.INTER_CUBIC
        )
        if rng.random() < 0.5:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 6))
        return np.asarray(out, np.float32)
    k = int(rng.choice(len(SURFACES), p=[p for _, p in SURFACES]))
    return SURFACES[k][0](h, w, rng).astype(np.float32)


def open_pictures(folder: Path | None, rooms: Path | None = None) -> list[Picture]:
    """Photographs that may be used as texture.

    `folder`: scikit-image's data (coffee, brick, grass, gravel, cat: CC0; rocket: public domain; its other pictures
    name no open licence). `rooms`: the hdri folder of the npm package @pmndrs/assets (CC0), if it is there.
    """
    out: list[Picture] = []
    for name in (
        ("coffee.png", "brick.png", "grass.png", "gravel.png", "rocket.jpg", "chelsea.png") if folder else ()
    ):
        picture = cv2.imread(str(Path(str(folder)) / name), cv2.IMREAD_COLOR)
        if picture is not None:
            out.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32) / 255)
    for path in sorted(rooms.glob("*.exr.js")) if rooms else ():
        out.append(_room(path))
    return out


def _room(path: Path) -> Picture:
    """A tone-mapped panorama out of a JavaScript module that holds an OpenEXR file in base64."""
    import OpenEXR  # noqa: PLC0415 - needed for training alone

    data = path.read_text()
    start = data.index("base64,") + len("base64,")
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        file.write(base64.b64decode(data[start : data.index("'", start)]))
        file.flush()
        light = np.asarray(OpenEXR.File(file.name).channels()["RGB"].pixels, np.float32)
    light = light / (np.quantile(light, 0.9) + 1e-6)
    # The band round the horizon: the zenith and the floor of a panorama are stretched.
    band = light[light.shape[0] // 5 : light.shape[0] * 4 // 5]
    mapped: Picture = cv2.resize(
        np.clip(band, 0, 1) ** np.float32(0.45), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC
    )
    return np.clip(mapped, 0, 1)
