"""The contract of `inference.engine` against LMDeploy's own HTTP layer, and its proxy's answers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from inference.engine import EngineRejected, EngineUnavailable, Message, Sampling
from inference.lmdeploy import LMDeployEngine
from inference.nodes.routing import in_order
from tests.inference.engine_contract import EngineContract
from tests.ml.inference.lmdeploy_server import MODEL_NAME, WINDOW, WORD, write_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from inference.engine import ModelInfo

ROOT = Path(__file__).parents[3]
STARTING = 180.0  # seconds, most of them for importing torch
PROMPT = [Message("user", "在吗")]


class Server:
    """A Python process that serves HTTP on a loopback port, started when it is needed."""

    def __init__(self, *command: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._command = [part.format(port=self.port) for part in command]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self.is_running:
            return
        self._process = subprocess.Popen(
            [sys.executable, *self._command], cwd=ROOT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + STARTING
        while time.monotonic() < end:
            assert self.is_running, "the server ended"
            try:
                httpx2.get(f"{self.base}/v1/models", trust_env=False)
            except httpx2.HTTPError:
                time.sleep(0.2)
            else:
                return
        pytest.fail("the server does not answer")

    def kill(self) -> None:
        if self._process is not None:
            if self.is_running:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture(scope="module")
def api_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    model = str(write_model(tmp_path_factory.mktemp("model")))
    command = ("-m", "tests.ml.inference.lmdeploy_server", model, "{port}")
    servers = Server(*command), Server(*command)
    yield servers
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def api_server(api_servers: tuple[Server, Server]) -> Server:
    return api_servers[0]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Server]:
    # It keeps its nodes in a file beside its code and reads them back when it is imported, before
    # the option that forbids it is looked at: dead ones of earlier runs would get our requests.
    start = (
        "import sys; from lmdeploy.cli import run; "
        "from lmdeploy.serve.proxy.proxy import node_manager; node_manager.nodes.clear(); "
        "sys.argv[0] = 'lmdeploy'; run()"
    )
    server = Server(
        "-c", start, "serve", "proxy", "--server-name", "127.0.0.1", "--server-port", "{port}",
        "--disable-cache-status",
    )  # fmt: skip
    yield server
    server.kill()


@dataclass
class ServerSubject:
    engine: LMDeployEngine
    info: ModelInfo
    server: Server
    alphabet: set[str]

    async def running(self) -> int:
        async with httpx2.AsyncClient(trust_env=False) as client:
            return int((await client.get(f"{self.server.base}/running")).text)

    async def break_down(self) -> None:
        self.server.kill()


class TestApiServer(EngineContract):
    @pytest.fixture
    async def subject(self, api_server: Server) -> AsyncIterator[ServerSubject]:
        api_server.start()
        urls = [f"{api_server.base}/v1"]
        engine = LMDeployEngine(urls, context_window=WINDOW, max_concurrent=4)
        yield ServerSubject(engine, await engine.start(), api_server, {WORD})
        await engine.aclose()


async def answer(engine: LMDeployEngine, affinity: str = "") -> str:
    stream = engine.stream(PROMPT, Sampling(max_tokens=5), affinity=affinity)
    return "".join([piece async for piece in stream])


async def test_a_conversation_moves_when_its_node_is_killed(
    api_servers: tuple[Server, Server],
) -> None:
    for server in api_servers:
        server.start()
    engine = LMDeployEngine([f"{server.base}/v1" for server in api_servers])
    await engine.start()
    chats = [f"chat-{number}" for number in range(8)]
    homes = {chat: in_order(engine.nodes, chat)[0].address for chat in chats}
    assert len(set(homes.values())) == 2
    for chat in chats:
        assert await answer(engine, chat) == WORD * 5

    api_servers[1].kill()

    dead = f"127.0.0.1:{api_servers[1].port}"
    for chat in chats:
        assert await answer(engine, chat) == WORD * 5
        assert in_order(engine.nodes, chat)[0].address != dead or homes[chat] != dead
    await engine.aclose()


async def test_behind_the_proxy_a_killed_node_is_an_error_and_never_half_an_answer(
    api_servers: tuple[Server, Server], proxy: Server
) -> None:
    proxy.start()
    for server in api_servers:
        server.start()
        httpx2.post(f"{proxy.base}/nodes/add", json={"url": server.base}, trust_env=False)
    engine = LMDeployEngine([f"{proxy.base}/v1"])
    await engine.start()
    assert await answer(engine) == WORD * 5

    api_servers[1].kill()

    ends = await asyncio.gather(*(answer(engine) for _ in range(20)), return_exceptions=True)
    answers = [end for end in ends if isinstance(end, str)]
    assert set(answers) == {WORD * 5}
    assert all(isinstance(end, str | EngineUnavailable) for end in ends)
    await engine.aclose()
    # The proxy goes on listing it: the next test begins with the nodes it knows of.
    url = f"{proxy.base}/nodes/remove"
    for server in api_servers:
        httpx2.post(
            url, json={"url": server.base}, params={"node_url": server.base}, trust_env=False
        )


async def test_the_proxy_answers_for_a_node_until_it_dies(
    api_server: Server, proxy: Server
) -> None:
    api_server.start()
    proxy.start()
    httpx2.post(f"{proxy.base}/nodes/add", json={"url": api_server.base}, trust_env=False)
    engine = LMDeployEngine([f"{proxy.base}/v1"])
    assert (await engine.start()).name == MODEL_NAME
    assert await answer(engine) == WORD * 5

    api_server.kill()

    with pytest.raises(EngineUnavailable):
        await answer(engine)
    await engine.aclose()


async def test_the_proxy_knows_no_such_model(proxy: Server) -> None:
    proxy.start()
    engine = LMDeployEngine([f"{proxy.base}/v1"], model_name="no-such-model")
    with pytest.raises(EngineRejected):
        await answer(engine)
    await engine.aclose()
