"""How turns are read: one SELECT, its conditions, and rows decrypted into values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.models import TURN_IS_UNFINISHED, ConversationRow, TurnRow
from bot.storage.values import PastTurn, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


def user_text_context(conversation_id: int, number: int) -> bytes:
    """Where the ciphertext of what was said belongs; known before the row has an id."""
    return b"turns.user_text:%d:%d" % (conversation_id, number)


def answer_context(turn_id: int) -> bytes:
    """Where the ciphertext of an answer belongs."""
    return b"turns.answer:%d" % turn_id


TURN: Final = sa.select(
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
    TurnRow.stop_requested,
).join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
TURN_BY_ID: Final = TURN.where(TurnRow.id == sa.bindparam("turn"))
LAST_TURN: Final = (
    TURN.where(TurnRow.chat_id == sa.bindparam("chat"), ConversationRow.ended_at.is_(None))
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


def turn(connection: sa.Connection, turn_id: int) -> AnyRow | None:
    """One turn by id."""
    return connection.execute(TURN_BY_ID, {"turn": turn_id}).one_or_none()


def last_turn(connection: sa.Connection, chat_id: int) -> AnyRow | None:
    """The newest turn of the open conversation of a chat."""
    return connection.execute(LAST_TURN, {"chat": chat_id}).one_or_none()


def history(
    connection: sa.Connection, conversation_id: int, before_number: int, limit: int
) -> Sequence[AnyRow]:
    """Finished turns, newest first."""
    return connection.execute(
        _HISTORY, {"conversation": conversation_id, "before": before_number, "limit": limit}
    ).all()


def of_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """All turns of a person, in the order they were said."""
    return connection.execute(TURN.where(TurnRow.user_id == user_id).order_by(TurnRow.id)).all()


def decrypted(row: AnyRow, cipher: Cipher, *, claimed_now: bool = False) -> Turn:
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
        stop_requested=row.stop_requested,
    )


def past(row: AnyRow, cipher: Cipher) -> PastTurn:
    """Decrypt a row of the history."""
    return PastTurn(
        number=row.number,
        user_text=cipher.decrypt_text(
            row.user_text, user_text_context(row.conversation_id, row.number)
        ),
        answer=_answer(row, cipher),
    )


def _answer(row: AnyRow, cipher: Cipher) -> str | None:
    return None if row.answer is None else cipher.decrypt_text(row.answer, answer_context(row.id))
