"""A circuit breaker: remembers that a node failed, and lets it come back carefully.

    closed ──a failure──> open ──its pause is over, and it answers a check──> half-open
      ^                    ^                                                     │
      └── an answer ───────┼──────────────── one generation on trial ────────────┘
                           └── a failure: the next pause is longer

No answer is used to find out whether a dead host is back: `NodesEngine` asks the node what it
serves, in the background, and only then trusts it with one generation.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSES: Final = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds for which a node rests after its first, second, ... failure in a row."""


class _State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    CHECKING = "checking"
    HALF_OPEN = "half-open"
    ON_TRIAL = "on trial"


class Breaker:
    """The state of one node. Not thread-safe; belongs to one event loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._state = _State.CLOSED
        self._failures = 0
        self.rests_until = float("-inf")
        """When the pause after the last failure ends, by the clock."""

    @property
    def takes_work(self) -> bool:
        """Whether the next generation may go to this node as a matter of course."""
        return self._state in {_State.CLOSED, _State.HALF_OPEN}

    def begin(self) -> bool:
        """A generation starts; true when it is the one on trial."""
        on_trial = self._state is _State.HALF_OPEN
        if on_trial:
            self._state = _State.ON_TRIAL
        return on_trial

    def abandon(self) -> None:
        """The generation on trial was given up by its caller before it said anything."""
        if self._state is _State.ON_TRIAL:
            self._state = _State.HALF_OPEN

    def succeed(self) -> None:
        """A generation went well."""
        self._state = _State.CLOSED
        self._failures = 0

    def fail(self) -> None:
        """A generation failed through the node's fault."""
        if self._state is not _State.OPEN:  # a burst that fails together is one failure
            self._failures += 1
        self._state = _State.OPEN
        pause = PAUSES[min(self._failures, len(PAUSES)) - 1]
        self.rests_until = self._clock() + pause

    def wants_check(self) -> bool:
        """Whether the pause is over and the node is not being checked; if so the caller has to."""
        if self._state is not _State.OPEN or self._clock() < self.rests_until:
            return False
        self._state = _State.CHECKING
        return True

    def checked(self, *, good: bool) -> None:
        """What the check found; a generation that ended meanwhile knows better."""
        if self._state is not _State.CHECKING:
            return
        if good:
            self._state = _State.HALF_OPEN
        else:
            self._state = _State.OPEN
            self._failures += 1
            pause = PAUSES[min(self._failures, len(PAUSES)) - 1]
            self.rests_until = self._clock() + pause
