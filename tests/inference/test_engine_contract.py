"""The contract of `inference.engine`, over both engines."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import pytest

from devtools.engines.lmdeploy import FakeLMDeploy
from inference.lmdeploy import LMDeployEngine
from inference.local import LocalEngine
from tests.inference.engine_contract import EngineContract
from tests.inference.local.tiny_model import SAYS, write_tiny_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inference.engine import ModelInfo

WINDOW = 32_768


@dataclass
class LMDeploySubject:
    engine: LMDeployEngine
    info: ModelInfo
    fake: FakeLMDeploy
    server: AsyncExitStack
    alphabet: set[str]

    async def running(self) -> int:
        return self.fake.running

    async def break_down(self) -> None:
        await self.server.aclose()


@dataclass
class LocalSubject:
    engine: LocalEngine
    info: ModelInfo
    alphabet: set[str]

    async def running(self) -> int:
        served = self.engine.process.serving
        if served is None:
            return 0
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(
                f"{served.report.address}/metrics",
                headers={"Authorization": f"Bearer {served.api_key}"},
            )
        (line,) = (
            line
            for line in answer.text.splitlines()
            if line.startswith("llamacpp:requests_processing ")
        )
        return int(line.split()[1])

    async def break_down(self) -> None:
        served = self.engine.process.serving
        assert served is not None
        os.kill(served.pid, signal.SIGKILL)


class TestLMDeployEngine(EngineContract):
    @pytest.fixture
    async def subject(self) -> AsyncIterator[LMDeploySubject]:
        answer = "听" * 40_000
        async with AsyncExitStack() as server:
            fake = FakeLMDeploy(answer=answer, token_delay=0.002, context_window=WINDOW)
            await server.enter_async_context(fake.serve())
            engine = LMDeployEngine([fake.url], context_window=WINDOW, max_concurrent=4)
            yield LMDeploySubject(engine, await engine.start(), fake, server, set(answer))
            await engine.aclose()


class TestLocalEngine(EngineContract):
    @pytest.fixture
    async def subject(self, tmp_path: Path) -> AsyncIterator[LocalSubject]:
        model = write_tiny_model(tmp_path / "tiny.gguf", context_length=WINDOW)
        engine = LocalEngine(model, slots=4, max_context=WINDOW)
        yield LocalSubject(engine, await engine.start(), set(SAYS))
        await engine.aclose()
