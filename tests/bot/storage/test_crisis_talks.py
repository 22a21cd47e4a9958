"""What a person in danger was asked and has answered, in both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.storage import CrisisTalks, RiskSignal, StoredTalk
from bot.storage.crisis_talks import EPISODE

PERSON, OTHER = 42, 43


@pytest.fixture
async def talks(database, clock):
    return CrisisTalks(database, clock)


async def test_what_was_said_comes_back_in_its_order_and_is_one_persons_own(talks):
    await talks.note(PERSON, danger="violence", asked=("safe",))
    await talks.note(PERSON, asked=("heard:afraid", "near"), answers={"safe": "no"}, turn_id=7)
    talk = await talks.for_user(PERSON)
    assert talk.danger == "violence"
    assert talk.asked == ("safe", "heard:afraid", "near")
    assert talk.answers == talk.latest == {"safe": "no"}
    assert await talks.for_user(OTHER) == StoredTalk()


async def test_a_turn_that_is_answered_again_does_not_see_what_it_asked_itself(talks):
    await talks.note(PERSON, asked=("safe",))
    await talks.note(PERSON, asked=("near",), turn_id=7)
    assert (await talks.for_user(PERSON, before_turn=7)).asked == ("safe",)
    await talks.note(PERSON, asked=("near",), turn_id=7)
    assert (await talks.for_user(PERSON)).asked == ("safe", "near")


async def test_what_is_said_again_stands_at_the_end(talks):
    await talks.note(PERSON, asked=("stay_1", "stay_2"))
    await talks.note(PERSON, asked=("stay_1",))
    assert (await talks.for_user(PERSON)).asked == ("stay_2", "stay_1")


async def test_an_episode_ends_and_is_forgotten(talks, clock):
    await talks.note(PERSON, danger="body", asked=("called",), answers={"alone": "no"})
    clock.now += EPISODE - timedelta(minutes=1)
    await talks.purge()
    assert (await talks.for_user(PERSON)).asked == ("called",)
    clock.now += timedelta(minutes=2)
    assert await talks.for_user(PERSON) == StoredTalk()
    await talks.purge()
    clock.now -= EPISODE
    assert await talks.for_user(PERSON) == StoredTalk()


async def test_the_buttons_are_under_one_message(talks):
    assert await talks.move_buttons(PERSON, 5) is None
    assert await talks.move_buttons(PERSON, 5) is None
    assert await talks.move_buttons(PERSON, 9) == 5
    assert await talks.move_buttons(OTHER, 3) is None


async def test_what_a_person_is_met_for_is_known_as_long_as_they_are_in_danger(replica, clock):
    now = clock()
    signal = RiskSignal(
        *(0, PERSON, PERSON, 2, None, {2: now + timedelta(days=3)}), danger="violence"
    )
    await replica.risk.record(signal)
    await replica.crisis_talks.note(PERSON, asked=("safe",))
    clock.advance(days=2)
    await replica.crisis_talks.purge()
    assert await replica.crisis_talks.for_user(PERSON) == StoredTalk("violence")
    clock.advance(days=2)
    assert await replica.crisis_talks.for_user(PERSON) == StoredTalk()
