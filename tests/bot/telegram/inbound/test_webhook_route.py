"""The address that Telegram is given is the one that is answered."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from bot.metrics import REGISTRY
from bot.telegram.inbound.webhook import SECRET_HEADER, webhook_route


class Keeper:
    async def keep(self, updates):
        self.kept = updates


@pytest.mark.parametrize("path", ["", "/", "/tg", "/%E6%A0%91", "/tg%20x", "/树", "/a%2Bb"])
def test_telegrams_call_finds_its_route_however_the_path_is_written(path):
    keeper = Keeper()
    with TestClient(Starlette(routes=[webhook_route(f"https://h{path}", "s", keeper)])) as client:
        answer = client.post(path or "/", json={"update_id": 1}, headers={SECRET_HEADER: "s"})
    assert answer.status_code == 200
    assert keeper.kept == [{"update_id": 1}]


def test_refused_secrets_are_counted_and_logged_once_in_a_while():
    moments = iter([100.0, 101.0, 130.0, 161.0])
    route = webhook_route("https://h/tg", "s", Keeper(), clock=lambda: next(moments))
    sample = ("shudong_webhook_requests_total", {"status": "401"})
    before = REGISTRY.get_sample_value(*sample) or 0
    with capture_logs() as logs, TestClient(Starlette(routes=[route])) as client:
        for secret in ("", "x", "x", "y"):
            answer = client.post("/tg", json={"update_id": 1}, headers={SECRET_HEADER: secret})
            assert answer.status_code == 401
    assert REGISTRY.get_sample_value(*sample) == before + 4
    assert [(log["event"], log["calls"]) for log in logs] == [
        ("webhook_secret_refused", 1),
        ("webhook_secret_refused", 3),
    ]
