"""A folder of composed scenes on disk, written by one process and read by the trainer meanwhile."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from pipeline.training.detector import scenes, surfaces
from pipeline.training.detector.boards import Scene
from pipeline.training.detector.ink import Pens


def write(
    folder: Path, fonts: Path, textures: Path | None, first: int, count: int, rooms: Path | None = None
) -> None:
    """Composes the scenes of seeds first .. first + count - 1; those already there are kept."""
    cv2.setNumThreads(1)
    folder.mkdir(parents=True, exist_ok=True)
    pens = Pens(fonts, np.random.default_rng(20261121))
    photos = surfaces.open_pictures(textures, rooms)
    for seed in range(first, first + count):
        path = folder / f"{seed:07d}.npz"
        if path.exists():
            continue
        scene = scenes.compose(seed, pens, photos)
        picture = cv2.imencode(".jpg", scene.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 94])[1]
        ids = cv2.imencode(".png", scene.ids)[1]
        half_written = path.with_suffix(".part")
        with half_written.open("wb") as f:
            np.savez(f, picture=picture, ids=ids, classes=np.array(scene.classes, np.int16))
        half_written.replace(path)


def read(path: Path) -> Scene:
    """A scene as it was written."""
    with np.load(path) as data:
        picture = cv2.imdecode(data["picture"], cv2.IMREAD_COLOR)[..., ::-1]
        ids = cv2.imdecode(data["ids"], cv2.IMREAD_GRAYSCALE)
        return Scene(np.ascontiguousarray(picture), ids, [int(c) for c in data["classes"]])
