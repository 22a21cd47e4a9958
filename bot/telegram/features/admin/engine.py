"""/engine: the nodes that answer, what they serve, and taking one out of work in every replica."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from bot.storage import Role
from bot.telegram.features.admin.acts import SHOWN, USAGE, Done, OperatorAct, say, texts_of
from bot.timeouts import wait_for_result
from inference.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest
    from inference.nodes.node import Node

ASKED_WITHIN: Final = 2.0
"""Seconds that a node gets to say what it serves."""


class EngineDesk:
    """Shows the nodes, drains them and takes them back.

    A node that is drained gets no new answers and ends those it makes; that holds in every replica
    and over restarts, as long as its address stays the same.

    Args:
        context: what the features share.
        nodes: of the engine; empty: a model in this machine, or none.
        is_ready: whether an answer begun now would find a model.
    """

    def __init__(
        self,
        context: Context,
        *,
        nodes: Sequence[Node],
        is_ready: Callable[[], Awaitable[bool]],
    ) -> None:
        self._context = context
        self._access = context.access
        self._nodes = nodes
        self._is_ready = is_ready
        self._access.on_refreshed.append(self._follow)
        self.acts = (OperatorAct("engine", Role.VIEWER, self._engine, lambda t: t.menu_engine),)

    def _follow(self) -> None:
        """Have the nodes be as the rules say."""
        for node in self._nodes:
            node.is_drained = _key(node) in self._access.drained

    async def _engine(self, request: CommandRequest) -> Done:
        texts, words = texts_of(request), request.argument.split()
        if not words:
            return await self._show(request)
        is_admin = self._access.has_role(request.user_id, Role.ADMIN)
        place = int(words[1]) if len(words) == 2 and words[1].isdecimal() else 0
        if (
            not is_admin
            or words[0] not in {"drain", "undrain"}
            or not 1 <= place <= len(self._nodes)
        ):
            await say(self._context, request, texts.engine_usage)
            return USAGE
        node, drains = self._nodes[place - 1], words[0] == "drain"
        others = [one for one in self._nodes if one is not node and not one.is_drained]
        if drains and not others:
            await say(self._context, request, texts.engine_last)
            return Done(f"node {place}", "the last one")
        await self._context.storage.access.set_drained(_key(node), on=drains)
        await self._access.refresh()
        await self._show(request)
        return Done(f"node {place}", words[0])

    async def _show(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        ready = texts.engine_up if await self._is_ready() else texts.engine_down
        lines = [texts.stats_engine(model=self._context.options.serving().name or "?", state=ready)]
        for place, node in enumerate(self._nodes, start=1):
            model = await self._model_of(node)
            state = texts.engine_up if model and node.takes_work else texts.engine_down
            if node.is_drained:
                state = texts.engine_drained
            lines.append(
                texts.engine_line(
                    number=place,
                    address=node.address,
                    model=model or "?",
                    running=node.running,
                    state=state,
                )
            )
        if len(self._nodes) > 1:
            lines.append(texts.engine_usage)
        await say(self._context, request, "\n".join(lines))
        return SHOWN

    async def _model_of(self, node: Node) -> str | None:
        """What a node serves; None: it does not say so now."""
        try:
            return await wait_for_result(node.check(), self._context.sleep(ASKED_WITHIN))
        except (EngineError, TimeoutError):
            return None


def _key(node: Node) -> str:
    """What the database knows a node by: addresses can hold more than a host."""
    return hashlib.blake2b(node.address.encode(), digest_size=8).hexdigest()
