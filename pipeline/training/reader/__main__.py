"""`python -m pipeline.training.reader`: draw lines, fine-tune the recogniser, export, measure on held-out writers.

Needs, in an environment of its own, the packages of requirements.txt beside this file, npm for the fonts, and the
UNIPEN cut (a folder with words.parquet and lines.parquet). No photograph of anyone's notes is used.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import NamedTuple

import torch

from pipeline.readers.ctc import Alphabet
from pipeline.training.detector.__main__ import fetch_fonts
from pipeline.training.reader import lines, network, train


class Stage(NamedTuple):
    """So many steps from one seed; the rate falls along a cosine that would all but end after `decay` steps. Each
    stage goes on from the averaged weights of the one before."""

    seed: int
    steps: int
    rate: float
    decay: int


STAGES = (Stage(41, 500, 1e-4, 1400), Stage(42, 900, 0.72e-4, 900))
"""The second begins at the rate to which the first has fallen."""
SHARE = 0.5
"""How far the shipped weights lie from the engine's towards the fine-tuned ones."""
PROVENANCE = (
    "PP-OCRv6 small recogniser (Apache-2.0), fine-tuned on UNIPEN train_r01_v07 (CC BY 4.0, International Unipen "
    "Foundation, doi:10.5281/zenodo.1195803, adapted) and on lines drawn in fonts under the SIL Open Font License"
)


def main() -> None:
    """Runs every step; finished stages in the work folder are kept."""
    ask = argparse.ArgumentParser(prog="python -m pipeline.training.reader", description=__doc__)
    ask.add_argument(
        "--strokes", type=Path, required=True, help="folder with words.parquet and lines.parquet"
    )
    ask.add_argument(
        "--work", type=Path, default=Path("build/train-reader"), help="folder for fonts and weights"
    )
    ask.add_argument("--fonts", type=Path, help="folder with woff fonts, instead of fetching them")
    ask.add_argument(
        "--steps", type=int, default=0, help="steps of each stage instead of the recipe's (for a trial)"
    )
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument("--share", type=float, default=SHARE)
    wanted = ask.parse_args()
    torch.set_num_threads(wanted.threads)
    wanted.work.mkdir(parents=True, exist_ok=True)

    fonts = lines.Fonts(wanted.fonts or fetch_fonts(wanted.work / "fonts"))
    strokes = lines.Strokes(wanted.strokes)
    signs = network.characters()
    accepted = [index for index in range(1, len(signs)) if Alphabet(["", signs[index]]).signs != ("",)]
    known = frozenset(signs[index] for index in accepted)
    sheet = [strip for _, strip in itertools.islice(lines.samples(strokes, fonts, known, 1), 150)]
    kept = network.kept_classes(signs, accepted, sheet)
    kept_signs = [signs[index] for index in kept]
    test_strokes = lines.Strokes(wanted.strokes, "heldout")
    test = list(itertools.islice(lines.samples(test_strokes, fonts, known, 2), 150))

    net = network.Recogniser(kept)
    engine = {name: value.clone() for name, value in net.state_dict().items()}
    print(f"{len(kept_signs)} signs; the engine on held-out writers: CER "
          f"{train.letters_wrong(net, test, kept_signs):.4f}", flush=True)  # fmt: skip
    for stage in STAGES:
        out = wanted.work / f"stage{stage.seed}.pt"
        if out.with_suffix(".done").exists():
            net.load_state_dict(torch.load(out))
            continue
        drawn = lines.samples(strokes, fonts, known, stage.seed)
        train.train(
            net, drawn, kept_signs, wanted.steps or stage.steps, out,
            seed=stage.seed, rate=stage.rate, decay=stage.decay, held_out=test,
        )  # fmt: skip
        out.with_suffix(".done").touch()
    net.load_state_dict(network.mixed(engine, net.state_dict(), wanted.share))
    weights = wanted.work / "note-reader.onnx"
    network.export(net, kept_signs, weights, PROVENANCE)
    print(f"the mixed weights on held-out writers: CER {train.letters_wrong(net, test, kept_signs):.4f}")
    print(f"weights: {weights}; copy them to pipeline/weights/note-reader.onnx when the figures are better")


if __name__ == "__main__":
    main()
