"""The Bot API methods this Telegram knows, by lower-case name; all others are "Not Found"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from bot.sandbox.methods import callbacks, delivery, files, messages, profile
from bot.sandbox.methods.context import Api
from bot.sandbox.params import Params

Method: TypeAlias = Callable[[Api, Params], Awaitable[object]]

METHODS: dict[str, Method] = {
    "getupdates": delivery.get_updates,
    "setwebhook": delivery.set_webhook,
    "deletewebhook": delivery.delete_webhook,
    "getwebhookinfo": delivery.get_webhook_info,
    "sendmessage": messages.send_message,
    "sendmessagedraft": messages.send_message_draft,
    "editmessagetext": messages.edit_message_text,
    "editmessagereplymarkup": messages.edit_message_reply_markup,
    "deletemessage": messages.delete_message,
    "sendchataction": messages.send_chat_action,
    "setmessagereaction": messages.set_message_reaction,
    "answercallbackquery": callbacks.answer_callback_query,
    "senddocument": files.send_document,
    "sendphoto": files.send_photo,
    "getfile": files.get_file,
    "getme": profile.get_me,
    "getchat": profile.get_chat,
    "setmycommands": profile.set_my_commands,
    "getmycommands": profile.get_my_commands,
    "deletemycommands": profile.delete_my_commands,
    "setchatmenubutton": profile.set_chat_menu_button,
    "getchatmenubutton": profile.get_chat_menu_button,
    "setmyname": profile.text_setter("name", 64),
    "getmyname": profile.text_getter("name"),
    "setmydescription": profile.text_setter("description", 512),
    "getmydescription": profile.text_getter("description"),
    "setmyshortdescription": profile.text_setter("short_description", 120),
    "getmyshortdescription": profile.text_getter("short_description"),
}

__all__ = ["METHODS", "Api", "Method"]
