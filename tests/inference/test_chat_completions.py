"""One endpoint, everything that can go wrong with it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from devtools.engines.lmdeploy import BEFORE_FIRST_TOKEN, MID_STREAM, STALLS, FakeLMDeploy, Fault
from inference.chat_completions import ChatCompletions, Timeouts
from inference.connection import is_public
from inference.engine import (
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    Message,
    Sampling,
    ThoughtLeaked,
)
from inference.server_errors import EndpointNotFound, EndpointRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "我把秘密告诉了树洞"
PROMPT = [Message("user", SECRET)]
SAMPLING = Sampling(temperature=0.3, top_p=0.5, repetition_penalty=1.25, max_tokens=40)

WHAT_IT_MEANS = {
    Fault.STALL_BEFORE_FIRST_TOKEN: EngineTimeout,
    Fault.ONLY_PINGS: EngineTimeout,
    Fault.PROXY_DEAD_NODE: EngineUnavailable,
    Fault.HTML: EngineProtocolError,
    Fault.BINARY: EngineProtocolError,
    Fault.EMPTY_BODY: EngineProtocolError,
    Fault.EMPTY_ANSWER: EngineProtocolError,
    Fault.STALL_MID_STREAM: EngineTimeout,
    Fault.RESET: EngineUnavailable,
    Fault.CUT: EngineProtocolError,
    Fault.NO_END: EngineProtocolError,
    Fault.ERROR_EVENT: EngineUnavailable,
    Fault.FINISH_ERROR: EngineUnavailable,
    Fault.ABORT: EngineUnavailable,
    Fault.BROKEN_JSON: EngineProtocolError,
    Fault.NOT_A_CHUNK: EngineProtocolError,
    Fault.LONE_SURROGATE: EngineProtocolError,
}


@asynccontextmanager
async def endpoint(
    url: str, timeouts: Timeouts | None = None, context_window: int | None = None
) -> AsyncIterator[ChatCompletions]:
    client = ChatCompletions(url, timeouts=timeouts, context_window=context_window)
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def raw_server(reply: bytes) -> AsyncIterator[str]:
    """Answers every connection with these bytes, whatever they are."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def failure_of(client: ChatCompletions, model: str = "shudong-7b") -> tuple[EngineError, str]:
    """The error that ends a stream, and the text that came before it."""
    text = ""
    try:
        async for piece in client.stream(PROMPT, SAMPLING, model):
            text += piece
    except EngineError as error:
        return error, text
    pytest.fail("the stream ended well")


def assert_keeps_the_secret(error: EngineError) -> None:
    assert SECRET not in repr(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_every_fault_has_a_meaning() -> None:
    assert set(WHAT_IT_MEANS) == set(Fault) - {Fault.NONE}


@pytest.mark.parametrize("fault", [*BEFORE_FIRST_TOKEN, *MID_STREAM])
async def test_a_fault_becomes_the_right_error(
    fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    timeouts = Timeouts(first_token=0.5 if fault in BEFORE_FIRST_TOKEN else 30, stall=1)
    if fault not in STALLS:
        timeouts = Timeouts(first_token=30, stall=30)
    node = FakeLMDeploy(fault=fault, fault_after=2)
    async with node.serve() as fake, endpoint(fake.url, timeouts) as client:
        error, text = await failure_of(client)
    assert type(error) is WHAT_IT_MEANS[fault]
    assert_keeps_the_secret(error)
    assert SECRET not in caplog.text
    assert text.startswith("嗯，") is (fault in MID_STREAM)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (307, EndpointRefused),
        (400, EngineRejected),
        (401, EndpointRefused),
        (403, EndpointRefused),
        (404, EndpointNotFound),
        (408, EngineTimeout),
        (429, EngineOverloaded),
        (499, EngineUnavailable),
        (500, EngineUnavailable),
        (502, EngineUnavailable),
        (503, EngineUnavailable),
        (504, EngineTimeout),
    ],
)
async def test_a_status_becomes_the_right_error(status: int, meaning: type[EngineError]) -> None:
    async with FakeLMDeploy(status=status).serve() as fake, endpoint(fake.url) as client:
        error, _ = await failure_of(client)
        assert type(error) is meaning
        assert str(status) in str(error)
        assert_keeps_the_secret(error)
        assert len(fake.requests) == 1, "the package must not retry behind our back"


async def test_sampling_is_sent_under_the_servers_names() -> None:
    async with FakeLMDeploy().serve() as fake, endpoint(fake.url) as client:
        [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
    assert fake.requests == [
        {
            "model": "shudong-7b",
            "messages": [{"role": "user", "content": SECRET}],
            "temperature": 0.3,
            "top_p": 0.5,
            "max_tokens": 40,
            "repetition_penalty": 1.25,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


async def test_server_that_can_hold_repeats_back_is_asked_to() -> None:
    wanted = replace(SAMPLING, dry_multiplier=0.8)
    async with FakeLMDeploy().serve() as fake, endpoint(fake.url) as plain:
        knows = ChatCompletions(fake.url, dry_multiplier_field="dry_multiplier")
        for client, sampling in ((knows, wanted), (knows, SAMPLING), (plain, wanted)):
            [p async for p in client.stream(PROMPT, sampling, "shudong-7b")]
        await knows.aclose()
    assert [request.get("dry_multiplier") for request in fake.requests] == [0.8, None, None]


async def test_a_thought_that_the_prompt_opens_is_held_from_the_second_answer_on() -> None:
    async with (
        FakeLMDeploy(answer="先想想。</think>我在。").serve() as fake,
        endpoint(fake.url) as client,
    ):
        error, _ = await failure_of(client)
        assert type(error) is ThoughtLeaked
        for _ in range(2):
            pieces = [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
            assert "".join(pieces) == "我在。"


async def test_a_model_that_stops_thinking_is_not_held_for_ever() -> None:
    async with (
        FakeLMDeploy(answer="先想想。</think>我在。").serve() as fake,
        endpoint(fake.url) as client,
    ):
        await failure_of(client)
        fake.answer = "我在。"
        error, text = await failure_of(client)
        assert (type(error), text) == (EngineUnavailable, "")
        pieces = [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
    assert "".join(pieces) == "我在。"


async def test_a_thought_is_a_sign_of_life() -> None:
    thought = "<think>" + "想" * 30 + "</think>我在。"
    async with (
        FakeLMDeploy(answer=thought, token_delay=0.02).serve() as fake,
        endpoint(fake.url, Timeouts(first_token=0.3, stall=0.3)) as client,
    ):
        sampling = replace(SAMPLING, max_tokens=200)
        pieces = [p async for p in client.stream(PROMPT, sampling, "shudong-7b")]
    assert "".join(pieces) == "我在。"


async def test_a_prompt_that_fills_the_window_is_context_too_long() -> None:
    async with FakeLMDeploy(context_window=5).serve() as fake, endpoint(fake.url) as client:
        error, _ = await failure_of(client)
    assert type(error) is ContextTooLong
    assert_keeps_the_secret(error)


async def test_an_answer_that_fills_the_window_is_not_taken_for_a_whole_one() -> None:
    window = len(SECRET) + 4
    async with (
        FakeLMDeploy(context_window=window).serve() as fake,
        endpoint(fake.url, context_window=window) as client,
    ):
        error, text = await failure_of(client)
    assert type(error) is ContextTooLong
    assert text == fake.answer[:4]


@pytest.mark.parametrize("leaves_out", ["finish_reason", "done"])
async def test_a_good_end_has_one_of_its_two_marks_at_least(leaves_out: str) -> None:
    """Text Generation Inference sends no [DONE], some gateways no finish reason."""
    async with FakeLMDeploy(leaves_out=leaves_out).serve() as fake, endpoint(fake.url) as client:
        pieces = [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
    assert "".join(pieces) == fake.answer


async def test_an_answer_that_the_server_keeps_shorter_than_asked_is_an_answer() -> None:
    async with (
        FakeLMDeploy(answer="听" * 100, answer_limit=12).serve() as fake,
        endpoint(fake.url, context_window=4096) as client,
    ):
        pieces = [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
    assert "".join(pieces) == "听" * 12


async def test_a_template_without_a_systems_role_reads_it_ahead_of_the_person() -> None:
    prompt = [Message("system", "你是树洞。"), Message("user", "在吗"),
              Message("assistant", "在。"), Message("user", SECRET)]  # fmt: skip
    async with FakeLMDeploy(takes_system=False).serve() as fake, endpoint(fake.url) as client:
        for _ in range(2):
            pieces = [p async for p in client.stream(prompt, SAMPLING, "shudong-7b")]
            assert "".join(pieces) == fake.answer
    assert [len(asked["messages"]) for asked in fake.requests] == [4, 3, 3]
    first, *rest = fake.requests[-1]["messages"]
    assert first == {"role": "user", "content": "你是树洞。\n\n在吗"}
    assert [one["role"] for one in rest] == ["assistant", "user"]


async def test_an_answer_of_max_tokens_is_whole() -> None:
    async with FakeLMDeploy(answer="听" * 100).serve() as fake, endpoint(fake.url) as client:
        pieces = [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
    assert "".join(pieces) == "听" * 40


async def test_nothing_at_the_address_is_unavailable() -> None:
    async with FakeLMDeploy().serve() as fake:
        pass
    async with endpoint(fake.url) as client:
        error, _ = await failure_of(client)
    assert type(error) is EngineUnavailable


async def test_an_address_that_swallows_packets_is_a_time_out() -> None:
    # A backlog that is full drops what comes next, as a firewall does.
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, backlog=0)
    port = server.sockets[0].getsockname()[1]
    await server.start_serving()
    server.get_loop().remove_reader(server.sockets[0].fileno())
    waiting = [await asyncio.open_connection("127.0.0.1", port)]
    async with endpoint(f"http://127.0.0.1:{port}/v1", Timeouts(connect=0.2)) as client:
        error, _ = await failure_of(client)
    assert type(error) is EngineTimeout
    assert "no connection" in str(error)
    for _, writer in waiting:
        writer.close()
    server.close()


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", EngineProtocolError),
        (b"", EngineUnavailable),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nnot gzip", EngineProtocolError),
        (b"HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\n<br>", EngineUnavailable),
        (b'HTTP/1.1 400 Bad\r\ncontent-length: 4\r\n\r\n"no"', EngineRejected),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n: half", EngineUnavailable),
        (b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:9/v1\r\n\r\n", EndpointRefused),
        (b"HTTP/1.1 200 OK\r\n\r\ndata: " + b"[" * 200_000 + b"\n\n", EngineProtocolError),
    ],
)
async def test_strange_bytes_become_the_right_error(
    reply: bytes, meaning: type[EngineError]
) -> None:
    async with raw_server(reply) as url, endpoint(url) as client:
        error, text = await failure_of(client)
    assert type(error) is meaning
    assert text == ""
    assert_keeps_the_secret(error)


async def test_models_lists_what_is_served() -> None:
    async with FakeLMDeploy(model="a-model").serve() as fake, endpoint(fake.url) as client:
        assert await client.models() == ["a-model"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "socks://x:1"])
async def test_a_proxy_for_other_programs_never_sees_what_people_write(
    name: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, proxy)
    async with FakeLMDeploy().serve() as fake, endpoint(fake.url) as client:
        assert "".join([p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")])


async def test_a_node_on_a_private_network_is_asked_past_the_engines_proxy() -> None:
    async with FakeLMDeploy().serve() as fake:
        client = ChatCompletions(fake.url, proxy="http://127.0.0.1:9")
        assert "".join([p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")])
        await client.aclose()


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("api.deepseek.com", True),
        ("8.8.8.8", True),
        ("10.0.0.5", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("gpu-1", False),
        ("gpu.internal", False),
    ],
)
def test_only_hosts_on_the_public_network_are_public(host: str, public: bool) -> None:
    assert is_public(host) is public


async def test_a_field_that_the_server_does_not_know_is_left_out_from_then_on() -> None:
    async with FakeLMDeploy().serve() as fake:
        client = ChatCompletions(fake.url, extra_body={"enable_search": False})
        for _ in range(2):
            assert "".join([p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")])
        await client.aclose()
    assert ["enable_search" in request for request in fake.requests] == [True, False, False]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 3}', b"\xff\xfe"])
async def test_a_list_of_models_that_is_none_is_a_protocol_error(body: bytes) -> None:
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(reply) as url, endpoint(url) as client:
        with pytest.raises(EngineProtocolError):
            await client.models()


async def test_connections_are_used_again() -> None:
    async with FakeLMDeploy().serve() as fake, endpoint(fake.url) as client:
        for _ in range(3):
            [p async for p in client.stream(PROMPT, SAMPLING, "shudong-7b")]
        assert fake.connections == 1


async def test_a_wrong_key_is_refused_without_showing_it() -> None:
    async with FakeLMDeploy(api_key="right").serve() as fake:
        client = ChatCompletions(fake.url, api_key="wrong-and-secret")
        error, _ = await failure_of(client)
        await client.aclose()
    assert type(error) is EndpointRefused
    assert "wrong-and-secret" not in repr(error)


async def test_no_prompt_passes_a_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with FakeLMDeploy().serve() as node, raw_server(refusal) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.removesuffix("/v1"))
        monkeypatch.setenv("NO_PROXY", "[::1]")
        async with endpoint(node.url) as client:
            pieces = [piece async for piece in client.stream(PROMPT, SAMPLING, "shudong-7b")]
    assert "".join(pieces)
