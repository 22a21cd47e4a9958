"""The judge: asks a strong model about every answer, several times over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import openai

from training.evaluate import cpsycoune
from training.evaluate.address import LOOPBACK
from training.evaluate.errors import EvaluateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai.types.chat import ChatCompletionMessageParam

    from training.evaluate.config import Judge
    from training.evaluate.held_out import Moment
    from training.evaluate.ledger import Ledger

MOST_ASKED = 4
"""Times that one verdict is asked for before it is counted as unusable."""
_RETRIES = 6
"""Of a request that failed on the way or was refused as too many; the pause doubles."""
_TIMEOUT = 180.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Scores in the order of `cpsycoune.KEYS`, or None: the judge never said it properly."""

    scores: tuple[int, ...] | None
    asked: int


@dataclass(frozen=True, slots=True)
class Bench:
    """A judge's model, found and ready."""

    order: Judge
    model: str

    @property
    def name(self) -> str:
        """For the report, without the key."""
        return f"{self.model} at {urlsplit(self.order.url).netloc.rpartition('@')[2]}"


def found(order: Judge) -> Bench:
    """Look for the judge before anything is generated for it. Raises EvaluateError."""

    async def first_listed() -> str:
        async with _client(order) as client:
            async for model in await client.models.list():
                return model.id
        return ""

    try:
        name = order.model or asyncio.run(first_listed())
    except openai.OpenAIError as error:
        raise _failure(error) from None
    if not name:
        raise EvaluateError(f"The judge at {order.url} lists no model; name one.")
    return Bench(order, name)


def sit(
    bench: Bench,
    answers: Sequence[tuple[Moment, str]],
    ledger: Ledger,
    advance: Callable[[int], object],
) -> list[list[Verdict]]:
    """A verdict on every answer, in each run; what the ledger has is not asked again.

    Raises EvaluateError: the judge does not answer. What was said until then is kept.
    """
    try:
        asyncio.run(_ask_all(bench, answers, ledger, advance))
    except openai.OpenAIError as error:
        raise _failure(error) from None
    return [
        [_read(ledger[_name(run, moment)]) for moment, _ in answers]
        for run in range(bench.order.runs)
    ]


async def _ask_all(
    bench: Bench,
    answers: Sequence[tuple[Moment, str]],
    ledger: Ledger,
    advance: Callable[[int], object],
) -> None:
    places = asyncio.Semaphore(bench.order.at_once)
    async with _client(bench.order) as client:

        async def ask(run: int, moment: Moment, answer: str) -> None:
            async with places:
                verdict = await _verdict(client, bench, moment, answer)
            ledger.put(_name(run, moment), [verdict.scores, verdict.asked])
            advance(1)

        try:
            async with asyncio.TaskGroup() as tasks:
                for run in range(bench.order.runs):
                    for moment, answer in answers:
                        if _name(run, moment) in ledger:
                            advance(1)
                        else:
                            tasks.create_task(ask(run, moment, answer))
        except* openai.OpenAIError as group:
            failures = group
        else:
            return
    raise _first(failures)


async def _verdict(
    client: openai.AsyncOpenAI, bench: Bench, moment: Moment, answer: str
) -> Verdict:
    for asked in range(1, MOST_ASKED + 1):
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": one.content}
            if one.role == "system"
            else {"role": "user", "content": one.content}
            for one in cpsycoune.question(moment, answer, again=asked > 1)
        ]
        # Only fields that every server of this protocol takes.
        reply = await client.chat.completions.create(
            model=bench.model, messages=messages, temperature=bench.order.temperature
        )
        said = reply.choices[0].message.content if reply.choices else None
        scores = cpsycoune.scores(said or "")
        if scores is not None:
            return Verdict(scores, asked)
    return Verdict(None, MOST_ASKED)


def _client(order: Judge) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=order.url,
        api_key=order.api_key or "none",
        max_retries=_RETRIES,
        timeout=_TIMEOUT,
        http_client=httpx2.AsyncClient(trust_env=urlsplit(order.url).hostname not in LOOPBACK),
    )


def _name(run: int, moment: Moment) -> str:
    return f"{run}/{moment.id}"


def _read(value: tuple[list[int] | None, int]) -> Verdict:
    scores, asked = value
    return Verdict(None if scores is None else tuple(scores), asked)


def _first(group: BaseExceptionGroup[openai.OpenAIError]) -> openai.OpenAIError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _failure(error: openai.OpenAIError) -> EvaluateError:
    """Without the server's words: they may hold what it was asked."""
    status = f", status {error.status_code}" if isinstance(error, openai.APIStatusError) else ""
    return EvaluateError(
        f"The judge does not answer ({type(error).__name__}{status}). What it said so far is kept; "
        "run the same command again."
    )
