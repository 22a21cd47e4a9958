"""The composition root: builds the parts, starts them in order, drains them in reverse."""

from __future__ import annotations

import asyncio
import fcntl
import secrets
import sys
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from dotenv import dotenv_values
from starlette.applications import Starlette

from bot import __version__, metrics
from bot.conversation.companion import Companion
from bot.conversation.crisis_protocol import CrisisProtocol
from bot.conversation.disclosure_policy import NoticeTimes
from bot.conversation.history import History
from bot.conversation.memory.folding import MemoryFolding
from bot.conversation.reading import FirstReading
from bot.conversation.second_reader import EncoderReader, EngineReader, SecondReading
from bot.engines import build_better_model, build_engine
from bot.errors import SettingsError, StartupError
from bot.ops.health import health_routes, metrics_route
from bot.ops.http_server import HttpServer
from bot.ops.incidents import FAULTS
from bot.ops.stopping import Stopping
from bot.proxies import UnusableProxyError, proxy_environment, proxy_for
from bot.safety import prepare
from bot.safety.encoder import load_encoder
from bot.settings import DOTENV
from bot.storage import Place, StorageError
from bot.storage.store import StorageOptions, open_storage
from bot.telegram.access import AccessOptions
from bot.telegram.client import Connection, connect
from bot.telegram.context import Incident, Options
from bot.telegram.oncall_rota import RotaError, parse_rota
from bot.telegram.service import TelegramService
from bot.timeouts import wait_with_limit
from bot.watch.progress import ProgressCheck
from bot.watch.surroundings import DiskCheck, LoopCheck, NodesCheck, PoolCheck, PresenceCheck
from bot.watch.watch import Watch
from inference.engine import EngineError
from inference.nodes.engine import NodesEngine
from inference.tokens import TokenizerUnusableError, estimate_tokens, load_token_counter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from pydantic import SecretStr

    from bot.better_model import BetterModel
    from bot.conversation.second_reader import SecondReader
    from bot.sandbox import Sandbox
    from bot.settings import Settings
    from bot.storage.store import Storage
    from bot.telegram.oncall_rota import OncallRota
    from bot.watch.watch import Check
    from inference.catalogue import ModelEntry
    from inference.engine import Engine, ModelInfo
    from inference.tokens import TokenCounter

log = structlog.get_logger(__name__)

SANDBOX_BOT_ID = 7_000_000_001
_SANDBOX_PLACE = Place("sandbox", (), user_id=None, chat_id=None, version_1=b"")


async def run(settings: Settings) -> None:
    """Run the bot until SIGINT or SIGTERM.

    Raises:
        BotError: it cannot start; the message says why and what to do.
    """
    stopping = Stopping(settings.shutdown_grace, outlives_hangup=settings.log_file is not None)
    asyncio.get_running_loop().set_exception_handler(_log_stray_exception)
    try:
        async with AsyncExitStack() as stack:
            # Told to stop while still starting, it starts no further.
            if await wait_with_limit(_start(settings, stack), stopping.wait()):
                await stopping.wait()
            log.info("stopping", grace=settings.shutdown_grace)
    except (StorageError, EngineError, TokenizerUnusableError) as error:
        raise StartupError(str(error)) from None
    log.info("stopped")


async def _start(settings: Settings, stack: AsyncExitStack) -> None:
    rota = load_rota(settings)
    listed = load_access_list(settings)
    options = storage_options(settings)
    if not settings.uses_postgresql:
        stack.enter_context(_only_bot_of(options.database_file.parent))
    storage = await open_storage(options)
    stack.push_async_callback(storage.aclose)
    await asyncio.to_thread(prepare)
    engine = build_engine(settings)
    better = build_better_model(settings, engine)
    if better is not None:
        engine = better.engine
    stack.push_async_callback(engine.aclose)
    model = await engine.start()
    serving = better.engine.serving if better is not None else lambda: model
    log.info("engine_started", model=model.name, context_window=model.context_window)
    connection, page = await _telegram(settings, storage, stack, better)
    admins = frozenset(settings.admin_user_ids or ((page.admin_id,) if page else ()))
    bot = await connect(connection)
    encoder = EncoderReader(load_encoder) if "encoder" in settings.second_readers else None
    second = build_second_reading(settings, engine, storage, encoder)
    stack.push_async_callback(second.aclose)
    companion = build_companion(
        engine,
        serving,
        storage,
        FirstReading(encoder, storage.counters),
        second,
        max_answer_tokens=settings.max_answer_tokens,
        count_tokens=token_counter(settings),
        trusted_at_risk=settings.models_trusted_at_risk,
    )
    service = TelegramService(
        bot,
        connection,
        storage,
        companion,
        Options(
            serving=serving,
            operator_contact=settings.operator_contact,
            admins=admins,
            access=AccessOptions(
                mode=settings.access,
                listed=listed,
                most_people=settings.most_people,
                duty=frozenset(settings.duty_user_ids),
                viewers=frozenset(settings.viewer_user_ids),
            ),
            requests_per_minute=settings.requests_per_minute,
            complaints_within=timedelta(days=settings.complaint_days),
            burst_window=settings.burst_window,
            admin_chat_id=settings.admin_chat_id,
            oncall_rota=rota,
            trusted_persons=settings.trusted_persons == "on",
            acknowledge_within=timedelta(seconds=settings.oncall_acknowledge_within),
            answers_per_day=settings.answers_per_day,
            chats_at_once=settings.chats_at_once,
            engine_patience=settings.engine_patience,
            card_window=timedelta(seconds=settings.card_window),
            check_in_after=timedelta(seconds=settings.check_in_after) or None,
            kept_for=timedelta(days=settings.retention_days) or None,
            calls_per_second=settings.telegram_calls_per_second,
            notice_times=NoticeTimes(
                remind=timedelta(seconds=settings.ai_notice_every),
                remind_minors=timedelta(seconds=settings.ai_notice_every_minors),
                pause=timedelta(seconds=settings.break_every),
                heavy_use=timedelta(seconds=settings.heavy_use_after) or None,
            ),
        ),
        incidents=list_incidents,
    )
    progress = ProgressCheck(
        storage.statistics, storage.clock, timedelta(seconds=settings.answers_late_after)
    )
    routes = health_routes(
        keeping={"database": storage.is_ready, "telegram": service.receiving},
        answering={
            "engine": engine.ready,
            "duty_chat": service.is_oncall_chat_reachable,
            "progress": progress.is_moving,
            "webhook": service.is_webhook_delivered,
        },
    )
    if service.webhook is not None:
        routes.append(service.webhook)
    if settings.metrics == "on":
        routes.append(metrics_route())
    http = HttpServer(
        Starlette(routes=routes), settings.http_host, settings.http_port, setting="HTTP"
    )
    await http.start()
    stack.push_async_callback(http.stop)
    stack.push_async_callback(service.stop, settings.shutdown_grace)
    presence = PresenceCheck(storage, __version__)
    await presence.look()  # before what it writes is another's to read
    stack.push_async_callback(presence.leave)
    await service.start()
    service.show_load()
    metrics.BUILD.labels(__version__, model.name).set(1)
    metrics.ENGINE_WAITING.set_function(lambda: engine.waiting)
    watch = Watch([presence, *_checks(settings, storage, engine, service, progress)])
    watch.start()
    stack.push_async_callback(watch.stop)
    if better is not None:
        better.start()
        stack.push_async_callback(better.aclose)
    _greet(model, bot.username, page, better.best if better else None)


def _checks(
    settings: Settings,
    storage: Storage,
    engine: Engine,
    service: TelegramService,
    progress: ProgressCheck,
) -> list[Check]:
    """What is looked after while the bot runs."""
    checks: list[Check] = [
        progress,
        DiskCheck(settings.data_dir),
        PoolCheck(storage.database),
        LoopCheck(),
    ]
    if isinstance(engine, NodesEngine):
        checks.append(NodesCheck(engine.nodes))
    if service.webhook_watch is not None:
        checks.append(service.webhook_watch)
    return checks


def list_incidents() -> list[Incident]:
    """What went wrong in this process lately, the newest first."""
    faults = FAULTS.list_recent()
    return [Incident(fault.event, fault.count, fault.last_at) for fault in faults]


def load_rota(settings: Settings) -> OncallRota | None:
    """Who is on call when, if the settings name a file.

    Raises:
        SettingsError: it cannot be read, or does not say so; the message says what to write.
    """
    file = settings.oncall_rota
    if file is None:
        return None
    try:
        oncall = (*settings.admin_user_ids, *settings.duty_user_ids)
        return parse_rota(file.read_text(encoding="utf-8"), oncall)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f'ONCALL_ROTA: found "{file}" ({type(error).__name__}), expected the path of a file '
            "in TOML and UTF-8 that says who is on call when."
        ) from None
    except RotaError as error:
        raise SettingsError(f"ONCALL_ROTA: {file}: {error}.") from None


def load_access_list(settings: Settings) -> frozenset[int]:
    """Who may use the bot, if the settings name a file.

    Raises:
        SettingsError: it cannot be read, or a line is no number; the message names the line.
    """
    file = settings.access_list
    if file is None:
        return frozenset()
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f'ACCESS_LIST: found "{file}" ({type(error).__name__}), expected the path of a file in '
            "UTF-8 with one Telegram user id a line."
        ) from None
    listed = set()
    for number, line in enumerate(lines, start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        if not (entry.isascii() and entry.isdecimal() and len(entry) < 19):
            raise SettingsError(
                f"ACCESS_LIST: {file}: found no number in line {number}, expected one Telegram "
                "user id a line."
            )
        listed.add(int(entry))
    return frozenset(listed)


def token_counter(settings: Settings) -> TokenCounter:
    """Counts with the model's own tokenizer where the settings name one, else estimates."""
    return load_token_counter(settings.tokenizer) if settings.tokenizer else estimate_tokens


def build_companion(
    engine: Engine,
    serving: Callable[[], ModelInfo],
    storage: Storage,
    first: FirstReading | None = None,
    second: SecondReading | None = None,
    *,
    max_answer_tokens: int,
    count_tokens: TokenCounter = estimate_tokens,
    trusted_at_risk: Collection[str] = (),
) -> Companion:
    """The conversation over an engine that has started; see `Companion`."""
    return Companion(
        engine,
        serving,
        History(storage.turns, storage.history_cache),
        storage.risk,
        storage.counters,
        storage.preferences,
        CrisisProtocol(storage.crisis_talks, storage.users, storage.clock),
        storage.memories,
        MemoryFolding(
            engine,
            serving,
            storage.turns,
            storage.memories,
            storage.memory_folds,
            storage.risk,
            storage.counters,
            storage.users,
            first or FirstReading(None, storage.counters),
            now=storage.clock,
        ),
        trusted_at_risk=trusted_at_risk,
        max_answer_tokens=max_answer_tokens,
        now=storage.clock,
        count_tokens=count_tokens,
        first=first,
        second=second,
    )


def build_second_reading(
    settings: Settings, engine: Engine, storage: Storage, encoder: EncoderReader | None
) -> SecondReading:
    """The second readers that the settings name, as far as this engine can be one."""
    readers: list[SecondReader] = [] if encoder is None else [encoder]
    if "engine" in settings.second_readers and isinstance(engine, NodesEngine):
        readers.append(EngineReader(engine))
    log.info("second_readers", names=[reader.name for reader in readers])
    return SecondReading(readers, storage.counters, within=settings.second_reader_timeout)


def storage_options(settings: Settings) -> StorageOptions:
    """Where the settings say that things are kept."""
    return StorageOptions(
        data_dir=settings.data_dir,
        database_url=_revealed(settings.database_url),
        direct_url=_revealed(settings.database_direct_url),
        redis_url=_revealed(settings.redis_url),
        bot_id=int((_revealed(settings.telegram_bot_token) or "0").partition(":")[0]),
        keys=[key.get_secret_value() for key in settings.encryption_keys],
    )


def telegram_connection(settings: Settings) -> Connection | None:
    """How Telegram is reached; None: a local one is to be started.

    Raises:
        StartupError: the proxy that the environment names is none.
    """
    token = _revealed(settings.telegram_bot_token)
    if token is None:
        return None
    try:
        proxy = proxy_for(
            settings.telegram_api_url,
            _revealed(settings.telegram_proxy),
            proxy_environment(dotenv_values(DOTENV, interpolate=False, encoding="utf-8-sig")),
        )
    except UnusableProxyError as error:
        raise StartupError(str(error)) from None
    by_webhook = settings.telegram_mode == "webhook"
    return Connection(
        token=token,
        api_url=settings.telegram_api_url,
        webhook_url=settings.webhook_url if by_webhook else None,
        webhook_secret=_revealed(settings.webhook_secret) or "",
        takes_over=settings.webhook_takeover == "on",
        proxy=proxy,
    )


async def _telegram(
    settings: Settings, storage: Storage, stack: AsyncExitStack, better: BetterModel | None
) -> tuple[Connection, Sandbox | None]:
    """Telegram as the settings name it, or a local one that is started here."""
    if (connection := telegram_connection(settings)) is not None:
        return connection, None
    from bot.sandbox import Sandbox, SandboxError

    sandbox = Sandbox(
        "127.0.0.1",
        settings.sandbox_port,
        f"{SANDBOX_BOT_ID}:{secrets.token_urlsafe(24)}",
        settings.data_dir,
        storage.cipher.at(_SANDBOX_PLACE),
        offer=better,
    )
    try:
        await sandbox.start()
    except SandboxError as error:
        raise StartupError(f"{error} (SANDBOX_PORT sets its port.)") from None
    stack.push_async_callback(sandbox.stop)
    return Connection(token=sandbox.token, api_url=sandbox.url), sandbox


@contextmanager
def _only_bot_of(folder: Path) -> Iterator[None]:
    """Keep a second bot away from an embedded database: it would take over the first one's work.

    The lock belongs to the process, so it is gone with it, however it ends.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        raise StartupError(
            f"DATA_DIR {folder} cannot be written ({error.strerror}); "
            "choose a folder that this user may write to."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartupError(
                f"Another bot is running on DATA_DIR {folder}; stop it, or choose another folder."
            ) from None
        yield


def _greet(
    model: ModelInfo, username: str, page: Sandbox | None, better: ModelEntry | None
) -> None:
    """Tell the person at the terminal where to go next."""
    if model.name:
        name = f"answered by {model.name}{' (small trial model)' if model.is_trial else ''}"
    else:
        name = "but no engine answers yet: check the addresses in LMDEPLOY_URLS or OPENAI_URLS"
    where = f"Open {page.url} and say something." if page else f"Talk to https://t.me/{username}"
    lines = [f"树洞 Shudong is listening, {name}.", where]
    if better is not None:
        size = f"{better.bytes / 1e9:.1f} GB, {better.licence}"
        button = ", or the button on the page" if page else ""
        lines.append(f"A better model: {better.title} ({size}), by `make model`{button}.")
    sys.stdout.write("".join(["\n", *(f"  {line}\n" for line in lines), "\n"]))
    sys.stdout.flush()


def _log_stray_exception(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what no task caught by its type and place; its message might quote somebody."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        log.error("stray_exception", exc_info=error)
    else:
        log.error("stray_condition")


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
