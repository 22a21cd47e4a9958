"""How a turn passes from one state to the next: each function is part of a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import sqlalchemy as sa

from bot.storage import notifications
from bot.storage.db.dialect import lock_chat
from bot.storage.models import TURN_IS_UNFINISHED, ConversationRow, RedoRow, TurnRow, UpdateRow
from bot.storage.notifications import Notification
from bot.storage.turns import versions
from bot.storage.turns.turn import (
    Turn,
    answer_place,
    chat_is_in_work,
    select_last_for_chat,
    select_turn,
    user_text_place,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.db.leases import Lease
    from bot.storage.models import TurnState


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ends."""

    state: TurnState
    answer: str | None
    at: datetime | None
    reason: str | None
    message_id: int | None
    model: str | None = None
    has_buttons: bool = False
    fold_at: datetime | None = None
    """When the conversation is to be folded into what is remembered; None: as it was."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new turn is made of."""

    chat_id: int
    user_id: int
    text: str
    update_ids: tuple[int, ...]
    reply_to_message_id: int | None
    lease: Lease
    message_spans: str | None = None


@dataclass(frozen=True, slots=True)
class Redo:
    """Who wants an answer made again, and when; None: the person whose turn it is.

    `wish` is what was wrong with it; `text` takes the place of what was said, where it was edited.
    """

    user_id: int | None
    at: datetime
    wish: str | None = None
    text: str | None = None
    message_spans: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What takes the place of the words of a turn, and the updates it came in."""

    turn_id: int
    owner: str
    text: str
    update_ids: tuple[int, ...]
    message_spans: str | None = None


REDOS_COUNT_FOR: Final = timedelta(days=1)
"""How long it is remembered that an answer was made again; as long as the span of the limit."""

_WAITING: Final = (
    sa.select(UpdateRow.update_id)
    .where(
        UpdateRow.update_id.in_(sa.bindparam("updates", expanding=True)),
        UpdateRow.chat_id == sa.bindparam("chat"),
        UpdateRow.state == "new",
    )
    .with_for_update(skip_locked=True)
)
_CHAT_IN_WORK: Final = sa.select(chat_is_in_work(sa.bindparam("chat", type_=sa.BigInteger)))
_OPEN_CONVERSATION: Final = sa.select(
    ConversationRow.id,
    ConversationRow.revision,
    sa.select(sa.func.coalesce(sa.func.max(TurnRow.number), 0))
    .where(TurnRow.conversation_id == ConversationRow.id)
    .scalar_subquery()
    .label("last_number"),
).where(ConversationRow.chat_id == sa.bindparam("chat"), ConversationRow.ended_at.is_(None))
# Statements of every turn are built once: building one costs more than running it.
_BEFORE: Final = sa.orm.aliased(TurnRow)
_BUTTONS_BEFORE: Final = (
    sa.select(sa.case((_BEFORE.has_buttons, _BEFORE.answer_message_id)))
    .where(_BEFORE.chat_id == sa.bindparam("chat_id", type_=sa.BigInteger))
    .order_by(_BEFORE.id.desc())
    .limit(1)
    .scalar_subquery()
)
_NEW_TURN: Final = (
    sa.insert(TurnRow)
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                *("conversation_id", "chat_id", "number", "user_id", "state", "attempts"),
                *("reply_to_message_id", "created_at", "owner", "lease_until", "user_text"),
                "message_spans",
            )
        }
        | {"buttons_before": _BUTTONS_BEFORE}
    )
    .returning(TurnRow.id, TurnRow.buttons_before)
)
_NEW_CONVERSATION: Final = sa.insert(ConversationRow).returning(ConversationRow.id)
_TAKE_UPDATES: Final = (
    sa.update(UpdateRow)
    .where(UpdateRow.update_id.in_(sa.bindparam("updates", expanding=True)))
    .values(state="claimed", turn_id=sa.bindparam("turn"), attempts=UpdateRow.attempts + 1)
)
_IS_OURS: Final = sa.and_(
    TurnRow.id == sa.bindparam("turn"),
    TURN_IS_UNFINISHED,
    TurnRow.owner == sa.bindparam("holder"),
)
_WHOSE: Final = sa.select(TurnRow.user_id, TurnRow.chat_id).where(_IS_OURS)
_SET_ANSWER_MESSAGE: Final = (
    sa.update(TurnRow)
    .where(_IS_OURS)
    .values(state="answering", answer_message_id=sa.bindparam("message"))
)
_END: Final = (
    sa.update(TurnRow)
    .where(_IS_OURS)
    .values(
        state=sa.bindparam("turn_state"),
        answer=sa.bindparam("sealed_answer"),
        answered_at=sa.bindparam("ended_at"),
        failure=sa.bindparam("reason"),
        model=sa.bindparam("model"),
        has_buttons=sa.bindparam("has_buttons"),
        answer_message_id=sa.func.coalesce(
            sa.bindparam("message", type_=sa.BigInteger), TurnRow.answer_message_id
        ),
        owner=None,
        lease_until=None,
    )
    .returning(TurnRow.conversation_id)
)
_END_UPDATES: Final = (
    sa.update(UpdateRow)
    .where(UpdateRow.turn_id == sa.bindparam("turn"))
    .values(state=sa.bindparam("update_state"), payload=None, reason=sa.bindparam("reason"))
)
_NEXT_REVISION: Final = (
    sa.update(ConversationRow)
    .where(ConversationRow.id == sa.bindparam("conversation"))
    .values(
        revision=ConversationRow.revision + 1,
        fold_due_at=sa.func.coalesce(
            sa.bindparam("fold_at", type_=ConversationRow.fold_due_at.type),
            ConversationRow.fold_due_at,
        ),
    )
    .returning(ConversationRow.revision)
)


def begin(connection: sa.Connection, cipher: Cipher, beginning: Beginning) -> Turn | None:
    """Make waiting updates into a turn.

    None, and nothing changes, where one of them waits no more, or the chat is locked by another
    replica or has work under way.
    """
    chat = {"chat": beginning.chat_id}
    if not lock_chat(connection, beginning.chat_id, wait=False):
        return None
    waiting = connection.scalars(_WAITING, {**chat, "updates": beginning.update_ids}).all()
    if not waiting or len(waiting) != len(set(beginning.update_ids)):
        return None
    if connection.scalar(_CHAT_IN_WORK, chat):
        return None
    conversation = connection.execute(_OPEN_CONVERSATION, chat).one_or_none()
    if conversation is None:
        conversation_id, revision, number = (
            _open_conversation(connection, beginning.chat_id, beginning.lease.now),
            0,
            1,
        )
    else:
        conversation_id, revision = conversation.id, conversation.revision
        number = conversation.last_number + 1
    values: dict[str, Any] = {
        "conversation_id": conversation_id,
        "chat_id": beginning.chat_id,
        "number": number,
        "user_id": beginning.user_id,
        "state": "pending",
        "reply_to_message_id": beginning.reply_to_message_id,
        "created_at": beginning.lease.now,
        "attempts": 1,
        "message_spans": beginning.message_spans,
    }
    place = user_text_place(beginning.user_id, beginning.chat_id, conversation_id, number)
    sealed = cipher.encrypt_text(beginning.text, place)
    lease = {"owner": beginning.lease.owner, "lease_until": beginning.lease.until}
    new = connection.execute(_NEW_TURN, {**values, **lease, "user_text": sealed}).one()
    turn_id = new.id
    # From here on the turn's lease is the lease of its updates.
    connection.execute(_TAKE_UPDATES, {"turn": turn_id, "updates": beginning.update_ids})
    before = new.buttons_before
    return Turn(
        id=turn_id, revision=revision, user_text=beginning.text, buttons_before=before, **values
    )


def _open_conversation(connection: sa.Connection, chat_id: int, now: datetime) -> int:
    return connection.execute(
        _NEW_CONVERSATION, {"chat_id": chat_id, "started_at": now, "revision": 0}
    ).scalar_one()


def add_answered(
    connection: sa.Connection, cipher: Cipher, user_id: int, said: tuple[str, str], now: datetime
) -> bool:
    """Write what a person said by a button and its answer as a turn; False while one is in work."""
    text, answer = said
    chat = {"chat": user_id}
    lock_chat(connection, user_id, wait=True)
    if connection.scalar(_CHAT_IN_WORK, chat):
        return False
    conversation = connection.execute(_OPEN_CONVERSATION, chat).one_or_none()
    number = 1 if conversation is None else conversation.last_number + 1
    conversation_id = (
        _open_conversation(connection, user_id, now) if conversation is None else conversation.id
    )
    place = user_text_place(user_id, user_id, conversation_id, number)
    turn_id = connection.execute(
        sa.insert(TurnRow).returning(TurnRow.id),
        {
            "conversation_id": conversation_id,
            "chat_id": user_id,
            "number": number,
            "user_id": user_id,
            "state": "answered",
            "user_text": cipher.encrypt_text(text, place),
            "created_at": now,
            "answered_at": now,
            "attempts": 1,
        },
    ).scalar_one()
    sealed = cipher.encrypt_text(answer, answer_place(user_id, user_id, turn_id))
    connection.execute(sa.update(TurnRow).where(TurnRow.id == turn_id).values(answer=sealed))
    _next_revision(connection, conversation_id)
    return True


def set_answer_message(
    connection: sa.Connection, turn_id: int, owner: str, message_id: int
) -> bool:
    """Store the id of the message that shows the answer."""
    changed = connection.execute(
        _SET_ANSWER_MESSAGE, {"turn": turn_id, "holder": owner, "message": message_id}
    )
    return changed.rowcount == 1


def end(
    connection: sa.Connection, cipher: Cipher, turn_id: int, owner: str, ending: Ending
) -> int | None:
    """Write the end of a turn and of its updates; the conversation's new revision."""
    sealed = None
    if ending.answer is not None:
        whose = connection.execute(_WHOSE, {"turn": turn_id, "holder": owner}).one_or_none()
        if whose is None:
            return None
        sealed = cipher.encrypt_text(
            ending.answer, answer_place(whose.user_id, whose.chat_id, turn_id)
        )
    conversation_id: int | None = connection.execute(
        _END,
        {
            "turn": turn_id,
            "holder": owner,
            "turn_state": ending.state,
            "sealed_answer": sealed,
            "ended_at": ending.at,
            "reason": ending.reason,
            "message": ending.message_id,
            "model": ending.model,
            "has_buttons": ending.has_buttons,
        },
    ).scalar_one_or_none()
    if conversation_id is None:
        return None
    connection.execute(
        _END_UPDATES,
        {
            "turn": turn_id,
            "update_state": "failed" if ending.state == "failed" else "done",
            "reason": ending.reason,
        },
    )
    return _next_revision(connection, conversation_id, ending.fold_at)


def _next_revision(
    connection: sa.Connection, conversation_id: int, fold_at: datetime | None = None
) -> int:
    return connection.execute(
        _NEXT_REVISION, {"conversation": conversation_id, "fold_at": fold_at}
    ).scalar_one()


def replace_text(connection: sa.Connection, cipher: Cipher, edit: Edit) -> bool:
    """Write another text into an unfinished turn and make its edits part of the turn."""
    row = connection.execute(
        sa.select(TurnRow.user_id, TurnRow.chat_id, TurnRow.conversation_id, TurnRow.number)
        .where(_IS_OURS)
        .with_for_update(),
        {"turn": edit.turn_id, "holder": edit.owner},
    ).one_or_none()
    if row is None:
        return False
    updates = {"updates": edit.update_ids}
    waiting = connection.scalars(_WAITING, {**updates, "chat": row.chat_id}).all()
    if len(waiting) != len(set(edit.update_ids)):
        return False
    place = user_text_place(row.user_id, row.chat_id, row.conversation_id, row.number)
    sealed = cipher.encrypt_text(edit.text, place)
    connection.execute(
        sa.update(TurnRow)
        .where(TurnRow.id == edit.turn_id)
        .values(user_text=sealed, message_spans=edit.message_spans)
    )
    connection.execute(_TAKE_UPDATES, {**updates, "turn": edit.turn_id})
    return True


def reopen(connection: sa.Connection, cipher: Cipher, turn_id: int, redo: Redo) -> AnyRow | None:
    """Make the last turn of an open conversation unfinished and free; its row as it is then."""
    row = select_turn(connection, turn_id)
    if row is None or not _is_last_at_rest(connection, row):
        return None
    if redo.text is None:
        values: dict[str, Any] = {"version": versions.put_aside(connection, cipher, turn_id)}
    else:
        versions.forget(connection, turn_id)
        place = user_text_place(row.user_id, row.chat_id, row.conversation_id, row.number)
        sealed = cipher.encrypt_text(redo.text, place)
        values = {"version": 1, "user_text": sealed, "message_spans": redo.message_spans}
    connection.execute(
        sa.update(TurnRow)
        .where(TurnRow.id == turn_id)
        .values(
            **values,
            wish=redo.wish,
            state="pending",
            answer=None,
            answered_at=None,
            failure=None,
            model=None,
            attempts=0,
            owner=None,
            lease_until=None,
            stop_requested=False,
        )
    )
    if row.state != "failed":  # a turn that brought no answer is not counted twice
        _count_redo(connection, row.user_id if redo.user_id is None else redo.user_id, redo.at)
    _next_revision(connection, row.conversation_id)
    return select_turn(connection, turn_id)


def show_version(
    connection: sa.Connection, cipher: Cipher, turn_id: int, number: int
) -> AnyRow | None:
    """Have the last turn of an open conversation show another version; its row as it is then."""
    row = select_turn(connection, turn_id)
    if row is None or not _is_last_at_rest(connection, row):
        return None
    if row.version != number and not versions.take_out(connection, cipher, row, number):
        return None
    _next_revision(connection, row.conversation_id)
    return select_turn(connection, turn_id)


def _is_last_at_rest(connection: sa.Connection, row: AnyRow) -> bool:
    """Whether a turn is the last of its open conversation, and no work is under way there."""
    if not lock_chat(connection, row.chat_id, wait=False):
        return False
    if connection.scalar(_CHAT_IN_WORK, {"chat": row.chat_id}):
        return False
    last = select_last_for_chat(connection, row.chat_id)
    return last is not None and last.id == row.id


def _count_redo(connection: sa.Connection, user_id: int, now: datetime) -> None:
    theirs = RedoRow.user_id == user_id
    connection.execute(sa.delete(RedoRow).where(theirs, RedoRow.at <= now - REDOS_COUNT_FOR))
    connection.execute(sa.insert(RedoRow), {"user_id": user_id, "at": now})


def request_stop(
    connection: sa.Connection,
    chat_id: int,
    turn_id: int | None = None,
    kind: Literal["stop", "danger"] = "stop",
) -> bool:
    """Ask whichever replica answers in a chat to stop; whether there was something to stop.

    The `kind` goes out with the notification and is not stored: who finds the request in the table
    asks the cards whether it was for danger (`CrisisCards.is_overtaken`).
    """
    theirs = sa.and_(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED)
    if turn_id is not None:
        theirs = sa.and_(theirs, TurnRow.id == turn_id)
    stopping = connection.scalar(
        sa.update(TurnRow).where(theirs).values(stop_requested=True).returning(TurnRow.id)
    )
    if stopping is None:
        return False
    notifications.send(connection, Notification(kind, stopping))
    return True
