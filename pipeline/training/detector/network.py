"""The note detector's network: PP-OCRv6's text-detection trunk with heads of our own.

The trunk (2.4 M parameters, Apache-2.0) is cut out of `PP-OCRv6_det_small.onnx`, which the rapidocr wheel ships,
and turned into torch by onnx2torch. Our heads: at half resolution note, core (a note without its edge band)
and printed heading; at a quarter the distances to the four sides of the visible piece of paper, and its shape.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from pipeline.training.from_onnx import narrow, stub_torchvision

SHAPE_CLASSES = 6
BOX_UNIT = 16.0


def trunk() -> nn.Module:
    """The pretrained trunk: N x 3 x H x W (H, W multiples of 32) to N x 96 x H/4 x W/4."""
    stub_torchvision()
    import onnx2torch  # noqa: PLC0415 - only after the stub
    import rapidocr  # noqa: PLC0415

    model = onnx.load(str(Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_det_small.onnx"))
    for node in model.graph.node:
        # onnx2torch refuses auto_pad; here SAME_UPPER of 2 x 2 kernels is one row and column after the end.
        if any(a.name == "auto_pad" and a.s == b"SAME_UPPER" for a in node.attribute):
            kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("pads", [0, 0, 1, 1])])
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = str(Path(folder) / "whole.onnx"), str(Path(folder) / "cut.onnx")
        onnx.save(model, whole)
        onnx.utils.extract_model(whole, cut, ["x"], ["Concat.3"], check_model=False)
        converted: nn.Module = onnx2torch.convert(onnx.load(cut))
    for module in converted.modules():
        if type(module).__name__ == "OnnxBinaryMathOperation":
            module.math_op_function = narrow(module.math_op_function)
    for parameter in converted.parameters():
        parameter.requires_grad_(True)
    return converted


class NoteNet(nn.Module):
    """Trunk and heads. `forward` gives logits (N, 3, H/2, W/2) and (N, 4 + 6, H/4, W/4)."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = trunk()
        self.neck = nn.Sequential(nn.Conv2d(96, 64, 3, padding=1), nn.ReLU(inplace=True))
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, stride=2, padding=1), nn.ReLU(inplace=True))
        self.up = nn.Sequential(nn.Conv2d(64, 80, 1), nn.PixelShuffle(2))
        self.fine = nn.Sequential(
            nn.Conv2d(32, 28, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(28, 20, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.masks = nn.Conv2d(20, 3, 1)
        self.wide = nn.Sequential(
            nn.Conv2d(64, 64, 3, padding=2, dilation=2), nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 3, padding=4, dilation=4), nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 3, padding=8, dilation=8), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.boxes = nn.Conv2d(64, 4 + SHAPE_CLASSES, 1)
        nn.init.constant_(self.masks.bias, -1.0)
        nn.init.normal_(self.boxes.weight, std=0.01)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of a normalised batch (see the class)."""
        features = self.neck(self.trunk(x))
        fine = self.fine(torch.cat([self.up(features), self.stem(x)], dim=1))
        return self.masks(fine), self.boxes(features + self.wide(features))


class Exported(nn.Module):
    """What the stage runs: raw RGB 0..255 in; probabilities and distances in input pixels out."""

    def __init__(self, net: NoteNet) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Masks (N, 3, H/2, W/2), side distances (N, 4, H/4, W/4), shapes (N, 6, H/4, W/4)."""
        masks, rest = self.net((x - self.mean) / self.std)
        return (
            torch.sigmoid(masks),
            torch.exp(rest[:, :4].clamp(-4, 5)) * BOX_UNIT,
            torch.softmax(rest[:, 4:], dim=1),
        )


def export(net: NoteNet, path: Path) -> None:
    """Writes the network as ONNX with free height and width (multiples of 32)."""
    arguments: dict[str, Any] = {
        "input_names": ["image"],
        "output_names": ["masks", "boxes", "shapes"],
        "dynamic_axes": {
            "image": {2: "h", 3: "w"},
            "masks": {2: "h2", 3: "w2"},
            "boxes": {2: "h4", 3: "w4"},
            "shapes": {2: "h4", 3: "w4"},
        },
        "opset_version": 17,
        "dynamo": False,
    }  # fmt: skip
    torch.onnx.export(Exported(net).eval(), (torch.zeros(1, 3, 320, 256),), str(path), **arguments)
