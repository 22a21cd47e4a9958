"""/erase ID: an admin erases a person who cannot write any more, once it is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.operators import operator_texts_for
from bot.telegram.features.admin.acts import Done, say, texts_of, user_id_in
from bot.telegram.features.admin.confirmations import ask_confirm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.telegram.context import Context
    from bot.telegram.requests import CallbackRequest, CommandRequest


class ErasureDesk:
    """Asks, and erases what was confirmed.

    Args:
        context: what the features share.
        erase: erases everything kept of a person.
    """

    def __init__(self, context: Context, *, erase: Callable[[int], Awaitable[int]]) -> None:
        self._context = context
        self._erase = erase

    async def ask(self, request: CommandRequest) -> None:
        """Ask an admin whether to erase the person they name."""
        texts, user_id = texts_of(request), user_id_in(request.argument)
        if user_id is None:
            outcome = Done(outcome="usage")
            await say(self._context, request, texts.erase_usage)
        else:
            outcome = Done(str(user_id), "asked")
            keyboard = ask_confirm(texts, "erase", request.user_id, user_id)
            await say(self._context, request, texts.erase_ask(number=user_id), keyboard)
        audit = self._context.storage.audit
        await audit.record(request.user_id, "erase", outcome.target, outcome.outcome)

    async def confirmed(self, request: CallbackRequest, target: int) -> str:
        """Erase a person; what is said of it."""
        turns = await self._erase(target)
        return operator_texts_for(request.language).erase_done(number=target, count=turns)
