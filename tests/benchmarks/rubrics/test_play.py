"""A chat as its person's screen shows it."""

from benchmarks.rubrics.play import Chat


def message(number, text, *, bot=True, stop=False):
    markup = {"inline_keyboard": [[{"text": "停", "callback_data": "stop:1"}]]} if stop else None
    return {
        "type": "message",
        "message": {
            "message_id": number,
            "from": {"is_bot": bot},
            "text": text,
            "reply_markup": markup,
        },
    }


async def following(*events):
    async def told():
        for event in events:
            yield event

    chat = Chat()
    await chat.follow(told())
    return chat


def texts(chat, after=0):
    return [bubble.text for bubble in chat.bubbles(after, 0.0)]


async def test_the_last_state_of_every_message_stands_in_the_order_of_the_screen():
    chat = await following(
        message(1, "在吗", bot=False),
        message(3, "我在", stop=True),
        message(2, "先说一声"),
        message(3, "我在听"),
        message(4, "收回的"),
        {"type": "deleted", "message_id": 4},
        {"type": "about"},
    )
    assert texts(chat) == ["先说一声", "我在听"]
    assert texts(chat, after=2) == ["我在听"]
    assert chat.newest() == 3


async def test_the_time_of_a_text_is_when_it_first_stood_there():
    chat = await following(message(2, "卡片"))
    (before,) = chat.bubbles(0, 0.0)
    chat.take(message(2, "卡片")["message"], before.after + 5)
    assert chat.bubbles(0, 0.0) == [before]
    chat.take(message(2, "更长的卡片")["message"], before.after + 9)
    assert chat.bubbles(0, 0.0)[0].after > before.after + 8


async def test_a_chat_settles_when_all_is_whole():
    whole = await following(message(2, "我在"))
    assert await whole.settle(1, first=9.0, quiet=0.0)
    assert not await whole.settle(2, first=0.0, quiet=0.0)
    written = await following(message(2, "我在"), message(3, "慢慢", stop=True))
    assert not await written.settle(1, first=0.0, quiet=0.0)
