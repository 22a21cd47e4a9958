"""Client of one OpenAI-compatible server, whichever it is.

The answer is read by `inference.answer_reader`. What a server says in its errors never leaves this
module: servers echo prompts. The `openai` package would do the same requests; its import is a
quarter of the bot's start, and it checks every message of the prompt anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2

from inference.answer_reader import AnswerReader
from inference.choice_reader import LIKELIEST, read_choice
from inference.connection import CONNECTION_FAILURES, certificates, engine_error, is_public
from inference.dialect import NO_THINKING, Dialect
from inference.engine import ContextTooLong, EngineError, EngineTimeout, EngineUnavailable
from inference.server_errors import error_from_body, parse_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from inference.engine import Message, Sampling

# Servers of the uvicorn family drop idle connections after 5 s. One that is reused just then
# fails for no reason a person could understand, so this side lets go first.
_LIMITS: Final = httpx2.Limits(
    max_connections=None, max_keepalive_connections=64, keepalive_expiry=2.0
)
# llama.cpp holds a thread for each idle connection, and one on the loopback costs nothing to open.
_LOOPBACK_LIMITS: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
_DRAIN: Final = 1.0  # seconds
_COMPLETIONS: Final = "chat/completions"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a server, in seconds."""

    connect: float = 5.0
    first_token: float = 60.0
    """From the request to the first text, be it a thought: the server's queue and the prefill."""
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
        repetition_fields: Sequence[str] = ("repetition_penalty",),
        dry_multiplier_field: str = "",
        extra_body: Mapping[str, object] | None = None,
        no_thinking: Mapping[str, object] = NO_THINKING,
        thinks: bool = True,
        proxy: str = "",
        ca_file: Path | None = None,
        on_this_machine: bool = False,
        context_window: int | None = None,
    ) -> None:
        """Prepare the client; nothing is sent yet.

        Args:
            base_url: What comes before /chat/completions; a query in it goes with every request.
            api_key: Sent as a bearer token; empty for a server without.
            timeouts: How long to wait.
            repetition_fields: Names of the repetition penalty, which the OpenAI API does not have.
            dry_multiplier_field: The one of `Sampling.dry_multiplier`; empty for a server without.
            extra_body: Goes into every request, before all other fields; None leaves one out.
            no_thinking: The fields that ask the server not to think.
            thinks: Whether its answers may be thought about; a choice of `choose` never is.
            proxy: Asked for servers on the public network only. HTTP_PROXY and its like, which are
                there for other programs, never see what people write.
            ca_file: Certificates to trust beside the usual ones; raises OSError where it has none.
            on_this_machine: Every request opens a connection of its own.
            context_window: Tokens of prompt and answer together, by which an answer that fills it
                is told from one that is cut short.
        """
        url = httpx2.URL(base_url)
        self.address = f"{url.host}:{url.port}" if url.port else url.host
        self._timeouts = timeouts or Timeouts()
        self._repetition_fields = repetition_fields
        self._dry_multiplier_field = dry_multiplier_field
        self._extra_body = dict(extra_body or {})
        self._no_thinking = no_thinking
        self._thinks = thinks
        self._context_window = context_window
        self._dialect = Dialect()
        self._begins_in_thought = False
        self._client = httpx2.AsyncClient(
            base_url=url.copy_with(query=None),
            params=url.params,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            limits=_LOOPBACK_LIMITS if on_this_machine else _LIMITS,
            verify=certificates(ca_file),
            proxy=proxy if proxy and is_public(url.host) else None,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=self._timeouts.connect),
        )

    async def models(self) -> list[str]:
        """Names of the models served, from `/v1/models`. Raises `EngineError`."""
        failure: EngineError
        self._check_open()
        try:
            async with asyncio.timeout(self._timeouts.connect):
                response = await self._client.get("models")
        except TimeoutError:
            failure = EngineTimeout("no list of models within the time allowed")
        except CONNECTION_FAILURES as error:
            failure = engine_error(error)
        else:
            body = parse_json(response.content)
            match body:
                case {"data": [*models]} if response.is_success:
                    return [str(model["id"]) for model in models if isinstance(model, dict)]
            failure = error_from_body(body, response.status_code)
        raise self._named(failure)

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        model: str,
        *,
        on_usage: Callable[[int], None] | None = None,
        extra_body: Mapping[str, object] | None = None,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text; `inference.engine.Engine.stream` says what it raises.

        `on_usage` is given the server's count of the answer's tokens, where it has one;
        `extra_body` goes into this request alone.
        """
        begins_in_thought = self._begins_in_thought
        reader = AnswerReader(
            sampling.max_tokens,
            context_window=self._context_window,
            begins_in_thought=begins_in_thought,
        )
        failure: EngineError
        self._check_open()
        try:
            body = self._request_body(messages, sampling, model) | dict(extra_body or {})
            async with contextlib.aclosing(self._read(reader, body)) as pieces:
                async for piece in pieces:
                    yield piece
        except TimeoutError:
            what = "no further token" if reader.started else "no first token"
            failure = EngineTimeout(f"{what} within the time allowed")
        except CONNECTION_FAILURES as error:
            failure = engine_error(error)
            if begins_in_thought and reader.done and not reader.text.thought_ended:
                # The model does not think after all; the next answer is taken as it comes.
                self._begins_in_thought = False
                failure = EngineUnavailable("a thought was waited for that did not end")
        else:
            if on_usage is not None and reader.completion_tokens is not None:
                on_usage(reader.completion_tokens)
            return
        finally:
            if reader.text.opened_by_prompt:
                self._begins_in_thought = True
        # Raised out here, where no server's words hang on as the error's context.
        raise self._named(failure)

    async def choose(
        self, messages: Sequence[Message], choices: Sequence[str], model: str
    ) -> Mapping[str, float]:
        """Which of `choices` comes next; `inference.engine.Chooser.choose` says what it raises."""
        failure: EngineError
        self._check_open()
        body: dict[str, object] = {
            **self._extra_body,
            **self._no_thinking,
            "model": model,
            "messages": _as_json(messages),
            # A server cuts what it would not sample before it tells the probabilities.
            "temperature": 1.0,
            "top_p": 1.0,
            "max_tokens": 1,
            "logprobs": True,
            "top_logprobs": LIKELIEST,
            "stream": False,
        }
        try:
            async with (
                asyncio.timeout(self._timeouts.first_token),
                contextlib.AsyncExitStack() as stack,
            ):
                response = await self._ask(body, stack)
                return read_choice(parse_json(await response.aread()), choices)
        except TimeoutError:
            failure = EngineTimeout("no choice within the time allowed")
        except CONNECTION_FAILURES as error:
            failure = engine_error(error)
        raise self._named(failure)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _read(
        self, reader: AnswerReader, body: Mapping[str, object]
    ) -> AsyncGenerator[str, None]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._timeouts.first_token
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                response = await self._ask(body, stack)
            answer = response.aiter_bytes()
            while not reader.done:
                async with asyncio.timeout_at(deadline):
                    data = await anext(answer, None)
                if data is None:
                    break
                events, words = reader.events, reader.words
                for piece in reader.feed(data):
                    yield piece
                # A ping is no progress, a thought is.
                if reader.words > words or (reader.started and reader.events > events):
                    deadline = clock() + self._timeouts.stall
            for piece in reader.finish():
                yield piece
            await self._drain(answer)

    async def _ask(
        self, body: Mapping[str, object], stack: contextlib.AsyncExitStack
    ) -> httpx2.Response:
        """The beginning of the answer; asked for again without the fields the server refuses."""
        dialect = self._dialect
        while True:
            spoken = dialect.spoken(body)
            request = self._client.build_request("POST", _COMPLETIONS, json=spoken)
            response = await self._client.send(request, stream=True)
            stack.push_async_callback(response.aclose)
            if response.is_success:
                self._dialect = dialect
                return response
            said = await response.aread()
            error = error_from_body(parse_json(said), response.status_code)
            other = dialect.without_system(said, spoken)
            if response.status_code in {400, 422} and not isinstance(error, ContextTooLong):
                other = other or dialect.after(said, spoken)
            if other is None:
                raise error
            dialect = other

    def _request_body(
        self, messages: Sequence[Message], sampling: Sampling, model: str
    ) -> dict[str, object]:
        """The body of a request for one answer."""
        body: dict[str, object] = {
            "model": model,
            "messages": _as_json(messages),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **dict.fromkeys(self._repetition_fields, sampling.repetition_penalty),
        }
        if self._dry_multiplier_field and sampling.dry_multiplier:
            body[self._dry_multiplier_field] = sampling.dry_multiplier
        if sampling.json_schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": sampling.json_schema},
            }
        if not self._thinks:
            body |= self._no_thinking
        return body | self._extra_body

    async def _drain(self, body: AsyncIterator[bytes]) -> None:
        """Read the few bytes after the end, so that the connection can be used again."""
        with contextlib.suppress(TimeoutError, *CONNECTION_FAILURES):
            async with asyncio.timeout(_DRAIN):
                async for _ in body:
                    pass

    def _check_open(self) -> None:
        if self._client.is_closed:
            raise EngineUnavailable(f"{self.address}: the client is closed")

    def _named(self, failure: EngineError) -> EngineError:
        """The same error, saying whose it is."""
        return type(failure)(f"{self.address}: {failure}")


def _as_json(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]
