"""Words for tests of the outbox, and whom they are for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.telegram.outbound.rendering import Rendered

if TYPE_CHECKING:
    from collections.abc import Coroutine

ANNA, BELA, GROUP = 11, 12, -100


def text(words: str) -> Rendered:
    return Rendered(words)


def soon(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
    """Begin it; what it comes to is awaited later."""
    return asyncio.ensure_future(coroutine)
