"""`python -m inference serve` around LMDeploy's own command line and HTTP layer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import psutil
import pytest

from inference.serve.checkpoint import read_checkpoint
from inference.serve.checks import Severity, check_checkpoint
from inference.serve.plan import ServeOptions
from tests.inference.serve.checkpoints import TEMPLATE, write_checkpoint
from tests.ml.inference.lmdeploy_server import write_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[3]
STARTING = 120.0
SECRET = "我昨晚又没睡着"
KEY = "a-key-that-nobody-may-see"

SUPERVISED = """
import asyncio, sys
from pathlib import Path
from inference.serve.checkpoint import read_checkpoint
from inference.serve.command import supervise
from inference.serve.plan import ServeOptions, server_arguments

folder, port, key = Path(sys.argv[1]), int(sys.argv[2]), sys.stdin.readline().strip()
options = ServeOptions(
    folder, "shudong-7b", port=port, session_len=4096, api_keys=(key,), trust_remote_code=True
)
command = [sys.executable, "-m", "tests.ml.inference.lmdeploy_cli"]
command += server_arguments(options, read_checkpoint(folder))
asyncio.run(supervise(command, options))
"""


class Supervised:
    """The supervisor as a process, and all that it and its server write."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.said = ""
        self.reader = asyncio.create_task(self.read())

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said += line.decode()

    async def ready(self, times: int) -> None:
        async with asyncio.timeout(STARTING):
            while self.said.count("Ready after") < times:
                assert self.process.returncode is None, self.said
                await asyncio.sleep(0.1)

    def server(self) -> psutil.Process:
        (server,) = psutil.Process(self.process.pid).children()
        return server

    async def post(self, body: object) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            return await client.post(f"{self.url}/v1/chat/completions", json=body, headers=headers)


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Supervised]:
    folder = write_model(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISED, str(folder), str(port), cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"{KEY}\n".encode())
    running = Supervised(process, port)
    await running.ready(1)
    yield running
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    await running.reader


async def test_lmdeploy_is_served_restarted_and_stopped_and_its_log_is_silent(
    supervised: Supervised,
) -> None:
    body = {
        "model": "shudong-7b",
        "messages": [{"role": "user", "content": SECRET}],
        "max_tokens": 4,
    }
    assert (await supervised.post(body)).status_code == 200
    too_long = body | {"messages": [{"role": "user", "content": SECRET * 3000}]}
    for wrong in (too_long, body | {"temperature": SECRET}, body | {"model": SECRET}):
        assert (await supervised.post(wrong)).status_code >= 400
    first = supervised.server()
    assert KEY not in " ".join(first.cmdline())

    os.kill(first.pid, signal.SIGKILL)
    await supervised.ready(2)
    assert supervised.server().pid != first.pid
    assert (await supervised.post(body)).status_code == 200

    last = supervised.server()
    supervised.process.send_signal(signal.SIGTERM)
    assert await supervised.process.wait() == 0
    assert not last.is_running()
    await supervised.reader
    assert supervised.said.rstrip().endswith("Stopped.")
    assert SECRET not in supervised.said
    assert KEY not in supervised.said


async def test_the_server_ends_with_a_supervisor_that_is_killed(supervised: Supervised) -> None:
    server = supervised.server()
    supervised.process.kill()
    await supervised.process.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, [server], timeout=20)
    assert alive == []


@pytest.mark.parametrize(
    ("template", "refused"),
    [
        (TEMPLATE, False),
        (TEMPLATE.replace("{{ bos_token }}", ""), False),
        (TEMPLATE.replace("+ '<|im_end|>' + ", "+ "), True),
        (TEMPLATE.replace("assistant", "counselor"), True),
        ("{{ raise_exception('no') }}", True),
        ("{% for", True),
    ],
)
def test_the_chat_template_has_to_be_trainings(
    template: str, refused: bool, tmp_path: Path
) -> None:
    checkpoint = read_checkpoint(write_checkpoint(tmp_path / "m", template=template))
    options = ServeOptions(checkpoint.path, "m")
    found = [f for f in check_checkpoint(checkpoint, options) if f.severity is Severity.REFUSAL]
    assert ["chat template" in f.what for f in found] == [True] * refused
