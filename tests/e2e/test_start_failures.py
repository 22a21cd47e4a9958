"""A bot that cannot start says why and what to do, in one sentence, and ends."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import (
    Cipher,
    Database,
    Inbox,
    LeaseOwner,
    NewUpdate,
    generate_key,
    upgrade,
    utc_now,
)
from devtools.processes import ROOT, free_port
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from devtools.processes import BotProcess, Ending
    from tests.conftest import PostgresDatabases
    from tests.e2e.house import House

    Settings = dict[str, str]

# Nobody listens there; a remote engine that is away is no reason not to start.
NO_ENGINE = {"LMDEPLOY_URLS": "http://127.0.0.1:9/v1"}
NO_TELEGRAM = {
    "TELEGRAM_BOT_TOKEN": "123456:abc",
    "TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}",
}


@dataclass(frozen=True)
class Surroundings:
    """What a case may use to arrange its trouble."""

    folder: Path
    house: House
    postgres: PostgresDatabases
    taken: socket.socket

    @property
    def taken_port(self) -> str:
        return str(self.taken.getsockname()[1])

    @property
    def telegram(self) -> Settings:
        return self.house.sandbox.bot_settings


def wrong_setting(at: Surroundings) -> Settings:
    return {"HTTP_PORT": "80800"}


def webhook_without_a_secret(at: Surroundings) -> Settings:
    return {**NO_TELEGRAM, "TELEGRAM_MODE": "webhook", "WEBHOOK_URL": "https://bot.example/hook"}


def wrong_token(at: Surroundings) -> Settings:
    return {**at.telegram, "TELEGRAM_BOT_TOKEN": "123456:another"}


def no_network(at: Surroundings) -> Settings:
    return NO_TELEGRAM


def http_port_taken(at: Surroundings) -> Settings:
    return {**at.telegram, "HTTP_PORT": at.taken_port}


def sandbox_port_taken(at: Surroundings) -> Settings:
    return {"SANDBOX_PORT": at.taken_port}


def file_in_place_of_the_data_directory(at: Surroundings) -> Settings:
    (at.folder / "file").touch()
    return {"DATA_DIR": str(at.folder / "file")}


def second_bot_on_one_data_directory(at: Surroundings) -> Settings:
    return {"DATA_DIR": str(at.house.bot.data_dir)}


def sqlite_ahead(at: Surroundings) -> Settings:
    data = at.folder / "data"
    migrate_to_the_future(f"sqlite:///{data / 'shudong.db'}")
    return {"DATA_DIR": str(data)}


def migrate_to_the_future(url: str) -> None:
    def write(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))

    async def migrate() -> None:
        database = Database(url)
        await database.write(write)
        await database.aclose()

    asyncio.run(migrate())


def sqlite_file_that_is_no_database(at: Surroundings) -> Settings:
    data = at.folder / "data"
    data.mkdir()
    (data / "shudong.db").write_bytes(b"this is not a database" * 400)
    return {"DATA_DIR": str(data)}


def another_key_than_the_stored_texts(at: Surroundings) -> Settings:
    data = at.folder / "data"

    async def write() -> None:
        database = Database(f"sqlite:///{data / 'shudong.db'}")
        await upgrade(database)
        inbox = Inbox(database, Cipher.from_keys([generate_key()]), LeaseOwner("test"))
        await inbox.add(NewUpdate(1, 1, "chat", b"{}", utc_now()))
        await database.aclose()

    asyncio.run(write())
    return {"DATA_DIR": str(data), "ENCRYPTION_KEYS": generate_key()}


def key_that_is_none(at: Surroundings) -> Settings:
    return {"ENCRYPTION_KEYS": "c2hvcnQ="}


def postgresql_away(at: Surroundings) -> Settings:
    url = f"postgresql://shudong:hidden-word@127.0.0.1:{free_port()}/shudong"
    return {"DATABASE_URL": url, "ENCRYPTION_KEYS": generate_key()}


def postgresql_not_migrated(at: Surroundings) -> Settings:
    name = asyncio.run(at.postgres.empty())
    return {"DATABASE_URL": at.postgres.url(name), "ENCRYPTION_KEYS": generate_key()}


def postgresql_ahead(at: Surroundings) -> Settings:
    url = at.postgres.url(asyncio.run(at.postgres.empty()))
    migrate_to_the_future(url)
    return {"DATABASE_URL": url, "ENCRYPTION_KEYS": generate_key()}


def model_file_missing(at: Surroundings) -> Settings:
    return {"LMDEPLOY_URLS": "", "LOCAL_MODEL": str(at.folder / "nowhere.gguf")}


def model_file_of_another_kind(at: Surroundings) -> Settings:
    (at.folder / "model.gguf").write_text("PK, not a model at all")
    return {"LMDEPLOY_URLS": "", "LOCAL_MODEL": str(at.folder / "model.gguf")}


def model_file_cut_off(at: Surroundings) -> Settings:
    model = write_tiny_model(at.folder / "model.gguf")
    model.write_bytes(model.read_bytes()[:-50_000])
    return {"LMDEPLOY_URLS": "", "LOCAL_MODEL": str(model)}


def system_library_missing(at: Surroundings) -> Settings:
    """As in a slim image; the package is there, and the loader cannot load it."""
    sentence = "libgomp.so.1: cannot open shared object file"
    (at.folder / "xllamacpp.py").write_text(f"raise ImportError({sentence!r})")
    return {"LMDEPLOY_URLS": "", "PYTHONPATH": f"{at.folder}:{ROOT}"}


CASES: tuple[tuple[Callable[[Surroundings], Settings], int, tuple[str, ...]], ...] = (
    # trouble, exit status, what the sentence has to name: the setting, and the way out
    (wrong_setting, 2, ("HTTP_PORT", "80800", "a port number from 0 to 65535")),
    (webhook_without_a_secret, 2, ("WEBHOOK_SECRET", "because TELEGRAM_MODE is webhook")),
    (wrong_token, 1, ("TELEGRAM_BOT_TOKEN", "copy it again from @BotFather")),
    (no_network, 1, ("TELEGRAM_API_URL", "Cannot reach Telegram", "check the network")),
    (http_port_taken, 1, ("HTTP_PORT", "stop what uses it")),
    (sandbox_port_taken, 1, ("SANDBOX_PORT", "stop what uses it")),
    (file_in_place_of_the_data_directory, 1, ("DATA_DIR", "choose a")),
    (second_bot_on_one_data_directory, 1, ("DATA_DIR", "Another bot is running", "stop it")),
    (sqlite_ahead, 1, ("migrated by a newer program", "start that version")),
    (sqlite_file_that_is_no_database, 1, ("not a database", "restore it from a backup")),
    (another_key_than_the_stored_texts, 1, ("ENCRYPTION_KEYS", "add the old key")),
    (key_that_is_none, 2, ("ENCRYPTION_KEYS", "python -m bot keys")),
    (postgresql_away, 1, ("DATABASE_URL", "check that it runs")),
    (postgresql_not_migrated, 1, ("no tables yet", "python -m bot migrate")),
    (postgresql_ahead, 1, ("migrated by a newer program", "start that version")),
    (model_file_missing, 1, ("LOCAL_MODEL", "nowhere.gguf", "no model file")),
    (model_file_of_another_kind, 1, ("LOCAL_MODEL", "model.gguf", "not a usable GGUF model")),
    (system_library_missing, 1, ("xllamacpp", "libgomp.so.1", "apt install libgomp1")),
    (model_file_cut_off, 1, ("LOCAL_MODEL", "model.gguf", "download it again")),
)


@pytest.fixture(scope="module")
def endings(
    request: pytest.FixtureRequest,
    polling_house: House,
    postgres_databases: PostgresDatabases,
    tmp_path_factory: pytest.TempPathFactory,
    new_bot: Callable[..., BotProcess],
) -> Iterator[dict[str, Future[Ending]]]:
    """How every case that is to be tested ends. Starts take a while, so they go side by side."""
    chosen = " ".join(item.name for item in request.session.items)
    with socket.socket() as taken, ThreadPoolExecutor(2) as pool:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        def meet(arrange: Callable[[Surroundings], Settings]) -> Ending:
            folder = tmp_path_factory.mktemp(arrange.__name__[:20])
            at = Surroundings(folder, polling_house, postgres_databases, taken)
            return new_bot(folder, NO_ENGINE, arrange(at)).run_to_the_end()

        yield {
            arrange.__name__: pool.submit(meet, arrange)
            for arrange, _, _ in CASES
            if arrange.__name__ in chosen
        }


@pytest.mark.parametrize(
    ("case", "status", "named"),
    [
        pytest.param(arrange.__name__, status, named, id=arrange.__name__)
        for arrange, status, named in CASES
    ],
)
def test_a_bot_that_cannot_start_says_why_and_what_to_do(
    case: str, status: int, named: tuple[str, ...], endings: dict[str, Future[Ending]]
) -> None:
    ending = endings[case].result()

    sentence = ending.output.rstrip().splitlines()[-1]
    assert ending.status == status, sentence
    assert [part for part in named if part not in sentence] == [], sentence
    assert sentence.endswith((".", ".)"))
    assert "Traceback" not in ending.output
    assert "hidden-word" not in ending.output
