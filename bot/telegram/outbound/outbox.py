"""Everything the bot says to Telegram, in the right order and never too fast.

One queue a chat, at most one call at a time in it and one a second (a group: 20 a minute), 30 a
second for all chats together. What goes first is told by `Priority`. A queue has a task only while
something waits in it, and is forgotten when it has been idle long enough.

Crisis text waits for none of this: it goes out beside a call that hangs, in the same second as the
edit before it, and past the line of the whole bot. Telegram publishes what it wants over time and
takes a few calls at once; where it answers 429 all the same, the text waits for exactly that long.

Where a message can appear twice: sendMessage is not idempotent. When its answer is lost (a
time-out, a reset, a 5xx), it is unknown whether the message is there; the outbox sends it again,
because a person who reads a sentence twice is better off than one who never reads it. Each such
case is counted in `Outbox.uncertain_sends`. Edits are idempotent and have no such window.
"""

from __future__ import annotations

import asyncio
from math import inf
from random import Random
from typing import TYPE_CHECKING

import structlog
from telegram.error import TelegramError

from bot.telegram.outbound.dispatcher import Dispatcher
from bot.telegram.outbound.failures import reason
from bot.telegram.outbound.operation import Operation, Priority
from bot.telegram.outbound.pace import Pace
from bot.telegram.outbound.rendering import render
from bot.telegram.topics import topic_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.telegram.outbound.delivery import SendApi
    from bot.telegram.outbound.operation import Kind
    from bot.telegram.outbound.rendering import Rendered

log = structlog.get_logger(__name__)


class Outbox:
    """All outgoing calls of the bot.

    Args:
        bot: what speaks to Telegram.
        clock: monotonic seconds.
        calls_per_second: in all chats together.
        sleep: waits for seconds of that clock.
        random: spreads the repeated tries of many chats.
        ttl: seconds after which a message that could not be sent is given up.
        final_ttl: the same for answers and crisis text.
    """

    def __init__(
        self,
        bot: SendApi,
        *,
        clock: Callable[[], float],
        calls_per_second: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Random | None = None,
        ttl: float = 60.0,
        final_ttl: float = 600.0,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._ttl = ttl
        self._final_ttl = final_ttl
        self._dispatcher = Dispatcher(
            bot,
            Pace(calls_per_second, 1.0, clock=clock, sleep=sleep),
            clock=clock,
            sleep=sleep,
            random=random or Random(),  # noqa: S311  (jitter, not a secret)
        )

    @property
    def queues(self) -> int:
        """How many chats are remembered now."""
        return len(self._dispatcher.queues)

    @property
    def waiting(self) -> int:
        """How many operations wait for their slot now."""
        return sum(len(queue.waiting) for queue in self._dispatcher.queues.values())

    @property
    def uncertain_sends(self) -> int:
        """How many sends were repeated although the first may have had its effect."""
        return self._dispatcher.uncertain_sends

    @property
    def floods(self) -> int:
        """How often Telegram asked that a chat be left alone for a while."""
        return self._dispatcher.floods

    def on_chat_migrated(self, listener: Callable[[int, int], None]) -> None:
        """Have `listener(old, new)` told when a group turns out to have become a supergroup."""
        self._dispatcher.on_migrated = listener

    def is_muted(self, chat_id: int) -> bool:
        """Whether the bot was lately told that it may not write in this group."""
        return self._dispatcher.is_muted(chat_id)

    def unmute(self, chat_id: int) -> None:
        """Try a group again: the bot's rights in it have changed."""
        self._dispatcher.unmute(chat_id)

    def mark_reachable(self, chat_id: int) -> None:
        """Open a chat again that `Unreachable` had shut: the person has written."""
        self._dispatcher.unreachable.discard(chat_id)

    async def send(
        self,
        chat_id: int,
        rendered: Rendered,
        keyboard: InlineKeyboardMarkup | None = None,
        reply_to: int | None = None,
        priority: Priority = Priority.SEND,
        *,
        check: Callable[[], None] | None = None,
    ) -> int:
        """Send a message and return its id.

        `check` is called when the slot has come; what it raises is raised here, and nothing sent.

        Raises:
            Unreachable: the person blocked the bot.
            Undeliverable: Telegram refused it, or did not take it in time (`Expired`).
        """
        operation = self._operation("send", chat_id, priority, _checked(rendered, check))
        operation.keyboard, operation.reply_to = keyboard, reply_to
        return await self._do(chat_id, operation)

    async def send_text(
        self,
        chat_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        priority: Priority = Priority.SEND,
    ) -> int:
        """Send Markdown of any length, the keyboard under its last part; return that one's id.

        Raises as `send`.
        """
        return await self.send_parts(chat_id, render(text), keyboard, priority=priority)

    async def send_parts(
        self,
        chat_id: int,
        parts: Sequence[Rendered],
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        priority: Priority = Priority.SEND,
    ) -> int:
        """Send a text cut into messages, the keyboard under the last; return that one's id.

        Raises as `send`.
        """
        *first, last = parts
        for part in first:
            await self.send(chat_id, part, priority=priority)
        return await self.send(chat_id, last, keyboard, priority=priority)

    async def send_latest(
        self,
        chat_id: int,
        content: Callable[[], Rendered | None],
        keyboard: InlineKeyboardMarkup | None = None,
        reply_to: int | None = None,
    ) -> int | None:
        """Send what `content` returns when the slot is there; None if it then returns None.

        When cancelled while the message is on its way, it waits for the id and returns it: a
        message of unknown id could never be edited. Raises as `send`.
        """
        operation = self._operation("send", chat_id, Priority.SEND, content)
        operation.keyboard, operation.reply_to = keyboard, reply_to
        self._dispatcher.submit(chat_id, operation)
        try:
            await asyncio.wait((operation.done,))
        except asyncio.CancelledError:
            if not self._dispatcher.recall(chat_id, operation):
                raise
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            await asyncio.wait((operation.done,))
        return operation.done.result() or None

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        rendered: Rendered,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        final: bool = False,
        check: Callable[[], None] | None = None,
    ) -> int:
        """Replace a message and return the id of the message that shows it.

        That is another one if the message was deleted and this was its final text. An edit that
        a newer one replaces before its slot came counts as done. `check` and raises as `send`.
        """
        priority = Priority.FINAL if final else Priority.EDIT
        operation = self._operation("edit", chat_id, priority, _checked(rendered, check))
        operation.keyboard, operation.message_id = keyboard, message_id
        return await self._do(chat_id, operation)

    async def edit_text(
        self,
        chat_id: int,
        message_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> int:
        """Replace a message for good, as a question by its outcome. As `edit_parts`."""
        return await self.edit_parts(chat_id, message_id, render(text), keyboard)

    async def edit_parts(
        self,
        chat_id: int,
        message_id: int,
        parts: Sequence[Rendered],
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> int:
        """Replace a message for good by a text cut into messages, the keyboard under the last.

        Returns the id of the message that has the keyboard; raises as `send`.
        """
        first, *rest = parts
        shown = None if rest else keyboard
        edited = await self.edit(chat_id, message_id, first, shown, final=True)
        return await self.send_parts(chat_id, rest, keyboard) if rest else edited

    async def edit_latest(
        self,
        chat_id: int,
        message_id: int,
        content: Callable[[], Rendered | None],
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> None:
        """Preview what `content` returns when the slot is there; nothing if that is None.

        Waits as long as Telegram asks to be left alone; gives up (`Expired`) after three failed
        tries; gives way to any other edit of the message.
        """
        operation = self._operation("edit", chat_id, Priority.EDIT, content)
        operation.keyboard, operation.message_id = keyboard, message_id
        operation.preview, operation.deadline = True, inf
        await self._do(chat_id, operation)

    async def edit_keyboard(
        self, chat_id: int, message_id: int, keyboard: InlineKeyboardMarkup | None
    ) -> None:
        """Replace or take away the buttons under a message. Raises as `send`."""
        operation = self._operation("keyboard", chat_id, Priority.EDIT)
        operation.keyboard, operation.message_id = keyboard, message_id
        await self._do(chat_id, operation)

    async def send_document(
        self,
        chat_id: int,
        document: bytes,
        filename: str,
        caption: Rendered | None = None,
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> int:
        """Send a file (Telegram's limit: 50 MB, caption 1024 units) and return the message's id."""
        operation = self._operation(
            "document", chat_id, Priority.SEND, (lambda: caption) if caption else None
        )
        operation.document, operation.filename = document, filename
        operation.keyboard = keyboard
        return await self._do(chat_id, operation)

    def show_typing(self, chat_id: int) -> None:
        """Begin to show "typing" for 5 s, if that keeps nothing else from being said.

        Neither the caller nor the next message waits for it.

        Raises:
            Unreachable: the person blocked the bot.
        """
        self._dispatcher.type(chat_id, self._operation("typing", chat_id, Priority.TYPING))

    async def answer_callback(
        self, callback_id: str, text: str | None = None, *, alert: bool = False
    ) -> bool:
        """End a pressed button's loading state at once; False if Telegram did not take it."""
        try:
            return await self._bot.answer_callback_query(callback_id, text, show_alert=alert)
        except TelegramError as error:
            log.info("callback_not_answered", reason=reason(error))
            return False

    async def aclose(self, drain_seconds: float) -> None:
        """Say what must be said, drop the rest, and stop.

        Edits and typing are dropped at once; messages, answers and crisis text are still taken
        and get `drain_seconds` to go out. What is left then fails with `Closed`.
        """
        await self._dispatcher.aclose(drain_seconds)

    async def _do(self, chat_id: int, operation: Operation) -> int:
        """Wait until it is done. Who is cancelled takes it back, but not what must arrive."""
        self._dispatcher.submit(chat_id, operation)
        if operation.priority <= Priority.FINAL:
            await asyncio.wait((operation.done,))  # unlike `await`, does not cancel the future
            return operation.done.result()
        return await operation.done

    def _operation(
        self,
        kind: Kind,
        chat_id: int,
        priority: Priority,
        content: Callable[[], Rendered | None] | None = None,
    ) -> Operation:
        ttl = self._final_ttl if priority <= Priority.FINAL else self._ttl
        return Operation(
            kind,
            priority,
            deadline=self._clock() + ttl,
            done=asyncio.get_running_loop().create_future(),
            content=content,
            thread_id=topic_in(chat_id),
        )


def _checked(rendered: Rendered, check: Callable[[], None] | None) -> Callable[[], Rendered]:
    def content() -> Rendered:
        if check is not None:
            check()
        return rendered

    return content
