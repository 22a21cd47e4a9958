"""How many commands and presses of buttons one person gets in a minute, in one process."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW: Final = 60.0
Granted = Literal["granted", "first refused", "refused"]
REMEMBERED: Final = 4096
"""People whose requests are kept in mind."""


@dataclass(slots=True)
class _Requests:
    at: deque[float] = field(default_factory=deque)
    told_at: float = float("-inf")


class RequestPace:
    """Counts requests by person. `per_minute` of 0 sets no limit."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._people: OrderedDict[int, _Requests] = OrderedDict()

    def note(self, user_id: int) -> Granted:
        """Note a request; whether it is granted, or the first in a minute that is not."""
        if not self._per_minute:
            return "granted"
        now = self._clock()
        requests = self._people.setdefault(user_id, _Requests())
        self._people.move_to_end(user_id)
        if len(self._people) > REMEMBERED:
            self._people.popitem(last=False)
        while requests.at and requests.at[0] <= now - WINDOW:
            requests.at.popleft()
        if len(requests.at) < self._per_minute:
            requests.at.append(now)
            return "granted"
        if now - requests.told_at < WINDOW:
            return "refused"
        requests.told_at = now
        return "first refused"
