"""What the model must never say, by kind, and what a rule about it looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from bot.safety.levels import RiskLevel


class BlockReason(StrEnum):
    """Why words are withheld; the value is counted and logged, never the words."""

    METHOD = "method"
    """Means, places, amounts and steps by which people hurt or starve themselves."""
    HARM = "harm"
    """Encouraging, praising or agreeing to death or violence."""
    DOSE = "dose"
    """Amounts of drugs; advice to take or stop one."""
    DIAGNOSIS = "diagnosis"
    """Telling people which illness they have."""
    IDENTITY = "identity"
    """Claiming to be a human, a counsellor, a doctor; a life of one's own."""
    CONTACT = "contact"
    """Numbers, addresses and accounts that are not in hotlines.toml."""
    ROMANCE = "romance"
    """Being the lover or relative of a minor; sexual role-play with anybody."""
    SECRECY = "secrecy"
    """Promising to keep a danger secret, or asking for it."""
    DELUSION = "delusion"
    """Confirming a persecution or a commanding voice."""
    ENDING = "ending"
    """Leaving somebody who has just said that they are in danger."""
    PRESSURE = "pressure"
    """Minimising, blaming or flattering somebody in danger."""
    LEADING = "leading"
    """Asking about danger so that only "no" can be answered."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind and the ways to say it, in normalized text, from a level of risk upwards."""

    kind: BlockReason
    pattern: re.Pattern[str] = field(repr=False)
    at: RiskLevel = RiskLevel.NONE
    excusable: bool = True
    """Whether it may be said to refuse it, to ask about it, or to repeat what was told."""
    to_minors: bool = False
    """Whether it applies only to people who have said that they are under 18."""


def rule(
    kind: BlockReason,
    *ways: str,
    at: RiskLevel = RiskLevel.NONE,
    excusable: bool = True,
    to_minors: bool = False,
) -> Rule:
    """A rule of several ways to say a thing."""
    return Rule(kind, re.compile("|".join(ways)), at, excusable, to_minors)
