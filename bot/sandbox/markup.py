"""Inline keyboards, checked as the Bot API checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request
from bot.sandbox.text import check_url

if TYPE_CHECKING:
    from bot.sandbox.model import Json
    from bot.sandbox.params import Params

_CALLBACK_DATA_BYTES = 64
_UNREADABLE = "can't parse inline keyboard button"
# Button kinds that have no counterpart on the page.
_NOT_SHOWN = (
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "pay",
)


def inline_keyboard(params: Params) -> Json | None:
    """The `reply_markup` of a call; None where there is none or it has no buttons.

    Raises:
        ApiError: 400; also for reply keyboards, which the page does not show.
    """
    given = params.object("reply_markup", "can't parse reply keyboard markup JSON object")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in given:
        if given.get("remove_keyboard") or not given:
            return None
        raise bad_request("the sandbox shows inline keyboards only")
    rows = given["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    checked = [[_button(button) for button in row] for row in rows]
    # Buttons without a text vanish without a word, as at Telegram.
    kept = [[button for button in row if button["text"]] for row in checked]
    kept = [row for row in kept if row]
    return {"inline_keyboard": kept} if kept else None


def _button(button: object) -> Json:
    if not isinstance(button, dict):
        raise bad_request(f"{_UNREADABLE}: InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request(f'{_UNREADABLE}: Can\'t find field "text"')
    if button.get("url"):
        check_url(str(button["url"]), "inline keyboard button URL")
        return {"text": text, "url": button["url"]}
    if button.get("callback_data"):
        data = str(button["callback_data"])
        if len(data.encode()) > _CALLBACK_DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        return {"text": text, "callback_data": data}
    if button.get("copy_text"):
        return {"text": text, "copy_text": button["copy_text"]}
    if any(kind in button for kind in _NOT_SHOWN):
        raise bad_request("BUTTON_TYPE_INVALID")
    raise bad_request(f"{_UNREADABLE}: Text buttons are unallowed in the inline keyboard")
