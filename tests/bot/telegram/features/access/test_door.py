"""Who may not use the bot reads one kind sentence with help lines; danger passes every gate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation.second_reader import SecondReader
from bot.locales import Language
from bot.locales.access import access_texts_for
from bot.safety import Assessment, RiskLevel
from bot.storage import Notification
from bot.telegram.access import AccessOptions
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.talks import toasts
from tests.bot.telegram.turns.test_transactions import counting
from tests.bot.telegram.updates import ADMIN, GROUP, PERSON, message, press

ACCESS = access_texts_for(Language.ZH_CN)
STRANGER = 77
INVITE, LIST = AccessOptions(mode="invite"), AccessOptions(mode="list", listed=frozenset({PERSON}))
LINE = "12356"


def beginning(text):
    return text.text.split("\n", 1)[0]


async def says(room, *texts, person=STRANGER, **where):
    for text in texts:
        await room.arrive(message(text, person=person, **where))
        await room.passes(5)


async def banned(room, person=STRANGER):
    await room.storage.access.ban(person, ADMIN, "骚扰")
    room.access.invalidate()


@pytest.mark.parametrize(
    ("access", "refused"),
    [
        (INVITE, ACCESS.refused_invite),
        (LIST, ACCESS.refused_list),
        (AccessOptions(most_people=1), ACCESS.refused_full),
    ],
    ids=["invite", "list", "full"],
)
async def test_who_may_not_come_in_reads_why_and_whom_to_call(open_room, engine, access, refused):
    room = open_room(access=access)
    await room.storage.access.admit(PERSON)
    await says(room, "你好")
    [told] = room.bot.texts(STRANGER)
    assert told.startswith(beginning(refused))
    assert LINE in told
    assert await room.turns() == []
    assert engine.prompts == []
    await says(room, "你好", person=PERSON)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_words_are_answered_once_an_hour_a_command_always(open_room):
    room = open_room(access=INVITE)
    await says(room, "你好", "在吗", "在吗")
    assert len(room.bot.texts(STRANGER)) == 1
    await says(room, "/plan")
    assert len(room.bot.texts(STRANGER)) == 2
    await room.passes(3600)
    await says(room, "在吗")
    assert len(room.bot.texts(STRANGER)) == 3


@pytest.mark.parametrize("command", ["/help", "/human", "/reset", "/dance", "/start", "/invite"])
async def test_a_stranger_cannot_tell_which_commands_there_are(open_room, command):
    room = open_room(access=INVITE)
    await says(room, command)
    [told] = room.bot.texts(STRANGER)
    assert told.startswith(beginning(ACCESS.refused_invite))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("/help_now", LINE),
        ("求助", LINE),
        ("/privacy", "保存什么"),
        ("/erase", "彻底删除"),
        ("/about", "AI"),
    ],
)
async def test_help_and_ones_own_data_are_everybodys(open_room, command, answer):
    room = open_room(access=INVITE)
    await banned(room)
    await says(room, command)
    assert answer in room.bot.texts(STRANGER)[0]


@pytest.mark.parametrize("access", [INVITE, LIST, AccessOptions(most_people=1)])
async def test_a_refused_person_in_danger_gets_the_card_and_the_protocol(open_room, access):
    room = open_room(access=access, trusted_at_risk=())
    await room.storage.access.admit(PERSON)
    await says(room, "我不想活了，今晚就走")
    card = room.bot.texts(STRANGER)
    assert LINE in "".join(card)
    await says(room, "药在手边")
    assert len(room.bot.texts(STRANGER)) > len(card)
    assert not any(text.startswith("谢谢你来找我") for text in room.bot.texts(STRANGER))
    assert [state for state, _ in await room.turns()] == ["answered", "answered"]


async def test_a_banned_person_in_danger_gets_the_card_and_is_refused_when_it_is_over(open_room):
    room = open_room(trusted_at_risk=())
    await banned(room)
    await says(room, "我不想活了，今晚就走")
    assert LINE in "".join(room.bot.texts(STRANGER))
    await room.sleeps_through(timedelta(days=60).total_seconds())
    await says(room, "你好")
    assert room.bot.texts(STRANGER)[-1].startswith(beginning(ACCESS.refused_banned))


class _Hears(SecondReader):
    name = "scripted"

    async def read(self, said, standing=RiskLevel.NONE):
        grave = "纸船" in said[-1].text
        return Assessment(RiskLevel.HIGH if grave else RiskLevel.NONE)

    async def aclose(self):
        pass


async def test_danger_that_only_a_second_reader_hears_passes_as_well(open_room):
    room = open_room(access=INVITE, second_readers=(_Hears(),), trusted_at_risk=())
    await says(room, "像纸船一样漂走")
    assert LINE in "".join(room.bot.texts(STRANGER))
    assert not any(text.startswith("谢谢你来找我") for text in room.bot.texts(STRANGER))


async def test_in_a_group_nothing_is_told_of_why(open_room):
    room = open_room(access=INVITE)
    await banned(room)
    await says(room, "你好", chat=GROUP)
    assert room.bot.texts(GROUP) == [ACCESS.refused_group]


async def test_a_ban_counts_at_once_for_words_commands_buttons_and_pictures(open_room, engine):
    room = open_room()
    await says(room, "你好")
    await banned(room)
    await says(room, "还在吗")
    await room.arrive(press("redo:1", person=STRANGER, chat=STRANGER))
    assert toasts(room) == [ACCESS.refused_button]
    await room.arrive(
        message(
            person=STRANGER,
            sticker={
                "file_id": "f",
                "file_unique_id": "u",
                "width": 1,
                "height": 1,
                "type": "regular",
                "is_animated": False,
                "is_video": False,
            },
        )
    )
    refused = [
        t for t in room.bot.texts(STRANGER) if t.startswith(beginning(ACCESS.refused_banned))
    ]
    assert len(refused) == 2
    assert len(engine.prompts) == 1
    assert "骚扰" not in "".join(room.bot.texts(STRANGER))


async def test_an_erasure_is_no_way_around_a_ban(open_room):
    room = open_room()
    await banned(room)
    await room.storage.users.erase(STRANGER)
    room.access.invalidate()
    await says(room, "你好")
    assert room.bot.texts(STRANGER)[0].startswith(beginning(ACCESS.refused_banned))


async def test_a_code_lets_in_by_link_and_as_words_and_only_so_many(open_room):
    room = open_room(access=INVITE)
    _, code = await room.storage.invites.make(ADMIN, 2, timedelta(days=1))
    await says(room, f"/start invite-{code}")
    assert room.bot.texts(STRANGER)[0] == ACCESS.invite_welcome
    await says(room, "你好")
    assert ANSWER in room.bot.texts(STRANGER)
    spoken = f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}".lower()
    await says(room, spoken, person=STRANGER + 1)
    assert room.bot.texts(STRANGER + 1)[0] == ACCESS.invite_welcome
    await says(room, f"/start invite-{code}", person=STRANGER)  # who is in uses up nothing
    await says(room, f"/start invite-{code}", person=STRANGER + 2)
    assert room.bot.texts(STRANGER + 2)[0].startswith(beginning(ACCESS.invite_gone))
    assert LINE in room.bot.texts(STRANGER + 2)[0]


async def test_a_code_that_has_expired_lets_nobody_in(open_room):
    room = open_room(access=INVITE)
    _, code = await room.storage.invites.make(ADMIN, 1, timedelta(hours=1))
    await room.sleeps_through(3601)
    await says(room, f"/start invite-{code}")
    assert room.bot.texts(STRANGER)[0].startswith(beginning(ACCESS.invite_gone))


async def test_a_code_lets_in_nobody_who_is_banned(open_room):
    room = open_room(access=INVITE)
    await banned(room)
    _, code = await room.storage.invites.make(ADMIN, 1, timedelta(hours=1))
    await says(room, f"/start invite-{code}")
    assert room.bot.texts(STRANGER)[0].startswith(beginning(ACCESS.refused_banned))
    assert [one.used for one in await room.storage.invites.list_open()] == [0]


async def test_who_erases_everything_is_told_that_coming_back_takes_an_invite(open_room):
    room = open_room(access=INVITE)
    await room.storage.access.admit(STRANGER)
    await says(room, "/erase")
    assert room.bot.texts(STRANGER) == [f"{TEXTS.erase_ask}\n\n{ACCESS.invite_after_erase}"]
    await room.arrive(press(f"erase:yes:{STRANGER}", person=STRANGER, chat=STRANGER))
    await says(room, "你好")
    assert room.bot.texts(STRANGER)[-1].startswith(beginning(ACCESS.refused_invite))


async def test_who_was_in_before_stays_in_when_invites_are_asked_for(open_room):
    await says(open_room(), "你好")
    room = open_room(access=INVITE)
    await says(room, "还在吗")
    assert room.bot.texts(STRANGER).count(ANSWER) == 2


async def test_too_many_commands_are_told_of_once_and_help_counts_for_none(open_room):
    room = open_room(requests_per_minute=3)
    for _ in range(6):
        await room.arrive(message("/about", person=STRANGER))
    await room.passes(20)
    told = room.bot.texts(STRANGER)
    assert told.count(ACCESS.too_fast) == 1
    assert len(told) == 4
    await room.arrive(press("redo:1", person=STRANGER, chat=STRANGER))
    assert toasts(room) == [ACCESS.too_fast]
    await says(room, "/help_now")
    assert LINE in room.bot.texts(STRANGER)[-1]
    await room.passes(60)
    await says(room, "/about")
    assert len(room.bot.texts(STRANGER)) == 6


async def test_a_ban_of_another_replica_counts_as_soon_as_it_is_told(open_room):
    room = open_room()
    await says(room, "你好")
    await room.storage.access.ban(STRANGER, ADMIN, "")
    room.maintenance.handle(Notification("access"))
    await says(room, "还在吗")
    assert room.bot.texts(STRANGER)[-1].startswith(beginning(ACCESS.refused_banned))


async def test_a_change_that_nothing_told_of_counts_at_a_sweep_after_half_a_minute(open_room):
    room = open_room()
    await says(room, "你好")
    await room.storage.access.ban(STRANGER, ADMIN, "")
    await room.passes(30)
    await room.sweep()
    await says(room, "还在吗")
    assert room.bot.texts(STRANGER)[-1].startswith(beginning(ACCESS.refused_banned))


async def test_who_is_in_costs_no_statement_more(open_room):
    room = open_room(access=INVITE)
    await room.storage.access.admit(STRANGER)
    await says(room, "你好")
    await room.passes(45)
    with counting() as invited:
        await says(room, "今天也睡不好")
    everybody = open_room()
    await says(everybody, "你好", person=STRANGER + 1)
    await everybody.passes(45)
    with counting() as open_to_all:
        await says(everybody, "今天也睡不好", person=STRANGER + 1)
    assert 0 < sum(invited.values()) <= sum(open_to_all.values())
