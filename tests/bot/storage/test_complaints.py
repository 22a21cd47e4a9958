"""Complaints have a number and a day, rest encrypted, and are their person's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import Cipher, Complaints, Database, generate_key, reencrypt
from bot.storage.models import ComplaintRow

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

PERSON, ADMIN, WORDS, ANSWER = 7, 9, "昨天的回答让我很难受", "对不起，已经改了"
DUE = timedelta(days=15)


@pytest.fixture
def complaints(database: Database, cipher: Cipher, clock: WallClock) -> Complaints:
    return Complaints(database, cipher, clock)


async def test_a_complaint_is_answered_once(complaints: Complaints, clock: WallClock) -> None:
    made = await complaints.make(PERSON, WORDS, DUE)
    later = await complaints.make(PERSON + 1, "另一条", DUE)
    assert await complaints.get(made.id) == made
    assert [one.id for one in await complaints.list_open(9)] == [made.id, later.id]
    clock.advance(days=16)
    answered = await complaints.answer(made.id, ANSWER, ADMIN)
    assert answered is not None
    assert (answered.answer, answered.answered_at) == (ANSWER, clock())
    assert answered.is_late(clock())
    assert await complaints.answer(made.id, "又一次", ADMIN) is None
    assert await complaints.answer(99, ANSWER, ADMIN) is None
    assert [one.id for one in await complaints.list_open(9)] == [later.id]
    assert await complaints.for_user(PERSON) == [answered]


async def test_complaint_and_answer_rest_encrypted_under_the_newest_key(
    database: Database, clock: WallClock
) -> None:
    old, new = generate_key(), generate_key()
    before = Complaints(database, Cipher.from_keys([old]), clock)
    made = await before.make(PERSON, WORDS, DUE)
    await before.answer(made.id, ANSWER, ADMIN)
    async for _ in reencrypt(database, Cipher.from_keys([new, old])):
        pass
    rows = await database.read(lambda c: c.execute(ComplaintRow.__table__.select()).all())
    assert not [row for row in rows if WORDS.encode() in row.words or ANSWER.encode() in row.answer]
    [found] = await Complaints(database, Cipher.from_keys([new]), clock).for_user(PERSON)
    assert (found.words, found.answer) == (WORDS, ANSWER)


async def test_they_go_out_with_an_export_and_away_with_an_erasure(
    complaints: Complaints, replica: Replica, clock: WallClock
) -> None:
    since = clock() - timedelta(days=1)
    made = await complaints.make(PERSON, WORDS, DUE)
    assert (await replica.users.export(PERSON)).complaints == (made,)
    assert await complaints.count_since(PERSON, since) == 1
    await replica.users.erase(PERSON)
    assert (await replica.users.export(PERSON)).complaints == ()
    assert await complaints.get(made.id) is None
