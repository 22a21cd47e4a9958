"""The prompt of one turn: persona, as much of the past as fits, and what was just said.

Prompts are laid out stable part first, so that an engine with prefix caching reads most of a
turn's prompt from its cache.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inference.engine import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage import PastTurn

TOKENS_OF_A_MESSAGE = 6
"""What a chat template adds around one message: role, markers, line ends."""

CUT = "\n……\n"

_CONTROL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|<unk>|<pad>")


def estimate_tokens(text: str) -> int:
    """Upper estimate of the tokens of `text`, without a tokenizer.

    A Chinese character costs at most about one token in the vocabularies of this project's
    models (measured: 0.63 for the small one), other letters about a third, and what lies beyond
    the basic plane (emoji) up to four, one for each byte.
    """
    wide = sum(1 for character in text if "\u2e80" <= character <= "\uffff")
    astral = sum(1 for character in text if character > "\uffff")
    return wide + 4 * astral + (len(text) - wide - astral + 2) // 3


def build_prompt(system: str, past: Sequence[PastTurn], said: str, *, budget: int) -> list[Message]:
    """Lay out the prompt of a turn within `budget` tokens (by `estimate_tokens`).

    The persona and what was just said are always there; the past is taken from its newest end, by
    whole turns. Something said that is too long on its own keeps its beginning and its end:
    people say what they want in one of the two.
    """
    room = max(budget - _cost(system), 0)
    said = _shorten(said, max(room - TOKENS_OF_A_MESSAGE, 64))
    room -= _cost(said)
    kept: list[PastTurn] = []
    for turn in reversed(past):
        room -= _cost(turn.user_text) + _cost(turn.answer or "")
        if room < 0:
            break
        kept.append(turn)
    messages = [Message("system", system)]
    unanswered: list[str] = []
    for turn in reversed(kept):
        unanswered.append(turn.user_text)
        if turn.answer:
            messages.append(Message("user", _as_words("\n".join(unanswered))))
            messages.append(Message("assistant", turn.answer))
            unanswered = []
    # Chat templates want the roles to alternate, so what was left unanswered is read with this.
    messages.append(Message("user", _as_words("\n".join([*unanswered, said]))))
    return messages


def _as_words(text: str) -> str:
    """Text in which nothing is read as a chat template's own sign.

    Engines parse `<|im_end|>` and the like wherever they stand: whoever typed them could end their
    turn and speak as the system.
    """
    return _CONTROL.sub(lambda match: match[0].replace("<", "＜"), text)


def _cost(text: str) -> int:
    return estimate_tokens(text) + TOKENS_OF_A_MESSAGE


def _shorten(text: str, tokens: int) -> str:
    if estimate_tokens(text) <= tokens:
        return text
    keep = len(text)
    while keep > 2 and estimate_tokens(text[: keep // 2] + CUT + text[-(keep // 2) :]) > tokens:
        keep = keep * 9 // 10
    return text[: keep // 2] + CUT + text[-(keep // 2) :]
