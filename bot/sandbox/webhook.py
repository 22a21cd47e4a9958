"""Delivers updates to the bot's webhook, as Telegram does.

Updates of one chat go out one after another, each only after the one before was answered with
2xx; different chats go in parallel, up to `max_connections`. A failed delivery is repeated with
growing pauses until it succeeds or the webhook changes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.model import Json, Update
    from bot.sandbox.world import World

_ANSWER_SECONDS = 60.0
_MAX_PAUSE = 60.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """What `setWebhook` asked for; no `url` means that the bot polls."""

    url: str = ""
    secret_token: str = ""
    max_connections: int = 40


class WebhookSender:
    """Sends pending updates while a webhook is set.

    Args:
        world: whose updates.
        sleep: waits between two tries, in seconds.
        first_pause: seconds before the second try; doubles up to a minute.
    """

    def __init__(
        self,
        world: World,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        first_pause: float = 1.0,
    ) -> None:
        self._world = world
        self._sleep = sleep
        self._first_pause = first_pause
        self._task: asyncio.Task[None] | None = None
        self._last_error: tuple[int, str] | None = None
        self.config = WebhookConfig()

    def restore(self) -> None:
        """Go on with the webhook that was set in an earlier run."""
        saved = {key: value for key, value in self._saved().items() if key != "name"}
        if saved.get("url"):
            self._begin(WebhookConfig(**saved))

    async def set(self, config: WebhookConfig) -> None:
        """Deliver to this address from now on; an empty `url` ends delivery."""
        await self.stop()
        self._last_error = None
        self.config = config
        self._world.put_setting("webhook", asdict(config))
        if config.url:
            self._world.updates.interrupt()
            self._begin(config)

    async def stop(self) -> None:
        """End delivery; what is unconfirmed stays."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def info(self) -> Json:
        """The Bot API's `WebhookInfo`."""
        info: Json = {
            "url": self.config.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.updates.pending()),
        }
        if self.config.url:
            info["max_connections"] = self.config.max_connections
        if self._world.updates.allowed:
            info["allowed_updates"] = list(self._world.updates.allowed)
        if self._last_error is not None:
            info["last_error_date"], info["last_error_message"] = self._last_error
        return info

    def _saved(self) -> Json:
        return self._world.settings.get("webhook", {})

    def _begin(self, config: WebhookConfig) -> None:
        self.config = config
        self._task = asyncio.create_task(self._run(config), name="sandbox-webhook")

    async def _run(self, config: WebhookConfig) -> None:
        updates = self._world.updates
        arrival = updates.arrival()
        busy: set[int] = set()

        async def drain(chat_id: int) -> None:
            try:
                await self._drain(client, config, chat_id)
            finally:
                busy.discard(chat_id)
                arrival.set()

        try:
            async with (
                httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client,
                asyncio.TaskGroup() as group,
            ):
                while True:
                    arrival.clear()
                    for update in updates.pending():
                        if update.chat_id in busy or len(busy) >= config.max_connections:
                            continue
                        busy.add(update.chat_id)
                        group.create_task(drain(update.chat_id))
                    await arrival.wait()
        finally:
            updates.forget(arrival)

    async def _drain(self, client: httpx.AsyncClient, config: WebhookConfig, chat_id: int) -> None:
        """Deliver one chat's updates in order until none is left."""
        pause = self._first_pause
        while update := self._first_of(chat_id):
            # An update must not reach the bot before its id is safe from being given away again.
            await self._world.store.flush()
            failure = await self._deliver(client, config, update)
            if failure is None:
                self._world.updates.confirm(update.id)
                await self._world.store.flush()
                pause = self._first_pause
            else:
                self._last_error = (self._world.now(), failure)
                await self._sleep(pause)
                pause = min(pause * 2, _MAX_PAUSE)

    def _first_of(self, chat_id: int) -> Update | None:
        mine = (item for item in self._world.updates.pending() if item.chat_id == chat_id)
        return next(mine, None)

    async def _deliver(
        self, client: httpx.AsyncClient, config: WebhookConfig, update: Update
    ) -> str | None:
        """One try; None when it was accepted, else Telegram's words for what went wrong."""
        headers = {SECRET_HEADER: config.secret_token} if config.secret_token else {}
        try:
            response = await client.post(config.url, json=update.body(), headers=headers)
        except httpx.TimeoutException:
            return "Read timeout expired"
        except httpx.ConnectError:
            return "Connection refused"
        except httpx.HTTPError:
            return "Connection reset by peer"
        if response.is_success:
            return None
        status = f"{response.status_code} {response.reason_phrase}"
        return f"Wrong response from the webhook: {status}"
