"""The buttons under what is remembered; only its person has them, in their private chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import MemoryKind
from bot.telegram.feature import button_row, button_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.talk import TalkTexts

IN_A_ROW = 5


def under_memory(
    texts: TalkTexts, user_id: int, *, has_lines: bool, is_off: bool
) -> InlineKeyboardMarkup:
    """Under all that is remembered."""
    rows = []
    if has_lines and not is_off:
        rows.append([(texts.button_change, f"memory:change:{user_id}")])
    switch = (texts.button_on, f"memory:on:{user_id}")
    if not is_off:
        switch = (texts.button_off, f"memory:off:{user_id}")
    forget = [(texts.button_forget, f"memory:forget:{user_id}")] if has_lines else []
    return button_rows([*rows, [*forget, switch]])


def choose_line(texts: TalkTexts, user_id: int, line_ids: Sequence[int]) -> InlineKeyboardMarkup:
    """Under numbered lines: their numbers, and the way back."""
    numbers = [(str(number), f"memory_line:open:{one}") for number, one in enumerate(line_ids, 1)]
    rows = [numbers[start : start + IN_A_ROW] for start in range(0, len(numbers), IN_A_ROW)]
    return button_rows([*rows, [(texts.button_back, f"memory:show:{user_id}")]])


def under_line(
    texts: TalkTexts, user_id: int, line_id: int, kind: MemoryKind
) -> InlineKeyboardMarkup:
    """Under one line; a way of speaking is chosen by us, so it can only go."""
    correct = [(texts.button_correct, f"memory_line:ask:{line_id}")]
    if kind is MemoryKind.MANNER:
        correct = []
    delete = (texts.button_delete, f"memory_line:delete:{line_id}")
    return button_rows([[*correct, delete], [(texts.button_back, f"memory:change:{user_id}")]])


def ask_forget(texts: TalkTexts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether to forget everything."""
    return button_row(
        (texts.button_forget_yes, f"memory:forget_yes:{user_id}"),
        (texts.button_back, f"memory:show:{user_id}"),
    )
