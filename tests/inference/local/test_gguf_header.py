"""Reading the head of a GGUF file."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from inference.local.gguf_header import ModelHeader, NotGGUFError, read_header
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


def test_name_context_and_kind_are_read(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", context_length=777, is_trial=True)
    assert read_header(path) == ModelHeader("tiny-nonsense", 777, True, True)


def test_a_model_does_not_call_itself_a_trial_by_default(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", template="")
    assert read_header(path) == ModelHeader("tiny-nonsense", 512, False, False)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GGUF",
        b"GGML" + struct.pack("<IQQ", 3, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 99, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 0),  # says nothing of a context length
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60),
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 60),
        b"GGUF" + struct.pack("<IQQQ1sI", 3, 0, 1, 1, b"k", 77),
        b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 9, 1),
        b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 8, 1 << 60),
    ],
)
def test_a_damaged_head_is_not_gguf(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(head)
    with pytest.raises(NotGGUFError):
        read_header(path)
