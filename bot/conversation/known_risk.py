"""The danger people are known to be in, for the first reading of what they write.

Read from the database with every message, so that a button or another replica counts at once; what
was read last is kept at hand for when the database is away or slow.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from bot.safety import RiskLevel, level_at
from bot.storage import StorageError, StoredTalk
from bot.timeouts import wait_for_result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime

    from bot.storage import Clock, PendingQuestion, PersonInChat, Risk

log = structlog.get_logger(__name__)

REMEMBERED = 4096
"""People in danger whose levels are kept at hand."""


@dataclass(frozen=True, slots=True)
class KnownRisk:
    """The danger a person is known to be in, and what they were asked and have not answered."""

    level: RiskLevel = RiskLevel.NONE
    pending_question: PendingQuestion | None = None
    talk: StoredTalk = field(default_factory=StoredTalk)
    """What the protocol asked in the person's private chat, as far as it is known."""


class RiskLookup:
    """What is known of the danger of people, found within a limit of time.

    Args:
        risk: what is stored.
        now: the moment that records go by.
        sleep: waits for seconds.
    """

    def __init__(
        self, risk: Risk, now: Clock, *, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._risk = risk
        self._now = now
        self._sleep = sleep
        self._ends: OrderedDict[PersonInChat, Mapping[int, datetime]] = OrderedDict()

    async def for_people(
        self, people: Collection[PersonInChat], within: float
    ) -> dict[PersonInChat, KnownRisk]:
        """What is known of each person where they speak.

        After `within` seconds it is what was kept at hand.
        """
        try:
            states = await wait_for_result(
                self._risk.list_for_speakers(people), self._sleep(within)
            )
        except (StorageError, TimeoutError) as error:
            log.warning("known_risk_not_read", error=type(error).__name__)
            return {person: self._remembered(person) for person in people}
        known = {}
        for person in people:
            state = states.get(person)
            self._remember(person, state.ends if state is not None else {})
            level = self._remembered(person).level
            if state is None:
                known[person] = KnownRisk(level)
            else:
                known[person] = KnownRisk(level, state.pending_question, state.talk)
        return known

    def note(self, person: PersonInChat, ends: Mapping[int, datetime]) -> None:
        """Keep at hand what has just been read, whether it can be stored or not."""
        known = dict(self._ends.get(person, {}))
        for level, end in ends.items():
            known[level] = max(end, known.get(level, end))
        self._remember(person, known)

    def _remembered(self, person: PersonInChat) -> KnownRisk:
        return KnownRisk(level_at(self._ends.get(person, {}), self._now()))

    def _remember(self, person: PersonInChat, ends: Mapping[int, datetime]) -> None:
        self._ends.pop(person, None)
        if ends:
            self._ends[person] = ends
            if len(self._ends) > REMEMBERED:
                self._ends.popitem(last=False)
