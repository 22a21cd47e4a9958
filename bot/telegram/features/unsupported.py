"""Messages that hold nothing to read: says honestly what the bot cannot see or hear."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import structlog

from bot.safety import RiskLevel, emergency, level_at, region_of
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Feature

if TYPE_CHECKING:
    from telegram import Message

    from bot.locales import Texts
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

MAX_ALBUMS = 256
"""Albums kept in mind, so that each is answered once."""


class UnsupportedMessages(Feature):
    """Answers pictures, voices, files and the like."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._risk = context.storage.risk
        self._now = context.now
        self._language_for = context.language_for
        self._albums: deque[str] = deque(maxlen=MAX_ALBUMS)
        self.on_no_words = self._answer

    async def _answer(self, message: Message, texts: Texts) -> None:
        """Say what a message would have to be; an album gets one answer.

        A voice or a picture may be a call for help: who is in danger reads whom to call.
        """
        if self._is_more_of_an_album(message):
            return
        text = await self._to_person_in_danger(message, texts) or _answer_to(message, texts)
        await self._outbox.send_text(message.chat.id, text)

    async def _to_person_in_danger(self, message: Message, texts: Texts) -> str | None:
        person = message.from_user
        if person is None or not is_private(message.chat.id):
            return None
        try:
            risk = await self._risk.for_user(person.id)
        except StorageError as error:
            log.warning("risk_not_read", error=type(error).__name__)
            return None
        if level_at(risk.ends, self._now()) < RiskLevel.HIGH:
            return None
        language = self._language_for(person.id, person.language_code)
        whom_to_call = emergency(language, region_of(risk.region))
        return texts.unsupported_in_danger(emergency=whom_to_call)

    def _is_more_of_an_album(self, message: Message) -> bool:
        """An album arrives as one message a picture."""
        album = message.media_group_id
        if album is None:
            return False
        was_seen = album in self._albums
        self._albums.append(album)
        return was_seen


def _answer_to(message: Message, texts: Texts) -> str:
    if message.text:
        return texts.group_hint  # a group called the bot by its name and said nothing more
    if message.photo:
        return texts.unsupported_photo
    if message.voice or message.audio or message.video_note:
        return texts.unsupported_voice
    if message.animation or message.video:
        return texts.unsupported_video
    if message.sticker:
        return texts.unsupported_sticker
    if message.document:
        return texts.unsupported_document
    if message.location or message.venue:
        return texts.unsupported_location
    if message.contact:
        return texts.unsupported_contact
    if message.poll:
        return texts.unsupported_poll
    return texts.unsupported_other
