from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import (
    AskedLines,
    Audit,
    Breathings,
    CheckInSchedule,
    ChosenPreferences,
    Cipher,
    Contacts,
    Conversations,
    Counters,
    CrisisCards,
    CrisisTalks,
    Database,
    Disclosures,
    ExerciseSheets,
    Feedback,
    HandoverAlerts,
    Handovers,
    Inbox,
    Jobs,
    LeaseOwner,
    Memories,
    MemoryFolds,
    NewUpdate,
    RatedConversations,
    Risk,
    SafetyPlans,
    TrustedCalls,
    TrustedMessages,
    TrustedPersons,
    Turns,
    Users,
    generate_key,
)

if TYPE_CHECKING:
    from bot.storage import Clock, Lane

LEASE = timedelta(seconds=30)


@dataclass
class WallClock:
    """A wall clock that moves only when a test says so."""

    now: datetime = field(default=datetime(2026, 1, 1, 3, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Replica:
    """The repositories as one process of the bot has them."""

    def __init__(self, database: Database, cipher: Cipher, owner: str, clock: Clock) -> None:
        lease_owner = LeaseOwner(id=owner, duration=LEASE, clock=clock)
        self.inbox = Inbox(database, cipher, lease_owner)
        self.turns = Turns(database, cipher, lease_owner)
        self.conversations = Conversations(database, clock)
        self.users = Users(database, cipher, clock)
        self.audit = Audit(database, clock)
        self.counters = Counters(database, clock)
        self.jobs = Jobs(database, lease_owner)
        self.disclosures = Disclosures(database, clock)
        self.preferences = ChosenPreferences(database, clock)
        self.cards = CrisisCards(database, lease_owner)
        self.risk = Risk(database, clock)
        self.check_ins = CheckInSchedule(database, clock)
        self.crisis_talks = CrisisTalks(database, clock)
        self.handovers = Handovers(database, cipher, clock)
        self.handover_alerts = HandoverAlerts(database, lease_owner)
        self.contacts = Contacts(database, cipher, clock)
        self.memories = Memories(database, cipher, clock)
        self.memory_folds = MemoryFolds(database, cipher, clock)
        self.safety_plans = SafetyPlans(database, cipher, clock)
        self.asked_lines = AskedLines(database, clock)
        self.exercises = ExerciseSheets(database, cipher, clock)
        self.breathings = Breathings(database, lease_owner)
        self.trusted_persons = TrustedPersons(database, cipher, lease_owner)
        self.trusted_calls = TrustedCalls(database, lease_owner)
        self.trusted_messages = TrustedMessages(database, cipher, lease_owner)
        self.feedback = Feedback(database, cipher, clock)
        self.rated_conversations = RatedConversations(database, cipher)
        self.clock = clock
        self._update_id = 1000

    async def arrives(
        self,
        chat_id: int,
        payload: bytes = b"{}",
        *,
        update_id: int | None = None,
        lane: Lane = "chat",
    ) -> int:
        """Store an update of a chat; its id."""
        self._update_id += 1
        update_id = update_id or self._update_id
        await self.inbox.add(NewUpdate(update_id, chat_id, lane, payload, self.clock()))
        return update_id

    async def says(self, chat_id: int, text: str, answer: str) -> int:
        """One whole turn; its id."""
        update_id = await self.arrives(chat_id)
        turn = await self.turns.begin(chat_id, chat_id, text, [update_id])
        assert turn is not None
        assert await self.turns.finish(turn.id, answer, "answered") is not None
        return turn.id


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def key() -> str:
    return generate_key()


@pytest.fixture
def cipher(key: str) -> Cipher:
    return Cipher.from_keys([key])


@pytest.fixture
def replica(database: Database, cipher: Cipher, clock: WallClock) -> Replica:
    return Replica(database, cipher, "replica-1", clock)


@pytest.fixture
def other_replica(database: Database, cipher: Cipher, clock: WallClock) -> Replica:
    return Replica(database, cipher, "replica-2", clock)
