"""Several nodes: who is asked, who is asked instead, and what start and ready say."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from devtools.engines import lmdeploy
from devtools.engines.lmdeploy import BEFORE_FIRST_TOKEN, MID_STREAM, STALLS, FakeLMDeploy, Fault
from inference.engine import (
    ContextTooLong,
    EngineOverloaded,
    EngineProtocolError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    Message,
    Sampling,
)
from inference.lmdeploy import LMDeployEngine, Timeouts
from inference.nodes.breaker import PAUSES
from inference.nodes.node import TRIAL
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROMPT = [Message("user", "在吗")]


@asynccontextmanager
async def serving(*nodes: FakeLMDeploy, **settings: object) -> AsyncIterator[LMDeployEngine]:
    """An engine over these nodes, in this order."""
    async with AsyncExitStack() as stack:
        for node in nodes:
            await stack.enter_async_context(node.serve())
        engine = LMDeployEngine([node.url for node in nodes], **settings)  # type: ignore[arg-type]
        stack.push_async_callback(engine.aclose)
        yield engine


async def answer(engine: LMDeployEngine, *, affinity: str = "") -> str:
    stream = engine.stream(PROMPT, Sampling(), affinity=affinity)
    return "".join([piece async for piece in stream])


async def checks_are_done() -> None:
    """Wait until every node that rested has been asked whether it is back."""
    await asyncio.gather(*(t for t in asyncio.all_tasks() if t.get_name() == "node-check"))


@pytest.mark.parametrize("fault", BEFORE_FIRST_TOKEN)
async def test_a_fault_before_the_first_token_is_answered_by_the_next_node(fault: Fault) -> None:
    first, second = FakeLMDeploy(fault=fault), FakeLMDeploy(answer="我在。")
    timeouts = Timeouts(first_token=2 if fault in STALLS else 60)
    async with serving(first, second, timeouts=timeouts) as engine:
        assert await answer(engine) == "我在。"
    assert len(first.requests) == 1


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500, 502, 503, 504])
async def test_a_node_that_refuses_everybody_is_passed_over(status: int) -> None:
    first, second = FakeLMDeploy(status=status), FakeLMDeploy(answer="我在。")
    async with serving(first, second) as engine:
        assert await answer(engine) == "我在。"
        assert not engine.nodes[0].takes_work


@pytest.mark.parametrize("fault", MID_STREAM)
async def test_after_the_first_token_nobody_else_is_asked(fault: Fault) -> None:
    first, second = FakeLMDeploy(fault=fault), FakeLMDeploy()
    timeouts = Timeouts(stall=1 if fault in STALLS else 60)
    async with serving(first, second, timeouts=timeouts) as engine:
        with pytest.raises((EngineUnavailable, EngineTimeout, EngineProtocolError)):
            await answer(engine)
    assert second.requests == []


async def test_a_request_that_is_wrong_is_not_taken_to_the_next_node() -> None:
    first, second = FakeLMDeploy(context_window=2), FakeLMDeploy()
    async with serving(first, second) as engine:
        with pytest.raises(ContextTooLong):
            await answer(engine)
    assert second.requests == []


async def test_a_node_that_failed_rests_is_checked_and_takes_its_turn_again() -> None:
    clock = FakeClock()
    first, second = FakeLMDeploy(status=500), FakeLMDeploy()
    async with serving(first, second, clock=clock) as engine:
        await answer(engine)
        first.status = 0
        clock.now += PAUSES[0] - 0.1
        await answer(engine)
        assert (len(first.requests), len(second.requests)) == (1, 2)

        clock.now += 0.2
        await answer(engine)  # while the first is asked whether it is back
        await checks_are_done()
        await answer(engine)
        assert (len(first.requests), len(second.requests)) == (2, 3)


async def test_a_dead_node_costs_nobody_a_second_attempt() -> None:
    clock = FakeClock()
    dead, alive = FakeLMDeploy(), FakeLMDeploy()
    async with alive.serve():
        async with dead.serve():
            pass
        engine = LMDeployEngine([dead.url, alive.url], model_name=alive.model, clock=clock)
        for _ in range(4):
            assert await answer(engine) == alive.answer
            await checks_are_done()
            assert not engine.nodes[0].takes_work
            clock.now = engine.nodes[0].rests_until
        await engine.aclose()


async def test_a_conversation_stays_with_its_node_while_that_is_well() -> None:
    clock = FakeClock()
    nodes = [FakeLMDeploy() for _ in range(3)]
    async with serving(*nodes, clock=clock) as engine:
        for _ in range(3):
            await answer(engine, affinity="a chat")
        (home,) = (node for node in nodes if node.requests)
        assert len(home.requests) == 3

        home.status = 503
        for _ in range(3):
            await answer(engine, affinity="a chat")
        assert sorted(len(node.requests) for node in nodes) == [0, 3, 4]


async def test_a_busy_node_hands_a_conversation_on() -> None:
    nodes = [FakeLMDeploy(fault=Fault.STALL_MID_STREAM) for _ in range(2)]
    async with serving(*nodes) as engine, AsyncExitStack() as stack:
        for _ in range(12):
            stream = engine.stream(PROMPT, Sampling(), affinity="a chat")
            await stack.enter_async_context(aclosing(stream))
            await anext(stream)
        assert sorted(len(node.requests) for node in nodes) == [4, 8]


async def test_a_suspect_node_is_still_asked_when_it_is_the_last_one() -> None:
    clock = FakeClock()
    node = FakeLMDeploy(status=500)
    async with serving(node, clock=clock) as engine:
        with pytest.raises(EngineUnavailable):
            await answer(engine)
        node.status = 0
        assert await answer(engine) == node.answer


async def test_the_idlest_node_is_asked_first() -> None:
    nodes = [FakeLMDeploy(fault=Fault.STALL_MID_STREAM) for _ in range(3)]
    async with serving(*nodes) as engine, AsyncExitStack() as stack:
        for _ in range(3):
            stream = engine.stream(PROMPT, Sampling())
            await stack.enter_async_context(aclosing(stream))
            await anext(stream)
        assert [len(node.requests) for node in nodes] == [1, 1, 1]


async def test_the_failure_that_may_pass_is_the_one_to_tell() -> None:
    nodes = FakeLMDeploy(status=503), FakeLMDeploy(status=401)
    async with serving(*nodes) as engine:
        with pytest.raises(EngineUnavailable):
            await answer(engine)


async def test_more_than_may_wait_is_overloaded() -> None:
    node = FakeLMDeploy(token_delay=0.05)
    async with serving(node, max_concurrent=1, max_waiting=1) as engine:
        tasks = [asyncio.create_task(answer(engine)) for _ in range(3)]
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[:2] == [node.answer, node.answer]
    assert isinstance(answers[2], EngineOverloaded)


async def test_a_model_name_that_is_not_set_is_looked_up_once() -> None:
    node = FakeLMDeploy(model="some-7b")
    async with serving(node) as engine:
        assert (await engine.start()).name == "some-7b"
        await answer(engine)
        assert node.requests[0]["model"] == "some-7b"


async def test_a_node_that_came_back_with_another_model_is_looked_up_again() -> None:
    node = FakeLMDeploy(model="old-7b")
    async with serving(node) as engine:
        await answer(engine)
        node.model = "new-7b"
        with pytest.raises(EngineRejected):
            await answer(engine)
        assert await answer(engine) == node.answer


async def test_start_takes_a_node_that_is_down_for_one_that_will_come() -> None:
    node = FakeLMDeploy()
    async with node.serve():
        pass
    engine = LMDeployEngine([node.url], model_name="some-7b", context_window=4096)
    info = await engine.start()
    assert (info.name, info.context_window, info.is_trial) == ("some-7b", 4096, False)
    assert not await engine.ready()
    await engine.aclose()


async def test_start_says_which_models_there_are_instead_of_the_wanted_one() -> None:
    async with serving(FakeLMDeploy(model="some-7b"), model_name="other-7b") as engine:
        with pytest.raises(EngineRejected, match="'other-7b' is not served here, but 'some-7b'"):
            await engine.start()
        assert not await engine.ready()


async def test_a_gateway_that_lists_no_models_serves_the_one_that_is_named() -> None:
    silent = FakeLMDeploy(model="some-7b", lists_models=False)
    async with serving(silent, model_name="some-7b") as engine:
        assert (await engine.start()).name == "some-7b"
        assert await answer(engine)
    async with serving(FakeLMDeploy(lists_models=False)) as engine:
        with pytest.raises(EngineRejected, match="end in /v1"):
            await engine.start()


async def test_start_refuses_a_wrong_key() -> None:
    async with serving(FakeLMDeploy(api_key="right"), api_key="wrong") as engine:
        with pytest.raises(EngineRejected, match="API key"):
            await engine.start()


async def test_the_key_is_sent() -> None:
    async with serving(FakeLMDeploy(api_key="right"), api_key="right") as engine:
        assert await engine.ready()
        assert await answer(engine)


async def test_one_good_node_is_enough_to_be_ready() -> None:
    down = FakeLMDeploy()
    async with down.serve():
        pass
    async with FakeLMDeploy().serve() as good:
        engine = LMDeployEngine([down.url, good.url])
        assert await engine.ready()
        await engine.aclose()


async def test_a_start_finds_out_that_the_template_opens_a_thought() -> None:
    async with serving(FakeLMDeploy(answer="用户在打招呼。</think>我在。")) as engine:
        await engine.start()
        assert await answer(engine) == "我在。"


def test_the_stand_in_knows_the_question_of_the_start() -> None:
    assert TRIAL.content == lmdeploy.TRIAL
