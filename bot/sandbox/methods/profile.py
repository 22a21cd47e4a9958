"""What the bot says about itself: name, descriptions, commands, menu button; and getChat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request
from bot.sandbox.menu import scope_key
from bot.sandbox.methods.context import readable_chat

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.methods.context import Api
    from bot.sandbox.model import Json
    from bot.sandbox.params import Params

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_MAX_COMMANDS = 100
_DESCRIPTION_LENGTH = 256


async def get_me(api: Api, params: Params) -> Json:  # noqa: ARG001
    """The bot itself."""
    return api.world.bot.user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_chat(api: Api, params: Params) -> Json:
    """A chat the bot knows."""
    chat = readable_chat(api, params)
    return chat.short() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


async def set_my_commands(api: Api, params: Params) -> bool:
    """The commands of one scope and language."""
    given = params.object("commands", "can't parse commands JSON object")
    if not isinstance(given, list):
        raise bad_request("expected an Array of BotCommand")
    if len(given) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    commands = [_command(item) for item in given]
    api.world.put_setting(_commands_key(api, params), {"commands": commands})
    return True


async def get_my_commands(api: Api, params: Params) -> list[Json]:
    """The commands that were set for exactly this scope and language."""
    found = api.world.settings.get(_commands_key(api, params), {})
    return list(found.get("commands", []))


async def delete_my_commands(api: Api, params: Params) -> bool:
    """Forget the commands of one scope and language; wider ones show again."""
    api.world.put_setting(_commands_key(api, params), {"commands": []})
    return True


async def set_chat_menu_button(api: Api, params: Params) -> bool:
    """What the button beside the input does: the page shows commands or nothing."""
    given = params.object("menu_button", "can't parse menu button JSON object")
    kind = given.get("type", "default") if isinstance(given, dict) else "default"
    if kind not in {"commands", "web_app", "default"}:
        raise bad_request("MenuButton has unsupported type")
    chat_id = params.chat_id() or 0
    api.world.put_setting(f"menu_button/{chat_id}", {"button": given or {"type": "default"}})
    return True


async def get_chat_menu_button(api: Api, params: Params) -> Json:
    """The menu button of a chat, or the default one."""
    found = api.world.settings.get(f"menu_button/{params.chat_id() or 0}", {})
    button: Json = found.get("button", {"type": "commands"})
    return button


def text_setter(field: str, longest: int) -> Callable[[Api, Params], Awaitable[bool]]:
    """A handler that keeps `field` for a language; refuses more than `longest` characters."""

    async def set_text(api: Api, params: Params) -> bool:
        text = params.text(field)
        if len(text) > longest:
            raise bad_request(f"{field.replace('_', ' ')} is too long")
        api.world.put_setting(f"{field}/{_language(params)}", {"text": text})
        return True

    return set_text


def text_getter(field: str) -> Callable[[Api, Params], Awaitable[Json]]:
    """A handler that answers `field` for a language, falling back to the one for all."""

    async def get_text(api: Api, params: Params) -> Json:
        settings = api.world.settings
        for language in (_language(params), ""):
            if text := settings.get(f"{field}/{language}", {}).get("text"):
                return {field: text}
        return {field: api.world.bot.name if field == "name" else ""}

    return get_text


def _command(item: object) -> Json:
    if not isinstance(item, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name = str(item.get("command", "")).removeprefix("/")
    description = str(item.get("description", "")).strip()
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not description or len(description) > _DESCRIPTION_LENGTH:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _commands_key(api: Api, params: Params) -> str:
    scope = params.object("scope", "can't parse BotCommandScope JSON object")
    if scope is not None and not isinstance(scope, dict):
        raise bad_request("BotCommandScope must be an Object")
    known = scope_key(scope or {"type": "default"})
    if known is None:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat_id = int((scope or {}).get("chat_id", 0))
    if chat_id and chat_id not in api.world.chats:
        raise bad_request("chat not found")
    return f"commands/{known}/{_language(params)}"


def _language(params: Params) -> str:
    code = params.text("language_code")
    if code and not _LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code
