"""Train the small shape network on drawn outlines: `python -m pipeline.training.classify.train`.

Writes `pipeline/weights/shape.json`. Seeded; about five minutes on one core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from pipeline.shape import CLASSES, WEIGHTS, features
from pipeline.training.classify.draw import sample

SHARES = (0.2, 0.2, 0.22, 0.26, 0.12)


def material(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """`count` drawn outlines: their descriptors (count x n) and their classes' numbers."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(len(CLASSES), count, p=SHARES)
    rows = []
    for kind in kinds:
        outline, neighbours, frame = sample(rng, CLASSES[kind])
        rows.append(features(outline, neighbours, frame))
    return np.array(rows), kinds


def train(count: int, seed: int, out: Path) -> float:
    """Train, write the weights, and return the share right on fresh drawn outlines."""
    vectors, kinds = material(count, seed)
    mean, scale = vectors.mean(axis=0), np.maximum(vectors.std(axis=0), 1e-6)
    network = MLPClassifier(
        (48, 24), alpha=3e-3, random_state=seed, early_stopping=True, n_iter_no_change=15, max_iter=200
    )
    network.fit((vectors - mean) / scale, kinds)
    weights: dict[str, object] = {
        "mean": [float(f"{v:.5g}") for v in mean],
        "scale": [float(f"{v:.5g}") for v in scale],
        "depth": len(network.coefs_),
    }
    for layer, (matrix, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        weights[f"w{layer}"] = [[float(f"{v:.4g}") for v in row] for row in matrix]
        weights[f"b{layer}"] = [float(f"{v:.4g}") for v in bias]
    about = {
        "classes": CLASSES,
        "made_by": "python -m pipeline.training.classify.train",
        "outlines": count,
        "seed": seed,
        "material": "drawn by pipeline.training.classify.draw; no photograph",
    }
    out.write_text(json.dumps({"about": about, "weights": weights}), encoding="utf-8")
    fresh, truth = material(max(500, count // 12), seed + 1)
    return float((network.predict((fresh - mean) / scale) == truth).mean())


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    print(f"right on fresh drawn outlines: {train(options.count, options.seed, options.out):.4f}")


if __name__ == "__main__":
    main()
