"""When the one a person trusts is called: asked about, told, and seen; once a crisis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from bot.storage.db.dialect import lock_chat
from bot.storage.models import CrisisCardRow, TrustedPersonRow
from bot.storage.trusted_messages import owe_message
from bot.storage.trusted_persons import LINK_COLUMNS, select_for_user, select_link, update_link

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.leases import LeaseOwner

CRISIS: Final = timedelta(hours=24)
"""Within so long nobody is asked, and no trusted one told, a second time."""
HARM_REMEMBERED: Final = timedelta(days=7)
CARD_COUNTS_FOR: Final = timedelta(hours=1)
"""A card that is older is not what the person lives through now."""

SendResult = Literal["sent", "again", "gone"]


@dataclass(frozen=True, slots=True)
class TellingCards:
    """Which cards call for the trusted one: at `level`, of these kinds of danger.

    `harm` are those in which others hurt the person, one of whom the trusted one may be; they call
    for nobody, unless the person chose it. `signs_of_harm` are those after which the same may be.
    """

    level: int
    kinds: frozenset[str | None]
    harm: frozenset[str]
    signs_of_harm: frozenset[str]


class TrustedCalls:
    """The calls of all people. Each method is one transaction."""

    def __init__(self, database: Database, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._clock = lease_owner.clock

    async def note_seen(self, link_id: int, trusted_id: int) -> bool:
        """Owe a person the word that the trusted one has read it, once; False if it is too late."""
        return await self._database.write(_note_seen, link_id, trusted_id, self._clock())

    async def owe_due(self, telling: TellingCards) -> int:
        """Owe each person whose card is out the question, or the trusted one the word; how many.

        Once a crisis: who was asked within a day is not asked again. Who decided beforehand is
        asked all the same where a card of another danger was shown in the last days: what they
        decided it for is not what has happened.
        """
        return await self._database.write(_owe_due, telling, self._clock())

    async def send(self, user_id: int) -> SendResult:
        """Owe the trusted one the word, because the person said so, once a crisis."""
        return await self._database.write(_send, user_id, self._clock())


def _note_seen(connection: sa.Connection, link_id: int, trusted_id: int, now: datetime) -> bool:
    link = select_link(
        connection,
        TrustedPersonRow.id == link_id,
        TrustedPersonRow.trusted_id == trusted_id,
        TrustedPersonRow.sent_at > now - CRISIS,
        sa.or_(
            TrustedPersonRow.seen_at.is_(None),
            TrustedPersonRow.seen_at < TrustedPersonRow.sent_at,
        ),
    )
    if link is None:
        return False
    update_link(connection, link.id, {"seen_at": now})
    owe_message(connection, link, "seen")
    return True


def _owe_due(connection: sa.Connection, telling: TellingCards, now: datetime) -> int:
    links = connection.execute(
        sa.select(*LINK_COLUMNS, _has_other_card(telling, now).label("is_doubtful"))
        .where(
            TrustedPersonRow.trusted_id.is_not(None),
            _is_long_ago(TrustedPersonRow.offered_at, now),
            _is_long_ago(TrustedPersonRow.sent_at, now),
            _has_card(telling, now),
        )
        .order_by(TrustedPersonRow.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    for link in links:
        if link.sends == "always" and not link.is_doubtful:
            update_link(connection, link.id, {"offered_at": now, "sent_at": now})
            owe_message(connection, link, "help")
        else:
            update_link(connection, link.id, {"offered_at": now})
            owe_message(connection, link, "ask")
    return len(links)


def _has_card(telling: TellingCards, now: datetime) -> sa.ColumnElement[bool]:
    """Whether a person's own chat has just shown a card that calls for the one they trust."""
    own = CrisisCardRow.user_id == TrustedPersonRow.user_id
    named = [danger for danger in telling.kinds if danger is not None]
    kind: sa.ColumnElement[bool] = CrisisCardRow.danger.in_(named)
    if None in telling.kinds:
        kind = sa.or_(kind, CrisisCardRow.danger.is_(None))
    harm = CrisisCardRow.danger.in_(telling.harm)
    shown = sa.exists().where(
        own,
        CrisisCardRow.chat_id == TrustedPersonRow.user_id,
        CrisisCardRow.level >= telling.level,
        CrisisCardRow.state == "sent",
        CrisisCardRow.created_at > now - CARD_COUNTS_FOR,
        CrisisCardRow.created_at > TrustedPersonRow.agreed_at,
        sa.or_(kind, sa.and_(harm, TrustedPersonRow.for_harm)),
    )
    was_harmed = sa.exists().where(
        own,
        CrisisCardRow.danger.in_(telling.signs_of_harm),
        CrisisCardRow.created_at > now - HARM_REMEMBERED,
    )
    return sa.and_(shown, sa.or_(TrustedPersonRow.for_harm, sa.not_(was_harmed)))


def _has_other_card(telling: TellingCards, now: datetime) -> sa.Exists:
    """Whether a person was shown a card of a danger that calls for nobody."""
    fitting = [danger for danger in telling.kinds if danger is not None]
    return sa.exists().where(
        CrisisCardRow.user_id == TrustedPersonRow.user_id,
        CrisisCardRow.danger.not_in([*fitting, *telling.harm]),
        CrisisCardRow.created_at > now - HARM_REMEMBERED,
    )


def _is_long_ago(
    column: sa.SQLColumnExpression[datetime | None], now: datetime
) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column <= now - CRISIS)


def _was_long_ago(moment: datetime | None, now: datetime) -> bool:
    return moment is None or moment <= now - CRISIS


def _send(connection: sa.Connection, user_id: int, now: datetime) -> SendResult:
    lock_chat(connection, user_id, wait=True)
    link = select_for_user(connection, user_id)
    if link is None or link.trusted_id is None or _was_long_ago(link.offered_at, now):
        return "gone"
    if not _was_long_ago(link.sent_at, now):
        return "again"
    update_link(connection, link.id, {"sent_at": now})
    owe_message(connection, link, "help")
    return "sent"
