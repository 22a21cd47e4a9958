"""Fifty people are answered at the same time, and Telegram is never spoken to too fast."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.house import REDO, House

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

PEOPLE = 50
PER_SECOND = 30
GROUP_PER_MINUTE = 20


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    """A bot with nobody else in it."""
    return new_house("pace")


def most_in(seconds: float, moments: list[float]) -> int:
    """The most calls that arrived within any span of so many seconds."""
    return max(sum(start <= at < start + seconds for at in moments) for start in moments)


async def test_the_limits_of_telegram_hold_under_fifty_streaming_chats(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    people = [await telegram.person() for _ in range(PEOPLE)]
    group = await telegram.group()
    engine.fake.token_delay = 0.25

    await people[0].says("@shudong_bot 大家都睡不着", chat=group)
    for person in people:
        await person.says(f"我是第{person.id}个睡不着的人")
    for person in people:  # one after the other: fifty who look at once slow the answers down
        await person.hears(f"第{person.id}个睡不着的人", button=REDO)
    await people[0].hears("大家都睡不着", button=REDO, chat=group)

    calls: list[dict[str, Any]] = await telegram.act("GET", "/calls")
    spoken = [call for call in calls if call["chat_id"] is not None]
    moments = [call["monotonic"] for call in spoken]
    assert len(spoken) > 3 * PEOPLE
    assert all(call["outcome"] == "ok" for call in spoken)
    assert most_in(1.0, moments) <= PER_SECOND
    for chat_id, theirs in groupby(
        sorted(spoken, key=lambda call: (call["chat_id"], call["number"])),
        key=lambda call: call["chat_id"],
    ):
        arrived = [call["monotonic"] for call in theirs]
        if chat_id == group:
            assert most_in(60.0, arrived) <= GROUP_PER_MINUTE
        assert all(later - earlier >= 1.0 for earlier, later in pairwise(arrived))
