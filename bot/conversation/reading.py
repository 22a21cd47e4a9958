"""Reads what people say for danger, without holding up other people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, assess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety import Assessment, Utterance

READ_AT_ONCE = 2000
"""Characters the detector reads on the event loop (about 1 ms); more go to a thread."""


async def read_for_danger(
    said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE
) -> Assessment:
    """How serious the last message of `said` (oldest first) is, of a person at `standing`."""
    if sum(len(message.text) for message in said if not message.by_bot) > READ_AT_ONCE:
        return await asyncio.to_thread(assess, said, standing)
    return assess(said, standing)
