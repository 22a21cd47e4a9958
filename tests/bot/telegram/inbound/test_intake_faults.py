"""A fault of ours in one message costs that message at most: every step is broken once here."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections import Counter
from datetime import date, timedelta
from functools import wraps

import pytest
import sqlalchemy as sa

from bot import safety
from bot.conversation.known_risk import RiskLookup
from bot.safety import RiskLevel
from bot.storage import RiskSignal
from bot.storage.models import CrisisCardRow
from bot.telegram.features.crisis.cards import Crisis
from bot.telegram.inbound import danger, intake
from bot.telegram.turns.registry import RunningTurns
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import ADMIN, OTHER, PERSON, message

HIGH, IMMINENT = "我想自杀", "我今晚就从楼上跳下去"


def list_steps():
    """Whatever is called for a message between its arrival and the acknowledgement."""
    for module in (intake, danger):
        for name, value in vars(module).items():
            if inspect.isfunction(value):
                yield module, name
    for name in sorted(set(re.findall(r"safety\.([a-z_]+)\(", inspect.getsource(danger)))):
        yield safety, name
    yield from ((Crisis, "risk_signal"), (Crisis, "send"), (RiskLookup, "for_people"))
    yield RunningTurns, "overtake_in_chat"


class Breaking:
    """Counts the calls of each step, and raises in one of them."""

    def __init__(self):
        self.calls = Counter()
        self.at = None
        """Step and number of the call that raises; None: none does."""

    def wrap(self, step, run):
        @wraps(run)
        def called(*args, **kwargs):
            self.calls[step] += 1
            if self.at == (step, self.calls[step]):
                for one in filter(inspect.iscoroutine, args):
                    one.close()
                raise ZeroDivisionError
            return run(*args, **kwargs)

        return called

    def break_at(self, step, number):
        self.calls.clear()
        self.at = step, number


@pytest.fixture
def breaking(monkeypatch):
    found = Breaking()
    for owner, name in list_steps():
        step = f"{owner.__name__}.{name}"
        monkeypatch.setattr(owner, name, found.wrap(step, getattr(owner, name)))
    return found


async def list_cards(room, user_id):
    """The levels of the cards that a person has got."""
    sent = sa.select(CrisisCardRow.level).where(
        CrisisCardRow.user_id == user_id, CrisisCardRow.state == "sent"
    )
    return set(await room.storage.database.read(lambda c: c.scalars(sent).all()))


async def come_in_danger(room, first, second):
    """A message of one person who is in danger already, and one of another, to arrive together."""
    now = room.now()
    ends = {int(level): now + timedelta(days=1) for level in (RiskLevel.CONCERN, RiskLevel.HIGH)}
    signal = RiskSignal(0, first, first, RiskLevel.HIGH, "zh-hans", ends, danger="suicide")
    await room.storage.risk.record(signal)
    await room.storage.crisis_talks.note(first, danger="suicide", asked=["safe"])
    return message(IMMINENT, person=first), message(HIGH, person=second)


async def test_a_fault_in_any_step_for_one_message_keeps_nobody_from_a_card(open_room, breaking):
    room = open_room(at_once=0)  # answers nothing: what is sent here is sent at the door
    odd, _ = await come_in_danger(room, 1001, 1002)
    await room.store(odd)
    calls = [(step, n + 1) for step, count in breaking.calls.items() for n in range(count)]
    assert len(calls) > 20
    people = iter(range(2001, 9001))
    unread = {}
    for step, number in calls:
        first, second = next(people), next(people)
        odd, good = await come_in_danger(room, first, second)
        breaking.break_at(step, number)
        await room.arrive(odd, good)
        broken = f"{step}, call {number}"
        wanted = {(first, RiskLevel.IMMINENT): odd, (second, RiskLevel.HIGH): good}
        left = {one for one in wanted if one[1] not in await list_cards(room, one[0])}
        assert len(left) <= 1, broken
        unread |= dict.fromkeys(left, broken)
        assert await room.update(odd["update_id"]) is not None, broken
        assert await room.update(good["update_id"]) is not None, broken
        met = [update["update_id"] for one, update in wanted.items() if one not in left]
        await room.storage.inbox.finish_all(met)
    totals = await room.storage.counters.totals(date.min, date.max)
    assert totals["update_fault"] >= 10
    assert len(unread) < len(calls) / 4
    await answer_the_rest(open_room())
    for (person, level), broken in unread.items():
        assert level in await list_cards(room, person), broken


async def answer_the_rest(room):
    """Have what was not read at the door read with its turn, and what was not sent sent again."""
    for _ in range(6):
        await room.sweep()
        await room.passes(5)


@pytest.fixture
def refusing(room, monkeypatch):
    """Has storage break over every batch in which one update has a certain word."""
    keep = type(room.storage.inbox).add_with_cards

    async def refuses_one(inbox, updates, *rest):
        if any("坏".encode() in update.payload for update in updates):
            raise OverflowError
        return await keep(inbox, updates, *rest)

    monkeypatch.setattr(type(room.storage.inbox), "add_with_cards", refuses_one)


async def test_a_fault_while_all_are_stored_has_each_stored_alone(room, refusing):
    bad, good = message(f"坏。{HIGH}"), message(HIGH, person=OTHER)
    await room.arrive(bad, good)
    assert await list_cards(room, OTHER) == {RiskLevel.HIGH}
    assert len([text for text in room.bot.texts(PERSON) if "12356" in text]) == 1
    for _ in range(4):
        await room.sweep()
        await room.passes(5)
    assert await room.update(bad["update_id"]) == ("failed", "handler_error")
    assert TEXTS.error_once_more in room.bot.texts(PERSON)
    totals = await room.storage.counters.totals(date.min, date.max)
    assert totals["update_refused"] == 1


async def test_a_message_that_is_no_object_and_cannot_be_stored_keeps_nobody_out(room, refusing):
    odd = {"update_id": 500_002, "message": ["坏"]}
    await room.arrive(odd, good := message("睡不着"))
    await room.passes(5)
    assert await room.update(odd["update_id"]) is not None
    assert await room.update(good["update_id"]) == ("done", None)


async def test_who_took_over_is_asked_within_a_limit(open_room, monkeypatch, clock):
    room = open_room(admin_chat=-500)
    asked = []

    async def never(_handovers, admin_id):
        asked.append(admin_id)
        await clock.sleep(3600)

    monkeypatch.setattr(type(room.storage.handovers), "for_admin", never)
    task = asyncio.create_task(
        room.intake.keep([message(HIGH, person=ADMIN), message(HIGH, person=OTHER)])
    )
    done_at = []
    task.add_done_callback(lambda _: done_at.append(clock.now))
    began = clock.now
    await room.passes(1)
    assert asked[0] == ADMIN
    assert done_at == [began + danger.KNOWN_WITHIN]
    assert await list_cards(room, OTHER) == {RiskLevel.HIGH}
