"""A server that answers as one of the recordings in `recordings/` says.

A recording is written after the server's documentation or its published source: the chunks of its
streams, its errors, the fields it refuses, how its thinking is switched off, and how many likely
tokens it tells. `$model`, `$text`, `$reason`, `$tokens` and `$said` stand for what fits.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from devtools.engines.lmdeploy import TRIAL, FakeLMDeploy
from devtools.engines.wire import event, one_token

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

FOLDER = Path(__file__).with_name("recordings")
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))


@cache
def recording(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


@dataclass
class RecordedServer(FakeLMDeploy):
    """Takes the knobs of `FakeLMDeploy`; `error` names one of the recording's errors to answer."""

    kind: str = "vllm"
    error: str = ""
    thought: str = ""
    refusals: list[str] = field(default_factory=list)
    """Fields that it refused a request for, in order."""

    @property
    def recorded(self) -> dict[str, Any]:
        return recording(self.kind)

    def app(self) -> Starlette:
        prefix = self.recorded["prefix"]
        return Starlette(
            routes=[
                Route(f"{prefix}/models", self._list),
                Route(f"{prefix}/chat/completions", self._complete, methods=["POST"]),
            ]
        )

    def _server(self, port: int) -> tuple[Any, socket.socket]:
        started = super()._server(port)
        self.url = self.url.removesuffix("/v1") + self.recorded["prefix"]
        return started

    async def _list(self, _: Request) -> Response:
        if self.recorded["models"] is None:
            return JSONResponse({"error": {"message": "Not Found"}}, status_code=404)
        return JSONResponse(self._filled(self.recorded["models"]))

    async def _complete(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.requests.append(body)
        said = body["messages"][-1]["content"]
        if self.error:
            return self._error(self.error, said)
        for name in self.recorded["refused_fields"]:
            if name in body:
                self.refusals.append(name)
                status, answer = self.recorded["refused_fields"][name]
                return JSONResponse(self._filled(answer, said=said), status_code=status)
        if not body["stream"]:
            return self._one_token(body, said)
        length = sum(len(message["content"]) for message in body["messages"])
        limit = body[self.recorded.get("limit", "max_tokens")]
        counts = self.recorded["counts"]
        wanted = length + (limit if counts == "prompt and answer" else 0)
        if counts != "nothing" and wanted > self.context_window:
            return self._error("too_long", said)
        room = min(limit, self.context_window - length) if counts == "prompt" else limit
        return StreamingResponse(self._counted(body, room), media_type="text/event-stream")

    def _one_token(self, body: dict[str, Any], said: str) -> Response:
        self.choices_asked.append(body)
        if body["top_logprobs"] > self.recorded["most_likely"]:
            return self._error("too_many_likely", said)
        if self._thinks(body) and "thinks_at_once" in self.recorded["errors"]:
            return self._error("thinks_at_once", said)
        choice = {"<think>": 1.0} if self._thinks(body) else self.choice
        assert isinstance(choice, dict)
        return JSONResponse(one_token(body, choice))

    async def _counted(self, body: dict[str, Any], room: int) -> AsyncGenerator[bytes, None]:
        self.running += 1
        done = False
        try:
            async for data in self._chunks(body, room):
                yield data
            done = True
        finally:
            self.running -= 1
            self.finished += done
            self.aborted += not done

    async def _chunks(self, body: dict[str, Any], room: int) -> AsyncGenerator[bytes, None]:
        is_trial = body["messages"][-1]["content"] == TRIAL
        recorded, text = self.recorded, "2" if is_trial else self.answer
        assert isinstance(text, str)
        yield recorded.get("keep_alive", "").encode()
        for first in recorded["first"]:
            yield event(self._filled(first))
        for character in self.thought if self._thinks(body) else "":
            yield event(self._filled(recorded["thought"], text=character))
        for character in text[:room]:
            await asyncio.sleep(self.token_delay)
            yield event(self._filled(recorded["token"], text=character))
        reason = "stop" if len(text) <= room else "length"
        yield event(self._filled(recorded["end"], reason=reason))
        if body.get("stream_options"):
            prompt = sum(len(message["content"]) for message in body["messages"])
            made = min(len(text), room)
            counts = {"prompt": prompt, "tokens": made, "total": prompt + made}
            yield event(self._filled(recorded["usage"], **counts))
        yield b"data: [DONE]\n\n"

    def _thinks(self, body: dict[str, Any]) -> bool:
        return bool(self.thought) and any(
            body.get(name) != value for name, value in self.recorded["no_thinking"].items()
        )

    def _error(self, name: str, said: str) -> Response:
        status, body = self.recorded["errors"][name]
        return JSONResponse(self._filled(body, said=said), status_code=status)

    def _filled(self, template: Any, **values: object) -> Any:
        values = {"model": self.model, **values}
        match template:
            case dict():
                return {name: self._filled(value, **values) for name, value in template.items()}
            case list():
                return [self._filled(value, **values) for value in template]
            case str() if template.startswith("$") and template[1:] in values:
                return values[template[1:]]
            case str():
                for name, value in values.items():
                    template = template.replace(f"${name}", str(value))
        return template
