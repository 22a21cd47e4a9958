"""One answer that grows under the person's eyes: a message that is sent once and then edited.

The races, and what happens in each:

- The end comes while the first message is on its way: its id is waited for, then it is edited.
- The end comes while the first message waits for its slot: it is taken back.
- The end comes while a preview is on its way: the outbox keeps the order within a chat.
- The end comes before anything was sent: the answer is the first message.
- Telegram answers 429 to the placeholder: when the time has come, what there is to say by then is
  sent instead of it.
- The id could not be stored: the answer goes on and the id is offered again before each edit; only
  a crash within that time leaves a second message behind.
- The person deletes the message: previews stop, the finished answer comes as a new message.
- The person blocks the bot: the next `update`, `finish` or `fail` raises `Unreachable`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.telegram.outbound.failures import Expired, Undeliverable, Unreachable
from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.rendering import partial, plain, render
from bot.timeouts import wait_with_limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.outbound.rendering import Rendered

log = structlog.get_logger(__name__)

PLACEHOLDER_AFTER = 0.8
"""Seconds without any text after which the placeholder is shown."""
TYPING_EVERY = 4.5
"""Telegram shows "typing" for 5 s."""
FIRST_INTERVAL = 1.0
MAX_INTERVAL = 4.0
GROWTH = 1.1
"""Each preview makes the pause before the next one longer by this factor: a long answer is read
slower than it is written, and each edit costs everybody's time."""


class Unsure(Exception):
    """The answer may be another replica's to give by now; nothing was said."""


class StreamedReply:
    """Shows an answer while it is written. Not to be used after `finish`, `fail` or `cancel`.

    Args:
        message_id: the message to go on with, for a turn taken over after a crash.
        keyboard: the buttons while the answer is being written.
        reply_to: the message it answers, where that should be shown (groups).
        on_message_id: stores the id of the message before anything is edited into it.
        placeholder_after: seconds without text after which the placeholder is shown.
        is_ours: whether the answer is still ours to give, asked when a slot has come.
    """

    def __init__(
        self,
        outbox: Outbox,
        chat_id: int,
        message_id: int | None = None,
        *,
        on_message_id: Callable[[int], Awaitable[object]],
        keyboard: InlineKeyboardMarkup | None = None,
        reply_to: int | None = None,
        placeholder_after: float = PLACEHOLDER_AFTER,
        is_ours: Callable[[], bool] = lambda: True,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._outbox = outbox
        self._chat_id = chat_id
        self._message_id = message_id
        self._on_message_id = on_message_id
        self._id_is_stored = message_id is not None
        self._keyboard = keyboard
        self._reply_to = reply_to
        self._placeholder_after = placeholder_after
        self._is_ours = is_ours
        self._clock = clock
        self._sleep = sleep
        self._text = ""
        self._is_typing = True
        self._dirty = False
        self._woken: asyncio.Future[None] | None = None
        self._shown: Rendered | None = None
        self._on_its_way: Rendered | None = None
        self._typing_at = clock()
        self._ended = False
        self._unreachable = False
        self._driver: asyncio.Task[None] | None = None

    @property
    def message_id(self) -> int | None:
        """The message that shows the answer, once there is one."""
        return self._message_id

    def start(self) -> None:
        """Begin to show signs of life; nothing if that has begun."""
        if self._driver is not None:
            return
        self._typing_at = self._clock() + self._placeholder_after
        self._driver = asyncio.create_task(self._drive(), name="streamed-reply")

    def update(self, text: str, *, is_typing: bool = True) -> None:
        """Say what the whole answer is so far; cheap, for every delta.

        `is_typing` is false when nothing more is to come for a while.

        Raises:
            Unreachable: the person blocked the bot; no reader is left.
        """
        if self._unreachable:
            raise Unreachable
        self._text = text
        self._is_typing = is_typing
        self._dirty = True
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def suggest(self, text: str) -> None:
        """Have this shown while there is no answer yet, but not before `placeholder_after`.

        Raises:
            Unreachable: the person blocked the bot; no reader is left.
        """
        if self._message_id is None:
            self._text = text  # the first message says it, when its time has come
        else:
            self.update(text)

    async def finish(
        self, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> tuple[int, ...]:
        """Deliver the whole answer (Markdown) and return the ids of its messages, in order.

        The buttons stand under the last message only.

        Raises:
            Unsure: `is_ours` said no.
            Unreachable: the person blocked the bot.
            Undeliverable: Telegram refused it or did not take it in time.
        """
        return await self._deliver(render(text), keyboard)

    async def fail(
        self, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> tuple[int, ...]:
        """Deliver the sentence that says why there is no answer, as `finish`; no Markdown."""
        return await self._deliver(plain(text), keyboard)

    async def break_off(self, text: str) -> None:
        """End the message with `text`, without buttons; where none was sent, none is.

        Raises as `finish`.
        """
        await self._stop()
        if self._message_id is not None:
            await self._deliver(render(text), None)

    async def withdraw(self, text: str) -> None:
        """Have `text` stand in place of what was said; what comes next is a new message.

        Raises as `finish`.
        """
        await self.break_off(text)
        self._message_id, self._id_is_stored = None, False
        self._shown = self._on_its_way = self._driver = None
        self._text, self._dirty, self._ended = "", False, False

    async def cancel(self) -> None:
        """Show nothing more. The message stays as it is, its id stored, for someone to go on."""
        await self._stop()
        await self._store_id()

    async def _deliver(
        self, parts: Sequence[Rendered], keyboard: InlineKeyboardMarkup | None
    ) -> tuple[int, ...]:
        await self._stop()
        await self._store_id()
        delivered: list[int] = []
        for number, part in enumerate(parts, start=1):
            buttons = keyboard if number == len(parts) else None
            delivered.append(await self._put(part, buttons, first=number == 1))
        return tuple(delivered)

    async def _put(
        self, part: Rendered, buttons: InlineKeyboardMarkup | None, *, first: bool
    ) -> int:
        if not first:
            return await self._outbox.send(
                self._chat_id, part, buttons, priority=Priority.FINAL, check=self._check
            )
        before = self._message_id
        if before is None:
            self._message_id = await self._outbox.send(
                self._chat_id, part, buttons, self._reply_to, Priority.FINAL, check=self._check
            )
        elif part != self._shown or buttons != self._keyboard:
            self._message_id = await self._outbox.edit(
                self._chat_id, before, part, buttons, final=True, check=self._check
            )
        if self._message_id != before:
            self._id_is_stored = False
            await self._store_id()
        return self._message_id or 0

    async def _stop(self) -> None:
        """End the previews; a first message on its way is waited for, its id must not be lost."""
        self._ended = True
        if self._driver is None:
            return
        self._driver.cancel()
        await asyncio.wait((self._driver,))

    async def _drive(self) -> None:
        try:
            await self._show()
        except Unreachable:
            self._unreachable = True
        except Exception as error:  # a fault in here must not cost the person the answer
            log.warning("previews_broke", chat_id=self._chat_id, error=type(error).__name__)

    async def _show(self) -> None:
        try:
            while self._message_id is None and not self._ended:
                await self._wait_for_text(self._placeholder_after)
                await self._send_first()
            await self._store_id()
            await self._preview()
        except Undeliverable as error:
            log.info("previews_stopped", chat_id=self._chat_id, reason=type(error).__name__)
            while not self._ended:  # the end is delivered on its own, as a new message
                await self._sleep(TYPING_EVERY)
                self._outbox.show_typing(self._chat_id)

    async def _send_first(self) -> None:
        self._message_id = await self._outbox.send_latest(
            self._chat_id, self._first_text, self._keyboard, self._reply_to
        )
        self._arrived()

    async def _preview(self) -> None:
        """Show the newest text again and again until the end comes."""
        interval = FIRST_INTERVAL
        while not self._ended and self._message_id is not None:
            if not await self._wait_for_text(self._typing_at - self._clock()):
                self._typing_at = self._clock() + TYPING_EVERY
                if self._is_typing:
                    self._outbox.show_typing(self._chat_id)
                continue
            await self._store_id()
            try:
                await self._outbox.edit_latest(
                    self._chat_id, self._message_id, self._next_text, self._keyboard
                )
            except Expired:
                self._dirty, self._on_its_way = True, None
                interval = MAX_INTERVAL
            self._arrived()
            if interval > FIRST_INTERVAL:  # the outbox itself keeps the first one
                await self._sleep(interval)
            interval = min(interval * GROWTH, MAX_INTERVAL)

    async def _wait_for_text(self, seconds: float) -> bool:
        """Wait until there is text not shown yet, or `seconds` have gone by (False)."""
        if self._dirty:
            return True
        self._woken = asyncio.get_running_loop().create_future()
        try:
            await wait_with_limit(self._woken, self._sleep(seconds))
        finally:
            self._woken = None
        return self._dirty

    def _check(self) -> None:
        if not self._is_ours():
            raise Unsure

    def _first_text(self) -> Rendered | None:
        """What the first message says, asked when its slot has come."""
        self._dirty = False
        return self._depart(partial(self._text)) if self._is_ours() else None

    def _next_text(self) -> Rendered | None:
        """What the next preview says; None if that is to be seen already."""
        text = partial(self._text)
        self._dirty = False
        return None if text == self._shown or not self._is_ours() else self._depart(text)

    def _depart(self, text: Rendered) -> Rendered:
        # What is shown is unknown from here until the call has succeeded.
        self._dirty = False
        self._on_its_way, self._shown = text, None
        return text

    def _arrived(self) -> None:
        if self._on_its_way is not None:
            self._on_its_way, self._shown = None, self._on_its_way
            self._typing_at = self._clock() + TYPING_EVERY

    async def _store_id(self) -> None:
        if self._id_is_stored or self._message_id is None:
            return
        try:
            await self._on_message_id(self._message_id)
        except Exception as error:  # storage of any kind: the person gets the answer all the same
            log.warning("message_id_not_stored", chat_id=self._chat_id, error=type(error).__name__)
        else:
            self._id_is_stored = True
