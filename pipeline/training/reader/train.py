"""Fine-tuning: connectionist temporal classification on drawn lines, a small rate, averaged weights, one seed."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from pipeline.training.reader.network import Recogniser, batch_of

POOL = 128
"""Lines drawn at a time and sorted by width, so that a batch holds little padding."""
WIDTHS = (96, 160, 240, 320)
"""Least widths of batches, taken in turn by lot: the reader pads lines to several."""
Line = tuple[str, NDArray[np.uint8]]


def batches(lines: Iterator[Line], size: int, seed: int) -> Iterator[list[Line]]:
    """Endless batches of lines of about one width."""
    rng = np.random.default_rng(seed)
    while True:
        pool = sorted((next(lines) for _ in range(POOL)), key=lambda line: line[1].shape[1])
        starts = list(range(0, POOL, size))
        for start in rng.permutation(starts):
            yield pool[start : start + size]


def train(
    net: Recogniser,
    lines: Iterator[Line],
    signs: Sequence[str],
    steps: int,
    out: Path,
    *,
    seed: int,
    rate: float,
    decay: int,
    batch: int = 16,
    held_out: Sequence[Line] = (),
) -> None:
    """Trains `net` for so many steps and writes its averaged weights to `out` every 50 of them, and leaves them in it.

    The rate falls along a cosine that would all but end after `decay` steps. Prints loss, time, and the share of
    letters wrong in `held_out` lines.
    """
    torch.manual_seed(seed)
    place = {sign: index for index, sign in enumerate(signs)}
    net = net.to(memory_format=torch.channels_last)
    average = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(
        [p for p in net.parameters() if p.requires_grad], lr=rate, weight_decay=1e-4
    )
    rng = np.random.default_rng(seed)
    losses: list[float] = []
    began = time.process_time()
    for step, drawn in zip(range(1, steps + 1), batches(lines, batch, seed), strict=False):
        factor = min(1.0, step / 30) * (0.5 * (1 + np.cos(np.pi * step / decay)) + 0.02)
        for group in optimiser.param_groups:
            group["lr"] = rate * factor
        strips = [strip for _, strip in drawn]
        x = torch.from_numpy(batch_of(strips, int(rng.choice(WIDTHS))))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x.contiguous(memory_format=torch.channels_last))
        loss = _loss(logits.float(), drawn, place, x.shape[3])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        keep = min(0.995, (step + 1) / (step + 10))
        with torch.no_grad():
            for a, b in zip(average.parameters(), net.parameters(), strict=True):
                a.lerp_(b, 1 - keep)
        losses.append(float(loss.detach()))
        if step % 25 == 0:
            spent = (time.process_time() - began) / step
            print(f"{step} loss {np.mean(losses[-25:]):.3f} {spent:.2f} s a step", flush=True)
        if step % 50 == 0 or step == steps:
            torch.save(average.state_dict(), out)
        if held_out and step % 200 == 0:
            print(f"{step} held-out writers: CER {letters_wrong(average, held_out, signs):.4f}", flush=True)
    net.load_state_dict(average.state_dict())


def _loss(logits: Tensor, drawn: Sequence[Line], place: dict[str, int], width: int) -> Tensor:
    """Mean negative log-likelihood of a letter, steps in the padding left out."""
    steps = [min(logits.shape[1], -(-logits.shape[1] * strip.shape[1] // width) + 1) for _, strip in drawn]
    labels = [[place[sign] for sign in label] for label, _ in drawn]
    return torch.nn.functional.ctc_loss(
        torch.log_softmax(logits, dim=-1).transpose(0, 1),
        torch.tensor([sign for label in labels for sign in label]),
        torch.tensor(steps),
        torch.tensor([len(label) for label in labels]),
        zero_infinity=True,
    )


def letters_wrong(net: Recogniser, lines: Sequence[Line], signs: Sequence[str]) -> float:
    """Character error rate of the best path on the lines, upper and lower case alike."""
    wrong = letters = 0
    for label, strip in lines:
        x = torch.from_numpy(batch_of([strip], 160)).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            best = net(x)[0].argmax(dim=-1).tolist()
        used = -(-len(best) * strip.shape[1] // x.shape[3]) + 1
        text = "".join(
            signs[sign] for at, sign in enumerate(best[:used]) if sign and (at == 0 or sign != best[at - 1])
        )
        wrong += Levenshtein.distance(text.lower(), label.lower())
        letters += len(label)
    return wrong / max(1, letters)


cv2.setNumThreads(1)
