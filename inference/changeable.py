"""An engine behind which another one can be put while answers are being made."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from inference.engine import EngineUnavailable, ModelInfo, ignore_wait

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from inference.engine import Engine, Message, OnWait, Sampling


class ChangeableEngine:
    """Streams from the engine it has; implements `inference.engine.Engine`.

    An answer ends on the engine on which it began, or waits for a slot there; the next one begins
    on the new engine. An engine that was replaced is closed once its last answer has ended.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._model: ModelInfo | None = None
        self._answers: dict[Engine, int] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def serving(self) -> ModelInfo:
        """What is served now; the engine has started."""
        if self._model is None:
            raise EngineUnavailable("the engine has not started")
        return self._model

    @property
    def sampling(self) -> Sampling:
        """What suits the model that is served now."""
        return self._engine.sampling

    @property
    def waiting(self) -> int:
        """How many generations wait for a slot of the engine that is there now."""
        return self._engine.waiting

    async def start(self) -> ModelInfo:
        """Start the engine that it was made with."""
        self._model = await self._engine.start()
        return self._model

    async def change_to(self, engine: Engine) -> ModelInfo:
        """Start another engine beside the one that serves, and serve with it from then on.

        Raises:
            EngineError: it does not start, and is closed; the one that served still does.
        """
        try:
            model = await engine.start()
        except BaseException:
            await engine.aclose()
            raise
        if self._is_closed:
            await engine.aclose()
            raise EngineUnavailable("the engine is closed")
        before, self._engine, self._model = self._engine, engine, model
        if before not in self._answers:
            self._close(before)
        return model

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        affinity: str = "",
        on_wait: OnWait = ignore_wait,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer of the engine that is there now."""
        engine = self._engine
        self._answers[engine] = self._answers.get(engine, 0) + 1
        try:
            pieces = engine.stream(messages, sampling, affinity=affinity, on_wait=on_wait)
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        finally:
            self._answers[engine] -= 1
            if self._answers[engine] == 0:
                del self._answers[engine]
                if engine is not self._engine and not self._is_closed:
                    self._close(engine)

    async def ready(self) -> bool:
        """Whether the engine that is there now would answer."""
        return await self._engine.ready()

    async def aclose(self) -> None:
        """Close every engine that is still open."""
        self._is_closed = True
        for engine in {self._engine, *self._answers}:
            await engine.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _close(self, engine: Engine) -> None:
        closing = asyncio.create_task(engine.aclose(), name="closing the engine before")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
