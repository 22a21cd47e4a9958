"""Notifications between replicas, so that none has to wait for its next look into the database.

PostgreSQL carries them (LISTEN and NOTIFY): it is there wherever there are several replicas, and a
notification that belongs to a change is sent by the transaction that makes it. One may be lost;
what it says stands in a table too, and is seen at the next sweep or heartbeat. SQLite has one
process, which needs none.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.storage.db.database import normalize_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.storage.db.database import Database

log = structlog.get_logger(__name__)

NotificationKind = Literal["stop", "danger", "edited", "work", "access"]
OF_A_TURN: Final[tuple[NotificationKind, ...]] = ("stop", "danger", "edited")
OF_ALL: Final[tuple[NotificationKind, ...]] = ("work", "access")
CHANNEL: Final = "shudong"
CHECK_EVERY: Final = 10.0
TIMEOUT: Final = 5.0
PAUSE: Final = 1.0
MAX_PAUSE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Notification:
    """What another replica asks for.

    `stop`: the owner of the turn `turn_id` is to stop. `danger`: it is to stop because words of
    danger wait behind it. `edited`: it is to look for edits of it. `work`: every replica is to look
    for work. `access`: every replica is to read anew who may do what.
    """

    kind: NotificationKind
    turn_id: int = 0


def send(connection: sa.Connection, notification: Notification) -> None:
    """Tell every replica, when the transaction commits."""
    if connection.dialect.name == "postgresql":
        payload = f"{notification.kind}:{notification.turn_id}"
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, payload)))


class _Listening(Protocol):
    """The part of asyncpg's connection that listens."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...

    async def execute(self, query: str, *, timeout: float) -> str: ...  # noqa: ASYNC109


class Notifications:
    """The notifications between all replicas of one database."""

    def __init__(self, database: Database, listen_url: str | None = None) -> None:
        """`listen_url`: leads past a pooler by transaction, which carries no LISTEN."""
        self._database = database
        self._listen_url = None if listen_url is None else normalize_url(listen_url)

    async def send(self, notification: Notification) -> None:
        """Tell every other replica something that stands in no other transaction."""
        await self._database.write(send, notification)

    async def listen(self, on_notification: Callable[[Notification], None]) -> None:
        """Call `on_notification` until cancelled, with `work` at each connect.

        Returns at once on SQLite, which has no other replicas.
        """
        if self._database.dialect != "postgresql":
            return
        if self._database.is_pooled and self._listen_url is None:
            log.warning(
                "notifications_off",
                effect="other replicas are heard at the next look into the database, within 5 s",
                fix="set DATABASE_DIRECT_URL to an address that leads past the pooler",
            )
            return
        pause = PAUSE
        while True:
            try:
                await self._listen_once(on_notification)
            except (sa.exc.SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("notifications_lost", error=type(error).__name__, next_try_in=pause)
            except Exception as error:  # asyncpg's own tree; the tables say everything as well
                log.warning("notifications_broke", error=type(error).__name__, next_try_in=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    async def _listen_once(self, on_notification: Callable[[Notification], None]) -> None:
        # A connection of its own: one of the pool would be lost to all else.
        engine = create_async_engine(
            self._listen_url or self._database.url,
            poolclass=NullPool,
            connect_args={"timeout": TIMEOUT},
        )
        try:
            async with engine.connect() as connection:
                raw = await connection.get_raw_connection()
                driver: _Listening = raw.driver_connection  # type: ignore[assignment]
                await driver.add_listener(
                    CHANNEL, lambda *received: _pass_on(received, on_notification)
                )
                on_notification(Notification("work"))
                while True:
                    await asyncio.sleep(CHECK_EVERY)
                    await driver.execute("SELECT 1", timeout=TIMEOUT)
        finally:
            await engine.dispose()


def _pass_on(received: tuple[Any, ...], on_notification: Callable[[Notification], None]) -> None:
    """Read asyncpg's (connection, process, channel, payload); pass over what is not ours."""
    kind, _, number = str(received[-1]).partition(":")
    for known in OF_A_TURN:
        if kind == known and number.isdecimal():
            on_notification(Notification(known, int(number)))
    for known in OF_ALL:
        if kind == known:
            on_notification(Notification(known))
