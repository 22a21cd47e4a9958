"""The Telegram side of the bot as one part: connected, recovered, listening, drained."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram.error import BadRequest, TelegramError

from bot import metrics
from bot.errors import StartupError
from bot.telegram.client import call_at_start
from bot.telegram.inbound.intake import ALLOWED_UPDATES
from bot.telegram.inbound.webhook import webhook_route
from bot.telegram.inbound.webhook_watch import WebhookWatch, refuse_takeover
from bot.telegram.shutdown import run_stage
from bot.telegram.wiring import build_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.routing import Route

    from bot.conversation.companion import Companion
    from bot.storage.store import Storage
    from bot.telegram.client import Client, Connection
    from bot.telegram.context import Incident, Options

log = structlog.get_logger(__name__)


class TelegramService:
    """Receives, answers and recovers, from `start` to `stop`."""

    def __init__(
        self,
        client: Client,
        connection: Connection,
        storage: Storage,
        companion: Companion,
        options: Options,
        *,
        incidents: Callable[[], Sequence[Incident]],
    ) -> None:
        self._client = client
        self._connection = connection
        self._storage = storage
        self._parts = build_parts(
            client,
            storage,
            companion,
            options,
            lease_safe_seconds=storage.lease_safe_seconds,
            incidents=incidents,
        )

        url = connection.webhook_url
        self._webhook_watch = WebhookWatch(client, url, storage.clock) if url is not None else None
        self._menus: asyncio.Task[None] | None = None

    @property
    def webhook(self) -> Route | None:
        """The route Telegram calls, in webhook mode."""
        url = self._connection.webhook_url
        if url is None:
            return None
        return webhook_route(url, self._connection.webhook_secret, self._parts.intake)

    async def start(self) -> None:
        """Take up what was left, then let new updates in."""
        await self._parts.access.refresh()
        await self._parts.crisis.recover()
        self._parts.start_handling()
        self._parts.maintenance.start()
        connection = self._connection
        if connection.webhook_url is None:
            await self._leave_webhook()
            await self._parts.poller.start()
        else:
            await self._set_webhook(connection.webhook_url)
        # No person's first message waits for the menus.
        self._menus = asyncio.create_task(self._parts.router.publish_menus(), name="menus")

    async def stop(self, grace: float) -> None:
        """Let nothing in, finish what can be finished in `grace` seconds, leave the rest stored."""
        self._parts.intake.close()
        if self._menus is not None:
            self._menus.cancel()
            await asyncio.gather(self._menus, return_exceptions=True)
        await asyncio.gather(
            run_stage(grace, "intake", self._parts.poller.stop()),
            self._parts.drain(grace),
        )
        await run_stage(1.0, "leases", self._release_unfinished())
        await run_stage(1.0, "maintenance", self._parts.maintenance.stop())
        await self._parts.aclose(drain_seconds=1.0)
        await run_stage(0.5, "telegram", self._client.shutdown())

    async def _release_unfinished(self) -> None:
        """Release what could not be finished, so that no person has to wait for its lease."""
        if unfinished := self._parts.running_turns.unfinished:
            await self._storage.turns.release(unfinished)
        if held := self._parts.update_handler.held:
            await self._storage.inbox.release(held)

    async def receiving(self) -> bool:
        """Whether new messages reach the bot (by webhook: as far as it can know)."""
        if self._parts.intake.is_closed:
            return False
        if self._webhook_watch is not None:
            return await self._webhook_watch.is_ours()
        return await self._parts.poller.alive()

    async def is_webhook_delivered(self) -> bool:
        """Whether Telegram holds nothing back because its calls fail; True by polling."""
        return self._webhook_watch is None or await self._webhook_watch.is_delivered()

    @property
    def webhook_watch(self) -> WebhookWatch | None:
        """What asks Telegram where it delivers, in webhook mode."""
        return self._webhook_watch

    def show_load(self) -> None:
        """Have the metrics show what is at work here, whenever they are read."""
        parts = self._parts
        at_once = parts.scheduler.at_once
        metrics.CHATS_AT_ONCE.set(at_once)
        metrics.CHATS_BUSY.set_function(lambda: at_once - parts.scheduler.capacity)
        metrics.OUTBOX_WAITING.set_function(lambda: parts.outbox.waiting)
        metrics.ENGINE_DOWN.set_function(lambda: parts.breaker.is_down)

    async def is_oncall_chat_reachable(self) -> bool:
        """Whether alerts reach the people on duty, as far as it was tried."""
        return await self._parts.oncall_alerts.is_oncall_chat_reachable()

    async def _leave_webhook(self) -> None:
        """A webhook that is still set would refuse polling."""
        try:
            if not self._connection.takes_over:
                await call_at_start(partial(refuse_takeover, self._client, None))
            await call_at_start(partial(self._client.delete_webhook, drop_pending_updates=False))
        except TelegramError as error:
            log.warning("webhook_not_removed", error=type(error).__name__)

    async def _set_webhook(self, url: str) -> None:
        try:
            if not self._connection.takes_over:
                await call_at_start(partial(refuse_takeover, self._client, url))
            await call_at_start(
                partial(
                    self._client.set_webhook,
                    url,
                    secret_token=self._connection.webhook_secret,
                    allowed_updates=ALLOWED_UPDATES,
                    max_connections=100,
                )
            )
        except BadRequest as error:
            raise StartupError(
                f"Telegram refused WEBHOOK_URL ({type(error).__name__}); it has to be an address "
                "Telegram can reach by https on port 443, 80, 88 or 8443."
            ) from None
        except TelegramError as error:
            raise StartupError(
                f"Telegram did not take the webhook ({type(error).__name__}); "
                "this is no fault of WEBHOOK_URL: start again in a while."
            ) from None
