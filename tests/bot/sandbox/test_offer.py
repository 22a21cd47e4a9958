"""A better model, offered by the page with one button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest_asyncio
from playwright.async_api import expect

from bot.sandbox import Sandbox
from tests.bot.sandbox.parts import TOKEN, open_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import Browser, Page

OFFER = {
    "title": "Better-1.5B",
    "note": "跟得上话",
    "licence": "Apache-2.0",
    "licence_url": "https://example.org/",
    "bytes": 1_117_000_000,
    "state": "offered",
    "done": 0,
    "rate": None,
    "seconds_left": None,
    "reason": "",
}


class ScriptedOffer:
    """An offer that does what a test tells it."""

    def __init__(self) -> None:
        self.offer: dict[str, Any] | None = dict(OFFER)
        self.calls: list[str] = []
        self._on_change: Callable[[], None] = lambda: None

    def view(self) -> dict[str, Any] | None:
        return self.offer

    def listen(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change

    def accept(self) -> None:
        self.calls.append("accept")
        self.becomes(state="fetching", done=100_000_000, rate=2_500_000.0, seconds_left=406.0)

    async def stop(self) -> None:
        self.calls.append("stop")
        self.becomes(state="offered")

    def becomes(self, **changed: Any) -> None:
        assert self.offer is not None
        self.offer.update(changed)
        self._on_change()


@pytest_asyncio.fixture(loop_scope="session")
async def offer() -> ScriptedOffer:
    return ScriptedOffer()


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(offer: ScriptedOffer) -> AsyncIterator[Sandbox]:
    box = Sandbox("127.0.0.1", 0, TOKEN, offer=offer)
    await box.start()
    yield box
    await box.stop()


async def test_one_button_with_size_and_licence_and_then_progress(
    page: Page, offer: ScriptedOffer
) -> None:
    shown = page.locator("#offer")
    await expect(shown).to_contain_text("Better-1.5B，1.1 GB，许可 Apache-2.0。跟得上话")
    await shown.get_by_role("button", name="下载并换上").click()
    await expect(shown).to_contain_text("0.1 GB / 1.1 GB，2.5 MB/s，还要约 7 分钟")
    await expect(shown.get_by_role("progressbar")).to_have_attribute("value", "100000000")
    await shown.get_by_role("button", name="先停下").click()
    await expect(shown.get_by_role("button", name="接着下载")).to_be_visible()
    assert offer.calls == ["accept", "stop"]

    offer.becomes(state="failed", reason="The disk is full.")
    await expect(shown).to_contain_text("The disk is full.")
    await expect(shown.get_by_role("button", name="再试一次")).to_be_visible()
    offer.becomes(state="loading")
    await expect(shown).to_contain_text("正在换上")
    offer.becomes(state="serving")
    await expect(shown).to_contain_text("已经换上 Better-1.5B")
    await expect(shown.get_by_role("button")).to_have_count(0)


async def test_a_page_that_is_opened_later_sees_how_it_stands(
    browser: Browser, sandbox: Sandbox, offer: ScriptedOffer, complaints: list[str]
) -> None:
    offer.becomes(state="serving")
    tab = await open_page(browser, sandbox.url, complaints)
    await expect(tab.locator("#offer")).to_contain_text("已经换上")
    await tab.close()
    assert complaints == []


async def test_without_an_offer_nothing_is_shown(page: Page, offer: ScriptedOffer) -> None:
    await expect(page.locator("#offer")).to_be_visible()
    offer.offer = None
    await page.reload()
    await expect(page.locator("#chats button").first).to_be_visible()
    await expect(page.locator("#offer")).to_be_hidden()
