"""Whatever is measured: it answers, and where its insides are at hand, it tells its losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.engine import Message
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
