"""What the detector reads: who said what, in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of a conversation; messages of one person that arrived together are one."""

    text: str
    by_bot: bool = False
