"""What is measured: an address, or the model on this machine's CPU."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from inference.chat_completions import ChatCompletions, Timeouts
from inference.console import CommandError
from inference.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from inference.engine import Message, Sampling

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# A bench waits for a queue that a person would not.
_TIMEOUTS = Timeouts(connect=10.0, first_token=600.0, stall=120.0)


class Target(Protocol):
    """Answers one prompt after the other or many at once."""

    name: str

    async def answer(
        self, messages: Sequence[Message], sampling: Sampling, began: Callable[[], None]
    ) -> int:
        """Make an answer, call `began` at its first text, and return its tokens.

        Raises `EngineError` where there is none.
        """
        ...


class Address:
    """An OpenAI-compatible server."""

    def __init__(self, client: ChatCompletions, model: str) -> None:
        self._client = client
        self._model = model
        self.name = model

    async def answer(
        self, messages: Sequence[Message], sampling: Sampling, began: Callable[[], None]
    ) -> int:
        """Stream one answer."""
        pieces = 0
        told: list[int] = []
        stream = self._client.stream(messages, sampling, self._model, on_usage=told.append)
        async with aclosing(stream) as answer:
            async for _ in answer:
                if not pieces:
                    began()
                pieces += 1
        # A server that counts is believed: a piece may hold several tokens.
        return told[0] if told else pieces


@asynccontextmanager
async def at_address(
    url: str, model: str, api_key: str, *, repetition_field: str = "repetition_penalty"
) -> AsyncIterator[Address]:
    """The server at a base URL ending in /v1; an empty `model` takes the first it lists."""
    client = ChatCompletions(
        url,
        api_key=api_key,
        timeouts=_TIMEOUTS,
        repetition_fields=(repetition_field,),
        # llama.cpp hangs up on a connection that had its share of requests, whatever comes next.
        on_this_machine=urlsplit(url).hostname in _LOOPBACK,
    )
    try:
        names = [model] if model else await client.models()
        if not names:
            raise CommandError(f"{url} lists no model.")
        yield Address(client, names[0])
    except EngineError as error:
        raise CommandError(f"Nothing to measure: {error}.") from None
    finally:
        await client.aclose()


@asynccontextmanager
async def on_this_cpu(model: Path, slots: int) -> AsyncIterator[Address]:
    """llama.cpp's server over a GGUF file, started for the measurement."""
    from inference.local.process import ServerProcess  # noqa: PLC0415 - not for every target
    from inference.local.server import LocalServerConfig  # noqa: PLC0415

    config = LocalServerConfig(
        model_path=str(model), slots=slots, max_context=8192, threads=0, api_key=""
    )
    process = ServerProcess(config)
    try:
        served = await process.start()
        url = f"{served.report.address}/v1"
        async with at_address(
            url, served.report.name, served.api_key, repetition_field="repeat_penalty"
        ) as target:
            yield target
    except EngineError as error:
        raise CommandError(str(error)) from None
    finally:
        await process.stop()
