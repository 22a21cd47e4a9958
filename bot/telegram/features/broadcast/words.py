"""What a person reads of a broadcast: an admin's own words, or that the service ends on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.access import access_texts_for
from bot.safety.hotlines import numbers_for

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales import Language
    from bot.safety import Region
    from bot.storage import Broadcast


def broadcast_words(
    broadcast: Broadcast, language: Language, region: Region | None, now: datetime
) -> str | None:
    """The words for a person; None: they are forgotten already."""
    if broadcast.ends_on is None:
        return broadcast.words
    lines = numbers_for(language, region, at=now)["lines"]
    day = broadcast.ends_on.isoformat()
    return access_texts_for(language).service_ends(day=day, lines=lines)
