"""What a person is in goes with what they write next; taking it back goes a step down."""

from __future__ import annotations

import pytest

from bot.conversation import reading
from bot.safety import Assessment, RiskLevel, assess, card, guidance
from bot.storage import StorageError
from tests.bot.telegram.features.crisis.cards import (
    CN,
    DAY,
    HIGH,
    IMMINENT,
    IMMINENT_CARD,
    is_again,
    says,
    shown,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press

BARE = "就在手边"


@pytest.fixture(autouse=True)
def read_with(monkeypatch):
    """A first reader to which a bare sign is imminent in danger, and nothing elsewhere."""
    seen = []

    def read(said, standing=RiskLevel.NONE):
        seen.append((said[-1].text, standing))
        if said[-1].text == BARE:
            return Assessment(RiskLevel.IMMINENT if standing >= RiskLevel.HIGH else RiskLevel.NONE)
        return assess(said, standing)

    monkeypatch.setattr(reading, "assess", read)
    return seen


async def test_a_bare_sign_brings_the_imminent_card_at_once_within_the_window(room):
    await says(room, HIGH)
    now = room.clock.now
    await room.arrive(message(BARE))
    [card] = [call for call in room.bot.calls if call.text == shown(IMMINENT_CARD)]
    assert card.at == now


async def test_without_danger_before_it_says_nothing(room):
    assert await says(room, BARE) == [ANSWER]


async def test_two_messages_that_arrive_together_are_read_with_each_other(room):
    await room.arrive(message(HIGH), message(BARE))
    await room.passes(5)
    assert shown(IMMINENT_CARD) in room.bot.texts(PERSON)


async def test_it_outlives_reset_and_process_and_is_nothing_for_another_or_a_group(open_room):
    room = open_room()
    await says(room, HIGH)
    await room.storage.conversations.reset(PERSON)
    await room.storage.history_cache.forget(PERSON)
    room = open_room()
    await room.arrive(message(BARE, person=OTHER))
    await room.arrive(message(BARE, chat=GROUP))
    await room.passes(30)
    assert shown(IMMINENT_CARD) not in room.bot.texts(OTHER) + room.bot.texts(GROUP)
    assert shown(IMMINENT_CARD) in await says(room, BARE)


async def test_it_is_known_with_the_database_away(room, database_switch):
    await says(room, HIGH)
    database_switch.is_away = True
    with pytest.raises(StorageError):
        await room.arrive(message(BARE))
    await room.passes(2)
    assert room.bot.texts(PERSON)[-1] == shown(card(RiskLevel.IMMINENT, CN))


async def test_what_was_read_with_the_database_away_counts_as_well(room, database_switch):
    database_switch.is_away = True
    for words in (HIGH, BARE):
        with pytest.raises(StorageError):
            await room.arrive(message(words))
        await room.passes(2)
    levels = (RiskLevel.HIGH, RiskLevel.IMMINENT)
    assert room.bot.texts(PERSON) == [shown(card(level, CN)) for level in levels]


async def test_it_fades(room):
    await says(room, HIGH)
    await room.passes(4 * DAY)
    await room.storage.conversations.reset(PERSON)
    assert await says(room, BARE) == [ANSWER]


async def test_a_turn_is_not_read_with_the_danger_it_tells_of_itself(room, read_with):
    await says(room, HIGH)
    assert read_with == [(HIGH, RiskLevel.NONE)] * 2
    await says(room, "今天吃什么")
    assert read_with[2:] == [("今天吃什么", RiskLevel.HIGH)] * 2


@pytest.mark.parametrize("words", ["开玩笑的", "刚才是气话，别当真"])
async def test_taking_it_back_lowers_by_a_step_and_is_heard(room, engine, words):
    await says(room, IMMINENT)
    assert await says(room, words) == [shown(TEXTS.risk_taken_back)]
    await says(room, "今天吃什么")
    assert guidance(RiskLevel.HIGH, RiskLevel.NONE) in engine.prompts[-1][0].content
    assert await says(room, words) == [shown(TEXTS.risk_taken_back)]
    assert (await says(room, "我开玩笑的"))[0].startswith(ANSWER)
    assert guidance(RiskLevel.CONCERN) in engine.prompts[-1][0].content


async def test_what_was_taken_back_is_a_sign_again_when_it_is_said_again(room):
    await says(room, HIGH)
    await says(room, "开玩笑的")
    assert is_again((await says(room, HIGH))[0], 1)


async def test_who_says_twice_that_they_are_safe_is_not_asked_twice_what_helped(room):
    await says(room, HIGH)
    assert await says(room, "我现在安全") == [shown(TEXTS.risk_safe)]
    assert await says(room, "我现在安全") == [ANSWER]


async def test_the_button_counts_at_once(room):
    await says(room, HIGH)
    await room.arrive(press(f"risk:safe:{PERSON}"))
    await room.passes(3)
    await room.storage.conversations.reset(PERSON)
    assert await says(room, BARE) == [ANSWER]
