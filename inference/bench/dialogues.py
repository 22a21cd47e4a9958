"""What the load is made of: the client's turns of real dialogues, each with all that came before.

Prompts are laid out like the bot's, so that a server with prefix caching finds in its cache what it
would find there in service.
"""

from __future__ import annotations

import json
import lzma
from importlib.resources import files
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from inference.console import CommandError
from inference.engine import Message
from inference.persona import SYSTEM_PROMPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from random import Random

Conversation = tuple[tuple[Message, ...], ...]
"""The prompts of one dialogue, in order."""

MAX_DIALOGUES = 2000
_EXPECTED = (
    'expected lines {"dialogue": [{"role": "client" or "counselor", "content"}]} or '
    '{"messages": [{"role": "user" or "assistant", "content"}]}'
)
_TOKENS_AROUND_A_MESSAGE = 6
_CLIENT = {"client", "user"}
_OTHER = {"counselor", "assistant"}


def packaged() -> list[Conversation]:
    """Our own small sample."""
    text = files("inference.bench").joinpath("sample.json").read_text(encoding="utf-8")
    return [_prompts([*zip(cycle((True, False)), said, strict=False)]) for said in json.loads(text)]


def read(path: Path) -> list[Conversation]:
    """The first dialogues of a JSON-lines file (.xz too), in SmileChat's format or the bot's.

    Raises `CommandError`; it names the line, never what stands there.
    """
    found: list[Conversation] = []
    try:
        for number, line in enumerate(islice(_lines(path), MAX_DIALOGUES), start=1):
            found.append(_conversation(line, f"{path.name}, line {number}"))
    except (OSError, lzma.LZMAError, UnicodeDecodeError, EOFError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise CommandError(f"{path} cannot be read ({reason}).", exit_status=2) from None
    found = [conversation for conversation in found if conversation]
    if not found:
        raise CommandError(f"{path} holds no dialogue: {_EXPECTED}.", exit_status=2)
    return found


def shuffled(conversations: Sequence[Conversation], random: Random) -> Iterator[Conversation]:
    """The conversations for ever, in a new order each time round."""
    order = list(conversations)
    while True:
        random.shuffle(order)
        yield from order


def within(conversations: Sequence[Conversation], tokens: int) -> list[Conversation]:
    """The same prompts without as many of their oldest messages as do not fit into `tokens`.

    Counts a character as a token, which is more than it costs; the persona always stays.
    """
    return [tuple(_cut(prompt, tokens) for prompt in talk) for talk in conversations]


def _cut(prompt: tuple[Message, ...], tokens: int) -> tuple[Message, ...]:
    system, *rest = prompt
    while len(rest) > 1 and sum(_cost(message) for message in (system, *rest)) > tokens:
        del rest[:2]  # what a person said and what they were answered
    return (system, *rest)


def _cost(message: Message) -> int:
    return len(message.content) + _TOKENS_AROUND_A_MESSAGE


def _lines(path: Path) -> Iterator[str]:
    if path.suffix == ".xz":
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            yield from lines
    else:
        with path.open(encoding="utf-8") as lines:
            yield from lines


def _conversation(line: str, place: str) -> Conversation:
    try:
        record = json.loads(line)
        said = [_utterance(item) for item in record.get("dialogue") or record["messages"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(f"{place}: {_EXPECTED}.", exit_status=2) from None
    return _prompts([pair for pair in said if pair[1]])


def _utterance(item: dict[str, Any]) -> tuple[bool, str]:
    role = item["role"]
    if role == "system":
        return False, ""  # the bot's own stands in its place
    if role not in _CLIENT | _OTHER:
        raise ValueError
    return role in _CLIENT, str(item["content"]).strip()


def _prompts(said: Sequence[tuple[bool, str]]) -> Conversation:
    """One prompt for each turn of the client's; neighbours of one role are one message."""
    prompts: list[tuple[Message, ...]] = []
    messages = [Message("system", SYSTEM_PROMPT)]
    for number, (is_client, text) in enumerate(said):
        role = "user" if is_client else "assistant"
        if messages[-1].role == role:
            messages[-1] = Message(messages[-1].role, f"{messages[-1].content}\n{text}")
        elif is_client or len(messages) > 1:  # a dialogue that the counselor opens begins later
            messages.append(Message("user" if is_client else "assistant", text))
        follows = said[number + 1][0] if number + 1 < len(said) else False
        if is_client and not follows:
            prompts.append(tuple(messages))
    return tuple(prompts)
