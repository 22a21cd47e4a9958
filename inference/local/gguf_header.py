"""Reads the metadata at the head of a GGUF file.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The `gguf` package reads it
too, but needs numpy and maps the whole file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
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


def read_header(path: Path) -> ModelHeader:
    """Read the model's name, context length and kind.

    Raises `OSError` where the file cannot be read and `NotGGUFError` where it is something else.
    """
    with path.open("rb") as file:
        values = _read_values(file)
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
    )


def _read_values(file: BinaryIO) -> dict[str, Value]:
    """All key-value pairs but the arrays, which are the vocabulary."""
    if file.read(4) != _MAGIC:
        raise NotGGUFError("it does not begin like a GGUF file")
    version = _scalar(file, "<I")
    if version not in _VERSIONS:
        raise NotGGUFError("its GGUF version is not 2 or 3")
    _scalar(file, "<Q")  # the number of tensors
    values: dict[str, Value] = {}
    for _ in range(int(_scalar(file, "<Q"))):
        key = _string(file)
        kind = int(_scalar(file, "<I"))
        if kind == _ARRAY:
            _skip_array(file)
        else:
            values[key] = _value(file, kind)
    return values


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
