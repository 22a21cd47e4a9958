"""The bot's HTTP server: what health says, and what is said when the port is taken."""

import asyncio
import contextlib
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.errors import StartupError
from bot.ops import http_server
from bot.ops.health import health_routes
from bot.ops.http_server import HttpServer


def probe(answer):
    async def ask():
        return answer

    return ask


@pytest.mark.parametrize(
    ("database", "engine", "status", "word"),
    [
        (True, True, 200, "ready"),
        (True, False, 200, "degraded"),
        (False, True, 503, "down"),
    ],
)
async def test_readiness_tells_whether_a_message_would_be_kept(database, engine, status, word):
    routes = health_routes(
        keeping={"database": probe(database)}, answering={"engine": probe(engine)}
    )
    server = HttpServer(Starlette(routes=routes), "127.0.0.1", 0, setting="HTTP")
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.json()) == (
                status,
                {"status": word, "database": database, "engine": engine},
            )
            assert (await client.get("/healthz")).text == "ok"
    finally:
        await server.stop()


async def test_a_taken_port_is_told_with_the_setting_to_change():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = HttpServer(Starlette(), "127.0.0.1", port, setting="HTTP")
        with pytest.raises(StartupError, match=rf"127\.0\.0\.1:{port}.*HTTP_PORT"):
            await server.start()


async def gone(reader, writer):
    """Wait until the other side has ended the connection, in whatever way."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(1000):
            continue  # what it said last
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@pytest.fixture
async def impatient(monkeypatch):
    """A server that looks at its connections all the time, and lets an answer take its time."""
    monkeypatch.setattr(http_server.HttpProtocol, "request_within", 0.05)
    may_answer = asyncio.Event()

    async def answer(request):
        with contextlib.suppress(ClientDisconnect):
            await request.body()
        await may_answer.wait()
        return PlainTextResponse("late")

    routes = [Route("/", answer, methods=["GET", "POST"])]
    server = HttpServer(Starlette(routes=routes), "127.0.0.1", 0, setting="HTTP")
    await server.start()
    server.may_answer = may_answer
    yield server
    may_answer.set()
    await server.stop()


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET", POST, POST + b"\r\n{", b"\r\n"],
    ids=["none", "word", "head", "body", "line"],
)
@pytest.mark.parametrize("after_a_request", [False, True])
async def test_a_client_that_does_not_send_its_request_is_cut_off(impatient, sent, after_a_request):
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(impatient.url).port)
    if after_a_request:
        impatient.may_answer.set()
        writer.write(GET)
        assert (await reader.readuntil(b"late")).startswith(b"HTTP/1.1 200")
    writer.write(sent)
    await gone(reader, writer)


async def test_an_answer_may_take_longer_than_a_request(impatient):
    async with httpx.AsyncClient(timeout=None) as client:
        asked = asyncio.create_task(client.get(impatient.url))
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(impatient.url).port)
        await gone(reader, writer)  # meanwhile others are cut off
        impatient.may_answer.set()
        assert (await asked).text == "late"
