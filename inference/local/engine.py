"""The engine of a machine with no GPU: a GGUF model on the CPU, in a process of its own."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.admission import Admission
from inference.catalogue import load_catalogue
from inference.chat_completions import ChatCompletions, Timeouts
from inference.engine import (
    EngineError,
    EngineUnavailable,
    Message,
    ModelInfo,
    Sampling,
    ignore_wait,
)
from inference.local.process import ServerProcess
from inference.local.server import LocalServerConfig
from inference.local.slots import Slots
from inference.model_size import is_below_7b_class

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from inference.catalogue import Catalogue
    from inference.engine import OnWait
    from inference.local.process import ServedModel

PACKAGED_MODEL: Final = Path(__file__).with_name("model") / "shudong-small.gguf"

TRIAL_SAMPLING: Final = load_catalogue().packaged.sampling
"""What suits the packaged model, and others that were made as it was."""

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
        adapter: Path | None = None,
        persona: str = "",
        catalogue: Catalogue | None = None,
    ) -> None:
        """Prepare the engine; the model is loaded by `start`.

        Args:
            model_path: A GGUF chat model.
            slots: Generations that run at once.
            max_context: Tokens of prompt and answer together, where the model could take more;
                each slot's memory grows with it.
            threads: CPU threads; 0 takes what suits the model and the cores.
            max_waiting: Generations that wait for a slot; more are refused.
            timeouts: How long to wait for the model.
            adapter: A LoRA adapter (GGUF) that is put on it; None takes the catalogue's, if there
                is one beside the model.
            catalogue: What is known of models; None takes the package's.
            persona: What prompts begin with; it is read beforehand, so that a first answer does
                not wait for it.
        """
        catalogue = catalogue or load_catalogue()
        known = catalogue.of_file(model_path)
        self._sampling = known.sampling if known is not None else None
        if adapter is None and known is not None and known.adapter is not None:
            folder = model_path.parent
            adapter = known.adapter.place(folder) if known.adapter.is_there(folder) else None
        self._persona = persona
        self._slots = Slots(slots)
        self._warming: asyncio.Task[None] | None = None
        self._timeouts = timeouts or Timeouts(connect=5.0, first_token=120.0, stall=60.0)
        self._admission = Admission(running=slots, waiting=max_waiting)
        self.process = ServerProcess(
            LocalServerConfig(
                model_path=str(model_path),
                slots=slots,
                max_context=max_context,
                threads=threads,
                api_key="",
                adapter_path=str(adapter or ""),
                adapter_bases={
                    one.adapter.sha256: one.adapter.base_sha256
                    for one in catalogue.models
                    if one.adapter is not None
                },
            )
        )
        self._endpoint: ChatCompletions | None = None
        self._served: ServedModel | None = None

    @property
    def sampling(self) -> Sampling:
        """What suits the model, by the catalogue or by how it was made."""
        return self._sampling or Sampling()

    @property
    def waiting(self) -> int:
        """How many generations wait for a slot."""
        return self._admission.waiting

    async def start(self) -> ModelInfo:
        """Load the model; raises `EngineRejected` when it cannot be."""
        report = (await self.process.start()).report
        info = ModelInfo(
            name=report.name,
            context_window=report.context_window,
            is_trial=is_below_7b_class(report.parameters),
        )
        if report.is_trial:
            self._sampling = self._sampling or TRIAL_SAMPLING
        elif self._persona:  # a model of the packaged one's kind reads no persona
            self._warming = asyncio.create_task(self._warm(), name="local-model-warming")
        return info

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
            with self._slots.hold(affinity) as slot:
                pieces = endpoint.stream(messages, sampling, model, extra_body={"id_slot": slot})
                async with aclosing(pieces):
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
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self.process.stop()
        if self._endpoint is not None:
            await self._endpoint.aclose()
            self._endpoint = None

    async def _warm(self) -> None:
        """Let each slot read the persona, behind all answers; what fails is read with an answer."""
        prompt = [Message("system", self._persona), Message("user", "")]
        once = replace(self.sampling, max_tokens=1)
        while self._slots.has_unused:
            async with self._admission.last_slot():
                with self._slots.hold("") as slot, suppress(EngineError):
                    endpoint, model = await self._connected()
                    stream = endpoint.stream(prompt, once, model, extra_body={"id_slot": slot})
                    async with aclosing(stream):
                        async for _ in stream:
                            pass

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
