"""/audit and /incident: what operators did, and what went wrong; no words of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    from collections.abc import Callable, Sequence

    from bot.telegram.context import Context, Incident
    from bot.telegram.requests import CommandRequest

ACTS_SHOWN: Final = 20
MAX_SHOWN: Final = 100


class RecordBook:
    """Shows the audit, and the faults that this process has logged.

    Args:
        context: what the features share.
        incidents: the faults by event, the newest first.
    """

    def __init__(self, context: Context, *, incidents: Callable[[], Sequence[Incident]]) -> None:
        self._context = context
        self._incidents = incidents
        self.acts = (
            OperatorAct("incident", Role.VIEWER, self._incident, lambda t: t.menu_incident),
            OperatorAct("audit", Role.ADMIN, self._audit, lambda t: t.menu_audit),
        )

    async def _audit(self, request: CommandRequest) -> Done:
        asked = request.argument or str(ACTS_SHOWN)
        is_number = asked.isascii() and asked.isdecimal() and len(asked) <= 3
        if not (is_number and 1 <= int(asked) <= MAX_SHOWN):
            await say(self._context, request, texts_of(request).audit_usage)
            return USAGE
        entries = await self._context.storage.audit.list_recent(int(asked))
        lines = [
            f"{told_at(self._context, request.user_id, entry.at)}  {entry.admin_id}  "
            f"{entry.action} {entry.target}: {entry.outcome}"
            for entry in entries
        ]
        await say(self._context, request, "\n".join(lines) or texts_of(request).audit_none)
        return SHOWN

    async def _incident(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        lines = [
            texts.incident_line(
                event=incident.event,
                count=incident.count,
                at=told_at(self._context, request.user_id, incident.last_at),
            )
            for incident in self._incidents()
        ]
        said = "\n".join([texts.incident_head, *lines]) if lines else texts.incident_none
        await say(self._context, request, said)
        return SHOWN
