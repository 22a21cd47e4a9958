from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inference.local import PACKAGED_MODEL
from training.small.export import read_model, write_hugging_face
from training.small.tokenizer import read_tokenizer

SAMPLE = Path(__file__).parents[3] / "bot" / "conversation" / "smilechat_sample.jsonl"
ROLES = {"client": "user", "counselor": "assistant"}

transformers = pytest.importorskip("transformers")


def test_transformers_loads_the_same_model_and_template(tmp_path: Path) -> None:
    model, tokenizer = read_model(PACKAGED_MODEL), read_tokenizer(PACKAGED_MODEL)
    write_hugging_face(model, tokenizer, tmp_path)

    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    their_tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)

    chat = [{"role": "system", "content": "x"}, {"role": "user", "content": " 我睡不着，怎么办 "}]
    tokens = their_tokenizer.apply_chat_template(chat, add_generation_prompt=True)
    rendered = "<|im_start|>user\n我睡不着，怎么办<|im_end|>\n<|im_start|>assistant\n"
    assert tokens == tokenizer.encode(rendered).ids
    with torch.inference_mode():
        torch.testing.assert_close(
            theirs(torch.tensor([tokens])).logits,
            model.half().float()(torch.tensor([tokens])),
            atol=1e-3,
            rtol=1e-3,
        )


def inference(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "inference", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(600)
def test_folder_goes_through_w4a16_and_can_be_served(tmp_path: Path) -> None:
    folder, quantized = tmp_path / "fp16", tmp_path / "w4a16"
    write_hugging_face(read_model(PACKAGED_MODEL), read_tokenizer(PACKAGED_MODEL), folder)
    sample = SAMPLE.read_text(encoding="utf-8").splitlines()
    dialogues = [json.loads(line)["dialogue"] for line in sample]
    for name, lines in (("calibration", slice(12)), ("held-out", slice(12, None))):
        rows = [
            [{"role": ROLES[said["role"]], "content": said["content"]} for said in dialogue]
            for dialogue in dialogues[lines]
        ]
        text = "".join(json.dumps({"messages": row}, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")

    inference(
        *("quantize", folder, quantized, "--device", "cpu", "--samples", 4, "--length", 256),
        *("--calibration", tmp_path / "calibration.jsonl", "--held-out-tokens", 1000),
        *("--held-out", tmp_path / "held-out.jsonl", "--most-loss", 0.2),
    )

    said = inference(
        "serve", quantized, "--print-command", "--gpu-memory", "24", "--session-len", "512"
    )
    assert "cannot be served" not in said
    assert "--model-format awq" in said.splitlines()[-1]
