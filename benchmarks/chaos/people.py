"""The people of a run: each writes a script in a chat of their own and waits for answers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from benchmarks.reviewed import is_apology, is_for_danger
from devtools.engines.paced import answer_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.chaos.plan import Step
    from benchmarks.chatlog import SentMessage
    from benchmarks.telegram import Screen, Telegram

RETRY_AFTER = 2.0
"""Seconds that a person takes to press the button under an apology."""
ARRIVAL = 4.0
"""Seconds within which everybody has begun to write."""


class Person:
    """One of them."""

    def __init__(
        self,
        telegram: Telegram,
        number: int,
        script: Sequence[Step],
        *,
        on_said: Callable[[], None],
        patience: float,
    ) -> None:
        """`patience`: seconds to wait for an answer before going on without it."""
        self._telegram = telegram
        self.number = number
        self._script = script
        self._on_said = on_said
        self._patience = patience
        self._in_danger = False
        self._pressed: set[tuple[int, float]] = set()
        self.said: list[SentMessage] = []
        self.retries = 0
        """How often the button under an apology had to be pressed."""

    async def play(self, arrival: float) -> None:
        """Come after `arrival` seconds, write everything, and wait for the last answer."""
        await self._telegram.add_visitor(self.number)
        await asyncio.sleep(arrival)
        async with self._telegram.watch(self.number) as screen:
            for step in self._script:
                await asyncio.sleep(step.pause)
                self._in_danger |= step.in_danger
                for text in step.texts:
                    self.said.append(await self._telegram.say(self.number, text))
                    self._on_said()
                if step.waits or step is self._script[-1]:
                    await self._wait(screen)

    async def _wait(self, screen: Screen) -> None:
        until = time.monotonic() + self._patience
        while (left := until - time.monotonic()) > 0:
            if await screen.wait(lambda: self._answered(screen), min(left, RETRY_AFTER)):
                return
            await self._try_again(screen)

    def _answered(self, screen: Screen) -> bool:
        """Whether the answer to the last message is there, whole.

        In danger that is reviewed words from then on: a card may be all there is.
        """
        said = self.said[-1]
        mark = answer_mark(said.text)
        return any(
            shown.finished
            and not is_apology(shown.text)
            and (mark in shown.text or (self._in_danger and is_for_danger(shown.text)))
            for shown in screen.bot_messages.values()
            if shown.message_id > said.message_id
        )

    async def _try_again(self, screen: Screen) -> None:
        """Press the button under the newest message, if that is an apology."""
        newest = max(screen.bot_messages.values(), key=lambda item: item.message_id, default=None)
        if newest is None or not is_apology(newest.text):
            return
        if (newest.message_id, newest.at) in self._pressed:
            return
        for data in newest.buttons:
            if data.startswith("redo:"):
                self._pressed.add((newest.message_id, newest.at))
                self.retries += 1
                await self._telegram.press(self.number, newest.message_id, data)
