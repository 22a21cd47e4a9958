"""Ending work in time: what hangs is left behind, and its claims run out by themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection

log = structlog.get_logger(__name__)

HANDING_BACK = 1.0
"""Seconds that work gets to hand itself back once it is cut off."""


async def cancel_all(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks and see them end, those that do."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=HANDING_BACK)


async def run_stage(seconds: float, stage: str, work: Awaitable[object]) -> None:
    """Give one stage of a shutdown so much time and no more; its failure stops no other stage."""
    task = asyncio.ensure_future(work)
    _, late = await asyncio.wait({task}, timeout=seconds)
    if late:
        log.warning("stopping_cut_short", stage=stage)
        task.cancel()
    task.add_done_callback(_look_at)


def _look_at(task: asyncio.Future[object]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("stopping_stage_failed", error=type(error).__name__)
