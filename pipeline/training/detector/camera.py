"""What the room and the camera do to a board: tape, light, perspective, blur, noise, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.training.detector import surfaces

Picture = NDArray[np.float32]
Ids = NDArray[np.uint8]
Rng = np.random.Generator


def tape(picture: Picture, at: tuple[float, float], length: float, angle: float, rng: Rng) -> None:
    """A strip of masking, clear or coloured tape; it hides what is under it, but changes no label."""
    width = length * rng.uniform(0.25, 0.5)
    box = cv2.boxPoints(
        ((float(at[0]), float(at[1])), (float(length), float(width)), float(np.degrees(angle)))
    )
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [box.astype(np.int32)], 255, cv2.LINE_AA)
    colours = ((0.85, 0.78, 0.6), (0.93, 0.9, 0.82), (0.9, 0.9, 0.9), (0.3, 0.45, 0.75), (0.25, 0.25, 0.25))
    colour = np.array(
        colours[int(rng.choice(5, p=[0.45, 0.25, 0.18, 0.08, 0.04]))], np.float32
    ) * rng.uniform(0.8, 1.05)
    a = (mask.astype(np.float32) / 255 * rng.uniform(0.5, 1.0))[..., None]
    picture[:] = picture * (1 - a) + colour * a


def skin(picture: Picture, ids: Ids, rng: Rng) -> None:
    """A hand or an arm (rarely a head) that reaches into the picture and covers what is behind it."""
    h, w = ids.shape
    tone = np.array([0.93, 0.72, 0.6]) * rng.uniform(0.3, 1.05)
    mask = np.zeros((h, w), np.uint8)
    side = int(rng.integers(4))
    edge = np.array(
        [(rng.uniform(0, w), h), (rng.uniform(0, w), 0), (0, rng.uniform(0, h)), (w, rng.uniform(0, h))][side]
    )
    palm = edge + (np.array([w / 2, h / 2]) - edge) * rng.uniform(0.1, 0.6)
    size = rng.uniform(0.03, 0.09) * max(h, w)
    if rng.random() < 0.2:
        cv2.ellipse(
            mask,
            (int(edge[0]), int(edge[1])),
            (int(size * 3), int(size * 4)),
            rng.uniform(0, 90),
            0,
            360,
            255,
            -1,
        )
        tone = tone * rng.choice([1.0, 0.2])
    else:
        cv2.line(
            mask,
            tuple(edge.astype(int).tolist()),
            tuple(palm.astype(int).tolist()),
            255,
            int(size * 1.3),
            cv2.LINE_AA,
        )
        cv2.circle(mask, tuple(palm.astype(int).tolist()), int(size), 255, -1, cv2.LINE_AA)
        way = np.arctan2(*(palm - edge)[::-1])
        for k in range(int(rng.integers(1, 6))):
            a = way + (k - 2) * 0.3 + rng.normal(0, 0.1)
            tip = palm + size * rng.uniform(1.3, 2.4) * np.array([np.cos(a), np.sin(a)])
            cv2.line(
                mask,
                tuple(palm.astype(int).tolist()),
                tuple(tip.astype(int).tolist()),
                255,
                max(2, int(size * 0.5)),
                cv2.LINE_AA,
            )
    shade = 1 - 0.45 * (1 - np.minimum(1, cv2.distanceTransform(mask, cv2.DIST_L2, 3) / size))
    a = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8)[..., None]
    picture[:] = picture * (1 - a) + (tone.astype(np.float32) * shade[..., None].astype(np.float32)) * a
    ids[mask > 127] = 0


def bust(picture: Picture, ids: Ids, rng: Rng) -> None:
    """Someone in front of the board: head, hair or scarf, shoulders in plain, striped or dotted cloth."""
    h, w = ids.shape
    size = rng.uniform(0.08, 0.3) * max(h, w)
    x, y = rng.uniform(0, w), h - rng.uniform(0.2, 1.6) * size
    body = np.zeros((h, w), np.uint8)
    cv2.ellipse(
        body,
        (int(x), int(y + 1.7 * size)),
        (int(size * rng.uniform(0.9, 1.5)), int(size * 1.3)),
        0,
        0,
        360,
        255,
        -1,
    )
    cloth = np.ones((h, w, 3), np.float32) * rng.uniform(0.03, 0.95, 3).astype(np.float32)
    if rng.random() < 0.5:
        pitch = max(4, int(size * rng.uniform(0.05, 0.3)))
        other = rng.uniform(0.03, 0.95, 3)
        for k in range(0, h + w, pitch):
            if rng.random() < 0.5:
                cv2.circle(cloth, (int(rng.uniform(0, w)), k % max(1, h)), pitch // 3, other.tolist(), -1)
            else:
                cv2.line(cloth, (0, k), (w, k - int(0.2 * w)), other.tolist(), max(1, pitch // 3))
    cloth *= 1 + 0.25 * surfaces.noise(h, w, size * 0.4, rng)[..., None]
    head = np.zeros((h, w), np.uint8)
    axes = (int(size * 0.55), int(size * 0.72))
    cv2.ellipse(head, (int(x), int(y)), axes, rng.normal(0, 8), 0, 360, 255, -1)
    hair = np.zeros((h, w), np.uint8)
    top = int(y - size * rng.uniform(0.1, 0.4))
    cv2.ellipse(hair, (int(x), top), (int(axes[0] * 1.1), int(axes[1] * 0.7)), 0, 0, 360, 255, -1)
    skin_tone = np.array([0.93, 0.72, 0.6], np.float32) * np.float32(rng.uniform(0.25, 1.05))
    hair_tone = rng.uniform(0.02, 0.5, 3).astype(np.float32) * np.float32(rng.uniform(0.2, 1.5))
    soft = rng.uniform(0.6, 4)
    for mask, tone in ((body, cloth), (head, skin_tone), (hair, hair_tone)):
        a = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), soft)[..., None]
        picture[:] = picture * (1 - a) + np.clip(tone, 0, 1).astype(np.float32) * a
        ids[mask > 127] = 0


def finger(picture: Picture, ids: Ids, rng: Rng) -> None:
    """A finger over the lens: a dark, soft, reddish blob at the picture's edge; under it nothing is scored."""
    h, w = ids.shape
    mask = np.zeros((h, w), np.float32)
    corner = (int(w * rng.choice([0, 1])), int(h * rng.uniform(0, 1)))
    axes = (int(w * rng.uniform(0.06, 0.2)), int(h * rng.uniform(0.06, 0.25)))
    cv2.ellipse(mask, corner, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.02 * max(h, w))
    tone = np.array([0.5, 0.25, 0.18], np.float32) * np.float32(rng.uniform(0.3, 1.3))
    picture[:] = picture * (1 - mask[..., None]) + tone * mask[..., None]
    ids[mask > 0.8] = 0
    ids[(mask > 0.2) & (mask <= 0.8)] = 255


def light(picture: Picture, rng: Rng) -> Picture:
    """Uneven light, hard shadows of people, glare, vignette, white balance, exposure."""
    h, w = picture.shape[:2]
    field = 1 + surfaces.noise(h, w, rng.uniform(0.4, 1.2) * max(h, w), rng) * rng.uniform(0, 0.28)
    if rng.random() < 0.16:
        mask = np.zeros((h, w), np.float32)
        pts = np.stack([rng.uniform(-0.3 * w, 1.3 * w, 5), rng.uniform(-0.3 * h, 1.3 * h, 5)], 1)
        cv2.fillPoly(mask, [cv2.convexHull(pts.astype(np.int32))], 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 40))
        field = field * (1 - mask * rng.uniform(0.15, 0.5))
    if rng.random() < 0.35:
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        r2 = ((xx - w / 2) ** 2 + (yy - h / 2) ** 2) / (0.25 * (h * h + w * w))
        field = field * (1 - r2 * rng.uniform(0, 0.45))
    out = picture * field[..., None].astype(np.float32)
    if rng.random() < 0.12:
        glare = np.zeros((h, w), np.float32)
        c = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
        axes = (int(rng.uniform(0.02, 0.25) * w) + 2, int(rng.uniform(0.02, 0.2) * h) + 2)
        cv2.ellipse(glare, c, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
        glare = cv2.GaussianBlur(glare, (0, 0), rng.uniform(5, 60))
        out = out + (1 - out) * glare[..., None] * rng.uniform(0.2, 0.9)
    warm = rng.normal(0, 0.07)
    cast = np.array([1 + warm, 1 + rng.normal(0, 0.025), 1 - warm], np.float32)
    if rng.random() < 0.08:
        cast = np.clip(1 + rng.normal(0, 0.18, 3), 0.55, 1.4).astype(np.float32)
    out = out * cast * np.float32(np.exp(rng.normal(-0.12, 0.22)))
    out = np.clip(out, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.18)))
    if rng.random() < 0.5:
        grey = out.mean(axis=2, keepdims=True)
        out = np.clip(grey + (out - grey) * rng.uniform(0.55, 1.3), 0, 1)
    lit: Picture = np.clip(out, 0, 1).astype(np.float32)
    return lit


def shoot(picture: Picture, ids: Ids, rng: Rng) -> tuple[NDArray[np.uint8], Ids]:
    """The photograph of a board: H x W x 3 uint8 and the labels in its frame."""
    h, w = ids.shape
    if rng.random() < 0.75:
        strength = rng.uniform(0, 0.14) if rng.random() < 0.85 else rng.uniform(0.1, 0.28)
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        away = rng.uniform(0, strength, (4, 2)).astype(np.float32) * [w, h]
        inward = corners + away * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        if rng.random() < 0.5:
            angle = np.radians(rng.normal(0, 7))
            c = np.array([w / 2, h / 2])
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            inward = (inward - c) @ turn * 0.93 + c
        matrix = cv2.getPerspectiveTransform(inward.astype(np.float32), corners)
        picture = cv2.warpPerspective(
            picture, matrix, (w, h), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        ids = cv2.warpPerspective(
            ids, matrix, (w, h), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT
        )
    out = light(picture, rng)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(
            out, (0, 0), rng.uniform(0.4, 1.6) if rng.random() < 0.85 else rng.uniform(1.5, 4)
        )
    if rng.random() < 0.08:
        # A picture that was made small and sent on: few pixels, blocky.
        share = rng.uniform(0.3, 0.6)
        small = cv2.resize(out, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        blocky = (np.clip(small, 0, 1) * 255).astype(np.uint8)
        _, data = cv2.imencode(".jpg", blocky, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(40, 90))])
        small = cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.float32) / 255
        out = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.08:
        n = int(rng.integers(3, 10))
        kernel = np.zeros((n, n), np.float32)
        cv2.line(kernel, (0, int(rng.integers(n))), (n - 1, int(rng.integers(n))), 1.0)
        out = cv2.filter2D(out, -1, kernel / kernel.sum())
    if rng.random() < 0.6:
        grain = rng.normal(0, rng.uniform(0.003, 0.03), out.shape[:2]).astype(np.float32)
        out = out + grain[..., None]
    if rng.random() < 0.3:
        soft = cv2.GaussianBlur(out, (0, 0), 1.5)
        out = out + (out - soft) * rng.uniform(0.2, 1.2)
    photo = (np.clip(out, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.uniform(35, 95))
        _, data = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        photo = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    return np.ascontiguousarray(photo), ids
