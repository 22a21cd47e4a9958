"""`python -m inference serve`, up to the missing GPU."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inference.__main__ import main
from inference.serve.checkpoint import read_checkpoint
from tests.inference.serve.checkpoints import AWQ, write_checkpoint
from tests.inference.serve.test_supervisor import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]

# What `serve` does once it has found nothing against it, over the fake node instead of LMDeploy.
SUPERVISED = """
import asyncio, sys
from pathlib import Path
from inference.serve.command import supervise
from inference.serve.plan import ServeOptions

port = int(sys.argv[1])
options = ServeOptions(Path("."), "shudong-7b", port=port)
command = [sys.executable, "-m", "devtools.engines.lmdeploy", "--port", str(port)]
asyncio.run(supervise(command, options))
"""


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("SERVE_") or name in {
            "MODEL_NAME", "CONTEXT_WINDOW", "LMDEPLOY_API_KEY", "CUDA_VISIBLE_DEVICES",
        }:  # fmt: skip
            monkeypatch.delenv(name)
    empty = tmp_path / "no-programs"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))  # no nvidia-smi, whatever this machine has


@pytest.fixture
def serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs the command over a W4A16 model; its status and all it said."""
    folder = write_checkpoint(tmp_path / "shudong-7b-w4a16", quantization=AWQ)

    def run(*flags: str) -> tuple[int, str]:
        status = main(["serve", str(folder), *flags])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_print_command_shows_the_command_and_the_room(
    serve: Callable[..., tuple[int, str]],
) -> None:
    status, said = serve("--print-command", "--gpu-memory", "24", "--trust-remote-code")
    assert status == 0
    assert "4.8 GiB" in said
    assert "66 KiB a token" in said
    command = shlex.split(said.splitlines()[-1])
    assert command[:3] == ["lmdeploy", "serve", "api_server"]
    flags = " ".join(command)
    for wanted in (
        "--backend turbomind", "--model-format awq", "--quant-policy 8", "--session-len 8192",
        "--model-name shudong-7b-w4a16", "--enable-prefix-caching", "--max-log-len 0",
        "--disable-fastapi-docs", "--trust-remote-code", "--tp 1",
    ):  # fmt: skip
        assert wanted in flags


def test_variables_stand_behind_the_flags(
    serve: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVE_KV_BITS", "4")
    monkeypatch.setenv("CONTEXT_WINDOW", "4096")
    _, said = serve("--print-command", "--kv-bits", "16")
    assert "--quant-policy 0" in said
    assert "--session-len 4096" in said


def test_code_that_a_model_brings_runs_only_where_that_was_asked_for(
    serve: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = "cannot be served: the model brings Python code of its own."
    _, said = serve("--print-command")
    assert refusal in said
    assert "--trust-remote-code" not in said.splitlines()[-1]
    monkeypatch.setenv("SERVE_TRUST_REMOTE_CODE", "1")
    _, said = serve("--print-command")
    assert refusal not in said
    assert "--trust-remote-code" in said.splitlines()[-1]


def test_a_key_is_never_on_the_command_line(
    serve: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LMDEPLOY_API_KEY", "from-the-environment")
    (tmp_path / "keys").write_text("from-a-file\n\nanother\n")
    for flags in ([], ["--api-key-file", str(tmp_path / "keys")]):
        _, said = serve("--print-command", *flags)
        assert '--api-keys "$LMDEPLOY_API_KEY"' in said
        assert "from-" not in said


def test_without_a_gpu_it_refuses_and_says_why(serve: Callable[..., tuple[int, str]]) -> None:
    status, said = serve()
    assert status == 1
    assert "nvidia-smi is not installed" in said
    assert "0 NVIDIA GPUs" in said
    assert "python -m inference doctor" in said


def test_fix_writes_the_stop_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_checkpoint(tmp_path / "m", eos=2)
    assert main(["serve", str(folder)]) == 1
    assert "--fix" in capsys.readouterr().out
    assert main(["serve", str(folder), "--fix"]) == 1  # there is still no GPU
    assert "run on" not in capsys.readouterr().out
    assert read_checkpoint(folder).stop_ids == {2, 92542}


@pytest.mark.parametrize(
    "flags",
    [
        ["--kv-bits", "5"],
        ["--port", "0"],
        ["--tp", "3"],
        ["--cache-max-entry-count", "1.5"],
        ["--session-len", "3"],
        ["--gpu-memory", "24"],
        ["--gpu-memory", "0", "--print-command"],
        ["--proxy-url", "http://proxy:8000", "--host", "0.0.0.0"],
    ],
)
def test_a_flag_that_cannot_be_meant_is_refused(
    serve: Callable[..., tuple[int, str]], flags: list[str]
) -> None:
    status, said = serve(*flags)
    assert status == 2
    assert flags[0] in said


def test_a_variable_that_is_no_number_is_refused(
    serve: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVE_PORT", "high")
    with pytest.raises(SystemExit) as ended:
        serve()
    assert ended.value.code == 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_passed_on_and_everything_ends(how: signal.Signals) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISED, str(port), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said = ""
    while "Ready" not in said:
        line = await process.stdout.readline()
        assert line, said
        said += line.decode()
    assert f"LMDEPLOY_URLS=http://127.0.0.1:{port}/v1" in said
    process.send_signal(how)
    rest = (await process.stdout.read()).decode()
    assert await process.wait() == 0
    assert rest.splitlines()[-1] == "Stopped."
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await asyncio.open_connection("127.0.0.1", port)


def test_the_model_is_read_as_it_is_on_disk(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", quantization=AWQ)
    config = json.loads((folder / "config.json").read_text())
    checkpoint = read_checkpoint(folder)
    assert checkpoint.is_awq
    assert checkpoint.shape.kv_heads == config["num_key_value_heads"]
