"""/ban, /unban and /quota: who may not use the bot any more, and how much one person gets."""

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
    user_id_in,
)
from bot.telegram.turns.quota import DAY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

MAX_REASON: Final = 300
BANS_SHOWN: Final = 20
MAX_ANSWERS: Final = 1_000_000


class BanDesk:
    """Keeps people out and lets them in again; the reason is for admins alone, and encrypted.

    Args:
        context: what the features share.
        stop: stops the answer being made in a chat.
    """

    def __init__(self, context: Context, *, stop: Callable[[int], Awaitable[bool]]) -> None:
        self._context = context
        self._access = context.access
        self._bans = context.storage.access
        self._stop = stop
        self.acts = (
            OperatorAct("ban", Role.ADMIN, self._ban, lambda t: t.menu_bans),
            OperatorAct("unban", Role.ADMIN, self._unban),
            OperatorAct("quota", Role.ADMIN, self._quota),
        )

    async def _ban(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        if not request.argument:
            return await self._list(request)
        word, _, reason = request.argument.partition(" ")
        user_id, reason = user_id_in(word), reason.strip()
        if user_id is None or len(reason) > MAX_REASON:
            await say(self._context, request, texts.ban_usage)
            return USAGE
        if self._access.role_of(user_id) is not None:
            await say(self._context, request, texts.ban_has_role(number=user_id))
            return Done(str(user_id), "has a role")
        await self._bans.ban(user_id, request.user_id, reason)
        await self._access.refresh()
        await self._stop(user_id)
        await say(self._context, request, texts.ban_done(number=user_id))
        return Done(str(user_id))

    async def _unban(self, request: CommandRequest) -> Done:
        texts, user_id = texts_of(request), user_id_in(request.argument)
        if user_id is None:
            await say(self._context, request, texts.ban_usage)
            return USAGE
        was_banned = await self._bans.unban(user_id)
        await self._access.refresh()
        said = texts.unban_done if was_banned else texts.unban_not_banned
        await say(self._context, request, said(number=user_id))
        return Done(str(user_id), "done" if was_banned else "was not banned")

    async def _list(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        lines = [
            texts.ban_line(
                number=ban.person_id,
                by=ban.banned_by,
                at=told_at(self._context, request.user_id, ban.banned_at),
                reason=ban.reason or texts.ban_no_reason,
            )
            for ban in await self._bans.list_bans(BANS_SHOWN)
        ]
        await say(self._context, request, "\n".join([*lines, "", texts.ban_usage]).strip())
        return SHOWN

    async def _quota(self, request: CommandRequest) -> Done:
        texts, words = texts_of(request), request.argument.split()
        user_id = user_id_in(words[0]) if words else None
        if user_id is None or len(words) > 2 or not (len(words) == 1 or _is_quota(words[1])):
            await say(self._context, request, texts.quota_usage)
            return USAGE
        outcome = "shown"
        if len(words) == 2:
            outcome = f"set to {words[1]}"
            answers = None if words[1] == "off" else int(words[1])
            await self._bans.set_quota(user_id, answers)
            await self._access.refresh()
        per_day = self._access.quota_of(user_id, self._context.options.answers_per_day)
        used = await self._context.storage.limits.used(user_id, DAY)
        of = str(per_day) if per_day else texts.quota_none
        await say(self._context, request, texts.quota_shown(number=user_id, used=used, of=of))
        return Done(str(user_id), outcome)


def _is_quota(word: str) -> bool:
    is_number = word.isascii() and word.isdecimal() and len(word) <= 7
    return word == "off" or (is_number and int(word) <= MAX_ANSWERS)
