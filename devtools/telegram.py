"""The one client of the sandbox's control API: what people do, and what Telegram has seen."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


class SandboxClient:
    """A sandbox, through an HTTP client whose base is its address. What it says is JSON."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def act(self, method: str, path: str, body: object = None, **content: Any) -> Any:  # noqa: ANN401
        """One request to the control API. Raises httpx.HTTPError: it is gone, or refuses."""
        answer = await self._http.request(method, f"/sandbox{path}", json=body, **content)
        answer.raise_for_status()
        return answer.json()

    async def add_person(self, number: int, name: str, language: str = "zh-hans") -> None:
        """Let a person join; the private chat with the bot has the person's id."""
        await self.act("POST", "/people", {"id": number, "name": name, "language": language})

    async def person_acts(self, number: int, act: str, body: object) -> Any:  # noqa: ANN401
        """Let a person say, edit, press, block or unblock."""
        return await self.act("POST", f"/people/{number}/{act}", body)

    async def list_calls(self, **which: object) -> list[dict[str, Any]]:
        """The Bot API calls in order: of a `method`, of a `chat_id`, `after` a call's number."""
        return list(await self.act("GET", "/calls", params=which))

    async def fault(self, kind: str, **rule: object) -> None:
        """Let Telegram misbehave, see `bot.sandbox.faults`."""
        await self.act("POST", "/faults", {"kind": kind, **rule})

    async def undo_faults(self) -> None:
        """Let Telegram be well again."""
        await self.act("DELETE", "/faults")

    @asynccontextmanager
    async def events(self, number: int) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """What a person's client is told while this is open, all there is first.

        Raises httpx.HTTPError.
        """
        stream = self._http.stream("GET", "/sandbox/events", params={"person": number})
        async with stream as response:
            response.raise_for_status()
            yield _read_events(response)


async def _read_events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))
