"""The statements behind `Turns`: each function is one transaction over a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage.dialect import lock_chat
from bot.storage.inbox import chat_is_in_work
from bot.storage.models import TURN_IS_UNFINISHED, ConversationRow, TurnRow, UpdateRow
from bot.storage.values import PastTurn, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.storage.encryption import Cipher
    from bot.storage.values import UpdateState


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new turn is made of."""

    chat_id: int
    user_id: int
    text: str
    update_ids: tuple[int, ...]
    reply_to_message_id: int | None
    owner: str
    lease_until: datetime
    now: datetime


def user_text_context(conversation_id: int, number: int) -> bytes:
    """Where the ciphertext of what was said belongs; known before the row has an id."""
    return b"turns.user_text:%d:%d" % (conversation_id, number)


def answer_context(turn_id: int) -> bytes:
    """Where the ciphertext of an answer belongs."""
    return b"turns.answer:%d" % turn_id


_TURN: Final = sa.select(
    TurnRow.id,
    TurnRow.conversation_id,
    ConversationRow.revision,
    TurnRow.chat_id,
    TurnRow.number,
    TurnRow.user_id,
    TurnRow.state,
    TurnRow.user_text,
    TurnRow.answer,
    TurnRow.answer_message_id,
    TurnRow.reply_to_message_id,
    TurnRow.created_at,
    TurnRow.answered_at,
    TurnRow.attempts,
    TurnRow.failure,
).join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
_TURN_BY_ID: Final = _TURN.where(TurnRow.id == sa.bindparam("turn"))
_LAST_TURN: Final = (
    _TURN.where(TurnRow.chat_id == sa.bindparam("chat"), ConversationRow.ended_at.is_(None))
    .order_by(TurnRow.id.desc())
    .limit(1)
)
_HISTORY: Final = (
    sa.select(
        TurnRow.id,
        TurnRow.conversation_id,
        TurnRow.number,
        TurnRow.user_text,
        TurnRow.answer,
    )
    .where(
        TurnRow.conversation_id == sa.bindparam("conversation"),
        TurnRow.number < sa.bindparam("before"),
        ~TURN_IS_UNFINISHED,
    )
    .order_by(TurnRow.number.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_WAITING: Final = (
    sa.select(UpdateRow.update_id)
    .where(
        UpdateRow.update_id.in_(sa.bindparam("updates", expanding=True)),
        UpdateRow.chat_id == sa.bindparam("chat"),
        UpdateRow.state == "new",
    )
    .with_for_update(skip_locked=True)
)
_IN_WORK: Final = sa.select(chat_is_in_work(sa.bindparam("chat", type_=sa.BigInteger)))
_OPEN_CONVERSATION: Final = sa.select(
    ConversationRow.id,
    ConversationRow.revision,
    sa.select(sa.func.coalesce(sa.func.max(TurnRow.number), 0))
    .where(TurnRow.conversation_id == ConversationRow.id)
    .scalar_subquery()
    .label("last_number"),
).where(ConversationRow.chat_id == sa.bindparam("chat"), ConversationRow.ended_at.is_(None))
_UPDATES_OF_TURN: Final = (
    sa.update(UpdateRow)
    .where(UpdateRow.turn_id == sa.bindparam("turn"))
    .values(state=sa.bindparam("new_state"), payload=None, reason=sa.bindparam("new_reason"))
)


def begin(connection: sa.Connection, cipher: Cipher, beginning: Beginning) -> Turn | None:
    """Make waiting updates into a turn, or do nothing."""
    chat = {"chat": beginning.chat_id}
    if not lock_chat(connection, beginning.chat_id, wait=False):
        return None
    waiting = connection.scalars(_WAITING, {**chat, "updates": beginning.update_ids}).all()
    if not waiting or len(waiting) != len(set(beginning.update_ids)):
        return None
    if connection.scalar(_IN_WORK, chat):
        return None
    conversation = connection.execute(_OPEN_CONVERSATION, chat).one_or_none()
    if conversation is None:
        conversation_id, revision, number = _open_conversation(connection, beginning), 0, 1
    else:
        conversation_id, revision = conversation.id, conversation.revision
        number = conversation.last_number + 1
    turn_id = connection.execute(
        sa.insert(TurnRow).returning(TurnRow.id),
        {
            "conversation_id": conversation_id,
            "chat_id": beginning.chat_id,
            "number": number,
            "user_id": beginning.user_id,
            "state": "pending",
            "user_text": cipher.encrypt_text(
                beginning.text, user_text_context(conversation_id, number)
            ),
            "reply_to_message_id": beginning.reply_to_message_id,
            "created_at": beginning.now,
            "attempts": 1,
            "owner": beginning.owner,
            "lease_until": beginning.lease_until,
        },
    ).scalar_one()
    # From here on the turn's claim is the claim of its updates.
    connection.execute(
        sa.update(UpdateRow)
        .where(UpdateRow.update_id.in_(beginning.update_ids))
        .values(state="claimed", turn_id=turn_id, attempts=UpdateRow.attempts + 1)
    )
    return Turn(
        id=turn_id,
        conversation_id=conversation_id,
        revision=revision,
        chat_id=beginning.chat_id,
        number=number,
        user_id=beginning.user_id,
        state="pending",
        user_text=beginning.text,
        answer=None,
        answer_message_id=None,
        reply_to_message_id=beginning.reply_to_message_id,
        created_at=beginning.now,
        answered_at=None,
        attempts=1,
        failure=None,
    )


def _open_conversation(connection: sa.Connection, beginning: Beginning) -> int:
    return connection.execute(
        sa.insert(ConversationRow).returning(ConversationRow.id),
        {"chat_id": beginning.chat_id, "started_at": beginning.now, "revision": 0},
    ).scalar_one()


def _is_ours(turn_id: int, owner: str) -> sa.ColumnElement[bool]:
    return sa.and_(TurnRow.id == turn_id, TURN_IS_UNFINISHED, TurnRow.owner == owner)


def set_answer_message(
    connection: sa.Connection, turn_id: int, owner: str, message_id: int
) -> bool:
    """Store the id of the message that shows the answer."""
    changed = connection.execute(
        sa.update(TurnRow)
        .where(_is_ours(turn_id, owner))
        .values(state="answering", answer_message_id=message_id)
    )
    return changed.rowcount == 1


def end(
    connection: sa.Connection,
    turn_id: int,
    owner: str,
    values: dict[str, object],
    update_state: UpdateState,
) -> int | None:
    """Write the end of a turn and of its updates; the conversation's new revision."""
    conversation_id = connection.execute(
        sa.update(TurnRow)
        .where(_is_ours(turn_id, owner))
        .values(owner=None, lease_until=None, **values)
        .returning(TurnRow.conversation_id)
    ).scalar_one_or_none()
    if conversation_id is None:
        return None
    connection.execute(
        _UPDATES_OF_TURN,
        {"turn": turn_id, "new_state": update_state, "new_reason": values["failure"]},
    )
    return _next_revision(connection, conversation_id)


def _next_revision(connection: sa.Connection, conversation_id: int) -> int:
    return connection.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(revision=ConversationRow.revision + 1)
        .returning(ConversationRow.revision)
    ).scalar_one()


def replace_text(
    connection: sa.Connection, cipher: Cipher, turn_id: int, owner: str, text: str
) -> bool:
    """Write another text into a turn that shows no answer yet."""
    row = connection.execute(
        sa.select(TurnRow.conversation_id, TurnRow.number)
        .where(_is_ours(turn_id, owner), TurnRow.state == "pending")
        .with_for_update()
    ).one_or_none()
    if row is None:
        return False
    sealed = cipher.encrypt_text(text, user_text_context(row.conversation_id, row.number))
    connection.execute(sa.update(TurnRow).where(TurnRow.id == turn_id).values(user_text=sealed))
    return True


def reopen(connection: sa.Connection, turn_id: int) -> bool:
    """Make the last turn of an open conversation unfinished and free."""
    row = connection.execute(_TURN_BY_ID, {"turn": turn_id}).one_or_none()
    if row is None or not lock_chat(connection, row.chat_id, wait=False):
        return False
    chat = {"chat": row.chat_id}
    if connection.scalar(_IN_WORK, chat):
        return False
    last = connection.execute(_LAST_TURN, chat).one_or_none()
    if last is None or last.id != turn_id:
        return False
    connection.execute(
        sa.update(TurnRow)
        .where(TurnRow.id == turn_id)
        .values(
            state="pending",
            answer=None,
            answered_at=None,
            failure=None,
            attempts=0,
            owner=None,
            lease_until=None,
        )
    )
    _next_revision(connection, row.conversation_id)
    return True


def release(connection: sa.Connection, turn_ids: tuple[int, ...], owner: str) -> None:
    """Free unfinished turns of an owner."""
    connection.execute(
        sa.update(TurnRow)
        .where(TurnRow.id.in_(turn_ids), TURN_IS_UNFINISHED, TurnRow.owner == owner)
        .values(owner=None, lease_until=None)
    )


def take_over(connection: sa.Connection, owner: str) -> int:
    """Free the unfinished turns of every other owner."""
    return connection.execute(
        sa.update(TurnRow)
        .where(TURN_IS_UNFINISHED, TurnRow.owner != owner)
        .values(owner=None, lease_until=None)
    ).rowcount


def renew(
    connection: sa.Connection, turn_ids: tuple[int, ...], owner: str, lease_until: datetime
) -> set[int]:
    """Move the end of the leases of unfinished turns."""
    return set(
        connection.scalars(
            sa.update(TurnRow)
            .where(TurnRow.id.in_(turn_ids), TURN_IS_UNFINISHED, TurnRow.owner == owner)
            .values(lease_until=lease_until)
            .returning(TurnRow.id)
        )
    )


def is_free(
    now: datetime, *, chat_id: int | None = None, exclude: tuple[int, ...] = ()
) -> sa.ColumnElement[bool]:
    """Whether a turn is unfinished and nobody holds it."""
    free = sa.and_(
        TURN_IS_UNFINISHED, sa.or_(TurnRow.lease_until.is_(None), TurnRow.lease_until < now)
    )
    if chat_id is not None:
        free = sa.and_(free, TurnRow.chat_id == chat_id)
    return sa.and_(free, TurnRow.id.not_in(exclude)) if exclude else free


def claim_unfinished(
    connection: sa.Connection,
    free: sa.ColumnElement[bool],
    limit: int,
    owner: str,
    lease_until: datetime,
) -> Sequence[sa.Row[Any]]:
    """Take free turns; the rows as they were before."""
    rows = connection.execute(
        _TURN.where(free)
        .order_by(TurnRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=TurnRow)
    ).all()
    if rows:
        connection.execute(
            sa.update(TurnRow)
            .where(TurnRow.id.in_([row.id for row in rows]))
            .values(owner=owner, lease_until=lease_until, attempts=TurnRow.attempts + 1)
        )
    return rows


def unfinished_chats(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Chats whose unfinished turn is free."""
    return list(
        connection.scalars(
            sa.select(TurnRow.chat_id).where(is_free(now)).order_by(TurnRow.id).limit(limit)
        )
    )


def turn(connection: sa.Connection, turn_id: int) -> sa.Row[Any] | None:
    """One turn by id."""
    return connection.execute(_TURN_BY_ID, {"turn": turn_id}).one_or_none()


def last_turn(connection: sa.Connection, chat_id: int) -> sa.Row[Any] | None:
    """The newest turn of the open conversation of a chat."""
    return connection.execute(_LAST_TURN, {"chat": chat_id}).one_or_none()


def history(
    connection: sa.Connection, conversation_id: int, before_number: int, limit: int
) -> Sequence[sa.Row[Any]]:
    """Finished turns, newest first."""
    return connection.execute(
        _HISTORY, {"conversation": conversation_id, "before": before_number, "limit": limit}
    ).all()


def of_user(connection: sa.Connection, user_id: int) -> Sequence[sa.Row[Any]]:
    """All turns of a person, in the order they were said."""
    return connection.execute(_TURN.where(TurnRow.user_id == user_id).order_by(TurnRow.id)).all()


def opened(row: sa.Row[Any], cipher: Cipher, *, claimed_now: bool = False) -> Turn:
    """Decrypt a row of a turn; `claimed_now` counts the claim that was made with reading it."""
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        revision=row.revision,
        chat_id=row.chat_id,
        number=row.number,
        user_id=row.user_id,
        state=row.state,
        user_text=cipher.decrypt_text(
            row.user_text, user_text_context(row.conversation_id, row.number)
        ),
        answer=_answer(row, cipher),
        answer_message_id=row.answer_message_id,
        reply_to_message_id=row.reply_to_message_id,
        created_at=row.created_at,
        answered_at=row.answered_at,
        attempts=row.attempts + claimed_now,
        failure=row.failure,
    )


def past(row: sa.Row[Any], cipher: Cipher) -> PastTurn:
    """Decrypt a row of the history."""
    return PastTurn(
        number=row.number,
        user_text=cipher.decrypt_text(
            row.user_text, user_text_context(row.conversation_id, row.number)
        ),
        answer=_answer(row, cipher),
    )


def _answer(row: sa.Row[Any], cipher: Cipher) -> str | None:
    return None if row.answer is None else cipher.decrypt_text(row.answer, answer_context(row.id))
