"""The contract of `inference.engine`, over all engines and the servers they speak to."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import pytest

from devtools.engines.lmdeploy import FakeLMDeploy
from inference.engine import Message, Sampling
from inference.lmdeploy import LMDeployEngine
from inference.local import LocalEngine
from inference.local.process import ServerProcess
from inference.local.server import LocalServerConfig
from inference.openai import OpenAIEngine
from tests.inference.engine_contract import EngineContract
from tests.inference.local.tiny_model import SAYS, write_tiny_model
from tests.inference.openai.recorded_server import NAMES, RecordedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inference.engine import ModelInfo

WINDOW = 32_768


@dataclass
class FakeServerSubject:
    engine: LMDeployEngine | OpenAIEngine
    info: ModelInfo
    fake: FakeLMDeploy
    server: AsyncExitStack
    alphabet: set[str]

    async def running(self) -> int:
        return self.fake.running

    async def break_down(self) -> None:
        await self.server.aclose()


@dataclass
class LlamaServerSubject:
    engine: LocalEngine | OpenAIEngine
    process: ServerProcess
    info: ModelInfo
    alphabet: set[str]

    async def running(self) -> int:
        served = self.process.serving
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
        served = self.process.serving
        assert served is not None
        os.kill(served.pid, signal.SIGKILL)


class TestLMDeployEngine(EngineContract):
    @pytest.fixture
    async def subject(self) -> AsyncIterator[FakeServerSubject]:
        answer = "听" * 40_000
        async with AsyncExitStack() as server:
            fake = FakeLMDeploy(answer=answer, token_delay=0.002, context_window=WINDOW)
            await server.enter_async_context(fake.serve())
            engine = LMDeployEngine([fake.url], context_window=WINDOW, max_concurrent=4)
            yield FakeServerSubject(engine, await engine.start(), fake, server, set(answer))
            await engine.aclose()


class TestLocalEngine(EngineContract):
    @pytest.fixture
    async def subject(self, tmp_path: Path) -> AsyncIterator[LlamaServerSubject]:
        model = write_tiny_model(tmp_path / "tiny.gguf", context_length=WINDOW)
        engine = LocalEngine(model, slots=4, max_context=WINDOW)
        yield LlamaServerSubject(engine, engine.process, await engine.start(), set(SAYS))
        await engine.aclose()


class TestOpenAIEngine(EngineContract):
    """Over recordings of the servers that refuse what does not fit."""

    @pytest.fixture(params=[name for name in NAMES if name != "ollama"])
    async def subject(self, request: pytest.FixtureRequest) -> AsyncIterator[FakeServerSubject]:
        async with recorded(request.param) as subject:
            yield subject


class TestOpenAIEngineWithOllama(EngineContract):
    """Ollama cuts the beginning of a prompt that does not fit, and says nothing."""

    @pytest.fixture
    async def subject(self) -> AsyncIterator[FakeServerSubject]:
        async with recorded("ollama") as subject:
            yield subject

    async def test_a_prompt_that_does_not_fit_is_context_too_long(
        self, subject: FakeServerSubject
    ) -> None:
        prompt = [Message("user", "好" * 2 * WINDOW)]
        assert [p async for p in subject.engine.stream(prompt, Sampling(max_tokens=3))]

    async def test_an_answer_that_does_not_fit_is_context_too_long(
        self, subject: FakeServerSubject
    ) -> None:
        prompt = [Message("user", "好" * (WINDOW - 60))]
        answer = [p async for p in subject.engine.stream(prompt, Sampling(max_tokens=80))]
        assert len("".join(answer)) == 80


class TestOpenAIEngineWithLlamaServer(EngineContract):
    """llama.cpp's own server, as `llama-server` is."""

    @pytest.fixture
    async def subject(self, tmp_path: Path) -> AsyncIterator[LlamaServerSubject]:
        model = write_tiny_model(tmp_path / "tiny.gguf", context_length=WINDOW)
        process = ServerProcess(
            LocalServerConfig(
                model_path=str(model), slots=4, max_context=WINDOW, threads=0, api_key=""
            )
        )
        served = await process.start()
        engine = OpenAIEngine(
            [f"{served.report.address}/v1"],
            api_key=served.api_key,
            context_window=WINDOW,
            max_concurrent=4,
        )
        yield LlamaServerSubject(engine, process, await engine.start(), set(SAYS))
        await engine.aclose()
        await process.stop()


@asynccontextmanager
async def recorded(kind: str) -> AsyncIterator[FakeServerSubject]:
    answer = "听" * 40_000
    async with AsyncExitStack() as server:
        fake = RecordedServer(
            kind=kind, answer=answer, token_delay=0.002, context_window=WINDOW + 30_000
        )
        await server.enter_async_context(fake.serve())
        engine = OpenAIEngine(
            [fake.url], model_name=fake.model, context_window=WINDOW + 30_000, max_concurrent=4
        )
        yield FakeServerSubject(engine, await engine.start(), fake, server, set(answer))
        await engine.aclose()
