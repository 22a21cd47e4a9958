"""What several sandbox tests need besides fixtures: names, a cipher, a clock, bots, pages."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from telegram import Bot, Update
from telegram.ext import Application, TypeHandler
from telegram.request import HTTPXRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playwright.async_api import Browser, Page

    from bot.sandbox import Sandbox

TOKEN = "700001:sandbox-test-token"
XIAOLIN = 1001
YATING = 1002
GROUP = -1001000000001


class SealedBox:
    """A real cipher with a key of its own."""

    def __init__(self, key: bytes | None = None) -> None:
        self._aead = AESGCM(key or AESGCM.generate_key(256))

    def encrypt(self, data: bytes, /) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._aead.encrypt(nonce, data, None)

    def decrypt(self, data: bytes, /) -> bytes:
        return self._aead.decrypt(data[:12], data[12:], None)


class SteppedClock:
    """Wall and monotonic time that only move when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def client(sandbox: Sandbox, token: str = TOKEN) -> Bot:
    """python-telegram-bot's own client, without the certificates that plain http never needs."""
    return Bot(
        token,
        base_url=sandbox.base_url,
        base_file_url=sandbox.base_file_url,
        request=HTTPXRequest(httpx_kwargs={"verify": False}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"verify": False}),
    )


@asynccontextmanager
async def polling_bot(
    sandbox: Sandbox, on_update: Callable[[Update, Bot], Awaitable[None]]
) -> AsyncIterator[Application]:
    """A bot with python-telegram-bot's own Updater; handles one update after another."""
    application = Application.builder().bot(client(sandbox)).build()

    async def handle(update: Update, context: object) -> None:
        await on_update(update, application.bot)

    application.add_handler(TypeHandler(Update, handle))
    async with application:
        await application.start()
        await application.updater.start_polling(poll_interval=0, timeout=5)
        yield application
        await application.updater.stop()
        await application.stop()


async def open_page(
    browser: Browser, url: str, complaints: list[str], width: int = 1280, height: int = 800
) -> Page:
    """A tab of its own; what its console says goes to `complaints`."""
    tab = await browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
    tab.on("console", lambda entry: complaints.append(f"{entry.type}: {entry.text}"))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.set_default_timeout(10_000)
    await tab.goto(url)
    # The name stands there once the page has its first snapshot.
    await tab.locator("#persona .name").wait_for(state="attached")
    return tab
