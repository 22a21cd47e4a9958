"""A stored text opens where it was written and for whom; a row given to another shows nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import (
    Cipher,
    EmergencyContact,
    PlanStep,
    WrongKey,
    count_old,
    generate_key,
    reencrypt,
    verify_keys,
)
from bot.storage.models import HandoverMessageRow, TurnRow
from tests.bot.storage.conftest import Replica

if TYPE_CHECKING:
    from bot.storage import Database, Place, UserExport
    from tests.bot.storage.conftest import WallClock

ONE, OTHER = 1, 2
OWNED = {
    "turns": ("user_id", "chat_id"),
    "conversations": ("chat_id",),
    "updates": ("chat_id",),
    "handover_messages": ("user_id",),
    "emergency_contacts": ("user_id",),
    "safety_plan_lines": ("user_id",),
    "exercise_lines": ("user_id",),
    "ratings": ("user_id",),
    "trusted_persons": ("user_id",),
}
TEXTS = 12
"""Encrypted texts that `fill` stores of a person."""


class CipherOfBefore(Cipher):
    """Writes what the program wrote before texts were bound to their owner."""

    def encrypt(self, plain: bytes, place: Place) -> bytes:
        header, nonce = b"\x01" + self.header[1:], secrets.token_bytes(12)
        return header + nonce + self._first.encrypt(nonce, plain, header + place.version_1)


async def fill(replica: Replica, person: int) -> None:
    """Store a text of a person in every column that holds any."""
    name = "一二"[person - 1]
    update = await replica.arrives(person)
    turn = await replica.turns.begin(person, person, f"{name}说", [update])
    assert turn is not None
    await replica.turns.finish(turn.id, f"答{name}", "answered", model="m")
    await replica.feedback.rate(person, turn.id, "down")
    await replica.feedback.record_invitation(person, turn.id, 55)
    assert await replica.feedback.record_rewrite(person, 55, f"{name}的写法")
    handover = await replica.handovers.open(person, 2)
    assert handover is not None
    await replica.handovers.record_message(handover, f"人对{name}")
    await replica.contacts.set(person, EmergencyContact(f"{name}妈妈", f"1380000000{person}"))
    await replica.safety_plans.add(person, PlanStep.ALONE, f"{name}散步", at_most=5)
    await replica.exercises.begin(person, "good", "one")
    assert await replica.exercises.write(person, "one", [(person, f"{name}豆浆")], then="two")
    assert await replica.trusted_persons.invite(person, f"{name}阿姨", f"{name}自己", name)
    await replica.arrives(person, f"{name}在等".encode())


def texts(export: UserExport) -> list[object]:
    """All that is said in an export."""
    return [
        [(turn.user_text, turn.answer) for turn in export.turns],
        [(one.text, one.rewritten) for one in export.ratings],
        [message.text for message in export.from_humans],
        export.contact,
        export.plan,
        [sheet.lines for sheet in export.sheets],
        export.trusts and (export.trusts.name, export.trusts.called),
    ]


async def swap_owners(database: Database, table: str) -> None:
    def swap(connection: sa.Connection) -> None:
        for column in OWNED[table]:
            # Two steps, for a moment both would have the same key.
            connection.execute(sa.text(f"UPDATE {table} SET {column} = -{column}"))
            connection.execute(sa.text(f"UPDATE {table} SET {column} = 3 + {column}"))

    await database.write(swap)


async def rewrite(database: Database, cipher: Cipher) -> int:
    return [total async for total in reencrypt(database, cipher, batch=3)][-1]


@pytest.fixture(params=["as written now", "as rewritten by reencrypt"])
async def filled(
    request: pytest.FixtureRequest,
    database: Database,
    replica: Replica,
    clock: WallClock,
    key: str,
    cipher: Cipher,
) -> Replica:
    """Two people with texts everywhere."""
    if request.param == "as written now":
        for person in (ONE, OTHER):
            await fill(replica, person)
        return replica
    before = Replica(database, CipherOfBefore.from_keys([key]), "replica-0", clock)
    for person in (ONE, OTHER):
        await fill(before, person)
    assert await rewrite(database, cipher) == 2 * TEXTS
    return replica


@pytest.mark.parametrize("table", OWNED)
async def test_a_row_given_to_another_person_shows_them_nothing_of_its_text(
    filled: Replica, database: Database, cipher: Cipher, table: str
) -> None:
    theirs = {person: str(texts(await filled.users.export(person))) for person in (ONE, OTHER)}
    await swap_owners(database, table)
    for person, name, other in ((ONE, "一", "二"), (OTHER, "二", "一")):
        shown = str(texts(await filled.users.export(person)))
        assert name in shown or table == "turns"
        assert other not in shown
        assert len(shown) < len(theirs[person]) or table in {"conversations", "updates"}
        waiting = [stored.payload.decode() for stored in await filled.inbox.list_pending(person)]
        assert waiting == ([] if table == "updates" else [f"{name}在等"])
    await verify_keys(database, cipher)  # and the bot starts


async def test_the_past_of_a_conversation_given_to_another_chat_is_not_remembered_there(
    filled: Replica, database: Database
) -> None:
    turn = await filled.turns.last_for_chat(OTHER)
    assert turn is not None
    await swap_owners(database, "conversations")
    await swap_owners(database, "turns")
    assert await filled.turns.history(turn.conversation_id, 99, 99) == ()
    with pytest.raises(WrongKey):
        await filled.turns.last_for_chat(ONE)


async def test_what_a_human_wrote_keeps_its_row_within_one_person(
    replica: Replica, database: Database
) -> None:
    handover = await replica.handovers.open(ONE, 2)
    assert handover is not None
    for said in ("别喝", "可以"):
        await replica.handovers.record_message(handover, said)

    def exchange(connection: sa.Connection) -> None:
        rows = connection.execute(sa.select(HandoverMessageRow.id, HandoverMessageRow.said)).all()
        for row, other in zip(rows, reversed(rows), strict=True):
            connection.execute(
                sa.update(HandoverMessageRow)
                .where(HandoverMessageRow.id == row.id)
                .values(said=other.said)
            )

    await database.write(exchange)
    assert (await replica.users.export(ONE)).from_humans == ()


async def test_texts_of_before_stay_readable_until_reencrypt_was_stopped_and_begun_again(
    database: Database, replica: Replica, clock: WallClock, key: str, cipher: Cipher
) -> None:
    before = Replica(database, CipherOfBefore.from_keys([key]), "replica-0", clock)
    for person in (ONE, OTHER):
        await fill(before, person)
    await verify_keys(database, cipher)
    assert await count_old(database, cipher) == 2 * TEXTS
    whole = texts(await replica.users.export(ONE))
    assert "一说" in str(whole)

    stopped = reencrypt(database, cipher, batch=2)
    assert await anext(stopped) == 2
    await stopped.aclose()
    assert texts(await replica.users.export(ONE)) == whole  # old and new side by side
    update = await replica.arrives(ONE, update_id=5000)  # the bot goes on meanwhile
    assert await replica.turns.begin(ONE, ONE, "还在说", [update]) is not None

    assert await rewrite(database, cipher) == 2 * TEXTS - 2
    assert await count_old(database, cipher) == 0
    assert texts(await replica.users.export(ONE))[1:] == whole[1:]
    assert await rewrite(database, cipher) == 0


async def test_a_damaged_text_does_not_keep_the_others_from_a_new_key(
    database: Database, clock: WallClock
) -> None:
    old, new = generate_key(), generate_key()
    before = Replica(database, Cipher.from_keys([old]), "replica-0", clock)
    ids = [await before.says(ONE, f"第{n}句", "嗯") for n in (1, 2, 3)]

    def spoil(connection: sa.Connection) -> None:
        sealed = connection.scalar(sa.select(TurnRow.user_text).where(TurnRow.id == ids[1]))
        assert sealed is not None
        for turn_id, spoilt in ((ids[1], sealed[:-1] + b"?"), (ids[2], b"\x02what is this")):
            connection.execute(
                sa.update(TurnRow).where(TurnRow.id == turn_id).values(user_text=spoilt)
            )

    await database.write(spoil)
    both = Cipher.from_keys([new, old])
    assert await rewrite(database, both) == 2 * len(ids) - 2
    assert await count_old(database, both) == 2
    after = Replica(database, Cipher.from_keys([new]), "replica-1", clock)
    assert [turn.user_text for turn in (await after.users.export(ONE)).turns] == ["第1句"]


async def test_reencrypt_does_nothing_while_a_key_is_missing(
    database: Database, clock: WallClock
) -> None:
    lost, new = generate_key(), generate_key()
    before = Replica(database, Cipher.from_keys([lost]), "replica-0", clock)
    await before.says(ONE, "一句", "嗯")
    with pytest.raises(WrongKey, match="2 stored texts need key"):
        await rewrite(database, Cipher.from_keys([new]))
