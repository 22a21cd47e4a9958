"""What every part of the Telegram room is given: storage, outbox, options, and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.conversation.disclosure_policy import USUAL
from bot.locales import language_for
from bot.telegram.access import AccessOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from telegram import User

    from bot.conversation.disclosure_policy import NoticeTimes
    from bot.locales import Language
    from bot.storage.store import Storage
    from bot.telegram.access import AccessControl
    from bot.telegram.client import Client
    from bot.telegram.oncall_rota import OncallRota
    from bot.telegram.outbound.outbox import Outbox
    from inference.engine import ModelInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an operator decides, as `Settings` gives it; times in seconds.

    Args:
        serving: the model that answers now; its name is empty where it is not known yet.
        operator_contact: how people reach the operator; None: they left no contact.
        admins: who may do everything, by the settings.
        access: who may use the bot, and who may do more.
        complaints_within: by when a complaint is answered, as its person is told.
        requests_per_minute: commands and presses of buttons that one person gets; 0: no limit.
        burst_window: silence after which what a person wrote becomes a turn.
        card_window: after a crisis card, the same one is not shown again for so long.
        kept_for: what is kept of who does not write goes after so long; None: never.
        check_in_after: silence after which a person in danger is asked how they are; None: never.
        admin_chat_id: where alerts go; None: none is sent but to those whom the rota names.
        oncall_rota: who is on call when; None: nobody in particular.
        acknowledge_within: an alert that nobody takes for so long goes to others.
        trusted_persons: whether people may name somebody who is told that they are not well.
        answers_per_day: answers a person gets in 24 hours; 0: no limit.
        chats_at_once: chats this process works on at a time.
        engine_patience: how long a turn waits for an engine that is away.
        calls_per_second: calls to Telegram in all chats together.
        notice_times: how often people are told what has to be told.
    """

    serving: Callable[[], ModelInfo]
    operator_contact: str | None
    admins: frozenset[int]
    burst_window: float
    card_window: timedelta
    check_in_after: timedelta | None
    admin_chat_id: int | None
    oncall_rota: OncallRota | None
    acknowledge_within: timedelta
    trusted_persons: bool
    answers_per_day: int
    chats_at_once: int
    engine_patience: float
    calls_per_second: int
    kept_for: timedelta | None = None
    notice_times: NoticeTimes = USUAL
    access: AccessOptions = field(default_factory=AccessOptions)
    requests_per_minute: int = 0
    complaints_within: timedelta = timedelta(days=15)

    @property
    def has_oncall(self) -> bool:
        """Whether there are people who can be called; else no human takes over."""
        return self.admin_chat_id is not None or self.oncall_rota is not None


@dataclass(frozen=True, slots=True)
class Incident:
    """How often a fault was logged, by the name of its event."""

    event: str
    count: int
    last_at: datetime


def no_incidents() -> Sequence[Incident]:
    """Where nothing keeps an eye on the log."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the parts share. `clock` is monotonic; `now` is the moment that records go by."""

    client: Client
    storage: Storage
    outbox: Outbox
    options: Options
    access: AccessControl
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    @property
    def me(self) -> User:
        """The bot itself, as Telegram knows it."""
        return self.client.bot

    def now(self) -> datetime:
        """The moment, by the clock that all replicas share."""
        return self.storage.clock()

    def language_for(self, user_id: int, telegram_code: str | None) -> Language:
        """The language a person chose, else the one that their Telegram says."""
        return language_for(self.storage.preferences.language(user_id) or telegram_code)

    async def language_of(self, user_id: int) -> Language:
        """The language a person chose, else the one that their Telegram said last.

        Raises:
            StorageError: it cannot be read now.
        """
        chosen = self.storage.preferences.language(user_id)
        return language_for(chosen or await self.storage.users.language_code(user_id))
