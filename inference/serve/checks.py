"""What speaks against serving a checkpoint, found before anything is started."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from inference import chat_template, persona
from inference.serve.checkpoint import INTERNLM2
from inference.serve.gpus import MIN_COMPUTE_CAPABILITY
from inference.serve.memory import GIB, RESERVED, fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inference.serve.checkpoint import Checkpoint
    from inference.serve.gpus import Gpu
    from inference.serve.plan import ServeOptions

HEAD_DIMS: Final = (64, 128, 192, 256)
QUANTIZED_KV_HEAD_DIM: Final = 128
GROUP_SIZE: Final = 128
KNOWN: Final = (
    INTERNLM2, "InternLM3ForCausalLM", "LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM",
    "Qwen2MoeForCausalLM", "Qwen3MoeForCausalLM", "MixtralForCausalLM", "GptOssForCausalLM",
)  # fmt: skip
"""Language models in LMDeploy 0.18's table for TurboMind."""

GROUP_SIZES: Final = {
    "awq": (128,), "gptq": (128,), "compressed-tensors": (32, 128), "fp8": (128,), "mxfp4": (32,),
}  # fmt: skip
"""What TurboMind takes (lmdeploy/turbomind/converter.py); any other method it refuses."""


_GENERATION_TAG: Final = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""Marks what is trained on; nothing of it is in the prompt."""
_OPENS_THOUGHT: Final = re.compile(r"(?:<(?:think|thinking|thought)>|\[THINK\])\s*\Z")


class Severity(Enum):
    """How much a finding matters."""

    REFUSAL = "cannot be served"
    REMARK = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should know."""

    severity: Severity
    what: str
    fix: str


def check_checkpoint(checkpoint: Checkpoint, options: ServeOptions) -> Iterator[Finding]:
    """Findings about the model and what is asked of it; needs no GPU."""
    yield from _shape(checkpoint, options)
    yield from _quantization(checkpoint)
    yield from _stop_tokens(checkpoint)
    if not options.chat_template:  # the operator answers for one of their own
        yield from _template(checkpoint)
    yield from _persona(checkpoint)
    if checkpoint.weights_problem:
        yield _refusal(checkpoint.weights_problem, "download or merge the model again")


def check_remote_code(checkpoint: Checkpoint, options: ServeOptions) -> Iterator[Finding]:
    """Whether Python files that come with the model are to run without having been allowed to."""
    if checkpoint.has_own_code and not options.trust_remote_code:
        yield _refusal(
            "the model brings Python code of its own",
            "read it, and add --trust-remote-code if you want it to run",
        )


def check_gpus(
    checkpoint: Checkpoint, options: ServeOptions, gpus: Sequence[Gpu]
) -> Iterator[Finding]:
    """Findings about the GPUs that `options.tp` would take: their number, age and memory."""
    if len(gpus) < options.tp:
        yield _refusal(
            f"there {'is' if len(gpus) == 1 else 'are'} {len(gpus)} NVIDIA GPU"
            f"{'' if len(gpus) == 1 else 's'} here and --tp asks for {options.tp}",
            "use fewer GPUs, or look at CUDA_VISIBLE_DEVICES"
            if gpus
            else "serve on a machine with an NVIDIA GPU; `python -m inference doctor` looks closer",
        )
        return
    used = gpus[: options.tp]
    for gpu in used:
        if gpu.capability < MIN_COMPUTE_CAPABILITY:
            yield _refusal(
                f"{gpu.name} has compute capability {'.'.join(map(str, gpu.capability))} "
                f"and TurboMind needs {'.'.join(map(str, MIN_COMPUTE_CAPABILITY))}",
                "use a V100, T4 or newer",
            )
    yield from check_memory(checkpoint, options, min(gpu.free for gpu in used))


def check_memory(
    checkpoint: Checkpoint, options: ServeOptions, gpu_memory: int
) -> Iterator[Finding]:
    """Findings about a GPU with `gpu_memory` bytes to give."""
    room = fit(
        checkpoint.shape, checkpoint.quantization, gpu_memory=gpu_memory, kv_bits=options.kv_bits,
        cache_max_entry_count=options.cache_max_entry_count, tp=options.tp,
    )  # fmt: skip
    need = room.weights + RESERVED
    if need >= gpu_memory:
        smaller = "" if checkpoint.quantization else "quantize it to W4A16, or "
        yield _refusal(
            f"weights and workspace need {need / GIB:.1f} GiB on each GPU and "
            f"{gpu_memory / GIB:.1f} GiB are free",
            f"{smaller}end what else uses the GPU, or use more GPUs (--tp)",
        )
    elif room.tokens < options.session_len:
        less = " --kv-bits 8 or 4," if options.kv_bits == 16 else ""
        yield _refusal(
            f"the KV cache has room for {room.tokens} tokens and one conversation may have "
            f"{options.session_len}",
            f"try{less} a smaller --session-len (and CONTEXT_WINDOW), or a bigger GPU",
        )


def _shape(checkpoint: Checkpoint, options: ServeOptions) -> Iterator[Finding]:
    shape = checkpoint.shape
    if checkpoint.architecture not in KNOWN:
        yield _remark(
            f"{checkpoint.architecture or 'an unnamed architecture'} is not one this project knows",
            "LMDeploy falls back to its slower PyTorch engine where TurboMind does not take it",
        )
    if shape.head_dim not in HEAD_DIMS:
        yield _refusal(
            f"head_dim is {shape.head_dim}, and TurboMind has kernels for "
            f"{', '.join(map(str, HEAD_DIMS))}",
            "serve it with LMDeploy's PyTorch engine",
        )
    elif options.kv_bits != 16 and shape.head_dim != QUANTIZED_KV_HEAD_DIM:
        yield _refusal(
            f"head_dim is {shape.head_dim}, and TurboMind quantizes the KV cache only for 128",
            "use --kv-bits 16",
        )
    if shape.heads % options.tp:
        yield _refusal(
            f"{shape.heads} attention heads cannot be shared by {options.tp} GPUs",
            "use a number of GPUs (--tp) that divides them",
        )
    if shape.context and options.session_len > shape.context:
        yield _remark(
            f"--session-len {options.session_len} is more than the {shape.context} tokens the "
            "model was made for",
            "expect worse answers in long conversations",
        )


def _quantization(checkpoint: Checkpoint) -> Iterator[Finding]:
    packed = checkpoint.quantization
    if packed is None:
        return
    if packed.method == "smooth_quant":
        yield _remark("the weights are W8A8", "LMDeploy serves them by its slower PyTorch engine")
        return
    if packed.method not in GROUP_SIZES:
        yield _refusal(
            f"the weights are quantized by {packed.method!r}, which TurboMind does not take",
            "serve fp16, or quantize it to AWQ (W4A16): `python -m inference quantize`",
        )
        return
    sizes = GROUP_SIZES[packed.method]
    is_wrong_size = packed.group_size not in (*sizes, 0)
    if packed.method in {"awq", "gptq"} and (is_wrong_size or packed.bits != 4):
        yield _refusal(
            f"the weights have {packed.bits} bits in groups of {packed.group_size}, and TurboMind "
            f"takes 4 bits in groups of {GROUP_SIZE}",
            "quantize again with group size 128",
        )
    elif packed.method == "awq" and packed.version != "gemm":
        yield _refusal(
            f"the weights are AWQ of version {packed.version!r}, and TurboMind takes 'gemm' alone",
            "quantize again: `python -m inference quantize` writes version gemm",
        )
    elif packed.method == "gptq" and (packed.reorders or not packed.is_symmetric):
        what = "desc_act true" if packed.reorders else "sym false"
        yield _refusal(
            f"the weights are GPTQ with {what}, and TurboMind asserts against it",
            "take a GPTQ model with desc_act false and sym true, or an AWQ one",
        )
    elif packed.method == "compressed-tensors" and (
        packed.layout != "pack-quantized" or packed.bits != 4 or packed.group_size not in sizes
    ):
        yield _refusal(
            f"the weights are compressed-tensors of format {packed.layout!r} with {packed.bits} "
            f"bits in groups of {packed.group_size}; TurboMind takes 'pack-quantized' with 4 bits "
            "in groups of 32 or 128",
            "take an AWQ model, or quantize the fp16 one again",
        )
    shape = checkpoint.shape
    for name, width in (("hidden_size", shape.hidden), ("intermediate_size", shape.intermediate)):
        if packed.method in {"awq", "gptq"} and width % GROUP_SIZE:
            yield _refusal(
                f"{name} {width} does not divide by the group size {GROUP_SIZE}",
                "serve the fp16 model",
            )


def _stop_tokens(checkpoint: Checkpoint) -> Iterator[Finding]:
    missing = checkpoint.wanted_stop_ids - checkpoint.stop_ids
    if missing:
        yield _refusal(
            f"generation_config.json stops at {sorted(checkpoint.stop_ids) or 'nothing'} and not "
            f"at {sorted(missing)}: answers would run on",
            "`python -m inference serve MODEL --fix` writes eos_token_id "
            f"{sorted(checkpoint.stop_ids | checkpoint.wanted_stop_ids)}",
        )


def _template(checkpoint: Checkpoint) -> Iterator[Finding]:
    if not checkpoint.chat_template:
        yield _refusal(
            "the tokenizer has no chat template, so LMDeploy would guess one",
            "copy chat_template into tokenizer_config.json from the model it was tuned from",
        )
        return
    try:
        rendered = _rendered(checkpoint)
    except ImportError:
        yield _remark("the chat template was not compared", "install jinja2")
        return
    if rendered is not None and _OPENS_THOUGHT.search(rendered):
        yield _remark(
            "the chat template opens a thought in the prompt: answers come late or not at all",
            "set the bot's ENGINE_THINKING=off, or serve a model that does not think",
        )
    if rendered is None:
        yield _refusal(
            "the chat template cannot lay out a conversation",
            "copy chat_template into tokenizer_config.json from the model it was tuned from",
        )
    elif checkpoint.architecture != INTERNLM2:
        yield _remark(
            "the chat template was not compared with training's, which is InternLM2's",
            "see that it is the one this model was trained with",
        )
    elif rendered != chat_template.render(chat_template.SPECIMEN):
        yield _refusal(
            "the chat template lays conversations out differently from training "
            "(inference/chat_template.py)",
            "put the template of InternLM2's chat model into tokenizer_config.json",
        )


def _rendered(checkpoint: Checkpoint) -> str | None:
    """The specimen under the checkpoint's template; None where that fails."""
    from jinja2 import TemplateError  # noqa: PLC0415 - comes with LMDeploy, not with the bot
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    messages = [{"role": m.role, "content": m.content} for m in chat_template.SPECIMEN]
    # Not HTML: what the template makes is a prompt.
    sandbox = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, autoescape=False,
        extensions=("jinja2.ext.loopcontrols",),
    )  # fmt: skip
    # As transformers has them (utils/chat_template_utils.py).
    sandbox.globals["strftime_now"] = lambda form: datetime.now(UTC).strftime(form)
    sandbox.globals["raise_exception"] = _refuse_to_render
    sandbox.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    template = _GENERATION_TAG.sub("", checkpoint.chat_template)
    try:
        rendered = sandbox.from_string(template).render(
            messages=messages, add_generation_prompt=True, bos_token=checkpoint.bos, eos_token=""
        )
    except (TemplateError, TypeError, ValueError):
        return None
    return re.sub(rf"^{re.escape(checkpoint.bos)}", "", rendered)


def _refuse_to_render(reason: str) -> None:
    """What a template calls for a conversation that it does not take."""
    raise ValueError(reason)


def _persona(checkpoint: Checkpoint) -> Iterator[Finding]:
    if checkpoint.persona and checkpoint.persona != persona.fingerprint():
        yield _remark(
            "the model was trained under another system prompt than the bot's",
            "train again, or serve it with the version of this project that it was trained with",
        )


def _refusal(what: str, fix: str) -> Finding:
    return Finding(Severity.REFUSAL, what, fix)


def _remark(what: str, fix: str) -> Finding:
    return Finding(Severity.REMARK, what, fix)
