"""What people are told about the bot and asked about themselves, as they see it."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from telegram.error import BadRequest, NetworkError

from bot.conversation.companion import FOR_THE_OLD
from bot.locales import Language, texts_for
from bot.safety import Region, RiskLevel, card
from bot.safety.hotlines import numbers_for, youth_hotlines
from bot.storage import Disclosure
from bot.telegram.features.beginnings import BEGINNINGS
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, PERSON, message, press

NEWCOMER = 555
YEAR = date(2026, 1, 1), date(2026, 12, 31)
FIRST, ASKS_AGE = TEXTS.care_first, TEXTS.care_ask_age
IMMINENT = "我今晚就去跳楼，已经决定了。"
POLICE = numbers_for(Language.ZH_CN)["police"]
MINOR = TEXTS.care_minor(lines=youth_hotlines(Language.ZH_CN), police=POLICE)


def shown(text):
    return [part.text for part in render(text)]


async def says(room, text, *, person=NEWCOMER):
    await room.arrive(message(text, person=person))
    await room.passes(10)


async def presses(room, action):
    """Press the button of the newest message that has one of this action."""
    message_id, data = next(
        (message_id, button.callback_data)
        for (chat, message_id), (_, keyboard) in sorted(room.bot.shown.items(), reverse=True)
        if chat == NEWCOMER and keyboard
        for row in keyboard.inline_keyboard
        for button in row
        if button.callback_data.startswith(action)
    )
    await room.arrive(press(data, person=NEWCOMER, chat=NEWCOMER, message_id=message_id))
    await room.passes(5)
    return message_id


async def test_somebody_new_is_told_before_the_first_answer_and_only_once(room):
    await says(room, "你好")
    assert room.bot.texts(NEWCOMER) == [FIRST, ANSWER, ASKS_AGE]
    await says(room, "今天有点累")
    assert room.bot.texts(NEWCOMER) == [FIRST, ANSWER, ASKS_AGE, ANSWER]
    assert (await room.storage.counters.totals(*YEAR))["notice_first"] == 1


async def test_the_trial_model_is_named_before_it_says_its_first_word(open_room):
    room = open_room(is_trial=True)
    await says(room, "你好")
    first = f"{TEXTS.care_first}\n\n{TEXTS.start_trial}"
    assert room.bot.texts(NEWCOMER) == [first, ANSWER, ASKS_AGE]
    await says(room, "你好")
    assert room.bot.texts(NEWCOMER) == [first, ANSWER, ASKS_AGE, ANSWER]


async def test_who_came_by_start_is_not_told_twice(room):
    await says(room, "/start")
    assert room.bot.texts(NEWCOMER) == shown(TEXTS.start)
    await says(room, "你好")
    assert room.bot.texts(NEWCOMER) == [*shown(TEXTS.start), ANSWER, ASKS_AGE]


@pytest.mark.parametrize("chosen", BEGINNINGS)
async def test_three_buttons_begin_a_talk_that_the_model_goes_on_with(room, engine, chosen):
    await says(room, "/start")
    await presses(room, f"begin:{chosen}")
    begun = getattr(TEXTS, f"begun_{chosen}")
    assert room.bot.texts(NEWCOMER) == [*shown(TEXTS.start), begun]
    await says(room, "三天了")
    said = [one.content for one in engine.prompts[-1][1:]]
    assert said == [getattr(TEXTS, f"begin_{chosen}"), begun, "三天了"]


async def test_start_in_a_group_asks_nobody_how_old_they_are(room):
    await room.arrive(message("/start", person=NEWCOMER, chat=GROUP))
    await room.arrive(message("大家好", person=NEWCOMER, chat=GROUP))
    await room.passes(10)
    assert room.bot.texts(GROUP) == [*shown(TEXTS.start), ANSWER]


@pytest.mark.parametrize("is_trial", [False, True])
async def test_a_newcomer_in_danger_reads_the_card_first_and_no_notice_behind_it(
    open_room, is_trial
):
    room = open_room(is_trial=is_trial)
    await says(room, IMMINENT)
    answer = [] if is_trial else [ANSWER]
    [imminent_card] = shown(card(RiskLevel.IMMINENT, Language.ZH_CN))
    assert room.bot.texts(NEWCOMER) == [imminent_card, *answer]
    await says(room, "我在")
    await says(room, "/start")
    later = room.bot.texts(NEWCOMER)[-2:]
    assert later[1:] == shown(TEXTS.start), "neither a warning nor a question about age"
    for _ in range(4 * 3):
        await room.passes(20 * 60)
        await says(room, "还在")
    said = room.bot.texts(NEWCOMER)
    assert not any(TEXTS.start_trial in text or TEXTS.care_ask_age in text for text in said)
    assert TEXTS.care_break not in said


async def test_the_whole_notice_comes_when_the_danger_is_over(open_room):
    room = open_room(is_trial=True)
    await says(room, IMMINENT)
    await room.passes(timedelta(days=12).total_seconds())
    await says(room, "今天天气不错")
    whole = f"{TEXTS.care_first}\n\n{TEXTS.start_trial}"
    assert whole in room.bot.texts(NEWCOMER)[-3:]
    assert room.bot.texts(NEWCOMER)[-1] == ASKS_AGE


async def test_who_was_in_danger_at_first_is_later_asked_for_the_first_time_not_again(room):
    told = Disclosure(told_at=room.now(), last_wrote_at=room.now())
    await room.storage.disclosures.record(NEWCOMER, told)
    await says(room, "今天天气不错")
    assert room.bot.texts(NEWCOMER)[-1] == TEXTS.care_ask_age
    await room.passes(26 * 60 * 60)
    await says(room, "又是一天")
    assert room.bot.texts(NEWCOMER)[-1] == TEXTS.care_ask_age_again


async def test_the_young_read_the_lines_of_the_region_they_chose(room):
    await says(room, "你好")
    await room.storage.users.set_region(NEWCOMER, "HK")
    await presses(room, "age:minor")
    said = TEXTS.care_minor(
        lines=youth_hotlines(Language.ZH_CN, Region.HK),
        police=numbers_for(Language.ZH_CN, Region.HK)["police"],
    )
    assert room.bot.texts(NEWCOMER)[-1] == shown(said)[-1]
    assert "110" not in said


async def test_a_replica_started_anew_goes_on_counting(open_room):
    room = open_room()
    await says(room, "睡不着", person=PERSON)
    for _ in range(7):
        await room.passes(20 * 60)
        await says(room, "还是睡不着", person=PERSON)
    assert room.bot.texts(PERSON).count(TEXTS.care_break) == 1
    await room.aclose()
    again = open_room()
    for _ in range(3):
        await again.passes(20 * 60)
        await says(again, "还在", person=PERSON)
    assert room.bot.texts(PERSON).count(TEXTS.care_reminder) == 1
    assert room.bot.texts(PERSON).count(TEXTS.care_break) == 1


async def test_a_break_is_suggested_after_the_answer_and_a_reminder_before(room):
    for _ in range(10):
        await says(room, "还是睡不着", person=PERSON)
        await room.passes(20 * 60)
    said = room.bot.texts(PERSON)
    at = said.index(TEXTS.care_break)
    assert said[at - 1 : at] == [ANSWER]
    at = said.index(TEXTS.care_reminder)
    assert said[at : at + 2] == [TEXTS.care_reminder, ANSWER]


async def test_one_who_comes_again_the_next_day_is_told_in_a_line_before_the_answer(room):
    await says(room, "你好", person=PERSON)
    await room.passes(timedelta(hours=20).total_seconds())
    await says(room, "今天也有点累", person=PERSON)
    await says(room, "不过吃得还行", person=PERSON)
    assert room.bot.texts(PERSON) == [ANSWER, TEXTS.care_session, ANSWER, ANSWER]


async def test_a_concern_is_told_before_the_answer_so_that_no_notice_is_the_last_word(room):
    await says(room, "觉得活着没意思")
    assert room.bot.texts(NEWCOMER)[0] == TEXTS.care_session
    assert TEXTS.care_ask_age not in "".join(room.bot.texts(NEWCOMER))


async def test_one_back_after_a_week_is_told_again(room):
    await says(room, "你好", person=PERSON)
    await room.passes(timedelta(days=7).total_seconds())
    await says(room, "我回来了", person=PERSON)
    assert room.bot.texts(PERSON) == [ANSWER, TEXTS.care_return, ANSWER]


async def test_a_notice_that_telegram_refuses_costs_no_answer_and_is_still_owed(room):
    room.bot.chat_faults[NEWCOMER].append(BadRequest("x"))
    await says(room, "你好")
    assert room.bot.texts(NEWCOMER) == [ANSWER]
    await says(room, "在吗")
    assert room.bot.texts(NEWCOMER) == [ANSWER, FIRST, ANSWER, ASKS_AGE]


async def test_a_crash_before_the_notice_went_out_does_not_lose_it(open_room):
    room = open_room()
    room.bot.gate = asyncio.Event()  # Telegram does not answer
    await room.arrive(message("你好", person=NEWCOMER))
    await room.passes(3)
    await room.aclose()
    room.bot.gate = None
    again = open_room()
    await again.sweep()
    await again.passes(40)
    assert FIRST in again.bot.texts(NEWCOMER)
    assert again.bot.texts(NEWCOMER)[-2:] == [ANSWER, ASKS_AGE]


async def test_an_adult_is_thanked_and_the_buttons_go(room):
    await says(room, "你好")
    asked = await presses(room, "age:adult")
    assert room.bot.answered[-1][1] == TEXTS.care_age_thanks
    assert room.bot.shown[NEWCOMER, asked][1] is None
    assert not await room.storage.disclosures.is_minor(NEWCOMER)


async def test_somebody_under_18_is_welcome_and_told_who_helps(room):
    await says(room, "你好")
    await presses(room, "age:minor")
    assert room.bot.texts(NEWCOMER)[-1] == shown(MINOR)[0]
    assert await room.storage.disclosures.is_minor(NEWCOMER)
    await presses(room, "age:teen")
    assert (await room.storage.disclosures.for_user(NEWCOMER)).age == "teen"
    await says(room, "作业写不完")
    assert room.bot.texts(NEWCOMER)[-1] == ANSWER


@pytest.mark.parametrize("age", ["adult", "minor"])
async def test_the_model_is_nobodys_lover_who_answered_to_be_under_18(room, engine, age):
    await says(room, "你好")
    await presses(room, f"age:{age}")
    engine.will("我是你的男朋友，我爱你。")
    await says(room, "今天有点累")
    blocked = "我爱你" not in room.bot.texts(NEWCOMER)[-1]
    assert blocked is (age == "minor")


async def test_who_would_rather_not_say_is_not_asked_again(room):
    await says(room, "你好")
    await presses(room, "age:unsaid")
    assert room.bot.answered[-1][1] == TEXTS.care_age_left
    known = await room.storage.disclosures.for_user(NEWCOMER)
    assert (known.age, known.asked) == (None, 2)


async def test_a_wrong_age_can_be_changed(room):
    await says(room, "你好")
    await presses(room, "age:adult")
    await says(room, "/start")
    await presses(room, "age:change")
    await presses(room, "age:minor")
    assert await room.storage.disclosures.is_minor(NEWCOMER)


async def test_a_child_whose_home_is_not_safe_is_told_whom_else_and_not_asked_again(room):
    await says(room, "你好")
    await presses(room, "age:minor")
    await presses(room, "age:child")
    await presses(room, "guardian:unsafe")
    lines = youth_hotlines(Language.ZH_CN)
    told = TEXTS.care_home_unsafe(lines=lines, police=POLICE)
    assert room.bot.texts(NEWCOMER)[-1] == shown(told)[-1]
    await room.passes(timedelta(days=8).total_seconds())
    await says(room, "今天放学早")
    assert TEXTS.care_child not in room.bot.texts(NEWCOMER)[-3:]


async def test_who_says_to_be_old_reads_of_cheats_once_and_the_model_is_told(room, engine):
    await says(room, "我今年七十二岁了，耳朵不好", person=PERSON)
    told = TEXTS.care_elderly(police=POLICE)
    assert room.bot.texts(PERSON) == [ANSWER, told]
    await says(room, "老伴做饭去了", person=PERSON)
    assert room.bot.texts(PERSON).count(told) == 1
    assert all(FOR_THE_OLD in prompt[0].content for prompt in engine.prompts)


async def test_who_says_that_nobody_else_counts_is_kindly_reminded_of_people(room):
    await says(room, "只有你懂我", person=PERSON)
    assert room.bot.texts(PERSON) == [ANSWER, TEXTS.care_leaning]


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_a_child_is_asked_about_a_guardian_and_answered_all_the_same(room, answer):
    await says(room, "你好")
    await presses(room, "age:minor")
    await presses(room, "age:child")
    assert room.bot.texts(NEWCOMER)[-1] == TEXTS.care_child
    await presses(room, f"guardian:{answer}")
    agreed = (await room.storage.disclosures.for_user(NEWCOMER)).guardian_agreed_at
    assert (agreed is not None) is (answer == "yes")
    if answer == "no":
        assert room.bot.texts(NEWCOMER)[-1] == TEXTS.care_guardian_later
    await says(room, "我想说说学校")
    assert room.bot.texts(NEWCOMER)[-1] == ANSWER


async def test_nobody_answers_for_somebody_else(room):
    await says(room, "你好")
    await room.arrive(press(f"age:minor:{NEWCOMER}", person=PERSON, chat=NEWCOMER))
    await room.passes(5)
    assert room.bot.answered[-1][1] == TEXTS.button_expired
    assert (await room.storage.disclosures.for_user(NEWCOMER)).age is None


async def test_a_notice_waits_out_a_hiccup_and_still_comes_first(room):
    room.bot.faults["send"].append(NetworkError("x"))
    await says(room, "你好")
    assert room.bot.texts(NEWCOMER) == [FIRST, ANSWER, ASKS_AGE]


@pytest.mark.parametrize("language", Language)
def test_the_young_are_shown_lines_in_every_language(language):
    lines = youth_hotlines(language)
    assert lines.startswith("· ")
    assert ("12355" in lines) is (language is Language.ZH_CN)
    assert "AI" in texts_for(language).care_first
