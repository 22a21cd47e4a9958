"""`python -m bot counters`: totals of a year, of nobody in particular."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.storage import Counters, upgrade
from bot.storage.store import StorageOptions, open_database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


async def _count(folder: Path, year: int, name: str, n: int) -> None:
    database = open_database(StorageOptions(folder))
    try:
        await upgrade(database)
        await Counters(database, lambda: datetime(year, 7, 1, tzinfo=UTC)).add(name, n)
    finally:
        await database.aclose()


def test_a_year_is_added_up_and_other_years_are_not(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for year, name, n in [(2026, "card_sent", 3), (2026, "hotlines_shown", 20), (2025, "x", 1)]:
        asyncio.run(_count(data_dir, year, name, n))
    assert main(["counters", "--year", "2026"]) == 0
    assert capsys.readouterr().out == "2026\ncard_sent       3\nhotlines_shown  20\n"
    assert main(["counters", "--year", "2024"]) == 0
    assert capsys.readouterr().out == "Nothing was counted in 2024.\n"


def test_a_database_without_tables_is_a_sentence(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir.mkdir()
    (data_dir / "shudong.db").touch()
    assert main(["counters"]) == 1
    assert "no tables yet" in capsys.readouterr().err


@pytest.mark.usefixtures("data_dir")
def test_an_impossible_year_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["counters", "--year", "0"]) == 1
    assert "--year" in capsys.readouterr().err
