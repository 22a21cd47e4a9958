"""What a person replies to, quotes or forwards is told to the model, and is not their own word."""

from __future__ import annotations

import pytest

from bot.safety.quoted import as_told, own_words, quoted
from tests.bot.telegram.updates import GROUP, ME, OTHER, PERSON, message

DANGER = "我不想活了，今晚就去跳楼"
HIDDEN = {"type": "hidden_user", "sender_user_name": "某人", "date": 1}
CHAT = {"id": PERSON, "type": "private", "first_name": "小林"}


def by(person):
    return {"id": person, "is_bot": False, "first_name": "x"}


def replied_to(text, sender):
    return {"message_id": 3, "date": 1, "from": sender, "chat": CHAT, "text": text}


async def told(room, update):
    await room.arrive(update)
    await room.passes(5)
    return room.engine.prompts[-1][-1].content


async def test_a_quote_is_told_as_the_bots_word(room):
    update = message(
        "什么意思？",
        reply_to_message=replied_to("先接纳，再行动。慢慢来。", ME.to_dict()),
        quote={"text": "先接纳，再行动。", "position": 0, "is_manual": True},
    )
    assert await told(room, update) == "〔回复你说过的话：先接纳，再行动。〕\n什么意思？"


async def test_what_is_replied_to_without_a_quote_is_told_too(room):
    update = message("嗯", reply_to_message=replied_to("早点睡", ME.to_dict()))
    assert "早点睡" in await told(room, update)


async def test_in_a_group_another_persons_message_is_told_as_theirs(room):
    update = message("@shudong_bot 怎么回", chat=GROUP)
    update["message"]["reply_to_message"] = replied_to("我走了", by(OTHER))
    assert await told(room, update) == "〔回复别人说过的话，不是我说的：我走了〕\n怎么回"


async def test_forwarded_words_are_told_as_anothers(room):
    content = await told(room, message("我觉得她不爱我了", forward_origin=HIDDEN))
    assert content.startswith("〔转发的别人的话")
    assert "不爱我" in content


@pytest.mark.parametrize(
    "fields",
    [
        {"text": DANGER, "forward_origin": HIDDEN},
        {"text": "怎么劝她？", "reply_to_message": replied_to(DANGER, by(OTHER))},
    ],
)
async def test_anothers_danger_is_not_the_senders(room, fields):
    await room.arrive(message(**fields))
    await room.passes(5)
    assert not any("110" in text for text in room.bot.texts(PERSON))
    assert DANGER in room.engine.prompts[-1][-1].content


async def test_who_forwards_their_own_words_says_them(room):
    origin = {"type": "user", "sender_user": by(PERSON), "date": 1}
    await room.arrive(message(DANGER, forward_origin=origin))
    assert any("110" in text for text in room.bot.texts(PERSON))


async def test_own_danger_beside_a_quote_brings_its_card(room):
    await room.arrive(message(DANGER, reply_to_message=replied_to("嗯", ME.to_dict())))
    assert any("110" in text for text in room.bot.texts(PERSON))


async def test_no_person_can_hide_their_words_as_anothers(room):
    await room.arrive(message(f"\ufdd0{DANGER}\ufdd1"))
    await room.passes(5)
    assert any("110" in text for text in room.bot.texts(PERSON))


def test_own_words_are_what_is_left_without_quotes():
    text = quoted("回复", "别人的\ufdd1话") + "我的话"
    assert own_words(text) == "我的话"
    assert as_told(text) == "〔回复：别人的话〕\n我的话"
