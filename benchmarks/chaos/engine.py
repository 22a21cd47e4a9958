"""The fake engine that misbehaves on demand, see `benchmarks.chaos.engine_behaviors`.

python -m benchmarks.chaos.engine --port 23333
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from benchmarks.chaos.engine_behaviors import ONCE, behavior_of
from devtools.engines.paced import FakeEngine, answer_mark, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.chaos.engine_behaviors import EngineBehavior

STALL_SECONDS = 60.0
SLOWER = 5
PARAGRAPHS = 80
"""Each of them about 130 characters: more than two of Telegram's messages hold."""


class _Broken(Exception):
    """Breaks the connection."""


class UnreliableEngine(FakeEngine):
    """Answers as the last line of a message asks for."""

    def __init__(self, tokens: int, interval: float) -> None:
        super().__init__(tokens, interval)
        self._met: set[str] = set()

    def respond(self, text: str) -> Response:
        """Answer, or do not, by the behavior of `text`."""
        mark = answer_mark(text)
        behavior = behavior_of(text)
        if behavior in ONCE:
            if mark in self._met:
                behavior = "well"
            self._met.add(mark)
        if behavior == "refused":
            return Response(status_code=503)
        return StreamingResponse(self._behave(mark, behavior), media_type="text/event-stream")

    async def _behave(self, mark: str, behavior: EngineBehavior) -> AsyncIterator[bytes]:
        if behavior == "silent":
            await asyncio.sleep(STALL_SECONDS)
            return
        if behavior == "long":
            async for event in self.tell(self._long_answer(mark), self.interval / 4):
                yield event
            return
        pace = self.interval * (SLOWER if behavior == "slow" else 1)
        number = 0
        async for event in self.tell(self.answer(mark), pace):
            number += 1
            if number > self.tokens // 2 and behavior == "stalled":
                await asyncio.sleep(STALL_SECONDS)
                return
            if number > self.tokens // 2 and behavior == "broken":
                raise _Broken
            yield event

    def _long_answer(self, mark: str) -> list[str]:
        """Every paragraph carries the mark, so that no two answers share a part."""
        whole = "".join(self.answer("")) * 2
        return [f"{mark}{number}：{whole}\n\n" for number in range(PARAGRAPHS)]


if __name__ == "__main__":
    sys.exit(serve(UnreliableEngine))
