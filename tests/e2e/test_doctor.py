"""`python -m bot doctor` beside a running bot, and where one thing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.storage import generate_key
from devtools.processes import bare_environment, free_port
from tests.e2e.house import ADMIN
from tests.forked import Forked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.house import House
    from tests.e2e.people import Telegram


def doctor(house: House, folder: Path, **changed: str) -> tuple[int, str]:
    """The exit status and the verdicts with these settings, which come before the bot's own."""
    settings = {**house.bot.settings, **changed}
    process = Forked(["-m", "bot", "doctor"], bare_environment(settings), folder)
    process.launch()
    return process.wait(), process.output


async def test_of_a_bot_that_does_its_work_everything_is_well(
    house: House, telegram: Telegram, tmp_path: Path
) -> None:
    for admin in map(int, house.bot.settings["ADMIN_USER_IDS"].split(",")):
        await (await telegram.someone(admin)).says("/start")
    status, told = doctor(house, tmp_path, ADMIN_CHAT_ID=str(ADMIN))
    assert status == 0, told
    assert "fail " not in told
    for about in ("database", "keys", "engine", "token", "duty chat", "admins", "disk"):
        assert f"ok    {about}" in told, told
    assert house.bot.settings["TELEGRAM_BOT_TOKEN"] not in told


@pytest.mark.parametrize(
    ("changed", "found", "fix"),
    [
        ({"TELEGRAM_BOT_TOKEN": "1:unknown"}, "Telegram does not know it", "@BotFather"),
        ({"TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}"}, "cannot be reached", "PROXY"),
        ({"LMDEPLOY_URLS": f"http://127.0.0.1:{free_port()}/v1"}, "fail  engine", "server at"),
        ({"ENCRYPTION_KEYS": generate_key()}, "fail  keys", "bring the key back"),
        ({"ADMIN_CHAT_ID": "-100123"}, "fail  duty chat", "add the bot"),
        (
            {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "ENCRYPTION_KEYS": generate_key()},
            "fail  database",
            "see that it runs",
        ),
    ],
)
async def test_what_is_wrong_is_told_with_a_fix(
    house: House, telegram: Telegram, tmp_path: Path, changed: dict[str, str], found: str, fix: str
) -> None:
    person = await telegram.person()
    await person.says("你好呀")
    await person.hears("我听见了：你好呀")
    status, told = doctor(house, tmp_path, **changed)
    assert status == 1, told
    assert found in told
    assert fix in told


async def test_a_redis_that_is_away_is_no_failure(house: House, tmp_path: Path) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    status, told = doctor(house, tmp_path, REDIS_URL=away)
    assert status == 0, told
    assert "warn  Redis" in told
