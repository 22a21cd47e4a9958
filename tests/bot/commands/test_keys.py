"""`python -m bot keys`: a rotation step by step, and what must not be done in it."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.storage import Cipher, LeaseOwner, generate_key, utc_now
from bot.storage.store import StorageOptions, open_storage
from tests.bot.commands.test_people import PERSON, SAID, live_a_while

if TYPE_CHECKING:
    from pathlib import Path


async def fill(options: StorageOptions) -> None:
    storage = await open_storage(options)
    await live_a_while(storage)
    await storage.aclose()


async def said(options: StorageOptions) -> list[str]:
    storage = await open_storage(options)
    try:
        return [turn.user_text for turn in (await storage.users.export(PERSON)).turns]
    finally:
        await storage.aclose()


async def report(options: StorageOptions, *replicas: list[str]) -> None:
    """Have new replicas with these keys say that they run, and all that ran before end."""
    storage = await open_storage(options)
    try:
        for before in await storage.replicas.list_all():
            await storage.replicas.leave(LeaseOwner(id=before.id, clock=utc_now))
        for keys in replicas:
            owner = LeaseOwner(id=secrets.token_hex(4), clock=utc_now)
            await storage.replicas.report(owner, Cipher.from_keys(keys), "1.0")
    finally:
        await storage.aclose()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "home"))
    asyncio.run(fill(StorageOptions(tmp_path / "home")))
    return tmp_path / "home"


def ran(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(arguments) == status
    told = capsys.readouterr()
    return told.out if status == 0 else told.err


def test_with_no_bot_running_a_key_file_is_rotated_at_once(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (home / "encryption.key").read_text()
    assert "`keys rotate` begins" in ran(capsys, "keys", "status")
    assert "rotation is done" in ran(capsys, "keys", "rotate")
    new = (home / "encryption.key").read_text()
    assert len(new.split()) == 1
    assert new != old
    assert (home / "encryption.key").stat().st_mode & 0o077 == 0
    assert asyncio.run(said(StorageOptions(home))) == [SAID, SAID]


def test_with_a_bot_running_each_step_waits_for_its_restart(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = StorageOptions(home)
    file = home / "encryption.key"
    asyncio.run(report(options, file.read_text().split()))
    old = file.read_text().strip()

    assert "add. Restart" in ran(capsys, "keys", "rotate")
    assert file.read_text().split()[0] == old
    for _ in range(2):  # it has not been restarted
        assert "restart every replica" in ran(capsys, "keys", "rotate")
    asyncio.run(report(options, file.read_text().split()))
    assert "promote. Restart" in ran(capsys, "keys", "rotate")
    assert file.read_text().split()[1] == old
    assert "restart every replica" in ran(capsys, "keys", "status")
    asyncio.run(report(options, file.read_text().split()))
    assert "rotation is done" in ran(capsys, "keys", "rotate")
    assert old not in file.read_text()
    assert asyncio.run(said(options)) == [SAID, SAID]


def test_by_settings_each_step_is_told_and_nothing_is_written_that_a_replica_cannot_read(
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = generate_key(), generate_key()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    options = StorageOptions(tmp_path, database_url=postgres_url, keys=[old])
    asyncio.run(fill(options))

    def replicas(a: list[str], b: list[str]) -> None:
        asyncio.run(report(options, a, b))

    replicas([old], [old])
    monkeypatch.setenv("ENCRYPTION_KEYS", f"{old},{new}")
    assert "restart every replica" in ran(capsys, "keys", "rotate")
    replicas([old, new], [old])
    assert "restart every replica" in ran(capsys, "keys", "rotate")
    replicas([old, new], [old, new])
    assert "put it FIRST" in ran(capsys, "keys", "rotate")
    monkeypatch.setenv("ENCRYPTION_KEYS", f"{new},{old}")
    replicas([new, old], [old, new])
    assert "restart every replica" in ran(capsys, "keys", "status")
    replicas([new, old], [old])
    assert "does not have key" in ran(capsys, "keys", "reencrypt", status=1)
    replicas([new, old], [new, old])
    assert "keys reencrypt" in ran(capsys, "keys", "status")
    assert "take all but the first out" in ran(capsys, "keys", "rotate")
    assert "0 stored texts" in ran(capsys, "reencrypt")
    monkeypatch.setenv("ENCRYPTION_KEYS", new)
    assert "nothing is due" in ran(capsys, "keys", "status")


def test_a_new_key_is_printed_by_both_names(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = ran(capsys, "keys"), ran(capsys, "keys", "new")
    assert len(first) == len(second) == 45
    assert first != second


def test_a_key_that_is_gone_is_seen(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", generate_key())
    assert "AND IT IS NOT AT HAND" in ran(capsys, "keys", "status")
    assert "add the old key" in ran(capsys, "keys", "rotate", status=1)
