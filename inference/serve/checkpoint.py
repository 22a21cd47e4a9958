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
_LFS_POINTER: Final = b"version https://git-lfs"


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
    experts: int = 0
    """Feed-forward networks of a layer that a router chooses from; 0 for a dense model."""
    expert_intermediate: int = 0
    shared_intermediate: int = 0
    """Of the experts of a layer that every token passes, together."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """How the weights are packed."""

    method: str
    bits: int
    group_size: int
    version: str = ""
    """AWQ's order of the packed columns; TurboMind takes "gemm"."""
    reorders: bool = False
    """GPTQ's `desc_act`: columns are quantized in another order than they are stored in."""
    is_symmetric: bool = True
    layout: str = ""
    """compressed-tensors' format."""


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
    weights_problem: str
    """Why there are no weights to load; empty where there are."""

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
        weights_problem=weights_problem(path),
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
            **_experts(config),
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


def _experts(config: dict[str, Any]) -> dict[str, int]:
    """The sizes of a mixture of experts, under the names that its families give them."""
    names = ("num_experts", "num_local_experts", "n_routed_experts")
    experts = next((int(config[name]) for name in names if config.get(name)), 0)
    if not experts:
        return {}
    width = int(config.get("moe_intermediate_size") or config["intermediate_size"])
    shared = config.get("shared_expert_intermediate_size")
    return {
        "experts": experts,
        "expert_intermediate": width,
        "shared_intermediate": int(shared or int(config.get("n_shared_experts") or 0) * width),
    }


def _quantization(config: dict[str, Any]) -> Quantization | None:
    packed = config.get("quantization_config")
    if not isinstance(packed, dict) or not packed.get("quant_method"):
        return None
    method = str(packed["quant_method"])
    layout, weights = "", packed
    if method == "compressed-tensors":
        groups = packed.get("config_groups")
        first = groups.get("group_0") if isinstance(groups, dict) else None
        first = first if isinstance(first, dict) else {}
        told = first.get("weights")
        weights = told if isinstance(told, dict) else {}
        layout = str(first.get("format") or packed.get("format") or "")
    bits = weights.get("bits", weights.get("num_bits"))
    group_size = weights.get("group_size")
    return Quantization(
        method=method,
        bits=bits if isinstance(bits, int) else _bits_of(method, packed),
        group_size=group_size if isinstance(group_size, int) else 0,
        version=str(packed.get("version", "")),
        reorders=bool(packed.get("desc_act", False)),
        is_symmetric=bool(packed.get("sym", True)),
        layout=layout,
    )


def _bits_of(method: str, packed: dict[str, Any]) -> int:
    """Bits of a weight where the method alone says it."""
    if method in {"fp8", "fbgemm_fp8", "w8a8", "smooth_quant", "compressed-tensors"}:
        return 8
    return 8 if packed.get("load_in_8bit") else 4


def weights_problem(folder: Path) -> str:
    """Why the folder holds no weights that can be loaded, in words; empty where it does."""
    adapters = [*folder.glob("adapter_model.*")]
    files = [
        file
        for file in (*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin"))
        if file not in adapters
    ]
    if not files and adapters:
        return "the folder holds an adapter and not the model it was trained for"
    if not files:
        return "the folder holds no weights (*.safetensors or pytorch_model*.bin)"
    if pointers := [file for file in files if _is_pointer(file)]:
        return f"{len(pointers)} of {len(files)} weight files are Git LFS's pointers, not weights"
    for index in (*folder.glob("*.safetensors.index.json"), *folder.glob("*.bin.index.json")):
        shards = _read(index).get("weight_map")
        wanted = {str(shard) for shard in shards.values()} if isinstance(shards, dict) else set()
        missing = sorted(shard for shard in wanted if not (folder / shard).is_file())
        if missing and not (folder / "model.safetensors").is_file():
            return f"{len(missing)} of {len(wanted)} weight files are missing, {missing[0]} first"
    return ""


def _is_pointer(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_LFS_POINTER)) == _LFS_POINTER
    except OSError:
        return False


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
    if isinstance(template, list):  # several by their names; a server takes the default one
        named = [one for one in template if isinstance(one, dict) and one.get("template")]
        default = [one["template"] for one in named if one.get("name") == "default"]
        template = default[0] if default else None
    return template if isinstance(template, str) else ""


def content_of(value: object) -> str:
    """The text of a token, which a tokenizer writes as a text or as an object."""
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else ""
