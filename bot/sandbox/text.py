"""Text as Telegram counts and marks it: UTF-16 code units, entities, trimming, auto-detection.

Refusals are worded as in the Bot API server (tdlib/telegram-bot-api and tdlib/td).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.sandbox.errors import bad_request

if TYPE_CHECKING:
    from bot.sandbox.model import Json

MESSAGE_LIMIT = 4096
CAPTION_LIMIT = 1024

_GIVEN = frozenset(
    "bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre "  # noqa: SIM905
    "text_link text_mention custom_emoji".split()
)
# Types that Telegram finds by itself and drops when a bot sends them.
_FOUND = frozenset(
    "mention hashtag cashtag bot_command url email phone_number bank_card_number".split()  # noqa: SIM905
)
_UNREADABLE = "can't parse MessageEntity"
_OPAQUE = frozenset({"code", "pre"})

_PATTERNS = (
    (
        "url",
        re.compile(
            r"https?://[^\s<>\"，。！？、；：（）《》“”]+[^\s<>\"，。！？、；：（）《》“”.,!?;:')]"
        ),
    ),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)", re.ASCII)),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
    ("phone_number", re.compile(r"(?<![\w+-])(?:\+?\d[\d -]{5,14}\d|400[\d-]{7,10}\d)(?![\w-])")),
)


@dataclass(frozen=True, slots=True)
class FormattedText:
    """Text ready to be kept: trimmed, its entities checked, sorted and inside it."""

    text: str
    entities: tuple[Json, ...]


def utf16_len(text: str) -> int:
    """Length in UTF-16 code units: what every Telegram limit and offset counts."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def format_text(text: str, entities: object, *, limit: int, too_long: str) -> FormattedText:
    """Check what a bot sends, as the Bot API does.

    Args:
        text: raw text, not yet trimmed.
        entities: the decoded JSON of `entities`, None when absent.
        limit: UTF-16 code units allowed after trimming.
        too_long: the refusal's text, which differs from method to method.

    Raises:
        ApiError: 400.
    """
    given = check_entities(text, entities)
    kept, lead = _trim(text, given)
    if utf16_len(kept) > limit:
        raise bad_request(too_long)
    moved = _shift(given, lead, utf16_len(kept))
    return FormattedText(kept, merge_found(kept, moved))


def check_entities(text: str, entities: object) -> list[Json]:
    """The entities a bot may set, sorted; ApiError 400 where Telegram refuses them."""
    if not isinstance(entities, list):
        return []
    boundaries = _boundaries(text)
    kept: list[Json] = []
    for entity in entities:
        if not isinstance(entity, dict):
            raise bad_request(f"{_UNREADABLE}: expected an Object")
        kind, offset, length = _required(entity)
        if kind in _FOUND:
            continue
        if kind not in _GIVEN:
            raise bad_request(f"{_UNREADABLE}: Unsupported type specified")
        _check_range(text, boundaries, offset, length)
        if kind == "text_link":
            check_url(str(entity.get("url", "")), "entity URL")
        if length > 0:
            kept.append({**entity, "offset": offset, "length": length})
    return sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def check_url(url: str, what: str) -> None:
    """Refuse what Telegram does not open: only http, https, tg and ton links pass."""
    scheme, colon, _ = url.partition(":")
    if colon and scheme.lower() in {"tg", "ton", "tonsite"}:
        return
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in {"http", "https"}:
        raise bad_request(f"{what} '{url}' is invalid: Unsupported URL protocol")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise bad_request(f"{what} '{url}' is invalid: Wrong port number specified") from None
    if port == 0 or "." not in host or any(char.isspace() for char in url):
        raise bad_request(f"{what} '{url}' is invalid: Wrong HTTP URL")


def merge_found(text: str, given: list[Json]) -> tuple[Json, ...]:
    """Given entities plus the links, commands, mentions and phone numbers Telegram marks itself."""
    if not any(char in text for char in "/@#:+0123456789"):
        return tuple(given)
    taken = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in given
        if entity["type"] in _OPAQUE or entity["type"] in {"text_link", "text_mention"}
    ]
    found: list[Json] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start = utf16_len(text[: match.start()])
            end = start + utf16_len(match.group())
            if all(end <= low or start >= high for low, high in taken):
                taken.append((start, end))
                found.append({"type": kind, "offset": start, "length": end - start})
    return tuple(sorted([*given, *found], key=lambda item: (item["offset"], -item["length"])))


def split_text(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Cut a long text as Telegram's apps do when a person sends it: pieces of at most `limit`."""
    pieces: list[str] = []
    start = units = 0
    for position, char in enumerate(text):
        width = 2 if ord(char) > 0xFFFF else 1
        if units + width > limit:
            pieces.append(text[start:position])
            start, units = position, 0
        units += width
    return [*pieces, text[start:]]


def _required(entity: Json) -> tuple[str, int, int]:
    """Type, offset and length of an entity."""
    for field in ("offset", "length", "type"):
        if entity.get(field) is None:
            raise bad_request(f'{_UNREADABLE}: Can\'t find field "{field}"')
    numbers: list[int] = []
    for field in ("offset", "length"):
        try:
            numbers.append(int(entity[field]))
        except (TypeError, ValueError):
            wrong = f'{_UNREADABLE}: Field "{field}" must be of type Number'
            raise bad_request(wrong) from None
    return str(entity["type"]), numbers[0], numbers[1]


def _check_range(text: str, boundaries: set[int], offset: int, length: int) -> None:
    end, end_of_text = offset + length, max(boundaries)
    if offset < 0:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if length < 0:
        raise bad_request(f"receive an entity with incorrect length {length}")
    if offset > end_of_text:
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if end > end_of_text:
        raise bad_request(
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text "
            f"at UTF-16 offset {end}"
        )
    for position, verb in ((offset, "begins"), (end, "ends")):
        if position not in boundaries:
            where = f"at byte offset {_byte_offset(text, position)}"
            raise bad_request(f"entity {verb} in a middle of a UTF-16 symbol {where}")


def _boundaries(text: str) -> set[int]:
    """UTF-16 offsets at which a character begins, and the end of the text."""
    offsets = {0}
    position = 0
    for char in text:
        position += 2 if ord(char) > 0xFFFF else 1
        offsets.add(position)
    return offsets


def _byte_offset(text: str, units: int) -> int:
    head = text.encode("utf-16-le", "surrogatepass")[: units * 2]
    return len(head.decode("utf-16-le", "ignore").encode())


def _trim(text: str, entities: list[Json]) -> tuple[str, int]:
    """The text as Telegram keeps it, and the UTF-16 units cut from its front.

    Spaces at the front stay where an entity covers them, so that indented code survives.
    """
    kept = text.rstrip()
    lead = len(kept) - len(kept.lstrip())
    first = min((entity["offset"] for entity in entities), default=lead)
    lead = min(lead, first)
    return kept[lead:], lead


def _shift(entities: list[Json], lead: int, end: int) -> list[Json]:
    moved: list[Json] = []
    for entity in entities:
        offset = max(0, entity["offset"] - lead)
        length = min(entity["offset"] + entity["length"] - lead, end) - offset
        if length > 0:
            moved.append(entity | {"offset": offset, "length": length})
    return moved
