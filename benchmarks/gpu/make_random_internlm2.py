"""Writes an InternLM2-7B of random weights, in fp16 or W4A16: for measuring speed, never for talk.

    python -m benchmarks.gpu.make_random_internlm2 OUT [--w4a16] [--dialogues FILE]

Speed does not depend on what the weights are, and the published checkpoint takes a download and a
quantization. The tokenizer is trained on the dialogues that the bench sends, so that prompts have
about as many tokens as they would have. Needs torch, safetensors and tokenizers.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from inference.bench.dialogues import packaged, read
from inference.chat_template import END, INTERNLM2_STOP_IDS, START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inference.bench.dialogues import Conversation

HERE: Final = Path(__file__).parent
CODE: Final = HERE.parents[1] / "training/tiny"
CODE_FILES: Final = ("configuration_internlm2.py", "modeling_internlm2.py")
GROUP: Final = 128
FIRST: Final = ("<unk>", "<s>", "</s>")
TEMPLATE: Final = (
    "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + "
    "'<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
AWQ: Final = {
    "bits": 4, "group_size": GROUP, "quant_method": "awq", "version": "gemm", "zero_point": True,
}  # fmt: skip


def write_model(
    folder: Path, config: dict[str, Any], conversations: list[Conversation], *, w4a16: bool
) -> None:
    """Write config, code, tokenizer and weights; every layer has the same weights."""
    folder.mkdir(parents=True)
    if w4a16:
        config = config | {"quantization_config": AWQ}
    _write_json(folder / "config.json", config)
    vocabulary = int(config["vocab_size"])
    end = INTERNLM2_STOP_IDS[1] if vocabulary > INTERNLM2_STOP_IDS[1] else vocabulary - 2
    _write_json(folder / "generation_config.json", {"eos_token_id": [2, end]})
    for name in CODE_FILES:
        shutil.copy(CODE / name, folder / name)
    _write_tokenizer(folder, conversations, vocabulary)
    torch.manual_seed(1)
    _write_weights(folder, config, w4a16=w4a16)


def _write_weights(folder: Path, config: dict[str, Any], *, w4a16: bool) -> None:
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    layers = config["num_hidden_layers"]
    ends = {
        "model.tok_embeddings.weight": _normal(vocabulary, hidden),
        "output.weight": _normal(vocabulary, hidden),
        "model.norm.weight": torch.ones(hidden, dtype=torch.float16),
    }
    weight_map: dict[str, str] = {}
    one_layer = dict(_layer(config, w4a16=w4a16))
    shards = [
        ends,
        *({f"model.layers.{n}.{k}": v for k, v in one_layer.items()} for n in range(layers)),
    ]
    for number, tensors in enumerate(shards, start=1):
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(tensors, folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(tensors, name)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    _write_json(folder / "model.safetensors.index.json", index)


def _layer(config: dict[str, Any], *, w4a16: bool) -> Iterator[tuple[str, torch.Tensor]]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    head = hidden // config["num_attention_heads"]
    qkv = hidden + 2 * config["num_key_value_heads"] * head
    yield "attention_norm.weight", torch.ones(hidden, dtype=torch.float16)
    yield "ffn_norm.weight", torch.ones(hidden, dtype=torch.float16)
    for name, rows, columns in (
        ("attention.wqkv", qkv, hidden),
        ("attention.wo", hidden, hidden),
        ("feed_forward.w1", inner, hidden),
        ("feed_forward.w3", inner, hidden),
        ("feed_forward.w2", hidden, inner),
    ):
        if not w4a16:
            yield f"{name}.weight", _normal(rows, columns)
            continue
        yield f"{name}.qweight", _words(columns, rows // 8)
        yield f"{name}.qzeros", _words(columns // GROUP, rows // 8)
        # Sixteen steps over about the spread of the fp16 weights.
        yield f"{name}.scales", torch.full((columns // GROUP, rows), 0.005, dtype=torch.float16)


def _normal(rows: int, columns: int) -> torch.Tensor:
    return (torch.randn(rows, columns) * 0.02).to(torch.float16)


def _words(rows: int, columns: int) -> torch.Tensor:
    return torch.randint(-(2**31), 2**31 - 1, (rows, columns), dtype=torch.int32)


def _write_tokenizer(folder: Path, conversations: list[Conversation], vocabulary: int) -> None:
    """A byte-level BPE with a token for every id, so that whatever comes out can be read."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(FIRST) - 2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (message.content for talk in conversations for message in talk[-1])
    tokenizer.train_from_iterator(texts, trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    ordered = sorted(trained["vocab"], key=trained["vocab"].get)
    names = [*FIRST, *ordered]
    names += [f"x{number}" for number in range(len(names), vocabulary - 2)] + [END, START]
    merges = [tuple(merge) for merge in trained["merges"]]
    full = Tokenizer(models.BPE(vocab={n: i for i, n in enumerate(names)}, merges=merges))
    full.pre_tokenizer = tokenizer.pre_tokenizer
    full.decoder = decoders.ByteLevel()
    full.add_special_tokens([*FIRST, END, START])
    full.save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "</s>",
            "chat_template": TEMPLATE,
        },
    )


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path, help="the folder to write; must not exist")
    parser.add_argument("--w4a16", action="store_true", help="4 bits in groups of 128, as AWQ's")
    parser.add_argument("--dialogues", type=Path, help="what the bench is going to send")
    parser.add_argument("--config", type=Path, default=HERE / "internlm2_7b.json")
    options = parser.parse_args()
    conversations = read(options.dialogues) if options.dialogues else packaged()
    config = json.loads(options.config.read_text(encoding="utf-8"))
    write_model(options.out, config, conversations, w4a16=options.w4a16)


if __name__ == "__main__":
    main()
