"""What the encoder is shown: the last message, and a little of what was said before it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.safety.encoder.tokenizer import BOS, EOS
from bot.safety.normalize import simplified

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.safety.encoder.tokenizer import Tokenizer

WINDOW = 120
"""Pieces of the message read at once; a longer one is read in windows."""
OVERLAP = 20
MAX_WINDOWS = 8
MAX_CONTEXT = 60
"""Pieces of what was said before; the newest are kept."""
MESSAGES_BEFORE = 4
MAX_QUESTION = 40
"""Characters of a question by the bot: its end says what it asks."""
BOT_MARK = "问："
CARD_MARK = "卡片。"
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_QUESTION = re.compile(r"[^。！？?!\n]*[？?]")
_TELEPHONE = re.compile(r"(?<!\d)(?:110|120|119|12356|999|988|1925|18111)(?!\d)")


def folded(text: str) -> str:
    """Return `text` in one width, case and script, its marks kept."""
    text = unicodedata.normalize("NFKC", text[:8192]).casefold()
    return simplified(_INVISIBLE.sub("", text))


def as_context(text: str, *, by_bot: bool) -> str:
    """Return an earlier message as it is shown: of the bot's words only what they ask."""
    if not by_bot:
        return folded(text)
    asked = _QUESTION.findall(folded(text))
    question = asked[-1].strip()[-MAX_QUESTION:] if asked else ""
    card = CARD_MARK if len(set(_TELEPHONE.findall(text))) > 1 else ""
    return f"{BOT_MARK}{card}{question}"


def windows(
    tokenizer: Tokenizer, talk: Sequence[tuple[str, bool]]
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield pieces and types (0 the message, 1 what was before it), a window of the message each.

    `talk` is texts, and whether the bot said them, oldest first; the last one is read.
    """
    before: list[int] = []
    for text, by_bot in talk[-1 - MESSAGES_BEFORE : -1]:
        before += [*tokenizer.encode(as_context(text, by_bot=by_bot)), EOS]
    before = before[-MAX_CONTEXT:]
    message = tokenizer.encode(folded(talk[-1][0]))
    starts = list(range(0, max(1, len(message) - OVERLAP), WINDOW - OVERLAP))
    if len(starts) > MAX_WINDOWS:
        starts = starts[: MAX_WINDOWS // 2] + starts[-MAX_WINDOWS // 2 :]
    for start in starts:
        own = [BOS, *message[start : start + WINDOW], EOS]
        yield own + before, [0] * len(own) + [1] * len(before)
