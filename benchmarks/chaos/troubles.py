"""Makes happen what the plan says goes wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.chaos.plan import TELEGRAM_FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.chaos.plan import Trouble
    from benchmarks.chaos.theatre import Theatre


class Troublemaker:
    """Counts what is written, and strikes when it is time."""

    def __init__(self, theatre: Theatre, troubles: Sequence[Trouble]) -> None:
        self._theatre = theatre
        self._waiting = sorted(troubles, key=lambda trouble: trouble.after)
        self._said = 0
        self._begun: set[asyncio.Task[None]] = set()
        self.done: Counter[str] = Counter()
        """What happened how often: kills by part, faults by method, the rest by kind."""

    def said(self) -> None:
        """Count a message."""
        self._said += 1
        self._strike(self._said)

    async def finish(self) -> None:
        """Let all of it happen that has not happened yet, and wait until everything is back."""
        if self._waiting:
            self._strike(self._waiting[-1].after)
        await asyncio.gather(*self._begun)
        await self._theatre.telegram.undo_faults()

    async def stop(self) -> None:
        """End at once."""
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)

    def _strike(self, said: int) -> None:
        while self._waiting and self._waiting[0].after <= said:
            self._begun.add(asyncio.create_task(self._happen(self._waiting.pop(0))))

    async def _happen(self, trouble: Trouble) -> None:
        theatre = self._theatre
        await asyncio.sleep(trouble.delay)
        match trouble.kind:
            case "kill":
                group = theatre.victims[trouble.target]
                await group[trouble.number % len(group)].suffer(trouble.seconds)
                self.done[f"kill {trouble.target}"] += 1
            case "clock":
                bot = theatre.bots[trouble.number]
                await asyncio.to_thread(bot.clock.write_text, str(trouble.seconds))
                self.done["clock jumps"] += 1
            case "telegram":
                fault = TELEGRAM_FAULTS[trouble.fault]
                times = 1 if str(fault["kind"]).startswith("hang") else trouble.number
                await theatre.telegram.spoil({**fault, "method": trouble.target, "times": times})
                self.done[f"spoilt {trouble.target}"] += times
            case "reply":
                if theatre.balancer is not None:
                    theatre.balancer.replies_to_lose += trouble.number
                self.done["replies to Telegram lost"] += trouble.number
