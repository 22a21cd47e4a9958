"""Everything that outlives a process: SQL, the copy of recent turns in Redis, and encryption.

No SQL, no session and no SQLAlchemy type leaves this room: others see repositories, whose methods
are one transaction each, and the values of `bot.storage.values`.
"""

from bot.storage.audit import Audit
from bot.storage.cards import CrisisCards
from bot.storage.contacts import Contacts
from bot.storage.conversations import Conversations
from bot.storage.counters import Counters
from bot.storage.db.database import Database
from bot.storage.db.encryption import Cipher, generate_key, load_or_create_key_file
from bot.storage.db.errors import (
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
from bot.storage.db.migrate import SchemaStatus, check_schema, schema_status, upgrade
from bot.storage.disclosures import Disclosures
from bot.storage.feedback import Feedback
from bot.storage.handovers import Handovers
from bot.storage.history_cache import HistoryCache, InProcessHistoryCache, RedisHistoryCache
from bot.storage.inbox import Inbox
from bot.storage.jobs import Jobs
from bot.storage.key_verification import check_keys
from bot.storage.limits import Limits
from bot.storage.notifications import Notification, Notifications
from bot.storage.reencrypt import reencrypt
from bot.storage.risk import Risk
from bot.storage.turns.repository import Turns
from bot.storage.users import Users
from bot.storage.values import (
    Age,
    AuditEntry,
    CardKey,
    Clock,
    ConsentState,
    ConversationSnapshot,
    Disclosure,
    EmergencyContact,
    EndState,
    Handover,
    HandoverMessage,
    HandoverState,
    InboxCounts,
    Lane,
    LeaseOwner,
    NewUpdate,
    OwedCard,
    PastTurn,
    PendingQuestion,
    RatedAnswer,
    RatedConversation,
    Rating,
    RatingResult,
    RiskSignal,
    RiskState,
    StoredBatch,
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
    "Audit",
    "AuditEntry",
    "BadKey",
    "CardKey",
    "Cipher",
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
    "EmergencyContact",
    "EncryptionError",
    "EndState",
    "Feedback",
    "Handover",
    "HandoverMessage",
    "HandoverState",
    "Handovers",
    "HistoryCache",
    "InProcessHistoryCache",
    "Inbox",
    "InboxCounts",
    "Jobs",
    "KeyFileExposed",
    "Lane",
    "LeaseOwner",
    "Limits",
    "NewUpdate",
    "Notification",
    "Notifications",
    "OwedCard",
    "PastTurn",
    "PendingQuestion",
    "RatedAnswer",
    "RatedConversation",
    "Rating",
    "RatingResult",
    "RedisHistoryCache",
    "Risk",
    "RiskSignal",
    "RiskState",
    "SchemaAhead",
    "SchemaBehind",
    "SchemaError",
    "SchemaStatus",
    "StorageError",
    "StoredBatch",
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
