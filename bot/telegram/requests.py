"""What people ask of the bot other than by writing to it: a command, a press of a button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.locales import texts_for
from bot.telegram.chat_ids import is_private

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales import Language, Texts


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One command of one person."""

    chat_id: int
    user_id: int
    argument: str
    language: Language

    @property
    def texts(self) -> Texts:
        """What the bot says in this person's language."""
        return texts_for(self.language)

    @property
    def is_private(self) -> bool:
        """Whether no other person reads along: a private chat has its person's id."""
        return is_private(self.chat_id)


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """One press of one button under the bot's message `message_id`."""

    query_id: str
    chat_id: int
    user_id: int
    message_id: int
    message_date: datetime
    data: str
    language: Language

    @property
    def texts(self) -> Texts:
        """What the bot says in this person's language."""
        return texts_for(self.language)
