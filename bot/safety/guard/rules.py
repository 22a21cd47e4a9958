"""What the model may not say: the TOML files of this folder, read by people who check them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.safety.guard.reasons import BlockReason
from bot.safety.levels import RiskLevel
from bot.safety.rules.rule import Rule, read_rules


@dataclass(frozen=True, slots=True)
class BlockMeaning:
    """What the words of a rule mean in the mouth of the model, and to whom."""

    reason: BlockReason
    from_level: RiskLevel = RiskLevel.NONE
    """The risk of the listener from which it applies."""
    excusable: bool = True
    """Whether it may be said to refuse it, to ask about it, or to repeat what was told."""
    minors_only: bool = False
    """Whether it applies only to people who have said that they are under 18."""


def _block(entry: dict[str, Any]) -> BlockMeaning:
    reason = BlockReason(entry.pop("reason"))
    from_level = RiskLevel[entry.pop("from_level", "none").upper()]
    return BlockMeaning(reason, from_level, **entry)


# In the order of how much it matters which reason is named: the reviewed text follows from it.
_FILES = ("methods", "encouragement", "in_danger", "closeness", "medicine", "identity")

RULES: tuple[Rule[BlockMeaning], ...] = tuple(
    rule for file in _FILES for rule in read_rules("bot.safety.guard", f"{file}.toml", _block)
)
