"""What the engine makes of a message: the message itself says so, so that nothing is to be kept.

A mood stands at the end of a text. What goes wrong goes wrong at the first try only, as far as the
engine remembers: one that was killed meanwhile has forgotten.
"""

from __future__ import annotations

from typing import Literal

Mood = Literal["well", "slow", "refused", "broken", "stalled", "silent", "long"]

MOODS: dict[str, Mood] = {
    "〔慢〕": "slow",  # five times as slow
    "〔错〕": "refused",  # 503
    "〔断〕": "broken",  # the connection breaks in mid-stream
    "〔卡〕": "stalled",  # nothing more comes in mid-stream
    "〔默〕": "silent",  # no first token
    "〔长〕": "long",  # three messages of Telegram's size
}
ONCE: frozenset[Mood] = frozenset({"refused", "broken", "stalled", "silent"})


def mood_of(text: str) -> Mood:
    """How the engine answers a text."""
    return MOODS.get(text.rstrip()[-3:], "well")
