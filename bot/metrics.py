"""What the bot counts and measures of itself, for Prometheus.

Every label has few values, all known beforehand or named by the settings; no metric has the id of a
person, a chat or a message, and none has text. Counting costs about a microsecond and no lock that
is ever waited for.

What has to be looked up (how long somebody has waited, whether a node answers) is looked at by
`bot.watch`, not by who reads the metrics: reading them asks nothing of the database.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
)

REGISTRY: Final = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_FIRST_TOKEN: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 13, 20, 40, 60)
_EACH_TOKEN: Final = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.2, 0.35, 0.5, 1, 2)
_TURN: Final = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 600, 1800)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, namespace="shudong", registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, namespace="shudong", registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(name, text, labels, namespace="shudong", registry=REGISTRY, buckets=buckets)


BUILD: Final = _gauge("build_info", "Always 1; what runs.", "version", "model")

# What comes in.
UPDATES: Final = _counter(
    "updates", "Updates stored for the first time, by lane (chat, express).", "lane"
)
WEBHOOK_REQUESTS: Final = _counter(
    "webhook_requests", "Calls of the webhook, by the status they were answered with.", "status"
)
WEBHOOK_OURS: Final = _gauge(
    "webhook_ours", "1: Telegram sends updates to WEBHOOK_URL; 0: elsewhere, or nowhere."
)
WEBHOOK_OURS.set(1)  # by polling there is none to be taken
WEBHOOK_PENDING: Final = _gauge("webhook_pending_updates", "Updates that Telegram holds back.")
WEBHOOK_ERROR_AT: Final = _gauge(
    "webhook_last_error_timestamp_seconds", "When Telegram last failed to deliver; 0: never."
)
INTAKE_WAIT: Final = _histogram(
    "message_wait_seconds", "From a message's storing to the beginning of its turn.", _TURN
)

# Turns.
TURNS: Final = _counter(
    "turns",
    "Turns that ended, by outcome (answered, stopped, failed) and reason of failure.",
    "outcome",
    "reason",
)
TURN_SECONDS: Final = _histogram(
    "turn_seconds", "From the beginning of a turn to its end in the database.", _TURN
)
CHATS_BUSY: Final = _gauge("chats_busy", "Chats that this process works on.")
CHATS_AT_ONCE: Final = _gauge("chats_at_once", "Chats that this process works on at most.")

# The engine.
FIRST_TOKEN: Final = _histogram(
    "engine_first_token_seconds",
    "Time to first token (TTFT), with the wait for a slot of the engine.",
    _FIRST_TOKEN,
)
EACH_TOKEN: Final = _histogram(
    "engine_token_seconds",
    "Time per output token (TPOT) of an answer, by the pieces it is streamed in.",
    _EACH_TOKEN,
)
ENGINE_ERRORS: Final = _counter("engine_errors", "Failed generations, by kind.", "error")
ENGINE_DOWN: Final = _gauge("engine_down", "1: nothing answers, turns wait for the engine.")
ENGINE_WAITING: Final = _gauge("engine_waiting", "Generations that wait for a slot.")
NODE_UP: Final = _gauge("engine_node_up", "1: the node takes work; 0: it failed.", "node")
NODE_RUNNING: Final = _gauge("engine_node_running", "Generations of a node now.", "node")

# What goes out.
OUTBOX_WAIT: Final = _histogram(
    "outbox_wait_seconds", "From a call's wish to its start, by priority.", _QUICK, "priority"
)
OUTBOX_WAITING: Final = _gauge("outbox_waiting", "Calls to Telegram that wait for their slot.")
TELEGRAM_CALL: Final = _histogram(
    "telegram_call_seconds", "How long Telegram took for a call, by kind.", _QUICK, "kind"
)
RETRY_AFTER: Final = _counter("telegram_retry_after", "How often Telegram asked for a pause.")
RETRY_AFTER_SECONDS: Final = _counter(
    "telegram_retry_after_seconds", "Seconds that Telegram asked to pause."
)
SEND_FAILURES: Final = _counter(
    "telegram_call_failures", "Calls that failed or were refused, by what that means.", "failure"
)
UNCERTAIN_SENDS: Final = _counter(
    "telegram_uncertain_sends", "Messages sent again although the first may have arrived."
)

# Danger.
RISK_READ: Final = _counter(
    "risk_read", "Messages by the level of danger they were read at on arrival.", "level"
)
CARDS_SENT: Final = _counter(
    "crisis_cards", "Crisis cards that ended, by outcome (sent, refused).", "outcome"
)

# Storage.
STORAGE_SECONDS: Final = _histogram(
    "storage_seconds", "How long a transaction took, with its wait (read, write).", _QUICK, "kind"
)
STORAGE_ERRORS: Final = _counter("storage_errors", "Transactions that failed, by error.", "error")
STORAGE_POOL_USED: Final = _gauge("storage_pool_used", "Connections of the pool in use.")
STORAGE_POOL_SIZE: Final = _gauge("storage_pool_size", "Connections the pool has at most.")
HISTORY_CACHE: Final = _counter(
    "history_cache", "Looks into the copies of recent turns (hit, miss).", "result"
)
DISK_FREE: Final = _gauge("disk_free_bytes", "Room for this user on the disk of DATA_DIR.")
DISK_SIZE: Final = _gauge("disk_size_bytes", "The size of the disk of DATA_DIR.")

# Progress of all replicas together, as the database shows it.
OLDEST_UNANSWERED: Final = _gauge(
    "oldest_unanswered_seconds", "Age of the oldest message that waits for its answer."
)
OLDEST_OWED_CARD: Final = _gauge(
    "oldest_owed_card_seconds", "Age of the oldest crisis card that Telegram has not taken."
)
OLDEST_OPEN_HANDOVER: Final = _gauge(
    "oldest_open_handover_seconds", "Age of the oldest call for a human that nobody has taken."
)
INBOX: Final = _gauge("inbox_updates", "Updates by state (new, claimed, failed).", "state")
PEOPLE: Final = _gauge("people", "People who wrote within a day, seven days, ever.", "within")

# The process.
LOOP_LAG: Final = _histogram(
    "loop_lag_seconds", "How late the event loop wakes a task that slept.", _QUICK
)
READY: Final = _gauge("ready", "Parts of readiness as they were asked last (1, 0).", "part")
