"""How far a quantized model is from its original, on dialogues neither has seen.

Both run through transformers, one after the other: in float16 on a GPU, in float32 on a CPU. The
words of the assistant count, as in training; the layers are compared by their outputs, because
quantizing moves scales from one layer into another and leaves single weights incomparable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import transformers

from inference.quantize.errors import QuantizeError
from inference.quantize.packed import dequantized

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inference.quantize.dialogues import Dialogue

MAX_SAMPLE_TOKENS = 2048
"""Tokens of one dialogue that are read."""

# Half of transformers is untyped.
_auto: Any = transformers

COMPARED_IN_DEPTH = 2
"""Dialogues whose every layer is compared: outputs of all layers take memory."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One dialogue as the model reads it: token ids, and which of them the assistant said."""

    tokens: torch.Tensor
    said: torch.Tensor


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model makes of the samples."""

    losses: torch.Tensor
    """Nats of each of the assistant's tokens."""
    choices: torch.Tensor
    """The token the model would have said in its place."""
    layers: list[torch.Tensor]
    """The output of the embedding and of every layer, (layers + 1, tokens, hidden) a sample."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The comparison. Losses are nats a token; perplexity is their exponential."""

    tokens: int
    original_loss: float
    quantized_loss: float
    top1: float
    """The share of tokens at which both models would say the same."""
    layer_errors: tuple[float, ...]
    """The relative error of the output of each layer, in the order of the layers."""

    @property
    def loss_increase(self) -> float:
        """Nats a token that quantizing costs."""
        return self.quantized_loss - self.original_loss


def count_tokens(model: Path, dialogues: Sequence[Dialogue], *, trust_remote_code: bool) -> int:
    """The tokens of dialogues under the model's chat template.

    Raises:
        QuantizeError: the model has no chat template.
    """
    tokenizer = load_tokenizer(model, trust_remote_code=trust_remote_code)
    return sum(
        len(sample_of(tokenizer, dialogue, MAX_SAMPLE_TOKENS).tokens) for dialogue in dialogues
    )


def samples_of(
    model: Path, dialogues: Sequence[Dialogue], *, max_tokens: int, trust_remote_code: bool
) -> list[Sample]:
    """Dialogues under the model's chat template, until `max_tokens` of them are collected.

    Raises:
        QuantizeError: the model has no chat template, or there is not a word of an assistant.
    """
    tokenizer = load_tokenizer(model, trust_remote_code=trust_remote_code)
    samples: list[Sample] = []
    total = 0
    for dialogue in dialogues:
        if total >= max_tokens:
            break
        sample = sample_of(tokenizer, dialogue, min(MAX_SAMPLE_TOKENS, max_tokens - total))
        if bool(sample.said.any()):
            samples.append(sample)
            total += len(sample.tokens)
    if not samples:
        raise QuantizeError("The held-out dialogues have no word of an assistant.")
    return samples


def load_tokenizer(model: Path, *, trust_remote_code: bool) -> Any:  # noqa: ANN401
    """The model's tokenizer. Raises QuantizeError where it has no chat template."""
    tokenizer: Any = _auto.AutoTokenizer.from_pretrained(
        str(model), trust_remote_code=trust_remote_code
    )
    if not tokenizer.chat_template:
        raise QuantizeError(f"{model}: the tokenizer has no chat template.")
    return tokenizer


def sample_of(tokenizer: Any, dialogue: Dialogue, most: int) -> Sample:  # noqa: ANN401
    """A dialogue under the chat template, at most `most` tokens of it.

    What a template adds after an answer (its end mark) counts as said: the model has to stop.
    """
    messages = [{"role": entry.role, "content": entry.content} for entry in dialogue]
    text = ""
    pieces: list[tuple[str, bool]] = []
    for end, message in enumerate(messages, 1):
        said = message["role"] == "assistant"
        if said:  # the line that opens an answer is given, not said
            opened = _rendered(tokenizer, messages[: end - 1], opened=True)
            pieces.append((_added(text, opened), False))
            text = opened
        closed = _rendered(tokenizer, messages[:end], opened=False)
        pieces.append((_added(text, closed), said))
        text = closed
    encoded = [
        (tokenizer(piece, add_special_tokens=False)["input_ids"], said) for piece, said in pieces
    ]
    tokens = torch.tensor([token for ids, _ in encoded for token in ids], dtype=torch.long)
    said_mask = torch.tensor([said for ids, said in encoded for _ in ids], dtype=torch.bool)
    return Sample(tokens[:most], said_mask[:most])


def _added(before: str, after: str) -> str:
    if not after.startswith(before):
        raise QuantizeError(
            "The chat template rewrites earlier messages; it cannot be measured so."
        )
    return after[len(before) :]


def _rendered(tokenizer: Any, messages: list[dict[str, str]], *, opened: bool) -> str:  # noqa: ANN401
    return str(
        tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=opened)
    )


def load_original(folder: Path, *, device: str, trust_remote_code: bool) -> Any:  # noqa: ANN401
    """The unquantized model."""
    model: Any = _auto.AutoModelForCausalLM.from_pretrained(
        str(folder), trust_remote_code=trust_remote_code, dtype=_dtype(device)
    )
    return model.to(device).eval()


def load_dequantized(folder: Path, *, device: str, trust_remote_code: bool) -> tuple[Any, int]:
    """The quantized model with its weights unpacked, and how many layers were packed.

    Raises:
        QuantizeError: its tensors are not those of its architecture.
    """
    weights, packed = dequantized(folder)
    config: Any = _auto.AutoConfig.from_pretrained(str(folder), trust_remote_code=trust_remote_code)
    del config.quantization_config
    model: Any = _auto.AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)
    # The output head of a model with tied embeddings is not stored a second time.
    missing, unexpected = model.to(_dtype(device)).load_state_dict(weights, strict=False)
    tied = set(getattr(model, "_tied_weights_keys", None) or ())
    if unexpected or set(missing) - tied:
        raise QuantizeError(
            f"{folder}: {len(set(missing) - tied)} tensors are missing and {len(unexpected)} are "
            "not of this architecture."
        )
    return model.to(device).eval(), packed


def _dtype(device: str) -> torch.dtype:
    return torch.float32 if device == "cpu" else torch.float16


def read_with(
    model: Any,  # noqa: ANN401
    samples: Sequence[Sample],
    deep: int = COMPARED_IN_DEPTH,
) -> Reading:
    """Let a model read the samples; the layers of the first `deep` ones are kept."""
    losses, choices, layers = [], [], []
    for index, sample in enumerate(samples):
        keeps_layers = index < deep
        with torch.inference_mode():
            output = model(
                input_ids=sample.tokens[None].to(model.device), output_hidden_states=keeps_layers
            )
        logits = output.logits[0, :-1].float().cpu()[sample.said[1:]]
        targets = sample.tokens[1:][sample.said[1:]]
        losses.append(torch.nn.functional.cross_entropy(logits, targets, reduction="none"))
        choices.append(logits.argmax(-1))
        if keeps_layers:
            layers.append(torch.stack([state[0].float().cpu() for state in output.hidden_states]))
    return Reading(torch.cat(losses), torch.cat(choices), layers)


def compare(original: Reading, quantized: Reading) -> Agreement:
    """Set two readings of the same samples side by side."""
    errors = [
        (new - old).norm(dim=(1, 2)) / old.norm(dim=(1, 2))
        for old, new in zip(original.layers, quantized.layers, strict=True)
    ]
    mean_errors = torch.stack(errors).mean(0)[1:]  # the embedding is not quantized
    return Agreement(
        tokens=len(original.losses),
        original_loss=float(original.losses.mean()),
        quantized_loss=float(quantized.losses.mean()),
        top1=float((original.choices == quantized.choices).float().mean()),
        layer_errors=tuple(float(error) for error in mean_errors),
    )
