"""python-telegram-bot's own client meets Telegram's refusals, in Telegram's words."""

from datetime import timedelta

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MenuButtonCommands,
    MessageEntity,
    ReactionTypeEmoji,
    ReplyParameters,
)
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter

from bot.sandbox import Fault, FloodLimits, Sandbox
from bot.sandbox.model import Clock
from tests.bot.sandbox.parts import GROUP, TOKEN, XIAOLIN, YATING, SteppedClock, client


@pytest.fixture(autouse=True)
def _durations_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-telegram-bot warns about its older way of telling `retry_after`."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


def keyboard(**button: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("好", **button)]])


async def refusal(call: object) -> str:
    with pytest.raises(BadRequest) as caught:
        await call  # type: ignore[misc]
    return caught.value.message


async def test_a_sent_message_comes_back_whole(bot: Bot) -> None:
    bold = MessageEntity("bold", 0, 2)
    sent = await bot.send_message(
        XIAOLIN,
        "🌳 在",
        entities=[bold],
        reply_markup=keyboard(callback_data="y"),
        reply_parameters=ReplyParameters(1),
    )
    assert (sent.text, sent.entities, sent.chat.id) == ("🌳 在", (bold,), XIAOLIN)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/start"
    assert sent.from_user == await bot.get_me()


async def test_wrong_tokens(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidToken):
        async with client(sandbox, "700001:wrong"):
            pass


async def test_tokens_over_http(sandbox: Sandbox, http) -> None:
    wrong = await http.get("/bot700001:wrong/getMe")
    assert (wrong.status_code, wrong.json()["description"]) == (401, "Unauthorized")
    unknown = await http.get(f"/bot{sandbox.token}/sendBirthdayCake")
    assert unknown.json() == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_json_form_and_query_are_read_alike(sandbox: Sandbox, bot: Bot, http) -> None:
    address = f"/bot{sandbox.token}/sendMessage"
    fields = {"chat_id": XIAOLIN, "text": "你好"}
    answers = [
        await http.post(address, json=fields),
        await http.post(address, data=fields),
        await http.post(address, files={"chat_id": (None, str(XIAOLIN)), "text": (None, "你好")}),
        await http.get(address, params=fields),
    ]
    assert [answer.json()["result"]["text"] for answer in answers] == ["你好"] * 4


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_empty_text(bot: Bot, text: str) -> None:
    assert await refusal(bot.send_message(XIAOLIN, text)) == "Message text is empty"


async def test_too_long(bot: Bot) -> None:
    await bot.send_message(XIAOLIN, "🌳" * 2048)
    assert await refusal(bot.send_message(XIAOLIN, "🌳" * 2048 + "a")) == "Message is too long"
    sent = await bot.send_message(XIAOLIN, "a")
    assert await refusal(sent.edit_text("a" * 4097)) == "Message_too_long"


async def test_entity_outside(bot: Bot) -> None:
    outside = [MessageEntity("bold", 0, 3)]
    assert "ends after the end of the text" in await refusal(
        bot.send_message(XIAOLIN, "ab", entities=outside)
    )


async def test_the_same_again_is_not_modified(bot: Bot) -> None:
    sent = await bot.send_message(XIAOLIN, "在", reply_markup=keyboard(callback_data="y"))
    again = sent.edit_text(" 在 ", reply_markup=keyboard(callback_data="y"))
    assert (await refusal(again)).startswith("Message is not modified: specified new message")
    edited = await sent.edit_text("在")
    assert (edited.reply_markup, edited.edit_date) == (None, None)
    bold = await sent.edit_text("在", entities=[MessageEntity("bold", 0, 1)])
    assert bold.edit_date is not None
    assert "not modified" in await refusal(sent.edit_reply_markup(None))


async def test_unknown_and_foreign_messages(bot: Bot) -> None:
    edit = bot.edit_message_text
    assert await refusal(edit("x", chat_id=XIAOLIN, message_id=99)) == "Message to edit not found"
    assert await refusal(edit("x", chat_id=XIAOLIN, message_id=1)) == "Message can't be edited"
    assert await refusal(bot.delete_message(XIAOLIN, 99)) == "Message to delete not found"
    reply = bot.send_message(XIAOLIN, "x", reply_parameters=ReplyParameters(99))
    assert await refusal(reply) == "Message to be replied not found"
    lenient = ReplyParameters(99, allow_sending_without_reply=True)
    assert (await bot.send_message(XIAOLIN, "x", reply_parameters=lenient)).text == "x"


async def test_deleting(bot: Bot, sandbox: Sandbox) -> None:
    sent = await bot.send_message(XIAOLIN, "走了")
    assert await sent.delete()
    assert await refusal(sent.edit_text("x")) == "Message to edit not found"
    [foreign] = sandbox.people.say(YATING, "群里", GROUP)
    assert (
        await refusal(bot.delete_message(GROUP, foreign.message_id)) == "Message can't be deleted"
    )


async def test_chats_nobody_started(bot: Bot) -> None:
    for chat_id in (424242, YATING):
        assert await refusal(bot.send_message(chat_id, "x")) == "Chat not found"


async def test_blocked(bot: Bot, sandbox: Sandbox) -> None:
    sandbox.people.block(XIAOLIN)
    with pytest.raises(Forbidden, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(XIAOLIN, "x")
    with pytest.raises(Forbidden):
        await bot.send_chat_action(XIAOLIN, "typing")
    sandbox.people.unblock(XIAOLIN)
    assert await bot.send_message(XIAOLIN, "x")


@pytest.mark.parametrize(
    ("button", "message"),
    [
        ({"callback_data": "树" * 22}, "Button_data_invalid"),
        ({"url": "tel:12356"}, "Inline keyboard button url 'tel:12356' is invalid: wrong http url"),
    ],
)
async def test_buttons(bot: Bot, button: dict[str, str], message: str) -> None:
    said = await refusal(bot.send_message(XIAOLIN, "x", reply_markup=keyboard(**button)))
    assert said.lower() == message.lower()
    assert await bot.send_message(XIAOLIN, "x", reply_markup=keyboard(callback_data="树" * 21))


async def test_a_button_without_a_purpose(bot: Bot, sandbox: Sandbox, http) -> None:
    body = {"chat_id": XIAOLIN, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}
    answer = await http.post(f"/bot{sandbox.token}/sendMessage", json=body)
    assert answer.json()["description"] == (
        "Bad Request: can't parse inline keyboard button: "
        "Text buttons are unallowed in the inline keyboard"
    )


async def test_a_press_is_answered_once_and_in_time(bot: Bot, sandbox: Sandbox) -> None:
    sent = await bot.send_message(XIAOLIN, "x", reply_markup=keyboard(callback_data="y"))
    press = sandbox.people.press(XIAOLIN, sent.message_id, "y")
    assert await bot.answer_callback_query(press, "好")
    assert await refusal(bot.answer_callback_query(press)) == (
        "Query is too old and response timeout expired or query id is invalid"
    )


async def test_an_old_press(sandbox: Sandbox) -> None:
    time = SteppedClock()
    box = Sandbox("127.0.0.1", 0, "1:a", clock=Clock(time, time))
    await box.start()
    box.people.say(XIAOLIN, "/start")
    async with client(box, "1:a") as own:
        sent = await own.send_message(XIAOLIN, "x", reply_markup=keyboard(callback_data="y"))
        press = box.people.press(XIAOLIN, sent.message_id, "y")
        time.now += 3600
        assert "too old" in await refusal(own.answer_callback_query(press))
    await box.stop()


async def test_typing_reactions_and_drafts(bot: Bot, sandbox: Sandbox) -> None:
    queue = sandbox.world.hub.subscribe()
    await bot.send_chat_action(XIAOLIN, "typing")
    assert (await queue.get())["seconds"] == 5
    assert await refusal(bot.send_chat_action(XIAOLIN, "dancing")) == (
        "Wrong parameter action in request"
    )
    await bot.set_message_reaction(XIAOLIN, 1, [ReactionTypeEmoji("❤")])
    assert sandbox.world.history[XIAOLIN][1].reaction == "❤"
    with pytest.raises(BadRequest, match=r"(?i)reaction_invalid"):
        await bot.set_message_reaction(XIAOLIN, 1, [ReactionTypeEmoji("🌳")])
    await queue.get()
    await bot.send_message_draft(XIAOLIN, 5, "正在想")
    draft = await queue.get()
    assert (draft["type"], draft["text"], draft["seconds"]) == ("draft", "正在想", 30)
    assert "invalid" in (await refusal(bot.send_message_draft(GROUP, 5, "x"))).lower()


async def test_flood_control_over_the_wire() -> None:
    time = SteppedClock()
    limits = FloodLimits(private_burst=1)
    box = Sandbox("127.0.0.1", 0, TOKEN, flood=limits, clock=Clock(time, time))
    await box.start()
    box.people.say(XIAOLIN, "/start")
    async with client(box) as bot:
        await bot.send_message(XIAOLIN, "1")
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(XIAOLIN, "2")
        assert caught.value.retry_after == timedelta(seconds=1)
        time.now += 1
        await bot.send_message(XIAOLIN, "2")
    await box.stop()


async def test_files_go_up_and_come_down(bot: Bot, sandbox: Sandbox) -> None:
    sent = await bot.send_document(XIAOLIN, b"[1, 2]", filename="记录.json", caption="给你")
    assert sent.document is not None
    assert (sent.document.file_name, sent.caption) == ("记录.json", "给你")
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"[1, 2]"
    again = await bot.send_document(XIAOLIN, sent.document.file_id)
    assert again.document is not None
    photo = await bot.send_photo(XIAOLIN, b"png", caption="图")
    assert photo.photo
    assert (await refusal(bot.get_file("nothing"))).lower() == "invalid file_id"


async def test_the_bots_profile(bot: Bot, sandbox: Sandbox) -> None:
    await bot.set_my_commands([BotCommand("help", "帮助")])
    await bot.set_my_commands([BotCommand("reset", "重来")], scope=BotCommandScopeChat(9001))
    assert [item.command for item in await bot.get_my_commands()] == ["help"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    assert (await refusal(bot.set_my_commands([BotCommand("Help", "x")]))).lower() == (
        "bot_command_invalid"
    )
    await bot.set_my_description("听你说")
    await bot.set_my_description("I listen", language_code="en")
    await bot.set_my_short_description("短")
    await bot.set_my_name("小树洞")
    assert (await bot.get_my_description("en")).description == "I listen"
    assert (await bot.get_my_name()).name == "小树洞"
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert (await bot.get_chat(XIAOLIN)).first_name == "小林"


async def test_the_log_tells_what_happened_and_when(bot: Bot, sandbox: Sandbox) -> None:
    sent = await bot.send_message(XIAOLIN, "在")
    await refusal(bot.send_message(424242, "x"))
    good, bad = sandbox.calls.all("sendmessage")
    assert (good.chat_id, good.outcome, good.message_id) == (XIAOLIN, "ok", sent.message_id)
    assert good.parameters["text"] == "在"
    assert bad.outcome == "400 Bad Request: chat not found"
    assert bad.monotonic >= good.monotonic


async def test_error_faults(bot: Bot, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("error", method="sendMessage", status=429, retry_after=7))
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(XIAOLIN, "x")
    assert caught.value.retry_after == timedelta(seconds=7)
    assert [message.text for message in sandbox.world.history[XIAOLIN].values()] == ["/start"]
    assert sandbox.calls.all("sendMessage")[-1].outcome == "fault:error"
