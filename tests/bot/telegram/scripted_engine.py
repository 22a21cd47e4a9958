"""An engine that says what a test has written down, and keeps every prompt."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from inference.engine import ModelInfo, Sampling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from inference.engine import Message

Step = str | Exception | asyncio.Event

ANSWER = "我在，你慢慢说。"


class ScriptedEngine:
    """Each stream takes the next script: pieces are said, events waited for, errors raised."""

    sampling = Sampling()

    def __init__(self) -> None:
        self.prompts: list[list[Message]] = []
        self.scripts: deque[Sequence[Step]] = deque()

    def will(self, *steps: Step) -> None:
        """Write down what the next stream does; without a script it says `ANSWER`."""
        self.scripts.append(steps)

    async def start(self) -> ModelInfo:
        return ModelInfo("scripted", 8192)

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, *, affinity: str = ""
    ) -> AsyncGenerator[str, None]:
        self.prompts.append(list(messages))
        for step in self.scripts.popleft() if self.scripts else (ANSWER,):
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    async def ready(self) -> bool:
        return True

    async def aclose(self) -> None:
        """Nothing is held."""
