"""What every method handler is given, and the checks that many of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request, forbidden

if TYPE_CHECKING:
    from bot.sandbox.model import Chat, Message
    from bot.sandbox.params import Params
    from bot.sandbox.webhook import WebhookSender
    from bot.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Api:
    """The world and the webhook: everything a method can change."""

    world: World
    webhook: WebhookSender


def readable_chat(api: Api, params: Params) -> Chat:
    """The chat of `chat_id`; ApiError 400 where the bot has never met it."""
    if not params.text("chat_id"):
        raise bad_request("chat_id is empty")
    chat = api.world.chats.get(params.chat_id() or 0)
    # A bot cannot write first: until a person starts it, Telegram does not know the chat.
    if chat is None or (chat.kind == "private" and not chat.started):
        raise bad_request("chat not found")
    return chat


def writable_chat(api: Api, params: Params) -> Chat:
    """The chat of `chat_id`; ApiError 400, or 403 where the person blocked the bot."""
    chat = readable_chat(api, params)
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    return chat


def reply_target(api: Api, chat: Chat, params: Params) -> int | None:
    """The message that is answered, from `reply_parameters` or the older `reply_to_message_id`."""
    unreadable = "can't parse reply parameters JSON object"
    given = params.object("reply_parameters", unreadable)
    if given is not None and not isinstance(given, dict):
        raise bad_request("object expected as reply parameters")
    fields = given or {}
    message_id = int(fields.get("message_id", params.integer("reply_to_message_id")))
    if not message_id:
        return None
    if api.world.message(chat.id, message_id) is not None:
        return message_id
    lenient = fields.get("allow_sending_without_reply", False)
    if lenient or params.boolean("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def own_message(api: Api, params: Params) -> Message:
    """The bot's own message that a call wants to edit."""
    if not params.has("chat_id") and not params.has("message_id"):
        raise bad_request("message identifier is not specified")
    chat = writable_chat(api, params)
    message = api.world.message(chat.id, params.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender_id != api.world.bot.id:
        raise bad_request("message can't be edited")
    return message
