"""Who is called for a hand-over: one after the other by the rota, then everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.storage import Role

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.storage import Handover
    from bot.telegram.access import AccessControl
    from bot.telegram.context import Options


@dataclass(frozen=True, slots=True)
class Recipients:
    """The chats that are told; `everyone`: nobody is left to be told after them."""

    chats: frozenset[int]
    everyone: bool = False


class Escalation:
    """Without a rota the chat of the operators is told first, and nobody in particular."""

    def __init__(self, options: Options, access: AccessControl) -> None:
        self._chat = options.admin_chat_id
        self._access = access
        self._rota = options.oncall_rota

    def first(self, handover: Handover, at: datetime) -> Recipients:
        """Who is told of a new alert."""
        chat = {self._chat} if self._chat is not None else set()
        if handover.state == "taken" and handover.admin_id is not None:
            return Recipients(frozenset(chat or {handover.admin_id}))
        if self._rota is None:
            return Recipients(frozenset(chat))
        on_call = self._list_on_call(handover, at)
        if not on_call:
            return self._everyone(handover)
        if handover.declined_at is not None and chat:  # nothing can be done about it
            return Recipients(frozenset(chat))
        return Recipients(frozenset({*chat, on_call[0]}))

    def following(self, handover: Handover, called: Collection[int], at: datetime) -> Recipients:
        """Who is told when none of those who were called has come."""
        left = [one for one in self._list_on_call(handover, at) if one not in called]
        return Recipients(frozenset(left[:1])) if left else self._everyone(handover)

    def _list_on_call(self, handover: Handover, at: datetime) -> list[int]:
        if self._rota is None:
            return []
        # Not who just left this person, and nobody for their own call for help.
        others = self._oncall() - {handover.left_by, handover.user_id}
        return [admin for admin in self._rota.list_on_call(at) if admin in others]

    def _oncall(self) -> frozenset[int]:
        """All who may take people over."""
        return self._access.list_with_role(Role.DUTY)

    def _everyone(self, handover: Handover) -> Recipients:
        chats = set(self._oncall() - {handover.user_id})
        if self._chat is not None:
            chats.add(self._chat)
        return Recipients(frozenset(chats), everyone=True)
