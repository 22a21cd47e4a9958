"""`python -m inference doctor`: the page and its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devtools.engines.lmdeploy import FakeLMDeploy, Fault
from inference.__main__ import main
from tests.inference.openai.recorded_server import RecordedServer
from tests.inference.serve.checkpoints import AWQ, write_checkpoint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SERVE_MODEL", "LMDEPLOY_URLS", "LMDEPLOY_API_KEY", "MODEL_NAME", "OPENAI_URLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def page(capsys: pytest.CaptureFixture[str], *flags: str) -> list[str]:
    assert main(["doctor", *flags]) == 1  # at least the driver is missing
    return capsys.readouterr().out.splitlines()


def test_every_finding_has_its_fix_on_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = page(capsys)
    for number, line in enumerate(lines):
        if line.startswith(("FIX", "note")):
            assert lines[number + 1].strip().startswith("->")
    assert any(line.startswith("FIX   driver") for line in lines)
    assert lines[-1].endswith("to fix.")


def test_a_model_is_looked_at(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", quantization=AWQ)
    lines = page(capsys, str(folder))
    assert "ok    model      InternLM2ForCausalLM, 4.8 GiB of weights" in lines
    (folder / "generation_config.json").unlink()
    assert any(line.startswith("FIX   model") for line in page(capsys, str(folder)))
    assert any("no folder" in line for line in page(capsys, str(tmp_path / "nowhere")))


def test_servers_are_asked_for_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeLMDeploy().serve_in_thread() as good, FakeLMDeploy().serve_in_thread() as broken:
        broken.fault = Fault.EMPTY_ANSWER
        lines = page(capsys, "--address", f"{good.url},{broken.url},http://127.0.0.1:9,x/v1")
    servers = [line for line in lines if " server " in line]
    assert [line[:4].strip() for line in servers] == ["ok", "FIX", "FIX", "FIX"]
    assert "shudong-7b" in servers[0]
    assert "the answer is empty" in servers[1]
    assert "does not end in /v1" in servers[2]
    assert "'x/v1' is not an address" in servers[3]


def test_other_servers_are_asked_at_any_path(capsys: pytest.CaptureFixture[str]) -> None:
    with RecordedServer(kind="dashscope").serve_in_thread() as good:
        lines = page(capsys, "--openai-address", f"{good.url},nowhere")
    unnamed, nowhere = (line for line in lines if " server " in line)
    assert unnamed.startswith("FIX")
    assert "does not know this model or path" in unnamed
    assert "'nowhere' is not an address" in nowhere


def test_a_model_that_is_not_listed_is_asked_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_NAME", "qwen-plus")
    with RecordedServer(kind="dashscope").serve_in_thread() as good:
        lines = page(capsys, "--openai-address", good.url)
    (server,) = (line for line in lines if " server " in line)
    assert server.startswith("ok")
    assert "answers as qwen-plus" in server


def test_the_model_that_the_bot_will_ask_for_is_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_NAME", "another-7b")
    with FakeLMDeploy().serve_in_thread() as fake:
        lines = page(capsys, "--address", fake.url)
    (server,) = (line for line in lines if " server " in line)
    assert server.startswith("FIX")
    assert "serves shudong-7b and not another-7b" in server
