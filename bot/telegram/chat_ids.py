"""What Telegram's ids of chats tell."""

from __future__ import annotations


def is_private(chat_id: int) -> bool:
    """Whether one person talks with the bot alone there.

    Telegram gives people positive ids and groups negative ones; a private chat has its person's id.
    """
    return chat_id > 0
