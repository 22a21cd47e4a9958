"""The one interface to whatever makes tokens.

Three implementations keep this contract (tests/inference/test_engine_contract.py runs over all):
`inference.lmdeploy` speaks to LMDeploy's TurboMind servers, `inference.openai` to any other server
of the protocol, and `inference.local` runs a GGUF model on the CPU of this machine.

The errors, from the caller's point of view:

    EngineError
    ├── EngineUnavailable      nothing answers, or it answered 5xx: worth another try later
    │   ├── EngineOverloaded   too many generations wait already: worth another try soon
    │   └── ThoughtLeaked      what was streamed was a thought: take it back, try again at once
    ├── EngineTimeout          no first token, or the stream went silent: worth another try
    ├── EngineProtocolError    what came back is not a stream of this protocol
    └── EngineRejected         the request itself was refused: another try will not help
        ├── ContextTooLong     ... because it is longer than the model's context window
        └── ContentFiltered    ... or stopped by the service's own filter, which dislikes its words

No error text carries what people wrote: servers echo prompts in their messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

Role = Literal["system", "user", "assistant"]
OnWait = Callable[[int], None]


def ignore_wait(_queue_position: int) -> None:
    """For callers who do not mind waiting."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the prompt, in the order the model reads it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    The defaults are the published ones of the 7B this project is built around; the engine of a
    model with other needs brings its own (`Engine.sampling`).
    """

    temperature: float = 0.7
    top_p: float = 0.8
    repetition_penalty: float = 1.005
    max_tokens: int = 768
    dry_multiplier: float = 0.0
    """How hard a run of tokens that would repeat an earlier one is held back (llama.cpp's DRY
    multiplier); 0 is not at all. Servers that do not know it are not told."""
    json_schema: Mapping[str, object] | None = None
    """What the answer has to be, as a JSON schema. A server that cannot hold a model to one answers
    all the same: the caller reads strictly."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a caller must know of the model behind an engine."""

    name: str
    context_window: int
    """Tokens that prompt and answer may have together."""
    is_trial: bool = False
    """True for a model below the 7B class, which is not left alone with a hint of danger."""


def shown_name(name: str) -> str:
    """A model's name for people: of one that is served by its path, not where that lies."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith("/") else name


class Engine(Protocol):
    """Answers a prompt with a stream of text."""

    @property
    def sampling(self) -> Sampling:
        """The sampling this engine's model is tuned for."""
        ...

    async def start(self) -> ModelInfo:
        """Make the engine ready to stream and say what it serves.

        A remote engine that cannot be reached yet is not an error here (it may come up later);
        a local model file that is missing or broken is: `EngineRejected`.
        """
        ...

    def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        affinity: str = "",
        on_wait: OnWait = ignore_wait,
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text as it is made, in non-empty pieces.

        The stream ends when the answer is complete (or has reached `sampling.max_tokens`) and
        raises `EngineError` in every other case; nothing is ever cut off in silence. Closing the
        generator (`contextlib.aclosing`) or cancelling its task stops the generation on the
        engine's side. `affinity` is an opaque key, the same for all turns of a conversation, by
        which an engine of many nodes may choose one whose cache is warm, and by which conversations
        take turns where they wait. While the generation waits for a slot, `on_wait` is told its
        position in the queue (1: the next) whenever that changes.
        """
        ...

    @property
    def waiting(self) -> int:
        """How many generations wait for a slot now."""
        ...

    async def ready(self) -> bool:
        """Whether a generation started now would find a model. Never raises, takes <= 2 s."""
        ...

    async def aclose(self) -> None:
        """Stop running generations and free what the engine holds."""
        ...


class Chooser(Protocol):
    """An engine that can be asked which of a few words comes next, without making an answer."""

    async def choose(
        self, messages: Sequence[Message], choices: Sequence[str], *, affinity: str = ""
    ) -> Mapping[str, float]:
        """The probability of each of `choices` as the next token, among them alone.

        `choices` are one token each, as single letters are. It waits behind every generation, and
        however long that takes: the caller sets the limit. `affinity` as in `Engine.stream`.

        Raises:
            EngineError: no choice came of it; `EngineProtocolError` where the model would have
                said something else.
        """
        ...


class EngineError(Exception):
    """The engine could not answer. The message is for operators and free of chat text."""


class EngineUnavailable(EngineError):
    """Nothing answers at the engine's address, or it answered with a server's error."""


class EngineOverloaded(EngineUnavailable):
    """As many generations as allowed are running and waiting already."""


class ThoughtLeaked(EngineUnavailable):
    """What was streamed until now was not the answer but a thought, and must be taken back.

    A model whose template opens its thought in the prompt shows this only at the thought's end.
    The engine remembers it: the next answer of this model is held until its thought has ended.
    """


class EngineTimeout(EngineError):
    """No connection, no first token or no further token within the time allowed."""


class EngineProtocolError(EngineError):
    """What came back is not a stream of chat completion chunks."""


class EngineRejected(EngineError):
    """The engine refused the request or the model; the same request will be refused again."""


class ContentFiltered(EngineRejected):
    """The filter of the service behind the engine refused what was written, or its answer."""


class ContextTooLong(EngineRejected):
    """Prompt and answer do not fit into the model's context window."""
