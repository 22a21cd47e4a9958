"""The Telegram side of the bot as one part: connected, recovered, listening, drained."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram.error import TelegramError

from bot.errors import StartupError
from bot.locales import language_for
from bot.telegram.inbound.election import OnePoller
from bot.telegram.inbound.intake import ALLOWED_UPDATES, Arrival, Intake
from bot.telegram.inbound.polling import Polling
from bot.telegram.inbound.webhook import webhook_route
from bot.telegram.letting_go import within
from bot.telegram.menus import publish_menu_of_admin, publish_menus
from bot.telegram.outbound.outbox import CALLS_PER_SECOND, Outbox
from bot.telegram.parts import Wiring, build_parts

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.conversation.companion import Companion
    from bot.locales import Language
    from bot.storage.store import Storage
    from bot.telegram.client import Client, Connection
    from bot.telegram.parts import Options

log = structlog.get_logger(__name__)


class TelegramService:
    """Receives, answers and recovers, from `start` to `stop`."""

    def __init__(
        self,
        bot: Client,
        connection: Connection,
        storage: Storage,
        companion: Companion,
        options: Options,
        *,
        calls_per_second: int = CALLS_PER_SECOND,
    ) -> None:
        self._bot = bot
        self._connection = connection
        self._storage = storage
        self._admins = options.admins
        self._outbox = Outbox(bot, clock=time.monotonic, calls_per_second=calls_per_second)
        parts = build_parts(
            storage,
            companion,
            self._outbox,
            options,
            Wiring(
                bot=bot,
                me=bot.bot,
                clock=time.monotonic,
                language_of=self._language_of,
                publish_menu_of_admin=partial(publish_menu_of_admin, bot),
                sure_for=storage.lease_safe_seconds,
            ),
        )
        self._availability = parts.availability
        self._oncall_alerts = parts.oncall_alerts
        self._check_ins = parts.check_ins
        self._crisis = parts.crisis
        self._answering = parts.answering
        self._chats = parts.chats
        self._update_handler = parts.update_handler
        self._upkeep = parts.upkeep
        self._intake = Intake(
            storage.inbox,
            bot,
            self._crisis,
            is_on_duty=parts.desk.is_on_duty,
            now=storage.clock,
            on_arrival=self._arrived,
        )
        polling = Polling(bot, self._intake, clock=time.monotonic)
        self._polling: Polling | OnePoller = (
            OnePoller(polling, storage.jobs, clock=time.monotonic) if storage.is_shared else polling
        )

    @property
    def webhook(self) -> Route | None:
        """The route Telegram calls, in webhook mode."""
        url = self._connection.webhook_url
        if url is None:
            return None
        return webhook_route(url, self._connection.webhook_secret, self._intake)

    async def start(self) -> None:
        """Take up what was left, then let new updates in."""
        await self._crisis.recover()
        await publish_menus(self._bot, self._admins)
        self._update_handler.start()
        self._upkeep.start()
        self._oncall_alerts.start()
        connection = self._connection
        if connection.webhook_url is None:
            await self._leave_webhook()
            await self._polling.start()
        else:
            await self._set_webhook(connection.webhook_url)

    async def stop(self, grace: float) -> None:
        """Let nothing in, finish what can be finished in `grace` seconds, leave the rest stored."""
        self._intake.close()
        await asyncio.gather(
            within(grace, "intake", self._polling.stop()),
            self._chats.drain(grace),
            self._update_handler.drain(grace),
        )
        await within(1.0, "claims", self._hand_back())
        await within(1.0, "upkeep", self._upkeep.stop())
        await within(0.5, "on-call alerts", self._oncall_alerts.stop())
        await within(0.5, "engine probe", self._availability.aclose())
        await within(1.5, "outbox", self._outbox.aclose(drain_seconds=1.0))
        await within(0.5, "cards", self._crisis.aclose())
        await within(0.5, "check-ins", self._check_ins.aclose())
        await within(0.5, "telegram", self._bot.shutdown())

    async def _hand_back(self) -> None:
        """Let go of what could not be finished, so that nobody has to wait for its lease."""
        if owed := self._answering.owed:
            await self._storage.turns.release(owed)
        if held := self._update_handler.held:
            await self._storage.inbox.release(held)

    async def receiving(self) -> bool:
        """Whether new messages reach the bot (by webhook: as far as it can know)."""
        if self._intake.is_closed:
            return False
        return self._connection.webhook_url is not None or await self._polling.alive()

    def _arrived(self, arrival: Arrival) -> None:
        if arrival.chat_id is not None:
            self._outbox.reachable(arrival.chat_id)
        if arrival.lane == "chat" and arrival.chat_id is not None:
            wake = self._chats.edited if arrival.is_edit else self._chats.wake
            wake(arrival.chat_id)
        else:
            self._update_handler.wake()

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
