"""The nodes of an engine: what each one serves, how busy it is and how it fared lately."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from inference.engine import (
    EngineError,
    EngineRejected,
    EngineUnavailable,
    Message,
    Sampling,
    ThoughtLeaked,
)
from inference.nodes.breaker import Breaker
from inference.server_errors import EndpointNotFound, EndpointRefused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from inference.chat_completions import ChatCompletions


TRIAL: Final = Message("user", "1+1=?")
"""Nothing that a person said; easy, so that a thought about it is short."""
_NAMES_TOLD: Final = 12
_TRIAL_SAMPLING: Final = Sampling(max_tokens=256)


class Node:
    """One base URL."""

    def __init__(
        self,
        endpoint: ChatCompletions,
        model_name: str,
        clock: Callable[[], float],
        *,
        lists_all: bool = True,
    ) -> None:
        """Serve `model_name` from `endpoint`, or the one it serves where that is empty.

        Where it may serve what it does not list (not `lists_all`), its list refuses no name, and an
        empty one is an answer only where the list leaves no choice.
        """
        self._endpoint = endpoint
        self._lists_all = lists_all
        self._wanted = model_name
        self._model = model_name
        self._breaker = Breaker(clock)
        self.address = endpoint.address
        self.running = 0
        self.is_drained = False
        """Whether it gets no new generation, by the word of an operator."""

    @property
    def takes_work(self) -> bool:
        """Whether it may get a generation as a matter of course; see `Breaker`."""
        return self._breaker.takes_work

    @property
    def rests_until(self) -> float:
        """When its pause after a failure ends."""
        return self._breaker.rests_until

    def wants_check(self) -> bool:
        """Whether the caller should call `come_back` now; says so once."""
        return self._breaker.wants_check()

    async def come_back(self) -> None:
        """Find out whether a node that failed answers again. Never raises but when cancelled."""
        good = False
        try:
            await self.check()
            good = True
        except EngineError:
            pass
        finally:
            self._breaker.checked(good=good)

    async def model(self) -> str:
        """The name of the model to ask for, looked up when there is none to go by."""
        if not self._model:
            self._model = await self.check()
        return self._model

    async def check(self) -> str:
        """The name of the model this node would answer with; raises `EngineError` if none."""
        try:
            names = await self._endpoint.models()
        except EndpointNotFound:
            if self._wanted:
                return self._wanted  # a gateway that lists nothing; the first answer will tell
            raise
        if self._wanted and not self._lists_all:
            return self._wanted
        if not names:
            raise EngineUnavailable(f"{self._endpoint.address}: no model is loaded yet")
        if self._wanted and self._wanted not in names:
            raise EndpointRefused(
                f"{self._endpoint.address}: the model {self._wanted!r} is not served here, "
                f"but {', '.join(map(repr, names))}"
            )
        if len(names) > 1 and not self._lists_all:
            told = [*names[:_NAMES_TOLD], *(["..."] if len(names) > _NAMES_TOLD else [])]
            raise EndpointRefused(
                f"{self._endpoint.address}: it serves {len(names)} models; "
                f"set MODEL_NAME to one of {', '.join(told)}"
            )
        return self._wanted or names[0]

    async def try_out(self) -> None:
        """Have one short answer made: it shows whether the template opens a thought.

        Raises EndpointRefused where the node would refuse any request; what else goes wrong is left
        to the first real answer.
        """
        try:
            async with aclosing(
                self._endpoint.stream([TRIAL], _TRIAL_SAMPLING, await self.model())
            ) as pieces:
                async for _ in pieces:
                    pass
        except EndpointRefused:
            raise
        except EngineError:
            pass

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[str, None]:
        """Yield the answer's text and remember how it went."""
        self.running += 1
        on_trial = self._breaker.begin()
        started = False
        try:
            model = await self.model()
            async with aclosing(self._endpoint.stream(messages, sampling, model)) as pieces:
                async for piece in pieces:
                    started = True
                    yield piece
        except EndpointRefused:
            self._model = self._wanted  # it may serve another model since it was asked
            self._breaker.fail()
            raise
        except (EngineRejected, ThoughtLeaked):
            self._breaker.succeed()  # the node did its work
            raise
        except Exception:
            self._breaker.fail()
            raise
        except BaseException:  # the caller wants no more of it
            if started:
                self._breaker.succeed()
            elif on_trial:
                self._breaker.abandon()
            raise
        else:
            self._breaker.succeed()
        finally:
            self.running -= 1

    async def choose(
        self, messages: Sequence[Message], choices: Sequence[str]
    ) -> Mapping[str, float]:
        """Which of `choices` comes next; how it went says nothing about the node's answers."""
        return await self._endpoint.choose(messages, choices, await self.model())

    async def aclose(self) -> None:
        """Close the node's connections."""
        await self._endpoint.aclose()
