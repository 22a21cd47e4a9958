"""Updates as Telegram sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from telegram import User

PERSON = 42
OTHER = 43
ADMIN = 99
GROUP = -100
ME = User(id=7, first_name="树洞", is_bot=True, username="shudong_bot")
FIRST_MOMENT = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]

_update_ids = count(1)


def message(
    text: str | None = None, *, person: int = PERSON, chat: int | None = None, **fields: Any
) -> dict[str, Any]:
    """An update with a message; in a group it speaks to the bot by replying to it."""
    update_id = next(_update_ids)
    body: dict[str, Any] = {
        "message_id": 1000 + update_id,
        "date": 1,
        "from": {
            "id": person,
            "is_bot": False,
            "first_name": "小林",
            "language_code": "zh-hans",
        },
        "chat": {"id": person, "type": "private", "first_name": "小林"},
        **fields,
    }
    if text is not None:
        body["text"] = text
        if text.startswith("/"):
            length = len(text.split()[0])
            body["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    if chat is not None:
        body["chat"] = {"id": chat, "type": "supergroup", "title": "朋友"}
        body["reply_to_message"] = {
            "message_id": 1,
            "date": 1,
            "from": ME.to_dict(),
            "chat": body["chat"],
        }
    return {"update_id": update_id, "message": body}


def edit(of: dict[str, Any], text: str) -> dict[str, Any]:
    """An update in which the message of an earlier one is edited."""
    body = {**of["message"], "text": text, "edit_date": 2}
    return {"update_id": next(_update_ids), "edited_message": body}


def press(
    data: str,
    *,
    person: int = PERSON,
    chat: int = PERSON,
    message_id: int = 1,
    at: datetime = FIRST_MOMENT,
) -> dict[str, Any]:
    """An update with a button pressed under a message of the bot."""
    update_id = next(_update_ids)
    spoken = message(person=person, chat=chat if chat < 0 else None)["message"]
    spoken |= {"message_id": message_id, "from": ME.to_dict(), "date": int(at.timestamp())}
    query = {
        "id": str(update_id),
        "from": {
            "id": person,
            "is_bot": False,
            "first_name": "小林",
            "language_code": "zh-hans",
        },
        "message": spoken,
        "chat_instance": "1",
        "data": data,
    }
    return {"update_id": update_id, "callback_query": query}
