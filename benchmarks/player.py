"""People who play dialogues, several at once, each dialogue in a chat of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.chatlog import SentMessage, ShownText
    from benchmarks.dialogues import Monologue
    from benchmarks.telegram import Screen, Telegram


@dataclass(frozen=True, slots=True)
class WritingStyle:
    """How people write.

    `together` messages are written at once, without waiting for an answer in between; they become
    `answers_each` answers. Who gets none within `patience` seconds ends the dialogue.
    """

    together: int
    answers_each: int | None
    """None: as many as there were messages."""
    patience: float
    pause: float
    """Seconds between an answer and what is written next: reading and writing take time."""


@dataclass(frozen=True, slots=True)
class PlayedDialogue:
    """One dialogue as Telegram saw it."""

    person: int
    said: Sequence[SentMessage]
    shown: Sequence[ShownText]
    unsaid: int
    """Messages that were not written any more, because an answer before them never came."""


class Players:
    """Plays dialogues until none is left."""

    def __init__(
        self,
        telegram: Telegram,
        style: WritingStyle,
        *,
        first_person: int,
        on_said: Callable[[], None],
        on_played: Callable[[], None],
    ) -> None:
        self._telegram = telegram
        self._style = style
        self._next_person = first_person
        self._on_said = on_said
        self._on_played = on_played
        self._waiting: deque[Monologue] = deque()
        self._played: list[PlayedDialogue] = []

    async def play(self, monologues: Sequence[Monologue], people: int) -> list[PlayedDialogue]:
        """Play every dialogue, `people` of them at a time."""
        self._waiting.extend(monologues)
        tasks = [asyncio.create_task(self._one_after_the_other()) for _ in range(people)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._played

    async def _one_after_the_other(self) -> None:
        while self._waiting:
            monologue = self._waiting.popleft()
            person, self._next_person = self._next_person, self._next_person + 1
            self._played.append(await self._dialogue(person, monologue))
            self._on_played()

    async def _dialogue(self, person: int, monologue: Monologue) -> PlayedDialogue:
        said: list[SentMessage] = []
        await self._telegram.add_visitor(person)
        async with self._telegram.watch(person) as screen:
            for start in range(0, len(monologue.texts), self._style.together):
                if start:
                    await asyncio.sleep(self._style.pause)
                texts = monologue.texts[start : start + self._style.together]
                answered = self._finished(screen)
                for text in texts:
                    said.append(await self._telegram.say(person, text))
                    self._on_said()
                wanted = answered + (self._style.answers_each or len(texts))
                if not await screen.wait(
                    lambda wanted=wanted: self._finished(screen) >= wanted,  # type: ignore[misc]
                    self._style.patience,
                ):
                    break
        return PlayedDialogue(
            person, said, await self._telegram.shown(person), len(monologue.texts) - len(said)
        )

    def _finished(self, screen: Screen) -> int:
        """How many answers this person has read to their end; a card is the answer of its turn."""
        return sum(shown.finished for shown in screen.bot_messages.values())
