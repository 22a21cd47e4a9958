"""After a card: one reviewed question a turn, by the danger and by what was answered; alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from telegram.error import Forbidden

from bot.conversation import reading
from bot.locales.crisis import crisis_texts_for
from bot.safety import Assessment, Axis, Danger, RiskLevel, Who, assess, card, word
from tests.bot.telegram.features.crisis.cards import (
    ASKS,
    CN,
    HIGH,
    HIGH_CARD,
    IMMINENT,
    SAFE,
    says,
    shown,
    without_aside,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, PERSON, message, press

WORDS = crisis_texts_for(CN).words
HEARD = crisis_texts_for(CN).heard
FEELINGS = crisis_texts_for(CN).feelings
INTO_PRIVATE = "https://t.me/shudong_bot?start=help_now"


@pytest.fixture
def reads(monkeypatch):
    """Sets what the first reader makes of a message; all others are read as ever."""
    found = {}

    def read(said, standing=RiskLevel.NONE):
        return found.get(said[-1].text) or assess(said, standing)

    monkeypatch.setattr(reading, "assess", read)
    return found


@pytest.fixture
async def untrusted(open_room):
    """A room whose model, a large one, the operators have not named for people in danger."""
    return open_room(trusted_at_risk=())


@pytest.mark.parametrize(
    ("axes", "who", "level", "danger"),
    [
        ({Axis.SUICIDE}, Who.SELF, RiskLevel.HIGH, Danger.SUICIDE),
        ({Axis.SUICIDE, Axis.BODY}, Who.SELF, RiskLevel.IMMINENT, Danger.BODY),
        ({Axis.HARM}, Who.SELF, RiskLevel.IMMINENT, Danger.VIOLENCE),
        ({Axis.HARM}, Who.SELF, RiskLevel.HIGH, Danger.VIOLENCE),
        ({Axis.SEXUAL}, Who.SELF, RiskLevel.HIGH, Danger.ASSAULT),
        ({Axis.HARM, Axis.CHILD}, Who.OTHER, RiskLevel.HIGH, Danger.CHILD_OTHER),
        ({Axis.THREAT}, Who.SELF, RiskLevel.HIGH, Danger.THREAT),
        ({Axis.VOICES, Axis.SUICIDE}, Who.SELF, RiskLevel.HIGH, Danger.VOICES),
        ({Axis.SUICIDE, Axis.BODY}, Who.OTHER, RiskLevel.HIGH, Danger.OTHER),
        ({Axis.EATING}, Who.SELF, RiskLevel.HIGH, Danger.EATING),
        (set(), Who.NOBODY, RiskLevel.HIGH, Danger.SUICIDE),
    ],
)
async def test_each_danger_brings_its_own_card_and_then_its_own_question(
    untrusted, reads, engine, axes, who, level, danger
):
    reads["说出来的话"] = Assessment(level, ("rule",), frozenset(axes), who)
    assert await says(untrusted, "说出来的话") == [
        shown(card(level, CN, danger=danger, is_minor=False))
    ]
    [asked] = await says(untrusted, "外面下着雨")
    assert asked in ASKS.values()
    assert asked not in card(level, CN, danger=danger, is_minor=False)
    assert engine.prompts == [], "no model that is not named speaks in danger"


async def test_a_danger_with_one_text_shows_it_once_also_where_it_gets_worse(untrusted, reads):
    axes = frozenset({Axis.THREAT})
    reads["一"] = Assessment(RiskLevel.HIGH, ("threat",), axes, Who.SELF)
    reads["二"] = Assessment(RiskLevel.IMMINENT, ("threat",), axes, Who.SELF)
    whole = shown(card(RiskLevel.HIGH, CN, danger=Danger.THREAT, is_minor=False))
    assert await says(untrusted, "一") == [whole]
    [again] = await says(untrusted, "二")
    assert again != whole


async def test_violence_against_who_said_to_be_under_18_is_met_as_a_childs(untrusted, reads):
    await untrusted.storage.disclosures.set_age(PERSON, "minor")
    reads["他打我"] = Assessment(RiskLevel.HIGH, ("rule",), frozenset({Axis.HARM}), Who.SELF)
    expected = card(RiskLevel.HIGH, CN, danger=Danger.CHILD)
    assert await says(untrusted, "他打我") == [shown(expected)]


@pytest.mark.parametrize("words", ["我13岁，被老师摸了", "我今年 13，老师摸我"])
async def test_a_child_is_met_as_one_by_its_own_words_whatever_it_pressed(untrusted, words):
    assert await says(untrusted, words) == [shown(card(RiskLevel.HIGH, CN, danger=Danger.CHILD))]


async def test_what_is_answered_leads_on_and_is_taken_up(untrusted):
    await says(untrusted, HIGH)
    assert await says(untrusted, "就我一个人") == [f"{HEARD['alone']}\n\n{ASKS['reach']}"]
    assert await says(untrusted, "没人可以找") == [f"{HEARD['no_one']}\n\n{ASKS['stranger']}"]


async def test_one_talk_never_asks_the_same_twice(untrusted):
    await says(untrusted, HIGH)
    heard = [(await says(untrusted, f"第{number}天还是这样"))[0] for number in range(14)]
    questions = [text for text in heard if text.endswith("？")]
    assert len(questions) >= 5
    assert len(set(questions)) == len(questions)
    assert all(one != other for one, other in pairwise(heard))


async def test_what_may_have_changed_is_asked_anew_once_it_is_imminent(untrusted):
    await says(untrusted, HIGH)
    assert await says(untrusted, "外面下着雨") == [ASKS["taken"]]
    assert await says(untrusted, "没有") == [ASKS["alone"]]
    assert await says(untrusted, IMMINENT) == [shown(card(RiskLevel.IMMINENT, CN, is_minor=False))]
    assert await says(untrusted, "外面下着雨") == [ASKS["taken"]]


async def test_who_does_not_want_to_be_asked_is_not(untrusted):
    await says(untrusted, HIGH)
    assert await says(untrusted, "别问我了") == [shown(word("no_more_questions", CN))]
    for words in ("……", "嗯", "外面下雨了"):
        [heard] = await says(untrusted, words)
        assert "？" not in heard


async def test_it_goes_on_where_it_was_after_the_process_died(open_room):
    room = open_room(trusted_at_risk=())
    await says(room, HIGH)
    asked = await says(room, "外面下着雨")
    await room.arrive(message("还在下"))  # stored; the process dies before it is answered
    await room.aclose()
    after = open_room(trusted_at_risk=())
    await after.storage.turns.release_others()
    await after.sweep()
    await after.passes(10)
    seen = after.bot.texts(PERSON)
    assert len(seen) == 3
    assert without_aside(seen[-1]) in ASKS.values()
    assert without_aside(seen[-1]) != asked[0]


async def test_the_same_turn_asks_the_same_when_it_is_answered_again(untrusted):
    await says(untrusted, HIGH)
    await says(untrusted, "外面下着雨")
    turn = await untrusted.storage.turns.get(2)
    plan = await untrusted.companion.plan(turn, CN)
    said = [await untrusted.companion.reviewed(plan) for _ in range(2)]
    assert said[0] == said[1]
    assert without_aside(said[0]) == ASKS["taken"]


async def test_what_its_own_card_asks_is_no_question_to_the_words_that_brought_it(untrusted, reads):
    words = "不想活了，昨天吃了药也睡不着"
    reads[words] = Assessment(RiskLevel.HIGH, ("wish_to_die",), frozenset({Axis.SUICIDE}), Who.SELF)
    await says(untrusted, HIGH)
    [again] = await says(untrusted, words)
    assert "？" in again
    assert RiskLevel.IMMINENT not in (await untrusted.storage.risk.for_user(PERSON)).ends


async def test_a_beaten_person_is_met_for_it_in_the_morning(untrusted, reads):
    reads["他打我"] = Assessment(RiskLevel.HIGH, ("rule",), frozenset({Axis.HARM}), Who.SELF)
    await says(untrusted, "他打我")
    await untrusted.passes(8 * 3600)
    assert await says(untrusted, "早") == [ASKS["morning_harm"]], "the notice waits for the danger"
    assert await says(untrusted, "更危险了") == [ASKS["near"]]


async def test_no_check_in_comes_to_who_has_had_a_card_of_violence(untrusted, reads):
    reads["他打我"] = Assessment(RiskLevel.HIGH, ("rule",), frozenset({Axis.HARM}), Who.SELF)
    await says(untrusted, "他打我")
    await says(untrusted, HIGH)
    assert (await untrusted.storage.risk.for_user(PERSON)).check_in_at is not None
    await untrusted.passes(7 * 3600)
    await untrusted.sweep()
    await untrusted.passes(3)
    assert TEXTS.risk_check_in not in untrusted.bot.texts(PERSON)


async def test_who_does_not_want_a_check_in_says_so_and_it_is_kept(untrusted):
    await says(untrusted, HIGH)
    assert await says(untrusted, "别来") == [shown(word("check_in_off", CN))]
    await untrusted.passes(7 * 3600)
    await untrusted.sweep()
    await untrusted.passes(3)
    assert TEXTS.risk_check_in not in untrusted.bot.texts(PERSON)


async def test_a_goodbye_in_danger_is_asked_about_and_who_sleeps_is_let_sleep(untrusted):
    await says(untrusted, HIGH)
    assert await says(untrusted, "晚安") == [ASKS["goodbye"]]
    assert await says(untrusted, "去睡了") == [ASKS["taken"]], "nobody sleeps off an overdose"
    assert await says(untrusted, "没有") == [shown(word("goodnight", CN))]


async def test_who_is_safe_is_asked_what_helped_and_that_is_heard(open_room):
    room = open_room(is_trial=True)
    await says(room, HIGH)
    await room.arrive(press(SAFE))
    await room.passes(3)
    assert room.bot.texts(PERSON)[-1] == shown(TEXTS.risk_safe)
    assert await says(room, "给我妈打了个电话") == [shown(WORDS["helped_noted"])]
    assert await says(room, "今天吃什么") == [ANSWER]


async def test_crisis_buttons_stand_under_the_newest_message_alone(untrusted):
    await says(untrusted, HIGH)
    await says(untrusted, "外面下着雨")
    await says(untrusted, IMMINENT)
    await untrusted.passes(10)
    with_buttons = [key for key, (_, keyboard) in untrusted.bot.shown.items() if keyboard]
    assert len(with_buttons) == 1
    await untrusted.arrive(press(SAFE, message_id=with_buttons[0][1]))
    await untrusted.passes(10)
    with_buttons = [key for key, (_, keyboard) in untrusted.bot.shown.items() if keyboard]
    assert len(with_buttons) == 1


async def test_an_approved_model_speaks_and_another_does_not(open_room, engine):
    room = open_room(trusted_at_risk=("another",))
    await says(room, HIGH)
    assert engine.prompts == []
    room = open_room(trusted_at_risk=("scripted",))
    assert (await says(room, "外面下着雨"))[0].startswith(ANSWER)


async def test_the_trial_model_is_trusted_by_no_setting(open_room, engine):
    room = open_room(is_trial=True, trusted_at_risk=("scripted",))
    await says(room, HIGH)
    await says(room, "外面下着雨")
    assert engine.prompts == []


async def test_at_concern_the_trial_model_does_not_speak_and_the_feeling_is_taken_up(
    open_room, engine
):
    room = open_room(is_trial=True)
    heard = await says(room, "我想彻底消失")
    assert heard == [shown(f"{FEELINGS['disappear']}\n\n{ASKS['ask_openly']}")]
    assert await says(room, "说不清，就是很累的那种") == [
        shown(f"{FEELINGS['other']}\n\n{ASKS['since_when']}")
    ]
    assert engine.prompts == []


async def test_danger_told_in_a_group_is_met_alone(untrusted, engine):
    await untrusted.arrive(message(HIGH, chat=GROUP))
    await untrusted.passes(10)
    assert untrusted.bot.texts(PERSON) == [shown(HIGH_CARD)]
    assert untrusted.bot.texts(GROUP) == [WORDS["in_group_again"]]
    [(_, keyboard)] = [value for (chat, _), value in untrusted.bot.shown.items() if chat == GROUP]
    assert keyboard.inline_keyboard[0][0].url == INTO_PRIVATE
    assert engine.prompts == []


@pytest.mark.parametrize("words", [HIGH, "我想彻底消失"])
async def test_where_the_bot_may_not_write_alone_the_group_reads_a_neutral_line(room, words):
    room.bot.chat_faults[PERSON].extend([Forbidden("bot can't initiate conversation")] * 5)
    await room.arrive(message(words, chat=GROUP))
    await room.passes(10)
    assert room.bot.texts(PERSON) == []
    assert room.bot.texts(GROUP) == [WORDS["in_group"]]
    for danger in ("死", "自杀", "伤害", "危险", "安全"):
        assert danger not in room.bot.texts(GROUP)[0]


async def test_the_talk_is_exported_and_erased(untrusted):
    await says(untrusted, HIGH)
    await says(untrusted, "就我一个人")
    exported = (await untrusted.storage.users.export(PERSON)).questions
    assert {"safe", "reach", "alone"} <= {asked.question for asked in exported}
    await untrusted.storage.users.erase(PERSON)
    assert (await untrusted.storage.users.export(PERSON)).questions == ()
