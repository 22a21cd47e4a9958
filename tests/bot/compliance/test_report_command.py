"""`python -m bot report`: what a law asks for, from counters and settings; of no person."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.compliance import AgeCount, Law, Month, YearFacts, render
from bot.safety import all_hotlines
from bot.settings import load_settings
from bot.storage import Counters, Disclosures, upgrade
from bot.storage.store import StorageOptions, open_database

if TYPE_CHECKING:
    from pathlib import Path

ID = 7_412_358_960
"""Of a person whose age is known."""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


async def fill(folder: Path) -> None:
    """A spring with cards, a card of another year, and six people who said how old they are."""
    database = open_database(StorageOptions(folder))

    def at(year: int, month: int) -> Counters:
        return Counters(database, lambda: datetime(year, month, 28, tzinfo=UTC))

    try:
        await upgrade(database)
        await at(2026, 2).add("card_sent", 41)
        await at(2026, 3).add("card_sent", 2)
        await at(2026, 3).add("hotlines_shown", 57)
        await at(2026, 3).add("guard_method", 13)
        await at(2026, 3).add("notice_first", 19)
        await at(2025, 3).add("card_sent", 900)
        disclosures = Disclosures(database, lambda: datetime(2026, 3, 1, tzinfo=UTC))
        for number in range(6):
            await disclosures.set_age(ID + number, "adult")
        await disclosures.set_age(ID + 6, "teen")
    finally:
        await database.aclose()


@pytest.mark.parametrize("law", Law)
def test_a_year_is_told_and_no_person(
    law: Law, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(data_dir))

    assert main(["report", "--year", "2026", "--for", law]) == 0
    told = capsys.readouterr().out

    assert "**100**" in told  # 41 + 2 cards and 57 lists
    assert "| 2026-02 | 0 | 41 | 0 | 0 |\n| 2026-03 | 0 | 2 | 57 | 0 |" in told
    assert "| first | 19 |" in told
    assert ("| method | 13 |" in told) == (law is not Law.NY)
    assert "900" not in told
    assert not re.search(r"\d{7,}", told)
    assert "$" not in told
    assert main(["report", "--year", "2024", "--for", law]) == 0
    assert "**0**" in capsys.readouterr().out


@pytest.mark.parametrize("law", Law)
def test_few_people_of_an_age_are_not_counted_out(
    law: Law, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(data_dir))
    main(["report", "--year", "2026", "--for", law])
    ages = [
        line for line in capsys.readouterr().out.splitlines() if line.endswith((" 6 |", "< 5 |"))
    ]
    assert [line.rpartition("| ")[2] for line in ages] == ["6 |", "< 5 |"]


def facts(made_on: date) -> YearFacts:
    months = tuple(Month(number, {}) for number in range(1, 13))
    return YearFacts(2026, made_on, months, (AgeCount(None, 7),), all_hotlines())


def test_a_year_that_is_not_over_says_until_when_it_was_counted() -> None:
    settings = load_settings(None)
    assert "to 2026-06-30 (days" in render(Law.SB243, facts(date(2026, 6, 30)), settings)
    assert "to 2026-12-31 (days" in render(Law.SB243, facts(date(2027, 1, 5)), settings)


@pytest.mark.parametrize("law", Law)
def test_what_an_operator_has_changed_is_named_and_secrets_are_not(
    law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAK_EVERY", "3600")
    monkeypatch.setenv("ADMIN_CHAT_ID", "-1001234567890")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:VERY-SECRET")
    told = render(law, facts(date(2027, 1, 5)), load_settings(None))
    [changed] = [line for line in told.splitlines() if line.startswith("| BREAK_EVERY |")]
    [kept] = [line for line in told.splitlines() if line.startswith("| AI_NOTICE_EVERY |")]
    assert changed.rpartition("3600.0 | ")[2] in {"changed |", "已改动 |"}
    assert kept.endswith("|  |")
    assert "ADMIN_CHAT_ID" in told
    assert "1001234567890" not in told
    assert "SECRET" not in told


@pytest.mark.usefixtures("data_dir")
def test_a_law_nobody_knows_and_an_empty_database_are_sentences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", "--for", "gdpr"])
    assert ended.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
    assert main(["report", "--for", "ny"]) == 1
    assert "There is no database at" in capsys.readouterr().err
