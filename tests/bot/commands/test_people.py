"""`python -m bot user`, `why`, `stats`: for who calls, without what they said."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.storage import Audit, NewUpdate, generate_key, utc_now
from bot.storage.store import StorageOptions, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.storage.store import Storage

PERSON = 20_001
SAID = "我谁都没告诉过的事"


async def live_a_while(storage: Storage) -> None:
    """One answered turn, one failed one, one that waits, a command."""
    await storage.users.record_seen(PERSON, "zh")
    for number, end in ((1, "answered"), (2, "EngineTimeout"), (3, None)):
        await storage.inbox.add(NewUpdate(number, PERSON, "chat", b"{}", utc_now()))
        if end is None:
            continue
        turn = await storage.turns.begin(PERSON, PERSON, SAID, [number])
        assert turn is not None
        if end == "answered":
            await storage.turns.finish(turn.id, f"回答：{SAID}", "answered", 5)
        else:
            await storage.turns.fail(turn.id, end)
    await storage.inbox.add(NewUpdate(4, PERSON, "express", b"{}", utc_now()))
    await storage.inbox.finish(4)


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Storage]:
    """What a person has left, in a database that the environment names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "12345:token")
    options = StorageOptions(tmp_path / "data")
    if request.param == "postgresql":
        url, key = request.getfixturevalue("postgres_url"), generate_key()
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("ENCRYPTION_KEYS", key)
        options = StorageOptions(tmp_path / "data", database_url=url, keys=[key])

    async def fill() -> None:
        storage = await open_storage(options)
        await live_a_while(storage)
        await storage.aclose()

    asyncio.run(fill())
    return options


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.err.startswith(("SQLite ", "PostgreSQL "))
    assert SAID not in said.out + said.err
    return said.out


def test_why_tells_times_states_and_reasons(
    kept: object, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ran(capsys, "why", str(PERSON))
    assert "turn 1: answered after" in out
    assert "turn 2: failed: EngineTimeout" in out
    assert "update 3 (message): new" in out
    assert "update 4 (command, button or other): done" in out
    assert "Nothing has ever arrived" in ran(capsys, "why", "4711")


def test_a_person_is_shown_in_numbers(kept: object, capsys: pytest.CaptureFixture[str]) -> None:
    out = ran(capsys, "user", "show", str(PERSON))
    assert "turns          2" in out
    assert "language       zh" in out
    assert "Nothing is kept" in ran(capsys, "user", "show", "4711")


def test_reset_ends_the_conversation_once(kept: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert "was ended" in ran(capsys, "user", "reset", str(PERSON))
    assert "No conversation" in ran(capsys, "user", "reset", str(PERSON))
    assert f"reset {PERSON}: nothing" in ran(capsys, "audit")


def test_export_writes_a_private_file_and_never_over_another(
    kept: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "person.json"
    assert str(file) in ran(capsys, "user", "export", str(PERSON), str(file))
    assert file.stat().st_mode & 0o077 == 0
    written = json.loads(file.read_text("utf-8"))
    assert [turn["you"] for turn in written["turns"]] == [SAID, SAID]
    assert main(["user", "export", str(PERSON), str(file)]) == 1
    assert "is not there yet" in capsys.readouterr().err


def test_erase_asks_and_leaves_nothing_and_no_id(
    kept: StorageOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["user", "erase", str(PERSON)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert "2 turns" in ran(capsys, "user", "erase", str(PERSON), "--yes")
    assert "Nothing is kept" in ran(capsys, "user", "show", str(PERSON))

    async def acts() -> list[str]:
        storage = await open_storage(kept)
        try:
            return [act.target for act in await Audit(storage.database, utc_now).list_recent(9)]
        finally:
            await storage.aclose()

    assert asyncio.run(acts()) == ["person"]


def test_stats_are_numbers(kept: object, capsys: pytest.CaptureFixture[str]) -> None:
    out = ran(capsys, "stats")
    assert "1 answered, 0 stopped, 1 failed" in out
    assert "failed: EngineTimeout" in out
    assert str(PERSON) not in out


@pytest.mark.parametrize(
    "command",
    [
        ("stats",),
        ("audit",),
        ("counters",),
        ("reencrypt",),
        ("why", "1"),
        ("user", "show", "1"),
        ("user", "erase", "1", "--yes"),
    ],
)
def test_in_a_folder_of_no_bot_nothing_is_made_and_nothing_is_said_to_be_well(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert main(command) == 1
    assert "There is no database at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_version_names_bot_and_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert "schema" in capsys.readouterr().out
