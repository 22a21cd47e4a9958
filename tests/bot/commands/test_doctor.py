"""What doctor finds on this machine, without Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.commands.doctor.machine import look_at_machine
from bot.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def found(outcome: str) -> list[str]:
    return [one.about for one in look_at_machine(load_settings()) if one.outcome == outcome]


def test_what_others_can_read_is_told_with_its_chmod(folder: Path) -> None:
    (folder / ".env").write_text("LOG_LEVEL=info\n")
    (folder / ".env").chmod(0o644)
    (folder / "data").mkdir(mode=0o755)
    (folder / "data" / "encryption.key").touch()
    (folder / "data" / "encryption.key").chmod(0o644)
    assert found("warn") == [".env", "DATA_DIR", "key file"]
    fixes = [one.fix for one in look_at_machine(load_settings()) if one.fix]
    assert fixes[0] == "chmod 600 .env"
    for path, mode in ((".env", 0o600), ("data", 0o700), ("data/encryption.key", 0o600)):
        (folder / path).chmod(mode)
    assert found("warn") == []


@pytest.mark.usefixtures("folder")
def test_before_the_first_start_there_is_nothing_to_complain_of() -> None:
    assert found("ok") == [".env", "DATA_DIR"]
