"""Reads the metadata at the head of a GGUF file.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The `gguf` package reads it
too, but needs numpy and maps the whole file.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_MAX_STRING: Final = 1 << 24  # bytes; chat templates are some kilobytes
_MAX_SKIPPED: Final = 1 << 32  # bytes; vocabularies are some megabytes
_MAX_CONTEXT: Final = 1 << 32  # tokens
_MAX_DIMENSIONS: Final = 4

Value = int | float | bool | str


class NotGGUFError(ValueError):
    """The file is not a GGUF file or its head is damaged."""


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """What the engine needs to know of a model before it loads it."""

    name: str
    """The model's own name, empty where it has none."""
    context_length: int
    """Tokens the model was trained for."""
    has_chat_template: bool
    is_trial: bool
    """Whether it says that it was made as the packaged model was."""
    parameters: int = 0
    """Weights in this file and in the parts that belong to it."""
    kv_values_per_token: int = 0
    """Numbers that the KV cache keeps of a token; 0 where the head does not tell."""


def read_header(path: Path) -> ModelHeader:
    """Read the model's name, context length, kind and size.

    Raises `OSError` where the file cannot be read and `NotGGUFError` where it is something else.
    """
    with path.open("rb") as file:
        values, tensors = _read_values(file)
        parameters = sum(_tensor_size(file) for _ in range(tensors)) + _other_parts(path)
    architecture = values.get("general.architecture", "")
    context_length = values.get(f"{architecture}.context_length")
    if not isinstance(context_length, int) or isinstance(context_length, bool):
        raise NotGGUFError("it does not say its context length, so it is not a language model")
    if not 0 < context_length < _MAX_CONTEXT:
        raise NotGGUFError("the context length it says is none")
    return ModelHeader(
        name=str(values.get("general.name", "")),
        context_length=context_length,
        has_chat_template="tokenizer.chat_template" in values,
        is_trial=values.get("shudong.is_trial") is True,
        parameters=parameters,
        kv_values_per_token=_kv_values(values, str(architecture)),
    )


def read_kind(path: Path) -> tuple[str, str]:
    """What a file holds ("model", "adapter"), and for which architecture.

    Raises as `read_header`.
    """
    with path.open("rb") as file:
        values, _ = _read_values(file)
    return str(values.get("general.type", "model")), str(values.get("general.architecture", ""))


def _other_parts(first: Path) -> int:
    """Weights in the other parts of a model that is split into files, as llama.cpp names them."""
    place = re.search(r"-00001-of-(\d{5})\.gguf$", first.name)
    if place is None:
        return 0
    weights = 0
    for number in range(2, int(place[1]) + 1):
        part = first.with_name(f"{first.name[: place.start()]}-{number:05}-of-{place[1]}.gguf")
        try:
            with part.open("rb") as file:
                _, tensors = _read_values(file)
                weights += sum(_tensor_size(file) for _ in range(tensors))
        except FileNotFoundError:
            return weights  # llama.cpp says that it is missing
    return weights


def _kv_values(values: Mapping[str, Value], architecture: str) -> int:
    """Keys and values of all layers for one token; 0 where a layer differs from another."""

    def number(key: str) -> int:
        value = values.get(f"{architecture}.{key}", 0)
        return value if isinstance(value, int) else 0

    heads = number("attention.head_count")
    width = number("embedding_length") // heads if heads > 0 else 0
    keys = number("attention.key_length") or width
    vectors = number("attention.value_length") or width
    cached = number("attention.head_count_kv") or heads
    return max(number("block_count") * cached * (keys + vectors), 0)


def _read_values(file: BinaryIO) -> tuple[dict[str, Value], int]:
    """All key-value pairs but the arrays, which are the vocabulary; the number of tensors."""
    if file.read(4) != _MAGIC:
        raise NotGGUFError("it does not begin like a GGUF file")
    version = _scalar(file, "<I")
    if version not in _VERSIONS:
        raise NotGGUFError("its GGUF version is not 2 or 3")
    tensors = int(_scalar(file, "<Q"))
    values: dict[str, Value] = {}
    for _ in range(int(_scalar(file, "<Q"))):
        key = _string(file)
        kind = int(_scalar(file, "<I"))
        if kind == _ARRAY:
            _skip_array(file)
        else:
            values[key] = _value(file, kind)
    return values, tensors


def _tensor_size(file: BinaryIO) -> int:
    """How many weights the next tensor that is described has."""
    _string(file)
    dimensions = int(_scalar(file, "<I"))
    if dimensions > _MAX_DIMENSIONS:
        raise NotGGUFError("its head is damaged")
    size = math.prod(int(_scalar(file, "<Q")) for _ in range(dimensions))
    _scalar(file, "<I")  # how it is quantized
    _scalar(file, "<Q")  # where it lies
    return size


def _value(file: BinaryIO, kind: int) -> Value:
    if kind == _STRING:
        return _string(file)
    if kind not in _SCALARS:
        raise NotGGUFError("its head holds a value of an unknown kind")
    return _scalar(file, _SCALARS[kind])


def _skip_array(file: BinaryIO) -> None:
    kind = int(_scalar(file, "<I"))
    count = int(_scalar(file, "<Q"))
    if kind == _STRING:
        for _ in range(count):
            _skip(file, int(_scalar(file, "<Q")))
    elif kind in _SCALARS:
        _skip(file, count * struct.calcsize(_SCALARS[kind]))
    else:
        raise NotGGUFError("its head holds an array of an unknown kind")


def _skip(file: BinaryIO, length: int) -> None:
    if length > _MAX_SKIPPED:
        raise NotGGUFError("its head is damaged")
    file.seek(length, 1)


def _string(file: BinaryIO) -> str:
    length = int(_scalar(file, "<Q"))
    if length > _MAX_STRING:
        raise NotGGUFError("its head is damaged")
    return _exactly(file, length).decode("utf-8", errors="replace")


def _scalar(file: BinaryIO, layout: str) -> int | float | bool:
    value: int | float | bool = struct.unpack(layout, _exactly(file, struct.calcsize(layout)))[0]
    return value


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise NotGGUFError("it ends in the middle of its head; the download may be incomplete")
    return data
