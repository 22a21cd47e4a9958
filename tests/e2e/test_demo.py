"""The public page in a real Chromium, served by `python -m bot demo` over a scripted engine."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from devtools.processes import START_SECONDS, Process, bare_environment, free_port
from tests.browser import ARGUMENTS, LEFT_OUT, find_chromium

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from playwright.async_api import Locator

    from tests.e2e.scripted_engine import ScriptedEngine
    from tests.e2e.spoken import Spoken

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Looked for and not imported: that takes seconds of each worker of a run.
    pytest.mark.skipif(find_spec("gradio") is None, reason="the page needs the extra `demo`"),
]
expect.set_options(timeout=20_000)

SUGGESTION = "和爸妈一说话就吵架"
IN_DANGER = "撑不下去了，今晚就想结束自己的生命"


@pytest.fixture(scope="module")
def engine(new_engine: Callable[[], ScriptedEngine]) -> ScriptedEngine:
    return new_engine()


@pytest.fixture(scope="module")
def demo(engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    settings = {"HTTP_PORT": str(port), "TMPDIR": str(folder), **engine.bot_settings}
    process = Process(["-m", "bot", "demo"], bare_environment(settings), folder)
    process.launch()
    deadline = time.monotonic() + START_SECONDS
    while f"http://127.0.0.1:{port}" not in process.output:
        assert process.running, process.output[-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    assert process.end() == 0
    assert "Traceback" not in process.output
    # The database of the visits is gone with the process.
    assert not list(folder.glob("shudong-demo-*"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip(LEFT_OUT)
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest_asyncio.fixture(loop_scope="module")
async def page(
    demo: Process, browser: Browser, spoken: Spoken, engine: ScriptedEngine
) -> AsyncIterator[Page]:
    requested: list[str] = []
    address = next(word for word in demo.output.split() if word.startswith("http://"))
    tab = await browser.new_page(locale="zh-CN", viewport={"width": 390, "height": 800})
    tab.set_default_timeout(20_000)
    tab.on("request", lambda request: requested.append(request.url))
    await tab.goto(address)
    await words(tab).wait_for()
    yield tab
    await tab.close()
    engine.undo_faults()
    # No fonts, no analytics, nothing of anybody else's.
    assert [url for url in requested if not url.startswith((address, "data:", "blob:"))] == []
    assert not spoken.quoted_in(demo.output)


def words(page: Page) -> Locator:
    return page.locator("#words textarea")


def bubbles(page: Page) -> Locator:
    return page.locator("#chat .bot.message")


async def say(page: Page, spoken: Spoken, text: str) -> None:
    spoken.add(text)
    await words(page).fill(text)
    await words(page).press("Enter")


async def test_it_says_what_it_is_and_answers_a_suggestion(
    page: Page, engine: ScriptedEngine
) -> None:
    engine.answers(SUGGESTION, "听起来你很想被他们听见。")
    await expect(page.get_by_text("它不是真人")).to_be_visible()
    await page.get_by_role("button", name=SUGGESTION).click()
    await expect(bubbles(page).last).to_contain_text("听起来你很想被他们听见。")


async def test_the_next_prompt_knows_what_was_said(
    page: Page, engine: ScriptedEngine, spoken: Spoken
) -> None:
    engine.answers("我叫阿青", "阿青，你好。")
    engine.answers("我刚才说", "你说你叫阿青。")
    await say(page, spoken, "我叫阿青")
    await expect(bubbles(page).last).to_contain_text("阿青，你好。")
    await say(page, spoken, "我刚才说我叫什么")
    await expect(bubbles(page).last).to_contain_text("你说你叫阿青。")
    (prompt,) = engine.prompts("我刚才说")
    assert [message["content"] for message in prompt[-3:]] == [
        "我叫阿青",
        "阿青，你好。",
        "我刚才说我叫什么",
    ]


async def test_a_card_comes_before_the_answer_when_somebody_is_in_danger(
    page: Page, engine: ScriptedEngine, spoken: Spoken
) -> None:
    engine.answers(IN_DANGER, "我在这里。你现在安全吗？")
    await say(page, spoken, IN_DANGER)
    await expect(bubbles(page)).to_have_count(2)
    await expect(bubbles(page).first).to_contain_text("12356")
    await expect(bubbles(page).last).to_contain_text("你现在安全吗")


async def test_what_the_model_must_not_say_is_not_shown(
    page: Page, engine: ScriptedEngine, spoken: Spoken
) -> None:
    engine.answers("你是谁呀", "我是一名心理咨询师，我也是真人。")
    await say(page, spoken, "你是谁呀")
    await expect(bubbles(page).last).to_contain_text("AI")
    await expect(page.get_by_text("我是一名心理咨询师")).to_have_count(0)


async def test_an_answer_is_stopped_and_the_chat_goes_on(
    page: Page, engine: ScriptedEngine, spoken: Spoken
) -> None:
    engine.hold_after(40)
    engine.answers("慢慢讲", "我在听你说。" * 40)
    await say(page, spoken, "慢慢讲")
    await expect(bubbles(page).last).to_contain_text("我在听你说。")
    await page.get_by_role("button", name="停下").click()
    engine.undo_faults()
    engine.answers("换个话题", "好，说说看。")
    await expect(words(page)).to_be_enabled()
    await say(page, spoken, "换个话题")
    await expect(bubbles(page).last).to_contain_text("好，说说看。")


async def test_another_answer_replaces_the_last(
    page: Page, engine: ScriptedEngine, spoken: Spoken
) -> None:
    engine.answers("再说一次", "第一种说法。", "第二种说法。")
    await say(page, spoken, "再说一次")
    await expect(bubbles(page).last).to_contain_text("第一种说法。")
    await page.get_by_role("button", name="重试").click()
    await expect(bubbles(page).last).to_contain_text("第二种说法。")
    await expect(bubbles(page)).to_have_count(1)


async def test_clearing_forgets(page: Page, engine: ScriptedEngine, spoken: Spoken) -> None:
    engine.answers("记住蓝色", "蓝色，记下了。")
    engine.answers("什么颜色", "我不知道。")
    await say(page, spoken, "记住蓝色")
    await expect(bubbles(page).last).to_contain_text("蓝色")
    await page.get_by_role("button", name="清空，重新开始").click()
    await expect(bubbles(page)).to_have_count(0)
    await say(page, spoken, "什么颜色")
    await expect(bubbles(page).last).to_contain_text("我不知道。")
    (prompt,) = engine.prompts("什么颜色")
    assert "蓝色" not in str(prompt)


async def test_an_engine_that_is_down_is_said_kindly(
    page: Page, engine: ScriptedEngine, spoken: Spoken
) -> None:
    engine.fake.status = 500
    await say(page, spoken, "在吗")
    await expect(bubbles(page).last).to_contain_text("对不起")
