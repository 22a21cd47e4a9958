"""Whatever is measured: it answers, and where its insides are at hand, it tells its losses."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from inference.chat_completions import ChatCompletions, Timeouts
from inference.engine import ContextTooLong, EngineError, EngineTimeout, EngineUnavailable
from training.evaluate.config import EvaluateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inference.engine import Message
    from training.evaluate.config import EvalConfig
    from training.evaluate.held_out import HeldOutDialogue


@dataclass(frozen=True, slots=True)
class AnswerLoss:
    """What the corpus's answers in a dialogue cost a model, in nats."""

    nats: float
    tokens: int
    """With the marks that end an answer."""
    characters: int
    """Of the answers' text."""


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """What was said, and whether the prompt was cut to fit the model's window."""

    text: str
    is_shortened: bool = False


class EvalModel(Protocol):
    """One model, loaded or reached."""

    @property
    def made_by(self) -> str:
        """What generates, for the report."""
        ...

    @property
    def is_quantized(self) -> bool | None:
        """Whether this is a W4A16 model; None where that is not told."""
        ...

    @property
    def tells_losses(self) -> bool:
        """Whether its probabilities can be read, and not its words alone."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes when the model does, as far as can be told."""
        ...

    def loss(self, dialogue: HeldOutDialogue) -> AnswerLoss | None:
        """What the dialogue's answers cost; None where none of them fits or it is not told."""
        ...

    def answer(self, prompts: Sequence[Sequence[Message]], seed: int) -> list[GeneratedAnswer]:
        """An answer to each prompt. Raises `CommandError`."""
        ...


class ServedFolder:
    """A folder, which tells losses, and the server of it, which answers."""

    def __init__(self, folder: EvalModel, server: EvalModel) -> None:
        self._folder = folder
        self._server = server
        self.made_by = f"{server.made_by}; losses by {folder.made_by}"
        self.is_quantized = folder.is_quantized
        self.tells_losses = folder.tells_losses
        self.fingerprint = f"{folder.fingerprint} {server.fingerprint}"

    def loss(self, dialogue: HeldOutDialogue) -> AnswerLoss | None:
        """The folder's."""
        return self._folder.loss(dialogue)

    def answer(self, prompts: Sequence[Sequence[Message]], seed: int) -> list[GeneratedAnswer]:
        """The server's."""
        return self._server.answer(prompts, seed)


LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TIMEOUTS = Timeouts(connect=10.0, first_token=600.0, stall=120.0)
_TRIES = 4
_PAUSE = 2.0
"""Seconds before the second try, doubled before each further one."""


@contextmanager
def reached(url: str, config: EvalConfig) -> Iterator[AddressModel]:
    """The model that a server lists first. Raises EvaluateError."""
    with asyncio.Runner() as runner:
        client = ChatCompletions(
            url,
            api_key=config.api_key,
            timeouts=_TIMEOUTS,
            on_this_machine=urlsplit(url).hostname in LOOPBACK,
        )
        try:
            names = runner.run(client.models())
            if not names:
                raise EvaluateError(f"{url} lists no model.")
            yield AddressModel(client, names[0], config, runner)
        except EngineError as error:
            raise EvaluateError(f"The model does not answer: {error}.") from None
        finally:
            runner.run(client.aclose())


class AddressModel:
    """A `EvalModel` behind an address. Its losses are not to be had over this protocol."""

    is_quantized = None
    tells_losses = False

    def __init__(
        self, client: ChatCompletions, name: str, config: EvalConfig, runner: asyncio.Runner
    ) -> None:
        self._client = client
        self._name = name
        self._sampling = config.sampling
        self._runner = runner
        self.made_by = f"{name} at {client.address}"
        self.fingerprint = self.made_by

    def loss(self, dialogue: HeldOutDialogue) -> AnswerLoss | None:  # noqa: ARG002 - of the protocol
        """Not told."""
        return None

    def answer(self, prompts: Sequence[Sequence[Message]], seed: int) -> list[GeneratedAnswer]:  # noqa: ARG002
        """Answers of one batch, all under way at once; a server draws its own chances."""

        async def answers() -> list[GeneratedAnswer]:
            return list(await asyncio.gather(*map(self._answer, prompts)))

        return self._runner.run(answers())

    async def _answer(self, prompt: Sequence[Message]) -> GeneratedAnswer:
        kept = list(prompt)
        pause = _PAUSE
        tries = _TRIES
        while True:
            try:
                return GeneratedAnswer(await self._streamed(kept), len(kept) < len(prompt))
            except ContextTooLong:
                said = 1 if kept[0].role == "system" else 0
                if len(kept) <= said + 1:
                    raise
                del kept[said : said + 2]
            except (EngineUnavailable, EngineTimeout):
                tries -= 1
                if not tries:
                    raise
                await asyncio.sleep(pause)
                pause *= 2

    async def _streamed(self, prompt: Sequence[Message]) -> str:
        async with aclosing(self._client.stream(prompt, self._sampling, self._name)) as pieces:
            return "".join([piece async for piece in pieces]).strip()
