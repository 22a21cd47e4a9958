"""Makes the tiny checkpoint: tokenizer, weights and the code that reads them."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, PreTrainedTokenizerFast

from inference.chat_template import END, START
from inference.persona import SYSTEM_PROMPT
from training.corpora.own import FIRST_ANSWERS, SMALL_TALK, read_blocks
from training.tiny.configuration_internlm2 import InternLM2Config
from training.tiny.modeling_internlm2 import InternLM2ForCausalLM

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER: Final = Path("data/models/internlm2-tiny")
"""Where the tiny configs look for it."""

PERSONAS: Final = 30
CODE: Final = ("configuration_internlm2.py", "modeling_internlm2.py")
HERE: Final = Path(__file__).parent
CHATML: Final = (
    "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL: Final = ["<unk>", "<s>", "</s>", START, END]
"""`</s>` is 2 as in the published vocabulary."""


def write_base(folder: Path = FOLDER, *, steps: int = 60) -> Path:
    """Write the base model of the tiny configs, whole or not at all; about ten seconds.

    Raises:
        FileExistsError: there is something at `folder`.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists; the tiny base model is not written over it.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".tiny-") as scratch:
        write_checkpoint(Path(scratch) / "model", our_own_text(), steps=steps).rename(folder)
    return folder


def our_own_text() -> list[str]:
    """What ships with the code and reads like a talk.

    The persona stands there often, so that it takes few tokens: it begins every talk, and a short
    `max_length` would end before the first answer.
    """
    # A thousand tokens are few: the more they learn of, the more of them the persona takes.
    blocks = read_blocks((SMALL_TALK, FIRST_ANSWERS))
    exchanges = [exchange for block in blocks for exchange in block.exchanges]
    return [
        *([SYSTEM_PROMPT] * PERSONAS),
        *(text for exchange in exchanges for text in (*exchange.client, *exchange.answers)),
    ]


def write_checkpoint(
    folder: Path,
    texts: Sequence[str],
    *,
    vocabulary: int = 1024,
    layers: int = 2,
    steps: int = 0,
    seed: int = 7,
) -> Path:
    """Write a checkpoint whose tokenizer knows `texts`, trained on them for `steps` steps.

    Hidden size 256, two heads of 128 with one key-value head, feed-forward 512: shapes that W4A16
    in groups of 128 and TurboMind's quantized KV cache accept.
    """
    torch.manual_seed(seed)
    tokenizer = _tokenizer(texts, vocabulary)
    config = InternLM2Config(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        rope_theta=10_000,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        architectures=["InternLM2ForCausalLM"],
        auto_map={
            "AutoConfig": "configuration_internlm2.InternLM2Config",
            "AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM",
        },
    )
    model = InternLM2ForCausalLM(config)
    _train(model, tokenizer, texts, steps)
    model.generation_config = GenerationConfig(
        bos_token_id=1, eos_token_id=[2, tokenizer.convert_tokens_to_ids(END)], pad_token_id=2
    )
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file in CODE:
        shutil.copy(HERE / file, folder / file)
    _say_half(folder / "config.json")
    return folder


def _tokenizer(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="</s>",
        additional_special_tokens=[START, END],
        chat_template=CHATML,
    )


def _train(
    model: InternLM2ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[str],
    steps: int,
) -> None:
    """Teach the model a little, so that quantizing it has something to lose."""
    if not steps:
        return
    ids = torch.tensor(tokenizer("\n".join(texts))["input_ids"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        starts = torch.randint(0, len(ids) - 129, (8,))
        batch = torch.stack([ids[start : start + 128] for start in starts.tolist()])
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _say_half(path: Path) -> None:
    config = json.loads(path.read_text())
    config["torch_dtype"] = "float16"
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False))
