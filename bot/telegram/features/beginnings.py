"""Three buttons under the welcome, for people who do not know how to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.safety import level_at, needs_card
from bot.telegram.feature import Feature, button_row, owned_callback

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.requests import CallbackRequest

BEGINNINGS: Final = ("sleep", "heavy", "talk")


class Beginnings(Feature):
    """Says a reviewed first sentence, as the answer to what the button says."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._turns = context.storage.turns
        self._history_cache = context.storage.history_cache
        self._risk = context.storage.risk
        self._now = context.now
        self.callbacks = (owned_callback("begin", BEGINNINGS, self._begin),)

    async def _begin(self, request: CallbackRequest, chosen: str) -> str | None:
        texts, person = request.texts, request.user_id
        known = await self._risk.for_user(person)
        if request.chat_id != person or needs_card(level_at(known.ends, self._now())):
            return texts.button_expired  # who is in danger is asked about that
        said: str = getattr(texts, f"begin_{chosen}")
        answer: str = getattr(texts, f"begun_{chosen}")
        await self._outbox.send_text(person, answer)
        # The model reads it as said before: what comes next answers it.
        await self._turns.add_answered(person, said, answer)
        await self._history_cache.forget(person)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
        return None


def begin_buttons(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the welcome: three ways to begin."""
    return button_row(
        (texts.begin_sleep, f"begin:sleep:{user_id}"),
        (texts.begin_heavy, f"begin:heavy:{user_id}"),
        (texts.begin_talk, f"begin:talk:{user_id}"),
    )
