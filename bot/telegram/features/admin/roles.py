"""/grant and /revoke: roles given in the chat, beside those of the settings."""

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
    user_id_in,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.locales.operators import OperatorTexts
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

_ROLES: Final = {role.name.lower(): role for role in Role}


class RoleDesk:
    """Gives roles and takes them away.

    Args:
        context: what the features share.
        publish: sets the menu of a person with a role.
        withdraw: takes that menu away again.
        end_handovers: gives back whom somebody without the role has taken over.
    """

    def __init__(
        self,
        context: Context,
        *,
        publish: Callable[[int, Role], Awaitable[None]],
        withdraw: Callable[[int], Awaitable[None]],
        end_handovers: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._access = context.access
        self._grants = context.storage.access
        self._publish = publish
        self._withdraw = withdraw
        self._end_handovers = end_handovers
        self.acts = (
            OperatorAct("grant", Role.ADMIN, self._grant, lambda t: t.menu_roles),
            OperatorAct("revoke", Role.ADMIN, self._revoke),
        )

    async def _grant(self, request: CommandRequest) -> Done:
        texts, words = texts_of(request), request.argument.lower().split()
        if not words:
            return await self._list(request)
        user_id = user_id_in(words[0])
        role = _ROLES.get(words[1]) if len(words) == 2 else None
        if user_id is None or role is None:
            await say(self._context, request, texts.role_usage)
            return USAGE
        if self._access.is_set_by_operator(user_id):
            await say(self._context, request, texts.role_in_settings(number=user_id))
            return Done(str(user_id), "in the settings")
        await self._grants.grant(user_id, role, request.user_id)
        await self._take_effect(user_id)
        said = texts.role_granted(number=user_id, role=role_name(texts, role))
        await say(self._context, request, said)
        return Done(str(user_id), f"granted {role.name.lower()}")

    async def _revoke(self, request: CommandRequest) -> Done:
        texts, user_id = texts_of(request), user_id_in(request.argument)
        if user_id is None:
            await say(self._context, request, texts.role_usage)
            return USAGE
        if self._access.is_set_by_operator(user_id):
            await say(self._context, request, texts.role_in_settings(number=user_id))
            return Done(str(user_id), "in the settings")
        had_one = await self._grants.revoke(user_id)
        await self._take_effect(user_id)
        said = texts.role_revoked if had_one else texts.role_none
        await say(self._context, request, said(number=user_id))
        return Done(str(user_id), "done" if had_one else "had none")

    async def _take_effect(self, user_id: int) -> None:
        """Have a change count at once: menu, and whom they had taken over."""
        await self._access.refresh()
        role = self._access.role_of(user_id)
        if role is None:
            await self._withdraw(user_id)
        else:
            await self._publish(user_id, role)
        await self._end_handovers()

    async def _list(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        lines = [
            texts.role_line(number=holder, role=role_name(texts, role))
            for holder in sorted(self._access.list_with_role(Role.VIEWER))
            if (role := self._access.role_of(holder)) is not None
        ]
        await say(self._context, request, "\n".join([*lines, "", texts.role_usage]))
        return SHOWN


def role_name(texts: OperatorTexts, role: Role) -> str:
    """What a role is called."""
    return {
        Role.VIEWER: texts.role_viewer,
        Role.DUTY: texts.role_duty,
        Role.ADMIN: texts.role_admin,
    }[role]
