"""Reads what people say for danger, without holding up other people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.safety import RiskLevel, assess
from bot.timeouts import wait_for_result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.conversation.second_reader import EncoderReader
    from bot.safety import Assessment, Utterance
    from bot.storage import Counters

log = structlog.get_logger(__name__)

READ_AT_ONCE = 2000
"""Characters the first reader reads on the event loop (about 1 ms); more go to a thread."""
ENCODER_WITHIN = 0.3
"""Seconds that a reading, or all readings of a batch, wait for the encoder; it needs some 20 ms."""


async def read_for_danger(
    said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE
) -> Assessment:
    """How serious the last message of `said` (oldest first) is, of a person at `standing`.

    By the first reader alone.
    """
    if sum(len(message.text) for message in said if not message.by_bot) > READ_AT_ONCE:
        return await asyncio.to_thread(assess, said, standing)
    return assess(said, standing)


class FirstReading:
    """What stands at once: both readers' judgement of a message, or the first reader's alone.

    The first reader stands alone where there is no encoder, or it is away or late; what both say
    then may still raise it in the second reading.

    Args:
        encoder: reads in a thread of its own; None: there is none.
        counters: count where it is away.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        encoder: EncoderReader | None,
        counters: Counters,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._encoder = encoder
        self._counters = counters
        self._sleep = sleep

    async def read(
        self,
        said: Sequence[Utterance],
        standing: RiskLevel = RiskLevel.NONE,
        within: float = ENCODER_WITHIN,
    ) -> Assessment:
        """How serious the last message of `said` (oldest first) is, of a person at `standing`.

        The encoder is waited for at most `within` seconds; not at all where none are left.
        """
        if self._encoder is None or within <= 0:
            return await read_for_danger(said, standing)
        try:
            judged = self._encoder.judge(said, standing)
            found = await wait_for_result(judged, self._sleep(within))
        except Exception as error:
            # Whatever it is: what rules and trees say costs nobody more than a moment.
            log.info("first_reader_alone", reason=type(error).__name__)
            await self._counters.add("first_reader_alone")
            found = None
        return found if found is not None else await read_for_danger(said, standing)
