"""Every model that cannot be served, and the sentence the operator gets for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inference.engine import EngineRejected
from inference.local import LocalEngine
from inference.local.server import ModelUnusableError, _checked_header
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def missing(_: Path) -> None:
    pass


def a_directory(path: Path) -> None:
    path.mkdir()


def not_a_model(path: Path) -> None:
    path.write_text("<html>404</html>")


def an_empty_file(path: Path) -> None:
    path.touch()


def half_a_head(path: Path) -> None:
    write_tiny_model(path)
    path.write_bytes(path.read_bytes()[:2000])


def half_the_weights(path: Path) -> None:
    write_tiny_model(path)
    path.write_bytes(path.read_bytes()[:100_000])


def no_chat_template(path: Path) -> None:
    write_tiny_model(path, template="")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (missing, "There is no model file at"),
        (a_directory, "cannot be read (Is a directory)"),
        (not_a_model, "does not begin like a GGUF file"),
        (an_empty_file, "does not begin like a GGUF file"),
        (half_a_head, "ends in the middle of its head"),
        (half_the_weights, "corrupted or incomplete"),
        (no_chat_template, "has no chat template"),
    ],
)
async def test_one_sentence_names_the_file_the_reason_and_the_fix(
    make: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    make(path)
    engine = LocalEngine(path)
    with pytest.raises(EngineRejected) as caught:
        await engine.start()
    sentence = str(caught.value)
    assert reason in sentence
    assert str(path) in sentence
    assert "set LOCAL_MODEL" in sentence
    assert "\n" not in sentence
    assert not await engine.ready()
    await engine.aclose()


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("ModuleNotFoundError", "install the extra `local`"),
        ("ImportError('libgomp.so.1')", "libgomp.so.1.*apt install libgomp1"),
    ],
)
async def test_what_is_missing_is_named_with_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, advice: str
) -> None:
    (tmp_path / "xllamacpp.py").write_text(f"raise {fault}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = LocalEngine(write_tiny_model(tmp_path / "tiny.gguf"))
    with pytest.raises(EngineRejected, match=advice):
        await engine.start()
    await engine.aclose()


async def test_a_loader_that_is_killed_points_at_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    (tmp_path / "xllamacpp.py").write_text(killed)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = LocalEngine(write_tiny_model(tmp_path / "tiny.gguf"))
    with pytest.raises(EngineRejected, match="too big for this machine's memory"):
        await engine.start()
    await engine.aclose()


def test_a_file_bigger_than_the_memory_is_not_even_loaded(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.gguf")
    with pytest.raises(ModelUnusableError, match="smaller or more strongly quantized"):
        _checked_header(path, memory=200_000)
    assert _checked_header(path, memory=400_000).name == "tiny-nonsense"
