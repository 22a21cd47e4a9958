"""The buttons for people in danger; only the person whose id is in the data may press them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety import Region
from bot.telegram.feature import button_row, button_rows

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts


def in_danger(
    texts: Texts, user_id: int, *, safe: bool = True, discreet: bool = False
) -> InlineKeyboardMarkup:
    """Under a crisis card and what follows it; `safe` False once the person has said they are.

    `discreet`: the labels tell nothing to who looks over a shoulder.
    """
    is_safe = texts.risk_button_safe_discreet if discreet else texts.risk_button_safe
    needs_help = texts.risk_button_help_discreet if discreet else texts.risk_button_help
    rows = [
        ((is_safe, f"risk:safe:{user_id}"),) if safe else (),
        ((needs_help, f"risk:help:{user_id}"),),
        ((texts.risk_button_region, f"risk:where:{user_id}"),),
    ]
    return button_rows([row for row in rows if row])


def under_check_in(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the message that asks a person how they are."""
    return button_rows(
        [
            [(texts.risk_check_in_fine_button, f"risk:fine:{user_id}")],
            [(texts.risk_check_in_talk_button, f"risk:talk:{user_id}")],
            [(texts.risk_check_in_off_button, f"risk:quiet:{user_id}")],
        ]
    )


def under_hotlines(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the whole list of hotlines."""
    return button_row((texts.risk_button_region, f"risk:where:{user_id}"))


def regions(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """The places whose hotlines are known, three a row, and everywhere else."""
    buttons = [
        (name, f"risk:in:{region.value}:{user_id}") for region, name in region_names(texts).items()
    ]
    elsewhere = texts.risk_region_elsewhere_button
    buttons.append((elsewhere, f"risk:in:{Region.OTHER.value}:{user_id}"))
    return button_rows([buttons[start : start + 3] for start in range(0, len(buttons), 3)])


def region_names(texts: Texts) -> dict[Region, str]:
    """What the regions with hotlines are called."""
    return {
        Region.CN: texts.risk_region_cn,
        Region.HK: texts.risk_region_hk,
        Region.MO: texts.risk_region_mo,
        Region.TW: texts.risk_region_tw,
        Region.SG: texts.risk_region_sg,
        Region.MY: texts.risk_region_my,
        Region.US: texts.risk_region_us,
        Region.UK: texts.risk_region_uk,
        Region.AU: texts.risk_region_au,
    }
