"""`python -m bot backup` and `restore`: from one place into another, and tried out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.storage import generate_key
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bot's folder, whose database has people."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "home"))
    asyncio.run(fill(StorageOptions(tmp_path / "home")))
    return tmp_path / "home"


def test_a_backup_moves_from_sqlite_into_postgresql(
    home: Path,
    tmp_path: Path,
    empty_postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "backup"
    assert main(["backup", str(file)]) == 0
    told = capsys.readouterr()
    assert "1 people, 2 turns" in told.out
    assert "keep the file encryption.key elsewhere" in told.out
    assert str(home) in told.err

    key = (home / "encryption.key").read_text().strip()
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
    monkeypatch.setenv("ENCRYPTION_KEYS", key)
    assert main(["restore", str(file)]) == 0
    told = capsys.readouterr()
    assert "were restored" in told.out
    assert "PostgreSQL" in told.err
    assert SAID not in told.out + told.err
    options = StorageOptions(tmp_path / "x", database_url=empty_postgres_url, keys=[key])
    assert asyncio.run(said(options)) == [SAID, SAID]

    assert main(["restore", str(file)]) == 1
    assert "empty one" in capsys.readouterr().err


def test_a_try_changes_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(tmp_path / "backup")]) == 0
    assert main(["restore", "--try", str(tmp_path / "backup")]) == 0
    assert "can be restored" in capsys.readouterr().out
    assert asyncio.run(said(StorageOptions(home))) == [SAID, SAID]


def test_without_its_key_a_backup_is_restored_nowhere(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "backup"
    assert main(["backup", str(file)]) == 0
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "elsewhere"))
    assert main(["restore", str(file)]) == 1
    assert "There is no key file" in capsys.readouterr().err
    monkeypatch.setenv("ENCRYPTION_KEYS", generate_key())
    assert main(["restore", str(file)]) == 1
    assert "is not at hand" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere" / "shudong.db").exists()
