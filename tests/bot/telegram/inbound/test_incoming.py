"""For whom an update is, in which lane it waits, and how a burst becomes one text."""

import pytest
from telegram import Update, User

from bot.telegram.inbound.incoming import (
    SPLIT_PART,
    IncomingText,
    command_of,
    join_texts,
    lane_of,
    read_incoming_text,
    take_one_message,
    take_one_person,
    take_up_to,
)

ME = User(id=7, first_name="树洞", is_bot=True, username="shudong_bot")
PERSON = {"id": 42, "is_bot": False, "first_name": "小林", "language_code": "zh-hans"}
PRIVATE = {"id": 42, "type": "private", "first_name": "小林"}
STICKER = {
    "file_id": "f",
    "file_unique_id": "u",
    "width": 1,
    "height": 1,
    "is_animated": False,
    "is_video": False,
    "type": "regular",
}
GROUP = {"id": -100, "type": "supergroup", "title": "朋友"}


def update(kind="message", **fields):
    message = {"message_id": 5, "date": 1, "from": PERSON, "chat": PRIVATE, **fields}
    return Update.de_json({"update_id": 1, kind: message}, None)


def command(text):
    length = len(text.split()[0])
    return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": length}]}


def mention(text, name="@shudong_bot"):
    offset = text.index(name)
    return {"text": text, "entities": [{"type": "mention", "offset": offset, "length": len(name)}]}


def said(text, message_id=1, user_id=42, **more):
    return IncomingText(1, 42, user_id, message_id, text, None, 0.0, **more)


@pytest.mark.parametrize(
    ("given", "lane"),
    [
        (update(text="睡不着"), "chat"),
        (update(**command("/stop")), "express"),
        (update(caption="这是我的猫", photo=[]), "chat"),
        (update(sticker=STICKER), "express"),
        (update(kind="edited_message", text="睡不着了"), "chat"),
        (update(kind="edited_message", sticker=STICKER), None),
        (update(pinned_message={"message_id": 1, "date": 1, "chat": PRIVATE}), None),
        (update(text="嗯", **{"from": {**PERSON, "is_bot": True}}), None),
    ],
)
def test_words_wait_their_turn_and_everything_else_passes(given, lane):
    assert lane_of(given, ME, {}) == lane


@pytest.mark.parametrize(
    ("fields", "lane"),
    [
        ({"text": "你们吃了吗"}, None),
        (mention("@shudong_bot 我很累"), "chat"),
        (mention("@shudong_bot"), "express"),
        (mention("@another_bot 你好", "@another_bot"), None),
        (command("/stop@shudong_bot"), "express"),
        (command("/stop"), None),
        (command("/stop@another_bot"), None),
    ],
)
def test_in_a_group_only_what_is_addressed_to_the_bot_counts(fields, lane):
    assert lane_of(update(chat=GROUP, **fields), ME, {}) == lane


def test_in_a_group_a_reply_to_the_bot_counts():
    mine = {"message_id": 4, "date": 1, "chat": GROUP, "from": ME.to_dict(), "text": "在"}
    assert lane_of(update(chat=GROUP, text="嗯", reply_to_message=mine), ME, {}) == "chat"


def test_a_command_is_its_name_and_what_stands_behind():
    assert command_of(update(**command("/Reset@Shudong_Bot 12345")).message, ME, {}) == (
        "reset",
        "12345",
    )
    assert command_of(update(text="不是 /reset").message, ME, {}) is None


def test_the_bots_name_is_not_part_of_what_was_said():
    named = mention("@shudong_bot 我很累")
    assert read_incoming_text(update(chat=GROUP, **named), ME, 0.0).text == "我很累"
    shouted = mention("@Shudong_Bot我很累", "@Shudong_Bot")
    assert read_incoming_text(update(chat=GROUP, **shouted), ME, 0.0).text == "我很累"
    assert read_incoming_text(update(chat=GROUP, **mention("@shudong_bot")), ME, 0.0) is None


def test_what_arrives_together_is_one_text():
    assert join_texts([said("在吗", 1), said("我睡不着", 2)]) == "在吗\n我睡不着"


def test_an_edit_replaces_the_message_and_an_old_one_adds_nothing():
    edit = said("我睡不好", 2, is_edit=True)
    assert join_texts([said("在吗", 1), said("我睡不着", 2), edit]) == "在吗\n我睡不好"
    assert join_texts([said("旧的", 0, is_edit=True)]) == ""


def test_a_text_that_the_client_had_to_cut_is_put_together_again():
    first = "长" * SPLIT_PART
    assert join_texts([said(first, 1), said("尾巴", 2)]) == first + "尾巴"


def test_a_turn_has_one_speaker():
    mine, other = said("我", 1), said("他", 2, user_id=43)
    assert take_one_person([mine, other, mine]) == [mine]


def test_one_message_is_taken_with_its_edits_and_its_cut_off_parts():
    first, second, edit = said("睡不着", 1), said("心里乱", 2), said("睡不着了", 1, is_edit=True)
    assert take_one_message([first, second, edit]) == [first, edit]
    assert take_one_message([said("改过的", 9, is_edit=True), first]) == [
        said("改过的", 9, is_edit=True)
    ]
    assert take_one_message([]) == []


def test_parts_of_a_cut_text_stay_one_message():
    parts = [said("长" * SPLIT_PART, 1), said("长" * SPLIT_PART, 2), said("完", 3), said("另外", 4)]
    assert take_one_message(parts) == parts[:3]


def test_a_turn_has_a_length_and_a_single_message_may_be_longer():
    parts = [said("四个字啊", number) for number in range(5)]
    assert take_up_to(12, parts) == parts[:3]
    assert take_up_to(11, parts) == parts[:2]
    assert take_up_to(1, parts) == parts[:1]
    assert take_up_to(20, parts) == parts
