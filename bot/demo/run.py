"""Composes the page: engine, a storage that is forgotten, conversation, HTTP server."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import tempfile
from base64 import b64encode
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app import build_companion, token_counter
from bot.demo.page import build_page
from bot.demo.visits import Visits
from bot.engines import build_engine
from bot.errors import StartupError
from bot.locales import language_for
from bot.ops.http_server import HttpServer
from bot.storage import StorageError
from bot.storage.store import StorageOptions, open_storage
from inference.engine import EngineError

if TYPE_CHECKING:
    from bot.settings import Settings


async def run_demo(settings: Settings, language: str) -> None:
    """Serve the page until SIGINT or SIGTERM.

    Raises:
        BotError: it cannot start; the message says why and what to do.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        async with AsyncExitStack() as stack:
            url = await _start(settings, language, stack)
            sys.stdout.write(f"\n  树洞 Shudong's page is at {url}\n\n")
            sys.stdout.flush()
            await stopping.wait()
    except (StorageError, EngineError) as error:
        raise StartupError(str(error)) from None


async def _start(settings: Settings, language: str, stack: AsyncExitStack) -> str:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="shudong-demo-"))
    key = b64encode(secrets.token_bytes(32)).decode()
    storage = await open_storage(StorageOptions(data_dir=Path(folder), keys=[key]))
    stack.push_async_callback(storage.aclose)
    engine = build_engine(settings)
    stack.push_async_callback(engine.aclose)
    model = await engine.start()
    companion = build_companion(
        engine,
        lambda: model,
        storage,
        max_answer_tokens=settings.max_answer_tokens,
        count_tokens=token_counter(settings),
        trusted_at_risk=settings.models_trusted_at_risk,
    )
    spoken = language_for(language)
    page = build_page(
        Visits(
            companion,
            storage,
            spoken,
            card_window=timedelta(seconds=settings.card_window),
        ),
        spoken,
        is_trial=model.is_trial,
        at_once=settings.engine_max_concurrency,
    )
    http = HttpServer(
        page, settings.http_host, settings.http_port, setting="HTTP", has_lifespan=True
    )
    await http.start()
    stack.push_async_callback(http.stop)
    return http.url
