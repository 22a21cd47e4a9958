"""What every engine of remote nodes does, whichever servers they are."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

from inference.admission import Admission
from inference.engine import (
    EngineError,
    EngineRejected,
    ModelInfo,
    Sampling,
    ignore_wait,
)
from inference.model_size import is_small_by_name
from inference.nodes.routing import in_order
from inference.server_errors import EndpointRefused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from inference.engine import Message, OnWait
    from inference.nodes.node import Node

_TRIAL_WITHIN: Final = 10.0  # seconds; a start waits no longer for it
_READY_WITHIN: Final = 2.0  # seconds, by the engine's contract


class NodesEngine:
    """Streams from its nodes; implements `Engine` and `Chooser` of `inference.engine`.

    `routing` says which node is asked first. One that fails before its first token is replaced by
    the next; after the first token the failure is the caller's, because half an answer from one
    node and half from another is none. One that failed rests, see `breaker`.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        *,
        model_name: str,
        context_window: int,
        max_concurrent: int,
        max_waiting: int,
    ) -> None:
        """Prepare; nothing is sent before `start`.

        Args:
            nodes: At least one.
            model_name: The model asked for; empty takes the first one a node lists.
            context_window: Tokens of prompt and answer together.
            max_concurrent: Generations that run at once, over all nodes.
            max_waiting: Generations that wait for one of those slots; more are refused.
        """
        if not nodes:
            raise ValueError("an engine of nodes needs at least one base URL")
        self._model_name = model_name
        self._context_window = context_window
        self._admission = Admission(running=max_concurrent, waiting=max_waiting)
        self.nodes = list(nodes)
        self._checks: set[asyncio.Task[None]] = set()

    @property
    def sampling(self) -> Sampling:
        """The published sampling of the 7B model; a server's own is not known."""
        return Sampling()

    @property
    def waiting(self) -> int:
        """How many generations wait for a slot."""
        return self._admission.waiting

    async def start(self) -> ModelInfo:
        """Ask every node what it serves.

        Raises `EngineRejected` when every node refuses (a wrong key or model name): unlike a node
        that is down, that does not pass by itself.
        """
        answers = await asyncio.gather(
            *(node.check() for node in self.nodes), return_exceptions=True
        )
        names = [answer for answer in answers if isinstance(answer, str)]
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        for failure in failures:
            if not isinstance(failure, EngineError):
                raise failure
        listed = [
            n for n, answer in zip(self.nodes, answers, strict=True) if isinstance(answer, str)
        ]
        failures += await self._try_out(listed)
        if len([f for f in failures if isinstance(f, EngineRejected)]) == len(self.nodes):
            raise EngineRejected("; ".join(map(str, failures)))
        name = names[0] if names else self._model_name
        return ModelInfo(name, self._context_window, is_trial=is_small_by_name(name))

    async def _try_out(self, nodes: Sequence[Node]) -> list[EngineError]:
        """What the nodes that refuse everything say."""
        refusals: list[EngineError] = []

        async def try_out(node: Node) -> None:
            try:
                await node.try_out()
            except EngineError as error:
                refusals.append(error)

        with suppress(TimeoutError):
            async with asyncio.timeout(_TRIAL_WITHIN):
                await asyncio.gather(*map(try_out, nodes))
        return refusals

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        affinity: str = "",
        on_wait: OnWait = ignore_wait,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer from the first node that gives one."""
        failures: list[EngineError] = []
        async with self._admission.slot(on_wait, conversation=affinity):
            self._check_those_that_rested()
            for node in in_order(self._open_nodes(), affinity):
                started = False
                try:
                    async with aclosing(node.stream(messages, sampling)) as pieces:
                        async for piece in pieces:
                            started = True
                            yield piece
                except EngineError as error:
                    if started or _would_fail_anywhere(error):
                        raise
                    failures.append(error)
                else:
                    return
        raise _most_hopeful(failures)

    async def choose(
        self, messages: Sequence[Message], choices: Sequence[str], *, affinity: str = ""
    ) -> Mapping[str, float]:
        """Which of `choices` comes next, by the first node that tells; see `Chooser`."""
        failures: list[EngineError] = []
        async with self._admission.last_slot():
            for node in in_order(self._open_nodes(), affinity):
                try:
                    return await node.choose(messages, choices)
                except EngineError as error:
                    if _would_fail_anywhere(error):
                        raise
                    failures.append(error)
        raise _most_hopeful(failures)

    async def ready(self) -> bool:
        """Whether any node lists the model."""

        async def check(node: Node) -> bool:
            try:
                await node.check()
            except EngineError:
                return False
            return True

        checks = [asyncio.ensure_future(check(node)) for node in self.nodes]
        try:
            async with asyncio.timeout(_READY_WITHIN):
                for finished in asyncio.as_completed(checks):
                    if await finished:
                        return True
        except TimeoutError:
            pass
        finally:
            for unfinished in checks:
                unfinished.cancel()
            await asyncio.gather(*checks, return_exceptions=True)
        return False

    async def aclose(self) -> None:
        """Close the connections of every node, which stops their generations."""
        for check in self._checks:
            check.cancel()
        await asyncio.gather(*self._checks, return_exceptions=True)
        await asyncio.gather(*(node.aclose() for node in self.nodes))

    def _open_nodes(self) -> list[Node]:
        """The nodes that get work; all, where an operator has drained every one."""
        return [node for node in self.nodes if not node.is_drained] or self.nodes

    def _check_those_that_rested(self) -> None:
        """Ask nodes whose pause is over whether they are back, while another node answers."""
        for node in self.nodes:
            if node.wants_check():
                check = asyncio.create_task(node.come_back(), name="node-check")
                self._checks.add(check)
                check.add_done_callback(self._checks.discard)


def _would_fail_anywhere(error: EngineError) -> bool:
    """Whether it is the request that is wrong, not the node."""
    return isinstance(error, EngineRejected) and not isinstance(error, EndpointRefused)


def _most_hopeful(failures: Sequence[EngineError]) -> EngineError:
    """The failure to tell: one that may pass, if there is any."""
    return next((f for f in failures if not isinstance(f, EngineRejected)), failures[-1])
