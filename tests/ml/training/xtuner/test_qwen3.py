"""Qwen3 as XTuner builds it: a tiny one with random weights, in four bits and with an adapter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from tests.ml.training.xtuner.conftest import CONFIGS, ROOT
from training.xtuner import Recipe

CONFIG = CONFIGS / "qwen3_4b_instruct_qlora_mentalhealth_e3.py"
LAYERS = 2
MATRICES = 7
"""Of a layer, each with an adapter of two."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def qwen3(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "qwen3-tiny"
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=True)
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=LAYERS,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16,
    )  # fmt: skip
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_it_is_built_with_an_adapter_beside_every_matrix(qwen3, prepared):
    orders = {str(CONFIG): Recipe(CONFIG, qwen3, prepared).overrides()}
    orders[str(CONFIG)].append("train_dataloader.dataset.map_num_proc=1")
    told = subprocess.run(
        [sys.executable, Path(__file__).with_name("in_xtuner.py"), json.dumps(orders)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout.splitlines()[-1])[str(CONFIG)]
    assert found["stopped"] == ""
    assert found["rows"] > 5
    assert len(found["trained"]) == LAYERS * MATRICES * 2
    assert all("lora_" in name for name in found["trained"])
