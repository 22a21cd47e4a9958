"""A sandbox on a free port, bots that talk to it, and a browser that looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright
from telegram import Bot

from bot.sandbox import Sandbox
from tests.bot.sandbox.parts import TOKEN, XIAOLIN, open_page
from tests.browser import ARGUMENTS, LEFT_OUT, find_chromium

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    box = Sandbox("127.0.0.1", 0, TOKEN)
    await box.start()
    yield box
    await box.stop()


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    """python-telegram-bot's own client; 小林 has already started the chat."""
    sandbox.people.say(XIAOLIN, "/start")
    client = Bot(sandbox.token, base_url=sandbox.base_url, base_file_url=sandbox.base_file_url)
    async with client:
        yield client


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip(LEFT_OUT)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said; tests end by checking that it is empty."""
    return []


@pytest.fixture
async def page(browser: Browser, sandbox: Sandbox, complaints: list[str]) -> AsyncIterator[Page]:
    """The chat page on a desktop, as 小林 sees it on the first visit."""
    tab = await open_page(browser, sandbox.url, complaints)
    yield tab
    assert complaints == []


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
