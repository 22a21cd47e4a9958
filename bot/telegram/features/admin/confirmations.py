"""What cannot be undone is asked once more, and done for the one who was asked, within minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.locales.operators import operator_texts_for
from bot.storage import Role
from bot.telegram.feature import Callback, Feature, button_row, parse_id
from bot.telegram.requests import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.operators import OperatorTexts
    from bot.telegram.context import Context

LASTS: Final = timedelta(minutes=10)

Confirmed = Callable[[CallbackRequest, int], Awaitable[str]]
"""Does it to a target; what is said of it in place of the question."""


@dataclass(frozen=True, slots=True)
class PressedConfirmation:
    """What an operator answered to the question whether to do `verb` to `target`."""

    confirmed: bool
    verb: str
    operator_id: int
    target: int


class Confirmations(Feature):
    """Does what was confirmed.

    Args:
        context: what the features share.
        acts: what can be asked, by verb; all take an admin.
    """

    def __init__(self, context: Context, acts: Mapping[str, Confirmed]) -> None:
        self._outbox = context.outbox
        self._audit = context.storage.audit
        self._now = context.now
        self._acts = acts
        self.callbacks = (
            Callback(prefix="confirm", parse=self._parse, run=self._press, role=Role.ADMIN),
        )

    async def _press(self, request: CallbackRequest, pressed: PressedConfirmation) -> str | None:
        texts, target = operator_texts_for(request.language), str(pressed.target)
        is_fresh = self._now() - request.message_date < LASTS
        if request.user_id != pressed.operator_id or not is_fresh:
            await self._audit.record(request.user_id, pressed.verb, target, "refused")
            return request.texts.admin_expired
        if not pressed.confirmed:
            await self._audit.record(request.user_id, pressed.verb, target, "cancelled")
            said = request.texts.admin_cancelled
        else:
            said = await self._acts[pressed.verb](request, pressed.target)
            await self._audit.record(request.user_id, pressed.verb, target, "done")
        # In the place of the question, so that it cannot be answered twice.
        await self._outbox.edit_text(request.chat_id, request.message_id, said)
        return texts.noted

    def _parse(self, arguments: Sequence[str]) -> PressedConfirmation:
        answer, verb, operator_id, target = arguments
        if answer not in {"yes", "no"} or verb not in self._acts:
            raise ValueError(answer)
        return PressedConfirmation(answer == "yes", verb, parse_id(operator_id), parse_id(target))


def ask_confirm(
    texts: OperatorTexts, verb: str, operator_id: int, target_id: int
) -> InlineKeyboardMarkup:
    """Under the question whether to do something that cannot be undone."""
    return button_row(
        (texts.button_confirm, f"confirm:yes:{verb}:{operator_id}:{target_id}"),
        (texts.button_cancel, f"confirm:no:{verb}:{operator_id}:{target_id}"),
    )
