"""Many people at an even pace for a long time: does the bot's memory grow?

    python -m benchmarks.soak [--minutes 20] [--rate 20] [--people 2000] [--without-redis]

A turn is a message, at least one sendMessage and one final edit, so 20 turns a second are more
than the 30 calls a second that Telegram allows a bot by itself: the bot runs with
TELEGRAM_CALLS_PER_SECOND=1000, which Telegram allows where broadcasts are paid for. No chat gets
more than one call a second. Recent turns lie in Redis, as in production; --without-redis keeps them
in the bot, whose memory then grows until that copy has its full size (4 million characters).
Needs Linux. Exit status: 1 if memory may grow by more than 1 % an hour, or a message stayed
unanswered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.report import percentile, seconds, table
from benchmarks.slope import Slope, slope_of
from benchmarks.stage import FAKE, Setup, staged
from devtools.engines.paced import answer_mark
from devtools.servers import RedisServer, ServiceMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.processes import Program
    from benchmarks.stage import Stage
    from benchmarks.telegram import Telegram

FIRST_PERSON = 100_001
SETTINGS = {"TELEGRAM_CALLS_PER_SECOND": "1000", "ANSWERS_PER_DAY": "0"}
WARM_UP = 0.5
"""The share of the time that is not measured: caches, pools and the allocator fill up. The last
to be full are SQLite's pages (2 MB a connection), after some 15,000 turns."""
GROWTH_ALLOWED = 0.01
"""Of the memory, an hour: so slow, it takes four days to double. Single pages are touched for the
first time long after every cache is full."""
LOOK_EVERY = 1.0
DRAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SoakResult:
    """What a soak found; memory in bytes, times in seconds."""

    said: int
    answered: int
    wall_seconds: float
    resident: Sequence[tuple[float, int]]
    """Moment and memory, after the warm-up."""
    slope: Slope
    to_final: Sequence[float]
    cpu_per_turn: float

    @property
    def passed(self) -> bool:
        """Whether everything was answered and memory is as good as flat."""
        allowed = GROWTH_ALLOWED * self.resident[-1][1] / 1e6
        return self.answered == self.said and self.slope.high <= allowed


class Soak:
    """People who take turns to write, and what became of it."""

    def __init__(self, telegram: Telegram, bot: Program, people: int) -> None:
        self._telegram = telegram
        self._bot = bot
        self._people = [FIRST_PERSON + number for number in range(people)]
        self._asked: dict[str, float] = {}
        self._nothing_open = asyncio.Event()
        self._said = 0
        self._seen = 0
        self.to_final: list[float] = []
        self.resident: list[tuple[float, int]] = []

    async def run(self, duration: float, rate: float) -> SoakResult:
        """Write for `duration` seconds, `rate` messages a second."""
        for person in self._people:
            await self._telegram.add_visitor(person)
        begun, cpu = time.monotonic(), self._bot.process.cpu_seconds()
        watching = asyncio.create_task(self._watch())
        try:
            await self._write(duration, rate)
            wall = time.monotonic() - begun
            await self._drain()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        measured = [item for item in self.resident if item[0] >= begun + WARM_UP * duration]
        return SoakResult(
            said=self._said,
            answered=self._said - len(self._asked),
            wall_seconds=wall,
            resident=measured,
            slope=slope_of(measured),
            to_final=self.to_final,
            cpu_per_turn=(self._bot.process.cpu_seconds() - cpu) / max(self._said, 1),
        )

    async def _write(self, duration: float, rate: float) -> None:
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(duration * rate)):
                await asyncio.sleep(max(begun + number / rate - time.monotonic(), 0))
                group.create_task(self._say(number))
                if not self._bot.process.running:
                    raise BenchmarkError(f"The bot ended by itself: {self._bot.process.last_line}")

    async def _say(self, number: int) -> None:
        text = f"第{number}句：最近总是睡不好，心里有点乱"
        self._asked[answer_mark(text)] = time.monotonic()
        self._nothing_open.clear()
        self._said += 1
        await self._telegram.say(self._people[number % len(self._people)], text)

    async def _watch(self) -> None:
        """See what was answered, and how much memory the bot has, all the time."""
        while True:
            self._seen, shown = await self._telegram.shown_since(self._seen)
            for item in shown:
                mark = item.text.partition("]")[0] + "]"
                if item.finished and mark in self._asked:
                    self.to_final.append(item.at - self._asked.pop(mark))
            if not self._asked:
                self._nothing_open.set()
            self.resident.append((time.monotonic(), self._bot.process.resident_bytes()))
            await asyncio.sleep(LOOK_EVERY)

    async def _drain(self) -> None:
        """Wait for the answers that are still to come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._nothing_open.wait()


async def soak(minutes: float, rate: float, people: int, redis_url: str | None) -> SoakResult:
    """Run a bot made for it under load."""
    setup = Setup(FAKE, burst_window=0.0, redis_url=redis_url, more=SETTINGS)
    async with staged(setup) as stage:
        return await _within(stage, minutes, rate, people)


async def _within(stage: Stage, minutes: float, rate: float, people: int) -> SoakResult:
    return await Soak(stage.telegram, stage.bot, people).run(minutes * 60, rate)


def rows(found: SoakResult) -> list[tuple[str, str]]:
    """The table that people read."""
    first, last = (_megabytes(found.resident[position][1]) for position in (0, -1))
    return [
        ("turns", str(found.said)),
        ("answered", str(found.answered)),
        ("turns a second", f"{found.said / found.wall_seconds:.1f}"),
        ("time to final text, p50 / p99", seconds(found.to_final)),
        ("CPU a turn", f"{found.cpu_per_turn * 1000:.1f} ms"),
        ("resident memory after the warm-up", f"{first:.1f} MB"),
        ("resident memory at the end", f"{last:.1f} MB"),
        ("slope, 95 % interval", str(found.slope)),
        ("verdict", "no growth" if found.passed else "MAY GROW, OR A MESSAGE IS UNANSWERED"),
    ]


def figures(found: SoakResult) -> dict[str, object]:
    """Everything measured, for machines."""
    return {
        "passed": found.passed,
        "turns": found.said,
        "answered": found.answered,
        "wall_seconds": round(found.wall_seconds, 1),
        "to_final_p50": percentile(found.to_final, 0.5),
        "to_final_p99": percentile(found.to_final, 0.99),
        "cpu_per_turn": found.cpu_per_turn,
        "slope_mb_per_hour": found.slope.value,
        "slope_low": found.slope.low,
        "slope_high": found.slope.high,
        "resident": [[round(at, 1), size] for at, size in found.resident],
    }


def _megabytes(size: int) -> float:
    return size / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    add = parser.add_argument
    add("--minutes", type=float, default=20.0, help="how long people write (20)")
    add("--rate", type=float, default=20.0, help="messages a second (20)")
    add("--people", type=int, default=2000, help="who write in turn (2000)")
    add("--without-redis", action="store_true", help="keep recent turns in the bot")
    add("--json", type=Path, help="write the figures to this file")
    given = parser.parse_args(arguments)
    try:
        with ExitStack() as stack:
            redis_url = None if given.without_redis else _redis(stack)
            found = asyncio.run(soak(given.minutes, given.rate, given.people, redis_url))
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(table(rows(found)) + "\n")
    if given.json is not None:
        given.json.write_text(json.dumps(figures(found), indent=1) + "\n")
    return 0 if found.passed else 1


def _redis(stack: ExitStack) -> str:
    try:
        server = RedisServer()
    except ServiceMissing as missing:
        raise BenchmarkError(f"{missing}; try --without-redis.") from None
    stack.callback(server.remove)
    server.start()
    return server.url


if __name__ == "__main__":
    sys.exit(main())
