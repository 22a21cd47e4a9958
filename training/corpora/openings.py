"""Which question a dialogue begins with, and in which split that question lies."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.corpora.dialogue import Dialogue

OPENING_KEY_CHARACTERS = 8
_NOT_A_LETTER = re.compile(r"[\W_]+")


def letters(text: str) -> str:
    """The text without punctuation, spaces and other marks."""
    return _NOT_A_LETTER.sub("", text)


def opening_key(dialogue: Dialogue) -> str:
    """The name of the dialogue's opening group: its first characters, without punctuation.

    Dialogues of one question share it, so they cannot end up in both splits.
    """
    return letters(dialogue.opening)[:OPENING_KEY_CHARACTERS]


def place_of(key: str) -> float:
    """Where the opening group lies between 0 and 1; depends on nothing but its name."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
