"""Whom a person trusts: agreed to once, told once a crisis, owed until it is out, ended by both."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import Cipher, TellingCards, generate_key, reencrypt
from bot.storage.models import CrisisCardRow, TrustedMessageRow, TrustedPersonRow
from bot.storage.risk import RiskSignal
from tests.bot.storage.conftest import LEASE, Replica

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import WallClock

PERSON, FRIEND, OTHER = 42, 43, 44
TOKEN = "t" * 24
HIGH, IMMINENT = 2, 3
TELLING = TellingCards(
    IMMINENT,
    frozenset({None, "suicide"}),
    frozenset({"violence"}),
    signs_of_harm=frozenset({"violence", "child_other"}),
)


async def _trusts(replica: Replica, *, sends: str = "asked", for_harm: bool = False) -> None:
    assert await replica.trusted_persons.invite(PERSON, "妈妈", "小林", TOKEN)
    assert await replica.trusted_persons.agree(TOKEN, FRIEND)
    await replica.trusted_persons.set_sends(PERSON, sends)  # type: ignore[arg-type]
    await replica.trusted_persons.set_for_harm(PERSON, for_harm)
    await _read_all(replica)


async def _read_all(replica: Replica) -> list[tuple[str, int, str | None]]:
    """What is owed, taken by Telegram: kind, recipient, name."""
    owed = await replica.trusted_messages.claim(20)
    for one in owed:
        await replica.trusted_messages.drop(one.id)
    return [(one.kind, one.recipient, one.name) for one in owed]


async def _has_card(
    replica: Replica,
    database: Database,
    *,
    level: int = IMMINENT,
    danger: str | None = "suicide",
    chat: int = PERSON,
    state: str = "sent",
) -> None:
    now = replica.clock() + timedelta(seconds=1)

    def insert(connection: sa.Connection) -> None:
        number = connection.scalar(sa.select(sa.func.count()).select_from(CrisisCardRow))
        row = {
            "update_id": 9000 + (number or 0),
            "level": level,
            "chat_id": chat,
            "user_id": PERSON,
            "repeated": False,
            "number": 0,
            "state": state,
            "created_at": now,
            "danger": danger,
        }
        connection.execute(sa.insert(CrisisCardRow), row)

    await database.write(insert)


async def test_a_link_is_agreed_to_once_and_by_another_than_the_person(
    replica: Replica, other_replica: Replica
) -> None:
    await replica.trusted_persons.invite(PERSON, "妈妈", "小林", TOKEN)
    assert not await replica.trusted_persons.agree(TOKEN, PERSON)
    both = await asyncio.gather(
        replica.trusted_persons.agree(TOKEN, FRIEND),
        other_replica.trusted_persons.agree(TOKEN, OTHER),
    )
    assert sorted(both) == [False, True]
    assert await replica.trusted_persons.invitation(TOKEN) is None
    trusted = await replica.trusted_persons.for_user(PERSON)
    assert trusted is not None
    assert (trusted.name, trusted.called, trusted.sends) == ("妈妈", "小林", "asked")
    assert trusted.trusted_id == (FRIEND if both[0] else OTHER)
    assert await _read_all(replica) == [("agreed", PERSON, "妈妈")]
    assert not await replica.trusted_persons.invite(PERSON, "姐姐", "小林", "n" * 24)


async def test_a_link_ends_with_its_time_with_a_new_one_and_with_a_no(
    replica: Replica, clock: WallClock
) -> None:
    await replica.trusted_persons.invite(PERSON, "妈妈", "小林", TOKEN)
    await replica.trusted_persons.invite(PERSON, "姐姐", "小林", "n" * 24)
    assert await replica.trusted_persons.invitation(TOKEN) is None
    assert not await replica.trusted_persons.agree(TOKEN, FRIEND)
    clock.advance(hours=48)
    assert not await replica.trusted_persons.agree("n" * 24, FRIEND)
    await replica.trusted_persons.invite(PERSON, "姐姐", "小林", TOKEN)
    assert await replica.trusted_persons.refuse(TOKEN)
    assert not await replica.trusted_persons.refuse(TOKEN)
    assert await replica.trusted_persons.for_user(PERSON) is None
    assert await _read_all(replica) == [("declined", PERSON, "姐姐")]


async def test_no_token_and_no_name_rests_in_the_clear(
    replica: Replica, database: Database
) -> None:
    await replica.trusted_persons.invite(PERSON, "妈妈", "小林", TOKEN)
    rows = await database.read(
        lambda c: c.execute(
            sa.select(TrustedPersonRow.name, TrustedPersonRow.called, TrustedPersonRow.token_hash)
        ).all()
    )
    stored = b"".join(b"".join(row) for row in rows)
    for words in ("妈妈", "小林", TOKEN):
        assert words.encode() not in stored


async def test_a_card_brings_one_question_a_crisis(
    replica: Replica, other_replica: Replica, database: Database, clock: WallClock
) -> None:
    await _trusts(replica)
    assert await replica.trusted_calls.owe_due(TELLING) == 0
    await _has_card(replica, database)
    clock.advance(seconds=2)
    found = await asyncio.gather(
        *(one.trusted_calls.owe_due(TELLING) for one in (replica, other_replica) * 2)
    )
    assert sum(found) == 1
    assert await _read_all(replica) == [("ask", PERSON, "妈妈")]
    await _has_card(replica, database)
    clock.advance(hours=23)
    await _has_card(replica, database)
    assert await replica.trusted_calls.owe_due(TELLING) == 0
    clock.advance(hours=2)
    assert await replica.trusted_calls.owe_due(TELLING) == 0  # that card is long ago
    await _has_card(replica, database)
    clock.advance(seconds=2)
    assert await replica.trusted_calls.owe_due(TELLING) == 1


@pytest.mark.parametrize(
    "card",
    [
        {"level": HIGH},
        {"danger": "threat"},
        {"danger": "other"},
        {"danger": "violence"},
        {"chat": -100},
        {"state": "owed"},
        {"state": "refused"},
    ],
    ids=str,
)
async def test_other_cards_bring_none(
    replica: Replica, database: Database, clock: WallClock, card: dict[str, object]
) -> None:
    await _trusts(replica)
    await _has_card(replica, database, **card)  # type: ignore[arg-type]
    clock.advance(seconds=2)
    assert await replica.trusted_calls.owe_due(TELLING) == 0


@pytest.mark.parametrize("sign", ["violence", "child_other"])
async def test_who_is_hurt_by_others_is_asked_only_if_they_chose_it(
    replica: Replica, database: Database, clock: WallClock, sign: str
) -> None:
    await _trusts(replica)
    await _has_card(replica, database, danger=sign, level=HIGH)
    await _has_card(replica, database)  # now it is their own life, and the one who hurts is there
    clock.advance(seconds=2)
    assert await replica.trusted_calls.owe_due(TELLING) == 0
    await replica.trusted_persons.set_for_harm(PERSON, True)
    assert await replica.trusted_calls.owe_due(TELLING) == 1


async def test_the_trusted_one_is_told_once_when_the_person_says_so(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    await _trusts(replica)
    assert await replica.trusted_calls.send(PERSON) == "gone"  # nobody asked
    await _has_card(replica, database)
    clock.advance(seconds=2)
    await replica.trusted_calls.owe_due(TELLING)
    await _read_all(replica)
    assert not await replica.trusted_calls.note_seen(1, FRIEND)
    assert await replica.trusted_calls.send(PERSON) == "sent"
    assert await replica.trusted_calls.send(PERSON) == "again"
    [help_] = await replica.trusted_messages.claim(20)
    assert (help_.kind, help_.recipient, help_.about, help_.name) == (
        *("help", FRIEND, PERSON, "小林"),
    )
    await replica.trusted_messages.end_help(help_, delivered=True)
    assert await _read_all(replica) == [("told", PERSON, "妈妈")]
    assert await replica.trusted_calls.note_seen(help_.link_id, FRIEND)
    assert not await replica.trusted_calls.note_seen(help_.link_id, FRIEND)
    assert not await replica.trusted_calls.note_seen(help_.link_id, OTHER)
    assert await _read_all(replica) == [("seen", PERSON, "妈妈")]


async def test_who_decided_beforehand_is_not_asked_and_hears_if_it_failed(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    await _trusts(replica, sends="always")
    await _has_card(replica, database, danger=None)
    clock.advance(seconds=2)
    assert await replica.trusted_calls.owe_due(TELLING) == 1
    [help_] = await replica.trusted_messages.claim(20)
    assert help_.kind == "help"
    await replica.trusted_messages.end_help(help_, delivered=False)
    assert await _read_all(replica) == [("not_told", PERSON, "妈妈")]


async def test_who_decided_beforehand_is_asked_where_another_danger_was_met(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    await _trusts(replica, sends="always")
    await _has_card(replica, database, danger="threat")
    await _has_card(replica, database)
    clock.advance(seconds=2)
    await replica.trusted_calls.owe_due(TELLING)
    assert await _read_all(replica) == [("ask", PERSON, "妈妈")]


async def test_a_message_of_a_process_that_died_is_sent_by_another(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    await replica.trusted_persons.invite(PERSON, "妈妈", "小林", TOKEN)
    await replica.trusted_persons.agree(TOKEN, FRIEND)
    [owed] = await replica.trusted_messages.claim(20)
    assert await other_replica.trusted_messages.claim(20) == []
    clock.advance(seconds=LEASE.total_seconds() - 1)
    await replica.trusted_messages.renew([owed.id])
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert await other_replica.trusted_messages.claim(20) == []
    clock.advance(seconds=2)
    assert await replica.trusted_messages.claim(20, exclude=[owed.id]) == []
    [again] = await other_replica.trusted_messages.claim(20)
    await other_replica.trusted_messages.postpone(again.id, timedelta(minutes=2))
    clock.advance(minutes=1)
    assert await replica.trusted_messages.claim(20) == []
    clock.advance(minutes=2)
    assert await _read_all(replica) == [("agreed", PERSON, "妈妈")]


async def test_both_can_end_it_and_the_other_hears_of_it(replica: Replica) -> None:
    await _trusts(replica)
    assert await replica.trusted_persons.delete(PERSON)
    assert not await replica.trusted_persons.delete(PERSON)
    assert await _read_all(replica) == [("ended", FRIEND, "小林")]
    await _trusts(replica)
    [link] = await replica.trusted_persons.list_for_trusted(FRIEND)
    assert not await replica.trusted_persons.leave(link.id, OTHER)
    assert await replica.trusted_persons.leave(link.id, FRIEND)
    assert await _read_all(replica) == [("left", PERSON, "妈妈")]
    await replica.trusted_persons.invite(PERSON, "妈妈", "小林", TOKEN)
    assert await replica.trusted_persons.delete(PERSON)  # nobody had agreed: nobody is told
    assert await _read_all(replica) == []


async def test_nobody_hears_in_danger_that_they_were_left(
    replica: Replica, clock: WallClock
) -> None:
    await _trusts(replica)
    ends = {level: clock() + timedelta(days=1) for level in (1, 2)}
    await replica.risk.record(RiskSignal(1, PERSON, PERSON, HIGH, None, ends))
    [link] = await replica.trusted_persons.list_for_trusted(FRIEND)
    await replica.trusted_persons.leave(link.id, FRIEND)
    assert await _read_all(replica) == []
    clock.advance(hours=25)
    assert await _read_all(replica) == [("left", PERSON, "妈妈")]


@pytest.mark.parametrize("erased", [PERSON, FRIEND])
async def test_an_erasure_of_either_leaves_nothing_of_them_and_the_other_one_hears_of_it(
    replica: Replica, database: Database, erased: int
) -> None:
    await _trusts(replica)
    exported = await replica.users.export(PERSON), await replica.users.export(FRIEND)
    assert exported[0].trusts is not None
    assert exported[0].trusts.name == "妈妈"
    assert [one.called for one in exported[1].trusted_by] == ["小林"]
    await replica.users.erase(erased)

    def left(connection: sa.Connection) -> list[object]:
        people = connection.execute(
            sa.select(TrustedPersonRow.user_id, TrustedPersonRow.trusted_id)
        ).all()
        messages = connection.execute(
            sa.select(TrustedMessageRow.recipient, TrustedMessageRow.about)
        ).all()
        return [value for row in (*people, *messages) for value in row]

    assert erased not in await database.read(left)
    expected = ("ended", FRIEND, None) if erased == PERSON else ("left", PERSON, "妈妈")
    assert await _read_all(replica) == [expected]


async def test_names_outlive_a_change_of_keys(database: Database, clock: WallClock) -> None:
    old, new = generate_key(), generate_key()
    before = Replica(database, Cipher.from_keys([old]), "replica-1", clock)
    await _trusts(before)
    await before.trusted_persons.delete(PERSON)
    await before.trusted_persons.invite(PERSON, "姐姐", "小林", TOKEN)
    async for _ in reencrypt(database, Cipher.from_keys([new, old])):
        pass
    after = Replica(database, Cipher.from_keys([new]), "replica-2", clock)
    trusted = await after.trusted_persons.for_user(PERSON)
    assert trusted is not None
    assert trusted.name == "姐姐"
    assert await _read_all(after) == [("ended", FRIEND, "小林")]
