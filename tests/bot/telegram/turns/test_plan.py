"""A plan only reads; what it says of a person's risk is what storing it makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.locales import Language
from bot.safety import EARLIER_HANDED_IN, RiskLevel, Utterance, assess
from bot.safety.facts import EARLIER_READ, turns
from bot.storage import RiskState
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, message

SAID = {
    RiskLevel.IMMINENT: "我今晚就去跳楼，已经决定了。",
    RiskLevel.HIGH: "我不想活了",
    RiskLevel.CONCERN: "最近活着没什么意思",
}


@pytest.mark.parametrize("level", SAID, ids=str)
async def test_planning_a_word_of_safety_changes_nothing_until_it_is_stored(room, level):
    await room.arrive(message(SAID[level]))
    await room.passes(10)
    before = await room.storage.risk.for_user(PERSON)
    assert max(before.ends) == level
    answered = await room.storage.turns.get(1)
    turn = replace(answered, number=2, attempts=1, user_text="我现在安全了")
    plan = await room.companion.plan(turn, Language.ZH_CN)
    assert plan.lowers_risk
    assert await room.storage.risk.for_user(PERSON) == before
    await room.companion.lower_risk(plan)
    after = RiskState(plan.risk.ends, plan.risk.check_in_at, plan.risk.region)
    assert await room.storage.risk.for_user(PERSON) == after


async def test_a_turn_that_is_taken_over_lowers_nothing_again(room):
    await room.arrive(message(SAID[RiskLevel.HIGH]))
    await room.passes(10)
    answered = await room.storage.turns.get(1)
    turn = replace(answered, number=2, attempts=2, user_text="我现在安全了")
    plan = await room.companion.plan(turn, Language.ZH_CN)
    await room.companion.lower_risk(plan)
    assert not plan.lowers_risk
    assert max((await room.storage.risk.for_user(PERSON)).ends) == RiskLevel.HIGH


@pytest.mark.parametrize("again", [RiskLevel.HIGH, RiskLevel.CONCERN], ids=str)
async def test_danger_that_is_told_of_again_was_known_before_it(room, again):
    await room.arrive(message(SAID[RiskLevel.HIGH]))
    await room.passes(3600)
    await room.arrive(message(SAID[again]))
    await room.passes(10)
    turn = await room.storage.turns.get(2)
    plan = await room.companion.plan(turn, Language.ZH_CN)
    assert max(plan.risk.ends_before) == RiskLevel.HIGH


async def test_danger_that_a_turn_tells_of_first_was_not_known_before_it(room):
    await room.arrive(message(SAID[RiskLevel.HIGH]))
    await room.passes(10)
    plan = await room.companion.plan(await room.storage.turns.get(1), Language.ZH_CN)
    assert (max(plan.risk.ends), plan.risk.ends_before) == (RiskLevel.HIGH, {})


async def plan_of(room, said):
    """The plan of the last of some messages, each in a turn of its own."""
    for text in said[:-1]:
        await room.arrive(message(text))
        await room.passes(5)
    before = await room.storage.turns.last_for_chat(PERSON)
    turn = replace(before, number=before.number + 1, attempts=1, user_text=said[-1])
    return await room.companion.plan(turn, Language.ZH_CN)


async def test_the_detector_reads_a_talk_in_the_bot_as_where_it_is_measured(room):
    said = [f"今天是第{number}天，我去上班了" for number in range(EARLIER_HANDED_IN + 4)]
    plan = await plan_of(room, said)
    whole = [Utterance(said[0])]
    for text in said[1:]:
        whole += [Utterance(ANSWER, by_bot=True), Utterance(text)]
    assert len(turns(whole)) == EARLIER_READ + 1
    assert turns(plan.said) == turns(whole)


async def test_words_as_far_back_as_the_detector_reads_count_in_the_bot_too(room):
    grave, plain = SAID[RiskLevel.IMMINENT], "今天我去上班了"
    plan = await plan_of(room, [grave, *[plain] * 4, "那我现在就去"])
    alone = assess([Utterance(plan.turn.user_text)])
    assert plan.said[0].text == grave
    assert plan.assessment.level > alone.level
