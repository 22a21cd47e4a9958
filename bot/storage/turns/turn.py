"""What a turn is: its value, its columns, how it is read and decrypted.

    pending ──set_answer_message──> answering ──finish──> answered | stopped
       ^             └──────────────────┴────────fail───> failed
       └──reopen (only the last turn of its conversation)────┘

A turn that is pending or answering is unfinished, and a chat has at most one of those: the database
refuses a second one. While it is unfinished its owner holds a lease on it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

import sqlalchemy as sa

from bot.storage.db.encryption import Place
from bot.storage.db.leases import Leases
from bot.storage.models import TURN_IS_UNFINISHED, ConversationRow, TurnRow, UpdateRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.models import TurnState

EndState = Literal["answered", "stopped"]

LEASES: Final = Leases(TurnRow, (TurnRow.id,), claimable=TURN_IS_UNFINISHED)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person said at once and, when finished, what was answered. Its texts are plain.

    Each field is a column of `TurnRow`, but for `revision`, which is the conversation's at the time
    of reading: a copy of the history fits this turn when it carries the same one. `number` counts
    from 1 within the conversation, `attempts` how often the turn was claimed.
    """

    id: int
    conversation_id: int
    revision: int
    chat_id: int
    number: int
    user_id: int
    state: TurnState
    user_text: str
    reply_to_message_id: int | None
    created_at: datetime
    attempts: int
    answer: str | None = None
    answer_message_id: int | None = None
    answered_at: datetime | None = None
    failure: str | None = None
    version: int = 1
    """Which version of its answer this is."""
    wish: str | None = None
    """What was wrong with the version before, if its person has said so."""
    buttons_before: int | None = None
    """The message whose buttons go once this is answered."""
    message_spans: str | None = None
    stop_requested: bool = False
    """Whether it is to be answered no further: for a person's word, or for danger behind it."""


@dataclass(frozen=True, slots=True)
class PastTurn:
    """One finished exchange, as the context window needs it; `answer` is None where none came."""

    number: int
    user_text: str
    answer: str | None
    is_refused: bool = False
    """Whether the service behind the engine refused these words: asked again, it would again."""


def user_text_place(user_id: int, chat_id: int, conversation_id: int, number: int) -> Place:
    """Where the ciphertext of what was said belongs; known before the row has an id."""
    return Place(
        "turns.user_text",
        (conversation_id, number),
        user_id=user_id,
        chat_id=chat_id,
        version_1=b"turns.user_text:%d:%d" % (conversation_id, number),
    )


def answer_place(user_id: int, chat_id: int, turn_id: int) -> Place:
    """Where the ciphertext of an answer belongs."""
    return Place(
        "turns.answer",
        (turn_id,),
        user_id=user_id,
        chat_id=chat_id,
        version_1=b"turns.answer:%d" % turn_id,
    )


# Statements of every turn are built once: building one costs more than running it.
TURN: Final = sa.select(
    *(
        ConversationRow.revision if field.name == "revision" else getattr(TurnRow, field.name)
        for field in fields(Turn)
    )
).join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
_BY_ID: Final = TURN.where(TurnRow.id == sa.bindparam("turn"))
_LAST: Final = (
    TURN.where(TurnRow.chat_id == sa.bindparam("chat"), ConversationRow.ended_at.is_(None))
    .order_by(TurnRow.id.desc())
    .limit(1)
)
PAST_TURN: Final = sa.select(
    TurnRow.id,
    TurnRow.conversation_id,
    TurnRow.chat_id,
    TurnRow.user_id,
    TurnRow.number,
    TurnRow.user_text,
    TurnRow.answer,
    TurnRow.failure,
)
REFUSED: Final = frozenset({"EngineRejected", "ContentFiltered"})
"""The failures of turns whose words were refused."""
_HISTORY: Final = (
    PAST_TURN.where(
        TurnRow.conversation_id == sa.bindparam("conversation"),
        TurnRow.number < sa.bindparam("before"),
        ~TURN_IS_UNFINISHED,
    )
    .order_by(TurnRow.number.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


_OTHER_UPDATE: Final = sa.orm.aliased(UpdateRow)


def chat_is_in_work(chat_id: sa.SQLColumnExpression[int | None]) -> sa.ColumnElement[bool]:
    """Whether a turn of a chat is unfinished or an update of its lane is claimed."""
    return sa.or_(
        sa.exists().where(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED),
        sa.exists().where(
            _OTHER_UPDATE.chat_id == chat_id,
            _OTHER_UPDATE.state == "claimed",
            _OTHER_UPDATE.lane == "chat",
        ),
    )


def select_turn(connection: sa.Connection, turn_id: int) -> AnyRow | None:
    """One turn by id."""
    return connection.execute(_BY_ID, {"turn": turn_id}).one_or_none()


def select_last_for_chat(connection: sa.Connection, chat_id: int) -> AnyRow | None:
    """The newest turn of the open conversation of a chat."""
    return connection.execute(_LAST, {"chat": chat_id}).one_or_none()


def select_history(
    connection: sa.Connection, conversation_id: int, before_number: int, limit: int
) -> Sequence[AnyRow]:
    """Finished turns, newest first."""
    return connection.execute(
        _HISTORY, {"conversation": conversation_id, "before": before_number, "limit": limit}
    ).all()


def select_after(
    connection: sa.Connection, conversation_id: int, number: int, limit: int
) -> Sequence[AnyRow]:
    """The oldest `limit` finished turns of a conversation behind a number, oldest first."""
    behind = sa.and_(TurnRow.conversation_id == conversation_id, TurnRow.number > number)
    statement = TURN.where(behind, ~TURN_IS_UNFINISHED).order_by(TurnRow.number)
    return connection.execute(statement.limit(limit)).all()


def select_for_user(
    connection: sa.Connection, user_id: int, after: int = 0, limit: int | None = None
) -> Sequence[AnyRow]:
    """The turns of a person behind an id, in the order they were said, `limit` at most."""
    theirs = TURN.where(TurnRow.user_id == user_id, TurnRow.id > after)
    return connection.execute(theirs.order_by(TurnRow.id).limit(limit)).all()


def decrypt_turn(row: AnyRow, cipher: Cipher) -> Turn:
    """Decrypt a row of `TURN`."""
    return Turn(**row._asdict() | _plain_texts(row, cipher))


def decrypt_past_turn(row: AnyRow, cipher: Cipher) -> PastTurn:
    """Decrypt a row of `PAST_TURN`."""
    texts = _plain_texts(row, cipher)
    return PastTurn(row.number, **texts, is_refused=row.failure in REFUSED)


def _plain_texts(row: AnyRow, cipher: Cipher) -> dict[str, Any]:
    said = user_text_place(row.user_id, row.chat_id, row.conversation_id, row.number)
    answered = answer_place(row.user_id, row.chat_id, row.id)
    return {
        "user_text": cipher.decrypt_text(row.user_text, said),
        "answer": None if row.answer is None else cipher.decrypt_text(row.answer, answered),
    }
