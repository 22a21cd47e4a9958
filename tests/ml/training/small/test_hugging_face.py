from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from inference.local import PACKAGED_MODEL
from training.small.export import write_hugging_face
from training.small.gguf_model import read_model
from training.small.gguf_tokenizer import read_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

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
            model(torch.tensor([tokens])),
            atol=1e-3,
            rtol=1e-3,
        )
