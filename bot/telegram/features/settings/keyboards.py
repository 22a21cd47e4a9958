"""The buttons of /settings. They say what is to be, not what to change: twice is once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.telegram.feature import button_rows
from bot.telegram.features.settings.pages import Page, choices, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.settings import SettingsTexts
    from bot.telegram.feature import Button
    from bot.telegram.features.settings.pages import Chosen

SHOW = "set:show"
"""Goes back to the whole screen; rows that other features have end with it, too."""
_NARROW = {Page.ZONE: 2, Page.REGION: 3}
"""Pages with many choices have so many beside each other."""


@dataclass(frozen=True, slots=True)
class PressedSetting:
    """A button: the screen where `page` is None, a page where `value` is None, else a choice."""

    page: Page | None = None
    value: str | None = None


def parse_setting(arguments: Sequence[str]) -> PressedSetting:
    """Read the data of a button. Raises ValueError for what no button has."""
    match arguments:
        case ["show"]:
            return PressedSetting()
        case [page]:
            return PressedSetting(Page(page))
        case [page, value]:
            return PressedSetting(Page(page), value)
        case _:
            raise ValueError(arguments)


def settings_screen(
    texts: SettingsTexts, chosen: Chosen, more: Sequence[Button]
) -> InlineKeyboardMarkup:
    """Under the screen: a row for each page, and those that other features have."""
    own = [(row(texts, page, chosen), f"set:{page}") for page in Page]
    return button_rows([[button] for button in (*own, *more)])


def settings_page(texts: SettingsTexts, setting: Page, chosen: Chosen) -> InlineKeyboardMarkup:
    """Under a page: what can be chosen, what is chosen, and the way back."""
    now = chosen.value(setting)
    buttons = [
        (texts.chosen(value=label) if value == now else label, f"set:{setting}:{value}")
        for value, label in choices(texts, setting, chosen).items()
    ]
    wide = _NARROW.get(setting, 1)
    rows = [buttons[start : start + wide] for start in range(0, len(buttons), wide)]
    return button_rows([*rows, [(texts.button_back, SHOW)]])
