"""A backup of a running bot is restored in another place, and the same conversation goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devtools.processes import bare_environment
from tests.e2e.house import REDO
from tests.forked import Forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devtools.processes import BotProcess
    from tests.conftest import PostgresDatabases
    from tests.e2e.house import House
    from tests.e2e.people import Telegram


def command(settings: dict[str, str], folder: Path, *arguments: str) -> str:
    process = Forked(["-m", "bot", *arguments], bare_environment(settings), folder)
    process.launch()
    assert process.wait() == 0, process.output
    return process.output


async def test_from_sqlite_on_one_place_to_postgresql_on_another(
    house: House,
    telegram: Telegram,
    tmp_path: Path,
    postgres_databases: PostgresDatabases,
    new_bot: Callable[..., BotProcess],
) -> None:
    person = await telegram.person()
    await person.says("搬家之前说的话")
    await person.hears("我听见了：搬家之前说的话", button=REDO)

    file = tmp_path / "backup"
    told = command(house.bot.settings, tmp_path, "backup", str(file))
    assert "搬家之前" not in told
    assert "搬家之前".encode() not in file.read_bytes()
    key = (house.bot.data_dir / "encryption.key").read_text().strip()
    elsewhere = {
        **house.sandbox.bot_settings,
        **house.engine.bot_settings,
        "DATABASE_URL": postgres_databases.url(await postgres_databases.empty()),
        "ENCRYPTION_KEYS": key,
    }
    command(elsewhere, tmp_path, "restore", str(file))

    house.bot.end()
    bot = new_bot(tmp_path, elsewhere)
    bot.start()
    try:
        await person.says("搬家之后说的话")
        await person.hears("我听见了：搬家之后说的话", button=REDO)
        prompt = house.engine.prompts("搬家之后说的话")[-1]
        assert "搬家之前说的话" in str(prompt)
    finally:
        bot.end()
        house.bot.start()
