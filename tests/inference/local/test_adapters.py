"""Adapters on the model: those that belong to it, and the sentence for those that do not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from inference.engine import EngineRejected, Message, Sampling
from inference.local import LocalEngine
from inference.local.adapters import AdapterUnusableError, check_adapter
from tests.inference.local.tiny_model import write_tiny_adapter, write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = [Message("user", "在吗")]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "base.gguf")


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_tiny_adapter(tmp_path / "warm.gguf")


async def test_the_model_answers_with_its_adapter(base: Path, adapter: Path) -> None:
    engine = LocalEngine(base, adapter=adapter)
    await engine.start()
    assert [piece async for piece in engine.stream(PROMPT, Sampling(max_tokens=5))]
    await engine.aclose()


async def test_one_that_cannot_be_used_is_told_in_a_sentence(base: Path, tmp_path: Path) -> None:
    for adapter, reason in (
        (tmp_path / "nowhere.gguf", "No such file"),
        (write_tiny_model(tmp_path / "model.gguf"), "it is not an adapter"),
        (write_tiny_adapter(tmp_path / "q.gguf", architecture="qwen2"), "it is for qwen2"),
    ):
        engine = LocalEngine(base, adapter=adapter)
        with pytest.raises(EngineRejected) as caught:
            await engine.start()
        assert reason in str(caught.value)
        assert "LOCAL_ADAPTER" in str(caught.value)
        await engine.aclose()


def test_one_that_is_known_fits_its_own_base_alone(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    known = {digest(adapter): digest(base)}
    check_adapter(adapter, base, known)
    other = write_tiny_model(tmp_path / "other.gguf", name="of the same shapes")
    with pytest.raises(AdapterUnusableError, match="another base"):
        check_adapter(adapter, other, known)
    check_adapter(adapter, other, {})  # of an unknown one only the kind is looked at


def test_what_is_no_gguf_is_no_adapter(base: Path, tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<html>")
    with pytest.raises(AdapterUnusableError, match="not a GGUF file"):
        check_adapter(tmp_path / "page.gguf", base, {})
