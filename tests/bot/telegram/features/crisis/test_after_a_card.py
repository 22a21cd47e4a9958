"""What follows a card: danger that is kept in mind, its buttons, and one check-in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from telegram.error import RetryAfter

from bot.locales import texts_for
from bot.safety import Danger, Region, RiskLevel, guidance, render_hotlines, word
from tests.bot.telegram.features.crisis.cards import (
    ASKS,
    CN,
    DAY,
    HELP,
    HIGH,
    HIGH_CARD,
    IMMINENT,
    SAFE,
    TEAM,
    WHERE,
    alerts,
    says,
    shown,
    whole_card,
)
from tests.bot.telegram.room import CHECK_IN_AFTER, TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press


async def test_danger_survives_a_reset_and_another_process_and_fades(open_room, engine):
    room = open_room()
    await says(room, IMMINENT)
    await room.arrive(press(f"reset:yes:{PERSON}", message_id=1))
    expected = [
        (0, guidance(RiskLevel.IMMINENT, RiskLevel.NONE)),
        (1.01, guidance(RiskLevel.HIGH, RiskLevel.NONE)),
        (3, guidance(RiskLevel.CONCERN)),
        (7, None),
    ]
    for days, told in expected:
        await room.passes(days * DAY)
        await room.storage.conversations.reset(PERSON)
        await room.storage.history_cache.forget(PERSON)
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


async def test_a_card_asks_alone_and_what_is_asked_is_another_thing_each_time(open_room):
    room = open_room(is_trial=True)
    asked = [await says(room, words) for words in (IMMINENT, IMMINENT, "今天吃什么", IMMINENT)]
    assert [len(said) for said in asked] == [1, 1, 1, 1]
    assert asked[2] == [ASKS["where"]]
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


async def test_who_needs_help_and_wants_a_human_is_told_to_the_operators(open_room):
    room = open_room(admin_chat=TEAM)
    await room.arrive(press(HELP))
    await room.passes(3)
    assert alerts(room) == []  # a stranger is called by a button of its own
    await room.arrive(press(f"human:call:{PERSON}", message_id=2))
    await room.passes(3)
    assert any(TEXTS.desk_high in alert for alert in alerts(room))


async def test_who_needs_help_gets_the_emergency_number_and_the_lines(room):
    await says(room, HIGH)
    await room.arrive(press(HELP))
    await room.passes(3)
    said = room.bot.texts(PERSON)[-1]
    assert "110 或 120" in said
    assert "· 12356 " in said
    assert said.endswith(ASKS["reach"])
    [call] = [call for call in room.bot.calls if call.text == said]
    marked = {
        said[entity.offset : entity.offset + entity.length] for entity in call.details["entities"]
    }
    assert {"110", "120", "12356"} <= marked


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
    assert (await says(room, IMMINENT))[0] == shown(whole_card(RiskLevel.IMMINENT, Region.HK))


async def test_where_no_line_is_known_the_bot_says_so_and_shows_no_other_places_numbers(room):
    await room.arrive(press(f"risk:in:other:{PERSON}"))
    assert room.bot.texts(PERSON) == [shown(TEXTS.risk_region_elsewhere)]
    assert room.buttons() == [WHERE]
    said = await says(room, IMMINENT)
    assert said[0] == shown(whole_card(RiskLevel.IMMINENT, Region.OTHER))
    assert "110" not in said[0]
    assert "12356" not in said[0]


@pytest.mark.parametrize("words", ["救救我！", "救命"])
async def test_a_cry_for_help_brings_the_lines_and_the_card(room, words):
    await room.arrive(message(words))
    assert room.bot.texts(PERSON) == [
        shown(render_hotlines(CN)),
        shown(HIGH_CARD),
    ]


@pytest.mark.parametrize("words", ["我需要帮助", "I need help"])
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
    assert 3 in (await room.storage.risk.for_user(PERSON)).ends


async def check_in(room, hours):
    """What is said when so many hours have passed and the maintenance has looked."""
    before = len(room.bot.texts(PERSON))
    await room.passes(hours * 3600)
    await room.sweep()
    await room.passes(3)
    return room.bot.texts(PERSON)[before:]


CHECK_IN = texts_for(CN).risk_check_in


async def test_who_falls_silent_in_danger_is_asked_once_how_they_are(room):
    await says(room, HIGH)
    assert await check_in(room, 5.9) == []
    assert await check_in(room, 0.2) == [CHECK_IN]
    assert room.buttons() == [f"risk:{what}:{PERSON}" for what in ("fine", "talk", "quiet")]
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
    assert CHECK_IN not in await check_in(room, 5.5)
    await says(room, HIGH) if sign == "quiet" else None
    if sign != "wrote":  # who wrote is asked when they have been silent for as long again
        assert CHECK_IN not in await check_in(room, 20)
    else:
        assert await check_in(room, 1) == [CHECK_IN]


@pytest.mark.parametrize(
    ("button", "key", "answers"),
    [("fine", "check_in_fine", {"morning": "better"}), ("talk", "check_in_talk", {})],
)
async def test_a_check_in_is_answered_by_a_button_that_tells_nothing(room, button, key, answers):
    await says(room, HIGH)
    await check_in(room, 6.1)
    asked = max(message_id for _, message_id in room.bot.shown)
    await room.arrive(press(f"risk:{button}:{PERSON}", message_id=asked))
    await room.passes(3)
    assert room.bot.texts(PERSON)[-1] == shown(word(key, CN))
    assert room.bot.shown[PERSON, asked][1] is None
    talk = await room.storage.crisis_talks.for_user(PERSON)
    assert talk.asked[-1] == "morning"
    assert talk.answers == answers


@pytest.mark.parametrize("danger", [Danger.VIOLENCE, Danger.ASSAULT, Danger.CHILD])
async def test_no_check_in_lights_up_a_phone_that_is_read(room, danger):
    await says(room, HIGH)
    await room.storage.crisis_talks.note(PERSON, danger=danger.value)
    await room.arrive(press(HELP))
    await room.passes(3)
    said = room.bot.texts(PERSON)[-1]
    assert "陪陪我" not in said
    assert "替我报警" in said
    labels = [
        button.text
        for row in room.bot.shown[max(room.bot.shown)][1].inline_keyboard
        for button in row
    ]
    assert TEXTS.risk_button_safe not in labels
    assert TEXTS.risk_button_safe_discreet in labels


async def test_nobody_is_asked_in_a_group(room):
    await room.arrive(message(IMMINENT, chat=GROUP))
    await room.passes(10)
    assert await check_in(room, 7) == []


async def test_a_check_in_that_telegram_did_not_take_comes_later(room):
    await says(room, HIGH)
    room.bot.chat_faults[PERSON].append(RetryAfter(120))
    assert await check_in(room, 6.1) == []
    assert await check_in(room, 0.2) == [CHECK_IN]


@pytest.mark.parametrize("is_trial", [True, False])
@pytest.mark.parametrize("line", ["帮我想想晚上吃什么", "没有"])
async def test_danger_told_in_private_is_nothing_for_a_group(open_room, engine, is_trial, line):
    room = open_room(is_trial=is_trial)
    await says(room, IMMINENT)
    await room.arrive(press(f"risk:help:{PERSON}"))
    await room.passes(3600)
    asked = len(engine.prompts)
    await room.arrive(message(line, chat=GROUP))
    await room.passes(10)
    assert room.bot.texts(GROUP) == [ANSWER]
    assert len(engine.prompts) == asked + 1
    system = engine.prompts[-1][0].content
    assert not any(guidance(level) in system for level in list(RiskLevel)[1:])
    assert not any(button.startswith("risk:") for button in room.buttons(GROUP))
    # Where it was told it goes on to count.
    ends = (await room.storage.risk.for_chat((PERSON, PERSON))).ends
    assert max(ends) == RiskLevel.IMMINENT


async def test_a_start_in_a_group_says_nothing_of_private_danger(room):
    await room.arrive(message("/start", chat=GROUP))
    await room.passes(5)
    before = room.bot.texts(GROUP)
    await says(room, IMMINENT)
    await room.arrive(message("/start", chat=GROUP))
    await room.passes(5)
    assert room.bot.texts(GROUP) == before * 2
