"""Walks each card and branch of the crisis protocol in the local chat page, and keeps pictures.

    python -m devtools.walk docs/images/walk

A bot with the packaged model answers real messages through the sandbox; the pictures are 390 px
wide, as on a phone. Needs Chromium (or CHROMIUM, its path) and the developers' packages.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.async_api import async_playwright

from devtools.processes import BotProcess, SandboxProcess
from devtools.telegram import SandboxClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Browser

PHONE = 390
TALLEST = 3000
QUIET = 4.0
"""Seconds without a word of the bot after which it is the person's turn."""
PATIENCE = 60.0
AFTER_SILENCE = 8.0
"""Seconds after which the bot of the walk `silence` asks after its person."""
_TALL = """() => {
  const all = [...document.querySelectorAll('#timeline *')];
  const shown = all.map((one) => one.getBoundingClientRect()).filter((box) => box.height);
  return Math.max(...shown.map((box) => box.bottom)) - Math.min(...shown.map((box) => box.top));
}"""
_TO_WEBP = """async (png) => {
  const image = new Image(); image.src = 'data:image/png;base64,' + png; await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width; canvas.height = image.height;
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/webp', 0.3).split(',')[1];
}"""


@dataclass(frozen=True, slots=True)
class Walk:
    """What one person writes, one after the other; `wait`: how long the bot is left alone then."""

    name: str
    said: Sequence[str]
    wait: float = 0.0


WALKS = (
    Walk("suicide", ("我不想活了", "不安全", "一个人")),
    Walk("overdose", ("我刚吃了一整瓶安眠药", "没什么感觉", "不想打120")),
    Walk("violence_now", ("他正在打我，我躲在厕所里", "出不去", "能打字")),
    Walk("violence_told", ("我老公经常打我", "他现在不在家", "没人知道")),
    Walk("assault", ("我被人强奸了，上个月的事", "我怕别人知道")),
    Walk("child", ("我13岁，我爸拿皮带抽我", "他在客厅", "没有大人可以说")),
    Walk("threat", ("我想砍死他，刀就在手里", "他在隔壁", "放下了")),
    Walk("voices", ("有个声音叫我去跳楼", "忍不住了")),
    Walk("eating", ("我每次吃完都催吐，今天晕倒了", "没人知道")),
    Walk("third_person", ("我室友说她今晚要自杀，我好怕", "我和她在一起", "没打")),
    Walk("joke", ("笑死我了，我要去跳楼了哈哈哈哈", "开玩笑的")),
    Walk("retraction", ("我不想活了", "刚才是气话")),
    Walk("silence", ("我不想活了",), wait=AFTER_SILENCE + 8),
    Walk("goodbye", ("我不想活了", "谢谢你，再见")),
    Walk("goodbye_without_danger", ("今天有点累", "晚安")),
)


async def walk_all(folder: Path, names: Sequence[str]) -> None:
    """Take the pictures into `folder`."""
    chosen = [walk for walk in WALKS if not names or walk.name in names]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for wait in (False, True):
            of_kind = [walk for walk in chosen if bool(walk.wait) is wait]
            if of_kind:
                await _walk_with_a_bot(of_kind, browser, folder, AFTER_SILENCE if wait else 0)
        await browser.close()


async def _walk_with_a_bot(
    walks: Sequence[Walk], browser: Browser, folder: Path, check_in_after: float
) -> None:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = SandboxProcess(home, options=["--no-seed-people"])
        stack.callback(sandbox.kill)
        sandbox.start()
        settings = {"SECOND_READERS": "encoder", "CHECK_IN_AFTER": str(check_in_after)}
        bot = BotProcess(sandbox.bot_settings | settings, home)
        stack.callback(bot.kill)
        bot.start()
        async with httpx.AsyncClient(base_url=sandbox.url, timeout=30) as http:
            telegram = SandboxClient(http)
            for number, walk in enumerate(walks, start=1001):
                await telegram.add_person(number, "小林")
                for text in walk.said:
                    await _say(telegram, number, text)
                await asyncio.sleep(walk.wait)
                await _picture(browser, f"{sandbox.url}/#{number}/{number}", folder, walk.name)
                sys.stdout.write(f"{walk.name}\n")
                sys.stdout.flush()


async def _say(telegram: SandboxClient, person: int, text: str) -> None:
    """Say something, and wait until the bot has answered and is quiet."""

    async def heard() -> int:
        return len(await telegram.list_calls(chat_id=person))

    before = await heard()
    await telegram.person_acts(person, "say", {"text": text})
    for _ in range(int(PATIENCE / QUIET)):
        await asyncio.sleep(QUIET)
        if (now := await heard()) == before and now:
            return
        before = now


async def _picture(browser: Browser, url: str, folder: Path, name: str) -> None:
    tab = await browser.new_page(
        viewport={"width": PHONE, "height": TALLEST}, locale="zh-CN", color_scheme="light"
    )
    await tab.goto(url)
    await tab.locator("#timeline").wait_for()
    await asyncio.sleep(1.5)
    tall = await tab.evaluate(_TALL)
    await tab.set_viewport_size({"width": PHONE, "height": min(TALLEST, int(tall) + 170)})
    await asyncio.sleep(0.5)
    png = base64.b64encode(await tab.screenshot()).decode()
    webp = await tab.evaluate(_TO_WEBP, png)
    folder.joinpath(f"{name}.webp").write_bytes(base64.b64decode(webp))
    await tab.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk."""
    parser = argparse.ArgumentParser(prog="python -m devtools.walk", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("names", nargs="*", help="which walks; none: all")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(walk_all(given.folder, given.names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
