"""What went wrong in this process lately: warnings and errors by the name of their event."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

KEPT: Final = 50
"""Events by name; the one that was seen longest ago gives way."""
MAX_NAME: Final = 64
_LEVELS: Final = frozenset({"warning", "error", "critical"})


@dataclass(frozen=True, slots=True)
class LoggedFault:
    """How often an event was logged as a fault."""

    event: str
    count: int
    last_at: datetime


class FaultLog:
    """Counts warnings and errors as they are logged. Only names of events are kept, no field.

    What other libraries log has no name but a sentence, in which anything may stand: it counts
    under the library's.
    """

    def __init__(self) -> None:
        self._faults: OrderedDict[str, LoggedFault] = OrderedDict()
        self._lock = Lock()

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Note an event on its way to the log, as a processor of structlog."""
        if event.get("level") in _LEVELS:
            self._note(_name_of(event))
        return event

    def list_recent(self) -> list[LoggedFault]:
        """The faults, the newest first."""
        with self._lock:
            return list(reversed(self._faults.values()))

    def _note(self, name: str) -> None:
        with self._lock:
            before = self._faults.pop(name, None)
            count = 1 if before is None else before.count + 1
            self._faults[name] = LoggedFault(name, count, datetime.now(UTC))
            if len(self._faults) > KEPT:
                self._faults.popitem(last=False)


def _name_of(event: MutableMapping[str, Any]) -> str:
    name = str(event.get("event", ""))
    is_name = name.isascii() and name.isidentifier() and len(name) <= MAX_NAME
    return name if is_name else str(event.get("logger", "unnamed"))[:MAX_NAME]


FAULTS: Final = FaultLog()
"""Of this process, which has one log."""
