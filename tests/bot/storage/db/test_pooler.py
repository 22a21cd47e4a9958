"""Behind a pooler or a failover: what its sessions do not keep costs nothing that lasts."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import Database
from bot.storage.db.driver_errors import as_storage_error
from bot.storage.db.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KNOWN_TO_PGBOUNCER = {
    "user", "database", "client_encoding", "datestyle", "timezone", "standard_conforming_strings",
    "application_name", "extra_float_digits",
}  # fmt: skip
SSL_REQUEST = 80877103


def refusal(parameter: str) -> bytes:
    """PgBouncer's word for a parameter of the start that it does not know."""
    said = f"unsupported startup parameter: {parameter}"
    fields = b"".join(
        letter + words.encode() + b"\0"
        for letter, words in ((b"S", "FATAL"), (b"C", "08P01"), (b"M", said))
    )
    return b"E" + struct.pack("!i", 4 + len(fields) + 1) + fields + b"\0"


async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


@asynccontextmanager
async def pgbouncer(url: str) -> AsyncIterator[str]:
    """Stands before a server and refuses what PgBouncer does in the start of a connection."""
    server_url = sa.make_url(url)

    async def serve(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        size, version = struct.unpack("!ii", await client.readexactly(8))
        if version == SSL_REQUEST:
            answer.write(b"N")
            size, version = struct.unpack("!ii", await client.readexactly(8))
        start = await client.readexactly(size - 8)
        names = [name.decode() for name in start.rstrip(b"\0").split(b"\0")[::2]]
        if unknown := [name for name in names if name.lower() not in KNOWN_TO_PGBOUNCER]:
            answer.write(refusal(unknown[0]))
            answer.close()
            return
        socket = Path(str(server_url.query["host"])) / ".s.PGSQL.5432"
        back, forth = await asyncio.open_unix_connection(socket)
        forth.write(struct.pack("!ii", size, version) + start)
        await asyncio.gather(pipe(client, forth), pipe(back, answer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield server_url.set(host="127.0.0.1", port=port, query={}).render_as_string()


def one(connection: sa.Connection) -> object:
    return connection.scalar(sa.text("SELECT CAST(:n AS integer)"), {"n": 1})


def idle_timeout(connection: sa.Connection) -> object:
    return connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout"))


@pytest.mark.parametrize("options", ["", "?pgbouncer=true"])
async def test_no_parameter_of_the_start_is_one_that_a_pooler_refuses(empty_postgres_url, options):
    async with pgbouncer(empty_postgres_url) as url:
        database = Database(url + options)
        assert await database.read(one) == 1
        assert await database.read(idle_timeout) == "30s"
        await database.aclose()


def forget_statements(connection: sa.Connection) -> None:
    connection.execute(sa.text("DEALLOCATE ALL"))


def become_standby(connection: sa.Connection) -> None:
    connection.execute(sa.text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))


def write(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE TABLE IF NOT EXISTS written (n integer)"))


@pytest.mark.parametrize("trouble", [forget_statements, become_standby])
async def test_a_session_that_has_become_anothers_costs_one_try(empty_postgres_url, trouble):
    database = Database(empty_postgres_url)
    await database.write(one)
    await database.write(trouble)
    with pytest.raises(DatabaseUnavailable):
        await database.write(one if trouble is forget_statements else write)
    assert await database.write(one) == 1
    await database.write(write)
    await database.aclose()


async def test_a_pooler_by_transaction_is_asked_for_nothing_prepared_before(empty_postgres_url):
    url = sa.make_url(empty_postgres_url).update_query_dict({"pgbouncer": "true"})
    database = Database(url.render_as_string())
    for _ in range(2):
        assert await database.write(one) == 1
        await database.write(forget_statements)
    await database.aclose()


@pytest.mark.parametrize("code", ["42P05", "26000", "0A000", "25P02", "25006", "XX000"])
def test_what_a_pooler_does_to_a_session_is_an_outage(code):
    refused = sa.exc.DBAPIError("", {}, SimpleNamespace(sqlstate=code))
    assert as_storage_error(refused).is_outage
