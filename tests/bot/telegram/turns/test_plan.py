"""A plan only reads; what it says of a person's risk is what storing it makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.locales import Language
from bot.safety import RiskLevel
from bot.storage import StoredTalk
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
    assert await room.storage.risk.for_user(PERSON) == replace(plan.risk, talk=StoredTalk())


async def test_a_turn_that_is_taken_over_lowers_nothing_again(room):
    await room.arrive(message(SAID[RiskLevel.HIGH]))
    await room.passes(10)
    answered = await room.storage.turns.get(1)
    turn = replace(answered, number=2, attempts=2, user_text="我现在安全了")
    plan = await room.companion.plan(turn, Language.ZH_CN)
    await room.companion.lower_risk(plan)
    assert not plan.lowers_risk
    assert max((await room.storage.risk.for_user(PERSON)).ends) == RiskLevel.HIGH
