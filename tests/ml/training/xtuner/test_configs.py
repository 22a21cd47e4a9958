"""The configs for real models: read and used by XTuner as far as a machine without weights goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from inference.chat_template import END, render
from inference.engine import Message
from tests.ml.training.xtuner.conftest import BEFORE, LIKED
from training.xtuner import Launch, Recipe, XTunerError, train

ROOT = Path(__file__).parents[4]
CONFIGS = ROOT / "training" / "configs"
BIG = sorted(path for path in CONFIGS.glob("[a-z]*.py") if "_tiny_" not in path.name)
TUNING = [path for path in BIG if "_dpo_" not in path.name]
OPTIONS = {
    False: "train_dataloader.dataset.map_num_proc=1",
    True: "train_dataloader.dataset.num_proc=1",
}
IGNORED = -100

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def weightless(base, tmp_path_factory):
    """A base model as it lies there when its weights have not been fetched."""
    folder = tmp_path_factory.mktemp("weightless") / "internlm2-chat-7b"
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    return folder


@pytest.fixture(scope="module")
def found(weightless, prepared):
    """What XTuner makes of every config, in one process of its own."""
    orders = {}
    for path in BIG:
        options = (OPTIONS["_dpo_" in path.name],)
        orders[str(path)] = Recipe(path, weightless, prepared, options).overrides()
    told = subprocess.run(
        [sys.executable, Path(__file__).with_name("in_xtuner.py"), json.dumps(orders)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(told.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tokenizer(base):
    return AutoTokenizer.from_pretrained(base, trust_remote_code=True)


def messages(prepared):
    """The first dialogue of train.json as a chat."""
    (first, *_) = json.loads((prepared / "train.json").read_text("utf-8"))
    chat = [{"role": "system", "content": first["conversation"][0]["system"]}]
    for turn in first["conversation"]:
        chat += [
            {"role": "user", "content": turn["input"]},
            {"role": "assistant", "content": turn["output"]},
        ]
    return chat


def test_there_is_a_config_for_every_way():
    assert {path.stem for path in BIG} == {
        "internlm2_chat_7b_qlora_mentalhealth_e3",
        "internlm2_chat_7b_lora_mentalhealth_e5",
        "internlm2_chat_7b_full_mentalhealth_e3",
        "internlm2_chat_7b_dpo_qlora_mentalhealth_e1",
        "internlm2_5_chat_7b_qlora_mentalhealth_e3",
        "internlm3_8b_instruct_qlora_mentalhealth_e3",
        "qwen2_5_7b_instruct_qlora_mentalhealth_e3",
        "qwen3_4b_instruct_qlora_mentalhealth_e3",
    }


@pytest.mark.parametrize("path", BIG, ids=lambda path: path.stem)
def test_xtuner_builds_the_dataset_and_stops_at_the_missing_weights(path, found):
    told = found[str(path)]

    assert told["rows"] > 5
    assert "no file named" in told["stopped"]


@pytest.mark.parametrize("path", TUNING, ids=lambda path: path.stem)
def test_a_dialogue_is_laid_out_as_it_is_served(path, found, prepared, tokenizer):
    chat = messages(prepared)
    first = found[str(path)]["first"]

    trained = first["input_ids"]
    assert trained == tokenizer.apply_chat_template(chat)[: len(trained)]
    assert len(trained) > 300

    prompt = render([Message(one["role"], one["content"]) for one in chat[:-1]])
    served = tokenizer(tokenizer.bos_token + prompt, add_special_tokens=False)["input_ids"]
    assert trained == served[: len(trained)] or served == trained[: len(served)]


@pytest.mark.parametrize("path", TUNING, ids=lambda path: path.stem)
def test_only_answers_are_learnt_and_where_they_end(path, found, prepared, tokenizer):
    first = found[str(path)]["first"]
    trained_on = tokenizer.decode([label for label in first["labels"] if label != IGNORED])
    answers = [one["content"] for one in messages(prepared) if one["role"] == "assistant"]

    assert len(trained_on) > 100
    assert "".join(answer + END for answer in answers).startswith(trained_on.rstrip("�"))


@pytest.mark.parametrize("path", TUNING, ids=lambda path: path.stem)
def test_what_the_bot_said_before_a_liked_answer_is_read_and_not_trained_on(path, found, tokenizer):
    last = found[str(path)]["last"]
    trained_on = tokenizer.decode([label for label in last["labels"] if label != IGNORED])

    assert BEFORE[1] in tokenizer.decode(last["input_ids"])
    assert trained_on == f"{LIKED}{BEFORE[-1][:4]}……愿意多说一点吗？{END}"


@pytest.mark.parametrize("path", TUNING, ids=lambda path: path.stem)
def test_dialogues_are_packed_to_2048_tokens(path, found):
    *full, last = found[str(path)]["packs"]

    assert full
    assert set(full) == {2048}
    assert last <= 2048


def test_a_preference_ends_in_the_answer_that_was_liked(found, tokenizer):
    (path,) = set(BIG) - set(TUNING)
    first = found[str(path)]["first"]

    def answer(side):
        return tokenizer.decode([label for label in first[f"{side}_labels"] if label != IGNORED])

    assert answer("chosen").startswith("听起来不好受。")
    assert answer("chosen").endswith(f"{END}\n")
    assert answer("rejected") == f"多喝热水。{END}\n"


def test_training_without_weights_ends_in_a_sentence(weightless, prepared, tmp_path):
    config = CONFIGS / "internlm2_chat_7b_qlora_mentalhealth_e3.py"

    with pytest.raises(XTunerError) as raised:
        train(Recipe(config, weightless, prepared), tmp_path / "work", Launch(), resume=False)

    assert str(raised.value) == (
        "Training internlm2_chat_7b_qlora_mentalhealth_e3 failed: the base model's folder lacks "
        "weights or code: put the whole checkpoint there."
    )
