"""Client of one OpenAI-compatible server: LMDeploy's, its proxy's or llama.cpp's.

Requests go through the `openai` package; the answer is read by `inference.answer_reader`. What a
server says in its errors never leaves this module: servers echo prompts.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2
import openai

from inference.answer_reader import AnswerReader, error_from_body, parse_json
from inference.engine import (
    EngineError,
    EngineProtocolError,
    EngineTimeout,
    EngineUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from inference.engine import Message, Sampling

# Servers of the uvicorn family drop idle connections after 5 s. One that is reused just then
# fails for no reason a person could understand, so this side lets go first.
_LIMITS: Final = httpx2.Limits(
    max_connections=None, max_keepalive_connections=64, keepalive_expiry=2.0
)
# llama.cpp holds a thread for each idle connection, and one on the loopback costs nothing to open.
_LOOPBACK_LIMITS: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
_DRAIN: Final = 1.0  # seconds
_FAILURES: Final = (EngineError, openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a server, in seconds."""

    connect: float = 5.0
    first_token: float = 60.0
    """From the request to the first text: the server's queue and the prompt's prefill."""
    stall: float = 20.0
    """Between two events of a running answer."""


class ChatCompletions:
    """Streams chat completions from one base URL."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str = "",
        timeouts: Timeouts | None = None,
        repetition_field: str = "repetition_penalty",
        no_repeat_field: str = "",
        on_this_machine: bool = False,
    ) -> None:
        """Prepare the client; nothing is sent yet.

        `base_url` ends in /v1. `repetition_field` is the server's name for the repetition
        penalty, which the OpenAI API does not have, and `no_repeat_field` the one for
        `Sampling.no_repeat`; empty for a server without. To a server `on_this_machine` every
        request opens a connection of its own, past HTTP_PROXY and its like.
        """
        url = httpx2.URL(base_url)
        self.address = f"{url.host}:{url.port}" if url.port else url.host
        self._timeouts = timeouts or Timeouts()
        self._repetition_field = repetition_field
        self._no_repeat_field = no_repeat_field
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            organization="",
            project="",
            max_retries=0,
            http_client=httpx2.AsyncClient(
                limits=_LOOPBACK_LIMITS if on_this_machine else _LIMITS,
                trust_env=not on_this_machine,
                follow_redirects=False,
                timeout=httpx2.Timeout(None, connect=self._timeouts.connect),
            ),
        )

    async def models(self) -> list[str]:
        """Names of the models served, from `/v1/models`. Raises `EngineError`."""
        failure: EngineError
        self._check_open()
        try:
            async with asyncio.timeout(self._timeouts.connect):
                response = await self._client.get("/models", cast_to=httpx2.Response)
        except TimeoutError:
            failure = EngineTimeout("no list of models within the time allowed")
        except _FAILURES as error:
            failure = _engine_error(error)
        else:
            body = parse_json(response.content)
            match body:
                case {"data": [*cards]}:
                    return [str(card["id"]) for card in cards if isinstance(card, dict)]
            failure = error_from_body(body)
        raise self._named(failure)

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        model: str,
        *,
        on_usage: Callable[[int], None] | None = None,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text; `inference.engine.Engine.stream` says what it raises.

        `on_usage` is given the server's count of the answer's tokens, where it has one.
        """
        reader = AnswerReader(sampling.max_tokens)
        failure: EngineError
        self._check_open()
        try:
            async with contextlib.aclosing(self._read(reader, messages, sampling, model)) as pieces:
                async for piece in pieces:
                    yield piece
        except TimeoutError:
            what = "no further token" if reader.started else "no first token"
            failure = EngineTimeout(f"{what} within the time allowed")
        except _FAILURES as error:
            failure = _engine_error(error)
        else:
            if on_usage is not None and reader.completion_tokens is not None:
                on_usage(reader.completion_tokens)
            return
        # Raised out here, where no server's words hang on as the error's context.
        raise self._named(failure)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def _read(
        self, reader: AnswerReader, messages: Sequence[Message], sampling: Sampling, model: str
    ) -> AsyncGenerator[str, None]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._timeouts.first_token
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                response = await stack.enter_async_context(
                    self._client.chat.completions.with_streaming_response.create(
                        model=model,
                        messages=(),  # in extra_body: the package takes 0.25 ms for each here
                        temperature=sampling.temperature,
                        top_p=sampling.top_p,
                        max_tokens=sampling.max_tokens,
                        stream=True,
                        stream_options={"include_usage": True},
                        extra_body={
                            "messages": [{"role": m.role, "content": m.content} for m in messages],
                            **self._own_fields(sampling),
                        },
                    )
                )
            body = response.http_response.aiter_bytes()
            while not reader.done:
                async with asyncio.timeout_at(deadline):
                    data = await anext(body, None)
                if data is None:
                    break
                events = reader.events
                for piece in reader.feed(data):
                    yield piece
                if reader.started and reader.events > events:  # a ping is no progress
                    deadline = clock() + self._timeouts.stall
            for piece in reader.finish():
                yield piece
            await self._drain(body)

    def _own_fields(self, sampling: Sampling) -> dict[str, float]:
        """What the OpenAI API has no names for, under the server's."""
        fields = {self._repetition_field: sampling.repetition_penalty}
        if self._no_repeat_field and sampling.no_repeat:
            fields[self._no_repeat_field] = sampling.no_repeat
        return fields

    async def _drain(self, body: AsyncIterator[bytes]) -> None:
        """Read the few bytes after the end, so that the connection can be used again."""
        with contextlib.suppress(TimeoutError, *_FAILURES):
            async with asyncio.timeout(_DRAIN):
                async for _ in body:
                    pass

    def _check_open(self) -> None:
        if self._client.is_closed():
            raise EngineUnavailable(f"{self.address}: the client is closed")

    def _named(self, failure: EngineError) -> EngineError:
        """The same error, saying whose it is."""
        return type(failure)(f"{self.address}: {failure}")


def _engine_error(error: Exception) -> EngineError:
    """What a failed request means, without a word of the server's."""
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    match cause:
        case EngineError():
            return cause
        case openai.APIStatusError():
            return error_from_body(cause.body, cause.status_code)
        case httpx2.ConnectTimeout():
            return EngineTimeout("no connection within the time allowed")
        case httpx2.ConnectError():
            return EngineUnavailable("nothing answers at this address")
        case httpx2.DecodingError():
            return EngineProtocolError("the response cannot be decompressed")
        case httpx2.RemoteProtocolError() if not _is_hang_up(cause):
            return EngineProtocolError("the response is not HTTP")
    return EngineUnavailable("the connection broke")


def _is_hang_up(error: httpx2.RemoteProtocolError) -> bool:
    """Whether the server merely went away; the type is the same when it speaks nonsense."""
    return any(word in str(error) for word in ("disconnected", "closed"))
