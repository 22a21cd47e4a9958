"""All of storage, opened from a few options and closed as one."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.storage.access import Access
from bot.storage.asked_lines import AskedLines
from bot.storage.audit import Audit
from bot.storage.breathings import Breathings
from bot.storage.broadcasts import Broadcasts
from bot.storage.cards import CrisisCards
from bot.storage.check_ins import CheckInSchedule
from bot.storage.complaints import Complaints
from bot.storage.contacts import Contacts
from bot.storage.conversations import Conversations
from bot.storage.counters import Counters
from bot.storage.crisis_talks import CrisisTalks
from bot.storage.db.clock import DatabaseClock, utc_now
from bot.storage.db.database import Database, normalize_url
from bot.storage.db.encryption import Cipher, load_or_create_key_file
from bot.storage.db.errors import DatabaseRefused
from bot.storage.db.leases import LeaseOwner
from bot.storage.db.migrate import check_schema, upgrade
from bot.storage.disclosures import Disclosures
from bot.storage.exercises import ExerciseSheets
from bot.storage.feedback import Feedback
from bot.storage.handover_alerts import HandoverAlerts
from bot.storage.handovers import Handovers
from bot.storage.history_cache import HistoryCache, InProcessHistoryCache
from bot.storage.inbox.repository import Inbox
from bot.storage.invites import Invites
from bot.storage.jobs import Jobs
from bot.storage.key_verification import verify_keys
from bot.storage.limits import Limits
from bot.storage.memories import Memories
from bot.storage.memory_folds import MemoryFolds
from bot.storage.notifications import Notifications
from bot.storage.preferences import ChosenPreferences
from bot.storage.rated_conversations import RatedConversations
from bot.storage.readiness import Readiness
from bot.storage.replicas import Replicas
from bot.storage.retention import Retention
from bot.storage.risk import Risk
from bot.storage.safety_plans import SafetyPlans
from bot.storage.statistics import Statistics
from bot.storage.trusted_calls import TrustedCalls
from bot.storage.trusted_messages import TrustedMessages
from bot.storage.trusted_persons import TrustedPersons
from bot.storage.turns.repository import Turns
from bot.storage.users import Users

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    import sqlalchemy as sa

    from bot.storage.db.clock import Clock

DATABASE_FILE: Final = "shudong.db"
KEY_FILE: Final = "encryption.key"


@dataclass(frozen=True, slots=True)
class StorageOptions:
    """Where things are kept. Without a database and keys, both lie in `data_dir`."""

    data_dir: Path
    database_url: str | None = None
    direct_url: str | None = None
    """Leads to the same PostgreSQL past a pooler; None: there is none."""
    redis_url: str | None = None
    bot_id: int = 0
    """Telegram's id of the bot: several may share one Redis."""
    keys: Sequence[str] = ()

    @property
    def address(self) -> sa.URL:
        """The address of the database, embedded or not."""
        return normalize_url(self.database_url or f"sqlite:///{self.database_file}")

    @property
    def database_file(self) -> Path:
        """The file of a SQLite database, embedded or named by its address."""
        if self.database_url is None:
            return self.data_dir / DATABASE_FILE
        return Path(normalize_url(self.database_url).database or "")


@dataclass(frozen=True, slots=True)
class Storage:
    """The repositories, ready to use."""

    database: Database
    cipher: Cipher
    lease_owner: LeaseOwner
    inbox: Inbox
    turns: Turns
    conversations: Conversations
    users: Users
    access: Access
    invites: Invites
    broadcasts: Broadcasts
    complaints: Complaints
    audit: Audit
    counters: Counters
    jobs: Jobs
    limits: Limits
    notifications: Notifications
    disclosures: Disclosures
    preferences: ChosenPreferences
    cards: CrisisCards
    crisis_talks: CrisisTalks
    risk: Risk
    check_ins: CheckInSchedule
    handovers: Handovers
    handover_alerts: HandoverAlerts
    contacts: Contacts
    memories: Memories
    memory_folds: MemoryFolds
    safety_plans: SafetyPlans
    asked_lines: AskedLines
    exercises: ExerciseSheets
    breathings: Breathings
    trusted_persons: TrustedPersons
    trusted_calls: TrustedCalls
    trusted_messages: TrustedMessages
    feedback: Feedback
    rated_conversations: RatedConversations
    statistics: Statistics
    replicas: Replicas
    retention: Retention
    history_cache: HistoryCache
    readiness: Readiness

    @property
    def clock(self) -> Clock:
        """The time that all replicas of this database go by."""
        return self.lease_owner.clock

    @property
    def is_shared(self) -> bool:
        """Whether other replicas may work on the same database."""
        return self.database.dialect == "postgresql"

    @property
    def lease_safe_seconds(self) -> float:
        """Seconds after a renewal in which no other replica can take the lease.

        A fourth of the lease is kept for what lies between asking for it and its beginning.
        """
        return 0.75 * self.lease_owner.duration.total_seconds() if self.is_shared else inf

    async def is_ready(self) -> bool:
        """Whether what arrives now would be stored. Never raises, takes 2 s at most."""
        return await self.readiness.check()

    async def report(self, version: str) -> None:
        """Tell other replicas that this one is there, and which keys it has."""
        await self.replicas.report(self.lease_owner, self.cipher, version)

    async def leave(self) -> None:
        """Tell them that it ends."""
        await self.replicas.leave(self.lease_owner)

    async def sync_clock(self) -> None:
        """Set the clock that replicas share by the database's; to be called now and then."""
        if isinstance(self.lease_owner.clock, DatabaseClock):
            await self.lease_owner.clock.read()

    async def aclose(self) -> None:
        """Close every connection."""
        await self.history_cache.aclose()
        await self.database.aclose()


def open_database(options: StorageOptions, *, executor: Executor | None = None) -> Database:
    """The database of `options`; nothing is asked of it yet. `executor`: see `Database`."""
    if options.database_url is not None:
        return Database(options.database_url, executor=executor)
    _make_data_dir(options.data_dir)
    return Database(f"sqlite:///{options.database_file}", executor=executor)


def open_cipher(options: StorageOptions) -> Cipher:
    """The keys of `options`, or those of the key file in the data directory, made if missing."""
    if options.keys:
        return Cipher.from_keys(list(options.keys))
    _make_data_dir(options.data_dir)
    return Cipher.from_keys(load_or_create_key_file(options.data_dir / KEY_FILE))


async def open_storage(
    options: StorageOptions, *, clock: Clock | None = None, executor: Executor | None = None
) -> Storage:
    """Open the database, bring an embedded one up to date, and check schema and keys.

    Args:
        options: where things are kept.
        clock: what leases and records go by; None: the time that all users of the database share.
        executor: runs SQLite's transactions; None: threads of their own.

    Raises:
        StorageError: something is not as the options say, in one sentence.
    """
    cipher = await asyncio.to_thread(open_cipher, options)
    database = await asyncio.to_thread(open_database, options, executor=executor)
    try:
        if options.database_url is None:
            await upgrade(database)
        await check_schema(database)
        await verify_keys(database, cipher)
        clock = clock or await _clock_of(database)
    except BaseException:
        await database.aclose()
        raise
    lease_owner = LeaseOwner(id=secrets.token_hex(8), clock=clock)
    history_cache = open_history_cache(options, cipher)
    jobs = Jobs(database, lease_owner)
    preferences = ChosenPreferences(database, clock)
    storage = Storage(
        database=database,
        cipher=cipher,
        lease_owner=lease_owner,
        inbox=Inbox(database, cipher, lease_owner),
        turns=Turns(database, cipher, lease_owner),
        conversations=Conversations(database, clock),
        users=Users(database, cipher, clock),
        access=Access(database, cipher, clock),
        invites=Invites(database, clock),
        broadcasts=Broadcasts(database, cipher, clock),
        complaints=Complaints(database, cipher, clock),
        audit=Audit(database, clock),
        counters=Counters(database, clock),
        jobs=jobs,
        limits=Limits(database, clock),
        notifications=Notifications(database, options.direct_url),
        disclosures=Disclosures(database, clock),
        preferences=preferences,
        cards=CrisisCards(database, lease_owner),
        crisis_talks=CrisisTalks(database, clock),
        risk=Risk(database, clock),
        check_ins=CheckInSchedule(database, clock),
        handovers=Handovers(database, cipher, clock),
        handover_alerts=HandoverAlerts(database, lease_owner),
        contacts=Contacts(database, cipher, clock),
        memories=Memories(database, cipher, clock),
        memory_folds=MemoryFolds(database, cipher, clock),
        safety_plans=SafetyPlans(database, cipher, clock),
        asked_lines=AskedLines(database, clock),
        exercises=ExerciseSheets(database, cipher, clock),
        breathings=Breathings(database, lease_owner),
        trusted_persons=TrustedPersons(database, cipher, lease_owner),
        trusted_calls=TrustedCalls(database, lease_owner),
        trusted_messages=TrustedMessages(database, cipher, lease_owner),
        feedback=Feedback(database, cipher, clock),
        rated_conversations=RatedConversations(database, cipher),
        statistics=Statistics(database, clock),
        replicas=Replicas(database, clock),
        retention=Retention(database, clock),
        history_cache=history_cache,
        readiness=Readiness(database, lease_owner),
    )
    await preferences.refresh_languages()
    await database.truncate_log()  # what was erased before a crash
    if database.dialect == "sqlite":
        # A file has one bot (see the lock in `bot.app`): whatever is claimed, its owner is dead.
        await storage.inbox.release_others()
        await storage.turns.release_others()
        await storage.cards.release_others()
        await storage.handover_alerts.release_others()
        await storage.trusted_messages.release_others()
        await storage.memory_folds.release_others()
        await storage.breathings.release_others()
    return storage


async def _clock_of(database: Database) -> Clock:
    """What all who share the database go by; an embedded one is ours alone, and so is its time."""
    if database.dialect == "sqlite":
        return utc_now
    clock = DatabaseClock(database)
    await clock.read()
    return clock


def _make_data_dir(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DatabaseRefused(
            f"DATA_DIR {path} cannot be written ({error.strerror}); "
            "choose a folder that this user may write to."
        ) from None


async def is_redis_well(url: str) -> bool:
    """Whether a Redis answers within two seconds."""
    from bot.storage.redis_history_cache import answers

    return await answers(url, within=2.0)


def open_history_cache(options: StorageOptions, cipher: Cipher) -> HistoryCache:
    """The copies of recent turns: in Redis if there is one, else in this process."""
    if options.redis_url is None:
        return InProcessHistoryCache()
    from bot.storage.redis_history_cache import RedisHistoryCache

    return RedisHistoryCache(options.redis_url, cipher, bot_id=options.bot_id)
