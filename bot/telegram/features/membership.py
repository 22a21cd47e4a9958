"""Hears when the bot is let into a chat, and when it is removed or blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram.constants import ChatMemberStatus, ChatType

from bot.locales import language_for, texts_for
from bot.telegram.feature import Feature

if TYPE_CHECKING:
    from telegram import ChatMemberUpdated

    from bot.telegram.context import Context

OUTSIDE = frozenset({ChatMemberStatus.BANNED, ChatMemberStatus.LEFT})


class Membership(Feature):
    """Keeps in mind which chats can be written to, and greets groups."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._users = context.storage.users
        self.on_membership = self._note

    async def _note(self, change: ChatMemberUpdated) -> None:
        """Note where the bot came in or went out; a group is told how to speak to it."""
        chat = change.chat
        if change.new_chat_member.status in OUTSIDE:
            await self._users.mark_unreachable(chat.id)
            return
        self._outbox.mark_reachable(chat.id)
        self._outbox.unmute(chat.id)
        await self._users.mark_reachable(chat.id)
        was_outside = change.old_chat_member.status in OUTSIDE
        if was_outside and chat.type in {ChatType.GROUP, ChatType.SUPERGROUP}:
            texts = texts_for(language_for(change.from_user.language_code))
            await self._outbox.send_text(chat.id, texts.group_hint)
