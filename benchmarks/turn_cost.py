"""What a turn costs: the bot against the naive loop of `benchmarks.naive_bot`, in one run.

    python -m benchmarks.turn_cost [--turns 300] [--rate 10] [--people 60] [--tokens 40]

Both answer the same made-up messages, streamed by the same fake engine, and are measured as
processes of their own: CPU seconds a turn, time from the message to the engine's request, resident
memory. The bot streams edits, stores, encrypts and guards; the naive loop does none of that.
Needs Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.errors import BenchmarkError
from benchmarks.processes import Program
from benchmarks.report import percentile, table
from benchmarks.telegram import Telegram
from devtools.engines.paced import answer_mark
from devtools.processes import BotProcess, EngineProcess, Process, SandboxProcess, bare_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIRST_PERSON = 100_001
WARM_UP_TURNS = 20
DRAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What is written: `turns` messages, `rate` a second, by `people` one after the other."""

    turns: int
    rate: float
    people: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one program used for it. Times in seconds, memory in bytes."""

    turns: int
    cpu_per_turn: float
    to_engine_p50: float
    to_engine_p99: float
    to_first_text_p50: float
    to_first_text_p99: float
    calls_per_turn: float
    resident: int


async def measure(kind: str, load: Load) -> Cost:
    """Run the `bot` or the `naive` loop under a load and see what it takes.

    Raises:
        BenchmarkError: something did not start, or did not answer everything.
    """
    with tempfile.TemporaryDirectory(prefix="shudong-cost-") as name:
        folder = Path(name)
        engine = EngineProcess(folder, tokens=load.tokens, log=folder / "engine.log")
        sandbox = SandboxProcess(folder, options=("--no-seed-people",), log=folder / "sandbox.log")
        programs = [Program(engine), Program(sandbox)]
        try:
            await asyncio.gather(*(program.start() for program in programs))
            process = _process(kind, folder, sandbox, engine)
            programs.append(Program(process))
            await programs[-1].start()
            telegram = Telegram(sandbox.url)
            try:
                return await _Measurement(process, telegram, engine.url, load).run()
            finally:
                await telegram.aclose()
        finally:
            await asyncio.gather(*(started.kill() for started in programs))


def _process(kind: str, folder: Path, sandbox: SandboxProcess, engine: EngineProcess) -> Process:
    log = folder / f"{kind}.log"
    settings = {**sandbox.bot_settings, "LMDEPLOY_URLS": engine.url, "LOG_FORMAT": "json"}
    if kind == "bot":
        return BotProcess(settings, folder, log=log)
    return Process(["-m", "benchmarks.naive_bot"], bare_environment(settings), folder, log)


class _Measurement:
    def __init__(self, process: Process, telegram: Telegram, engine_url: str, load: Load) -> None:
        self._process = process
        self._telegram = telegram
        self._engine_url = engine_url
        self._load = load
        self._said: dict[str, tuple[int, float]] = {}

    async def run(self) -> Cost:
        load = self._load
        people = [FIRST_PERSON + number for number in range(load.people)]
        for person in people:
            await self._telegram.add_visitor(person)
        await self._write(people, WARM_UP_TURNS, load.rate)
        await self._drain()
        self._said.clear()
        calls_before = await self._calls()
        cpu_before = self._process.cpu_seconds()
        await self._write(people, load.turns, load.rate)
        await self._drain()
        cpu = self._process.cpu_seconds() - cpu_before
        arrivals = await self._arrivals()
        to_engine = [arrivals[mark] - at for mark, (_, at) in self._said.items()]
        to_text = await self._to_first_text(people)
        return Cost(
            turns=load.turns,
            cpu_per_turn=cpu / load.turns,
            to_engine_p50=percentile(to_engine, 0.5),
            to_engine_p99=percentile(to_engine, 0.99),
            to_first_text_p50=percentile(to_text, 0.5),
            to_first_text_p99=percentile(to_text, 0.99),
            calls_per_turn=(await self._calls() - calls_before) / load.turns,
            resident=self._process.resident_bytes(),
        )

    async def _write(self, people: Sequence[int], turns: int, rate: float) -> None:
        """Write messages at an even pace, whatever becomes of them."""
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(turns):
                await asyncio.sleep(max(begun + number / rate - time.monotonic(), 0))
                text = f"第{time.monotonic_ns()}句：最近总是睡不好，心里有点乱"
                group.create_task(self._say(people[number % len(people)], text))

    async def _say(self, person: int, text: str) -> None:
        said = await self._telegram.say(person, text)
        self._said[answer_mark(text)] = (person, said.at)

    async def _drain(self) -> None:
        """Wait until every message has its finished answer, then for what is stored after it."""
        deadline = time.monotonic() + DRAIN_SECONDS
        people = {person for person, _ in self._said.values()}
        while time.monotonic() < deadline:
            await asyncio.sleep(1)
            marks = await self._seen(people, finished=True)
            if marks.keys() >= self._said.keys():
                await asyncio.sleep(1)
                return
        raise BenchmarkError("Not every message was answered: the machine is too busy for --rate.")

    async def _seen(self, people: Iterable[int], *, finished: bool) -> dict[str, float]:
        """When each answer was first seen, by its mark: whole, or any part of it."""
        found: dict[str, float] = {}
        for person in people:
            for shown in await self._telegram.shown(person):
                if shown.text.startswith("[") and shown.finished >= finished:
                    mark = shown.text.partition("]")[0] + "]"
                    found.setdefault(mark, shown.at)
        return found

    async def _to_first_text(self, people: Sequence[int]) -> list[float]:
        marks = await self._seen(people, finished=False)
        return [marks[mark] - at for mark, (_, at) in self._said.items()]

    async def _arrivals(self) -> dict[str, float]:
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.get(self._engine_url.removesuffix("/v1") + "/arrivals")
        return dict(response.json())

    async def _calls(self) -> int:
        """How many messages were sent or edited so far."""
        people = range(FIRST_PERSON, FIRST_PERSON + self._load.people)
        return sum([len(await self._telegram.shown(person)) for person in people])


def rows(naive: Cost, bot: Cost) -> list[tuple[str, str]]:
    """The table that people read."""
    ratio = bot.cpu_per_turn / naive.cpu_per_turn
    lines = [("turns", f"{naive.turns}", f"{bot.turns}")]
    lines += [
        (name, f"{before * 1000:.1f} ms", f"{after * 1000:.1f} ms")
        for name, before, after in (
            ("CPU a turn", naive.cpu_per_turn, bot.cpu_per_turn),
            ("update to engine, p50", naive.to_engine_p50, bot.to_engine_p50),
            ("update to engine, p99", naive.to_engine_p99, bot.to_engine_p99),
            ("update to first text, p50", naive.to_first_text_p50, bot.to_first_text_p50),
            ("update to first text, p99", naive.to_first_text_p99, bot.to_first_text_p99),
        )
    ]
    lines.append(
        ("sends and edits a turn", f"{naive.calls_per_turn:.1f}", f"{bot.calls_per_turn:.1f}")
    )
    lines.append(
        ("resident memory", f"{naive.resident / 1e6:.0f} MB", f"{bot.resident / 1e6:.0f} MB")
    )
    return [
        ("", f"{'naive loop':>12}{'Shudong':>12}"),
        *((name, f"{before:>12}{after:>12}") for name, before, after in lines),
        ("CPU, Shudong / naive loop", f"{ratio:>24.2f}"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turn_cost")
    add = parser.add_argument
    add("--turns", type=int, default=300, help="messages measured (300)")
    add("--rate", type=float, default=10.0, help="messages a second (10)")
    add("--people", type=int, default=60, help="people who write in turn (60)")
    add("--tokens", type=int, default=40, help="tokens of each answer, 20 ms apart (40)")
    add("--json", type=Path, help="write the figures to this file")
    given = parser.parse_args(arguments)
    load = Load(given.turns, given.rate, given.people, given.tokens)
    try:
        naive = asyncio.run(measure("naive", load))
        bot = asyncio.run(measure("bot", load))
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(table(rows(naive, bot)) + "\n")
    if given.json is not None:
        figures = {"load": asdict(load), "naive": asdict(naive), "bot": asdict(bot)}
        given.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
