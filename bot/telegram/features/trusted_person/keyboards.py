"""The buttons of both; what a press may do is asked again of the database each time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.telegram.feature import button_row, button_rows, parse_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.trusted import TrustedTexts

CHOICES = frozenset(
    {
        *("show", "asked", "always", "harm", "harm_sure", "no_harm", "preview", "delete"),
        *("send", "skip"),
    }
)
"""What a person can press; the data ends with their own id."""
TOKEN_BYTES = 18
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")


def read_token(text: str) -> str:
    """The token of a link. Raises ValueError for what is none."""
    if _TOKEN.fullmatch(text) is None:
        raise ValueError(text)
    return text


def parse_invitation_button(arguments: Sequence[str]) -> tuple[str, str | int]:
    """What the one who is trusted presses, with the token or the link it is about."""
    verb, value = arguments
    if verb in {"yes", "no"}:
        return verb, read_token(value)
    if verb in {"leave", "seen"}:
        return verb, parse_id(value)
    raise ValueError(verb)


def choose_for_trusted(
    texts: TrustedTexts, user_id: int, *, always: bool, harm: bool, may_choose_always: bool
) -> InlineKeyboardMarkup:
    """Under whom a person trusts, once they have agreed."""
    sends = (
        (texts.button_asked, f"trusted:asked:{user_id}")
        if always
        else (texts.button_always, f"trusted:always:{user_id}")
    )
    for_harm = (
        (texts.button_no_harm, f"trusted:no_harm:{user_id}")
        if harm
        else (texts.button_harm, f"trusted:harm:{user_id}")
    )
    rows = [
        [sends] if always or may_choose_always else [],
        [for_harm],
        [(texts.button_preview, f"trusted:preview:{user_id}")],
        [(texts.button_delete, f"trusted:delete:{user_id}")],
    ]
    return button_rows([row for row in rows if row])


def delete_trusted(texts: TrustedTexts, user_id: int) -> InlineKeyboardMarkup:
    """Under an invitation that waits."""
    return button_row((texts.button_delete, f"trusted:delete:{user_id}"))


def sure_of_harm(texts: TrustedTexts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether the trusted one is not the one who hurts."""
    return button_row(
        (texts.button_back, f"trusted:show:{user_id}"),
        (texts.button_harm_sure, f"trusted:harm_sure:{user_id}"),
    )


def back_to_trusted(texts: TrustedTexts, user_id: int) -> InlineKeyboardMarkup:
    """Under what would be sent."""
    return button_row((texts.button_back, f"trusted:show:{user_id}"))


def ask_to_tell(texts: TrustedTexts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether to tell the trusted one."""
    return button_row(
        (texts.button_send, f"trusted:send:{user_id}"),
        (texts.button_skip, f"trusted:skip:{user_id}"),
    )


def answer_invitation(texts: TrustedTexts, token: str) -> InlineKeyboardMarkup:
    """Under what it means to be trusted."""
    return button_rows(
        [
            [(texts.button_agree, f"trust:yes:{token}")],
            [(texts.button_refuse, f"trust:no:{token}")],
        ]
    )


def seen_by_trusted(texts: TrustedTexts, link_id: int) -> InlineKeyboardMarkup:
    """Under the word to the trusted one."""
    return button_row((texts.button_seen, f"trust:seen:{link_id}"))


def leave_people(texts: TrustedTexts, people: Sequence[tuple[int, str]]) -> InlineKeyboardMarkup:
    """The people who trust one, by link and name."""
    return button_rows(
        [[(texts.button_leave(called=called), f"trust:leave:{link}")] for link, called in people]
    )
