"""The program of before the newest revision and the one of now, side by side on one database."""

from __future__ import annotations

import asyncio
import io
import secrets
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import migrations
from bot.storage import generate_key
from devtools.balancer import Balancer
from devtools.processes import ROOT, BotProcess, Process, bare_environment
from tests.e2e.house import REDO, House
from tests.forked import Forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devtools.processes import SandboxProcess
    from tests.conftest import PostgresDatabases
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

PACKAGES = ("bot", "inference", "migrations")


def git(*arguments: str) -> bytes:
    """What git says; the test is skipped where there is no git or no history."""
    try:
        ended = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    except OSError as error:
        pytest.skip(f"no git: {error.strerror}")
    if ended.returncode:
        pytest.skip("a copy without its history")
    return ended.stdout


@pytest.fixture(scope="module")
def program_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they were the moment before the newest revision was added."""
    newest = f"migrations/versions/{migrations.REVISIONS[-1]}_*.py"
    commits = git("log", "--diff-filter=A", "--format=%H", "--", newest).split()
    if not commits:
        pytest.skip("the newest revision is not committed yet")
    archive = git("archive", f"{commits[0].decode()}^", *PACKAGES)
    folder = tmp_path_factory.mktemp("program-before")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder


@dataclass(frozen=True, slots=True)
class Rollout:
    """Three bots of two programs, on one database and behind one load balancer; none runs yet."""

    house: House
    """The bot of now."""
    before: list[BotProcess]
    balancer: Balancer

    def use(self, *bots: BotProcess) -> None:
        """Have these take the calls of Telegram, and no others."""
        self.balancer.backends = [bot.port for bot in bots]


@pytest.fixture(scope="module")
def rollout(
    tmp_path_factory: pytest.TempPathFactory,
    program_before: Path,
    postgres_databases: PostgresDatabases,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> Iterator[Rollout]:
    sandbox, engine, balancer = new_sandbox(), new_engine(), Balancer(())
    database = asyncio.run(postgres_databases.empty())
    settings = {
        "TELEGRAM_MODE": "webhook",
        "WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/from-telegram",
        "WEBHOOK_SECRET": secrets.token_hex(16),
        "DATABASE_URL": postgres_databases.url(database),
        "ENCRYPTION_KEYS": generate_key(),
        "SHUTDOWN_GRACE": "1",
    }
    old = settings | {"PYTHONPATH": str(program_before)}
    parts = (sandbox.bot_settings, engine.bot_settings)
    before = [
        new_bot(tmp_path_factory.mktemp("before"), *parts, old, kind=BotProcess) for _ in range(2)
    ]
    now = new_bot(tmp_path_factory.mktemp("now"), *parts, settings)
    with balancer.serve_in_thread():
        yield Rollout(House(sandbox, engine, now), before, balancer)


@pytest.fixture
def house(rollout: Rollout) -> House:
    return rollout.house


def migrate(bot: BotProcess, kind: type[Process], folder: Path) -> None:
    """`python -m bot migrate` of a bot's program."""
    command = kind(["-m", "bot", "migrate"], bare_environment(bot.settings), folder)
    command.launch()
    assert command.wait() == 0, command.output


async def are_answered(people: list[Person], said: str) -> None:
    """Each says something, and is answered once."""
    for person in people:
        await person.says(said)
    for person in people:
        await person.hears(f"我听见了：{said}", button=REDO)
        assert sum(said in shown.text for shown in await person.sees() if shown.by_bot) == 1


async def test_an_upgrade_and_the_way_back_lose_no_message(
    rollout: Rollout, telegram: Telegram, tmp_path: Path
) -> None:
    first, second = rollout.before
    now = rollout.house.bot
    people = [await telegram.person() for _ in range(3)]

    migrate(first, Process, tmp_path)
    for bot in rollout.before:
        bot.start()
    rollout.use(first, second)
    await are_answered(people, "升级之前")

    migrate(now, Forked, tmp_path)
    await are_answered(people, "表已经是新的")

    rollout.use(first)
    assert second.end() == 0
    now.start()
    rollout.use(first, now)
    await are_answered(people, "新旧一起")
    await are_answered(people, "新旧还在一起")

    rollout.use(now)
    assert first.end() == 0
    await are_answered(people, "只剩新的")

    if before_knows_it_is_fit(rollout.before[0]):
        first.start()
        rollout.use(first)
        assert now.end() == 0
        await are_answered(people, "退回去")
    else:
        ended = first.run_to_the_end()
        assert ended.status == 1
        assert "migrated by a newer program" in ended.output


def before_knows_it_is_fit(bot: BotProcess) -> bool:
    """Whether the newest tables are fit for the program of before, and it looks for that."""
    program = Path(bot.settings["PYTHONPATH"])
    knows = "OLDEST_COMPATIBLE" in (program / "migrations/__init__.py").read_text("utf-8")
    return knows and migrations.REVISIONS[-2] >= migrations.OLDEST_COMPATIBLE
