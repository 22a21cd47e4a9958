"""The buttons under the bot's messages, and what their callback data means.

Callback data is `action:argument[:argument]`, at most 64 bytes, and never carries chat text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.safety import Region

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.locales import Texts
    from bot.storage import Rating

THUMBS: Mapping[Rating, str] = {"up": "👍", "down": "👎"}


@dataclass(frozen=True, slots=True)
class Press:
    """What a pressed button asks for."""

    action: str
    arguments: tuple[str, ...]

    @classmethod
    def parse(cls, data: str) -> Press:
        """Read callback data back."""
        action, *arguments = data.split(":")
        return cls(action, tuple(arguments))


def while_answering(texts: Texts, turn_id: int) -> InlineKeyboardMarkup:
    """Under an answer that is still being written."""
    return _row((texts.button_stop, f"stop:{turn_id}"))


def after_answer(
    texts: Texts, turn_id: int, *, ratable: bool = False, rated: Rating | None = None
) -> InlineKeyboardMarkup:
    """Under a finished answer; `rated` is what its person thinks of it, pressed again to undo."""
    thumbs = [
        (f"{thumb} ✓", f"rate:undo:{turn_id}")
        if rating == rated
        else (thumb, f"rate:{rating}:{turn_id}")
        for rating, thumb in THUMBS.items()
    ]
    return _row((texts.button_redo, f"redo:{turn_id}"), *(thumbs if ratable else ()))


def ask_training(texts: Texts, user_id: int, *, explained: bool = False) -> InlineKeyboardMarkup:
    """Under the question whether what somebody rates may help to train."""
    answers = [
        (texts.train_button_yes, f"train:yes:{user_id}"),
        (texts.train_button_no, f"train:no:{user_id}"),
    ]
    what = [(texts.train_button_what, f"train:what:{user_id}")]
    return _rows([answers] if explained else [answers, what])


def change_training(texts: Texts, user_id: int, *, agreed: bool) -> InlineKeyboardMarkup:
    """Under what somebody agreed to: the way back, or to the question."""
    if agreed:
        return _row((texts.train_button_back, f"train:no:{user_id}"))
    return _row((texts.train_button_what, f"train:what:{user_id}"))


def after_failure(texts: Texts, turn_id: int) -> InlineKeyboardMarkup:
    """Under the sentence that says the answer could not be made."""
    return _row((texts.button_retry, f"redo:{turn_id}"))


def ask_reset(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether to forget this conversation."""
    return _row((texts.reset_yes, f"reset:yes:{user_id}"), (texts.reset_no, f"reset:no:{user_id}"))


def ask_erase(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether to erase everything."""
    return _row((texts.erase_yes, f"erase:yes:{user_id}"), (texts.erase_no, f"erase:no:{user_id}"))


def in_danger(texts: Texts, user_id: int, *, safe: bool = True) -> InlineKeyboardMarkup:
    """Under a crisis card and what follows it; `safe` False once the person has said they are."""
    rows = [
        ((texts.risk_button_safe, f"risk:safe:{user_id}"),) if safe else (),
        ((texts.risk_button_help, f"risk:help:{user_id}"),),
        ((texts.risk_button_region, f"risk:where:{user_id}"),),
    ]
    return _rows([row for row in rows if row])


def regions(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """The places whose hotlines are known, three a row, and everywhere else."""
    buttons = [
        (name, f"risk:in:{region.value}:{user_id}") for region, name in region_names(texts).items()
    ]
    elsewhere = texts.risk_region_elsewhere_button
    buttons.append((elsewhere, f"risk:in:{Region.OTHER.value}:{user_id}"))
    return _rows([buttons[start : start + 3] for start in range(0, len(buttons), 3)])


def region_names(texts: Texts) -> dict[Region, str]:
    """What the regions with lines are called."""
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


def under_hotlines(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the whole list of hotlines."""
    return _row((texts.risk_button_region, f"risk:where:{user_id}"))


def under_check_in(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the message that asks somebody how they are."""
    return _rows(
        [
            [(texts.risk_button_safe, f"risk:safe:{user_id}")],
            [(texts.risk_button_help, f"risk:help:{user_id}")],
            [(texts.risk_check_in_off_button, f"risk:quiet:{user_id}")],
        ]
    )


def ask_admin_reset(texts: Texts, admin_id: int, target: str) -> InlineKeyboardMarkup:
    """Under the question to an admin; `target` is a user id or `all`."""
    return _row(
        (texts.admin_confirm, f"admin_reset:yes:{admin_id}:{target}"),
        (texts.admin_cancel, f"admin_reset:no:{admin_id}:{target}"),
    )


def ask_age(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether somebody is 18."""
    return _row(
        (texts.care_age_adult, f"age:adult:{user_id}"),
        (texts.care_age_minor, f"age:minor:{user_id}"),
    )


def ask_under_14(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether somebody under 18 is 14."""
    return _row(
        (texts.care_age_teen, f"age:teen:{user_id}"),
        (texts.care_age_child, f"age:child:{user_id}"),
    )


def ask_guardian(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a guardian agrees."""
    return _row(
        (texts.care_guardian_yes, f"guardian:yes:{user_id}"),
        (texts.care_guardian_no, f"guardian:no:{user_id}"),
    )


def take_over(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under an alert to the admins."""
    return _row((texts.desk_button_take, f"desk:take:{handover_id}"))


def close_handover(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under the word to an admin that they have taken over."""
    return _row((texts.desk_button_close, f"desk:close:{handover_id}"))


def delete_contact(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the emergency contact that a person named."""
    return _row((texts.contact_delete, f"contact:delete:{user_id}"))


def _row(*buttons: tuple[str, str]) -> InlineKeyboardMarkup:
    return _rows([buttons])


def _rows(rows: Sequence[Sequence[tuple[str, str]]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in rows]
    )
