"""The address that Telegram is given is the one that is answered."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

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
