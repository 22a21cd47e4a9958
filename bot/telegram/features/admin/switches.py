"""/maintenance: answers wait, people read one kind line, danger passes, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import Role
from bot.telegram.features.admin.acts import (
    SHOWN,
    USAGE,
    Done,
    OperatorAct,
    say,
    texts_of,
    told_at,
)

if TYPE_CHECKING:
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest


class MaintenanceSwitch:
    """Switches maintenance on and off, in every replica."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.acts = (
            OperatorAct("maintenance", Role.ADMIN, self._switch, lambda t: t.menu_maintenance),
        )

    async def _switch(self, request: CommandRequest) -> Done:
        texts, access = texts_of(request), self._context.access
        if request.argument not in {"", "on", "off"}:
            await say(self._context, request, texts.maintenance_usage)
            return USAGE
        outcome = SHOWN
        if request.argument:
            changed = await self._context.storage.access.set_maintenance(
                on=request.argument == "on"
            )
            outcome = Done(request.argument, "done" if changed else "was so already")
        await access.refresh()
        since = access.paused_since
        if since is None:
            await say(self._context, request, texts.maintenance_off)
        else:
            at = told_at(self._context, request.user_id, since)
            await say(self._context, request, texts.maintenance_on(at=at))
        return outcome
