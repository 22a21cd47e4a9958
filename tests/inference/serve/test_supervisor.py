"""A server that dies, hangs or never comes up; signals; and what is left behind: nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import httpx2
import psutil
import pytest

from inference.console import CommandError
from inference.serve.supervisor import Supervisor, SupervisorTiming
from tests.clock import FakeClock, settle
from tests.inference.engine_contract import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVER = [sys.executable, "-m", "devtools.engines.lmdeploy", "--port"]
FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]
AT_ONCE = SupervisorTiming(between_looks=0.02, between_looks_while_loading=0.02, stopping=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def nothing() -> None:
    pass


class Server:
    """The fake LMDeploy node, supervised."""

    def __init__(self) -> None:
        self.port = free_port()
        self.lines: list[str] = []
        self.warm_ups = 0
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=2
        )
        self.supervisor = Supervisor(
            [*SERVER, str(self.port)],
            healthy=self.healthy,
            warm_up=self.warm_up,
            tell=self.lines.append,
            timing=AT_ONCE,
            delays=(0.01,),
        )

    async def healthy(self) -> bool:
        try:
            return (await self.client.get("/health")).status_code == 200
        except httpx2.HTTPError:
            return False

    async def warm_up(self) -> None:
        self.warm_ups += 1

    async def ready(self, times: int) -> None:
        async def has_been() -> bool:
            return sum(line.startswith("Ready") for line in self.lines) == times

        await eventually(has_been, 60)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    running = asyncio.create_task(server.supervisor.run())
    await server.ready(1)
    yield server
    server.supervisor.stop()
    await running
    await server.client.aclose()


async def test_a_server_that_is_killed_is_started_again(server: Server) -> None:
    first = server.supervisor.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await server.ready(2)
    assert await server.healthy()
    assert server.supervisor.pid != first
    assert server.warm_ups == 2
    assert any("status -9" in line for line in server.lines)


async def test_a_server_that_hangs_is_ended_and_started_again(server: Server) -> None:
    first = server.supervisor.pid
    await server.client.post("/_fake", json={"status": 503})
    await server.ready(2)
    assert await server.healthy()
    assert server.supervisor.pid != first
    assert any("does not answer any more" in line for line in server.lines)


async def test_stopping_ends_the_server(server: Server) -> None:
    pid = server.supervisor.pid
    assert pid is not None
    server.supervisor.stop()

    async def is_gone() -> bool:
        return not psutil.pid_exists(pid)

    await eventually(is_gone)


async def test_what_ignores_sigterm_is_killed_with_its_children() -> None:
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "time.sleep(600)\n"
    )

    async def healthy() -> bool:
        return bool(psutil.Process(supervisor.pid).children())

    supervisor = Supervisor(
        [sys.executable, "-c", stubborn], healthy=healthy, warm_up=nothing, tell=lambda _: None,
        timing=SupervisorTiming(stopping=0.2, between_looks_while_loading=0.02),
    )  # fmt: skip
    running = asyncio.create_task(supervisor.run())

    async def is_up() -> bool:
        return supervisor.pid is not None and await healthy()

    await eventually(is_up)
    family = [psutil.Process(supervisor.pid), *psutil.Process(supervisor.pid).children()]
    supervisor.stop()
    await running
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


async def test_a_server_that_never_comes_up_is_given_up_with_a_reason() -> None:
    lines: list[str] = []
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def never() -> bool:
        await asyncio.Event().wait()
        return False

    supervisor = Supervisor(
        [sys.executable, "-c", "raise SystemExit(3)"], healthy=never, warm_up=nothing,
        tell=lines.append, delays=(1, 2, 4), sleep=sleep,
    )  # fmt: skip
    with pytest.raises(CommandError, match=r"started 3 times .* status 3"):
        await supervisor.run()
    assert pauses == [2, 4]


async def test_loading_has_an_end() -> None:
    clock = FakeClock()

    async def never() -> bool:
        return False

    supervisor = Supervisor(
        FOREVER, healthy=never, warm_up=nothing, tell=lambda _: None,
        starts_before_giving_up=1, clock=clock, sleep=clock.sleep,
    )  # fmt: skip
    running = asyncio.create_task(supervisor.run())

    async def loads() -> bool:
        return supervisor.pid is not None

    await eventually(loads)
    await settle()
    await clock.advance(SupervisorTiming().loading + 2)
    with pytest.raises(CommandError, match="did not answer in time"):
        await running


async def test_a_server_that_cannot_answer_is_not_ready() -> None:
    lines: list[str] = []

    async def healthy() -> bool:
        return True

    async def fails() -> None:
        raise CommandError("it cannot answer")

    supervisor = Supervisor(
        FOREVER, healthy=healthy, warm_up=fails, tell=lines.append, starts_before_giving_up=1
    )
    with pytest.raises(CommandError):
        await supervisor.run()
    assert "it cannot answer" in lines
    assert not any(line.startswith("Ready") for line in lines)


async def test_a_program_that_is_missing_is_one_sentence() -> None:
    async def healthy() -> bool:
        return False

    supervisor = Supervisor(
        ["/no/such/program"], healthy=healthy, warm_up=nothing, tell=lambda _: None
    )
    with pytest.raises(CommandError, match="cannot be started"):
        await supervisor.run()
