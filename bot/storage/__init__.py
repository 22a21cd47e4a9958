"""Everything that outlives a process: SQL, the copy of recent turns in Redis, and encryption.

No SQL, no session and no SQLAlchemy type leaves this room: others see repositories, whose methods
are one transaction each, and the values of `bot.storage.values`.
"""

from bot.storage.audit import Audit
from bot.storage.cards import CrisisCards
from bot.storage.contacts import Contacts
from bot.storage.conversations import Conversations
from bot.storage.counters import Counters
from bot.storage.database import Database
from bot.storage.disclosures import Disclosures
from bot.storage.encryption import Cipher, generate_key, load_or_create_key_file
from bot.storage.errors import (
    BadKey,
    DatabaseFull,
    DatabaseRefused,
    DatabaseUnavailable,
    EncryptionError,
    KeyFileExposed,
    SchemaAhead,
    SchemaBehind,
    SchemaError,
    StorageError,
    WrongKey,
)
from bot.storage.feedback import Feedback
from bot.storage.handovers import Handovers
from bot.storage.inbox import Inbox
from bot.storage.jobs import Jobs
from bot.storage.keycheck import check_keys
from bot.storage.limits import Limits
from bot.storage.migrate import SchemaStatus, check_schema, schema_status, upgrade
from bot.storage.recent import InProcessRecentTurns, RecentTurns, RedisRecentTurns
from bot.storage.reencrypt import reencrypt
from bot.storage.risk import Risk
from bot.storage.signals import Signal, Signals
from bot.storage.turns import Turns
from bot.storage.users import Users
from bot.storage.values import (
    Age,
    Asked,
    AuditEntry,
    CardKey,
    Claimant,
    Clock,
    ConsentState,
    ConversationSnapshot,
    Disclosure,
    DutyMessage,
    EmergencyContact,
    EndState,
    Handover,
    HandoverState,
    InboxCounts,
    Kept,
    Lane,
    NewUpdate,
    OwedCard,
    PastTurn,
    Rated,
    RatedAnswer,
    RatedTalk,
    Rating,
    RiskSignal,
    RiskState,
    StoredUpdate,
    Turn,
    TurnState,
    UpdateState,
    User,
    UserExport,
    utc_now,
)

__all__ = [
    "Age",
    "Asked",
    "Audit",
    "AuditEntry",
    "BadKey",
    "CardKey",
    "Cipher",
    "Claimant",
    "Clock",
    "ConsentState",
    "Contacts",
    "ConversationSnapshot",
    "Conversations",
    "Counters",
    "CrisisCards",
    "Database",
    "DatabaseFull",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "Disclosure",
    "Disclosures",
    "DutyMessage",
    "EmergencyContact",
    "EncryptionError",
    "EndState",
    "Feedback",
    "Handover",
    "HandoverState",
    "Handovers",
    "InProcessRecentTurns",
    "Inbox",
    "InboxCounts",
    "Jobs",
    "Kept",
    "KeyFileExposed",
    "Lane",
    "Limits",
    "NewUpdate",
    "OwedCard",
    "PastTurn",
    "Rated",
    "RatedAnswer",
    "RatedTalk",
    "Rating",
    "RecentTurns",
    "RedisRecentTurns",
    "Risk",
    "RiskSignal",
    "RiskState",
    "SchemaAhead",
    "SchemaBehind",
    "SchemaError",
    "SchemaStatus",
    "Signal",
    "Signals",
    "StorageError",
    "StoredUpdate",
    "Turn",
    "TurnState",
    "Turns",
    "UpdateState",
    "User",
    "UserExport",
    "Users",
    "WrongKey",
    "check_keys",
    "check_schema",
    "generate_key",
    "load_or_create_key_file",
    "reencrypt",
    "schema_status",
    "upgrade",
    "utc_now",
]
