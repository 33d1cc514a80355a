"""The training loop: bfloat16 on the processor, AdamW, a moving average of the weights."""

from __future__ import annotations

import copy
import queue
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.training.detector import pool, samples
from pipeline.training.detector.network import BOX_UNIT, NoteNet, export


def _dice(p: Tensor, t: Tensor, w: Tensor, only_present: bool = False) -> Tensor:
    """Dice loss per picture. `only_present`: pictures that have none do not count, or rare things are unlearnt."""
    inter = (p * t * w).sum(dim=(1, 2))
    each = 1 - (2 * inter + 20) / (((p + t) * w).sum(dim=(1, 2)) + 20)
    if only_present:
        there = (t.sum(dim=(1, 2)) > 0).float()
        return (each * there).sum() / t.shape[0]
    return each.mean()


def loss(
    masks: Tensor, rest: Tensor, t: dict[str, Tensor], heading_pull: float = 4.0
) -> tuple[Tensor, list[float]]:
    """All heads' losses: cross-entropy and Dice for the masks, GIoU for the boxes, cross-entropy for shapes.

    `heading_pull`: how much more a heading's own pixels count than others. Much helps headings to be learnt at all,
    little keeps their edges from spilling over.
    """
    masks, rest = masks.float(), rest.float()
    p = torch.sigmoid(masks)
    bce = functional.binary_cross_entropy_with_logits(masks, t["masks"], reduction="none")
    by_mask = (bce * t["weight"][:, None]).mean(dim=(0, 2, 3))
    by_heading = (bce[:, 2] * t["weight"] * (1 + heading_pull * t["masks"][:, 2])).mean()
    dice = [_dice(p[:, k], t["masks"][:, k], t["weight"], only_present=k == 2) for k in range(3)]
    segment = by_mask[0] + 1.2 * by_mask[1] + 1.2 * by_heading + dice[0] + dice[1] + 1.5 * dice[2]
    d = torch.exp(rest[:, :4].clamp(-4, 5)) * BOX_UNIT
    g = t["sides"].clamp(min=0.5)
    iw = torch.minimum(d[:, 0], g[:, 0]) + torch.minimum(d[:, 2], g[:, 2])
    ih = torch.minimum(d[:, 1], g[:, 1]) + torch.minimum(d[:, 3], g[:, 3])
    ow = torch.maximum(d[:, 0], g[:, 0]) + torch.maximum(d[:, 2], g[:, 2])
    oh = torch.maximum(d[:, 1], g[:, 1]) + torch.maximum(d[:, 3], g[:, 3])
    inter = iw * ih
    union = (d[:, 0] + d[:, 2]) * (d[:, 1] + d[:, 3]) + (g[:, 0] + g[:, 2]) * (g[:, 1] + g[:, 3]) - inter
    giou = inter / union - (ow * oh - union) / (ow * oh)
    pull = t["pull"]
    box = ((1 - giou) * pull).sum() / (pull.sum() + 1e-3)
    votes = functional.cross_entropy(rest[:, 4:], t["shape"].clamp(min=0), reduction="none")
    named = pull * (t["shape"] >= 0)
    shape = (votes * named).sum() / (named.sum() + 1e-3)
    total = segment + 1.0 * box + 0.8 * shape
    return total, [float(segment.detach()), float(box.detach()), float(shape.detach())]


def average_of(checkpoints: list[Path], out: Path) -> None:
    """The mean of several checkpoints' averaged weights ("model soup"), as a checkpoint and as ONNX."""
    states = [torch.load(path)["average"] for path in checkpoints]
    mean = {
        name: sum(state[name] for state in states) / len(states) if first.is_floating_point() else first
        for name, first in states[0].items()
    }
    net = NoteNet()
    net.load_state_dict(mean)
    torch.save({"average": net.state_dict()}, out)
    export(net, out.with_suffix(".onnx"))


class Loader:
    """Cuts samples in a thread while the network computes; the order depends on the seed and the pool alone."""

    def __init__(self, folders: list[Path], side: int, batch: int, seed: int) -> None:
        self.folders, self.side, self.batch = folders, side, batch
        self.rng = np.random.default_rng(seed)
        self.ready: queue.Queue[dict[str, Tensor]] = queue.Queue(6)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        cv2.setNumThreads(1)
        files: list[Path] = []
        count = 0
        while True:
            if count % 50 == 0:
                files = [p for folder in self.folders for p in sorted(folder.glob("*.npz"))]
            count += 1
            picked = []
            while len(picked) < self.batch:
                scene = pool.read(files[int(self.rng.integers(len(files)))])
                for _ in range(2):
                    picked.append(samples.targets(*samples.cut(scene, self.side, self.rng), scene.classes))
            names = ("masks", "weight", "sides", "pull", "shape")
            data = {n: torch.from_numpy(np.stack([getattr(s, n) for s in picked])) for n in names}
            data["image"] = torch.from_numpy(np.stack([s.image for s in picked]))
            self.ready.put(data)


def kept_file(out: Path, step: int) -> Path:
    """Where `train` keeps the checkpoint of a step (a multiple of 50)."""
    return out.with_name(f"{out.stem}-{step}.pt")


def train(
    folders: list[Path],
    out: Path,
    steps: int,
    seed: int = 1,
    start: Path | None = None,
    side: int = 416,
    batch: int = 4,
    rate: float = 1e-3,
    trunk_rate: float = 3e-4,
    threads: int = 2,
    decay: bool = False,
    heading_pull: float = 4.0,
    kept: tuple[int, ...] = (),
) -> None:
    """Trains for `steps`; writes a checkpoint `out` (.pt) and its ONNX export beside it, every 50 steps.

    `start` goes on from a checkpoint's averaged weights. With `decay` the rate falls to nothing along a cosine.
    `kept`: steps whose checkpoints stay, as `out` with the step behind its name, to be averaged.
    """  # fmt: skip
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    net = NoteNet().to(memory_format=torch.channels_last)
    if start is not None:
        net.load_state_dict(torch.load(start)["average"])
    average = copy.deepcopy(net)
    heads = [p for n, p in net.named_parameters() if not n.startswith("trunk")]
    optimiser = torch.optim.AdamW(
        [{"params": list(net.trunk.parameters()), "lr": trunk_rate}, {"params": heads, "lr": rate}],
        weight_decay=1e-4,
    )
    warm = 30
    mean = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
    loader = Loader(folders, side, batch, seed)
    began, waited, seen = time.time(), 0.0, []
    for step in range(1, steps + 1):
        factor = min(1.0, step / warm)
        if decay:
            factor *= 0.5 * (1 + np.cos(np.pi * step / steps)) + 0.02
        for group, base in zip(optimiser.param_groups, (trunk_rate, rate), strict=True):
            group["lr"] = base * factor
        t0 = time.time()
        data = loader.ready.get()
        waited += time.time() - t0
        x = ((data["image"].float() - mean) / std).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            masks, rest = net(x)
        total, parts = loss(masks, rest, data, heading_pull)
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 3.0)
        optimiser.step()
        keep = min(0.997, (step + 1) / (step + 20))
        with torch.no_grad():
            for a, b in zip(average.parameters(), net.parameters(), strict=True):
                a.lerp_(b, 1 - keep)
        seen.append(parts)
        if step % 10 == 0:
            m = np.mean(seen[-10:], axis=0)
            spent = time.time() - began
            print(
                f"{step} {m[0]:.3f} {m[1]:.3f} {m[2]:.3f} {spent / step:.2f}s/step waited {waited / spent:.0%}",
                flush=True,
            )
        if step % 50 == 0 or step == steps:
            torch.save({"average": average.state_dict(), "step": step}, out)
            if step in kept:
                torch.save({"average": average.state_dict(), "step": step}, kept_file(out, step))
            export(copy.deepcopy(average).to(memory_format=torch.contiguous_format), out.with_suffix(".onnx"))
