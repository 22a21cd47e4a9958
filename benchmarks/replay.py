"""Play the client's side of dialogues through the real bot and account for every turn.

    python -m benchmarks.replay FILE [--dialogues 300] [--people 8] [--kill-every 50] ...

The bot, its Telegram and its engine are processes of their own, made for this run and gone
after it. Exit status: 0 if every turn was answered exactly once and in order, and SQL holds what
was said; 1 if not; 2 if it could not be tried.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.accounting import judge
from benchmarks.chatlog import Account, ChatLog, Rules, StoredTurn
from benchmarks.dialogues import read_monologues
from benchmarks.errors import BenchmarkError
from benchmarks.player import Players, WritingStyle
from benchmarks.report import show_progress, table
from benchmarks.result import Result, figures, rows
from benchmarks.reviewed import is_card, is_reviewed
from benchmarks.stage import FAKE, LOCAL, Setup, check_engine, staged
from bot.storage import StorageError
from bot.storage.store import open_storage
from bot.telegram.outbound.rendering import partial, render
from devtools.engines.paced import answer_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from benchmarks.dialogues import Monologue
    from benchmarks.player import PlayedDialogue
    from benchmarks.processes import Program
    from benchmarks.stage import Stage
    from bot.storage.store import StorageOptions

FIRST_PERSON = 100_001
MAX_LIFE = 2.0
"""A kill comes at a random moment within so many seconds of the message it counts."""
MIN_QUOTE = 8
"""Characters of a text that can only be a quotation when they stand in the log."""


class Killer:
    """Ends the bot as a crash would after every so many messages, and starts it again."""

    def __init__(self, bot: Program, every: int, seed: int) -> None:
        self._bot = bot
        self._every = every
        self._random = random.Random(seed)
        self._said = 0
        self._due = asyncio.Event()
        self.kills: list[float] = []

    def said(self) -> None:
        """Count a message."""
        self._said += 1
        if self._every and self._said % self._every == 0:
            self._due.set()

    async def run(self) -> None:
        """Kill when it is time; and say so if the bot ends by itself."""
        while True:
            try:
                async with asyncio.timeout(0.5):
                    await self._due.wait()
            except TimeoutError:
                if not self._bot.process.running:
                    raise BenchmarkError(
                        f"The bot ended by itself: {self._bot.process.last_line}"
                    ) from None
                continue
            self._due.clear()
            await asyncio.sleep(self._random.uniform(0, MAX_LIFE))
            self.kills.append(time.monotonic())
            await self._bot.kill()
            await self._bot.start()


async def replay(
    monologues: Sequence[Monologue],
    setup: Setup,
    style: WritingStyle,
    *,
    people: int,
    kill_every: int,
) -> Result:
    """Play dialogues through a bot made for them and account for what became of each turn."""
    rules = telegram_rules(answer_mark if setup.engine == FAKE else None)
    async with staged(setup) as stage:
        killer = Killer(stage.bot, kill_every, seed=len(monologues))
        players = Players(
            stage.telegram,
            style,
            first_person=FIRST_PERSON,
            on_said=killer.said,
            on_played=show_progress(len(monologues), "dialogues"),
        )
        begun = time.monotonic()
        played = await _while_watched(players.play(monologues, people), killer)
        wall = time.monotonic() - begun
        return await _settle(stage, played, rules, killer.kills, wall)


def telegram_rules(mark: Callable[[str], str] | None) -> Rules:
    """How the bot's messages are told apart; `mark` as in `Rules`."""
    return Rules(
        is_card=is_card,
        placeholder=partial("").text.strip(),
        mark=mark,
        is_notice=is_reviewed,
    )


async def _while_watched(
    playing: Coroutine[None, None, list[PlayedDialogue]], killer: Killer
) -> list[PlayedDialogue]:
    play = asyncio.create_task(playing)
    watch = asyncio.create_task(killer.run())
    try:
        await asyncio.wait({play, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not play.done():
            await watch
        return await play
    finally:
        for task in (play, watch):
            task.cancel()
        await asyncio.gather(play, watch, return_exceptions=True)


async def _settle(
    stage: Stage,
    played: Sequence[PlayedDialogue],
    rules: Rules,
    kills: Sequence[float],
    wall: float,
) -> Result:
    """Stop the bot in order and compare what it shows with what it has stored."""
    if not stage.bot.process.running:
        await stage.bot.start()
    # A kill at the very end leaves something to finish.
    played = [replace(item, shown=await stage.telegram.shown(item.person)) for item in played]
    status = await stage.bot.stop()
    if status != 0:
        raise BenchmarkError(f"The bot ended with status {status}: {stage.bot.process.last_line}")
    account = Account()
    left, stored = await stored_turns(stage.storage, [item.person for item in played])
    for item in played:
        log = ChatLog(item.said, item.shown, stored[item.person], kills)
        account.add(judge(log, rules))
    return Result(
        account=account,
        dialogues=len(played),
        unsaid=sum(item.unsaid for item in played),
        kills=len(kills),
        quotes_in_log=_quotes(stage.bot.process.output, played),
        left_in_inbox=left,
        wall_seconds=wall,
    )


async def stored_turns(
    options: StorageOptions, people: Sequence[int]
) -> tuple[int, dict[int, list[StoredTurn]]]:
    """The updates that are not done, and the turns of every person, decrypted."""
    try:
        storage = await open_storage(options)
        try:
            counts = await storage.inbox.counts()
            exports = {person: await storage.users.export(person) for person in people}
        finally:
            await storage.aclose()
    except StorageError as error:
        raise BenchmarkError(f"The database cannot be read afterwards: {error}") from None
    turns = {
        person: [
            StoredTurn(
                number=turn.number,
                text=turn.user_text,
                state=turn.state,
                answer_message_id=turn.answer_message_id,
                parts=tuple(part.text for part in render(turn.answer or "")),
            )
            for turn in export.turns
        ]
        for person, export in exports.items()
    }
    return counts.new + counts.claimed + counts.failed, turns


def _quotes(log: str, played: Sequence[PlayedDialogue]) -> int:
    texts = {said.text for item in played for said in item.said}
    texts |= {shown.text for item in played for shown in item.shown if shown.finished}
    return quotes_in(log, texts)


def quotes_in(log: str, texts: Iterable[str]) -> int:
    """How many of the texts stand in what a bot logged, where none may be."""
    return sum(
        text in log or json.dumps(text)[1:-1] in log for text in texts if len(text) >= MIN_QUOTE
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a replay; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        _check(given)
        monologues = read_monologues(given.file, given.dialogues)
        setup = Setup(given.engine, given.burst_window, given.database, given.redis)
        each = 1 if given.burst_window else None
        style = WritingStyle(given.together, each, given.patience, given.pause)
        result = asyncio.run(
            replay(monologues, setup, style, people=given.people, kill_every=given.kill_every)
        )
        if given.json is not None:
            given.json.write_text(json.dumps(figures(result), indent=1) + "\n")
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'A file'}: {error.strerror}.\n")
        return 2
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(table(rows(result)) + "\n")
    return 0 if result.flawless else 1


def _check(given: argparse.Namespace) -> None:
    """Refuse what argparse cannot."""
    for name in ("dialogues", "people", "together"):
        if getattr(given, name) < 1:
            raise BenchmarkError(f"--{name}: found {getattr(given, name)}, expected at least 1.")
    for name in ("kill_every", "burst_window", "pause"):
        if getattr(given, name) < 0:
            option = name.replace("_", "-")
            raise BenchmarkError(f"--{option}: found {getattr(given, name)}, expected 0 or more.")
    check_engine(given.engine)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replay",
        description="Play the client's side of dialogues through the real bot.",
    )
    add = parser.add_argument
    add("file", type=Path, help="SmileChat: .jsonl, .jsonl.xz, one .json, or a folder of them")
    add("--dialogues", type=int, default=300, help="how many of them (300)")
    add("--people", type=int, default=8, help="how many people write at once (8)")
    add("--together", type=int, default=1, help="messages written before waiting (1)")
    add("--pause", type=float, default=0.0, help="seconds before the next message (0)")
    add("--burst-window", type=float, default=0.0, help="the bot's BURST_WINDOW in seconds (0)")
    add("--patience", type=float, default=120.0, help="seconds to wait for an answer (120)")
    add("--engine", default=LOCAL, help="local (default), fake, or an address ending in /v1")
    add("--database", help="DATABASE_URL of an empty database; SQLite by default")
    add("--redis", help="REDIS_URL; recent turns stay in the bot by default")
    add("--kill-every", type=int, default=0, metavar="N", help="kill -9 after every N messages")
    add("--json", type=Path, help="write the figures to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
