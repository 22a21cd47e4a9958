"""The LMDeploy nodes: what each one serves, how busy it is and whether it failed lately."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from inference.answer_reader import EndpointNotFound, EndpointRefused
from inference.engine import EngineRejected, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from inference.chat_completions import ChatCompletions
    from inference.engine import Message, Sampling

FAILURE_MEMORY: Final = 15.0
"""Seconds for which a node that failed is tried last."""


class Node:
    """One base URL."""

    def __init__(
        self, endpoint: ChatCompletions, model_name: str, clock: Callable[[], float]
    ) -> None:
        """Serve `model_name` from `endpoint`, or whatever it serves where that is empty."""
        self._endpoint = endpoint
        self._wanted = model_name
        self._model = model_name
        self._clock = clock
        self._failed_at = float("-inf")
        self.running = 0

    @property
    def suspect(self) -> bool:
        """Whether it failed within the last seconds."""
        return self._clock() - self._failed_at < FAILURE_MEMORY

    async def model(self) -> str:
        """The name of the model to ask for, looked up when there is none to go by."""
        if not self._model:
            self._model = await self.check()
        return self._model

    async def check(self) -> str:
        """The name of the model this node would answer with; raises `EngineError` if none."""
        try:
            names = await self._endpoint.models()
        except EndpointNotFound:
            if self._wanted:
                return self._wanted  # a gateway that lists nothing; the first answer will tell
            raise
        if not names:
            raise EngineUnavailable(f"{self._endpoint.address}: no model is loaded yet")
        if self._wanted and self._wanted not in names:
            raise EndpointRefused(
                f"{self._endpoint.address}: the model {self._wanted!r} is not served here, "
                f"but {', '.join(map(repr, names))}"
            )
        return self._wanted or names[0]

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text and remember how it went."""
        self.running += 1
        try:
            model = await self.model()
            async with aclosing(self._endpoint.stream(messages, sampling, model)) as pieces:
                async for piece in pieces:
                    yield piece
        except EndpointRefused:
            self._model = self._wanted  # it may serve another model since it was asked
            self._failed_at = self._clock()
            raise
        except EngineRejected:
            raise  # the node did its work
        except Exception:
            self._failed_at = self._clock()
            raise
        else:
            self._failed_at = float("-inf")
        finally:
            self.running -= 1

    async def aclose(self) -> None:
        """Close the node's connections."""
        await self._endpoint.aclose()


def by_preference(nodes: Iterable[Node]) -> list[Node]:
    """The nodes in the order to try them: those that failed lately last, the idlest first."""
    return sorted(nodes, key=lambda node: (node.suspect, node.running))
