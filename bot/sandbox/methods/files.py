"""sendDocument, sendPhoto and getFile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.markup import inline_keyboard
from bot.sandbox.methods.context import reply_target, writable_chat
from bot.sandbox.methods.messages import formatted
from bot.sandbox.model import Media, Message
from bot.sandbox.text import CAPTION_LIMIT

if TYPE_CHECKING:
    from bot.sandbox.methods.context import Api
    from bot.sandbox.model import Json, MediaKind, StoredFile
    from bot.sandbox.params import Params

_UPLOAD_BYTES = 50 * 1024 * 1024
_PHOTO_BYTES = 10 * 1024 * 1024
_DOWNLOAD_BYTES = 20 * 1024 * 1024


async def send_document(api: Api, params: Params) -> Json:
    """Send a file, new or already known by its file_id."""
    return await _send(api, params, "document", _UPLOAD_BYTES)


async def send_photo(api: Api, params: Params) -> Json:
    """Send a picture, new or already known by its file_id."""
    return await _send(api, params, "photo", _PHOTO_BYTES)


async def get_file(api: Api, params: Params) -> Json:
    """Where a file's bytes can be downloaded, under `/file/bot<token>/`."""
    if not params.text("file_id"):
        raise bad_request("file_id not specified")
    stored = api.world.files.get(params.text("file_id"))
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.content) > _DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": "u" + stored.file_id,
        "file_size": len(stored.content),
        "file_path": stored.path,
    }


async def _send(api: Api, params: Params, kind: MediaKind, most_bytes: int) -> Json:
    caption = formatted(params, "caption", CAPTION_LIMIT, "message caption is too long")
    markup = inline_keyboard(params)
    chat = writable_chat(api, params)
    reply_to = reply_target(api, chat, params)
    stored = _stored(api, params, kind, most_bytes)
    message = api.world.add_message(
        Message(
            chat_id=chat.id,
            message_id=0,
            sender_id=api.world.bot.id,
            date=api.world.now(),
            text=caption.text,
            entities=caption.entities,
            media=Media(kind, stored.file_id, stored.name, stored.mime, len(stored.content)),
            markup=markup,
            reply_to=reply_to,
        )
    )
    return api.world.message_body(message)


def _stored(api: Api, params: Params, kind: MediaKind, most_bytes: int) -> StoredFile:
    upload = params.upload(kind)
    if upload is None:
        given = params.text(kind)
        if not given:
            raise bad_request(f"there is no {kind} in the request")
        known = api.world.files.get(given)
        if known is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        # A copy of its own, so that deleting one message leaves the other's file.
        return api.world.add_file(known.name, known.mime, known.content, f"{kind}s")
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > most_bytes:
        raise ApiError(413, "Request Entity Too Large")
    return api.world.add_file(upload.name, upload.mime, upload.content, f"{kind}s")
