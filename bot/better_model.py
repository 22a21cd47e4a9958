"""A better model for the CPU than the one that serves: offered, fetched when asked, changed to.

The catalogue says which it is. `python -m inference fetch` fetches it in a process of its own,
started from here or by hand: once its file is in its place, the bot changes over.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from bot.settings import Settings
from inference.engine import EngineError
from inference.local.limits import available_memory

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from inference.catalogue import Catalogue, ModelEntry
    from inference.changeable import ChangeableEngine
    from inference.engine import Engine

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 5.0
"""Seconds between two looks for a file that somebody else has fetched."""
_ENDING: Final = 5.0
_CATALOGUE: Final = "MODEL_CATALOGUE"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page shows of it."""

    title: str
    note: str
    licence: str
    licence_url: str
    bytes: int
    state: Literal["offered", "fetching", "loading", "serving", "failed"] = "offered"
    done: int = 0
    rate: float | None = None
    """Bytes a second."""
    seconds_left: float | None = None
    reason: str = ""
    """Why it failed, for the operator."""


class BetterModel:
    """Looks after the best model of the catalogue that fits into this machine.

    Args:
        engine: what is changed.
        serving: the entry of the model that it has begun with.
        catalogue: all entries, the best first.
        folder: where models lie.
        build: makes an engine of an entry.
        catalogue_file: the operator's own catalogue, for the process that fetches.
        memory: bytes that are free.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        engine: ChangeableEngine,
        serving: ModelEntry,
        catalogue: Catalogue,
        folder: Path,
        build: Callable[[ModelEntry], Engine],
        *,
        catalogue_file: Path | None = None,
        memory: Callable[[], int] = available_memory,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.engine = engine
        self._serving = serving
        self._catalogue = catalogue
        self._folder = folder
        self._build = build
        self._catalogue_file = catalogue_file
        self._sleep = sleep
        self.best = catalogue.best(memory())
        self._offer = Offer(
            title=self.best.title,
            note=self.best.note["zh"],
            licence=self.best.licence,
            licence_url=self.best.licence_url,
            bytes=self.best.bytes,
        )
        self._on_change: Callable[[], None] = lambda: None
        self._watch: asyncio.Task[None] | None = None
        self._fetch: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._looking = asyncio.Lock()
        self._refused_at: float | None = None
        """When the file was written that could not be served."""

    @property
    def is_offered(self) -> bool:
        """Whether there is a better model than the one that serves."""
        return self.best.name != self._serving.name

    def start(self) -> None:
        """Look from now on whether it is there."""
        self._watch = asyncio.create_task(self._look_again_and_again(), name="better model")

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have `on_change` called whenever `view` changes."""
        self._on_change = on_change

    def view(self) -> dict[str, Any] | None:
        """The offer as JSON; None where what serves is the best from the start."""
        if not self.is_offered and self._offer.state != "serving":
            return None
        return asdict(self._offer)

    def accept(self) -> None:
        """Begin to fetch it, or go on; nothing where that is done already."""
        if self.is_offered and (self._fetch is None or self._fetch.done()):
            self._fetch = asyncio.create_task(self._run_fetch(), name="fetching a model")

    async def stop(self) -> None:
        """Stop fetching; what came is kept."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
        if self._fetch is not None:
            await asyncio.gather(self._fetch, return_exceptions=True)

    async def aclose(self) -> None:
        """Stop looking and fetching."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        try:
            async with asyncio.timeout(_ENDING):
                await self.stop()
        except TimeoutError:
            if self._process is not None:
                os.killpg(self._process.pid, signal.SIGKILL)

    async def look(self) -> None:
        """Change over if it is there."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        if not self.is_offered or not self.best.is_there(self._folder):
            return
        place = self.best.place(self._folder)
        written_at = place.stat().st_mtime
        if written_at == self._refused_at:
            return
        self._show(state="loading", done=self.best.bytes, reason="")
        try:
            model = await self.engine.change_to(self._build(self.best))
        except EngineError as error:
            self._refused_at = written_at
            log.error("better_model_refused", model=self.best.name, reason=str(error))
            self._show(state="failed", reason=str(error))
            return
        self._serving = self.best
        log.info("model_changed", model=model.name, context_window=model.context_window)
        self._show(state="serving")

    async def _look_again_and_again(self) -> None:
        while self.is_offered:
            await self._sleep(LOOK_EVERY)
            with suppress(OSError):
                await self.look()

    async def _run_fetch(self) -> None:
        self._show(state="fetching", rate=None, seconds_left=None, reason="")
        command = [
            "-m",
            "inference",
            "fetch",
            self.best.name,
            "--into",
            str(self._folder),
            "--json",
        ]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment(),
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - both are pipes
        assert self._process.stderr is not None  # noqa: S101
        said = asyncio.create_task(self._process.stderr.read())
        async for line in self._process.stdout:
            told = json.loads(line)
            if told["kind"] == "progress":
                self._show(**{name: told[name] for name in ("done", "rate", "seconds_left")})
        reason = (await said).decode(errors="replace").strip()
        status = await self._process.wait()
        if status == 0:
            await self.look()
        elif reason:
            log.warning("model_not_fetched", model=self.best.name, status=status)
            self._show(state="failed", reason=reason.splitlines()[-1])
        else:
            self._show(state="offered")

    def _environment(self) -> dict[str, str]:
        """What the process needs of ours: proxies, pip's settings; none of the bot's."""
        own = {name.upper() for name in Settings.model_fields}
        environment = {name: value for name, value in os.environ.items() if name.upper() not in own}
        if self._catalogue_file is not None:
            environment[_CATALOGUE] = str(self._catalogue_file)
        return environment

    def _show(self, **changed: Any) -> None:  # noqa: ANN401 - fields of an offer
        self._offer = replace(self._offer, **changed)
        self._on_change()
