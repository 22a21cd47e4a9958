"""Which lane hears of an update that has just been stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.telegram.inbound.intake import Arrival
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.turns.scheduler import TurnScheduler
    from bot.telegram.update_handler import UpdateHandler


@dataclass(frozen=True, slots=True)
class ArrivalRouter:
    """Wakes the lane of each arrival."""

    outbox: Outbox
    scheduler: TurnScheduler
    update_handler: UpdateHandler

    def route(self, arrival: Arrival) -> None:
        """Wake the lane in which an update waits; its chat counts as reachable from now on."""
        if arrival.chat_id is not None:
            self.outbox.mark_reachable(arrival.chat_id)
        if arrival.lane != "chat" or arrival.chat_id is None:
            self.update_handler.wake()
        elif arrival.is_edit:
            self.scheduler.wake_for_edit(arrival.chat_id)
        else:
            self.scheduler.wake(arrival.chat_id)
