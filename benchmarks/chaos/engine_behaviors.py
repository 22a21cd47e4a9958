"""What the engine makes of a message: the message itself says so, so that nothing is to be kept.

A behavior stands at the end of a text. What goes wrong goes wrong at the first try only, as far as
the engine remembers: one that was killed meanwhile has forgotten.
"""

from __future__ import annotations

from typing import Literal

EngineBehavior = Literal["well", "slow", "refused", "broken", "stalled", "silent", "long"]

BEHAVIORS: dict[str, EngineBehavior] = {
    "〔慢〕": "slow",  # five times as slow
    "〔错〕": "refused",  # 503
    "〔断〕": "broken",  # the connection breaks in mid-stream
    "〔卡〕": "stalled",  # nothing more comes in mid-stream
    "〔默〕": "silent",  # no first token
    "〔长〕": "long",  # three messages of Telegram's size
}
ONCE: frozenset[EngineBehavior] = frozenset({"refused", "broken", "stalled", "silent"})


def behavior_of(text: str) -> EngineBehavior:
    """How the engine answers a text."""
    return BEHAVIORS.get(text.rstrip()[-3:], "well")
