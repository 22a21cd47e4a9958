"""/admin: what somebody with a role may do, as buttons; each does what its command does alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.operators import operator_texts_for
from bot.storage import Role
from bot.telegram.feature import Button, Callback, Feature, button_rows
from bot.telegram.features.admin.acts import (
    SHOWN,
    Done,
    OperatorAct,
    command_of,
    run_and_record,
    say,
    texts_of,
)
from bot.telegram.features.admin.roles import role_name
from bot.telegram.requests import CallbackRequest, CommandRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.operators import OperatorTexts
    from bot.telegram.context import Context
    from bot.telegram.feature import Command

COLUMNS = 2


class OperatorMenu(Feature):
    """The commands of operators, and the menu that shows each its own.

    Args:
        context: what the features share.
        acts: all commands of operators, in the order of the menu.
    """

    def __init__(self, context: Context, acts: Sequence[OperatorAct]) -> None:
        self._context = context
        self._access = context.access
        self._acts = {act.name: act for act in acts}
        menu = OperatorAct("admin", Role.VIEWER, self._show)
        self.commands: Sequence[Command] = [
            command_of(context, menu, lambda texts: texts.command_admin),
            *(command_of(context, act) for act in acts),
        ]
        self.callbacks = (
            Callback(prefix="admin", parse=self._parse, run=self._press, role=Role.VIEWER),
        )

    async def _show(self, request: CommandRequest) -> Done:
        texts, role = texts_of(request), self._access.role_of(request.user_id)
        if role is None:
            return Done(outcome="refused")
        theirs = [act for act in self._acts.values() if role >= act.role]
        head = texts.menu_head(role=role_name(texts, role))
        await say(self._context, request, head, operator_menu(texts, theirs))
        return SHOWN

    async def _press(self, request: CallbackRequest, name: str) -> str | None:
        act = self._acts[name]
        if not self._access.has_role(request.user_id, act.role):
            audit = self._context.storage.audit
            await audit.record(request.user_id, name, "-", "refused")
            return request.texts.button_expired
        asked = CommandRequest(request.chat_id, request.user_id, "", request.language)
        await run_and_record(self._context, act, asked)
        return operator_texts_for(request.language).noted

    def _parse(self, arguments: Sequence[str]) -> str:
        (name,) = arguments
        if name not in self._acts:
            raise ValueError(name)
        return name


def operator_menu(texts: OperatorTexts, acts: Sequence[OperatorAct]) -> InlineKeyboardMarkup:
    """A button for each act that has one, side by side in twos."""
    buttons: list[Button] = [
        (act.label(texts), f"admin:{act.name}") for act in acts if act.label is not None
    ]
    rows = [buttons[at : at + COLUMNS] for at in range(0, len(buttons), COLUMNS)]
    return button_rows(rows)
