"""Long polling that confirms updates only after they are stored.

python-telegram-bot's own updater hands updates to a queue in memory and confirms them with the
next call, so a crash in between loses them. Here the next offset is asked for after the commit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.storage import StorageError
from bot.telegram.inbound.intake import ALLOWED_UPDATES, IntakeClosed
from bot.telegram.outbound.failures import is_said_by_telegram, retry_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.telegram.client import Client
    from bot.telegram.inbound.intake import Intake

log = structlog.get_logger(__name__)

POLL_SECONDS = 30
FIRST_PAUSE = 0.5
MAX_PAUSE = 15.0
STORAGE_PAUSE = 2.0


class Polling:
    """Asks Telegram for updates until it is stopped."""

    def __init__(
        self,
        client: Client,
        intake: Intake,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._intake = intake
        self._clock = clock
        self._sleep = sleep
        self._last_success = clock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin asking in the background."""
        self._last_success = self._clock()
        self._task = asyncio.create_task(self._run(), name="polling")

    async def stop(self) -> None:
        """Stop asking; what was not confirmed comes again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    @property
    def running(self) -> bool:
        """Whether it asks."""
        return self._task is not None and not self._task.done()

    async def alive(self) -> bool:
        """Whether Telegram has answered, and what it sent was stored, within two polls."""
        return self.running and self._clock() - self._last_success < 2 * POLL_SECONDS

    async def _run(self) -> None:
        offset: int | None = None
        pause = FIRST_PAUSE
        while True:
            try:
                updates = await self._client.raw_updates(offset, POLL_SECONDS, ALLOWED_UPDATES)
                await self._intake.keep(updates)
            except RetryAfter as error:
                await self._sleep(retry_after(error))
            except Conflict:
                log.error(
                    "polling_conflict",
                    fix="another process polls with this token, or a webhook is set; stop it",
                )
                await self._sleep(MAX_PAUSE)
            except InvalidToken as error:
                if is_said_by_telegram(error):
                    fix = "Telegram no longer knows this token; set a new one"
                    log.error("token_refused", fix=fix)
                else:
                    log.warning("polling_failed", error="a proxy's answer", next_try_in=MAX_PAUSE)
                await self._sleep(MAX_PAUSE)
            except (TelegramError, StorageError, IntakeClosed) as error:
                # Not stored, so not confirmed: Telegram keeps the updates and sends them again.
                log.warning("polling_failed", error=type(error).__name__, next_try_in=pause)
                await self._sleep(pause)
                # Who is in danger is answered even if nothing can be stored: ask again soon then.
                longest = STORAGE_PAUSE if isinstance(error, StorageError) else MAX_PAUSE
                pause = min(pause * 2, longest)
            except Exception:
                # A fault of ours must not leave the bot deaf.
                log.exception("polling_broke", next_try_in=MAX_PAUSE)
                await self._sleep(MAX_PAUSE)
            else:
                self._last_success = self._clock()
                pause = FIRST_PAUSE
                if updates:
                    offset = updates[-1]["update_id"] + 1
