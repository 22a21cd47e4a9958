"""What a person reads in place of words that were blocked: reviewed texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales import texts_for
from bot.safety.guard.reasons import BlockReason
from bot.safety.hotlines import emergency
from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.safety.hotlines import Region


def instead_of(
    kind: BlockReason, level: RiskLevel, language: Language, region: Region | None = None
) -> str:
    """The text for a kind; to a person in danger always the one that asks how safe they are.

    `region` is where the person said they are, as for cards.
    """
    texts = texts_for(language)
    if level >= RiskLevel.HIGH:
        return texts.guard_at_risk(emergency=emergency(language, region))
    own = {
        BlockReason.DOSE: texts.guard_dose,
        BlockReason.DIAGNOSIS: texts.guard_diagnosis,
        BlockReason.IDENTITY: texts.guard_identity,
        BlockReason.CONTACT: texts.guard_contact,
        BlockReason.ROMANCE: texts.guard_romance,
        BlockReason.DELUSION: texts.guard_delusion,
        BlockReason.BONDING: texts.guard_bonding,
    }
    return own.get(kind, texts.guard_danger)
