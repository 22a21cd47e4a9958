"""Telephone numbers of hotlines that a tap on the screen can use.

Telegram's apps turn long numbers into links to the dialler by themselves, and take no such mark
from a bot. Short ones (12356, 988) they leave alone; set as code, a tap copies them.
"""

from __future__ import annotations

import re
from functools import cache

from telegram import MessageEntity

from bot.safety import all_hotlines
from bot.telegram.outbound.rendering import Rendered, plain, render

LINKED_BY_TELEGRAM = 7
"""Digits from which Telegram's apps see a telephone number."""


def render_with_numbers(text: str) -> list[Rendered]:
    """A reviewed text as Telegram takes it, with its short numbers ready to be copied."""
    return [_marked(part) for part in render(text)]


def plain_with_numbers(text: str) -> list[Rendered]:
    """The same for a text in which people's own words stand, none of them Markdown."""
    return [_marked(part) for part in plain(text)]


def _marked(part: Rendered) -> Rendered:
    marks = [
        MessageEntity(MessageEntity.CODE, _utf16(part.text[: found.start()]), len(found[0]))
        for found in _short_numbers().finditer(part.text)
    ]
    return Rendered(part.text, (*part.entities, *marks))


@cache
def _short_numbers() -> re.Pattern[str]:
    numbers = {
        line.number
        for line in all_hotlines()
        if sum(character.isdigit() for character in line.number) < LINKED_BY_TELEGRAM
    }
    longest_first = sorted(map(re.escape, numbers), key=len, reverse=True)
    return re.compile(rf"(?<![\d:+-])(?:{'|'.join(longest_first)})(?![\d:+-]| ?\d)")


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
