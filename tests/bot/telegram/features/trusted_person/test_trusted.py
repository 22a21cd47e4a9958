"""Somebody a person trusts: named, agreed to, asked about in danger, told, and ended by both."""

from __future__ import annotations

import json

import pytest
from telegram.error import Forbidden, RetryAfter

from bot.locales import Language
from bot.locales.trusted import trusted_texts_for
from bot.safety import Region, card_hotlines, emergency
from bot.telegram.features.trusted_person.book import read_names
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.features.crisis.cards import CN, IMMINENT_CARD, shown
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press

WORDS = trusted_texts_for(Language.ZH_CN)
HIGH, IMMINENT = "我不想活了", "我今晚就去跳楼，已经决定了。"
VIOLENCE = "我爸喝多了在砸门，我躲在厕所"
DAY = 24 * 3600


def help_text(region=None):
    return WORDS.help(
        called="小林", emergency=emergency(CN, region), lines=card_hotlines(CN, region)
    )


def plain(text):
    return "".join(part.text for part in render(text))


@pytest.fixture
async def room(open_room):
    return open_room(trusted_persons=True)


async def says(room, text, person=PERSON, **where):
    before = len(room.bot.texts(person))
    await room.arrive(message(text, person=person, **where))
    await settles(room)
    return room.bot.texts(person)[before:]


async def settles(room):
    for _ in range(3):
        await room.passes(5)
        await room.sweep()


async def presses(room, data, person=PERSON):
    newest = max(number for chat, number in room.bot.shown if chat == person)
    await room.arrive(press(data, person=person, chat=person, message_id=newest))
    await settles(room)


def link_in(room):
    return next(t for t in room.bot.texts(PERSON) if "?start=" in t).rpartition("?start=")[2]


async def trusts(room, *choices):
    """Have the other one agree, and choose how it is done; the token that was used."""
    await says(room, "/trusted 妈妈 小林")
    link = link_in(room)
    await says(room, f"/start {link}", person=OTHER)
    await presses(room, room.buttons(OTHER)[0], person=OTHER)
    for choice in choices:
        await presses(room, f"trusted:{choice}:{PERSON}")
    return link


@pytest.mark.parametrize(
    ("argument", "names"),
    [
        ("妈妈 小林", ("妈妈", "小林")),
        ("王 老师 小林", ("王 老师", "小林")),
        ("王 老师，小 林", ("王 老师", "小 林")),
        ("**妈妈**[x](y) <b>小林", ("妈妈xy", "b小林")),
        ("妈妈" * 20 + " 小林", ("妈妈" * 10, "小林")),
        ("妈妈", None),
        ("", None),
        ("一，二，三", None),
        ("--- ...", None),
    ],
)
def test_two_names_are_read(argument, names):
    assert read_names(argument) == names


async def test_the_other_one_agrees_knowing_what_it_means_and_the_person_hears_of_it(room):
    said = await says(room, "/trusted 妈妈 小林")
    assert said[0] == WORDS.forward_this(name="妈妈")
    assert "https://t.me/shudong_bot?start=trusted-" in said[1]
    [invitation] = await says(room, f"/start {link_in(room)}", person=OTHER)
    assert invitation == plain(WORDS.invitation(called="小林"))
    await presses(room, room.buttons(OTHER)[0], person=OTHER)
    assert room.bot.texts(OTHER) == [WORDS.agreed_to(called="小林")]
    assert room.bot.texts(PERSON)[-1] == WORDS.agreed(name="妈妈")
    [page] = await says(room, "/trusted")
    assert WORDS.sends_asked in page
    assert WORDS.harm_no in page


async def test_a_link_is_used_once_and_never_by_the_person_themself(room):
    link = await trusts(room)
    assert await says(room, f"/start {link}", person=99) == [WORDS.link_gone]
    assert await says(room, "/start trusted-x", person=99) == [WORDS.link_gone]
    await presses(room, f"trusted:delete:{PERSON}")
    before = len(room.bot.texts(PERSON))
    await says(room, "/trusted 妈妈 小林")
    link = room.bot.texts(PERSON)[before:][1].rpartition("?start=")[2]
    assert await says(room, f"/start {link}") == [WORDS.own_link]


async def test_who_says_no_is_let_go_and_the_person_is_told_kindly(room):
    await says(room, "/trusted 妈妈 小林")
    await says(room, f"/start {link_in(room)}", person=OTHER)
    await presses(room, room.buttons(OTHER)[1], person=OTHER)
    assert room.bot.texts(OTHER) == [WORDS.refused_to]
    assert room.bot.texts(PERSON)[-1] == WORDS.declined(name="妈妈")


async def test_a_minor_does_not_carry_it_and_the_link_stays_for_an_adult(room):
    await room.storage.disclosures.set_age(OTHER, "teen")
    await says(room, "/trusted 妈妈 小林")
    link = link_in(room)
    await says(room, f"/start {link}", person=OTHER)
    await presses(room, room.buttons(OTHER)[0], person=OTHER)
    assert room.bot.texts(OTHER) == [WORDS.too_young]
    assert (await room.storage.trusted_persons.for_user(PERSON)).trusted_id is None
    assert await says(room, f"/start {link}", person=99) == [plain(WORDS.invitation(called="小林"))]


async def test_in_danger_the_person_is_asked_after_the_card_and_sees_every_word(room):
    await trusts(room)
    said = await says(room, IMMINENT)
    assert said[0] == shown(IMMINENT_CARD)
    question = said[-1]
    assert question == plain(WORDS.ask(name="妈妈", text=help_text()))
    assert room.buttons() == [f"trusted:send:{PERSON}", f"trusted:skip:{PERSON}"]
    assert len(room.bot.texts(OTHER)) == 1  # nothing is sent without a press

    await presses(room, f"trusted:send:{PERSON}")
    told = room.bot.texts(OTHER)[-1]
    assert told == plain(help_text())
    assert told in question
    for words in (IMMINENT, "跳楼", "自杀", "抑郁", str(PERSON)):
        assert words not in told
    assert room.bot.texts(PERSON)[-1] == WORDS.told(name="妈妈")
    acts = [(a.admin_id, a.action, a.outcome) for a in await room.storage.audit.list_recent(9)]
    assert acts == [(0, "trusted tell", "delivered"), (0, "trusted agree", "done")]

    await presses(room, room.buttons(OTHER)[0], person=OTHER)
    assert room.bot.texts(OTHER)[-1] == WORDS.seen_noted
    assert room.bot.texts(PERSON)[-1] == WORDS.seen(name="妈妈")
    said = await says(room, IMMINENT)
    assert not any("妈妈" in text for text in said)  # once in a crisis


async def test_the_lines_are_those_of_where_the_person_is(room):
    await trusts(room)
    await room.storage.users.set_region(PERSON, "HK")
    await says(room, IMMINENT)
    await presses(room, f"trusted:send:{PERSON}")
    assert room.bot.texts(OTHER)[-1] == plain(help_text(Region.HK))


async def test_a_no_is_a_no(room):
    await trusts(room)
    await says(room, IMMINENT)
    await presses(room, f"trusted:skip:{PERSON}")
    assert WORDS.skipped in room.bot.texts(PERSON)
    assert len(room.bot.texts(OTHER)) == 1


async def test_who_decided_beforehand_is_not_asked(room):
    await trusts(room, "always")
    said = await says(room, IMMINENT)
    assert said[0] == shown(IMMINENT_CARD)
    assert room.bot.texts(OTHER)[-1] == plain(help_text())
    assert said[-1] == WORDS.told(name="妈妈")
    await room.passes(3600)
    await says(room, IMMINENT)
    assert room.bot.texts(OTHER).count(plain(help_text())) == 1


async def test_a_child_is_asked_each_time(room):
    await room.storage.disclosures.set_age(PERSON, "child")
    [intro] = await says(room, "/trusted")
    assert WORDS.intro_young in intro
    await trusts(room, "show")
    assert f"trusted:always:{PERSON}" not in room.buttons()
    await presses(room, f"trusted:always:{PERSON}")
    assert (await room.storage.trusted_persons.for_user(PERSON)).sends == "asked"


@pytest.mark.parametrize(
    "words",
    [
        HIGH,
        VIOLENCE,
        "他现在拿刀追我，我躲在厕所",
        "老公正在打我 救命",
        "我要杀了他，刀在手里，现在就去",
    ],
)
@pytest.mark.parametrize("sends", ["asked", "always"])
async def test_no_other_danger_brings_the_question(room, words, sends):
    await trusts(room, sends)
    said = await says(room, words)
    assert said
    assert not any("妈妈" in text for text in said)
    assert len(room.bot.texts(OTHER)) == 1


async def test_who_is_hurt_by_others_chose_it_for_exactly_that(room):
    await trusts(room, "harm")
    assert room.bot.texts(PERSON)[-1] == WORDS.harm_ask(name="妈妈")
    assert not (await room.storage.trusted_persons.for_user(PERSON)).for_harm
    await presses(room, f"trusted:harm_sure:{PERSON}")
    assert WORDS.harm_yes in room.bot.texts(PERSON)[-1]
    said = await says(room, VIOLENCE)
    assert said[-1] == plain(WORDS.ask(name="妈妈", text=help_text()))


async def test_a_preview_shows_what_would_be_sent(room):
    await trusts(room, "preview")
    assert room.bot.texts(PERSON)[-1] == plain(WORDS.preview(name="妈妈", text=help_text()))
    assert len(room.bot.texts(OTHER)) == 1


async def test_who_cannot_be_reached_is_told_to_the_person_honestly(room):
    await trusts(room)
    await says(room, IMMINENT)
    room.bot.chat_faults[OTHER].append(Forbidden("bot was blocked by the user"))
    await presses(room, f"trusted:send:{PERSON}")
    told = plain(WORDS.not_told(name="妈妈", emergency="110 或 120"))
    assert room.bot.texts(PERSON)[-1].replace(" ", "") == told.replace(" ", "")
    [last] = await room.storage.audit.list_recent(1)
    assert (last.action, last.outcome) == ("trusted tell", "refused")


async def test_telegrams_429_delays_it_and_loses_nothing(room):
    await trusts(room)
    await says(room, IMMINENT)
    room.bot.chat_faults[OTHER].append(RetryAfter(40))
    await presses(room, f"trusted:send:{PERSON}")
    assert len(room.bot.texts(OTHER)) == 1
    await room.passes(60)
    await settles(room)
    assert room.bot.texts(OTHER)[-1] == plain(help_text())
    assert room.bot.texts(PERSON)[-1] == WORDS.told(name="妈妈")


async def test_what_a_process_left_is_sent_by_the_next(open_room):
    first = open_room(trusted_persons=True)
    await trusts(first)
    await first.arrive(message(IMMINENT))
    await first.passes(10)
    await first.aclose()
    again = open_room(trusted_persons=True)
    await settles(again)
    assert again.bot.texts(PERSON)[-1] == plain(WORDS.ask(name="妈妈", text=help_text()))
    await again.storage.trusted_calls.send(PERSON)  # and it dies before it sends it
    await again.aclose()
    last = open_room(trusted_persons=True)
    await settles(last)
    assert last.bot.texts(OTHER)[-1] == plain(help_text())
    assert last.bot.texts(PERSON)[-1] == WORDS.told(name="妈妈")


async def test_both_can_end_it_at_any_time(room):
    await trusts(room)
    await says(room, "/trusted")
    await presses(room, f"trusted:delete:{PERSON}")
    assert room.bot.texts(PERSON)[-1] == WORDS.deleted
    assert room.bot.texts(OTHER)[-1] == WORDS.ended(called="小林")
    await says(room, "/trusted 妈妈 小林")
    link = room.bot.texts(PERSON)[-1].rpartition("?start=")[2]
    await says(room, f"/start {link}", person=OTHER)
    await presses(room, room.buttons(OTHER)[0], person=OTHER)
    assert await says(room, "/trusted", person=OTHER) == [WORDS.trusted_by]
    await presses(room, room.buttons(OTHER)[0], person=OTHER)
    assert room.bot.texts(OTHER)[-1] == WORDS.left_done
    assert room.bot.texts(PERSON)[-1] == WORDS.left(name="妈妈")
    said = await says(room, IMMINENT)
    assert not any("妈妈" in text for text in said)


async def test_nobody_presses_for_another(room):
    await trusts(room)
    await says(room, IMMINENT)
    await room.arrive(press(f"trusted:send:{PERSON}", person=OTHER, chat=OTHER))
    await room.arrive(press(f"trusted:send:{PERSON}", chat=GROUP))
    await room.arrive(press("trust:leave:1", person=99, chat=99))
    await settles(room)
    assert len(room.bot.texts(OTHER)) == 1
    assert (await room.storage.trusted_persons.for_user(PERSON)).trusted_id == OTHER


async def test_a_question_of_another_day_sends_nothing(room):
    await trusts(room)
    await says(room, IMMINENT)
    newest = max(number for chat, number in room.bot.shown if chat == PERSON)
    await room.passes(DAY)
    await room.arrive(press(f"trusted:send:{PERSON}", message_id=newest))
    await settles(room)
    assert room.bot.answered[-1][1] == TEXTS.button_expired
    assert len(room.bot.texts(OTHER)) == 1


async def test_nothing_of_it_is_said_in_a_group(room):
    await trusts(room)
    await room.arrive(message("/trusted", chat=GROUP), message(IMMINENT, chat=GROUP))
    await settles(room)
    assert room.bot.texts(GROUP)[0] == TEXTS.private_here
    assert not any("妈妈" in text for text in room.bot.texts(GROUP))
    assert len(room.bot.texts(OTHER)) == 1


async def test_who_trusts_nobody_reads_nothing_more(room, open_room):
    with_it = await says(room, IMMINENT)
    assert len(with_it) == len(await says(open_room(), IMMINENT, person=OTHER))


async def test_where_the_operators_have_not_switched_it_on_it_is_not_there(open_room):
    room = open_room()
    assert room.router.commands["trusted"].menu is None
    assert await says(room, "/trusted 妈妈 小林") == [WORDS.off]
    assert await room.storage.trusted_persons.for_user(PERSON) is None
    on = open_room(trusted_persons=True)
    await trusts(on)
    await on.aclose()
    off = open_room()
    said = await says(off, IMMINENT)
    assert not any("妈妈" in text for text in said)
    await says(off, "/trusted")
    await presses(off, f"trusted:delete:{PERSON}")  # what is there can be ended
    assert off.bot.texts(OTHER)[-1] == WORDS.ended(called="小林")


async def test_it_goes_out_with_export_of_both(room):
    await trusts(room)
    sent = []

    async def send_document(*arguments, **_):
        sent.append(json.loads(arguments[1]))
        return 1

    room.outbox.send_document = send_document
    for person in (PERSON, OTHER):
        await says(room, "/export", person=person)
    mine, theirs = (file["trusted_person"] for file in sent)
    assert (mine["you_trust"]["name"], mine["you_trust"]["calls_you"]) == ("妈妈", "小林")
    assert [one["called"] for one in theirs["trust_you"]] == ["小林"]
    assert str(OTHER) not in json.dumps(mine)
    assert str(PERSON) not in json.dumps(theirs)
