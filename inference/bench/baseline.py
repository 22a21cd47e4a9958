"""The way without a server: transformers, 16 bits, one request at a time.

It is how a model is served by a demo page around `model.generate`, and what LMDeploy's figures are
held against. The second waits until the first answer is whole.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.generation.streamers import BaseStreamer

from inference.chat_template import render
from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from inference.engine import Message, Sampling


@asynccontextmanager
async def loaded(model: Path, *, trust_remote_code: bool) -> AsyncIterator[Baseline]:
    """The model in memory: fp16 on a GPU, fp32 on a CPU, where fp16 would be slower."""
    try:
        baseline = await asyncio.to_thread(Baseline, model, trust_remote_code)
    except (OSError, ValueError) as error:
        raise CommandError(f"transformers cannot load {model} ({type(error).__name__}).") from None
    yield baseline


class Baseline:
    """A `Target` around `model.generate`."""

    def __init__(self, folder: Path, trust_remote_code: bool) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.float16 if device == "cuda" else torch.float32
        self._tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=trust_remote_code
        )
        self._model = model.to(device).eval()
        self._turn = asyncio.Lock()
        self.name = f"transformers, {str(dtype).removeprefix('torch.')}, {device}, one at a time"

    async def answer(
        self, messages: Sequence[Message], sampling: Sampling, began: Callable[[], None]
    ) -> int:
        """Wait for the turn, then generate."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            return await asyncio.to_thread(
                self._generate, messages, sampling, lambda: loop.call_soon_threadsafe(began)
            )

    def _generate(
        self, messages: Sequence[Message], sampling: Sampling, began: Callable[[], object]
    ) -> int:
        prompt = self._tokenizer(render(messages), return_tensors="pt").to(self._model.device)
        streamer = _FirstToken(began)
        with torch.inference_mode():
            self._model.generate(
                input_ids=prompt["input_ids"],
                attention_mask=prompt["attention_mask"],
                do_sample=True,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                repetition_penalty=sampling.repetition_penalty,
                max_new_tokens=sampling.max_tokens,
                pad_token_id=self._tokenizer.pad_token_id or 0,
                streamer=streamer,
            )
        return streamer.tokens


class _FirstToken(BaseStreamer):  # type: ignore[misc] # transformers is not typed
    """Counts tokens and tells of the first one; the prompt comes before it."""

    def __init__(self, began: Callable[[], object]) -> None:
        self._began = began
        self._saw_prompt = False
        self.tokens = 0

    def put(self, value: Any) -> None:  # noqa: ANN401 - a tensor
        if not self._saw_prompt:
            self._saw_prompt = True
            return
        if not self.tokens:
            self._began()
        self.tokens += value.numel()

    def end(self) -> None:
        pass
