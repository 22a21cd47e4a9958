"""sendMessage, sendMessageDraft, the edits, deleting, typing and reactions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request
from bot.sandbox.markup import inline_keyboard
from bot.sandbox.methods.context import own_message, readable_chat, reply_target, writable_chat
from bot.sandbox.model import Message
from bot.sandbox.text import MESSAGE_LIMIT, FormattedText, format_text

if TYPE_CHECKING:
    from bot.sandbox.methods.context import Api
    from bot.sandbox.model import Json
    from bot.sandbox.params import Params

_ACTIONS = frozenset(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "  # noqa: SIM905
    "choose_sticker find_location record_video_note upload_video_note".split()
)
_REACTIONS = frozenset(
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ "  # noqa: SIM905
    "🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 "
    "🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡".split()
)
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)
_DELETABLE_SECONDS = 48 * 3600


def formatted(params: Params, field: str, limit: int, too_long: str) -> FormattedText:
    """The checked text and entities of a call; `field` is "text" or "caption"."""
    if params.text("parse_mode").lower() not in {"", "none"}:
        # Markdown and HTML are parsed by Telegram only; entities are understood everywhere.
        raise bad_request("unsupported parse_mode: the sandbox takes entities")
    entities_field = "entities" if field == "text" else "caption_entities"
    entities = params.object(entities_field, "can't parse entities JSON object")
    return format_text(params.text(field), entities, limit=limit, too_long=too_long)


async def send_message(api: Api, params: Params) -> Json:
    """A new text message of the bot."""
    body = formatted(params, "text", MESSAGE_LIMIT, "message is too long")
    markup = inline_keyboard(params)
    chat = writable_chat(api, params)
    if not body.text:
        raise bad_request("message text is empty")
    message = api.world.add_message(
        Message(
            chat_id=chat.id,
            message_id=0,
            sender_id=api.world.bot.id,
            date=api.world.now(),
            text=body.text,
            entities=body.entities,
            markup=markup,
            reply_to=reply_target(api, chat, params),
        )
    )
    return api.world.message_body(message)


async def send_message_draft(api: Api, params: Params) -> bool:
    """A preview of a message that is still being written."""
    body = formatted(params, "text", MESSAGE_LIMIT, "message is too long")
    chat = writable_chat(api, params)
    if chat.kind != "private":
        raise bad_request("PEER_ID_INVALID")
    draft_id = params.integer("draft_id")
    if not draft_id:
        raise bad_request("RANDOM_ID_INVALID")
    api.world.show_draft(chat.id, draft_id, body.text, body.entities)
    return True


async def edit_message_text(api: Api, params: Params) -> Json:
    """New text, entities and buttons for one of the bot's messages."""
    body = formatted(params, "text", MESSAGE_LIMIT, "MESSAGE_TOO_LONG")
    markup = inline_keyboard(params)
    message = own_message(api, params)
    if message.media is not None:
        raise bad_request("there is no text in the message to edit")
    if not body.text:
        raise bad_request("message text is empty")
    return _edit(api, message, replace(message, **_content(body), markup=markup))


async def edit_message_reply_markup(api: Api, params: Params) -> Json:
    """New buttons for one of the bot's messages; none given takes them away."""
    markup = inline_keyboard(params)
    message = own_message(api, params)
    return _edit(api, message, replace(message, markup=markup))


async def delete_message(api: Api, params: Params) -> bool:
    """Delete for everyone: own messages of two days, and what the other wrote in private."""
    chat = readable_chat(api, params)
    message = api.world.message(chat.id, params.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    is_own = message.sender_id == api.world.bot.id
    if not is_own and chat.kind != "private":
        raise bad_request("message can't be deleted")
    if api.world.now() - message.date > _DELETABLE_SECONDS:
        raise bad_request("message can't be deleted for everyone")
    api.world.delete_message(chat.id, message.message_id)
    return True


async def send_chat_action(api: Api, params: Params) -> bool:
    """Show that the bot is typing, for 5 s or until its next message."""
    action = params.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = writable_chat(api, params)
    api.world.show_action(chat.id, action)
    return True


async def set_message_reaction(api: Api, params: Params) -> bool:
    """The bot's one emoji on a message; an empty list takes it away."""
    given = params.object("reaction", "can't parse reaction types JSON object")
    if given is not None and not isinstance(given, list):
        raise bad_request("expected an Array of ReactionType")
    chat = writable_chat(api, params)
    message = api.world.message(chat.id, params.integer("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    emoji = None
    for reaction in given or []:
        emoji = str(reaction.get("emoji", "")) if isinstance(reaction, dict) else ""
        if emoji not in _REACTIONS:
            raise bad_request("REACTION_INVALID")
    api.world.change_message(replace(message, reaction=emoji))
    return True


def _content(body: FormattedText) -> Json:
    return {"text": body.text, "entities": body.entities}


def _edit(api: Api, before: Message, after: Message) -> Json:
    if after == before:
        raise bad_request(_NOT_MODIFIED)
    # A change of buttons alone does not mark the message as edited.
    if (after.text, after.entities) != (before.text, before.entities):
        after = replace(after, edit_date=api.world.now())
    api.world.change_message(after)
    return api.world.message_body(after)
