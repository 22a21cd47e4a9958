from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import (
    Cipher,
    NewUpdate,
    PastTurn,
    RatedConversations,
    RatingResult,
    RiskSignal,
    generate_key,
    reencrypt,
)
from bot.storage.models import RatingRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

PERSON = 7_000_000_001
OTHER = 7_000_000_002
GROUP = -100


async def answered(
    replica: Replica, text: str = "睡不着", answer: str = "我在。", **who: int
) -> int:
    """A turn with an answer that may be rated; its id."""
    person, chat = who.get("person", PERSON), who.get("chat", PERSON)
    update_id = await replica.arrives(chat)
    turn = await replica.turns.begin(chat, person, text, [update_id])
    assert turn is not None
    await replica.turns.finish(turn.id, answer, "answered", model="a model")
    return turn.id


async def again(replica: Replica, turn_id: int, clock: WallClock, answer: str) -> None:
    """Another answer to the same turn."""
    clock.advance(seconds=5)
    assert await replica.turns.reopen(turn_id) is not None
    assert await replica.turns.claim_unfinished(PERSON) is not None
    await replica.turns.finish(turn_id, answer, "answered", model="a model")


async def ratings(replica: Replica, person: int = PERSON) -> list[tuple[str, str, str | None]]:
    exported = await replica.users.export(person)
    return [(one.text, one.rating, one.rewritten) for one in exported.ratings]


async def test_the_first_rating_asks_for_consent_and_no_later_one_does(replica: Replica) -> None:
    turn_id = await answered(replica)
    assert await replica.feedback.consent(PERSON) is None
    assert await replica.feedback.rate(PERSON, turn_id, "up") == RatingResult("asked", asks=True)
    assert await replica.feedback.rate(PERSON, turn_id, "down") == RatingResult("asked", asks=False)
    assert await replica.feedback.consent(PERSON) == "asked"


async def test_a_rating_is_changed_and_taken_back(replica: Replica) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "up")
    await replica.feedback.rate(PERSON, turn_id, "down")
    assert await ratings(replica) == [("我在。", "down", None)]
    assert await replica.feedback.withdraw(PERSON, turn_id)
    assert not await replica.feedback.withdraw(PERSON, turn_id)
    assert await ratings(replica) == []


async def test_each_try_at_an_answer_is_rated_by_itself(replica: Replica, clock: WallClock) -> None:
    turn_id = await answered(replica, answer="第一次")
    await replica.feedback.rate(PERSON, turn_id, "down")
    await again(replica, turn_id, clock, "第二次")
    await replica.feedback.rate(PERSON, turn_id, "up")
    assert await ratings(replica) == [("第一次", "down", None), ("第二次", "up", None)]


async def test_only_ones_own_answer_by_a_model_in_ones_own_chat_is_rated(replica: Replica) -> None:
    mine = await answered(replica)
    in_group = await answered(replica, chat=GROUP)
    reviewed = await replica.says(OTHER, "你好", "人写好的话")
    for person, turn_id in ((OTHER, mine), (PERSON, in_group), (OTHER, reviewed), (PERSON, 10**9)):
        assert not await replica.feedback.can_rate(person, turn_id)
        assert await replica.feedback.rate(person, turn_id, "up") is None
        assert await replica.feedback.consent(OTHER) is None
    assert await replica.feedback.can_rate(PERSON, mine)


async def test_an_answer_that_is_made_again_cannot_be_rated_meanwhile(replica: Replica) -> None:
    turn_id = await answered(replica)
    await replica.turns.reopen(turn_id)
    assert await replica.feedback.rate(PERSON, turn_id, "up") is None


async def test_a_no_deletes_what_was_rated_and_keeps_nothing_from_then_on(
    replica: Replica,
) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "up")
    await replica.feedback.refuse_consent(PERSON)
    assert await ratings(replica) == []
    assert await replica.feedback.rate(PERSON, turn_id, "up") == RatingResult("no")
    assert await ratings(replica) == []


async def test_a_rewritten_answer_belongs_to_the_invitation_it_replies_to(replica: Replica) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "down")
    assert await replica.feedback.last_disliked(PERSON) == (turn_id, None)
    await replica.feedback.record_invitation(PERSON, turn_id, 55)
    assert await replica.feedback.last_disliked(PERSON) is None
    assert not await replica.feedback.record_rewrite(PERSON, 56, "别的")
    assert not await replica.feedback.record_rewrite(OTHER, 55, "别人的")
    assert await replica.feedback.record_rewrite(PERSON, 55, "辛苦了，想说说吗？")
    assert await ratings(replica) == [("我在。", "down", "辛苦了，想说说吗？")]


async def test_an_invitation_ends_when_the_rating_changes(replica: Replica) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "down")
    await replica.feedback.record_invitation(PERSON, turn_id, 55)
    await replica.feedback.record_rewrite(PERSON, 55, "辛苦了")
    await replica.feedback.rate(PERSON, turn_id, "up")
    assert not await replica.feedback.record_rewrite(PERSON, 55, "再写")
    assert await ratings(replica) == [("我在。", "up", None)]


async def test_what_was_rated_rests_encrypted_and_moves_to_a_new_key(
    database: Database, replica: Replica, key: str
) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "down")
    await replica.feedback.give_consent(PERSON)
    await replica.feedback.record_invitation(PERSON, turn_id, 55)
    await replica.feedback.record_rewrite(PERSON, 55, "辛苦了")
    columns = sa.select(RatingRow.answer, RatingRow.rewritten)
    [row] = await database.read(lambda c: c.execute(columns).all())
    assert "我在".encode() not in row.answer
    assert "辛苦".encode() not in row.rewritten

    new = generate_key()
    both = Cipher.from_keys([new, key])
    async for _ in reencrypt(database, both):
        pass
    [talk] = await RatedConversations(database, both).list_consented()
    moved = await RatedConversations(database, Cipher.from_keys([new])).get(talk)
    assert [(one.text, one.rewritten) for one in moved.rated[1]] == [("我在。", "辛苦了")]


async def test_ratings_and_consent_are_exported_and_erased_with_the_person(
    replica: Replica,
) -> None:
    turn_id = await answered(replica)
    await answered(replica, person=OTHER, chat=OTHER)
    await replica.feedback.rate(PERSON, turn_id, "up")
    await replica.feedback.give_consent(PERSON)
    assert (await replica.users.export(PERSON)).consent == "yes"
    assert (await replica.users.export(OTHER)).consent is None
    await replica.users.erase(PERSON)
    assert await replica.feedback.consent(PERSON) is None
    assert await replica.rated_conversations.list_consented() == []


async def test_only_talks_of_those_who_agreed_are_given_out(replica: Replica) -> None:
    for person in (PERSON, OTHER):
        turn_id = await answered(replica, person=person, chat=person)
        await replica.feedback.rate(person, turn_id, "up")
    assert await replica.rated_conversations.list_consented() == []
    await replica.feedback.give_consent(PERSON)
    [talk_id] = await replica.rated_conversations.list_consented()
    talk = await replica.rated_conversations.get(talk_id)
    assert talk.turns == (PastTurn(1, "睡不着", "我在。"),)
    assert [(one.text, one.rating, one.model) for one in talk.rated[1]] == [
        ("我在。", "up", "a model")
    ]
    assert not talk.danger
    await replica.feedback.refuse_consent(PERSON)
    assert await replica.rated_conversations.list_consented() == []


@pytest.mark.parametrize("age", ["minor", "teen", "child"])
async def test_talks_of_the_young_are_never_given_out(replica: Replica, age: str) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "up")
    await replica.feedback.give_consent(PERSON)
    await replica.disclosures.set_age(PERSON, age)
    assert await replica.rated_conversations.list_consented() == []


async def test_only_what_was_rated_since_a_moment_is_given_out(
    replica: Replica, clock: WallClock
) -> None:
    first = await answered(replica)
    await replica.feedback.rate(PERSON, first, "up")
    await replica.feedback.give_consent(PERSON)
    clock.advance(days=3)
    since = clock()
    assert await replica.rated_conversations.list_consented(since) == []
    second = await answered(replica, "还是睡不着")
    await replica.feedback.rate(PERSON, second, "down")
    [talk_id] = await replica.rated_conversations.list_consented(since)
    assert list((await replica.rated_conversations.get(talk_id, since)).rated) == [2]
    assert list((await replica.rated_conversations.get(talk_id)).rated) == [1, 2]


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_a_card_marks_the_talk_it_was_shown_in(
    replica: Replica, clock: WallClock, when: str
) -> None:
    if when == "before":
        await _card(replica, clock)
        clock.advance(days=10)  # kept in mind no longer, and long ago
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "up")
    await replica.feedback.give_consent(PERSON)
    if when == "during":
        await _card(replica, clock)
    await replica.conversations.reset(PERSON)
    if when == "after":
        clock.advance(days=1)
        await _card(replica, clock)
    clock.advance(days=30)
    await replica.risk.purge()
    [talk_id] = await replica.rated_conversations.list_consented()
    assert (await replica.rated_conversations.get(talk_id)).danger == (when == "during")


async def test_danger_without_a_card_marks_the_talk_while_it_is_kept_in_mind(
    replica: Replica, clock: WallClock
) -> None:
    turn_id = await answered(replica)
    await replica.feedback.rate(PERSON, turn_id, "up")
    await replica.feedback.give_consent(PERSON)
    until = clock() + timedelta(days=3)
    await replica.risk.record(RiskSignal(1, PERSON, PERSON, 2, None, {1: until, 2: until}))
    [talk_id] = await replica.rated_conversations.list_consented()
    assert (await replica.rated_conversations.get(talk_id)).danger


async def _card(replica: Replica, clock: WallClock) -> None:
    update = NewUpdate(9_000_000 + clock().day, PERSON, "chat", b"{}", clock())
    until = clock() + timedelta(days=2)
    signal = RiskSignal(update.update_id, PERSON, PERSON, 2, None, {1: until, 2: until})
    kept = await replica.inbox.add_with_cards([update], [signal], timedelta(minutes=30))
    assert kept.cards
    await replica.inbox.finish(update.update_id)
