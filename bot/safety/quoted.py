"""Words of others within what a person says: what they reply to, quote or forward.

The model is told them, and whose they are not. They stand in the turn's text between signs that
nobody can write themselves, so that the detector can leave them out: what another person wrote is
no danger of the one who shows it.
"""

from __future__ import annotations

import re

_BEGIN, _END = "\ufdd0", "\ufdd1"
"""Noncharacters of Unicode: never sent by Telegram, and taken out of what people write."""

_QUOTED = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}\n?")

FORWARDED = "转发的别人的话，不是我说的"
REPLIED_TO_BOT = "回复你说过的话"
REPLIED_TO_SELF = "回复我自己说过的话"
REPLIED_TO_OTHER = "回复别人说过的话，不是我说的"

MAX_QUOTED = 1000
"""Characters of another's words that the model is told."""


def quoted(kind: str, words: str) -> str:
    """A line that tells another's words, `kind` says what they are."""
    words = without_marks(words).strip()
    if len(words) > MAX_QUOTED:
        words = f"{words[:MAX_QUOTED]}……"
    return f"{_BEGIN}〔{kind}：{words}〕{_END}\n"


def without_marks(text: str) -> str:
    """A text in which nothing is taken for another's words."""
    return text.replace(_BEGIN, "").replace(_END, "")


def own_words(text: str) -> str:
    """What a person said themselves."""
    return without_marks(_QUOTED.sub("", text)).strip()


def as_told(text: str) -> str:
    """What the model reads: all of it, another's words named as such."""
    return without_marks(text)
