"""Who may use the bot, and who may do more: what the settings say, and what admins have changed.

The rules are asked for at every message, so they are kept in memory and read anew when another
process has changed them, and now and then.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

from bot.storage import AccessRules, Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.storage import Access

REFRESH_EVERY: Final = 30.0
"""Seconds; a notification between replicas can be lost, and commands of operators send none."""
REMEMBERED: Final = 65_536
"""People who are known to be in."""


class Refusal(StrEnum):
    """Why a person may not use the bot."""

    BANNED = "banned"
    FULL = "full"
    NOT_INVITED = "invite"
    NOT_LISTED = "list"


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """What the settings say.

    Args:
        mode: who may come in: everybody, who has an invite, who is on the list.
        listed: the list.
        most_people: how many people may come in; 0: no limit.
        duty: who may take people over.
        viewers: who may see how the bot is doing.
    """

    mode: Literal["open", "invite", "list"] = "open"
    listed: frozenset[int] = frozenset()
    most_people: int = 0
    duty: frozenset[int] = frozenset()
    viewers: frozenset[int] = frozenset()


class AccessControl:
    """Answers from memory who may do what; asks the database about who is not known to be in.

    Args:
        access: the rules that admins change.
        options: what the settings say.
        admins: who may do everything, by the settings.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        access: Access,
        options: AccessOptions,
        *,
        admins: frozenset[int],
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._options = options
        self._set_roles: dict[int, Role] = {
            **dict.fromkeys(options.viewers, Role.VIEWER),
            **dict.fromkeys(options.duty, Role.DUTY),
            **dict.fromkeys(admins, Role.ADMIN),
        }
        self._clock = clock
        self._rules = AccessRules()
        self._stale_at = float("-inf")
        self._admitted: OrderedDict[int, None] = OrderedDict()
        self.on_refreshed: list[Callable[[], None]] = []
        """Called when the rules were read anew."""
        self.on_resumed: Callable[[], None] = lambda: None
        """Called when a maintenance has ended."""

    async def refresh(self) -> None:
        """Read the rules anew. Raises StorageError; the ones known before then stay."""
        was_paused = self.paused_since is not None
        self._rules = await self._access.rules()
        self._stale_at = self._clock() + REFRESH_EVERY
        for listener in self.on_refreshed:
            listener()
        if was_paused and self.paused_since is None:
            self.on_resumed()

    async def refresh_if_stale(self) -> None:
        """Read the rules anew where it is time, or another process changed them.

        Raises StorageError.
        """
        if self._clock() >= self._stale_at:
            await self.refresh()

    def invalidate(self) -> None:
        """Have everything read anew: it was changed elsewhere."""
        self._stale_at = float("-inf")
        self._admitted.clear()

    @property
    def admits_all(self) -> bool:
        """Whether who writes is let in by that."""
        return self._options.mode == "open" and not self._options.most_people

    @property
    def needs_invite(self) -> bool:
        """Whether coming in takes an invite."""
        return self._options.mode == "invite"

    @property
    def paused_since(self) -> datetime | None:
        """Since when answers wait for the end of a maintenance; None: they do not."""
        return self._rules.maintenance_since

    @property
    def drained(self) -> frozenset[str]:
        """The nodes of the engine that get no work."""
        return self._rules.drained

    def quota_of(self, user_id: int, of_all: int) -> int:
        """How many answers a day a person gets; `of_all`: who has no limit of their own."""
        return self._rules.quotas.get(user_id, of_all)

    def role_of(self, user_id: int) -> Role | None:
        """The role of a person, by the settings or by a grant: the higher one."""
        roles = (self._set_roles.get(user_id), self._rules.roles.get(user_id))
        return max((role for role in roles if role is not None), default=None)

    def has_role(self, user_id: int, role: Role) -> bool:
        """Whether a person may do what takes a role."""
        own = self.role_of(user_id)
        return own is not None and own >= role

    def is_set_by_operator(self, user_id: int) -> bool:
        """Whether a person's role stands in the settings, where no command takes it away."""
        return user_id in self._set_roles

    def list_with_role(self, role: Role) -> frozenset[int]:
        """All who may do what takes a role."""
        known = {*self._set_roles, *self._rules.roles}
        return frozenset(user_id for user_id in known if self.has_role(user_id, role))

    async def refusal_of(self, user_id: int) -> Refusal | None:
        """Why a person may not use the bot; None: they may. Who finds room is in from now on.

        Raises:
            StorageError: it is not known, and cannot be read now.
        """
        if self._stale_at == float("-inf"):
            await self.refresh()
        if self.role_of(user_id) is not None:
            return None
        if user_id in self._rules.banned:
            return Refusal.BANNED
        if self.admits_all:
            return None
        if self._options.mode == "list":
            return None if user_id in self._options.listed else Refusal.NOT_LISTED
        if user_id in self._admitted or await self._lets_in(user_id):
            self.note_admitted(user_id)
            return None
        return Refusal.NOT_INVITED if self._options.mode == "invite" else Refusal.FULL

    def note_admitted(self, user_id: int) -> None:
        """Keep in mind that a person is in."""
        self._admitted[user_id] = None
        self._admitted.move_to_end(user_id)
        if len(self._admitted) > REMEMBERED:
            self._admitted.popitem(last=False)

    def forget(self, user_id: int) -> None:
        """Keep no longer in mind that a person is in."""
        self._admitted.pop(user_id, None)

    async def _lets_in(self, user_id: int) -> bool:
        if self._options.mode == "invite":
            return await self._access.is_admitted(user_id)
        return await self._access.admit(user_id, most=self._options.most_people)
