"""The tables. `migrations/` builds the same ones; a test compares the two on both databases."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.storage.db.leases import LeaseColumns
from bot.storage.db.types import LanguageTag, UtcDateTime

Lane = Literal["express", "chat"]
UpdateState = Literal["new", "claimed", "done", "failed"]
TurnState = Literal["pending", "answering", "answered", "stopped", "failed"]
Age = Literal["adult", "minor", "teen", "child"]
"""What a person said: 18 or older, under 18, 14 to 17, under 14."""
CardState = Literal["owed", "sent", "refused"]
HandoverState = Literal["open", "taken", "closed"]
AlertKind = Literal["first", "next", "everyone", "left"]
"""Why somebody is alerted: they are the first, or another has not come, or nobody has; `left` tells
the human who had a person that the person wants none."""
AlertState = Literal["owed", "sent", "refused"]
AlertShows = Literal["open", "taken", "closed", "declined"]
"""What the message of an alert says of its hand-over."""
TrustedMessageKind = Literal[
    "ask", "help", "agreed", "declined", "left", "ended", "told", "not_told", "seen"
]
"""What is told: the person whether to tell (ask), the trusted one that they are needed (help), the
person that it was agreed, declined or given up (left), the trusted one that the person ended it,
the person that it was told, not told, or seen."""
HelpIsSent = Literal["asked", "always"]
"""Whether the person is asked each time, or has decided beforehand."""
Rating = Literal["up", "down"]
ConsentState = Literal["asked", "yes", "no"]
"""Whether what a person rated may help to train: asked and open, agreed, or not."""

MAX_REASON: Final = 64
"""Characters of a reason for machines why something was given up; more are cut off."""
MAX_MODEL: Final = 128
"""Characters of the name of a model; more are cut off."""

# SQLite numbers rows by itself only in columns that are called exactly INTEGER.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can refer to it."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: Final = {
        int: sa.BigInteger,
        datetime: UtcDateTime,
        Age: sa.String(16),
        AlertKind: sa.String(16),
        AlertShows: sa.String(16),
        AlertState: sa.String(16),
        CardState: sa.String(16),
        ConsentState: sa.String(16),
        HandoverState: sa.String(16),
        HelpIsSent: sa.String(16),
        Lane: sa.String(16),
        Rating: sa.String(16),
        TrustedMessageKind: sa.String(16),
        TurnState: sa.String(16),
        UpdateState: sa.String(16),
    }


class UserRow(Base):
    """A person, under the id Telegram gave them."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language_code: Mapped[str | None] = mapped_column(LanguageTag)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    unreachable_at: Mapped[datetime | None]
    limit_told_at: Mapped[datetime | None]
    """When the person was last told that they have reached the limit of a day."""
    region: Mapped[str | None] = mapped_column(sa.String(8))
    check_ins_off_at: Mapped[datetime | None]


class ConversationRow(Base):
    """What is said in a chat between two resets."""

    __tablename__ = "conversations"
    # Row ids are never used a second time: ciphertexts and buttons refer to them.
    __table_args__ = (
        sa.Index(
            "uq_conversations_open_chat",
            "chat_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(None, "chat_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int]
    revision: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("0"))
    """Grows with every change of what is remembered; copies of the history carry it."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class TurnRow(LeaseColumns, Base):
    """What a person said at once and what was answered."""

    __tablename__ = "turns"
    __table_args__ = (
        sa.UniqueConstraint("conversation_id", "number"),
        # One turn at a time in a chat, in whatever replica: the database says so, not the program.
        sa.Index(
            "uq_turns_unfinished_chat",
            "chat_id",
            unique=True,
            sqlite_where=sa.text("state IN ('pending', 'answering')"),
            postgresql_where=sa.text("state IN ('pending', 'answering')"),
        ),
        sa.Index(None, "chat_id", "id"),
        sa.Index(None, "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(sa.ForeignKey(ConversationRow.id))
    chat_id: Mapped[int]
    number: Mapped[int] = mapped_column(sa.Integer)
    user_id: Mapped[int]
    state: Mapped[TurnState]
    user_text: Mapped[bytes]
    answer: Mapped[bytes | None]
    answer_message_id: Mapped[int | None]
    reply_to_message_id: Mapped[int | None]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(sa.Integer)
    failure: Mapped[str | None] = mapped_column(sa.String(MAX_REASON))
    stop_requested: Mapped[bool] = mapped_column(server_default=sa.false())
    """The owner of its lease is to stop, for a person's word or for danger behind it."""
    model: Mapped[str | None] = mapped_column(sa.String(MAX_MODEL))
    """Which model wrote the answer, where that may be rated; none of any other answer."""


class RedoRow(Base):
    """That a person had an answer made again; kept as long as it counts for their day."""

    __tablename__ = "redos"
    __table_args__ = (sa.Index(None, "user_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    at: Mapped[datetime]


class UpdateRow(LeaseColumns, Base):
    """An update of Telegram, stored before Telegram is told that it arrived."""

    __tablename__ = "updates"
    __table_args__ = (
        sa.Index(None, "state", "chat_id", "update_id"),
        sa.Index(None, "received_at"),
        sa.Index(None, "turn_id"),
    )

    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chat_id: Mapped[int | None]
    lane: Mapped[Lane]
    state: Mapped[UpdateState]
    payload: Mapped[bytes | None]
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(sa.Integer)
    reason: Mapped[str | None] = mapped_column(sa.String(MAX_REASON))
    turn_id: Mapped[int | None] = mapped_column(sa.ForeignKey(TurnRow.id, ondelete="SET NULL"))


class RatingRow(Base):
    """What a person thinks of one answer, encrypted with it: a second try is another answer."""

    __tablename__ = "ratings"
    __table_args__ = (
        sa.UniqueConstraint("turn_id", "answered_at"),
        sa.Index(None, "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    turn_id: Mapped[int] = mapped_column(sa.ForeignKey(TurnRow.id))
    answered_at: Mapped[datetime]
    """When the answer was given; a turn that is answered again has another moment."""
    user_id: Mapped[int]
    rating: Mapped[Rating]
    answer: Mapped[bytes]
    rewritten: Mapped[bytes | None]
    model: Mapped[str] = mapped_column(sa.String(MAX_MODEL))
    invitation_id: Mapped[int | None]
    """The message that invites the person to write how they would have put it."""
    rated_at: Mapped[datetime]


class TrainingConsentRow(Base):
    """Whether a person agreed that what they rated helps to train; no row: never asked."""

    __tablename__ = "training_consents"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[ConsentState]
    at: Mapped[datetime]


class JobRow(Base):
    """Something that only one replica does, and until when it is that one's."""

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(64))
    until: Mapped[datetime]


class AdminAuditRow(Base):
    """What an administrator did, to whom, and how it ended."""

    __tablename__ = "admin_audit"
    __table_args__ = (sa.Index(None, "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    admin_id: Mapped[int]
    action: Mapped[str] = mapped_column(sa.String(64))
    target: Mapped[str] = mapped_column(sa.String(64))
    outcome: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]


class DisclosureRow(Base):
    """What a person was told about the bot and asked about themselves, and when."""

    __tablename__ = "disclosures"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    age: Mapped[Age | None]
    guardian_agreed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    asked: Mapped[int] = mapped_column(sa.Integer)
    session_began_at: Mapped[datetime | None]
    last_wrote_at: Mapped[datetime | None]
    break_at: Mapped[datetime | None]
    home_unsafe_at: Mapped[datetime | None]
    leaning_at: Mapped[datetime | None]
    elderly_at: Mapped[datetime | None]
    days_in_row: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    used_today: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    told_briefly: Mapped[bool] = mapped_column(server_default=sa.false())


class HandoverRow(Base):
    """A person whom a human of the operators is asked to write to, or writes to now."""

    __tablename__ = "handovers"
    __table_args__ = (
        # One at a time for a person, and one at a time for an admin: the database says so.
        sa.Index(
            "uq_handovers_live_user",
            "user_id",
            unique=True,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        ),
        sa.Index(
            "uq_handovers_taken_admin",
            "admin_id",
            unique=True,
            sqlite_where=sa.text("state = 'taken'"),
            postgresql_where=sa.text("state = 'taken'"),
        ),
        sa.Index(None, "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    level: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[HandoverState]
    admin_id: Mapped[int | None]
    alert_due: Mapped[bool]
    opened_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    told_nobody_at: Mapped[datetime | None]
    """When the person was told that no human has come."""
    waiting_since: Mapped[datetime | None]
    """The person's first word that the human who took over has not answered."""
    last_at: Mapped[datetime]
    series: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("0"))
    """Grows each time the people on call are called anew, from the first of them on."""
    alerted_at: Mapped[datetime | None]
    """When those were called whose answer is waited for now."""
    everyone_alerted: Mapped[bool] = mapped_column(server_default=sa.false())
    first_taken_at: Mapped[datetime | None]
    left_by: Mapped[int | None]
    """The admin who had it and gave it away, or went silent."""
    declined_at: Mapped[datetime | None]
    """When the person said that they want no human."""


class HandoverAlertRow(LeaseColumns, Base):
    """A message that calls somebody on call, owed until Telegram has taken it."""

    __tablename__ = "handover_alerts"
    __table_args__ = (
        sa.Index(None, "handover_id"),
        sa.Index(None, "state", "lease_until"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    handover_id: Mapped[int]
    series: Mapped[int] = mapped_column(sa.Integer)
    recipient: Mapped[int]
    kind: Mapped[AlertKind]
    state: Mapped[AlertState]
    message_id: Mapped[int | None]
    shows: Mapped[AlertShows | None]


class HandoverMessageRow(Base):
    """What a human of the operators wrote to a person, encrypted."""

    __tablename__ = "handover_messages"
    __table_args__ = (sa.Index(None, "user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    said: Mapped[bytes]
    at: Mapped[datetime]


class EmergencyContactRow(Base):
    """Whom a person wants to call when things are hard, encrypted."""

    __tablename__ = "emergency_contacts"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[bytes]
    phone: Mapped[bytes]
    named_at: Mapped[datetime]


class TrustedPersonRow(Base):
    """Whom a person trusts to be told that they are not well, once that one has agreed."""

    __tablename__ = "trusted_persons"
    __table_args__ = (
        sa.UniqueConstraint("user_id"),
        sa.Index(None, "trusted_id"),
        sa.Index(None, "token_hash"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    name: Mapped[bytes]
    """What the person calls the trusted one, encrypted."""
    called: Mapped[bytes]
    """What the trusted one calls the person, encrypted."""
    token_hash: Mapped[bytes | None]
    """Of the token in the link; None once it was used."""
    expires_at: Mapped[datetime]
    trusted_id: Mapped[int | None]
    agreed_at: Mapped[datetime | None]
    sends: Mapped[HelpIsSent]
    for_harm: Mapped[bool]
    """Whether the person wants it where others hurt them, too."""
    offered_at: Mapped[datetime | None]
    """When the person was last asked, or the trusted one told without asking."""
    sent_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    """When the trusted one last said that they have read it."""


class TrustedMessageRow(LeaseColumns, Base):
    """A message between the two, owed until Telegram has taken it, and then deleted."""

    __tablename__ = "trusted_messages"
    __table_args__ = (
        sa.Index(None, "lease_until"),
        sa.Index(None, "recipient"),
        sa.Index(None, "about"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    link_id: Mapped[int]
    kind: Mapped[TrustedMessageKind]
    recipient: Mapped[int]
    about: Mapped[int | None]
    """The other one of the two; None: they are erased."""
    name: Mapped[bytes | None]
    """What the recipient calls the other one, encrypted."""


class SafetyPlanRow(Base):
    """Which step of their safety plan a person is being asked, and since when."""

    __tablename__ = "safety_plans"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked: Mapped[str | None] = mapped_column(sa.String(16))
    """The step that is asked; None: nothing is."""
    asked_before: Mapped[str | None] = mapped_column(sa.String(16))
    """The step that was asked before `asked_at`; lines written until then belong to it."""
    walks: Mapped[bool]
    """Whether the next step is asked once this one is answered."""
    asked_at: Mapped[datetime]
    shown_in: Mapped[int | None]
    """The message that asks; None: it is still to be sent."""


class SafetyPlanLineRow(Base):
    """One line of a safety plan, encrypted; `message_id` is the message it was typed in."""

    __tablename__ = "safety_plan_lines"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "message_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    step: Mapped[str] = mapped_column(sa.String(16))
    message_id: Mapped[int | None]
    said: Mapped[bytes]
    written_at: Mapped[datetime]


class CounterRow(Base):
    """How often something happened on a day. Belongs to no person, so no erasure touches it."""

    __tablename__ = "counters"

    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    count: Mapped[int]


class CrisisCardRow(LeaseColumns, Base):
    """A crisis card that is owed or was sent, stored together with the update that asked for it.

    An update has one for each level it was read at: a second one where its turn, read with what
    was said before, turned out to be more serious than the update alone.
    """

    __tablename__ = "crisis_cards"
    __table_args__ = (
        sa.Index(None, "state", "lease_until"),
        sa.Index(None, "user_id", "created_at"),
    )

    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    chat_id: Mapped[int]
    user_id: Mapped[int]
    language_code: Mapped[str | None] = mapped_column(LanguageTag)
    repeated: Mapped[bool]
    number: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[CardState]
    created_at: Mapped[datetime]
    danger: Mapped[str | None] = mapped_column(sa.String(32))
    heard: Mapped[str | None] = mapped_column(sa.String(32))
    """The id of the sentence that takes up what was said."""


class CrisisTalkRow(Base):
    """What a person in danger is met for, and the message that has the crisis buttons now."""

    __tablename__ = "crisis_talks"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    danger: Mapped[str | None] = mapped_column(sa.String(32))
    danger_at: Mapped[datetime | None]
    buttons_message_id: Mapped[int | None]


class CrisisQuestionRow(Base):
    """A question of the protocol that a person was asked, or has answered; names, no words.

    `number` orders what was said to one person; `turn_id` is the turn it was said in, None for a
    card or a button.
    """

    __tablename__ = "crisis_questions"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    number: Mapped[int | None] = mapped_column(sa.Integer)
    turn_id: Mapped[int | None]
    asked_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(sa.String(16))
    answered_at: Mapped[datetime | None]


class RiskRow(Base):
    """Until when a level of danger is kept in mind of a person; none is deleted by a reset.

    `chat_id` is where it was told: what was told in private is nothing for a group.
    """

    __tablename__ = "risk"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    raised_at: Mapped[datetime]
    """When it was last seen."""
    holds_since: Mapped[datetime]
    """Since when it has held without a break; not moved where it is seen again."""
    until: Mapped[datetime]


class CheckInRow(Base):
    """When to ask after a person, at most once in an episode."""

    __tablename__ = "check_ins"
    __table_args__ = (sa.Index(None, "due_at"),)

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    """When a replica took it over to send it; unset again where that did not work."""


# Written out rather than bound, so that SQLite sees that the partial index answers the question.
TURN_IS_UNFINISHED: Final = TurnRow.state.in_(
    [sa.literal_column("'pending'"), sa.literal_column("'answering'")]
)
