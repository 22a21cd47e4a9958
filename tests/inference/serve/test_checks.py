"""What is refused before a GPU is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inference import persona
from inference.console import CommandError
from inference.serve.checkpoint import add_stop_ids, read_checkpoint
from inference.serve.checks import Severity, check_checkpoint, check_gpus
from inference.serve.gpus import Gpu
from inference.serve.memory import GIB, weight_bytes
from inference.serve.plan import ServeOptions
from tests.inference.serve.checkpoints import AWQ, write_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

RTX_4090 = Gpu(0, "GPU-a", "NVIDIA GeForce RTX 4090", 24 * GIB, 23 * GIB, (8, 9), "570.86.15")


def options(folder: Path, **changes: object) -> ServeOptions:
    return replace(ServeOptions(folder, "shudong-7b"), **changes)  # type: ignore[arg-type]


def refusals(folder: Path, **changes: object) -> list[str]:
    found = check_checkpoint(read_checkpoint(folder), options(folder, **changes))
    return [f.what for f in found if f.severity is Severity.REFUSAL]


def refused_gpus(folder: Path, *gpus: Gpu, **changes: object) -> list[str]:
    found = check_gpus(read_checkpoint(folder), options(folder, **changes), gpus)
    return [f.what for f in found if f.severity is Severity.REFUSAL]


GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True}
FP8 = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}


def packed(bits: int, layout: str, group_size: int) -> dict[str, object]:
    """A quantization of llm-compressor."""
    weights = {"num_bits": bits, "group_size": group_size, "type": "int"}
    groups = {"group_0": {"format": layout, "weights": weights}}
    return {"quant_method": "compressed-tensors", "config_groups": groups}


@pytest.mark.parametrize("quantization", [None, AWQ, GPTQ, FP8, packed(4, "pack-quantized", 128)])
def test_a_good_model_on_a_good_card_is_not_refused(
    quantization: dict[str, object] | None, tmp_path: Path
) -> None:
    folder = write_checkpoint(tmp_path / "m", quantization=quantization)
    assert refusals(folder) == []
    assert refused_gpus(folder, RTX_4090) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_attention_heads": 40, "hidden_size": 3840}, "head_dim is 96"),
        ({"num_attention_heads": 64}, "head_dim is 64, and TurboMind quantizes the KV cache only"),
        ({"quantization": AWQ | {"group_size": 64}}, "groups of 64"),
        ({"quantization": AWQ, "intermediate_size": 14300}, "intermediate_size 14300"),
        ({"quantization": AWQ | {"version": "gemv"}}, "version 'gemv'"),
        ({"quantization": AWQ | {"version": "GEMM"}}, "version 'GEMM'"),
        ({"quantization": {k: v for k, v in AWQ.items() if k != "version"}}, "version ''"),
        ({"quantization": GPTQ | {"desc_act": True}}, "desc_act"),
        ({"quantization": GPTQ | {"sym": False}}, "sym false"),
        ({"quantization": GPTQ | {"bits": 8}}, "8 bits"),
        ({"quantization": {"quant_method": "bitsandbytes", "load_in_8bit": True}}, "bitsandbytes"),
        ({"quantization": packed(8, "int-quantized", 128)}, "int-quantized"),
        ({"quantization": packed(4, "pack-quantized", 64)}, "groups of 64"),
        ({"eos": 2}, r"not at \[92542\]"),
        ({"template": ""}, "no chat template"),
    ],
)
def test_a_model_that_turbomind_or_the_bot_cannot_use_is_refused(
    changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    import re

    (refusal,) = refusals(write_checkpoint(tmp_path / "m", **changes))  # type: ignore[arg-type]
    assert re.search(words, refusal)


def test_a_small_head_can_be_served_with_an_fp16_cache(tmp_path: Path) -> None:
    assert refusals(write_checkpoint(tmp_path / "m", num_attention_heads=64), kv_bits=16) == []


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    assert "no weights" in refusals(folder)[0]


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1949337704\n"
SHARDS = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"model.safetensors": LFS}, "1 of 1 weight files are Git LFS"),
        ({SHARDS["a"]: b"x"}, "1 of 2 weight files are missing"),
        ({"adapter_model.safetensors": b"x"}, "an adapter"),
        ({"training_args.bin": b"x", "optimizer.bin": b"x"}, "no weights"),
        (dict.fromkeys(SHARDS.values(), b"x"), ""),
        ({"pytorch_model-00001-of-00001.bin": b"x"}, ""),
    ],
)
def test_weights_are_there_or_it_is_said_what_is(
    files: dict[str, bytes], words: str, tmp_path: Path
) -> None:
    folder = write_checkpoint(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if set(files) & set(SHARDS.values()):
        index = {"weight_map": SHARDS}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    found = refusals(folder)
    assert (words in found[0]) if words else found == []


@pytest.mark.parametrize(
    ("quantization", "bits"),
    [
        (FP8, 8),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, 8),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 4),
        (packed(8, "int-quantized", 128), 8),
    ],
)
def test_the_bits_of_a_weight_are_the_methods(
    quantization: dict[str, object], bits: int, tmp_path: Path
) -> None:
    read = read_checkpoint(write_checkpoint(tmp_path / "m", quantization=quantization))
    assert read.quantization is not None
    assert read.quantization.bits == bits


def test_every_expert_of_a_mixture_takes_memory(tmp_path: Path) -> None:
    qwen3_30b_a3b = {
        "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32,
        "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 151936, "num_experts": 128,
        "moe_intermediate_size": 768, "intermediate_size": 6144,
    }  # fmt: skip
    read = read_checkpoint(write_checkpoint(tmp_path / "m", **qwen3_30b_a3b))
    assert 56 < weight_bytes(read.shape, None) / GIB < 58  # published: 61 GB


def test_fix_adds_the_missing_stop_tokens_and_keeps_the_rest(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", eos=2)
    file = folder / "generation_config.json"
    file.write_text('{"eos_token_id": 2, "top_p": 0.8}')
    add_stop_ids(read_checkpoint(folder))
    assert json.loads(file.read_text()) == {"eos_token_id": [2, 92542], "top_p": 0.8}
    assert refusals(folder) == []


def test_another_architecture_stops_at_its_own_end_of_message(tmp_path: Path) -> None:
    folder = write_checkpoint(
        tmp_path / "m", architectures=["Qwen2ForCausalLM"], eos_token_id=151643, eos=151643
    )
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    tokenizer["added_tokens_decoder"] = {"151645": {"content": "<|im_end|>"}}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    assert "[151645]" in refusals(folder)[0]


def test_the_tokenizer_says_where_a_turn_ends(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", eos=[2, 4])
    assert "[92542]" in refusals(folder)[0]
    file = folder / "tokenizer_config.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["added_tokens_decoder"] = {"4": {"content": "<|im_end|>"}}
    file.write_text(json.dumps(tokenizer))
    assert refusals(folder) == []


@pytest.mark.parametrize(
    "tokenizer",
    [
        {"bos_token": [1], "added_tokens_decoder": {"x": "<|im_end|>", "7": 7}},
        {"bos_token": {"content": None}, "added_tokens_decoder": ["<|im_end|>"]},
        {"chat_template": [{"name": "default"}]},
    ],
)
def test_a_strange_tokenizer_config_is_read_as_far_as_it_goes(
    tokenizer: dict[str, object], tmp_path: Path
) -> None:
    folder = write_checkpoint(tmp_path / "m")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    assert "no chat template" in refusals(folder)[0]


def test_a_template_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m")
    (folder / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(CommandError, match=r"chat_template\.jinja"):
        read_checkpoint(folder)


@pytest.mark.parametrize("changes", [{"num_key_value_heads": -1}, {"vocab_size": 0}])
def test_sizes_that_cannot_be_are_no_model(changes: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"config\.json"):
        read_checkpoint(write_checkpoint(tmp_path / "m", **changes))


def test_a_model_trained_under_another_persona_is_remarked_on(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m")
    for name, remarks in ((persona.fingerprint(), 0), ("0" * 64, 1)):
        (folder / "shudong.json").write_text(json.dumps({"persona": name}))
        found = list(check_checkpoint(read_checkpoint(folder), options(folder)))
        assert sum("system prompt" in f.what for f in found) == remarks


def test_no_gpu_is_refused(tmp_path: Path) -> None:
    assert "0 NVIDIA GPUs" in refused_gpus(write_checkpoint(tmp_path / "m"))[0]


def test_an_old_gpu_is_refused(tmp_path: Path) -> None:
    old = replace(RTX_4090, name="Tesla P40", capability=(6, 1))
    assert "compute capability 6.1" in refused_gpus(write_checkpoint(tmp_path / "m"), old)[0]


def test_too_little_memory_is_refused_and_enough_is_not(tmp_path: Path) -> None:
    fp16 = write_checkpoint(tmp_path / "fp16")
    awq = write_checkpoint(tmp_path / "awq", quantization=AWQ)
    small = replace(RTX_4090, free=8 * GIB)
    assert "need 15.9 GiB" in refused_gpus(fp16, small)[0]
    assert refused_gpus(awq, small) == []
    assert "room for" in refused_gpus(awq, small, kv_bits=16, session_len=32768)[0]


def test_the_fullest_of_the_used_cards_counts(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m")
    full = replace(RTX_4090, index=1, free=4 * GIB)
    assert refused_gpus(folder, RTX_4090, full) == []
    assert refused_gpus(folder, RTX_4090, full, tp=2)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"num_attention_heads": 0}', "\xff"])
def test_a_folder_that_is_no_model_is_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(CommandError, match=r"config\.json"):
        read_checkpoint(tmp_path)


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder"):
        read_checkpoint(tmp_path / "nowhere")
    with pytest.raises(CommandError, match=r"no config\.json"):
        read_checkpoint(tmp_path)


PLAIN = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


@pytest.mark.parametrize(
    ("architecture", "template", "words"),
    [
        ("InternLM2ForCausalLM", PLAIN, "lays conversations out differently"),
        ("LlamaForCausalLM", "{% for %}", "cannot lay out a conversation"),
    ],
)
def test_a_layout_that_is_not_trainings_is_refused(
    architecture: str, template: str, words: str, tmp_path: Path
) -> None:
    pytest.importorskip("jinja2")
    folder = write_checkpoint(tmp_path / "m", architectures=[architecture], template=template)
    assert any(words in refusal for refusal in refusals(folder))


NAMED = [{"name": "tool_use", "template": "{%"}, {"name": "default", "template": PLAIN}]
REFUSES_TOOLS = "{% if messages[0]['role'] == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
BREAKS = "{% for one in messages %}{{ one['content'] }}{% if loop.last %}{% break %}{% endif %}"
LAYOUTS = {
    "several by name": NAMED,
    "a generation tag": PLAIN + "{% generation %}{% endgeneration %}",
    "a break": BREAKS + "{% endfor %}",
    "the date": "{{ strftime_now('%d %b %Y') }}" + PLAIN,
    "an exception": REFUSES_TOOLS + PLAIN,
    "json": PLAIN + "{{ messages | tojson(indent=2) }}",
}


@pytest.mark.parametrize("template", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_template_may_use_what_transformers_gives_it(template: object, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    folder = write_checkpoint(
        tmp_path / "m", architectures=["LlamaForCausalLM"], template=template, eos=2
    )
    assert not any("chat template" in refusal for refusal in refusals(folder))


def test_a_template_that_opens_a_thought_is_remarked_on(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    folder = write_checkpoint(
        tmp_path / "m", architectures=["Qwen3ForCausalLM"], template=PLAIN + "<think>\n", eos=2
    )
    found = check_checkpoint(read_checkpoint(folder), options(folder))
    assert any("opens a thought" in one.what for one in found)


def test_another_kind_of_model_has_a_layout_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    folder = write_checkpoint(
        tmp_path / "m", architectures=["LlamaForCausalLM"], template=PLAIN, eos=2
    )
    assert not any("conversation" in refusal for refusal in refusals(folder))
