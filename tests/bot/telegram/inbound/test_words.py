"""Words are read wherever the Bot API can carry them, for an answer and for danger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, Update

from bot.telegram.features.crisis.controls import CALLS_FOR_HELP
from bot.telegram.inbound.incoming import command_of, lane_of, read_incoming_text
from bot.telegram.inbound.words import text_in, words_in
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, ME, PERSON, PHOTO, message

DANGER = "我不想活了，今晚就去跳楼"
PHRASES = dict.fromkeys(CALLS_FOR_HELP, "help_now")
CHANNEL = {"id": -1002, "type": "channel", "title": "频道"}


def rich(*blocks):
    return {"rich_message": {"blocks": list(blocks)}}


def paragraph(text):
    return {"type": "paragraph", "text": text}


def read(update):
    return Message.de_json(update["message"], None)


def text_of(**fields):
    return words_in(read(message(**fields)))


LIST = {
    "type": "list",
    "items": [
        {"label": "1.", "blocks": [paragraph("没吃晚饭")]},
        {"label": "2.", "blocks": [paragraph(["和", {"type": "bold", "text": "妈妈"}, "吵架"])]},
    ],
}
TABLE = {
    "type": "table",
    "caption": ["一", "周"],
    "cells": [
        [{"text": "周一", "align": "left"}, {"text": [{"type": "italic", "text": "睡不着"}]}],
        [{"text": "周二"}, {"text": "还是"}],
    ],
}
PHOTO_BLOCK = {"type": "photo", "photo": PHOTO, "caption": {"text": "我的猫", "credit": "小林"}}
QUOTE = {"type": "blockquote", "blocks": [paragraph("旧信")], "credit": "妈妈"}
DETAILS = {"type": "details", "summary": "秘密", "blocks": [paragraph("我很怕")]}
POLL = {
    "id": "1",
    "question": "我该走吗",
    "options": [
        {"text": "走", "voter_count": 0, "persistent_id": "a"},
        {"text": "留", "voter_count": 0, "persistent_id": "b"},
    ],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}
CHECKLIST = {"title": "今晚", "tasks": [{"id": 1, "text": "写信"}, {"id": 2, "text": "睡觉"}]}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (rich(paragraph("今天好累"), LIST), "今天好累\n1. 没吃晚饭\n2. 和妈妈吵架"),
        (rich(TABLE), "一周\n周一 睡不着\n周二 还是"),
        (rich(PHOTO_BLOCK), "我的猫\n小林"),
        (rich(QUOTE), "旧信\n妈妈"),
        (rich(DETAILS), "秘密\n我很怕"),
        (rich({"type": "something_new", "body": {"verse": "一句诗"}}), "一句诗"),
        (rich(paragraph({"type": "url", "text": "这里", "url": "https://a.b"})), "这里"),
        ({"poll": POLL}, "我该走吗\n走\n留"),
        ({"caption": "看", "photo": PHOTO}, "看"),
        ({"a_field_to_come": {"layout": [{"text": "未来的话", "kind": "x"}]}}, "未来的话"),
        ({"sticker_to_come": {"file_id": "f", "kind": "x"}}, ""),
    ],
)
def test_words_are_read_wherever_they_stand(fields, words):
    assert text_of(**fields) == words


def test_a_checklist_is_said_by_who_sends_it():
    assert text_of(checklist=CHECKLIST) == "今晚\n写信\n睡觉"


BLOCKS = st.recursive(
    st.text("安心说慢点", min_size=1).map(paragraph),
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda blocks: st.sampled_from(
            [
                {"type": "list", "items": [{"label": "•", "blocks": blocks}]},
                {"type": "details", "summary": "标", "blocks": blocks},
                {"type": "unknown", "inner": {"deeper": blocks}},
            ]
        )
    ),
    max_leaves=12,
)


def paragraphs_in(block):
    if isinstance(block, list):
        return [text for item in block for text in paragraphs_in(item)]
    if not isinstance(block, dict):
        return []
    if block.get("type") == "paragraph":
        return [block["text"]]
    return [text for value in block.values() for text in paragraphs_in(value)]


@given(st.lists(BLOCKS, min_size=1, max_size=4))
def test_no_paragraph_is_lost_however_blocks_are_nested(blocks):
    words = text_of(**rich(*blocks))
    at = 0
    for text in paragraphs_in(blocks):
        at = words.index(text, at) + len(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["text", "blocks", "id", "label", "new"]), x)
        ),
    )
)
def test_a_field_of_any_shape_breaks_nothing(value):
    update = message(rich_message=value, text="在")
    assert "在" in words_in(read(update))
    assert "在" in text_in(update["message"])


@pytest.mark.parametrize(
    "fields",
    [
        rich(
            {"type": "heading", "text": "最后"},
            paragraph([{"type": "bold", "text": "我不想活了"}, "，今晚就去跳楼"]),
        ),
        {"caption": DANGER, "photo": PHOTO},
        {"poll": {**POLL, "question": DANGER}},
        {"document": {"file_id": "f", "file_unique_id": "u", "file_name": f"{DANGER}.docx"}},
        {"a_field_to_come": {"kind": 3, "note": DANGER}},
        {"a_text_to_come": DANGER},
        {"poll": {"question": DANGER}},  # not as the library knows it
    ],
)
async def test_danger_brings_its_card_wherever_it_stands(room, fields):
    await room.arrive(message(**fields))
    assert any("110" in text for text in room.bot.texts(PERSON))


async def test_an_edit_of_a_rich_message_is_read_for_danger(room):
    body = message(**rich(paragraph(DANGER)))["message"]
    await room.arrive({"update_id": 900_001, "edited_message": {**body, "edit_date": 2}})
    assert any("110" in text for text in room.bot.texts(PERSON))


async def test_a_rich_message_is_answered(room):
    await room.arrive(message(**rich(paragraph("今天好累"), LIST)))
    assert room.bot.texts(PERSON) == [ANSWER]
    assert "没吃晚饭" in room.engine.prompts[-1][-1].content


@pytest.mark.parametrize(
    "fields",
    [
        rich(
            paragraph(
                [{"type": "mention", "text": "@shudong_bot", "username": "shudong_bot"}, " 嗯"]
            )
        ),
        rich(paragraph([{"type": "text_mention", "text": "树洞", "user": ME.to_dict()}, " 嗯"])),
        {"text": "@shudong_bot 嗯", "entities": [{"type": "code", "offset": 0, "length": 12}]},
    ],
)
def test_the_bot_hears_its_name_in_any_formatting(fields):
    body = message(**fields)["message"] | {"chat": {"id": GROUP, "type": "supergroup"}}
    assert lane_of(Update.de_json({"update_id": 1, "message": body}, None), ME, {}) == "chat"


def entity(kind, length=9):
    return {"type": kind, "offset": 0, "length": length}


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "/help_now", "entities": [entity("bold"), entity("bot_command")]},
        {"text": "/help_now", "entities": [entity("code")]},
        {"caption": "/help_now", "photo": PHOTO, "caption_entities": [entity("bot_command")]},
        {"caption": "求助", "photo": PHOTO},
        rich(paragraph({"type": "bot_command", "text": "/help_now"})),
        rich(paragraph("救命！")),
        {"text": "／help_now"},
    ],
)
def test_a_command_counts_in_any_formatting(fields):
    assert command_of(read(message(**fields)), ME, PHRASES) == ("help_now", "")


@pytest.mark.parametrize("text", ["/usr/bin 是什么", "/stop@another_bot", "说 /stop"])
def test_what_only_looks_like_a_command_is_none(text):
    assert (
        command_of(Message.de_json(message()["message"] | {"text": text}, None), ME, PHRASES)
        is None
    )


def anonymous(text, sender_chat, bot_id=1087968824):
    update = message(text, chat=GROUP)
    sender = {"id": bot_id, "is_bot": True, "first_name": "Group"}
    update["message"] |= {"from": sender, "sender_chat": sender_chat}
    return update


@pytest.mark.parametrize(
    ("sender_chat", "bot_id"),
    [({"id": GROUP, "type": "supergroup"}, 1087968824), (CHANNEL, 136817688)],
)
async def test_a_person_in_another_name_is_a_person_in_danger(room, sender_chat, bot_id):
    await room.arrive(anonymous(DANGER, sender_chat, bot_id))
    assert any("110" in text for text in room.bot.texts(GROUP))


def test_who_speaks_in_a_chats_name_is_known_by_that_chat_not_by_telegrams_bot():
    update = Update.de_json(anonymous("嗯", CHANNEL), None)
    assert read_incoming_text(update, ME, 0.0).user_id == CHANNEL["id"]


async def test_a_channels_post_in_its_discussion_group_is_no_person_speaking(room):
    post = anonymous(f"@shudong_bot {DANGER}", CHANNEL, 777000)
    post["message"] |= {"is_automatic_forward": True}
    await room.arrive(post)
    assert room.bot.texts(GROUP) == []
