"""A trained model as one GGUF file for llama.cpp, and as a Hugging Face folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from safetensors.torch import save_file

from training.small.model import Llama, Shape
from training.small.sequences import CHAT_TEMPLATE
from training.small.tokenizer import (
    END_OF_TEXT,
    END_OF_TEXT_ID,
    PRE_TOKENIZER_NAME,
    SPECIAL_TOKENS,
    TURN_END,
    TURN_END_ID,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer


MODEL_NAME = "shudong-small"
TRIAL_KEY = "shudong.is_trial"

_BLOCK_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TOP_NAMES = {"embed_tokens": "token_embd", "norm": "output_norm"}


def write_gguf(
    model: Llama,
    tokenizer: Tokenizer,
    path: Path,
    description: str,
    matrices: GGMLQuantizationType = GGMLQuantizationType.Q8_0,
) -> None:
    """Write gains as fp32 and matrices as asked; the file appears whole or not at all."""
    partial = path.with_suffix(".partial")
    writer = GGUFWriter(str(partial), "llama")
    _write_header(writer, model.shape, description)
    _write_vocabulary(writer, tokenizer)
    for name, parameter in model.named_parameters():
        values = parameter.detach().float().numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = interleave_rotary(values, model.shape.heads)
        if values.ndim == 2:
            stored = gguf.quantize(values, matrices)
            writer.add_tensor(gguf_name(name), stored, raw_dtype=matrices)
        else:
            writer.add_tensor(gguf_name(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def write_hugging_face(model: Llama, tokenizer: Tokenizer, folder: Path) -> None:
    """Write config.json, model.safetensors and the tokenizer; any LlamaForCausalLM loads it.

    In fp16, which is what LMDeploy serves and what `python -m inference quantize` starts from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        f"model.{name}": p.detach().half().contiguous() for name, p in model.named_parameters()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    shape = model.shape
    _write_json(
        folder / "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.intermediate,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.heads,
            "head_dim": shape.head,
            "max_position_embeddings": shape.context,
            "rope_theta": shape.rope_base,
            "rms_norm_eps": shape.norm_epsilon,
            "hidden_act": "silu",
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": TURN_END_ID,
            "pad_token_id": END_OF_TEXT_ID,
            "torch_dtype": "float16",
        },
    )
    _write_json(
        folder / "generation_config.json",
        {"eos_token_id": TURN_END_ID, "pad_token_id": END_OF_TEXT_ID},
    )
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": TURN_END,
            "pad_token": END_OF_TEXT,
            "model_max_length": shape.context,
            "chat_template": CHAT_TEMPLATE,
            "clean_up_tokenization_spaces": False,
        },
    )


def gguf_name(name: str) -> str:
    """The parameter's name in llama.cpp's `llama` architecture."""
    parts = name.removesuffix(".weight").split(".")
    if parts[0] == "layers":
        return f"blk.{parts[1]}.{_BLOCK_NAMES['.'.join(parts[2:])]}.weight"
    return f"{_TOP_NAMES[parts[0]]}.weight"


def interleave_rotary(matrix: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows from rotate-half order to the pairs of neighbours that llama.cpp rotates."""
    rows, columns = matrix.shape
    halves = matrix.reshape(heads, 2, rows // heads // 2, columns)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, columns))


def _write_header(writer: GGUFWriter, shape: Shape, description: str) -> None:
    writer.add_name(MODEL_NAME)
    writer.add_description(description)
    writer.add_license("apache-2.0")
    writer.add_languages(["zh"])
    writer.add_bool(TRIAL_KEY, True)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.intermediate)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)


def _write_vocabulary(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")  # llama.cpp's name for byte-level BPE
    writer.add_tokenizer_pre(PRE_TOKENIZER_NAME)
    writer.add_token_list([text for text, _ in by_id])
    writer.add_token_types(
        [TokenType.CONTROL if text in SPECIAL_TOKENS else TokenType.NORMAL for text, _ in by_id]
    )
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_eos_token_id(TURN_END_ID)
    writer.add_pad_token_id(END_OF_TEXT_ID)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_model(path: Path) -> Llama:
    """The model in fp32 (Q8_0 dequantized)."""
    reader = gguf.GGUFReader(str(path))

    def number(key: str) -> float:
        field = reader.get_field(f"llama.{key}")
        if field is None:
            raise ValueError(f"{path.name} has no llama.{key}")
        return float(field.contents())

    shape = Shape(
        vocabulary=int(number("vocab_size")),
        hidden=int(number("embedding_length")),
        layers=int(number("block_count")),
        heads=int(number("attention.head_count")),
        intermediate=int(number("feed_forward_length")),
        context=int(number("context_length")),
        rope_base=number("rope.freq_base"),
        norm_epsilon=number("attention.layer_norm_rms_epsilon"),
    )
    stored = {
        tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors
    }
    model = Llama(shape)
    state: dict[str, torch.Tensor] = {}
    for name in dict(model.named_parameters()):
        values = stored[gguf_name(name)]
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = split_rotary(values, shape.heads)
        state[name] = torch.from_numpy(np.array(values, dtype=np.float32))
    model.load_state_dict(state)
    return model.eval()


def split_rotary(matrix: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """The inverse of `interleave_rotary`."""
    rows, columns = matrix.shape
    pairs = matrix.reshape(heads, rows // heads // 2, 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, columns))
