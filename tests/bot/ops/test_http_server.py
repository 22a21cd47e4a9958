"""The bot's HTTP server: what health says, and what is said when the port is taken."""

import socket

import httpx
import pytest
from starlette.applications import Starlette

from bot.errors import StartupError
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
