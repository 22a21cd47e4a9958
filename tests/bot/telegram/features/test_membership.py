"""The bot is let into a chat, and removed from it."""

from __future__ import annotations

import pytest

from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, ME, PERSON, message


def membership(old, new, *, chat_type="supergroup", chat=GROUP):
    """The bot itself comes or goes."""

    def member(status):
        member = {"user": ME.to_dict(), "status": status}
        return member | ({"until_date": 0} if status == "kicked" else {})

    return {
        "update_id": 800_000 + abs(chat),
        "my_chat_member": {
            "chat": {"id": chat, "type": chat_type, "title": "朋友"},
            "from": {"id": PERSON, "is_bot": False, "first_name": "小林"},
            "date": 1,
            "old_chat_member": member(old),
            "new_chat_member": member(new),
        },
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (membership("left", "member"), [TEXTS.group_hint]),
        (membership("kicked", "member"), [TEXTS.group_hint]),
        (membership("member", "member"), []),
        (membership("member", "left"), []),
        (membership("left", "member", chat_type="channel"), []),
    ],
    ids=["added", "let in again", "other rights", "removed", "a channel"],
)
async def test_the_hint_for_groups_is_said_when_the_bot_comes_in(room, change, said):
    await room.arrive(change)
    await room.passes(5)
    assert room.bot.texts(GROUP) == said


async def test_who_blocks_the_bot_is_marked_and_who_comes_back_is_not(room):
    await room.arrive(message("你好"))
    await room.passes(5)
    gone = membership("member", "kicked", chat=PERSON, chat_type="private")
    await room.arrive(gone)
    assert (await room.storage.users.get(PERSON)).unreachable_at is not None
    back = membership("kicked", "member", chat=PERSON, chat_type="private")
    await room.arrive(back | {"update_id": 700_000})
    assert (await room.storage.users.get(PERSON)).unreachable_at is None
    assert room.bot.texts(PERSON) == [ANSWER]
