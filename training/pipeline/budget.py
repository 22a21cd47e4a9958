"""What a rebuild takes of GPUs, memory and disk: arithmetic, before hours are spent.

None of it is a measurement. It counts what is certain (weights, optimizer, checkpoints) and allows
for the rest; docs/training.md shows the same numbers for a 7B.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from inference.serve.checkpoint import Quantization
from inference.serve.memory import GIB, RESERVED, weight_bytes

if TYPE_CHECKING:
    from collections.abc import Collection

    from inference.serve.checkpoint import Shape

NF4_BITS: Final = 4 + 8 / 64 + 32 / (64 * 256)
"""A weight, its share of an 8-bit scale for 64, and of a 32-bit one for 256 of those."""
ADAPTER_BYTES: Final = 4 + 4 + 8
"""A trained weight of an adapter in 32 bits, its gradient, and Adam's two moments."""
OPTIMIZER_BYTES: Final = 4 + 8
"""For a weight of the model: its 32-bit copy and Adam's two moments."""
LOGIT_BYTES: Final = 2 + 4 + 4
"""For a token and a word of the vocabulary: 16 bits, their 32-bit copy, its gradient."""
SCORE_BYTES: Final = 4 + 2 + 2 + 4 + 4
"""For a head and two tokens, on the way back through a layer without flash attention: softmax in
32 bits, its 16-bit copy, the gradients of both, and that of the scores."""
UNTRAINED_BYTES: Final = 4
"""A weight beside an adapter that is not in four bits: XTuner has PEFT make it 32 bits wide."""
W4A16: Final = Quantization("awq", 4, 128)

_SHARD: Final = 2 * GIB
_MADE_OF_CORPORA: Final = 8
"""Prepared files and `prepare`'s scratch, for a byte of a packed corpus."""


class Method(StrEnum):
    """What is trained."""

    QLORA = "QLoRA"
    LORA = "LoRA"
    FULL = "all weights"


@dataclass(frozen=True, slots=True)
class Load:
    """What of a config decides how much is used."""

    method: Method
    length: int
    """Tokens of one packed sequence."""
    batch: int
    """Sequences that a GPU reads at once."""
    rank: int = 0
    targets: tuple[str, ...] = ()
    """Names of the matrices that an adapter lies beside."""
    kept: int = 2
    """Checkpoints on the disk."""
    keeps_optimizer: bool = True
    recomputes: bool = True
    """Gradient checkpointing: a layer's activations are made again on the way back."""
    zero: int = 0
    """DeepSpeed's stage: 1 shares the optimizer, 2 gradients as well, 3 weights as well."""
    weight_bytes: int = 2
    """As the config loads them; 4 on a CPU."""
    has_flash_attention: bool = True
    """Without it, attention keeps a score for every two tokens."""


@dataclass(frozen=True, slots=True)
class Part:
    """So many bytes, and how they were counted."""

    what: str
    size: int
    how: str


@dataclass(frozen=True, slots=True)
class Budget:
    """The parts, which add up on a GPU and on the disk; of memory the largest one counts."""

    gpu: tuple[Part, ...]
    memory: tuple[Part, ...]
    """By the names of the stages that take it."""
    disk: tuple[Part, ...]
    """By the names of the stages that write it."""

    @property
    def on_a_gpu(self) -> int:
        """Bytes on each GPU while training."""
        return sum(part.size for part in self.gpu)

    @property
    def in_memory(self) -> int:
        """Bytes of the machine's memory in the stage that takes most."""
        return max((part.size for part in self.memory), default=0)

    def of(self, stages: Collection[str]) -> Budget:
        """What only these stages take."""
        return Budget(
            gpu=self.gpu if "train" in stages else (),
            memory=tuple(part for part in self.memory if part.what in stages),
            disk=tuple(part for part in self.disk if part.what in stages),
        )


def budget(shape: Shape, load: Load, *, gpus: int, gpus_of_a_node: int, corpora: int) -> Budget:
    """What a rebuild takes; `corpora` are the bytes of the corpora as they lie on the disk."""
    return Budget(
        gpu=tuple(_gpu(shape, load, gpus)),
        memory=tuple(_memory(shape, load, gpus_of_a_node)),
        disk=tuple(_disk(shape, load, corpora)),
    )


def parameters(shape: Shape) -> int:
    """Weights of the model."""
    return weight_bytes(shape, None) // 2


def adapter_parameters(shape: Shape, load: Load) -> int:
    """Weights of the adapter: rank x (in + out) for each matrix it lies beside."""
    sizes = _adaptable(shape)
    each = [sum(sizes[name]) for name in load.targets if name in sizes]
    return shape.layers * load.rank * sum(each)


def trained_parameters(shape: Shape, load: Load) -> int:
    """Weights that training changes."""
    return parameters(shape) if load.method is Method.FULL else adapter_parameters(shape, load)


def _gpu(shape: Shape, load: Load, gpus: int) -> list[Part]:
    tokens = load.batch * load.length
    layer = 16 * shape.hidden + 6 * shape.intermediate
    kept = shape.layers * (shape.hidden if load.recomputes else layer)
    width = load.weight_bytes
    activations = tokens * (kept + (layer if load.recomputes else 0)) * width
    layers = f"{shape.layers} x {shape.hidden}" if load.recomputes else f"{shape.layers} layers"
    return [
        _weights(shape, load, gpus),
        _trained(shape, load, gpus),
        Part(
            "activations",
            activations,
            f"{tokens} tokens x ({layers} kept + {layer if load.recomputes else 0} of one layer) "
            f"x {width} B",
        ),
        *_scores(shape, load),
        Part(
            "logits",
            tokens * shape.vocabulary * LOGIT_BYTES,
            f"{tokens} tokens x {shape.vocabulary} words x {LOGIT_BYTES} B",
        ),
        Part("set aside", RESERVED, "CUDA and its workspaces; an allowance"),
    ]


def _scores(shape: Shape, load: Load) -> list[Part]:
    if load.has_flash_attention:
        return []
    layers = 1 if load.recomputes else shape.layers
    size = load.batch * layers * shape.heads * load.length**2 * SCORE_BYTES
    how = f"{load.batch} x {shape.heads} heads x {load.length} x {load.length} x {SCORE_BYTES} B"
    return [Part("attention scores", size, f"{how}{_times(layers)}; none with flash-attn")]


def _weights(shape: Shape, load: Load, gpus: int) -> Part:
    count = parameters(shape)
    if load.method is Method.QLORA:
        in_layers = shape.layers * sum(rows * cols for rows, cols in _matrices(shape).values())
        others = count - in_layers
        return Part(
            "weights",
            int(in_layers * NF4_BITS / 8) + others * UNTRAINED_BYTES,
            f"{_short(in_layers)} x {NF4_BITS:.2f} bits + {_short(others)} x {UNTRAINED_BYTES} B",
        )
    shared = gpus if load.zero == 3 else 1
    # DeepSpeed makes 16 bits of them again when it takes the model to the GPU.
    width = load.weight_bytes if load.zero else _loaded_bytes(load)
    return Part("weights", count * width // shared, f"{_short(count)} x {width} B{_over(shared)}")


def _loaded_bytes(load: Load) -> int:
    """Bytes of a weight when a model that is not in four bits has been loaded."""
    return load.weight_bytes if load.method is Method.FULL else UNTRAINED_BYTES


def _trained(shape: Shape, load: Load, gpus: int) -> Part:
    count = trained_parameters(shape, load)
    optimizer = gpus if load.zero else 1
    gradients = gpus if load.zero >= 2 else 1
    if load.method is Method.FULL:
        width = load.weight_bytes
        return Part(
            "gradients, optimizer",
            count * width // gradients + count * OPTIMIZER_BYTES // optimizer,
            f"{_short(count)} x {width} B{_over(gradients)} + "
            f"{_short(count)} x {OPTIMIZER_BYTES} B{_over(optimizer)}",
        )
    return Part(
        "adapter, optimizer",
        count * ADAPTER_BYTES,
        f"{_short(count)} trained x {ADAPTER_BYTES} B",
    )


def _memory(shape: Shape, load: Load, gpus_of_a_node: int) -> list[Part]:
    count, width = parameters(shape), _loaded_bytes(load)
    if load.method is Method.QLORA:
        loading = Part("train", _SHARD * gpus_of_a_node, "a file at a time in each process")
    else:
        each = f"{_short(count)} x {width} B{_times(gpus_of_a_node, 'processes')}"
        loading = Part("train", count * width * gpus_of_a_node, f"loading, {each}")
    return [
        loading,
        Part("merge", count * 2 + _SHARD, f"{_short(count)} x 2 B + a file"),
        Part(
            "quantize",
            int(count * 8.6),
            f"comparing, {_short(count)} x (4 B unpacked + 4 B in the model + 0.6 B packed)",
        ),
    ]


def _disk(shape: Shape, load: Load, corpora: int) -> list[Part]:
    count, trained = parameters(shape), trained_parameters(shape, load)
    width = load.weight_bytes if load.method is Method.FULL else 4
    each = width + (OPTIMIZER_BYTES if load.keeps_optimizer else 0)
    adapter = trained * (2 if load.method is Method.FULL else 4)
    packed = weight_bytes(shape, W4A16)
    return [
        Part("prepare", corpora * _MADE_OF_CORPORA, f"corpora x {_MADE_OF_CORPORA}"),
        Part(
            "train",
            trained * each * load.kept,  # the oldest one goes before the next is written
            f"{_short(trained)} x {each} B x {load.kept} checkpoints",
        ),
        Part("convert", adapter, f"{_short(trained)} x {adapter // max(trained, 1)} B"),
        Part("merge", 0, "the same files under another name")
        if load.method is Method.FULL
        else Part("merge", count * 2, f"{_short(count)} x 2 B"),
        Part("quantize", packed, "4 bits in groups of 128, tables in 16"),
    ]


def _matrices(shape: Shape) -> dict[str, tuple[int, int]]:
    """Rows and columns of a layer's matrices, by InternLM2's names."""
    query, value = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    hidden, inner = shape.hidden, shape.intermediate
    return {
        "wqkv": (query + 2 * value, hidden),
        "wo": (hidden, query),
        "w1": (inner, hidden),
        "w2": (hidden, inner),
        "w3": (inner, hidden),
    }


def _adaptable(shape: Shape) -> dict[str, tuple[int, int]]:
    """The same matrices, also by the names that Llama and Qwen give them."""
    own = _matrices(shape)
    value = (shape.kv_heads * shape.head_dim, shape.hidden)
    query = (shape.heads * shape.head_dim, shape.hidden)
    return own | {
        "q_proj": query,
        "k_proj": value,
        "v_proj": value,
        "o_proj": own["wo"],
        "gate_proj": own["w1"],
        "down_proj": own["w2"],
        "up_proj": own["w3"],
    }


def _short(count: int) -> str:
    return f"{count / 1e9:.2f}e9" if count >= 10**8 else f"{count / 1e6:.2f}e6"


def _over(gpus: int) -> str:
    return f" / {gpus}" if gpus > 1 else ""


def _times(count: int, what: str = "layers") -> str:
    return f" x {count} {what}" if count > 1 else ""
