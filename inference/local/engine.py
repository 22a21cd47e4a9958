"""The engine of a machine with no GPU: a GGUF model on the CPU, in a process of its own."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.admission import Admission
from inference.chat_completions import ChatCompletions, Timeouts
from inference.engine import EngineError, EngineUnavailable, ModelInfo, Sampling, ignore_wait
from inference.local.process import ServerProcess
from inference.local.server import LocalServerConfig

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from inference.engine import Message, OnWait
    from inference.local.process import ServedModel

PACKAGED_MODEL: Final = Path(__file__).with_name("model") / "shudong-small.gguf"

TRIAL_SAMPLING: Final = Sampling(
    temperature=0.5, top_p=0.85, repetition_penalty=1.0, max_tokens=96, dry_multiplier=2.0
)
"""What suits the packaged model; a bigger one wants the defaults."""

READY_SECONDS = 2.0


class LocalEngine:
    """Streams from a GGUF model on this machine; implements `inference.engine.Engine`."""

    def __init__(
        self,
        model_path: Path = PACKAGED_MODEL,
        *,
        slots: int = 4,
        max_context: int = 8192,
        threads: int = 0,
        max_waiting: int = 1024,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Prepare the engine; the model is loaded by `start`.

        Args:
            model_path: A GGUF chat model.
            slots: Generations that run at once.
            max_context: Tokens of prompt and answer together, where the model could take more;
                each slot's memory grows with it.
            threads: CPU threads; 0 takes the physical cores, or one for a very small model.
            max_waiting: Generations that wait for a slot; more are refused.
            timeouts: How long to wait for the model.
        """
        self._is_packaged = model_path == PACKAGED_MODEL
        self._timeouts = timeouts or Timeouts(connect=5.0, first_token=120.0, stall=60.0)
        self._admission = Admission(running=slots, waiting=max_waiting)
        self.process = ServerProcess(
            LocalServerConfig(
                model_path=str(model_path),
                slots=slots,
                max_context=max_context,
                threads=threads,
                api_key="",
            )
        )
        self._endpoint: ChatCompletions | None = None
        self._served: ServedModel | None = None
        self._info: ModelInfo | None = None

    @property
    def sampling(self) -> Sampling:
        """The trial model's own sampling where that is what is loaded."""
        return TRIAL_SAMPLING if self._info and self._info.is_trial else Sampling()

    @property
    def waiting(self) -> int:
        """How many generations wait for a slot."""
        return self._admission.waiting

    async def start(self) -> ModelInfo:
        """Load the model; raises `EngineRejected` when it cannot be."""
        report = (await self.process.start()).report
        self._info = ModelInfo(
            name=report.name,
            context_window=report.context_window,
            is_trial=report.is_trial or self._is_packaged,
        )
        return self._info

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        affinity: str = "",
        on_wait: OnWait = ignore_wait,
    ) -> AsyncGenerator[str, None]:
        """Yield the model's answer."""
        async with self._admission.slot(on_wait, conversation=affinity):
            endpoint, model = await self._connected()
            async with aclosing(endpoint.stream(messages, sampling, model)) as pieces:
                async for piece in pieces:
                    yield piece

    async def ready(self) -> bool:
        """Whether the model's process answers."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                endpoint, _ = await self._connected()
                return bool(await endpoint.models())
        except (EngineError, TimeoutError):
            return False

    async def aclose(self) -> None:
        """End the model's process."""
        await self.process.stop()
        if self._endpoint is not None:
            await self._endpoint.aclose()
            self._endpoint = None

    async def _connected(self) -> tuple[ChatCompletions, str]:
        """The client of the server that runs now, and the model's name."""
        served = self.process.serving
        if served is None:
            raise EngineUnavailable("the local model is not running; it is being started again")
        if self._endpoint is None or served is not self._served:
            stale, self._served = self._endpoint, served
            self._endpoint = ChatCompletions(
                f"{served.report.address}/v1",
                api_key=served.api_key,
                timeouts=self._timeouts,
                repetition_fields=("repeat_penalty",),
                dry_multiplier_field="dry_multiplier",
                thinks=False,
                on_this_machine=True,
                context_window=served.report.context_window,
            )
            if stale is not None:
                await stale.aclose()
        return self._endpoint, served.report.name
