"""What is particular to the servers people have, each as its documentation shows it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from inference.chat_completions import Timeouts
from inference.engine import (
    ContentFiltered,
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineUnavailable,
    Message,
    Sampling,
)
from inference.openai import OpenAIEngine
from inference.server_errors import EndpointNotFound, EndpointRefused
from tests.inference.openai.recorded_server import NAMES, RecordedServer, recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "我把 temperature 和秘密告诉了树洞"
PROMPT = [Message("system", "你是树洞。"), Message("user", SECRET)]
LETTERS = "ABCD"

MEANINGS = {
    "too_long": ContextTooLong,
    "no_room": ContextTooLong,
    "wrong_key": EndpointRefused,
    "no_balance": EndpointRefused,
    "no_model": EndpointNotFound,
    "filtered": ContentFiltered,
    "busy": EngineOverloaded,
    "broken": EngineUnavailable,
}
ERRORS = [
    (name, error) for name in NAMES for error in MEANINGS if error in recording(name)["errors"]
]


@asynccontextmanager
async def serving(*servers: RecordedServer, **settings: object) -> AsyncIterator[OpenAIEngine]:
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server.serve())
        settings = {"model_name": servers[0].model, **settings}
        urls = [server.url for server in servers]
        engine = OpenAIEngine(urls, timeouts=Timeouts(connect=5), **settings)  # type: ignore[arg-type]
        stack.push_async_callback(engine.aclose)
        yield engine


async def answer(engine: OpenAIEngine) -> str:
    return "".join([piece async for piece in engine.stream(PROMPT, Sampling())])


@pytest.mark.parametrize(("name", "error"), ERRORS)
async def test_an_error_means_what_the_server_means_by_it(name: str, error: str) -> None:
    server = RecordedServer(kind=name, error=error)
    async with serving(server) as engine:
        with pytest.raises(EngineError) as caught:
            await answer(engine)
    assert type(caught.value) is MEANINGS[error]
    assert SECRET not in repr(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [pair for pair in ERRORS if pair[1] in {"wrong_key", "no_balance", "busy", "broken"}],
)
async def test_a_server_that_refuses_everybody_is_passed_over(name: str, error: str) -> None:
    first, second = RecordedServer(kind=name, error=error), RecordedServer(answer="我在。")
    async with serving(first, second) as engine:
        assert await answer(engine) == "我在。"
        assert not engine.nodes[0].takes_work


@pytest.mark.parametrize("name", NAMES)
async def test_fields_that_are_refused_are_left_out_from_then_on(name: str) -> None:
    server = RecordedServer(kind=name)
    async with serving(server, thinks=False) as engine:
        for _ in range(2):
            assert await answer(engine) == server.answer
    refused = [field for field in recording(name)["refused_fields"] if field != "logprobs"]
    assert sorted(server.refusals) == sorted(refused)
    assert len(server.requests) == 2 + len(refused)


@pytest.mark.parametrize("name", [name for name in NAMES if recording(name)["thought"]])
async def test_a_thought_is_never_shown_and_can_be_switched_off(name: str) -> None:
    server = RecordedServer(kind=name, thought="先想想。")
    async with serving(server) as engine:
        assert await answer(engine) == server.answer
    off = RecordedServer(kind=name, thought="先想想。")
    async with serving(off, thinks=False) as engine:
        assert await answer(engine) == off.answer
        switch = recording(name)["no_thinking"]
        assert {field: off.requests[-1][field] for field in switch} == switch


@pytest.mark.parametrize("name", NAMES)
async def test_a_choice_comes_without_a_thought_where_probabilities_are_told(name: str) -> None:
    thought = "先想想。" if recording(name)["thought"] else ""
    server = RecordedServer(kind=name, thought=thought, choice={"C": 0.75, "A": 0.25})
    async with serving(server) as engine:
        if recording(name)["most_likely"]:
            for _ in range(2):
                found = await engine.choose(PROMPT, LETTERS)
                assert found == pytest.approx({"A": 0.25, "B": 0, "C": 0.75, "D": 0})
        else:
            with pytest.raises(EngineRejected):
                await engine.choose(PROMPT, LETTERS)
        assert await answer(engine) == server.answer


@pytest.mark.parametrize("name", NAMES)
async def test_a_start_finds_the_model(name: str) -> None:
    server = RecordedServer(kind=name, model="some-7b")
    async with serving(server) as engine:
        assert (await engine.start()).name == "some-7b"
        assert await engine.ready()


async def test_a_list_of_many_models_leaves_the_choice_to_the_operator() -> None:
    async with serving(RecordedServer(kind="deepseek"), model_name="") as engine:
        with pytest.raises(EngineRejected, match="set MODEL_NAME to one of shudong-7b, deepseek"):
            await engine.start()


async def test_a_list_of_one_model_is_taken() -> None:
    async with serving(RecordedServer(kind="vllm"), model_name="") as engine:
        assert (await engine.start()).name == "shudong-7b"


async def test_a_start_says_that_the_model_does_not_exist() -> None:
    server = RecordedServer(kind="deepseek", error="no_model")
    async with serving(server) as engine:
        with pytest.raises(EngineRejected, match="no such model"):
            await engine.start()


async def test_a_query_in_the_address_goes_with_every_request() -> None:
    server = RecordedServer(kind="vllm")
    async with server.serve():
        engine = OpenAIEngine([f"{server.url}?api-version=1"], model_name=server.model)
        assert await answer(engine) == server.answer
        await engine.aclose()


async def test_extra_fields_go_before_ours_and_null_leaves_one_out() -> None:
    server = RecordedServer(kind="vllm")
    extra = {"top_k": 20, "temperature": 0.1, "stream_options": None}
    async with serving(server, extra_body=extra) as engine:
        assert await answer(engine) == server.answer
    [sent] = server.requests
    assert (sent["top_k"], sent["temperature"]) == (20, 0.1)
    assert "stream_options" not in sent
