"""What intake needs of the crisis feature: `inbound` imports no feature, `wiring` hands it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.safety import Assessment
    from bot.storage import OwedCard, RiskSignal


class RiskCards(Protocol):
    """Crisis cards, sent the moment an update arrives."""

    def risk_signal(
        self,
        found: Assessment,
        *,
        chat_id: int,
        user_id: int,
        language_code: str | None,
        update_id: int = 0,
        met_for: str | None = None,
    ) -> RiskSignal:
        """What storage has to know of a sign of danger; `met_for` is the danger known before."""

    def send(self, owed: OwedCard) -> None:
        """Send a card whose lease is ours."""

    def send_unrecorded(self, signal: RiskSignal) -> bool:
        """Send the card of a signal that could not be stored in time; False if that was done."""
