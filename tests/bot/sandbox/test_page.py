"""The chat page in a real Chromium, with a scripted bot on python-telegram-bot behind it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from telegram import (
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
    ReplyParameters,
)

from bot.sandbox import ADMIN_ID, Sandbox
from tests.bot.sandbox.parts import GROUP, XIAOLIN, YATING, client, open_page, polling_bot

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page
    from telegram import Bot, Update

BOARD = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("轻声", callback_data="toast"),
            InlineKeyboardButton("大声", callback_data="alert"),
        ],
        [InlineKeyboardButton("网站", url="https://example.org/")],
    ]
)


async def echo(update: Update, bot: Bot) -> None:
    """Types, answers, edits its answer; answers buttons with a toast or an alert."""
    if update.callback_query:
        press = update.callback_query
        await press.answer(f"答：{press.data}", show_alert=press.data == "alert")
    elif update.message and update.message.text:
        await update.message.reply_chat_action("typing")
        answer = await update.message.reply_text("…")
        await answer.edit_text(f"收到：{update.message.text}", reply_markup=BOARD)


async def write(page: Page, text: str) -> None:
    await page.fill("#input", text)
    await page.keyboard.press("Enter")


async def test_a_stranger_starts_and_talks(page: Page, sandbox: Sandbox) -> None:
    await expect(page.locator("#persona")).to_contain_text("小林")
    await expect(page.locator("#head-title")).to_have_text("树洞")
    await expect(page.locator("#input")).to_be_visible()
    async with polling_bot(sandbox, echo):
        await page.get_by_role("button", name="开始").click()
        await expect(page.locator(".row.in .text")).to_contain_text("收到：/start")
        await expect(page.locator("#start")).to_be_hidden()
        await page.fill("#input", "第一行")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("第二行")
        await page.keyboard.press("Enter")
        answer = page.locator(".row.in").last
        await expect(answer).to_contain_text("收到：第一行\n第二行")
        await expect(answer.locator(".meta")).to_contain_text("已编辑")
        await expect(page.locator("#input")).to_have_value("")
    said = [message.text for message in sandbox.world.history[XIAOLIN].values()]
    assert said[0::2] == ["/start", "第一行\n第二行"]


async def test_buttons_load_until_they_are_answered(page: Page, sandbox: Sandbox) -> None:
    answer_now = asyncio.Event()

    async def slow(update: Update, bot: Bot) -> None:
        if update.callback_query:
            await answer_now.wait()
        await echo(update, bot)

    async with polling_bot(sandbox, slow):
        await write(page, "你好")
        await page.get_by_role("button", name="轻声").click()
        await expect(page.locator(".key.loading")).to_have_text("轻声")
        answer_now.set()
        await expect(page.locator(".toast")).to_have_text("答：toast")
        await expect(page.locator(".key.loading")).to_have_count(0)
        await page.get_by_role("button", name="大声").click()
        await expect(page.locator("#alert")).to_contain_text("答：alert")
        await page.get_by_role("button", name="好", exact=True).click()
        await expect(page.locator("#alert")).to_be_hidden()
        site = page.get_by_role("link", name="网站")
        await expect(site).to_have_attribute("href", "https://example.org/")


async def test_entities_become_elements_and_text_stays_text(
    page: Page, bot: Bot, sandbox: Sandbox
) -> None:
    await expect(page.locator(".row.out")).to_have_count(1)
    text = "🌳<b>x</b> 粗体 代码 引用 藏着 链接 12345678901"

    def over(kind: str, word: str, **more: str) -> MessageEntity:
        start = len(text[: text.index(word)].encode("utf-16-le")) // 2
        return MessageEntity(kind, start, len(word), **more)

    entities = [
        over("bold", "粗体"),
        over("code", "代码"),
        over("blockquote", "引用"),
        over("spoiler", "藏着"),
        over("text_link", "链接", url="https://example.org/a"),
    ]
    await bot.send_message(XIAOLIN, text, entities=entities)
    row = page.locator(".row.in")
    await expect(row.locator("strong")).to_have_text("粗体")
    await expect(row.locator("code")).to_have_text("代码")
    await expect(row.locator("blockquote")).to_have_text("引用")
    await expect(row.locator("a").first).to_have_attribute("href", "https://example.org/a")
    await expect(row.locator("a").last).to_have_attribute("href", "tel:12345678901")
    await expect(row.locator("b")).to_have_count(0)
    await expect(row).to_contain_text("🌳<b>x</b>")
    await row.locator(".spoiler").click()
    await expect(row.locator(".spoiler.shown")).to_have_count(1)


async def test_the_command_menu_is_the_persons_own(page: Page, bot: Bot, sandbox: Sandbox) -> None:
    await bot.set_my_commands([BotCommand("help", "帮助"), BotCommand("reset", "重新开始")])
    await bot.set_my_commands([BotCommand("audit", "查看")], scope=BotCommandScopeChat(ADMIN_ID))
    await page.get_by_role("button", name="命令菜单").click()
    await expect(page.locator("#commands li")).to_have_count(2)
    await page.keyboard.press("Escape")
    await page.locator("#input").press_sequentially("/re")
    await expect(page.locator("#commands li")).to_have_text("/reset重新开始")
    await page.keyboard.press("Enter")
    await expect(page.locator(".row.out").last).to_contain_text("/reset")
    await become(page, "管理员")
    await page.get_by_role("button", name="命令菜单").click()
    await expect(page.locator("#commands li")).to_have_text("/audit查看")


async def become(page: Page, name: str) -> None:
    await page.locator("#persona").click()
    await page.locator("#people .person", has_text=name).first.click()
    await expect(page.locator("#persona")).to_contain_text(name)


async def test_several_people_and_a_group(page: Page, sandbox: Sandbox) -> None:
    sandbox.people.say(YATING, "小林看不到")
    sandbox.people.say(YATING, "大家好", GROUP)
    await expect(page.locator(".chat .count")).to_have_text("1")
    await page.locator(".chat", has_text="夜谈小组").click()
    await expect(page.locator("#head-title")).to_have_text("夜谈小组")
    await expect(page.locator(".row.in .sender")).to_have_text("雅婷")
    await write(page, "@shudong_bot 你呢")
    await expect(page.locator(".row.out .tag")).to_have_text("@shudong_bot")
    await become(page, "雅婷")
    await expect(page.locator(".row.out")).to_contain_text("小林看不到")
    await page.locator("#persona").click()
    await page.get_by_role("menuitem", name="添加一个人").click()
    await page.fill("#person-name", "阿宁")
    await page.get_by_role("button", name="添加", exact=True).click()
    await expect(page.locator("#persona")).to_contain_text("阿宁")
    await expect(page.locator("#persona")).to_contain_text("1004")
    await write(page, "我是新来的")
    assert [item.text for item in sandbox.world.history[1004].values()] == ["我是新来的"]
    await page.reload()
    await expect(page.locator("#persona")).to_contain_text("阿宁")
    await expect(page.locator(".row.out")).to_contain_text("我是新来的")


async def test_reply_edit_and_attachments(page: Page, bot: Bot, sandbox: Sandbox) -> None:
    sent = await bot.send_message(
        XIAOLIN, "想说什么？", reply_parameters=ReplyParameters(1, allow_sending_without_reply=True)
    )
    await page.locator(f"[data-id='{sent.message_id}']").click(button="right")
    await page.get_by_role("menuitem", name="回复").click()
    await write(page, "什么都想说")
    await expect(page.locator(".row.out .quote").last).to_contain_text("想说什么？")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#input")).to_have_value("什么都想说")
    await write(page, "一点点")
    await expect(page.locator(".row.out").last).to_contain_text("一点点")
    await expect(page.locator(".row.out .meta").last).to_contain_text("已编辑")
    for name, shown in (("示例照片", ".photo"), ("示例语音", ".voice"), ("贴纸 🌳", ".sticker")):
        await page.locator("#attach").click()
        await page.get_by_role("menuitem", name=name).click()
        await expect(page.locator(f".row.out {shown}")).to_be_visible()
    await bot.send_document(XIAOLIN, b"[]", filename="导出.json")
    async with page.expect_download() as download:
        await page.locator(".file").click()
    assert (await download.value).suggested_filename == "导出.json"


async def test_typing_and_drafts_come_and_go(page: Page, bot: Bot, sandbox: Sandbox) -> None:
    await expect(page.locator(".row.out")).to_have_count(1)
    await bot.send_chat_action(XIAOLIN, "typing")
    await expect(page.locator("#head-status")).to_have_text("正在输入…")
    await expect(page.locator(".row.typing")).to_have_count(1)
    await bot.send_message_draft(XIAOLIN, 1, "写到一半")
    await expect(page.locator(".row.draft")).to_contain_text("写到一半")
    await bot.send_message(XIAOLIN, "写完了")
    await expect(page.locator(".row.live")).to_have_count(0)
    await expect(page.locator("#head-status")).to_have_text("机器人")


async def test_blocking_and_coming_back(page: Page, sandbox: Sandbox) -> None:
    await write(page, "在")
    await page.get_by_role("button", name="聊天选项").click()
    await page.get_by_role("menuitem", name="屏蔽机器人").click()
    await expect(page.locator("#composer")).to_be_hidden()
    assert sandbox.world.chats[XIAOLIN].blocked
    await page.get_by_role("button", name="解除屏蔽并重新开始").click()
    await expect(page.locator(".row.out").last).to_contain_text("/start")
    assert not sandbox.world.chats[XIAOLIN].blocked


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone(
    browser: Browser, sandbox: Sandbox, complaints: list[str], scheme: str
) -> None:
    page = await open_page(browser, sandbox.url, complaints, width=390, height=844)
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    async with polling_bot(sandbox, echo):
        await write(page, "很长的一句话，" * 20 + "https://example.org/" + "a" * 200)
        await expect(page.locator(".row.in .key")).to_have_count(3)
        width = await page.evaluate("document.documentElement.scrollWidth")
        inside = await page.evaluate("document.getElementById('scroller').scrollWidth")
        assert (width, inside) == (390, 390)
        await expect(page.locator("#sidebar")).to_be_hidden()
        await page.get_by_role("button", name="打开侧栏").click()
        await page.locator(".chat", has_text="夜谈小组").click()
        await expect(page.locator("#head-title")).to_have_text("夜谈小组")
        await expect(page.locator("#sidebar")).to_be_hidden()
    await page.close()
    assert complaints == []


async def test_the_page_outlives_a_restart(
    browser: Browser, sandbox: Sandbox, complaints: list[str]
) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    page = await open_page(browser, sandbox.url, complaints)
    await write(page, "停之前")
    await expect(page.locator(".row.out")).to_have_count(1)
    await sandbox.stop()
    await expect(page.locator("#head-status")).to_have_text("正在重新连接…")
    again = Sandbox("127.0.0.1", port, sandbox.token)
    await again.start()
    await expect(page.locator("#head-status")).to_have_text("机器人")
    async with client(again):
        await write(page, "停之后")
        await expect(page.locator(".row.out")).to_contain_text("停之后")
    await page.close()
    await again.stop()
