"""Client of one OpenAI-compatible server: LMDeploy's, its proxy's or llama.cpp's.

The answer is read by `inference.answer_reader`. What a server says in its errors never leaves this
module: servers echo prompts. The `openai` package would do the same requests; its import is a
quarter of the bot's start, and it checks every message of the prompt anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import httpx2

from inference.answer_reader import AnswerReader, error_from_body, parse_json
from inference.choice_reader import LIKELIEST, read_choice
from inference.engine import (
    ContextTooLong,
    EngineError,
    EngineProtocolError,
    EngineTimeout,
    EngineUnavailable,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

    from inference.engine import Message, Sampling

# Servers of the uvicorn family drop idle connections after 5 s. One that is reused just then
# fails for no reason a person could understand, so this side lets go first.
_LIMITS: Final = httpx2.Limits(
    max_connections=None, max_keepalive_connections=64, keepalive_expiry=2.0
)
# llama.cpp holds a thread for each idle connection, and one on the loopback costs nothing to open.
_LOOPBACK_LIMITS: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
_DRAIN: Final = 1.0  # seconds
_REQUIRED: Final = ("model", "messages", "stream")
NO_THINKING: Final = {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}
"""For `extra_body`: vLLM, SGLang, LMDeploy and llama.cpp hand it to the chat template."""
_FAILURES: Final = (EngineError, httpx2.HTTPError, httpx2.StreamError)


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
        repetition_field: str = "repetition_penalty",
        dry_multiplier_field: str = "",
        extra_body: Mapping[str, object] | None = None,
        proxy: str = "",
        on_this_machine: bool = False,
    ) -> None:
        """Prepare the client; nothing is sent yet.

        `base_url` is what comes before /chat/completions. `repetition_field` is the server's name
        for the repetition penalty, which the OpenAI API does not have, and `dry_multiplier_field`
        the one for `Sampling.dry_multiplier`; empty for a server without. `extra_body` goes into
        every request. `proxy` is asked for servers on the public network only; HTTP_PROXY and its
        like, which are there for other programs, never see what people write. To a server
        `on_this_machine` every request opens a connection of its own.
        """
        url = httpx2.URL(base_url)
        self.address = f"{url.host}:{url.port}" if url.port else url.host
        self._timeouts = timeouts or Timeouts()
        self._repetition_field = repetition_field
        self._dry_multiplier_field = dry_multiplier_field
        self._extra_body = dict(extra_body or {})
        self._unknown_fields: set[str] = set()
        self._begins_in_thought = False
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            limits=_LOOPBACK_LIMITS if on_this_machine else _LIMITS,
            verify=_certificates(),
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
        except _FAILURES as error:
            failure = _engine_error(error)
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
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text; `inference.engine.Engine.stream` says what it raises.

        `on_usage` is given the server's count of the answer's tokens, where it has one.
        """
        begins_in_thought = self._begins_in_thought
        reader = AnswerReader(sampling.max_tokens, begins_in_thought=begins_in_thought)
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
        body = {
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            # A server cuts what it would not sample before it tells the probabilities.
            "temperature": 1.0,
            "top_p": 1.0,
            "max_tokens": 1,
            "logprobs": True,
            "top_logprobs": LIKELIEST,
        }
        try:
            async with asyncio.timeout(self._timeouts.first_token):
                response = await self._client.post("chat/completions", json=body)
        except TimeoutError:
            failure = EngineTimeout("no choice within the time allowed")
        except _FAILURES as error:
            failure = _engine_error(error)
        else:
            answer = parse_json(response.content)
            if not response.is_success:
                failure = error_from_body(answer, response.status_code)
            else:
                try:
                    return read_choice(answer, choices)
                except EngineError as error:
                    failure = error
        raise self._named(failure)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _read(
        self, reader: AnswerReader, messages: Sequence[Message], sampling: Sampling, model: str
    ) -> AsyncGenerator[str, None]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._timeouts.first_token
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                response = await self._ask(self._request_body(messages, sampling, model), stack)
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
        self, body: dict[str, object], stack: contextlib.AsyncExitStack
    ) -> httpx2.Response:
        """The beginning of the answer; asked for again without the fields a server does not know.

        OpenAI, Mistral and strict gateways refuse a request for a field of another server's.
        """
        while True:
            request = self._client.build_request("POST", "chat/completions", json=body)
            response = await self._client.send(request, stream=True)
            stack.push_async_callback(response.aclose)
            if response.is_success:
                return response
            said = await response.aread()
            error = error_from_body(parse_json(said), response.status_code)
            unknown = [name for name in body if name not in _REQUIRED and name.encode() in said]
            is_about_fields = response.status_code in {400, 422} and not isinstance(
                error, ContextTooLong
            )
            if not is_about_fields or not unknown:
                raise error
            self._unknown_fields.update(unknown)
            for name in unknown:
                del body[name]

    def _request_body(
        self, messages: Sequence[Message], sampling: Sampling, model: str
    ) -> dict[str, object]:
        """The body of a request for one answer."""
        body: dict[str, object] = {
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            self._repetition_field: sampling.repetition_penalty,
        }
        if self._dry_multiplier_field and sampling.dry_multiplier:
            body[self._dry_multiplier_field] = sampling.dry_multiplier
        body |= self._extra_body
        return {name: value for name, value in body.items() if name not in self._unknown_fields}

    async def _drain(self, body: AsyncIterator[bytes]) -> None:
        """Read the few bytes after the end, so that the connection can be used again."""
        with contextlib.suppress(TimeoutError, *_FAILURES):
            async with asyncio.timeout(_DRAIN):
                async for _ in body:
                    pass

    def _check_open(self) -> None:
        if self._client.is_closed:
            raise EngineUnavailable(f"{self.address}: the client is closed")

    def _named(self, failure: EngineError) -> EngineError:
        """The same error, saying whose it is."""
        return type(failure)(f"{self.address}: {failure}")


def _engine_error(error: Exception) -> EngineError:
    """What a failed request means, without a word of the server's."""
    match error:
        case EngineError():
            return error
        case httpx2.ConnectTimeout():
            return EngineTimeout("no connection within the time allowed")
        case httpx2.ConnectError() if "CERTIFICATE" in str(error).upper():
            return EngineUnavailable(
                "its certificate is not trusted here; SSL_CERT_FILE names the file of a private CA"
            )
        case httpx2.ProxyError():
            return EngineUnavailable("the proxy does not let the request through")
        case httpx2.ConnectError():
            return EngineUnavailable("nothing answers at this address")
        case httpx2.DecodingError():
            return EngineProtocolError("the response cannot be decompressed")
        case httpx2.RemoteProtocolError() if not _is_hang_up(error):
            return EngineProtocolError("the response is not HTTP")
    return EngineUnavailable("the connection broke")


def is_public(host: str) -> bool:
    """Whether the host is on the public network, as far as its name tells."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".lan", ".localhost"))


@cache
def _certificates() -> ssl.SSLContext:
    """The certificates to trust: SSL_CERT_FILE and SSL_CERT_DIR are read, proxies are not."""
    return httpx2.create_ssl_context(trust_env=True)


def _is_hang_up(error: httpx2.RemoteProtocolError) -> bool:
    """Whether the server merely went away; the type is the same when it speaks nonsense."""
    return any(word in str(error) for word in ("disconnected", "closed"))
