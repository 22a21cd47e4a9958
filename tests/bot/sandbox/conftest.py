"""A sandbox on a free port, bots that talk to it, and a browser that looks at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from pytest_asyncio import is_async_test

from bot.sandbox import Sandbox
from tests.bot.sandbox.parts import TOKEN, XIAOLIN, client, open_page
from tests.browser import ARGUMENTS, LEFT_OUT, find_chromium

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Bot


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run this room's tests on one event loop: a browser takes seconds to start."""
    for item in items:
        if item.path.is_relative_to(HERE) and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    box = Sandbox("127.0.0.1", 0, TOKEN)
    await box.start()
    yield box
    await box.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    """python-telegram-bot's own client; 小林 has already started the chat."""
    sandbox.people.say(XIAOLIN, "/start")
    async with client(sandbox) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False, timeout=10) as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; skips where there is none."""
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


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, sandbox: Sandbox, complaints: list[str]) -> AsyncIterator[Page]:
    """The chat page on a desktop, as 小林 sees it on the first visit."""
    tab = await open_page(browser, sandbox.url, complaints)
    yield tab
    await tab.close()
    assert complaints == []


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
