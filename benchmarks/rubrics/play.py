"""Lets people talk with the real bot and notes what they saw, the small print counted in."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmarks.rubrics.exchange import Bubble, Exchange, Turn
from bot.telegram.outbound.rendering import partial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from benchmarks.rubrics.people import Writer
    from benchmarks.telegram import Telegram
    from bot.safety import RiskLevel

FIRST_PERSON = 300_001
_PLACEHOLDER = partial("").text.strip()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long people wait, in seconds."""

    answer: float = 120.0
    """For the first bubble after a message; who gets none leaves."""
    quiet: float = 2.0
    """Nothing new for so long, nothing being written and no "typing": the bot has said it all."""
    check_in: float = 60.0
    """For a check-in, where one is due."""


class Chat:
    """A person's chat as their own screen shows it: every message, in the order of the screen."""

    def __init__(self) -> None:
        self._bubbles: dict[int, tuple[str, float, bool]] = {}
        self._changed = asyncio.Event()
        self._changed_at = 0.0
        self._typing_until = 0.0

    async def follow(self, events: AsyncIterator[dict[str, Any]]) -> None:
        """Take in what the event stream tells."""
        async for event in events:
            if event["type"] == "message" and event["message"]["from"]["is_bot"]:
                self.take(event["message"], time.monotonic())
            elif event["type"] == "action":
                self._typing_until = time.monotonic() + event["seconds"]
            elif event["type"] == "deleted":
                self._bubbles.pop(event["message_id"], None)

    def take(self, message: dict[str, Any], now: float) -> None:
        """Put a message of the bot's, new or edited, on the screen at a moment (monotonic)."""
        number, text = message["message_id"], message.get("text", "").strip()
        written, at, _ = self._bubbles.get(number, ("", now, False))
        finished = not _can_be_stopped(message) and text != _PLACEHOLDER
        self._bubbles[number] = (text, at if text == written else now, finished)
        self._changed_at, self._typing_until = now, 0.0
        self._changed.set()

    def bubbles(self, after: int, since: float) -> list[Bubble]:
        """What stands below a message, with seconds since a moment."""
        shown = sorted(item for item in self._bubbles.items() if item[0] > after)
        return [Bubble(text, round(at - since, 3)) for _, (text, at, _) in shown]

    def newest(self) -> int:
        """The number of the last message of the bot's; 0 before the first."""
        return max(self._bubbles, default=0)

    async def settle(self, after: int, first: float, quiet: float) -> bool:
        """Wait until something stands below a message and no more comes; False: nothing came."""
        deadline = time.monotonic() + first
        while True:
            below = [bubble for number, bubble in self._bubbles.items() if number > after]
            whole = bool(below) and all(finished for _, _, finished in below)
            now = time.monotonic()
            still = max(self._changed_at + quiet, self._typing_until)
            until = min(still, deadline) if whole else deadline
            if now >= until:
                return whole
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(until - now):
                    await self._changed.wait()


class Play:
    """Several people at once, each in a chat of their own."""

    def __init__(
        self,
        telegram: Telegram,
        patience: Patience,
        *,
        language: str,
        on_played: Callable[[], None],
    ) -> None:
        """`language`: what the people's Telegram is set to, as zh-hans."""
        self._telegram = telegram
        self._patience = patience
        self._language = language
        self._on_played = on_played
        self._next_person = FIRST_PERSON
        self._waiting: deque[Writer] = deque()
        self._played: list[Exchange] = []

    async def play(self, people: Iterable[Writer], at_once: int) -> list[Exchange]:
        """Every talk, ordered by its id. Raises BenchmarkError."""
        self._waiting.extend(people)
        tasks = [asyncio.create_task(self._one_after_the_other()) for _ in range(at_once)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return sorted(self._played, key=lambda exchange: exchange.id)

    async def _one_after_the_other(self) -> None:
        while self._waiting:
            person = self._waiting.popleft()
            number, self._next_person = self._next_person, self._next_person + 1
            self._played.append(await self._talk(number, person))
            self._on_played()

    async def _talk(self, number: int, person: Writer) -> Exchange:
        await self._telegram.add_person(number, f"来访者 {number}", self._language)
        chat = Chat()
        async with self._telegram.events(number) as events:
            following = asyncio.create_task(chat.follow(events))
            try:
                turns = await self._turns(number, person, chat)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        return Exchange(person.id, person.axis, _worst(person, turns), turns)

    async def _turns(self, number: int, person: Writer, chat: Chat) -> list[Turn]:
        turns: list[Turn] = []
        seen: Sequence[Bubble] = ()
        last, said_at = 0, 0.0
        while line := await person.write(seen):
            if turns:  # what came while the person was still thinking
                turns[-1] = replace(turns[-1], bubbles=chat.bubbles(last, said_at))
            if line.after_check_in:
                turns += await self._check_in(chat)
            sent = await self._telegram.say(number, line.text)
            last, said_at = sent.message_id, sent.at
            came = await chat.settle(last, self._patience.answer, self._patience.quiet)
            seen = chat.bubbles(last, said_at)
            turns.append(Turn(line.text, line.level, seen))
            if not came:
                break
        return turns

    async def _check_in(self, chat: Chat) -> list[Turn]:
        """What the bot says by itself, a check-in as a rule, as a turn of its own."""
        newest, began = chat.newest(), time.monotonic()
        if not await chat.settle(newest, self._patience.check_in, self._patience.quiet):
            return []
        return [Turn(None, None, chat.bubbles(newest, began))]


def _worst(person: Writer, turns: Sequence[Turn]) -> RiskLevel | None:
    labelled = [turn.level for turn in turns if turn.level is not None]
    return max(labelled, default=person.risk)


def _can_be_stopped(message: dict[str, Any]) -> bool:
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    return any(
        button.get("callback_data", "").startswith("stop:") for row in rows for button in row
    )
