"""What a short answer to the protocol's own question says of how serious it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.safety.levels import Assessment, Axis, RiskLevel, Who
from bot.safety.protocol.dangers import ANSWERED_TAKEN, danger_by_name
from bot.safety.protocol.told import GOODBYE, told_by

if TYPE_CHECKING:
    from bot.safety.protocol.told import Told

_FAREWELL = "answered_farewell"


def read_as_answer(
    found: Assessment, message: str, asked: str | None, met_for: str | None
) -> Assessment:
    """`found`, imminent where the message says that something was done, or is a farewell.

    `asked` is the question of the protocol right before it, `met_for` the name of the danger: 嗯
    says nothing of itself, and after "have you hurt yourself already" all there is to know.
    """
    if asked not in ("taken", GOODBYE):
        return found
    reason, axes = _done(told_by(message, danger_by_name(met_for), asked))
    if reason is None:
        return found
    level, who = RiskLevel.IMMINENT, Who.SELF
    reasons = (reason, *(one for one in found.reasons if one != reason))
    return replace(found, level=level, reasons=reasons, axes=found.axes | axes, who=who)


def _done(told: Told) -> tuple[str | None, frozenset[Axis]]:
    if told.answers.get("taken") == "yes":
        return ANSWERED_TAKEN, frozenset({Axis.BODY, Axis.SUICIDE})
    if told.answers.get(GOODBYE) == "farewell":
        return _FAREWELL, frozenset({Axis.SUICIDE})
    return None, frozenset()
