from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from devtools.processes import BotProcess
from tests.e2e.house import ADMIN, OTHER_ADMIN, House
from tests.e2e.people import Telegram
from tests.e2e.scripted_engine import ScriptedEngine
from tests.e2e.spoken import Spoken
from tests.forked import ForkedBot, ForkedSandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from devtools.processes import Process, SandboxProcess

    NewBot = Callable[..., BotProcess]
    NewHouse = Callable[..., House]


@pytest.fixture(scope="session")
def spoken() -> Spoken:
    return Spoken()


@pytest.fixture(scope="session")
def started() -> Iterator[list[Process]]:
    """Every process of the run; whatever happens, none is left at the end."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.kill()


@pytest.fixture(scope="session")
def new_bot(started: list[Process]) -> NewBot:
    """Makes a bot (not started yet) in a folder of its own."""

    def make(
        folder: Path, *settings: dict[str, str], kind: type[BotProcess] = ForkedBot
    ) -> BotProcess:
        # What the encoder makes of a test's sentences is another thing; it has a test of its own.
        merged = {"SECOND_READERS": "engine"}
        merged |= {name: value for part in settings for name, value in part.items()}
        bot = kind(merged, folder)
        started.append(bot)
        return bot

    return make


@pytest.fixture(scope="session")
def new_sandbox(
    tmp_path_factory: pytest.TempPathFactory, started: list[Process]
) -> Callable[..., SandboxProcess]:
    """Makes a Telegram that listens."""

    def make(**options: object) -> SandboxProcess:
        sandbox = ForkedSandbox(tmp_path_factory.mktemp("telegram"), **options)  # type: ignore[arg-type]
        started.append(sandbox)
        sandbox.start()
        return sandbox

    return make


@pytest.fixture(scope="session")
def new_engine(spoken: Spoken) -> Iterator[Callable[[], ScriptedEngine]]:
    """Makes an engine that listens."""
    engines: list[ScriptedEngine] = []

    def make() -> ScriptedEngine:
        engines.append(ScriptedEngine(spoken))
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop()


@pytest.fixture(autouse=True)
def discretion(started: list[Process], spoken: Spoken) -> Iterator[None]:
    """No test passes while a bot's log tells what somebody said, or shows a traceback."""
    yield
    bots = [process for process in started if isinstance(process, BotProcess)]
    logs = [bot.take_log() for bot in bots]
    for log in logs:
        assert "Traceback" not in log, log[-3000:]
        assert not spoken.quoted_in(log), "the log quotes what was said"
        if log:
            print(f"--- the log of a bot\n{log[-5000:]}")  # seen where the test has failed


@pytest.fixture(scope="session")
def new_house(
    tmp_path_factory: pytest.TempPathFactory,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: NewBot,
) -> NewHouse:
    """Makes a bot that runs, with a Telegram and an engine of its own, and settings if given."""

    def make(name: str, settings: dict[str, str] | None = None) -> House:
        sandbox, engine = new_sandbox(), new_engine()
        folder = tmp_path_factory.mktemp(name)
        bot = new_bot(folder, sandbox.bot_settings, engine.bot_settings, settings or {})
        bot.start()
        return House(sandbox, engine, bot)

    return make


@pytest.fixture(scope="session")
def polling_house(new_house: NewHouse) -> House:
    """What a newcomer's bot is: polling, SQLite. Shared by all tests that leave it running."""
    return new_house(
        "polling", {"ADMIN_USER_IDS": f"{ADMIN},{OTHER_ADMIN}", "MAX_ANSWER_TOKENS": "8192"}
    )


@pytest.fixture
def house(polling_house: House) -> House:
    """The house a test takes place in. A module may put another one in its place."""
    return polling_house


@pytest.fixture
def engine(house: House) -> Iterator[ScriptedEngine]:
    yield house.engine
    house.engine.undo_faults()


@pytest.fixture
async def telegram(house: House, spoken: Spoken) -> AsyncIterator[Telegram]:
    async with httpx.AsyncClient(
        base_url=house.sandbox.url, trust_env=False, verify=False, timeout=30
    ) as client:
        telegram = Telegram(client, spoken)
        yield telegram
        await telegram.undo_faults()
