"""Everything that outlives a process: SQL, the history cache in Redis, and encryption.

No SQL, no session and no SQLAlchemy type leaves this room: others see one repository an aggregate,
whose methods are one transaction each, and frozen values.
"""

from bot.storage.access import Access, AccessRules, Ban, Role
from bot.storage.asked_lines import AskedLine, AskedLines
from bot.storage.audit import Audit, AuditEntry
from bot.storage.backup import BackedUp, NotEmpty, back_up, check_backup, restore
from bot.storage.breathings import Breathing, Breathings
from bot.storage.broadcasts import Broadcast, Broadcasts
from bot.storage.cards import CardKey, CrisisCards, ExportedCard, OwedCard
from bot.storage.check_ins import CheckInSchedule
from bot.storage.complaints import Complaint, Complaints, OpenComplaint
from bot.storage.contacts import Contacts, EmergencyContact
from bot.storage.conversations import Conversations
from bot.storage.counters import Counters
from bot.storage.crisis_talks import CrisisTalks, StoredTalk
from bot.storage.db.clock import Clock, DatabaseClock, utc_now
from bot.storage.db.database import Database
from bot.storage.db.encryption import Cipher, Place, generate_key, load_or_create_key_file
from bot.storage.db.errors import (
    BadKey,
    DatabaseFull,
    DatabaseRefused,
    DatabaseUnavailable,
    EncryptionError,
    KeyFileExposed,
    KeyNotHereYet,
    SchemaAhead,
    SchemaBehind,
    SchemaError,
    StorageError,
    WrongKey,
)
from bot.storage.db.leases import LeaseOwner
from bot.storage.db.migrate import (
    SchemaStatus,
    check_schema,
    newest_revision,
    schema_status,
    upgrade,
)
from bot.storage.disclosures import Disclosure, Disclosures
from bot.storage.exercises import ExerciseSheet, ExerciseSheets
from bot.storage.feedback import Feedback, RatedAnswer, RatingResult
from bot.storage.handover_alerts import HandoverAlerts, OutdatedAlert, OwedAlert
from bot.storage.handover_messages import HandoverMessage
from bot.storage.handovers import Handover, Handovers
from bot.storage.history_cache import HistoryCache, InProcessHistoryCache
from bot.storage.inbox.repository import Inbox, NewUpdate, StoredBatch, StoredUpdate
from bot.storage.invites import Invite, Invites
from bot.storage.jobs import Jobs
from bot.storage.key_verification import verify_keys
from bot.storage.limits import Limits
from bot.storage.memories import Memories, MemoryFact, MemoryKind, MemoryLine, MemoryRecord
from bot.storage.memory_folds import DueFold, MemoryChanges, MemoryFolds, NewMemory
from bot.storage.models import (
    Age,
    AlertShows,
    BroadcastState,
    ConsentState,
    DeliveryState,
    HandoverState,
    Lane,
    Rating,
    TurnState,
    UpdateState,
)
from bot.storage.notifications import Notification, Notifications
from bot.storage.pending_questions import PendingQuestion, PersonInChat
from bot.storage.preferences import ChosenPreferences, PreferenceChange, Preferences
from bot.storage.rated_conversations import RatedConversation, RatedConversations
from bot.storage.readiness import Readiness
from bot.storage.reencrypt import count_by_key, count_old, reencrypt
from bot.storage.replicas import ReplicaReport, Replicas
from bot.storage.retention import IdlePerson, Retention
from bot.storage.risk import Risk, RiskSignal, RiskState, SpeakerRisk, TurnRisk
from bot.storage.safety_plans import AskedStep, PlanStep, SafetyPlan, SafetyPlans, TypedLine
from bot.storage.statistics import Backlog, InboxCounts, Statistics, TurnCounts
from bot.storage.traces import CardTrace, PersonTrace, Traces, TurnTrace, UpdateTrace
from bot.storage.trusted_calls import TellingCards, TrustedCalls
from bot.storage.trusted_messages import OwedTrustedMessage, TrustedMessages
from bot.storage.trusted_persons import TrustedPerson, TrustedPersons
from bot.storage.turns.repository import Turns
from bot.storage.turns.turn import EndState, PastTurn, Turn
from bot.storage.turns.versions import AnswerVersion
from bot.storage.users import User, UserExport, Users

__all__ = [
    "Access",
    "AccessRules",
    "Age",
    "AlertShows",
    "AnswerVersion",
    "AskedLine",
    "AskedLines",
    "AskedStep",
    "Audit",
    "AuditEntry",
    "BackedUp",
    "Backlog",
    "BadKey",
    "Ban",
    "Breathing",
    "Breathings",
    "Broadcast",
    "BroadcastState",
    "Broadcasts",
    "CardKey",
    "CardTrace",
    "CheckInSchedule",
    "ChosenPreferences",
    "Cipher",
    "Clock",
    "Complaint",
    "Complaints",
    "ConsentState",
    "Contacts",
    "Conversations",
    "Counters",
    "CrisisCards",
    "CrisisTalks",
    "Database",
    "DatabaseClock",
    "DatabaseFull",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "DeliveryState",
    "Disclosure",
    "Disclosures",
    "DueFold",
    "EmergencyContact",
    "EncryptionError",
    "EndState",
    "ExerciseSheet",
    "ExerciseSheets",
    "ExportedCard",
    "Feedback",
    "Handover",
    "HandoverAlerts",
    "HandoverMessage",
    "HandoverState",
    "Handovers",
    "HistoryCache",
    "IdlePerson",
    "InProcessHistoryCache",
    "Inbox",
    "InboxCounts",
    "Invite",
    "Invites",
    "Jobs",
    "KeyFileExposed",
    "KeyNotHereYet",
    "Lane",
    "LeaseOwner",
    "Limits",
    "Memories",
    "MemoryChanges",
    "MemoryFact",
    "MemoryFolds",
    "MemoryKind",
    "MemoryLine",
    "MemoryRecord",
    "NewMemory",
    "NewUpdate",
    "NotEmpty",
    "Notification",
    "Notifications",
    "OpenComplaint",
    "OutdatedAlert",
    "OwedAlert",
    "OwedCard",
    "OwedTrustedMessage",
    "PastTurn",
    "PendingQuestion",
    "PersonInChat",
    "PersonTrace",
    "Place",
    "PlanStep",
    "PreferenceChange",
    "Preferences",
    "RatedAnswer",
    "RatedConversation",
    "RatedConversations",
    "Rating",
    "RatingResult",
    "Readiness",
    "ReplicaReport",
    "Replicas",
    "Retention",
    "Risk",
    "RiskSignal",
    "RiskState",
    "Role",
    "SafetyPlan",
    "SafetyPlans",
    "SchemaAhead",
    "SchemaBehind",
    "SchemaError",
    "SchemaStatus",
    "SpeakerRisk",
    "Statistics",
    "StorageError",
    "StoredBatch",
    "StoredTalk",
    "StoredUpdate",
    "TellingCards",
    "Traces",
    "TrustedCalls",
    "TrustedMessages",
    "TrustedPerson",
    "TrustedPersons",
    "Turn",
    "TurnCounts",
    "TurnRisk",
    "TurnState",
    "TurnTrace",
    "Turns",
    "TypedLine",
    "UpdateState",
    "UpdateTrace",
    "User",
    "UserExport",
    "Users",
    "WrongKey",
    "back_up",
    "check_backup",
    "check_schema",
    "count_by_key",
    "count_old",
    "generate_key",
    "load_or_create_key_file",
    "newest_revision",
    "reencrypt",
    "restore",
    "schema_status",
    "upgrade",
    "utc_now",
    "verify_keys",
]
