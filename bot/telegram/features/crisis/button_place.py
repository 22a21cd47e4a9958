"""Where a person's crisis buttons stand: under the newest message that carries them, alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)


class CrisisButtonPlace:
    """Takes the buttons away from an earlier message once a later one has them."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._talks = context.storage.crisis_talks
        self._tasks: set[asyncio.Task[None]] = set()

    async def moved(self, user_id: int, chat_id: int, message_id: int | None) -> None:
        """Note that a message has the buttons now. Never raises, waits for no call to Telegram."""
        if not is_private(chat_id) or message_id is None:
            return
        try:
            before = await self._talks.move_buttons(user_id, message_id)
        except StorageError as error:
            log.warning("buttons_not_moved", error=type(error).__name__)
            return
        if before is not None:
            task = asyncio.create_task(self._take_away(chat_id, before), name="old buttons")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Wait for what is under way; call it when the outbox is closed, which ends it all."""
        await asyncio.gather(*self._tasks)

    async def _take_away(self, chat_id: int, message_id: int) -> None:
        try:
            await self._outbox.edit_keyboard(chat_id, message_id, None)
        except (Unreachable, Undeliverable) as error:
            # Deleted, or too old for Telegram: there is nothing to press any more.
            log.info("old_buttons_stay", error=type(error).__name__)
