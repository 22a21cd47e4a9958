"""answerCallbackQuery: ends the loading state of a pressed button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request

if TYPE_CHECKING:
    from bot.sandbox.methods.context import Api
    from bot.sandbox.params import Params

# Telegram does not publish how long a press waits; its servers give up after some minutes.
ANSWERABLE_SECONDS = 300
_TEXT_LIMIT = 200


async def answer_callback_query(api: Api, params: Params) -> bool:
    """Answer a press once, with an optional toast or alert."""
    world = api.world
    callback = world.callbacks.get(params.text("callback_query_id"))
    if callback is not None and world.clock.wall() - callback.date > ANSWERABLE_SECONDS:
        world.drop_callback(callback.id)
        callback = None
    if callback is None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = params.text("text")
    if len(text) > _TEXT_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    world.drop_callback(callback.id)
    world.hub.publish(
        {
            "type": "answered",
            "chat_id": callback.chat_id,
            "person_id": callback.person_id,
            "callback_id": callback.id,
            "text": text,
            "alert": params.boolean("show_alert"),
        }
    )
    return True
