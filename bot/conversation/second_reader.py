"""The second reading of a turn: in meaning, beside its answer, and only ever upwards.

What the first reading (`bot.conversation.reading`) finds stands at once. The readers here take
longer: what they find comes while the answer is being made. One that is away, late or broken says
nothing, is counted, and costs no answer.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.conversation.prompt import as_words
from bot.safety import BOTH, Assessment, RiskLevel, StackedReader, choice_prompt, first_reader
from bot.timeouts import wait_for_result
from inference.engine import EngineRejected, Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.safety import EncoderModel, Stacks, Utterance
    from bot.storage import Counters
    from inference.engine import Chooser

log = structlog.get_logger(__name__)

REJECTED_FOR = 300.0
"""Seconds in which an engine that does not know the question is not asked it again."""


class SecondReader(Protocol):
    """Reads a talk in meaning."""

    @property
    def name(self) -> str:
        """What counters and logs call it, in lower case."""
        ...

    async def read(
        self, said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE
    ) -> Assessment | None:
        """How serious the last of `said` (oldest first) is, of a person at `standing`.

        None where it cannot tell.
        May raise anything; may take long: the caller sets the limit.
        """
        ...

    async def aclose(self) -> None:
        """Free what it holds."""
        ...


class EncoderReader:
    """The encoder in the package, weighed with the first reader, in a thread of its own.

    One talk at a time. What it says in time is the first reading; what it says late, the second.

    Args:
        load: makes the encoder, which takes a second or two; None: it is not installed.
        stacks: how the scores are weighed, if not as the package says.
    """

    name = "encoder"

    def __init__(
        self, load: Callable[[], EncoderModel | None], stacks: Stacks | None = None
    ) -> None:
        self._thread = ThreadPoolExecutor(1, "encoder")
        self._reader = self._thread.submit(_stacked, load, stacks)

    async def judge(self, said: Sequence[Utterance], standing: RiskLevel) -> Assessment | None:
        """What rules and both readers make of the last of `said`; None where there is no encoder.

        May raise anything, and take long.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._read, said, standing
        )

    async def read(
        self, said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE
    ) -> Assessment | None:
        """What it says in meaning; nothing of what is ruled. See `SecondReader.read`."""
        found = await self.judge(said, standing)
        return found if found is None or BOTH in found.reasons else Assessment(RiskLevel.NONE)

    async def aclose(self) -> None:
        """Take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, said: Sequence[Utterance], standing: RiskLevel) -> Assessment | None:
        reader = self._reader.result()  # done: the thread does one thing after the other
        return None if reader is None else reader.read(said, standing)


def _stacked(
    load: Callable[[], EncoderModel | None], stacks: Stacks | None
) -> StackedReader | None:
    encoder = load()
    return None if encoder is None else StackedReader(encoder, stacks)


class EngineReader:
    """The engine that answers, asked for one letter behind all answers.

    Args:
        chooser: the engine.
        clock: monotonic seconds.
    """

    name = "engine"

    def __init__(self, chooser: Chooser, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._chooser = chooser
        self._clock = clock
        self._rejected_until = float("-inf")

    async def read(
        self,
        said: Sequence[Utterance],
        standing: RiskLevel = RiskLevel.NONE,  # noqa: ARG002 - the talk tells the engine
    ) -> Assessment | None:
        """See `SecondReader.read`."""
        if self._clock() < self._rejected_until:
            return None
        prompt = choice_prompt()
        messages = [Message(role, as_words(text)) for role, text in prompt.ask(said)]
        try:
            likely = await self._chooser.choose(messages, tuple(prompt.letters))
        except EngineRejected:
            self._rejected_until = self._clock() + REJECTED_FOR
            raise
        level = prompt.level(likely)
        if level is RiskLevel.NONE:
            return Assessment(level)
        # It is asked for one letter: in which way, and who, is the first reader's opinion.
        return Assessment(level, (self.name,), *first_reader().opinion(said))

    async def aclose(self) -> None:
        """Nothing is held: the engine is another's."""


class SecondReading:
    """All second readers as one that never raises and never takes longer than `within` seconds.

    Args:
        readers: read beside each other.
        counters: count those that are away.
        within: seconds that one may take.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        readers: Sequence[SecondReader],
        counters: Counters,
        *,
        within: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._readers = tuple(readers)
        self._counters = counters
        self._within = within
        self._sleep = sleep

    async def read(
        self, said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE
    ) -> Assessment:
        """The most serious of what the readers find in the last of `said` (oldest first).

        `standing` is what the person is in when it comes.
        """
        found = await asyncio.gather(
            *(self._ask(reader, said, standing) for reader in self._readers)
        )
        return max(found, key=lambda one: one.level, default=Assessment(RiskLevel.NONE))

    async def aclose(self) -> None:
        """Free what the readers hold."""
        await asyncio.gather(*(reader.aclose() for reader in self._readers))

    async def _ask(
        self, reader: SecondReader, said: Sequence[Utterance], standing: RiskLevel
    ) -> Assessment:
        reason = "no_answer"
        try:
            found = await wait_for_result(reader.read(said, standing), self._sleep(self._within))
        except Exception as error:
            # Whatever it is: the first reader has read the turn, and its answer goes on.
            found, reason = None, type(error).__name__
        if found is not None:
            return found
        log.info("second_reader_away", reader=reader.name, reason=reason)
        await self._counters.add(f"second_{reader.name}_away")
        return Assessment(RiskLevel.NONE)
