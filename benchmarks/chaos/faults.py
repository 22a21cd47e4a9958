"""Makes happen what the plan says goes wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.chaos.plan import TELEGRAM_FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.chaos.environment import Environment
    from benchmarks.chaos.plan import Fault


class FaultInjector:
    """Counts what is written, and strikes when it is time."""

    def __init__(self, environment: Environment, faults: Sequence[Fault]) -> None:
        self._environment = environment
        self._waiting = sorted(faults, key=lambda fault: fault.after)
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
        await self._environment.telegram.undo_faults()

    async def stop(self) -> None:
        """End at once."""
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)

    def _strike(self, said: int) -> None:
        while self._waiting and self._waiting[0].after <= said:
            self._begun.add(asyncio.create_task(self._happen(self._waiting.pop(0))))

    async def _happen(self, fault: Fault) -> None:
        environment = self._environment
        await asyncio.sleep(fault.delay)
        match fault.kind:
            case "kill":
                group = environment.targets[fault.target]
                await group[fault.number % len(group)].suffer(fault.seconds)
                self.done[f"kill {fault.target}"] += 1
            case "clock":
                bot = environment.bots[fault.number]
                await asyncio.to_thread(bot.clock.write_text, str(fault.seconds))
                self.done["clock jumps"] += 1
            case "telegram":
                rule = TELEGRAM_FAULTS[fault.telegram_fault]
                times = 1 if str(rule["kind"]).startswith("hang") else fault.number
                more = {key: value for key, value in rule.items() if key != "kind"}
                await environment.telegram.fault(
                    str(rule["kind"]), **more, method=fault.target, times=times
                )
                self.done[f"spoilt {fault.target}"] += times
            case "reply":
                if environment.balancer is not None:
                    environment.balancer.replies_to_lose += fault.number
                self.done["replies to Telegram lost"] += fault.number
