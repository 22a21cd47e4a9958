"""A merged model gets its stop words, however its tokenizer's files are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from training.xtuner.complete import complete

if TYPE_CHECKING:
    from pathlib import Path

ADDED = {"2": {"content": "</s>"}, "92542": {"content": "<|im_end|>"}}


@pytest.mark.parametrize("eos", ["</s>", {"__type": "AddedToken", "content": "</s>"}])
@pytest.mark.parametrize("said", [None, {}, {"eos_token_id": None}, {"eos_token_id": 2}])
def test_an_answer_ends_at_the_tokenizers_end_and_at_a_turns(
    eos: object, said: dict[str, object] | None, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    tokenizer = {"eos_token": eos, "added_tokens_decoder": ADDED}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    generation = tmp_path / "generation_config.json"
    if said is not None:
        generation.write_text(json.dumps(said))

    complete(tmp_path, tmp_path)

    assert json.loads(generation.read_text()) == {"eos_token_id": [2, 92542]}
