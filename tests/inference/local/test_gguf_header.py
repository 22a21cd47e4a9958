"""Reading the head of a GGUF file."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.local.gguf_header import ModelHeader, NotGGUFError, read_header
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


def test_name_context_and_kind_are_read(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", context_length=777, is_trial=True)
    assert read_header(path) == ModelHeader("tiny-nonsense", 777, True, True, 63_040, 128)


def test_a_model_does_not_call_itself_a_trial_by_default(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", template="")
    assert read_header(path) == ModelHeader("tiny-nonsense", 512, False, False, 63_040, 128)


def test_the_parts_of_a_split_model_are_counted_together(tmp_path: Path) -> None:
    first = write_tiny_model(tmp_path / "m-00001-of-00002.gguf")
    assert read_header(first).parameters == 63_040
    write_tiny_model(tmp_path / "m-00002-of-00002.gguf")
    assert read_header(first).parameters == 2 * 63_040


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
        b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 0, (1 << 64) - 1),
        b"GGUF" + struct.pack("<IQQQ1sIIQQ", 3, 0, 1, 1, b"k", 9, 8, 5, (1 << 64) - 1),
        b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 12, 1 << 61),
        b"GGUF" + struct.pack("<IQQQ15sIq", 3, 0, 1, 15, b".context_length", 11, -1),
        b"GGUF" + struct.pack("<IQQQ15sI?", 3, 0, 1, 15, b".context_length", 7, True),
    ],
)
def test_a_damaged_head_is_not_gguf(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(head)
    with pytest.raises(NotGGUFError):
        read_header(path)


@pytest.fixture(scope="module")
def whole_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("gguf") / "whole.gguf")


@given(
    damage=st.lists(
        st.tuples(st.integers(0, 3999), st.sampled_from([0, 1, 127, 128, 255])),
        min_size=1,
        max_size=8,
    )
)
def test_a_head_with_damaged_bytes_is_read_or_said_to_be_damaged(
    whole_head: Path, damage: list[tuple[int, int]]
) -> None:
    head = bytearray(whole_head.read_bytes()[:4000])
    for place, value in damage:
        head[place % len(head)] = value
    path = whole_head.with_name("damaged.gguf")
    path.write_bytes(head)
    try:
        assert read_header(path).context_length > 0
    except NotGGUFError as error:
        assert str(error)  # noqa: PT017 - either is right
