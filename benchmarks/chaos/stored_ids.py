"""What the database ever knew of the bot's messages, also where nothing of it is left at the end.

A trigger notes each id of an answer's message that is stored. A message that Telegram showed and
the database never heard of is in the one window that cannot be closed; one it did hear of and that
was sent again all the same is a fault of the bot's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.store import open_database

if TYPE_CHECKING:
    from bot.storage.store import StorageOptions

_TABLE = "CREATE TABLE chaos_stored_ids (chat_id BIGINT NOT NULL, message_id BIGINT NOT NULL)"

_TRIGGERS = {
    "sqlite": (
        """
        CREATE TRIGGER chaos_stored_id_recorded AFTER UPDATE OF answer_message_id ON turns
        WHEN NEW.answer_message_id IS NOT NULL BEGIN
            INSERT INTO chaos_stored_ids VALUES (NEW.chat_id, NEW.answer_message_id);
        END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION chaos_stored_ids() RETURNS trigger AS $$ BEGIN
            INSERT INTO chaos_stored_ids VALUES (NEW.chat_id, NEW.answer_message_id);
            RETURN NULL;
        END $$ LANGUAGE plpgsql
        """,
        """
        CREATE TRIGGER chaos_stored_id_recorded AFTER UPDATE OF answer_message_id ON turns
        FOR EACH ROW WHEN (NEW.answer_message_id IS NOT NULL) EXECUTE FUNCTION chaos_stored_ids()
        """,
    ),
}


async def record_stored_ids(options: StorageOptions) -> None:
    """Begin to note; the tables have to be there."""

    def begin(connection: sa.Connection) -> None:
        for statement in (_TABLE, *_TRIGGERS[connection.dialect.name]):
            connection.execute(sa.text(statement))

    database = open_database(options)
    try:
        await database.write(begin)
    finally:
        await database.aclose()


async def recorded_ids(options: StorageOptions) -> dict[int, set[int]]:
    """By chat, the messages whose ids were stored at some time."""

    def read(connection: sa.Connection) -> list[tuple[int, int]]:
        rows = connection.execute(sa.text("SELECT chat_id, message_id FROM chaos_stored_ids"))
        return [(int(chat), int(message)) for chat, message in rows]

    database = open_database(options)
    try:
        rows = await database.read(read)
    finally:
        await database.aclose()
    known: dict[int, set[int]] = {}
    for chat, message in rows:
        known.setdefault(chat, set()).add(message)
    return known
