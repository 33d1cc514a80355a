"""What both networks need that begin as the engine's ONNX graphs and are trained on as torch modules."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import torch
from torch import Tensor


def stub_torchvision() -> None:
    """onnx2torch imports torchvision for operators that these graphs do not have: a stub will do."""
    if "torchvision" in sys.modules:
        return
    package, ops = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
    for name in ("nms", "roi_align", "box_convert", "batched_nms"):
        setattr(ops, name, None)
    package.ops = ops  # type: ignore[attr-defined]
    sys.modules["torchvision"], sys.modules["torchvision.ops"] = package, ops


def narrow(operation: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The operation, without widening: a float32 constant must not turn a bfloat16 picture back into float32."""

    def apply(first: Tensor, second: Tensor) -> Tensor:
        if torch.bfloat16 in (first.dtype, second.dtype):
            return operation(first.bfloat16(), second.bfloat16())
        return operation(first, second)

    return apply
