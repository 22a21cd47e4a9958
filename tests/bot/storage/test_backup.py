"""A backup holds everything of one moment, and goes back into an empty database of either kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.storage import (
    Cipher,
    Database,
    EmergencyContact,
    NewUpdate,
    check_backup,
    generate_key,
    restore,
)
from bot.storage.backup import NotEmpty, back_up
from bot.storage.models import Base
from bot.storage.sealed_file import FRAME_BYTES, SealedFileError, SealedReader, SealedWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot.storage.conftest import Replica

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SAID = "只有我自己知道的事"


def unheard(_table: str, _rows: int) -> None:
    """Progress that nobody sees."""


async def contents(database: Database) -> dict[str, list[Any]]:
    def read(connection: sa.Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(sa.select(table))), key=repr
            )
            for table in Base.metadata.sorted_tables
            if table.name not in ("jobs", "schema_compatibility")
        }

    return await database.read(read)


async def live(replica: Replica) -> None:
    for number in (1, 2, 3):
        await replica.users.record_seen(number, "zh")
        await replica.inbox.add(NewUpdate(number, number, "chat", b"{}", NOW))
        turn = await replica.turns.begin(number, number, SAID, [number])
        assert turn is not None
        if number < 3:
            await replica.turns.finish(turn.id, f"回答{SAID}", "answered")
    await replica.users.erase(3)
    await replica.contacts.set(1, EmergencyContact("妈妈", "+8613800000000"))
    await replica.counters.add("card_sent", 4)
    await replica.audit.record(9, "reset", "1", "done")


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Database]:
    """Another place, without tables."""
    database = Database(empty_database_url)
    yield database
    await database.aclose()


async def test_everything_is_back_and_no_number_is_given_twice(
    replica: Replica, database: Database, cipher: Cipher, empty: Database, tmp_path: Path
) -> None:
    await live(replica)
    file = tmp_path / "backup"
    made = await back_up(database, cipher, file, NOW, unheard)
    assert check_backup(cipher, file) == made
    assert (made.rows["turns"], made.rows["users"]) == (2, 2)
    assert file.stat().st_mode & 0o077 == 0
    assert SAID.encode() not in file.read_bytes()

    assert await restore(empty, cipher, file, unheard) == made
    assert await contents(empty) == await contents(database)

    from tests.bot.storage.conftest import Replica as Other

    other = Other(empty, cipher, "other", replica.clock)
    export = await other.users.export(1)
    assert [turn.user_text for turn in export.turns] == [SAID]
    assert export.contact is not None
    assert export.contact.name == "妈妈"
    # The third turn was erased: its number is not given to another.
    await other.inbox.add(NewUpdate(9, 1, "chat", b"{}", NOW))
    turn = await other.turns.begin(1, 1, SAID, [9])
    assert turn is not None
    assert turn.id > 3
    assert turn.number == 2


async def test_over_something_nothing_is_restored(
    replica: Replica, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    await live(replica)
    await back_up(database, cipher, tmp_path / "backup", NOW, unheard)
    before = await contents(database)
    with pytest.raises(NotEmpty, match="empty one"):
        await restore(database, cipher, tmp_path / "backup", unheard)
    assert await contents(database) == before


async def test_another_key_a_cut_and_a_changed_byte_are_sentences(
    replica: Replica, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    await live(replica)
    file = tmp_path / "backup"
    await back_up(database, cipher, file, NOW, unheard)
    whole = file.read_bytes()
    with pytest.raises(SealedFileError, match="which is not at hand"):
        check_backup(Cipher.from_keys([generate_key()]), file)
    for broken in (whole[:-5], whole[:40], whole[:-20] + b"x" + whole[-19:], b"PK\x03\x04"):
        file.write_bytes(broken)
        with pytest.raises(SealedFileError):
            check_backup(cipher, file)
    with pytest.raises(SealedFileError, match="not there yet"):
        await back_up(database, cipher, file, NOW, unheard)


def test_frames_open_only_in_their_order_and_in_their_file(tmp_path: Path) -> None:
    cipher = Cipher.from_keys([generate_key()])
    plain = bytes(range(256)) * (FRAME_BYTES // 256) * 2 + b"end"
    for name in ("one", "two"):
        with SealedWriter(tmp_path / name, cipher) as file:
            file.write(plain)

    def read(path: Path) -> bytes:
        with SealedReader(path, cipher) as sealed:
            return b"".join(iter(sealed.read, b""))

    assert read(tmp_path / "one") == plain
    one, two = ((tmp_path / name).read_bytes() for name in ("one", "two"))
    (tmp_path / "mixed").write_bytes(one[: len(one) // 2] + two[len(two) // 2 :])
    frame = 4 + FRAME_BYTES + 33
    (tmp_path / "cut").write_bytes(one[: 33 + 2 * frame])
    for name in ("mixed", "cut"):
        with pytest.raises(SealedFileError):
            read(tmp_path / name)


def test_a_file_whose_writing_fails_is_gone(tmp_path: Path) -> None:
    cipher = Cipher.from_keys([generate_key()])
    with pytest.raises(ZeroDivisionError), SealedWriter(tmp_path / "file", cipher):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
