"""How much of each prompt an engine with prefix caching has read before.

    python -m benchmarks.prefix_share FILE [--dialogues 500] [--chained 15]

FILE holds dialogues in SmileChat's format. Every turn after a chat's first is laid out as the bot
lays it out; what it has in common with the prompt and the answer of the turn before, from the
beginning and by whole messages, is in an engine's cache. Tokens are the bot's own estimates.
`--chained` joins dialogues into long chats, in which the context window has to forget.
"""

from __future__ import annotations

import argparse
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from bot.conversation.prompt import TOKENS_OF_A_MESSAGE, build_prompt
from bot.storage import PastTurn
from inference.engine import Message
from inference.persona import SYSTEM_PROMPT
from inference.tokens import estimate_tokens
from training.corpora.dialogue import tidy
from training.corpora.smile import read_smile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Exchange = tuple[str, str]
"""What was said and what was answered."""

BUDGETS = (700, 1000, 2000, 3500, 7300)


def read_chats(path: Path, dialogues: int) -> list[list[Exchange]]:
    """The first dialogues of a file or folder as exchanges."""
    chats = []
    for dialogue in islice(filter(None, map(tidy, read_smile(path))), dialogues):
        texts = [turn.text for turn in dialogue.turns]
        chats.append(list(zip(texts[::2], texts[1::2], strict=True)))
    return chats


def joined(chats: Sequence[list[Exchange]], count: int) -> list[list[Exchange]]:
    """Every `count` chats as one long one."""
    starts = range(0, len(chats), count)
    return [list(chain.from_iterable(chats[start : start + count])) for start in starts]


def prefix_share(chats: Iterable[Sequence[Exchange]], *, budget: int) -> float:
    """The share of prompt tokens, from each chat's second turn on, that the turn before had."""
    asked = cached = 0
    for chat in chats:
        before: list[Message] = []
        for prompt, answer in _prompts(chat, budget):
            if before:
                asked += _tokens(prompt)
                cached += _tokens(_common(before, prompt))
            before = [*prompt, Message("assistant", answer)]
    return cached / asked if asked else 0.0


def _prompts(chat: Sequence[Exchange], budget: int) -> Iterator[tuple[list[Message], str]]:
    past: list[PastTurn] = []
    for number, (said, answer) in enumerate(chat, 1):
        yield build_prompt(SYSTEM_PROMPT, past, said, budget=budget), answer
        past.append(PastTurn(number, said, answer))


def _common(before: Sequence[Message], prompt: Sequence[Message]) -> list[Message]:
    common = []
    for old, new in zip(before, prompt, strict=False):
        if old != new:
            break
        common.append(new)
    return common


def _tokens(messages: Iterable[Message]) -> int:
    return sum(estimate_tokens(message.content) + TOKENS_OF_A_MESSAGE for message in messages)


def main() -> None:
    """Print one line a prompt budget."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prefix_share")
    parser.add_argument("file", type=Path, help="dialogues in SmileChat's format")
    parser.add_argument("--dialogues", type=int, default=500)
    parser.add_argument("--chained", type=int, default=15, help="dialogues in a long chat")
    arguments = parser.parse_args()
    chats = read_chats(arguments.file, arguments.dialogues)
    long_chats = joined(chats, arguments.chained)
    print("prompt budget   as they are   long chats")
    for budget in BUDGETS:
        one, many = prefix_share(chats, budget=budget), prefix_share(long_chats, budget=budget)
        print(f"{budget:>13}   {one:>11.1%}   {many:>10.1%}")


if __name__ == "__main__":
    main()
