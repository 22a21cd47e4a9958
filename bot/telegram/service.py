"""The Telegram side of the bot as one part: connected, recovered, listening, drained."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram.error import TelegramError

from bot.errors import StartupError
from bot.locales import language_for
from bot.storage import StorageError
from bot.telegram.answering import Answering
from bot.telegram.buttons import Buttons
from bot.telegram.chats import Chats
from bot.telegram.commands import Commands
from bot.telegram.export import Exporter
from bot.telegram.express import Express
from bot.telegram.inbound.intake import ALLOWED_UPDATES, Arrival, Intake
from bot.telegram.inbound.polling import Polling
from bot.telegram.inbound.webhook import webhook_route
from bot.telegram.menus import publish_menu_of_admin, publish_menus
from bot.telegram.outbound.outbox import Outbox

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.conversation.companion import Companion
    from bot.locales import Language
    from bot.storage.store import Storage
    from bot.telegram.client import Client, Connection

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 5.0
HEARTBEAT_SECONDS = 10.0
CHATS_AT_ONCE = 256
PURGE_EVERY = timedelta(hours=1)
UPDATES_ARE_KEPT = timedelta(days=7)


class TelegramService:
    """Receives, answers and recovers, from `start` to `stop`."""

    def __init__(
        self,
        bot: Client,
        connection: Connection,
        storage: Storage,
        companion: Companion,
        *,
        admins: frozenset[int],
        burst_window: float,
        is_trial: bool,
    ) -> None:
        self._bot = bot
        self._connection = connection
        self._storage = storage
        self._admins = admins
        now = storage.claimant.clock
        me = bot.bot
        self._outbox = Outbox(bot, clock=time.monotonic)
        self._answering = Answering(
            companion, storage.turns, storage.users, self._outbox, clock=time.monotonic
        )
        self._chats = Chats(
            bot=bot,
            me=me,
            inbox=storage.inbox,
            turns=storage.turns,
            users=storage.users,
            answering=self._answering,
            burst_window=burst_window,
            language_of=self._language_of,
            now=now,
        )
        self._express = Express(
            bot=bot,
            me=me,
            inbox=storage.inbox,
            users=storage.users,
            outbox=self._outbox,
            commands=Commands(
                outbox=self._outbox,
                answering=self._answering,
                users=storage.users,
                audit=storage.audit,
                exporter=Exporter(storage.users, self._outbox),
                admins=admins,
                publish_menu_of_admin=partial(publish_menu_of_admin, bot),
                is_trial=is_trial,
            ),
            buttons=Buttons(
                outbox=self._outbox,
                answering=self._answering,
                conversations=storage.conversations,
                turns=storage.turns,
                users=storage.users,
                recent=storage.recent,
                audit=storage.audit,
                admins=admins,
                wake=self._chats.wake,
                now=now,
            ),
        )
        self._intake = Intake(storage.inbox, bot, now=now, on_arrival=self._arrived)
        self._polling = Polling(bot, self._intake, clock=time.monotonic)
        self._purged_at = now() - PURGE_EVERY
        self._background: list[asyncio.Task[None]] = []

    @property
    def webhook(self) -> Route | None:
        """The route Telegram calls, in webhook mode."""
        url = self._connection.webhook_url
        if url is None:
            return None
        return webhook_route(url, self._connection.webhook_secret, self._intake)

    async def start(self) -> None:
        """Take up what was left, then let new updates in."""
        await publish_menus(self._bot, self._admins)
        self._express.start()
        self._background = [
            asyncio.create_task(self._sweep(), name="sweep"),
            asyncio.create_task(self._heartbeat(), name="heartbeat"),
        ]
        connection = self._connection
        if connection.webhook_url is None:
            await self._leave_webhook()
            await self._polling.start()
        else:
            await self._set_webhook(connection.webhook_url)

    async def stop(self, grace: float) -> None:
        """Let nothing in, finish what can be finished in `grace` seconds, leave the rest stored."""
        await self._polling.stop()
        await asyncio.gather(self._chats.drain(grace), self._express.drain(grace))
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._outbox.aclose(drain_seconds=1.0)
        await self._bot.shutdown()

    async def receiving(self) -> bool:
        """Whether new messages reach the bot (by webhook: as far as it can know)."""
        return self._connection.webhook_url is not None or await self._polling.alive()

    def _arrived(self, arrival: Arrival) -> None:
        if arrival.chat_id is not None:
            self._outbox.reachable(arrival.chat_id)
        if arrival.lane == "chat" and arrival.chat_id is not None:
            self._chats.wake(arrival.chat_id)
        else:
            self._express.wake()

    async def _language_of(self, user_id: int) -> Language:
        return language_for(await self._storage.users.language_code(user_id))

    async def _leave_webhook(self) -> None:
        """A webhook that is still set would refuse polling."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("webhook_not_removed", error=type(error).__name__)

    async def _set_webhook(self, url: str) -> None:
        try:
            await self._bot.set_webhook(
                url,
                secret_token=self._connection.webhook_secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=100,
            )
        except TelegramError as error:
            raise StartupError(
                f"Telegram refused WEBHOOK_URL ({type(error).__name__}); it has to be an address "
                "Telegram can reach by https on port 443, 80, 88 or 8443."
            ) from None

    async def _sweep(self) -> None:
        """Wake what waits and nobody works on: after a crash, an outage, a failed attempt."""
        while True:
            try:
                storage = self._storage
                await storage.inbox.release_expired()
                waiting = await storage.turns.unfinished_chats(CHATS_AT_ONCE)
                waiting += await storage.inbox.chats_with_work(CHATS_AT_ONCE)
                for chat_id in waiting:
                    self._chats.wake(chat_id)
                self._express.wake()
                await self._purge()
            except StorageError as error:
                log.warning("sweep_failed", error=type(error).__name__)
            except Exception:
                log.exception("sweep_broke")
            await asyncio.sleep(SWEEP_SECONDS)

    async def _purge(self) -> None:
        """Once an hour, delete updates that ended long ago; a repeat comes within a day."""
        now = self._storage.claimant.clock()
        if now - self._purged_at >= PURGE_EVERY:
            self._purged_at = now
            await self._storage.inbox.purge(now - UPDATES_ARE_KEPT)

    async def _heartbeat(self) -> None:
        """Keep the claims of what is being worked on."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                if held := self._answering.held:
                    kept = await self._storage.turns.renew(held)
                    self._answering.abandon(set(held) - kept)
                if held := self._express.held:
                    await self._storage.inbox.renew(held)
            except StorageError as error:
                log.warning("claims_not_renewed", error=type(error).__name__)
            except Exception:
                log.exception("heartbeat_broke")
