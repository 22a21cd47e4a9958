"""What storage has to know of a sign of danger, in a message or in a whole turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.safety import (
    BY_OTHERS,
    asked_anew,
    covered_by,
    danger_by_name,
    danger_of,
    ends_of,
    level_at,
    needs_card,
)
from bot.storage import RiskSignal
from bot.telegram.chat_ids import is_private

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.conversation.companion import Plan
    from bot.locales import Language
    from bot.safety import Assessment
    from bot.storage import Clock


class DangerSignals:
    """Makes signals.

    Args:
        now: the moment that records go by.
        check_in_after: when a person in danger is asked after; None: never.
    """

    def __init__(self, now: Clock, check_in_after: timedelta | None) -> None:
        self._now = now
        self._check_in_after = check_in_after

    def of(
        self,
        found: Assessment,
        *,
        chat_id: int,
        user_id: int,
        language_code: str | None,
        update_id: int = 0,
        met_for: str | None = None,
    ) -> RiskSignal:
        """The signal of what was found; `met_for` is the danger known before."""
        now, level = self._now(), found.level
        danger = danger_of(found, danger_by_name(met_for) if met_for is not None else None)
        covered_from, alike = covered_by(level, danger)
        # Only in a private chat can a person be asked without others reading along, and not on a
        # phone that who hurts them may read.
        asks = is_private(chat_id) and danger not in BY_OTHERS
        after = self._check_in_after if asks else None
        return RiskSignal(
            update_id=update_id,
            chat_id=chat_id,
            user_id=user_id,
            level=level,
            language_code=language_code,
            ends={step.value: end for step, end in ends_of(level, now).items()},
            check_in_at=now + after if after is not None else None,
            danger=danger.value,
            covered_from=covered_from,
            covered_by=frozenset(one.value for one in alike),
        )

    def of_turn(self, plan: Plan, language: Language) -> RiskSignal:
        """The signal of a whole turn; what may have changed since is asked anew."""
        signal = self.of(
            plan.assessment,
            chat_id=plan.turn.chat_id,
            user_id=plan.turn.user_id,
            language_code=language.value,
            met_for=plan.met_for,
        )
        known = level_at(plan.risk.ends, self._now())
        is_new = signal.danger != plan.met_for or plan.assessment.level > known
        if plan.met_for is None or not needs_card(plan.assessment.level) or not is_new:
            return signal
        return replace(signal, asked_anew=asked_anew())
