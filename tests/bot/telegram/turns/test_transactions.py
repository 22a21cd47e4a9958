"""What a turn asks of the database."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

import sqlalchemy as sa

from tests.bot.telegram.talks import talked
from tests.bot.telegram.updates import message


@contextmanager
def counting():
    """Counts the transactions of any SQLite database meanwhile, by kind, and their statements."""
    counted = Counter()

    def executed(_connection, _cursor, statement, *_more):
        match statement:
            case "BEGIN IMMEDIATE":
                counted["writes"] += 1
            case "BEGIN":
                counted["reads"] += 1
            case _:
                counted["statements"] += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    try:
        yield counted
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", executed)


async def test_a_warm_turn_is_four_writing_transactions_and_few_statements(open_room):
    room = open_room(answers_per_day=100)
    await talked(room)
    await room.passes(45)
    with counting() as counted:
        await room.arrive(message("今天也睡不好"))
        await room.passes(5)
    assert [state for state, _ in await room.turns()] == ["answered", "answered"]
    assert 0 < counted["writes"] <= 4  # arrives, begins, shows its message, ends
    assert counted["reads"] <= 6
    assert counted["statements"] <= 19


async def test_a_turn_after_a_pause_notes_once_more_that_the_person_writes(open_room):
    room = open_room(answers_per_day=100)
    await talked(room)
    await room.passes(600)
    with counting() as counted:
        await room.arrive(message("今天也睡不好"))
        await room.passes(5)
    assert [state for state, _ in await room.turns()] == ["answered", "answered"]
    assert 0 < counted["writes"] <= 5
    assert counted["statements"] <= 20
