"""Puts load on a target and takes the time.

Closed loop: so many people, each of whom writes again the moment an answer is there. Open loop:
people arrive by chance at a mean rate, however long the answers of others take; this is what shows
a queue that grows.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inference.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from random import Random

    from inference.bench.dialogues import Conversation
    from inference.bench.target import Target
    from inference.engine import Message, Sampling


@dataclass(frozen=True, slots=True)
class Answered:
    """One request; times in seconds."""

    first_token: float
    """From the request to the first text."""
    whole: float
    """From the request to the end."""
    tokens: int


@dataclass(frozen=True, slots=True)
class Run:
    """All requests of one load."""

    load: str
    answered: tuple[Answered, ...]
    failures: tuple[str, ...]
    """Kinds of errors."""
    seconds: float


class Bench:
    """Measures one target with one way of sampling."""

    def __init__(
        self,
        target: Target,
        sampling: Sampling,
        *,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._target = target
        self._sampling = sampling
        self._clock = clock
        self._sleep = sleep

    async def warm_up(self, conversations: Sequence[Conversation]) -> None:
        """One answer that does not count; raises `EngineError` where there is none."""
        await self._target.answer(conversations[0][0], self._sampling, lambda: None)

    async def closed(
        self, conversations: Iterator[Conversation], *, people: int, requests: int
    ) -> Run:
        """`people` at once until `requests` have been sent."""
        answered: list[Answered] = []
        failures: list[str] = []
        left = requests

        async def person() -> None:
            nonlocal left
            while True:
                for prompt in next(conversations):
                    if left <= 0:
                        return
                    left -= 1
                    await self._one(prompt, answered, failures)

        began = self._clock()
        async with asyncio.TaskGroup() as group:
            for _ in range(people):
                group.create_task(person())
        seconds = self._clock() - began
        return Run(f"{people} at once", tuple(answered), tuple(failures), seconds)

    async def open(
        self,
        conversations: Iterator[Conversation],
        *,
        rate: float,
        seconds: float,
        random: Random,
    ) -> Run:
        """Arrivals at `rate` a second on average (Poisson) for so many seconds, and their end."""
        answered: list[Answered] = []
        failures: list[str] = []
        prompts = (random.choice(conversation) for conversation in conversations)
        began = self._clock()
        at = random.expovariate(rate)
        async with asyncio.TaskGroup() as group:
            while at < seconds:
                await self._sleep(began + at - self._clock())
                group.create_task(self._one(next(prompts), answered, failures))
                at += random.expovariate(rate)
        took = self._clock() - began
        return Run(f"{rate:g} a second", tuple(answered), tuple(failures), took)

    async def _one(
        self, prompt: Sequence[Message], answered: list[Answered], failures: list[str]
    ) -> None:
        began = self._clock()
        first = 0.0

        def on_first() -> None:
            nonlocal first
            first = self._clock() - began

        try:
            tokens = await self._target.answer(prompt, self._sampling, on_first)
        except EngineError as error:
            failures.append(type(error).__name__)
        else:
            answered.append(Answered(first, self._clock() - began, tokens))
