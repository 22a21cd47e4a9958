"""The prompt of one turn: persona, as much of the past as fits, and what was just said.

Prompts are laid out stable part first and shortened in steps, so that an engine with prefix caching
reads most of a turn's prompt from its cache. A window that slid by one turn at every turn would
change its beginning each time, and with it everything behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.safety.quoted import as_told
from inference.engine import Message
from inference.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage import PastTurn
    from inference.tokens import TokenCounter

TOKENS_OF_A_MESSAGE = 6
"""What a chat template adds around one message: role, markers, line ends."""

CUT = "\n……\n"

KEPT_AT_A_STEP = 0.5
"""The share of its room that the past keeps when it has outgrown it.

A smaller share drops more turns at once. A larger one drops some more often, and each time the
engine has to read the whole past anew: its prefix cache fits no more.
"""

FOR_WHAT_IS_SAID = 0.15
"""The share of the prompt kept free for what was just said: its length must not move the past."""

TURNS_OF_A_BLOCK = 100
"""The past begins at a multiple of so many turns: where it begins must not depend on how far back
the history happens to reach."""

_CONTROL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|<unk>|<pad>")


def build_prompt(
    system: str,
    past: Sequence[PastTurn],
    said: str,
    *,
    budget: int,
    count: TokenCounter = estimate_tokens,
) -> list[Message]:
    """Lay out the prompt of a turn within `budget` tokens, as `count` counts them.

    The persona and what was just said are always there; the past is whole turns up to the newest,
    without those that the engine's service refused: their words would have it refuse this one, too.
    Something said that is too long on its own keeps its beginning and its end: people say what they
    want in one of the two.
    """
    past = [turn for turn in past if not turn.is_refused]
    room = max(budget - _cost(system, count), 0)
    said = _shorten(said, max(room - TOKENS_OF_A_MESSAGE, 64), count)
    usual = int(room * (1 - FOR_WHAT_IS_SAID))
    kept = _in_steps(past, usual, count)
    while kept and sum(_cost_of_turn(turn, count) for turn in kept) > room - _cost(said, count):
        kept = kept[1:]  # an unusually long message; the next turn is back at the usual step
    messages = [Message("system", system)]
    unanswered: list[str] = []
    for turn in kept:
        unanswered.append(turn.user_text)
        if turn.answer:
            messages.append(Message("user", as_words("\n".join(unanswered))))
            messages.append(Message("assistant", turn.answer))
            unanswered = []
    # Chat templates want the roles to alternate, so what was left unanswered is read with this.
    messages.append(Message("user", as_words("\n".join([*unanswered, said]))))
    return messages


def _in_steps(past: Sequence[PastTurn], room: int, count: TokenCounter) -> Sequence[PastTurn]:
    """The newest turns that fit into `room`, beginning where they began at the turn before.

    The window grows until it is full, then starts again from `KEPT_AT_A_STEP` of its room.
    """
    if past:
        block = (past[-1].number // TURNS_OF_A_BLOCK - 1) * TURNS_OF_A_BLOCK
        past = [turn for turn in past if turn.number > block]
    costs = [_cost_of_turn(turn, count) for turn in past]
    start = total = 0
    for index, cost in enumerate(costs):
        total += cost
        if total > room:
            while start <= index and total > room * KEPT_AT_A_STEP:
                total -= costs[start]
                start += 1
    return past[start:]


def as_words(text: str) -> str:
    """Text in which nothing is read as a chat template's own sign.

    Engines parse `<|im_end|>` and the like wherever they stand: a person who typed them could end
    their turn and speak as the system.
    """
    return _CONTROL.sub(lambda match: match[0].replace("<", "＜"), as_told(text))


def _cost(text: str, count: TokenCounter) -> int:
    return count(text) + TOKENS_OF_A_MESSAGE


def _cost_of_turn(turn: PastTurn, count: TokenCounter) -> int:
    return _cost(turn.user_text, count) + _cost(turn.answer or "", count)


def _shorten(text: str, tokens: int, count: TokenCounter) -> str:
    if count(text) <= tokens:
        return text
    keep = len(text)
    while keep > 2 and count(text[: keep // 2] + CUT + text[-(keep // 2) :]) > tokens:
        keep = keep * 9 // 10
    return text[: keep // 2] + CUT + text[-(keep // 2) :]
