"""A bot with the Telegram and the engine it works with, and a look into what it keeps."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import Audit, Database, TurnState, Users, utc_now
from bot.storage.models import TurnRow
from bot.storage.store import StorageOptions, open_cipher, open_database
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.storage import Turn
    from devtools.processes import BotProcess, SandboxProcess
    from tests.e2e.scripted_engine import ScriptedEngine

# What is written on the buttons of a Chinese phone.
STOP, REDO, RETRY = "停下", "换个说法", "再试一次"
ADMIN, OTHER_ADMIN = 9001, 9002


@dataclass(frozen=True, slots=True)
class House:
    """One bot and its surroundings, each a process of its own (the engine: a thread)."""

    sandbox: SandboxProcess
    engine: ScriptedEngine
    bot: BotProcess


@dataclass(frozen=True, slots=True)
class Kept:
    """One turn as it lies in the database, decrypted."""

    said: str
    answer: str | None
    state: TurnState


@dataclass(frozen=True, slots=True)
class Records:
    """The database of a bot, read with the bot's own key beside the running bot."""

    database: Database
    users: Users
    audit: Audit

    async def turns(self, user_id: int) -> list[Kept]:
        """What is kept of a person, oldest first, once no turn of theirs is in work.

        An answer is shown a moment before it is stored.
        """

        async def at_rest() -> tuple[Turn, ...] | None:
            turns = (await self.users.export(user_id)).turns
            return None if {turn.state for turn in turns} & {"pending", "answering"} else turns

        turns = await eventually(at_rest, "every turn ends")
        return [Kept(turn.user_text, turn.answer, turn.state) for turn in turns]

    async def resumable_turns(self) -> int:
        """How many unfinished turns know the message that shows them."""

        def count(connection: sa.Connection) -> int:
            known = sa.and_(TurnRow.owner.is_not(None), TurnRow.answer_message_id.is_not(None))
            return connection.scalar(sa.select(sa.func.count()).where(known)) or 0

        return await self.database.read(count)

    async def claimed_turns(self) -> int:
        """How many turns a bot, alive or dead, holds."""

        def count(connection: sa.Connection) -> int:
            held = sa.select(sa.func.count()).where(TurnRow.owner.is_not(None))
            return connection.scalar(held) or 0

        return await self.database.read(count)


@asynccontextmanager
async def records(bot: BotProcess) -> AsyncIterator[Records]:
    """Open the database that `bot` writes to."""
    keys = bot.settings.get("ENCRYPTION_KEYS", "")
    options = StorageOptions(
        data_dir=bot.data_dir,
        database_url=bot.settings.get("DATABASE_URL"),
        keys=keys.split(",") if keys else (),
    )
    database = open_database(options)
    try:
        users = Users(database, open_cipher(options), utc_now)
        yield Records(database, users, Audit(database, utc_now))
    finally:
        await database.aclose()
