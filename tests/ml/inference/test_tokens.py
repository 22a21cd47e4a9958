"""Counting with a model's own tokenizer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from transformers import AutoTokenizer

from inference.bench.dialogues import packaged
from inference.tokens import TokenizerUnusableError, estimate_tokens, load_token_counter
from tests.ml.inference.lmdeploy_server import write_model

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [message.content for talk in packaged() for message in talk[-1]]


def test_it_counts_as_the_model_reads(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    reads = AutoTokenizer.from_pretrained(folder)
    for path in (folder, folder / "tokenizer.json"):
        count = load_token_counter(path)
        for text in [*TEXTS, *TEXTS]:  # the second time from memory
            assert count(text) == len(reads(text, add_special_tokens=False)["input_ids"])
    assert count("听") == 1
    assert count("") == 0


def test_a_length_in_the_file_does_not_cut_the_count(tmp_path: Path) -> None:
    file = write_model(tmp_path) / "tokenizer.json"
    whole = load_token_counter(file)("听" * 50)
    content = json.loads(file.read_text())
    content["truncation"] = {
        "direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0,
    }  # fmt: skip
    file.write_text(json.dumps(content))
    assert load_token_counter(file)("听" * 50) == whole > 8


def test_what_is_no_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TokenizerUnusableError, match=r"There is no .*tokenizer\.json"):
        load_token_counter(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TokenizerUnusableError, match="can be read"):
        load_token_counter(tmp_path)


def test_the_estimate_is_above_a_vocabulary_learnt_on_chinese(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    count = load_token_counter(tmp_path)
    assert all(count(text) <= estimate_tokens(text) for text in TEXTS)
