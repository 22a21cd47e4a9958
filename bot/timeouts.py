"""Waiting with a limit, by a clock that is passed in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


async def wait_with_limit(work: Awaitable[object], limit: Awaitable[None]) -> bool:
    """Wait until `work` or `limit` is done, cancel the other, and tell whether `work` was.

    Raises what `work` raised.
    """
    working, limiting = asyncio.ensure_future(work), asyncio.ensure_future(limit)
    try:
        await asyncio.wait({working, limiting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
            return True
        return False
    finally:
        working.cancel()
        limiting.cancel()
        await asyncio.gather(working, limiting, return_exceptions=True)


async def wait_for_result(work: Awaitable[T], limit: Awaitable[None]) -> T:
    """What `work` returns, or TimeoutError where `limit` is done before it."""
    working = asyncio.ensure_future(work)
    if not await wait_with_limit(working, limit):
        raise TimeoutError
    return working.result()
