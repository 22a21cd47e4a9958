"""The lane that does not wait: commands, buttons, other kinds of messages, comings and goings."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING

import structlog
from telegram import Update

from bot.locales import language_for, texts_for
from bot.storage import StorageError
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.shutdown import cancel_all
from bot.telegram.topics import topic_of, within_topic

if TYPE_CHECKING:
    from bot.storage import StoredUpdate
    from bot.telegram.context import Context
    from bot.telegram.router import Router

log = structlog.get_logger(__name__)

MAX_TRIES = 3
MAX_AT_ONCE = 512
MAX_IN_A_CHAT = 32
"""A person who presses a thousand buttons delays no other."""


class UpdateHandler:
    """Handles the updates of the express lane, each in a task of its own."""

    def __init__(self, context: Context, router: Router) -> None:
        self._client = context.client
        self._inbox = context.storage.inbox
        self._users = context.storage.users
        self._outbox = context.outbox
        self._router = router
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._busy: Counter[int | None] = Counter()
        self._wanted = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what waits in the inbox."""
        self._wanted.set()
        self._loop = asyncio.create_task(self._run(), name="express lane")

    def wake(self) -> None:
        """Say that an update waits."""
        self._wanted.set()

    @property
    def held(self) -> list[int]:
        """The updates being handled, whose claims have to be renewed."""
        return list(self._tasks)

    async def drain(self, grace: float) -> None:
        """Take no new work and let what has begun finish for `grace` seconds."""
        if self._loop is not None:
            self._loop.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=grace)
            await cancel_all(late)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            room = MAX_AT_ONCE - len(self._tasks)
            if room <= 0:
                continue  # the first to end wakes the lane again
            try:
                claimed = await self._inbox.claim_express(
                    room, of_a_chat=MAX_IN_A_CHAT, exclude=self._full_chats()
                )
            except StorageError as error:
                log.warning("updates_not_claimed", error=type(error).__name__)
                continue
            except Exception:
                log.exception("update_handler_broke")
                continue
            for stored in claimed:
                self._busy[stored.chat_id] += 1
                self._tasks[stored.update_id] = asyncio.create_task(
                    self._handle(stored), name=f"update {stored.update_id}"
                )

    def _full_chats(self) -> list[int]:
        return [
            chat for chat, busy in self._busy.items() if chat is not None and busy >= MAX_IN_A_CHAT
        ]

    async def _handle(self, stored: StoredUpdate) -> None:
        try:
            await self._attempt(stored)
        except Exception as error:
            if isinstance(error, StorageError) and error.is_outage:
                # The claim runs out and the update is tried again.
                log.error("update_paused", update=stored.update_id, error=type(error).__name__)
            else:
                log.exception("update_failed", update=stored.update_id, attempt=stored.attempts)
                await self._give_up_or_retry(stored)
        finally:
            if len(self._tasks) >= MAX_AT_ONCE or self._busy[stored.chat_id] >= MAX_IN_A_CHAT:
                self._wanted.set()
            del self._tasks[stored.update_id]
            self._busy[stored.chat_id] -= 1
            if not self._busy[stored.chat_id]:
                del self._busy[stored.chat_id]

    async def _attempt(self, stored: StoredUpdate) -> None:
        try:
            raw = json.loads(stored.payload)
            with within_topic(topic_of(raw)):
                await self._router.route(Update.de_json(raw, self._client))
        except Unreachable:
            if stored.chat_id is not None:
                await self._users.mark_unreachable(stored.chat_id)
        except Undeliverable as error:
            log.warning("reply_undeliverable", update=stored.update_id, error=type(error).__name__)
        await self._inbox.finish(stored.update_id)

    async def _give_up_or_retry(self, stored: StoredUpdate) -> None:
        try:
            # `attempts` counts the claims before this one.
            if stored.attempts + 1 < MAX_TRIES:
                await self._inbox.release([stored.update_id])  # the next sweep takes it up
                return
            await self._inbox.fail(stored.update_id, "handler_error")
            if stored.chat_id is not None:
                texts = texts_for(language_for(None))
                await self._outbox.send_text(stored.chat_id, texts.error_once_more)
        except (StorageError, Unreachable, Undeliverable) as error:
            log.error("update_paused", update=stored.update_id, error=type(error).__name__)
