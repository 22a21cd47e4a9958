"""Which of a few letters comes next: read strictly, and asked for behind every generation."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from devtools.engines.lmdeploy import FakeLMDeploy, Fault
from inference.admission import Admission
from inference.chat_completions import Timeouts
from inference.choice_reader import read_choice
from inference.engine import (
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    Message,
    Sampling,
)
from inference.lmdeploy import LMDeployEngine
from inference.server_errors import EndpointRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "我把秘密告诉了树洞"
PROMPT = [Message("system", "只回答一个字母。"), Message("user", SECRET)]
LETTERS = "ABCD"


@asynccontextmanager
async def started(
    *urls: str, first_token: float = 60, at_once: int = 4
) -> AsyncIterator[LMDeployEngine]:
    engine = LMDeployEngine(
        urls, timeouts=Timeouts(connect=2, first_token=first_token), max_concurrent=at_once
    )
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


async def test_the_letters_share_what_the_model_gives_to_them() -> None:
    fake = FakeLMDeploy(choice={"C": 0.4, " C": 0.1, "A": 0.25, "嗯": 0.2, "B": 0.05})
    async with fake.serve(), started(fake.url) as engine:
        found = await engine.choose(PROMPT, LETTERS)
    assert found == pytest.approx({"A": 0.3125, "B": 0.0625, "C": 0.625, "D": 0.0})
    [asked] = fake.choices_asked
    assert (asked["max_tokens"], asked["top_p"], asked["temperature"]) == (1, 1.0, 1.0)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("knobs", "error"),
    [
        ({"choice": {"嗯": 0.95, "A": 0.05}}, EngineProtocolError),
        ({"choice_fault": Fault.NO_END}, EndpointRefused),
        ({"choice_fault": Fault.BROKEN_JSON}, EngineProtocolError),
        ({"choice_fault": Fault.HTML}, EngineProtocolError),
        ({"choice_fault": Fault.BINARY}, EngineProtocolError),
        ({"choice_fault": Fault.EMPTY_BODY}, EngineProtocolError),
        ({"choice_fault": Fault.PROXY_DEAD_NODE}, EngineUnavailable),
        ({"choice_fault": Fault.STALL_BEFORE_FIRST_TOKEN}, EngineTimeout),
        ({"choice_status": 400}, EngineRejected),
        ({"choice_status": 422}, EngineRejected),
        ({"choice_status": 429}, EngineOverloaded),
        ({"choice_status": 500}, EngineUnavailable),
    ],
    ids=str,
)
async def test_whatever_goes_wrong_is_an_error_without_a_word_of_the_prompt(
    knobs: dict[str, object], error: type[EngineError]
) -> None:
    fake = FakeLMDeploy()
    for knob, value in knobs.items():
        setattr(fake, knob, value)
    async with fake.serve(), started(fake.url, first_token=0.5) as engine:
        with pytest.raises(error) as raised:
            await engine.choose(PROMPT, LETTERS)
        assert SECRET not in str(raised.value)
        pieces = [piece async for piece in engine.stream(PROMPT, Sampling(max_tokens=5))]
    assert pieces, "a choice that fails costs no answer"


async def test_another_node_is_asked_where_one_is_away() -> None:
    fake = FakeLMDeploy(choice={"D": 1.0})
    async with fake.serve(), started("http://127.0.0.1:9/v1", fake.url) as engine:
        for _ in range(4):
            assert (await engine.choose(PROMPT, LETTERS))["D"] == 1.0


async def test_it_waits_until_no_generation_wants_the_slot() -> None:
    fake = FakeLMDeploy(answer="嗯" * 1000, token_delay=0.01)
    async with fake.serve(), started(fake.url, at_once=1) as engine:
        async with aclosing(engine.stream(PROMPT, Sampling())) as answer:
            await anext(answer)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await engine.choose(PROMPT, LETTERS)
            assert fake.choices_asked == []
        assert await engine.choose(PROMPT, LETTERS)


async def test_generations_that_wait_go_before_it_however_late_they_came() -> None:
    admission, order = Admission(running=1, waiting=9), []
    free = asyncio.Event()

    async def generate(name: str) -> None:
        async with admission.slot():
            order.append(name)
            await free.wait()

    async def ask() -> None:
        async with admission.last_slot():
            order.append("choice")

    first = asyncio.create_task(generate("first"))
    await asyncio.sleep(0)
    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    later = [asyncio.create_task(generate(name)) for name in ("second", "third")]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(first, asking, *later)
    assert order == ["first", "second", "third", "choice"]


async def test_one_who_gives_up_leaves_the_slot_to_others() -> None:
    admission = Admission(running=1, waiting=1)

    async def ask() -> None:
        async with admission.last_slot():
            pass

    async with admission.slot():
        waiting = asyncio.create_task(ask())
        await asyncio.sleep(0)
        with pytest.raises(EngineOverloaded):
            await ask()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    given_in_that_moment = asyncio.create_task(ask())
    async with admission.slot():
        await asyncio.sleep(0)
    given_in_that_moment.cancel()
    await asyncio.gather(given_in_that_moment, return_exceptions=True)
    async with asyncio.timeout(1), admission.slot():
        pass


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"choices": []},
        {"choices": [{"logprobs": None}]},
        {"choices": [{"logprobs": {"content": []}}]},
        {"choices": [{"logprobs": {"content": [{"top_logprobs": [{"token": 1}, 7]}]}}]},
        {
            "choices": [
                {"logprobs": {"content": [{"top_logprobs": [{"token": "A", "logprob": 9}]}]}}
            ]
        },
        {
            "choices": [
                {"logprobs": {"content": [{"top_logprobs": [{"token": "A", "logprob": math.nan}]}]}}
            ]
        },
    ],
    ids=str,
)
def test_a_body_of_another_shape_is_no_choice(body: object) -> None:
    with pytest.raises(EngineError):
        read_choice(body, LETTERS)
