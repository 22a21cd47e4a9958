"""Where words stand in a message, wherever the Bot API can carry them.

Read from the message as Telegram sent it, not from the library's classes: a field newer than
the library (`rich_message`, Bot API 10.1) holds words like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram import Message

_TEXTS = ("text", "caption")
_SAID = ("rich_message", "poll", "checklist")
"""Fields besides text and caption in which the sender's own words stand."""

_NOT_OF_THE_SENDER = frozenset(
    (
        *(
            "from",
            "chat",
            "sender_chat",
            "via_bot",
            "contact",
            "entities",
            "caption_entities",
            "dice",
        ),
        *("reply_to_message", "quote", "external_reply", "reply_to_story", "forward_origin"),
        *("reply_markup", "link_preview_options", "author_signature", "sender_tag"),
        *("sender_business_bot", "guest_bot_caller_user", "guest_bot_caller_chat", "story"),
    )
)
"""People, chats, and words that another person said; `context` reads the latter."""

_INLINE = frozenset(("text", "summary", "credit", "question", "title", "description"))
"""Fields whose pieces are one line: bold and plain words follow each other without a break."""
_FIRST = frozenset(("label", "title", "question", "summary"))
"""What is shown above the rest; the library does not keep the order."""

_NO_WORDS = frozenset(
    (
        *("type", "url", "mime_type", "language", "username", "name", "align", "valign", "user"),
        *(
            "chat",
            "emoji",
            "currency",
            "set_name",
            "date_time_format",
            "phone_number",
            "email_address",
        ),
        *("entities", "caption_entities", "text_entities", "question_entities"),
        *("explanation_entities", "title_entities", "description_entities", "voter_chat", "media"),
    )
)
_DEEPEST = 150
"""Levels of nesting that are read; Telegram allows 16."""


def words_in(message: Message) -> str:
    """What the sender said in a message; empty if that holds nothing to read."""
    text = message.text or message.caption
    if message.sticker is not None:
        text = message.sticker.emoji  # what Telegram itself says that it stands for
    fields = message.api_kwargs
    if not (fields or message.poll or message.checklist):
        return (text or "").strip()
    raw = message.to_dict()
    lines = [text] if text else []
    for name in _SAID:
        if name in raw:
            lines += _lines(raw[name])
    for name, value in fields.items():  # newer than the library and than this file
        if name not in _SAID and name not in _NOT_OF_THE_SENDER and not isinstance(value, str):
            lines += _worded(value)
    return "\n".join(line for line in lines if line.strip()).strip()


def text_in(raw: dict[str, Any]) -> str:
    """Every text of a message that may be its sender's, known field or not.

    What is not said in words tells of danger too: the name of a file, the title of a place. Takes
    the message as Telegram sent it, so that one the library cannot read is read for danger.
    """
    lines: list[str] = []
    for name, value in raw.items():
        if name in _TEXTS and isinstance(value, str):
            lines.append(value)
        elif name not in _NOT_OF_THE_SENDER and not _is_no_word(name):
            lines += _lines(value)
    return "\n".join(line for line in lines if line.strip()).strip()


def mentions_user(message: Message, user_id: int) -> bool:
    """Whether a rich message names a user who has no user name."""
    return any(
        node.get("type") == "text_mention" and (node.get("user") or {}).get("id") == user_id
        for node in _nodes(message.api_kwargs.get("rich_message"), 0)
    )


def _is_no_word(name: str) -> bool:
    return name in _NO_WORDS or name == "id" or name.endswith(("_id", "_ids"))


def _lines(value: object, depth: int = 0) -> list[str]:
    """The lines of a block, of several, or of whatever holds blocks."""
    if isinstance(value, str):
        return [value]
    if depth > _DEEPEST:
        return []
    if isinstance(value, list):
        return _lines_of_list(value, depth)
    return _lines_of_object(value, depth) if isinstance(value, dict) else []


def _lines_of_list(items: list[object], depth: int) -> list[str]:
    if any(isinstance(item, str) for item in items):
        return [_inline(items, depth)]  # plain words among formatted ones
    lines: list[str] = []
    for item in items:
        inner = _lines(item, depth + 1)
        # A list within a list is the row of a table.
        lines += [" ".join(inner)] if isinstance(item, list) else inner
    return lines


def _lines_of_object(fields: dict[str, object], depth: int) -> list[str]:
    lines: list[str] = []
    for name, value in sorted(fields.items(), key=lambda field: field[0] not in _FIRST):
        if _is_no_word(name):
            continue
        if name in _INLINE:
            lines.append(_inline(value, depth + 1))
        else:
            lines += _lines(value, depth + 1)
    if isinstance(fields.get("label"), str) and len(lines) > 1:
        label, first, *rest = lines
        return [f"{label} {first}", *rest]
    return lines


def _inline(value: object, depth: int) -> str:
    """Formatted text without its formatting."""
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join([_inline(item, depth + 1) for item in value])
    if isinstance(value, dict):
        if "text" in value:
            return _inline(value["text"], depth + 1)
        words = [_inline(v, depth + 1) for name, v in value.items() if not _is_no_word(name)]
        return "".join(words)
    return ""


def _worded(value: object) -> list[str]:
    """The lines under `text` or `caption` in a field that nothing is known about."""
    return [
        _inline(node[name], 0) for node in _outermost(value, 0) for name in _TEXTS if name in node
    ]


def _outermost(value: object, depth: int) -> Iterator[dict[str, Any]]:
    """The objects that hold text, without those inside that text."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _outermost(item, depth + 1)
    elif isinstance(value, dict):
        if any(name in value for name in _TEXTS):
            yield value
        for name, inner in value.items():
            if name not in _TEXTS and name not in _NOT_OF_THE_SENDER:
                yield from _outermost(inner, depth + 1)


def _nodes(value: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner, depth + 1)
