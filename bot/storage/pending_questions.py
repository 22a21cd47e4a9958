"""What people were asked outside an answer and have not answered: a short reply is read with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from bot.storage.crisis_talks import CARD_FROM
from bot.storage.models import CheckInRow, CrisisCardRow, RiskRow, TurnRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute

PersonInChat = tuple[int, int]
"""A person and the chat in which they speak: user, chat."""

PendingQuestion = Literal["safe", "check_in"]
"""Whether the person is safe (a card, the help button), or how they are (a check-in)."""


def select_for_people(
    connection: sa.Connection,
    people: Collection[PersonInChat],
    before: datetime | None = None,
) -> dict[PersonInChat, PendingQuestion]:
    """What people were asked in a chat, where the bot has given them no answer there since.

    Whatever raises a person so far shows a card, or the hotlines, which ask in the same way. Only
    what was asked `before` a moment counts, if one is given: a card is no question to the words
    that brought it.
    """
    raised = _newest(
        connection,
        people,
        sa.case((_is_before(RiskRow.raised_at, before), RiskRow.raised_at)),
        RiskRow.level >= CARD_FROM,
        of=RiskRow,
    )
    if not raised:
        return {}
    # A level that is seen again is raised anew: only the cards know that one was shown earlier.
    cards = _newest(
        connection,
        people,
        CrisisCardRow.created_at,
        CrisisCardRow.state != "refused",
        _is_before(CrisisCardRow.created_at, before),
        of=CrisisCardRow,
    )
    check_ins = _check_ins(connection, people, before)
    answers = _newest(
        connection, people, TurnRow.answered_at, TurnRow.answer.is_not(None), of=TurnRow
    )
    asked: dict[PersonInChat, PendingQuestion] = {}
    for person, raised_at in raised.items():
        shown_at = _latest(raised_at, cards.get(person))
        asked_at = _latest(shown_at, check_ins.get(person))
        answered_at = answers.get(person)
        if asked_at is not None and (answered_at is None or answered_at < asked_at):
            asked[person] = "safe" if asked_at == shown_at else "check_in"
    return asked


def _newest(
    connection: sa.Connection,
    people: Collection[PersonInChat],
    moment: sa.SQLColumnExpression[datetime] | sa.SQLColumnExpression[datetime | None],
    *conditions: sa.ColumnElement[bool],
    of: type[RiskRow | CrisisCardRow | TurnRow],
) -> dict[PersonInChat, datetime | None]:
    """The newest moment in the rows of each person and chat, of those that have rows."""
    rows = connection.execute(
        sa.select(of.user_id, of.chat_id, sa.func.max(moment))
        .where(
            of.user_id.in_({user_id for user_id, _ in people}),
            of.chat_id.in_({chat_id for _, chat_id in people}),
            *conditions,
        )
        .group_by(of.user_id, of.chat_id)
    )
    return {(user_id, chat_id): newest for user_id, chat_id, newest in rows}


def _check_ins(
    connection: sa.Connection, people: Collection[PersonInChat], before: datetime | None
) -> dict[PersonInChat, datetime | None]:
    """When people were asked after, which is done in private."""
    rows = connection.execute(
        sa.select(CheckInRow.user_id, CheckInRow.sent_at).where(
            CheckInRow.user_id.in_({user_id for user_id, chat_id in people if user_id == chat_id}),
            _is_before(CheckInRow.sent_at, before),
        )
    )
    return {(user_id, user_id): sent_at for user_id, sent_at in rows}


def _latest(*times: datetime | None) -> datetime | None:
    return max((one for one in times if one is not None), default=None)


def _is_before(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    moment: datetime | None,
) -> sa.ColumnElement[bool]:
    return sa.true() if moment is None else column < moment
