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
STAGES: tuple[tuple[int, int, float, bool], ...] = ((1, 1200, 1e-3, False), (2, 900, 1e-3, True))
"""Seed, steps, rate of the heads (the trunk's is three tenths of it), cosine decay."""


def fetch_fonts(folder: Path) -> Path:
    """Unpacks the OFL fonts of ink.py from their npm packages, those that are not there yet."""
    for name in sorted(set(HAND) | set(PRINT)):
        home = folder / name
        if home.exists():
            continue
        home.mkdir(parents=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", f"@fontsource/{name}@{FONT_VERSION}"],
            cwd=home, check=True, capture_output=True, text=True,
        ).stdout.split()[-1]  # fmt: skip
        with tarfile.open(home / packed) as archive:
            archive.extractall(home, filter="data")
    return folder


def main() -> None:
    """Runs every step; what is already in the work folder is kept."""
    ask = argparse.ArgumentParser(prog="python -m pipeline.training.detector", description=__doc__)
    ask.add_argument(
        "--work", type=Path, default=Path("build/train-detector"), help="folder for fonts, boards, weights"
    )
    ask.add_argument(
        "--scenes", type=int, default=1800, help="how many boards to compose (0.4 s each on one core)"
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
    pool.write(boards, fonts, Path(skimage.__file__).parent / "data", 0, wanted.scenes)
    start: Path | None = None
    for seed, steps, rate, decay in STAGES:
        out = wanted.work / f"stage{seed}.pt"
        train(
            [boards], out, wanted.steps or steps, seed=seed, start=start, rate=rate, trunk_rate=0.3 * rate,
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
