"""A card waits for nothing and is lost by nothing; what follows it goes on from there."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from telegram.error import Forbidden, NetworkError, RetryAfter

from bot.locales import Language, texts_for
from bot.safety import Region, RiskLevel, card, guidance, question, render_hotlines, repeated_card
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.room import CARD_WINDOW, CHECK_IN_AFTER, TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press

HIGH = "我不想活了"
IMMINENT = "我今晚就去跳楼，已经决定了。"
DAY = 24 * 3600
CN = Language.ZH_CN
HIGH_CARD, IMMINENT_CARD = card(RiskLevel.HIGH, CN), card(RiskLevel.IMMINENT, CN)
SAFE, HELP, WHERE = (f"risk:{what}:{PERSON}" for what in ("safe", "help", "where"))


def shown(text):
    """A reviewed text as a chat shows it, in one message."""
    [part] = render(text)
    return part.text


async def says(room, text, seconds=10, **fields):
    """Say something and wait; what the bot said to it."""
    before = len(room.bot.texts(PERSON))
    await room.arrive(message(text, **fields))
    await room.passes(seconds)
    return room.bot.texts(PERSON)[before:]


def sent_at(room, text):
    """When each message with this text was sent, in seconds since the room's first call."""
    return [at for at, method, said in room.bot.log(PERSON) if (method, said) == ("send", text)]


async def test_the_card_waits_for_no_running_answer_no_burst_and_no_slot(open_room, engine):
    room = open_room(burst_window=5.0)
    engine.will(asyncio.Event())
    await room.arrive(message("今天吃什么"))
    await room.passes(7)  # an answer is being made; its first message has just been sent
    now = room.clock.now
    await room.arrive(message(IMMINENT))
    [call] = [call for call in room.bot.calls if call.text == shown(IMMINENT_CARD)]
    assert call.at == now


async def test_a_call_that_hangs_holds_no_card(room):
    room.bot.gate = asyncio.Event()
    await room.arrive(message("今天吃什么"))
    await room.passes(2)
    await room.arrive(message(HIGH))
    assert room.bot.calls[-1].text == shown(HIGH_CARD)
    room.bot.gate.set()
    await room.passes(5)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"text": f"/start {IMMINENT}"}, id="command"),
        pytest.param({"caption": IMMINENT, "photo": []}, id="caption"),
        pytest.param({"text": IMMINENT, "edit_date": 5}, id="edit"),
    ],
)
async def test_every_kind_of_words_is_read(room, fields):
    update = message(fields.pop("text", None), **fields)
    if "edit_date" in fields:
        update["edited_message"] = update.pop("message")
    await room.arrive(update)
    assert shown(IMMINENT_CARD) in room.bot.texts(PERSON)


async def test_words_that_are_not_for_the_bot_are_not_read(room):
    update = message(IMMINENT, chat=GROUP)
    del update["message"]["reply_to_message"]
    await room.arrive(update)
    assert room.bot.calls == []


async def test_a_card_owed_by_a_dead_process_is_sent_by_the_next_one(open_room, engine, storage):
    room = open_room()
    room.bot.gate = asyncio.Event()
    await room.arrive(message(IMMINENT))
    assert sent_at(room, shown(IMMINENT_CARD)) == [0.0]
    assert room.bot.texts(PERSON) == []  # the call is on its way when the process dies
    await room.aclose()
    room.bot.gate = None
    await storage.cards.take_over()
    after = open_room()
    await after.sweep()
    await after.passes(10)
    assert room.bot.texts(PERSON) == [shown(IMMINENT_CARD), ANSWER]


async def test_an_answer_taken_over_comes_after_the_card_that_is_still_owed(open_room, storage):
    room = open_room()
    room.bot.faults["send"].extend(NetworkError("x") for _ in range(3))
    await room.arrive(message(HIGH))
    await room.passes(30)
    assert room.bot.texts(PERSON) == [shown(HIGH_CARD), ANSWER]


async def test_a_database_that_is_away_keeps_nobody_from_a_card(room, database_switch):
    update = message(HIGH)
    database_switch.is_away = True
    for _ in range(3):  # Telegram sends again what was not acknowledged
        with pytest.raises(Exception, match="database"):
            await room.arrive(update)
        await room.passes(2)
    assert room.bot.texts(PERSON) == [shown(HIGH_CARD)]
    another = message(HIGH)
    with pytest.raises(Exception, match="database"):
        await room.arrive(another)
    await room.passes(2)
    assert room.bot.texts(PERSON)[1:] == [shown(repeated_card(RiskLevel.HIGH, CN, 1))]
    database_switch.is_away = False
    await room.arrive(update, another)
    await room.passes(10)
    assert room.bot.texts(PERSON)[2:] == [ANSWER, ANSWER]
    assert await room.storage.cards.claim_free(9) == []


async def test_numbers_are_of_the_chosen_region_with_the_database_away(room, database_switch):
    await room.arrive(press(f"risk:in:HK:{PERSON}"))
    await room.passes(3)
    database_switch.is_away = True
    for words, seen in (
        (IMMINENT, card(RiskLevel.IMMINENT, CN, Region.HK)),
        ("/help_now", render_hotlines(CN, Region.HK)),
    ):
        with pytest.raises(Exception, match="database"):
            await room.arrive(message(words))
        await room.passes(2)
        assert room.bot.texts(PERSON)[-1] == shown(seen)


@pytest.mark.parametrize("words", ["求助", "求助！", "Help", "/help_now"])
async def test_the_help_lines_come_with_the_database_away(room, database_switch, words):
    update = message(words)
    database_switch.is_away = True
    for _ in range(2):
        with pytest.raises(Exception, match="database"):
            await room.arrive(update)
        await room.passes(1)
    assert room.bot.texts(PERSON) == [shown(render_hotlines(CN))]


@pytest.mark.parametrize("words", ["求助", "求助。", "help"])
async def test_who_writes_a_call_for_help_sees_the_help_lines(room, engine, words):
    assert await says(room, words) == [shown(render_hotlines(CN))]
    assert engine.prompts == []


async def test_a_whole_turn_is_read_again_and_what_is_worse_brings_its_card(room, engine):
    engine.will("你是不是想过结束自己的生命？")
    await says(room, "最近很累")
    assert await says(room, "想过") == [shown(HIGH_CARD), ANSWER]
    assert room.raised == [(PERSON, PERSON, RiskLevel.HIGH)]


async def test_what_is_written_in_one_breath_brings_one_card(open_room):
    room = open_room(burst_window=2.0)
    await room.arrive(message(HIGH))
    await room.arrive(message("真的" + HIGH))
    await room.passes(15)
    assert room.bot.texts(PERSON) == [shown(HIGH_CARD), ANSWER]


async def test_a_card_is_not_repeated_within_its_window_and_what_comes_instead_varies(room):
    first = await says(room, HIGH)
    repeats = [(await says(room, HIGH))[0] for _ in range(4)]
    assert first[0] == shown(HIGH_CARD)
    assert repeats == [shown(repeated_card(RiskLevel.HIGH, CN, number)) for number in (1, 2, 3, 4)]
    assert all(one != other for one, other in pairwise(repeats))
    assert all(len(repeat) < len(first[0]) / 2 for repeat in repeats)
    assert (await says(room, IMMINENT))[0] == shown(IMMINENT_CARD)
    await room.passes(CARD_WINDOW.total_seconds())
    assert (await says(room, HIGH))[0] == shown(HIGH_CARD)


@pytest.mark.parametrize("fault", [Forbidden("x"), RetryAfter(3600)], ids=repr)
async def test_a_card_that_cannot_be_delivered_ends_or_stays_owed(room, fault):
    room.bot.chat_faults[PERSON].extend([fault] * 3)
    await room.arrive(message(HIGH))
    await room.passes(5)
    room.bot.chat_faults.clear()
    await room.sweep()
    await room.passes(5)
    assert (shown(HIGH_CARD) in room.bot.texts(PERSON)) is isinstance(fault, RetryAfter)


async def test_who_is_on_duty_is_told_and_a_fault_there_costs_nobody_a_card(room, monkeypatch):
    async def broken(*_):
        raise RuntimeError

    await says(room, HIGH)
    assert room.raised == [(PERSON, PERSON, RiskLevel.HIGH)]
    monkeypatch.setattr(room.crisis, "_on_raised", broken)
    assert (await says(room, IMMINENT))[0] == shown(IMMINENT_CARD)


async def test_danger_survives_a_reset_and_another_process_and_fades(open_room, engine):
    room = open_room()
    await says(room, IMMINENT)
    await room.arrive(press(f"reset:yes:{PERSON}", message_id=1))
    expected = [
        (0, guidance(RiskLevel.IMMINENT)),
        (1.01, guidance(RiskLevel.HIGH, RiskLevel.NONE)),
        (3, guidance(RiskLevel.CONCERN)),
        (7, None),
    ]
    for days, told in expected:
        await room.passes(days * DAY)
        await room.storage.conversations.reset(PERSON)
        await room.storage.recent.forget(PERSON)
        room = open_room()
        await says(room, "今天吃什么")
        others = {guidance(level) for level in list(RiskLevel)[1:]} - {told}
        system = engine.prompts[-1][0].content
        assert told is None or told in system
        assert not any(other in system for other in others)


async def test_what_was_said_before_fades_with_the_danger(open_room, engine):
    room = open_room()
    await says(room, IMMINENT)
    await room.passes(12 * DAY)
    await says(room, "今天天气不错")
    system = engine.prompts[-1][0].content
    assert not any(guidance(level) in system for level in list(RiskLevel)[1:])


async def test_the_trial_model_stays_silent_until_the_person_says_they_are_safe(open_room, engine):
    room = open_room(is_trial=True)
    await says(room, HIGH)
    answers = [await says(room, "今天吃什么") for _ in range(3)]
    assert [len(answer) for answer in answers] == [1, 1, 1]
    assert len({answer[0] for answer in answers}) == 3
    assert engine.prompts == []
    assert SAFE in room.buttons()
    assert await says(room, "我现在安全了。") == [shown(TEXTS.risk_safe)]
    assert await says(room, "今天吃什么") == [ANSWER]


async def test_the_question_after_the_card_is_another_one_each_time(open_room):
    room = open_room(is_trial=True)
    asked = [(await says(room, IMMINENT))[-1] for _ in range(4)]
    assert asked[0] == shown(question(RiskLevel.IMMINENT, CN))
    assert all(one != other for one, other in pairwise(asked))


async def test_safe_lowers_one_step_once_and_asks_what_helped(room, engine):
    await says(room, IMMINENT)
    card_id = min(message_id for _, message_id in room.bot.shown)
    await room.arrive(press(SAFE, message_id=card_id), press(SAFE, message_id=card_id))
    await room.passes(3)
    assert room.bot.texts(PERSON).count(shown(TEXTS.risk_safe)) == 1
    assert room.bot.shown[PERSON, card_id][1].inline_keyboard[0][0].callback_data == HELP
    await says(room, "今天吃什么")
    assert guidance(RiskLevel.HIGH, RiskLevel.CONCERN) in engine.prompts[-1][0].content


async def test_who_needs_help_gets_the_emergency_number_and_the_lines(room):
    await says(room, HIGH)
    await room.arrive(press(HELP))
    await room.passes(3)
    said = room.bot.texts(PERSON)[-1]
    assert "110 或 120" in said
    assert "· 12356 " in said
    assert "谁离你最近" in said
    assert room.raised[-1] == (PERSON, PERSON, RiskLevel.HIGH)
    [call] = [call for call in room.bot.calls if call.text == said]
    marked = {
        said[entity.offset : entity.offset + entity.length] for entity in call.details["entities"]
    }
    assert {"110", "120", "12356", "12355"} <= marked


async def test_a_region_is_chosen_once_and_used_from_then_on(room):
    await says(room, HIGH)
    await room.arrive(press(WHERE))
    await room.passes(3)
    assert room.bot.texts(PERSON)[-1] == shown(TEXTS.risk_region_ask)
    offered = {data.split(":")[2] for data in room.buttons()}
    assert offered == set(Region)
    await room.arrive(press(f"risk:in:HK:{PERSON}"))
    await room.passes(3)
    assert room.bot.texts(PERSON)[-1] == shown(render_hotlines(CN, Region.HK))
    await room.arrive(message("/help_now"))
    assert room.bot.texts(PERSON)[-1] == shown(render_hotlines(CN, Region.HK))
    assert room.buttons() == [WHERE]
    assert (await says(room, IMMINENT))[0] == shown(card(RiskLevel.IMMINENT, CN, Region.HK))


async def test_where_no_line_is_known_the_bot_says_so_and_shows_no_other_places_numbers(room):
    await room.arrive(press(f"risk:in:other:{PERSON}"))
    assert room.bot.texts(PERSON) == [shown(TEXTS.risk_region_elsewhere)]
    assert room.buttons() == [WHERE]
    said = await says(room, IMMINENT)
    assert said[0] == shown(card(RiskLevel.IMMINENT, CN, Region.OTHER))
    assert "110" not in said[0]
    assert "12356" not in said[0]


@pytest.mark.parametrize("words", ["我需要帮助", "救救我！", "救命", "I need help"])
async def test_who_calls_for_help_in_plain_words_is_shown_the_lines(room, words):
    await room.arrive(message(words))
    assert room.bot.texts(PERSON) == [shown(render_hotlines(CN))]


@pytest.mark.parametrize(
    "data", ["risk:safe", "risk:safe:x", "risk:in:XX:42", "risk:dance:42", "risk"]
)
async def test_data_of_no_button_of_ours_does_nothing(room, data):
    await says(room, IMMINENT)
    await room.arrive(press(data))
    assert room.bot.answered[-1][1] == TEXTS.button_expired


async def test_others_in_a_group_cannot_say_that_somebody_is_safe(room):
    await room.arrive(message(IMMINENT, chat=GROUP))
    await room.passes(10)
    await room.arrive(press(SAFE, person=OTHER, chat=GROUP))
    assert room.bot.answered[-1][1] == TEXTS.risk_not_yours
    assert 3 in (await room.storage.risk.of(PERSON)).ends


async def check_in(room, hours):
    """What is said when so many hours have passed and the upkeep has looked."""
    before = len(room.bot.texts(PERSON))
    await room.passes(hours * 3600)
    await room.sweep()
    await room.passes(3)
    return room.bot.texts(PERSON)[before:]


ASKS = texts_for(CN).risk_check_in


async def test_who_falls_silent_in_danger_is_asked_once_how_they_are(room):
    await says(room, HIGH)
    assert await check_in(room, 5.9) == []
    assert await check_in(room, 0.2) == [ASKS]
    assert room.buttons() == [SAFE, HELP, f"risk:quiet:{PERSON}"]
    assert await check_in(room, 20) == []


@pytest.mark.parametrize("sign", ["wrote", "safe", "blocked", "quiet"])
async def test_who_gave_a_sign_or_does_not_want_it_is_not_asked(room, sign):
    await says(room, IMMINENT)
    await room.passes(3600)
    match sign:
        case "wrote":
            await says(room, "睡了一会儿")
        case "safe":
            await room.arrive(press(SAFE))
        case "blocked":
            await room.storage.users.mark_unreachable(PERSON)
        case "quiet":
            await room.arrive(press(f"risk:quiet:{PERSON}"))
    assert CHECK_IN_AFTER.total_seconds() == 6 * 3600
    assert ASKS not in await check_in(room, 5.5)
    await says(room, HIGH) if sign == "quiet" else None
    if sign != "wrote":  # who wrote is asked when they have been silent for as long again
        assert ASKS not in await check_in(room, 20)
    else:
        assert await check_in(room, 1) == [ASKS]


async def test_nobody_is_asked_in_a_group(room):
    await room.arrive(message(IMMINENT, chat=GROUP))
    await room.passes(10)
    assert await check_in(room, 7) == []


async def test_a_check_in_that_telegram_did_not_take_comes_later(room):
    await says(room, HIGH)
    room.bot.chat_faults[PERSON].append(RetryAfter(120))
    assert await check_in(room, 6.1) == []
    assert await check_in(room, 0.2) == [ASKS]
