"""What a model's folder says about the model, read without loading it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference import persona
from inference.chat_template import END, INTERNLM2_STOP_IDS
from inference.console import CommandError

if TYPE_CHECKING:
    from pathlib import Path

INTERNLM2: Final = "InternLM2ForCausalLM"
GENERATION_CONFIG: Final = "generation_config.json"


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes in config.json that memory depends on."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    ties_embeddings: bool
    context: int
    """Tokens the model was made for."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """How the weights are packed."""

    method: str
    bits: int
    group_size: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model in Hugging Face's layout."""

    path: Path
    architecture: str
    shape: Shape
    quantization: Quantization | None
    """None for fp16, bf16 or fp32."""
    stop_ids: frozenset[int]
    """Where generation_config.json says that an answer ends."""
    wanted_stop_ids: frozenset[int]
    """Where this project's answers end."""
    chat_template: str
    """Jinja; empty where the tokenizer brings none."""
    bos: str
    has_own_code: bool
    """Whether it brings Python files that LMDeploy has to run."""
    persona: str
    """Fingerprint of the system prompt it was trained under; empty where it does not say."""
    has_weights: bool

    @property
    def is_awq(self) -> bool:
        """Whether TurboMind has to be told `--model-format awq`."""
        return self.quantization is not None and self.quantization.method == "awq"


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a model's folder; raises `CommandError` where it is none."""
    if not path.is_dir():
        raise CommandError(
            f"There is no folder {path}: name the folder of a model in Hugging Face's layout.",
            exit_status=2,
        )
    config = _read(path / "config.json")
    tokenizer = _read(path / "tokenizer_config.json", optional=True)
    generation = _read(path / GENERATION_CONFIG, optional=True)
    architectures = config.get("architectures")
    architecture = (
        str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    )
    return Checkpoint(
        path=path,
        architecture=architecture,
        shape=shape_of(config, str(path / "config.json")),
        quantization=_quantization(config),
        stop_ids=ids_of(generation.get("eos_token_id")),
        wanted_stop_ids=_wanted_stop_ids(architecture, config, tokenizer),
        chat_template=_chat_template(path, tokenizer),
        bos=content_of(tokenizer.get("bos_token")),
        has_own_code="auto_map" in config or "auto_map" in tokenizer,
        persona=str(_read(path / persona.FILE, optional=True).get("persona", "")),
        has_weights=any(path.glob("*.safetensors")) or any(path.glob("*.bin")),
    )


def shape_of(config: dict[str, Any], place: str) -> Shape:
    """The sizes in a config.json; `place` names it when one is missing."""
    try:
        heads = int(config["num_attention_heads"])
        hidden = int(config["hidden_size"])
        shape = Shape(
            layers=int(config["num_hidden_layers"]),
            hidden=hidden,
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or hidden // heads),
            intermediate=int(config["intermediate_size"]),
            vocabulary=int(config["vocab_size"]),
            ties_embeddings=bool(config.get("tie_word_embeddings", False)),
            context=int(config.get("max_position_embeddings") or 0),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        what = f" ({error.args[0]})" if isinstance(error, KeyError) else ""
        raise CommandError(
            f"{place} does not describe a language model of a known kind{what}.", exit_status=2
        ) from None
    sizes = (shape.layers, hidden, heads, shape.kv_heads, shape.head_dim, shape.intermediate)
    if min(*sizes, shape.vocabulary) < 1:
        raise CommandError(f"{place} has a size below 1.", exit_status=2)
    return shape


def add_stop_ids(checkpoint: Checkpoint) -> None:
    """Write the missing stop tokens into generation_config.json, all at once or not at all."""
    file = checkpoint.path / GENERATION_CONFIG
    config = _read(file, optional=True)
    config["eos_token_id"] = sorted(checkpoint.stop_ids | checkpoint.wanted_stop_ids)
    draft = file.with_suffix(".draft")
    try:
        draft.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({error.strerror}).") from None


def _read(file: Path, *, optional: bool = False) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if optional:
            return {}
        raise CommandError(
            f"There is no {file.name} in {file.parent}: it is not a model in Hugging Face's "
            "layout (one that XTuner made is merged first).",
            exit_status=2,
        ) from None
    except (OSError, ValueError):
        raise CommandError(f"{file} cannot be read as JSON.", exit_status=2) from None
    return content if isinstance(content, dict) else {}


def _quantization(config: dict[str, Any]) -> Quantization | None:
    packed = config.get("quantization_config")
    if not isinstance(packed, dict) or not packed.get("quant_method"):
        return None
    bits, group_size = packed.get("bits"), packed.get("group_size")
    return Quantization(
        method=str(packed["quant_method"]),
        bits=bits if isinstance(bits, int) else 4,
        group_size=group_size if isinstance(group_size, int) else 0,
    )


def ids_of(value: object) -> frozenset[int]:
    """The token ids in a value that is one, a list of them, or null."""
    values = value if isinstance(value, list) else [value]
    return frozenset(v for v in values if isinstance(v, int))


def _wanted_stop_ids(
    architecture: str, config: dict[str, Any], tokenizer: dict[str, Any]
) -> frozenset[int]:
    """The tokenizer's own mark of a turn's end; InternLM2's published one where it names none."""
    added = tokenizer.get("added_tokens_decoder")
    ends = frozenset(
        int(number)
        for number, token in (added.items() if isinstance(added, dict) else ())
        if str(number).isdecimal() and content_of(token) == END
    )
    if architecture == INTERNLM2:
        end_of_text, end_of_turn = INTERNLM2_STOP_IDS
        return frozenset({end_of_text}) | (ends or {end_of_turn})
    return ends | ids_of(config.get("eos_token_id"))


def _chat_template(path: Path, tokenizer: dict[str, Any]) -> str:
    own_file = path / "chat_template.jinja"
    if own_file.is_file():
        try:
            return own_file.read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise CommandError(f"{own_file} cannot be read as text.", exit_status=2) from None
    template = tokenizer.get("chat_template")
    return template if isinstance(template, str) else ""


def content_of(value: object) -> str:
    """The text of a token, which a tokenizer writes as a text or as an object."""
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else ""
