"""Markdown as a model writes it -> text and entities as Telegram shows them.

Entities instead of a parse mode: a stray asterisk can make text ugly, it can never make a message
undeliverable. Lengths and offsets are UTF-16 code units, Telegram's measure.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import structlog
import telegramify_markdown
from telegram import MessageEntity
from telegramify_markdown import RenderConfig

from bot.telegram.outbound.markdown import MARK, has_stand_ins, protect, restore, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger(__name__)

LIMIT = 4096
"""UTF-16 code units that one message may have, https://core.telegram.org/bots/api#sendmessage."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as Telegram takes it: 1 to 4096 UTF-16 units, something visible in them."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


class WordsLostError(Exception):
    """The Markdown library has taken words away; the text is shown as it was written."""


PLACEHOLDER = Rendered("…")
"""Stands where text will come, and where a text turned out to hold nothing visible."""

# An isolated configuration: the library's own puts emoji before headings, too loud for this voice.
_CONFIG = RenderConfig.isolated()
_CONFIG.markdown_symbol.heading_level_1 = ""
_CONFIG.markdown_symbol.heading_level_2 = ""
_CONFIG.markdown_symbol.heading_level_3 = ""
_CONFIG.markdown_symbol.heading_level_4 = ""
_CONFIG.markdown_symbol.unordered_list_item = "•"
_CONFIG.markdown_symbol.task_completed = "☑"
_CONFIG.markdown_symbol.task_uncompleted = "☐"
_CONFIG.markdown_symbol.image = ""

# What can make text render differently from how it is written. Numbered lines read the same.
_MARKDOWN = re.compile(
    r"[*_`~\[#>|\\<&$]|^[ \t]*[-+][ \t]|^(?:-{3,}|={2,})|^(?: {4}|\t)", re.MULTILINE
)
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f"  # control characters but tab and newline
    "\u2028-\u202e\u2060"  # line separators and bidi overrides (Telegram drops them), our mark
    "\ud800-\udfff]"  # lone surrogates, which cannot be sent at all
)
_SAFE_LINK = re.compile(r"(?:https?|tg)://", re.IGNORECASE)
_ENTITY_TYPES = frozenset(
    [
        "bold",
        "italic",
        "strikethrough",
        "spoiler",
        "code",
        "pre",
        "blockquote",
        "expandable_blockquote",
    ]
)
_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_BREAKS = (
    re.compile(r"\n{2,}"),
    re.compile(r"\n"),
    re.compile(r"[。！？!?…；;.][”’」』）)\]\"']*(?=\s|[^\s\d.])"),
    re.compile(r"[，,、：:\s]"),
)


def render(markdown: str) -> tuple[Rendered, ...]:
    """The messages that show `markdown`: at least one, each one sendable.

    A text of several messages is cut at the ends of paragraphs, lines or sentences where one is
    near, never inside a character. What the Markdown library cannot digest is shown as written.
    """
    text = _clean(markdown)
    if not _MARKDOWN.search(text) or has_stand_ins(text):
        return _split(text, ())
    try:
        shown, entities = _convert(text)
    except Exception as error:  # whatever the library throws: asterisks are better than nothing
        log.warning("rendering_fell_back_to_plain_text", error=type(error).__name__)
        return _split(text, ())
    return _split(shown, entities) if _visible(shown) else _split(text, ())


def render_one(markdown: str) -> Rendered:
    """The one message, or caption, that shows our own short text; a longer one is cut by design."""
    return render(markdown)[0]


def plain(text: str) -> tuple[Rendered, ...]:
    """The messages that show `text` as it is written, Markdown signs included."""
    return _split(_clean(text), ())


def partial(markdown: str) -> Rendered:
    """One message that previews an answer still being written: its last 4096 units.

    Bold text and the like that has not ended yet is shown as if it ended here.
    """
    return render(_close(markdown) if _MARKDOWN.search(markdown) else markdown)[-1]


def utf16_length(text: str) -> int:
    """Length of `text` in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    return _UNWANTED.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else ""


def _close(markdown: str) -> str:
    """End the bold text of the last line as if it ended here, unless it is code."""
    if markdown.count("```") % 2:
        return markdown
    start = markdown.rfind("\n") + 1
    line = markdown[start:].rstrip()
    if line.count("**") % 2 == 0:
        return markdown
    if line.endswith("**"):
        line = line[:-2]  # nothing bold has come yet
    else:
        line += "*" if line.endswith("*") else "**"
    return markdown[:start] + line


def _convert(text: str) -> tuple[str, list[telegramify_markdown.MessageEntity]]:
    """Text and entities.

    Raises:
        WordsLostError: the library has taken words away.
    """
    protected = protect(text)
    shown, entities = telegramify_markdown.convert(protected, config=_CONFIG)
    if not _holds(shown, words_of(protected)):
        raise WordsLostError
    entities = [entity for entity in entities if _wanted(entity)]
    if MARK in shown:
        marks = [utf16_length(shown[: match.start()]) for match in re.finditer(MARK, shown)]
        for entity in entities:
            end = entity.offset + entity.length
            entity.offset -= bisect_left(marks, entity.offset)
            entity.length = end - bisect_left(marks, end) - entity.offset
        shown = shown.replace(MARK, "")
    return restore(shown), entities


def _holds(shown: str, words: str) -> bool:
    """Whether all of `words` is to be seen, in its order."""
    characters = iter(shown)
    return all(character in characters for character in words)


def _wanted(entity: telegramify_markdown.MessageEntity) -> bool:
    if entity.type == "text_link":
        # A link that is no web address shows as its words.
        return _SAFE_LINK.match(entity.url or "") is not None
    return entity.type in _ENTITY_TYPES


def _units(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _split(
    text: str, entities: Sequence[telegramify_markdown.MessageEntity]
) -> tuple[Rendered, ...]:
    if utf16_length(text) <= LIMIT:
        part = _part(text, 0, entities)
        return (part,) if part else (PLACEHOLDER,)
    # offsets[i] is where character i begins, in UTF-16 units.
    offsets = list(accumulate(map(_units, text), initial=0))
    parts = []
    start = 0
    while start < len(text):
        end = _cut(text, offsets, start)
        part = _part(text[start:end], offsets[start], entities)
        if part:
            parts.append(part)
        start = end
    return tuple(parts) or (PLACEHOLDER,)


def _part(
    piece: str, offset: int, entities: Sequence[telegramify_markdown.MessageEntity]
) -> Rendered | None:
    """The message for `piece`, which begins at `offset`; its edges are trimmed as Telegram does."""
    text = piece.strip()
    if not _visible(text):
        return None
    if not entities:
        return Rendered(text)
    first = offset + len(piece) - len(piece.lstrip())  # white space is one unit a character
    last = first + utf16_length(text)
    inside = []
    for entity in entities:
        start, end = max(entity.offset, first), min(entity.offset + entity.length, last)
        if start < end:
            inside.append(
                MessageEntity(
                    type=entity.type,
                    offset=start - first,
                    length=end - start,
                    url=entity.url,
                    language=entity.language,
                )
            )
    return Rendered(text, tuple(inside))


def _cut(text: str, offsets: Sequence[int], start: int) -> int:
    """Where the part that begins at `start` ends, as an index of `text`."""
    budget = offsets[start] + LIMIT
    if offsets[-1] <= budget:
        return len(text)
    furthest = start
    for furthest in range(min(start + LIMIT, len(text)), start, -1):
        if offsets[furthest] <= budget:
            break
    # A better place far back would make a part of a few words: look only in the second half.
    earliest = start + (furthest - start) // 2
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, earliest, furthest)]
        if ends:
            return ends[-1]
    return _whole_character(text, start, furthest)


def _whole_character(text: str, start: int, end: int) -> int:
    """Move a cut back out of a composed character (an emoji family, a flag, an accent)."""
    for cut in range(end, max(start, end - 32), -1):
        before, after = text[cut - 1], text[cut]
        joined = (
            after in "\u200d\ufe0f"
            or before == "\u200d"
            or unicodedata.category(after).startswith("M")
            or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
            or ("\U0001f1e6" <= after <= "\U0001f1ff" and _flags_before(text, cut) % 2)
        )
        if not joined:
            return cut
    return end


def _flags_before(text: str, index: int) -> int:
    """How many regional indicators (halves of a flag) stand in a row before `index`."""
    count = 0
    while index - count > 0 and "\U0001f1e6" <= text[index - count - 1] <= "\U0001f1ff":
        count += 1
    return count


def _visible(text: str) -> bool:
    return any(
        character not in _INVISIBLE
        and (character.isalnum() or unicodedata.category(character)[0] not in "CZ")
        for character in text
    )
