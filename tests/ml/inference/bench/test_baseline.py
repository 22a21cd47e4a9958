"""The bench around transformers, one request at a time, and its plot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from devtools.engines.lmdeploy import FakeLMDeploy
from inference.__main__ import main
from tests.ml.inference.lmdeploy_server import write_model

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = 6


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of a few thousand random weights."""
    folder = write_model(tmp_path_factory.mktemp("llama"))
    config = LlamaConfig.from_pretrained(folder)
    LlamaForCausalLM(config).save_pretrained(folder)
    # No end: every answer has all its tokens, so that they can be counted.
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": None}))
    return folder


def test_the_baseline_is_measured_and_something_else_held_against_it(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "baseline.json"
    load = ["--people", "2", "--requests", "4", "--max-tokens", str(TOKENS)]
    assert main(["bench", "--baseline", str(model), *load, "--json", str(file)]) == 0
    written = json.loads(file.read_text())
    assert written["target"].startswith("transformers, float32, cpu")
    (figures,) = written["loads"]
    assert (figures["requests"], figures["failed"]) == (4, 0)
    assert figures["tokens"] == 4 * TOKENS
    # Two people and one worker: half of them wait for a whole answer of somebody else.
    assert figures["ttft"]["p99"] > figures["ttft"]["p50"]
    assert figures["ttft"]["p99"] > (TOKENS - 1) * figures["tpot"]["p50"]

    picture = tmp_path / "figures.png"
    with FakeLMDeploy(answer="嗯" * 9, context_window=9000).serve_in_thread() as fake:
        flags = ["--address", fake.url, "--against", str(file), "--plot", str(picture)]
        assert main(["bench", *flags, *load]) == 0
    assert "times the tokens a second" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_folder_without_a_model_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--baseline", str(tmp_path)]) == 1
    assert "cannot load" in capsys.readouterr().err
