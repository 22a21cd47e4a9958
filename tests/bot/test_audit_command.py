"""`python -m bot audit`: what admins did last."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.storage import Audit, upgrade
from bot.storage.store import StorageOptions, open_database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


async def record(folder: Path, *acts: tuple[int, str, str, str]) -> None:
    database = open_database(StorageOptions(folder))
    try:
        await upgrade(database)
        audit = Audit(database, lambda: datetime(2026, 7, 1, 8, 30, tzinfo=UTC))
        for act in acts:
            await audit.record(*act)
    finally:
        await database.aclose()


def test_the_last_acts_are_printed_newest_first(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acts = [(1, "reset", str(number), "done") for number in range(3)]
    asyncio.run(record(data_dir, *acts))
    assert main(["audit", "--last", "2"]) == 0
    assert capsys.readouterr().out == (
        "2026-07-01 08:30:00  1  reset 2: done\n2026-07-01 08:30:00  1  reset 1: done\n"
    )


def test_before_the_first_act_it_says_so(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(record(data_dir))
    assert main(["audit"]) == 0
    assert capsys.readouterr().out == "No admin has done anything yet.\n"


@pytest.mark.usefixtures("data_dir")
def test_an_impossible_number_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--last", "0"]) == 1
    assert "--last" in capsys.readouterr().err
