"""What goes into storage and comes out of it. Texts here are plain; tables hold ciphertexts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Lane = Literal["express", "chat"]
UpdateState = Literal["new", "claimed", "done", "failed"]
TurnState = Literal["pending", "answering", "answered", "stopped", "failed"]
EndState = Literal["answered", "stopped"]
Age = Literal["adult", "minor", "teen", "child"]
"""What a person said: 18 or older, under 18, 14 to 17, under 14."""
CardState = Literal["owed", "sent", "refused"]
CardKey = tuple[int, int]
HandoverState = Literal["open", "taken", "closed"]
Rating = Literal["up", "down"]
ConsentState = Literal["asked", "yes", "no"]
"""Whether what a person rated may help to train: asked and open, agreed, or not."""
Clock = Callable[[], datetime]

CARD_FROM: Final = 2
"""The level from which a card is owed and a person is asked after: high."""


def utc_now() -> datetime:
    """The moment, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class LeaseOwner:
    """Who claims work, and for how long a claim holds without being renewed.

    `id` is different in every start of every replica (at most 64 characters), so that a process
    that comes back is never taken for the one that died. Clocks of replicas may differ by much less
    than the lease, see `bot.storage.db.clock`.
    """

    id: str
    duration: timedelta = timedelta(seconds=20)
    clock: Clock = utc_now

    def lease_until(self) -> datetime:
        """The moment a claim made now runs out."""
        return self.clock() + self.duration


@dataclass(frozen=True, slots=True)
class NewUpdate:
    """An update as it arrived. `payload` is Telegram's JSON; `chat_id` is None where it has none.

    Lane "express" passes the queue of the chat, lane "chat" waits in it.
    """

    update_id: int
    chat_id: int | None
    lane: Lane
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class RiskSignal:
    """A sign of danger that was read in an update, or in the turn that the update became.

    Levels are those of `bot.safety` as numbers; from `CARD_FROM` on a card is owed. `ends` says
    until when each level up to this one is kept in mind, `check_in_at` when to ask after the
    person (None: not at all).
    """

    update_id: int
    chat_id: int
    user_id: int
    level: int
    language_code: str | None
    ends: Mapping[int, datetime]
    check_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwedCard:
    """A card that has to be sent, claimed by whoever got this.

    `repeated`: the same card was shown a while ago, so this one is shorter. `number` counts a
    person's cards. `region` is what the person chose.
    """

    update_id: int
    level: int
    chat_id: int
    user_id: int
    language_code: str | None
    repeated: bool
    number: int
    region: str | None

    @property
    def key(self) -> CardKey:
        """What the card is stored under."""
        return self.update_id, self.level


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What was stored just now: ids that are new, and the cards owed for them."""

    new: frozenset[int]
    cards: tuple[OwedCard, ...]


PendingQuestion = Literal["safe", "check_in"]
"""Whether the person is safe (a card, the help button), or how they are (a check-in)."""


@dataclass(frozen=True, slots=True)
class RiskState:
    """What is kept in mind of a person: until when each level holds, and when to ask after them.

    `check_in_at` is None where nobody is to be asked, or was asked already. `pending_question`
    is what the bot asked last, if that was not in an answer. `region` is whose hotlines the person
    chose.
    """

    ends: Mapping[int, datetime]
    check_in_at: datetime | None = None
    pending_question: PendingQuestion | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class ExportedCard:
    """A card in somebody's export."""

    at: datetime
    level: int
    state: CardState


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """An update that waits or is claimed. `attempts` counts the claims so far."""

    update_id: int
    chat_id: int | None
    lane: Lane
    payload: bytes
    received_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many updates wait, are being worked on, and were given up."""

    new: int
    claimed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person said at once and, when finished, what was answered.

    `number` counts from 1 within the conversation. `revision` is the conversation's at the time of
    reading: a copy of the history fits this turn when it carries the same one.
    """

    id: int
    conversation_id: int
    revision: int
    chat_id: int
    number: int
    user_id: int
    state: TurnState
    user_text: str
    answer: str | None
    answer_message_id: int | None
    reply_to_message_id: int | None
    created_at: datetime
    answered_at: datetime | None
    attempts: int
    failure: str | None
    stop_requested: bool = False
    """Somebody asked, in whatever replica, that it be answered no further."""


@dataclass(frozen=True, slots=True)
class PastTurn:
    """One finished exchange, as the context window needs it; `answer` is None where none came."""

    number: int
    user_text: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class ConversationSnapshot:
    """The open conversation of a chat. `turns` counts all of its turns, finished or not."""

    id: int
    chat_id: int
    started_at: datetime
    turns: int


@dataclass(frozen=True, slots=True)
class User:
    """A person. `unreachable_at` is set while Telegram refuses our messages to them.

    `region` is whose hotlines they chose, `check_ins_off_at` since when they want no check-ins.
    """

    id: int
    language_code: str | None
    created_at: datetime
    last_seen_at: datetime
    unreachable_at: datetime | None
    region: str | None = None
    check_ins_off_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a person was told and asked, what they answered, and since when they have been writing.

    `told_at` is when they were last told that this is an AI; `asked` counts the questions about
    age, the last of them at `asked_at`; `break_at` is when a break was last suggested.
    """

    age: Age | None = None
    guardian_agreed_at: datetime | None = None
    told_at: datetime | None = None
    asked_at: datetime | None = None
    asked: int = 0
    session_began_at: datetime | None = None
    last_wrote_at: datetime | None = None
    break_at: datetime | None = None

    @property
    def is_minor(self) -> bool:
        """Whether the person said they are under 18."""
        return self.age in {"minor", "teen", "child"}


@dataclass(frozen=True, slots=True)
class Handover:
    """A person whom a human of the operators is to write to, or writes to, through the bot.

    `level` is a `RiskLevel` as a number; `asked_at` is set when the person asked for a human.
    """

    id: int
    user_id: int
    level: int
    state: HandoverState
    admin_id: int | None
    opened_at: datetime
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class HandoverMessage:
    """What a human of the operators wrote to a person through the bot."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Whom a person wants to call when things are hard."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class RatingResult:
    """What became of a rating. `asks`: nobody asked this person yet, and whoever got this does."""

    consent: ConsentState | None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """One answer that a person rated, and how they would have put it, if they said so."""

    text: str
    rating: Rating
    rewritten: str | None
    model: str
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class RatedConversation:
    """A conversation in which answers were rated by somebody who agreed to training with it.

    `rated` is by the number of the turn, oldest answer first. `danger`: a card was shown, or danger
    kept in mind, around the time of this conversation.
    """

    turns: tuple[PastTurn, ...]
    rated: Mapping[int, tuple[RatedAnswer, ...]]
    danger: bool


@dataclass(frozen=True, slots=True)
class UserExport:
    """Everything stored about a person: turns in the order they were said."""

    user: User | None
    disclosure: Disclosure | None
    turns: tuple[Turn, ...]
    risk: RiskState
    cards: tuple[ExportedCard, ...]
    from_humans: tuple[HandoverMessage, ...] = ()
    contact: EmergencyContact | None = None
    ratings: tuple[RatedAnswer, ...] = ()
    consent: ConsentState | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act of an administrator."""

    admin_id: int
    action: str
    target: str
    outcome: str
    at: datetime
