"""PP-OCRv6's recogniser in torch, and back to ONNX.

The network (Apache-2.0) is taken from `PP-OCRv6_rec_small.onnx` in the rapidocr wheel and turned into torch by
onnx2torch. Its last layer has 18,710 signs, most of them Chinese. Ours keeps its weights as they are, untrained, for
every sign that the reader accepts, all other scripts' and the Chinese ones that handwriting is most often mistaken for:
what is not accepted must go on keeping its probability to itself. The rest can never be printed and only costs time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import rapidocr
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from pipeline.training.from_onnx import narrow, stub_torchvision

ENGINE = Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_rec_small.onnx"
FEATURES, HEAD, BIAS = "p2o.pd_op.transpose.8.0", "linear_8.w_0", "linear_8.b_0"
"""The last tensor before the last layer, and that layer's weights."""
MOST_OTHERS = 2500


def characters() -> list[str]:
    """The engine's signs in the order of its classes; class 0 is the CTC blank, the last one the space."""
    session = onnxruntime.InferenceSession(str(ENGINE), providers=["CPUExecutionProvider"])
    listed = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    return ["", *listed, " "]


def _fixed() -> onnx.ModelProto:
    model = onnx.load(str(ENGINE))
    for node in model.graph.node:
        # onnx2torch refuses auto_pad; here SAME_UPPER of 2 x 2 kernels is one row and column after the end.
        if any(a.name == "auto_pad" and a.s == b"SAME_UPPER" for a in node.attribute):
            kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("pads", [0, 0, 1, 1])])
    return model


class Recogniser(nn.Module):
    """Body (trained) and last layer (kept). `forward`: N x 3 x 48 x W (a multiple of 8) to N x W/8 x signs, logits."""

    def __init__(self, classes: Sequence[int]) -> None:
        super().__init__()
        stub_torchvision()
        import onnx2torch  # noqa: PLC0415 - only after the stub

        model = _fixed()
        weights = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        with tempfile.TemporaryDirectory() as folder:
            whole, cut = str(Path(folder) / "whole.onnx"), str(Path(folder) / "cut.onnx")
            onnx.save(model, whole)
            onnx.utils.extract_model(whole, cut, ["x"], [FEATURES], check_model=False)
            self.body: nn.Module = onnx2torch.convert(onnx.load(cut)).eval()
        for module in self.body.modules():
            if type(module).__name__ == "OnnxBinaryMathOperation":
                module.math_op_function = narrow(module.math_op_function)
            # The weights of its attention layers arrive as constants: they are to learn too.
            for name, value in list(module.named_buffers(recurse=False)):
                if type(module).__name__ == "Module" and value.is_floating_point() and value.numel() >= 48:
                    delattr(module, name)
                    module.register_parameter(name, nn.Parameter(value))
        for parameter in self.body.parameters():
            parameter.requires_grad_(True)
        chosen = np.asarray(classes)
        self.register_buffer("head", torch.from_numpy(weights[HEAD][:, chosen].copy()))
        self.register_buffer("bias", torch.from_numpy(weights[BIAS][chosen].copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch with values from -1 to 1."""
        features: Tensor = self.body(x).float()
        return features @ self.head + self.bias


class Exported(nn.Module):
    """What the reader runs: probabilities."""

    def __init__(self, net: Recogniser) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x 48 x W to N x W/8 x signs."""
        return torch.softmax(self.net(x), dim=-1)


def kept_classes(
    signs: Sequence[str], accepted: Sequence[int], strips: Sequence[NDArray[np.uint8]]
) -> list[int]:
    """The blank, the accepted classes and those others that the engine itself gives most to on the strips."""
    session = onnxruntime.InferenceSession(str(ENGINE), providers=["CPUExecutionProvider"])
    total = np.zeros(len(signs))
    for strip in strips:
        total += session.run(None, {"x": batch_of([strip], 320)})[0][0].sum(axis=0)
    wanted = {0, *accepted}
    others = [int(index) for index in np.argsort(-total, kind="stable") if int(index) not in wanted]
    return sorted(wanted | set(others[:MOST_OTHERS]))


def batch_of(strips: Sequence[NDArray[np.uint8]], least: int) -> NDArray[np.float32]:
    """Grey strips side by side as the network wants them, each padded with zeros after its end."""
    width = max(least, 32 * -(-max(strip.shape[1] for strip in strips) // 32))
    batch = np.zeros((len(strips), 3, strips[0].shape[0], width), np.float32)
    for row, strip in enumerate(strips):
        batch[row, :, :, : strip.shape[1]] = strip[None].astype(np.float32) / 127.5 - 1
    return batch


def mixed(first: dict[str, Tensor], second: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights between two sets: `share` of the second.

    Between a pretrained network and its fine-tuned self lies one that has learnt and not forgotten (Wortsman et al.,
    "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    return {
        name: value + share * (second[name] - value) if value.is_floating_point() else value
        for name, value in first.items()
    }


def export(net: Recogniser, signs: Sequence[str], path: Path, provenance: str) -> None:
    """Writes the network as ONNX with free batch and width, weights as 16-bit numbers, its signs in the metadata."""
    arguments: dict[str, Any] = {
        "input_names": ["x"],
        "output_names": ["probabilities"],
        "dynamic_axes": {"x": {0: "n", 3: "w"}, "probabilities": {0: "n", 1: "t"}},
        "opset_version": 17,
        "dynamo": False,
    }
    torch.onnx.export(Exported(net).eval(), (torch.zeros(2, 3, 48, 320),), str(path), **arguments)
    model = onnx.load(str(path))
    _halve(model)
    for key, value in (("character", "\n".join(signs[1:])), ("provenance", provenance)):
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(path))


def _halve(model: onnx.ModelProto) -> None:
    """Store large weights as float16; they are turned back once, when the model is loaded."""
    casts = []
    for item in model.graph.initializer:
        values = numpy_helper.to_array(item)
        if values.dtype != np.float32 or values.size < 256:
            continue
        name = item.name
        item.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
