"""Write a tuned encoder as ONNX in eight bits, with its pieces and thresholds beside it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from bot.safety.encoder.reader import DESCRIPTION, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.risk.encoder.model import EncoderModel

SCORE_DIGITS = 3


def export(
    model: EncoderModel,
    pieces: Sequence[str],
    scores: Sequence[float],
    thresholds: Sequence[float],
    axis_thresholds: Sequence[float],
    folder: Path,
) -> None:
    """Write what `bot.safety.encoder` reads into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = torch.arange(4, 28).view(2, 12)
    types = torch.zeros_like(numbers)
    types[:, 8:] = 1
    lengths = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / WEIGHTS
        torch.onnx.export(
            model.eval(),
            (numbers, types),
            str(full),
            input_names=["pieces", "types"],
            output_names=["logits"],
            dynamic_axes={"pieces": lengths, "types": lengths, "logits": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(
            str(full),
            str(folder / WEIGHTS),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            extra_options={"MatMulConstBOnly": True},
        )
    record = {
        "thresholds": [round(at, 4) for at in thresholds],
        "axis_thresholds": [round(at, 4) for at in axis_thresholds],
        "pieces": list(pieces),
        "scores": [round(float(score), SCORE_DIGITS) for score in scores],
    }
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    (folder / DESCRIPTION).write_text(f"{text}\n", "utf-8")
