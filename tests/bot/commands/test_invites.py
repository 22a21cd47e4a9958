"""`python -m bot invite`: a code for who is to come in, told once."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from bot.__main__ import main
from bot.storage.store import StorageOptions, open_storage

if TYPE_CHECKING:
    from pathlib import Path

    from bot.storage.store import Storage


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database that was begun, which the environment names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ACCESS", "invite")

    async def begin() -> None:
        await (await open_storage(StorageOptions(tmp_path / "data"))).aclose()

    asyncio.run(begin())
    return tmp_path / "data"


def test_a_code_lets_in_as_many_as_were_asked_for(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = data / "invite.png"
    arguments = ["--uses", "2", "--bot", "@shudong_bot", "--picture", str(picture)]
    assert main(["invite", *arguments]) == 0
    said = capsys.readouterr().out
    assert "Invite #1 lets in 2 until" in said
    code = re.search(r"t\.me/shudong_bot\?start=invite-(\w{16})$", said, re.MULTILINE)
    assert code is not None
    assert picture.read_bytes().startswith(b"\x89PNG")

    async def redeem() -> tuple[list[bool], str]:
        storage: Storage = await open_storage(StorageOptions(data))
        came = [await storage.invites.redeem(person, code[1]) for person in (1, 2, 3)]
        [entry] = await storage.audit.list_recent(1)
        await storage.aclose()
        return came, f"{entry.admin_id} {entry.action} {entry.target}"

    assert asyncio.run(redeem()) == ([True, True, False], "0 invite #1")


@pytest.mark.parametrize(
    "arguments", [["--uses", "0"], ["--days", "0"], ["--picture", "x.png"]], ids=str
)
@pytest.mark.usefixtures("data")
def test_what_cannot_be_made_is_said(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["invite", *arguments]) == 1
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.usefixtures("data")
def test_where_no_invite_is_asked_for_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCESS", "open")
    assert main(["invite"]) == 0
    assert "nobody is asked for an invite now" in capsys.readouterr().out
