"""An engine that says what a test has written down, and keeps every prompt."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from inference.engine import ModelInfo, Sampling, ignore_wait

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from inference.engine import Message, OnWait

Step = str | int | Exception | asyncio.Event | Callable[[], object]

ANSWER = "我在，你慢慢说。"
NO_SUMMARY = '{"title": "", "lines": []}'


class ScriptedEngine:
    """Each stream takes the next script.

    Pieces are said, numbers are places in the queue, events are waited for, functions
    called, errors raised.
    """

    sampling = Sampling()

    def __init__(self) -> None:
        self.prompts: list[list[Message]] = []
        self.samplings: list[Sampling] = []
        self.scripts: deque[Sequence[Step]] = deque()
        self.is_ready = True
        self.summarise: Callable[[list[Message]], str] = lambda _: NO_SUMMARY
        """What it says where it is asked for a record of what was said."""
        self.to_summarise: list[list[Message]] = []

    def will(self, *steps: Step) -> None:
        """Write down what the next stream does; without a script it says `ANSWER`."""
        self.scripts.append(steps)

    async def start(self) -> ModelInfo:
        return ModelInfo("scripted", 8192)

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        affinity: str = "",
        on_wait: OnWait = ignore_wait,
    ) -> AsyncGenerator[str, None]:
        if sampling.json_schema is not None:
            self.to_summarise.append(list(messages))
            yield self.summarise(list(messages))
            return
        self.prompts.append(list(messages))
        self.samplings.append(sampling)
        for step in self.scripts.popleft() if self.scripts else (ANSWER,):
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, int):
                on_wait(step)
            elif isinstance(step, Exception):
                raise step
            elif callable(step):
                step()
            else:
                yield step

    async def ready(self) -> bool:
        return self.is_ready

    async def aclose(self) -> None:
        """Nothing is held."""
