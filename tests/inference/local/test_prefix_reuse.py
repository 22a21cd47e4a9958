"""What of a prompt is read anew: the persona never, of a talk only what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from inference.engine import Message, Sampling
from inference.local import LocalEngine
from tests.inference.engine_contract import eventually
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PERSONA = Message("system", "你是树洞，会认真听人说话。" * 10)
SHORT = Sampling(max_tokens=3)


async def tokens_read(engine: LocalEngine) -> int:
    served = engine.process.serving
    assert served is not None
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{served.report.address}/metrics",
            headers={"Authorization": f"Bearer {served.api_key}"},
        )
    name = "llamacpp:prompt_tokens_total "
    (line,) = (line for line in answer.text.splitlines() if line.startswith(name))
    return int(float(line.split()[1]))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LocalEngine]:
    model = write_tiny_model(tmp_path / "tiny.gguf", context_length=4096)
    engine = LocalEngine(model, slots=2, persona=PERSONA.content)
    await engine.start()
    yield engine
    await engine.aclose()


async def test_every_slot_has_read_the_persona_before_anybody_writes(engine: LocalEngine) -> None:
    persona = len(PERSONA.content.encode())  # a byte is a token or, of a few characters, less

    async def is_read() -> bool:
        return await tokens_read(engine) > persona

    await eventually(is_read)
    before = await tokens_read(engine)
    for talk in ("a", "b"):
        prompt = [PERSONA, Message("user", "在吗")]
        assert [p async for p in engine.stream(prompt, SHORT, affinity=talk)]
    assert await tokens_read(engine) - before < persona


async def test_a_talk_finds_its_past_again_though_others_talk_as_well(engine: LocalEngine) -> None:
    past = {talk: [PERSONA, Message("user", talk * 300)] for talk in "ab"}
    for talk, prompt in past.items():
        answer = "".join([p async for p in engine.stream(prompt, SHORT, affinity=talk)])
        prompt += [Message("assistant", answer), Message("user", "嗯")]
    before = await tokens_read(engine)
    for talk, prompt in past.items():
        assert [p async for p in engine.stream(prompt, SHORT, affinity=talk)]
    assert await tokens_read(engine) - before < 200
