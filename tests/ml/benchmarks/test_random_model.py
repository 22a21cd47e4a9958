"""The random model for a day with a GPU, small enough for a day without one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.gpu.make_random_internlm2 import HERE, write_model
from inference.bench.dialogues import packaged
from inference.chat_template import SPECIMEN, render
from inference.quantize.packed import check_config, dequantized
from inference.serve.checkpoint import read_checkpoint
from inference.serve.checks import Severity, check_checkpoint
from inference.serve.memory import weight_bytes
from inference.serve.plan import ServeOptions

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {
    "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2, "vocab_size": 4000,
    "num_attention_heads": 2, "num_key_value_heads": 1, "rope_scaling": None,
}  # fmt: skip


def small(folder: Path, *, w4a16: bool) -> Path:
    config: dict[str, Any] = json.loads((HERE / "internlm2_7b.json").read_text())
    write_model(folder, config | SMALL, packaged(), w4a16=w4a16)
    return folder


def test_transformers_can_run_the_fp16_one(tmp_path: Path) -> None:
    folder = small(tmp_path / "m", w4a16=False)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = tokenizer(render(SPECIMEN), return_tensors="pt")
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, trust_remote_code=True
    )
    answer = model.generate(prompt["input_ids"], max_new_tokens=5, do_sample=False)
    assert answer.shape[1] == prompt["input_ids"].shape[1] + 5
    everything = tokenizer.batch_decode([[number] for number in range(3, 3998)])
    assert all(everything)
    messages = [{"role": m.role, "content": m.content} for m in SPECIMEN]
    laid_out = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert laid_out == "<s>" + render(SPECIMEN)


def test_the_packed_one_has_the_form_that_turbomind_reads(tmp_path: Path) -> None:
    folder = small(tmp_path / "m", w4a16=True)
    check_config(folder)
    weights, packed = dequantized(folder)
    assert packed == 5 * SMALL["num_hidden_layers"]  # type: ignore[operator]
    assert weights["model.layers.1.feed_forward.w2.weight"].shape == (256, 512)


@pytest.mark.parametrize("w4a16", [False, True])
def test_serve_finds_only_the_small_vocabulary_wrong_and_counts_its_bytes(
    w4a16: bool, tmp_path: Path
) -> None:
    folder = small(tmp_path / "m", w4a16=w4a16)
    checkpoint = read_checkpoint(folder)
    found = list(check_checkpoint(checkpoint, ServeOptions(folder, "m")))
    refusals = [f.what for f in found if f.severity is Severity.REFUSAL]
    assert len(refusals) == 1  # 92542 is not in a vocabulary of 4,000
    assert "92542" in refusals[0]
    stored = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            stored += sum(tensors.get_tensor(name).nbytes for name in tensors.keys())  # noqa: SIM118
    assert stored == weight_bytes(checkpoint.shape, checkpoint.quantization)
