"""A model behind an OpenAI-compatible address: it plays a person, or it judges."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ATTEMPTS = 3
_AGAIN_AFTER = 2.0
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt: system, user or assistant."""

    role: str
    content: str


class Model:
    """Answers prompts. What a server says in its errors is never shown: servers echo prompts."""

    def __init__(
        self, url: str, *, name: str | None, key_variable: str, at_once: int, timeout: float = 300.0
    ) -> None:
        """`url` ends in /v1; the key stands in the environment; `timeout` in seconds."""
        self._url = url.rstrip("/")
        self._name = name
        self._at_once = asyncio.Semaphore(at_once)
        key = os.environ.get(key_variable, "")
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=timeout
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def find_name(self) -> str:
        """The model's name: as given, or the only one, or the first, that the server lists."""
        if self._name is None:
            listed = await self._request("GET", "models", None)
            try:
                self._name = str(listed["data"][0]["id"])
            except (KeyError, IndexError, TypeError):
                raise BenchmarkError(f"{self._url} lists no model; name one.") from None
        return self._name

    async def answer(self, messages: Sequence[Message]) -> str:
        """The model's answer as text.

        Raises:
            BenchmarkError: the server is away, refuses, or answers in another form.
        """
        body = {
            "model": await self.find_name(),
            "messages": [{"role": one.role, "content": one.content} for one in messages],
        }
        async with self._at_once:
            answered = await self._request("POST", "chat/completions", body)
        try:
            return str(answered["choices"][0]["message"]["content"] or "")
        except (KeyError, IndexError, TypeError):
            raise BenchmarkError(f"{self._url}: an answer without a message.") from None

    async def _request(self, method: str, path: str, body: object) -> dict[str, Any]:
        what = "no answer"
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_AGAIN_AFTER * attempt)
            try:
                response = await self._http.request(method, f"{self._url}/{path}", json=body)
                if response.status_code == httpx.codes.OK:
                    return dict(response.json())
            except (httpx.HTTPError, ValueError, TypeError) as error:
                what = type(error).__name__
                continue
            what = f"HTTP {response.status_code}"
            if response.status_code not in _PASSING:
                break
        raise BenchmarkError(f"{self._url}/{path}: {what}.")
