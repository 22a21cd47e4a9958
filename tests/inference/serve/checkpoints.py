"""Folders that look like models, without weights worth loading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONFIG_7B = Path(__file__).parents[3] / "benchmarks/gpu/internlm2_7b.json"

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "gemm", "zero_point": True}


def config_7b() -> dict[str, Any]:
    return json.loads(CONFIG_7B.read_text())  # type: ignore[no-any-return]


def write_checkpoint(
    folder: Path,
    *,
    quantization: dict[str, Any] | None = None,
    eos: object = (2, 92542),
    template: object = TEMPLATE,
    **changes: object,
) -> Path:
    """InternLM2-7B's configuration, with changes."""
    folder.mkdir(exist_ok=True)
    config = config_7b() | changes
    if quantization:
        config["quantization_config"] = quantization
    files: dict[str, object] = {
        "config.json": config,
        "tokenizer_config.json": {"bos_token": "<s>", "chat_template": template},
        "generation_config.json": {"eos_token_id": eos},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "model.safetensors").write_bytes(b"")
    return folder
