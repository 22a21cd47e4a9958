"""What the model is told of how a person wants to be spoken to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales import Language

if TYPE_CHECKING:
    from bot.storage import Preferences

_BY_MANNER = {
    "listen": "对方希望你多听：先把 TA 的感受说准，少给建议；TA 问起怎么办，再给一条。",
    "advise": "对方希望你多出主意：接住感受用一句话，然后给一两件具体、今天就做得到的小事。",
}
_BRIEF = "对方喜欢短的回答：一到三句，不列条目。"
_IN_ENGLISH = "对方选了英文：用英文回答。"


def wishes(preferences: Preferences) -> str:
    """What a person chose, as instructions for the prompt; empty where they chose nothing."""
    found = (
        _BY_MANNER.get(preferences.manner or "", ""),
        _BRIEF if preferences.is_brief else "",
        _IN_ENGLISH if preferences.language == Language.EN else "",
    )
    return "".join(found)
