"""The base model that a fresh clone makes for itself."""

from __future__ import annotations

import json

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from inference.chat_template import SPECIMEN, render
from inference.persona import SYSTEM_PROMPT
from training.tiny import command, write_base


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("models") / "internlm2-tiny", steps=1)


def test_it_loads_by_the_code_it_brings(base):
    model = AutoModelForCausalLM.from_pretrained(base, trust_remote_code=True)

    assert type(model).__name__ == "InternLM2ForCausalLM"


def test_its_shapes_fit_w4a16_and_a_quantized_kv_cache(base):
    config = json.loads((base / "config.json").read_text())

    assert config["hidden_size"] // config["num_attention_heads"] == 128
    assert config["hidden_size"] % 128 == config["intermediate_size"] % 128 == 0


def test_its_chat_template_is_the_layout_of_serving(base):
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=True)
    chat = [{"role": one.role, "content": one.content} for one in SPECIMEN]

    laid_out = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert laid_out == tokenizer.bos_token + render(SPECIMEN)


def test_the_persona_leaves_room_for_answers(base):
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=True)

    assert len(tokenizer.encode(SYSTEM_PROMPT)) < 128


def test_the_same_model_is_made_every_time(base, tmp_path):
    again = write_base(tmp_path / "again", steps=1)

    for name in ("model.safetensors", "tokenizer.json"):
        assert (again / name).read_bytes() == (base / name).read_bytes()


def test_nothing_is_written_over(base):
    weights = (base / "model.safetensors").read_bytes()

    with pytest.raises(FileExistsError, match="not written over"):
        write_base(base)
    assert (base / "model.safetensors").read_bytes() == weights
    assert [*base.parent.iterdir()] == [base]


def test_the_command_says_what_to_do_where_it_exists(base, capsys):
    from inference.dispatch import dispatch
    from training.__main__ import COMMANDS

    assert dispatch("training", COMMANDS, ["tiny", "--out", str(base)]) == 1
    assert "name another --out" in capsys.readouterr().err
    assert command.FOLDER.name == "internlm2-tiny"
