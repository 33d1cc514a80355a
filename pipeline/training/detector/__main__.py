"""`python -m pipeline.training.detector`: fetch open inputs, compose boards, train, export, measure.

Needs, in an environment of its own, the packages of requirements.txt beside this file, and npm for the fonts.
Nothing of anyone's photographs of boards is used: the boards are drawn by the program.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
from pathlib import Path

from pipeline.training.detector.ink import HAND, PRINT

FONT_VERSION = "5.3.0"
ROOMS = "@pmndrs/assets@1.7.0"
STAGES: tuple[tuple[int, int, float, bool], ...] = (
    (11, 300, 1.5e-3, False),
    (12, 400, 1.5e-3, False),
    (13, 850, 1.5e-3, True),
    (14, 300, 7e-4, True),
)
"""Seed, steps, rate of the heads, cosine decay; each stage goes on from the one before."""
TRUNK_SHARE = 0.27
"""The trunk's rate as a share of the heads': it is pretrained."""


def _pack(package: str, home: Path) -> None:
    """Fetches an npm package by name and version and unpacks it in `home`."""
    home.mkdir(parents=True)
    command = ["npm", "pack", "--silent", package]
    packed = subprocess.run(command, cwd=home, check=True, capture_output=True, text=True).stdout.split()[-1]
    with tarfile.open(home / packed) as archive:
        archive.extractall(home, filter="data")


def fetch_rooms(folder: Path) -> Path:
    """Unpacks the panoramas of rooms (Poly Haven, CC0) and returns their folder."""
    if not folder.exists():
        _pack(ROOMS, folder)
    return folder / "package" / "hdri"


def fetch_fonts(folder: Path) -> Path:
    """Unpacks the OFL fonts of ink.py from their npm packages, those that are not there yet."""
    for name in sorted(set(HAND) | set(PRINT)):
        if not (folder / name).exists():
            _pack(f"@fontsource/{name}@{FONT_VERSION}", folder / name)
    return folder


def main() -> None:
    """Runs every step; what is already in the work folder is kept."""
    ask = argparse.ArgumentParser(prog="python -m pipeline.training.detector", description=__doc__)
    ask.add_argument(
        "--work", type=Path, default=Path("build/train-detector"), help="folder for fonts, boards, weights"
    )
    ask.add_argument(
        "--scenes", type=int, default=2100, help="how many boards to compose (0.4 s each on one core)"
    )
    ask.add_argument(
        "--steps", type=int, default=0, help="steps of each stage instead of the recipe's (for a trial)"
    )
    ask.add_argument("--threads", type=int, default=2)
    ask.add_argument("--shared", type=Path, help="folder with boards/real and boards/rendered to measure on")
    wanted = ask.parse_args()

    import skimage  # noqa: PLC0415 - training alone needs these

    from pipeline.stages.detect import Detector  # noqa: PLC0415
    from pipeline.training.detector import evaluate, pool  # noqa: PLC0415
    from pipeline.training.detector.train import train  # noqa: PLC0415

    fonts = fetch_fonts(wanted.work / "fonts")
    boards = wanted.work / "boards"
    rooms = fetch_rooms(wanted.work / "rooms")
    pool.write(boards, fonts, Path(skimage.__file__).parent / "data", 0, wanted.scenes, rooms)
    start: Path | None = None
    for seed, steps, rate, decay in STAGES:
        out = wanted.work / f"stage{seed}.pt"
        train(
            [boards], out, wanted.steps or steps, seed=seed, start=start, rate=rate, trunk_rate=TRUNK_SHARE * rate,
            threads=wanted.threads, decay=decay,
        )  # fmt: skip
        start = out
    assert start is not None
    weights = start.with_suffix(".onnx")
    print(f"weights: {weights}; copy them to pipeline/weights/note-detector.onnx when the figures are better")
    if wanted.shared is not None:
        print(json.dumps(evaluate.figures(Detector(1, weights), wanted.shared), indent=1))


if __name__ == "__main__":
    main()
