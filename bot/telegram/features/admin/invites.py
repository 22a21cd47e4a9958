"""/invite: codes that let people in, shown once, as a link and as a picture."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import segno

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

if TYPE_CHECKING:
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

LASTS: Final = timedelta(days=7)
MAX_USES: Final = 100_000
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}
_SPAN: Final = re.compile(r"([1-9]\d{0,3})([hd])")
_PIXELS: Final = 8
"""Of one square of the code."""


class InviteDesk:
    """Makes, lists and revokes codes, and lets people in by their id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._invites = context.storage.invites
        self.acts = (OperatorAct("invite", Role.ADMIN, self._invite, lambda t: t.menu_invite),)

    async def _invite(self, request: CommandRequest) -> Done:
        texts, words = texts_of(request), request.argument.split()
        if words[:1] == ["list"]:
            return await self._list(request)
        if words[:1] in (["revoke"], ["admit"]):
            number = user_id_in(words[1]) if len(words) == 2 else None
            if number is None:
                await say(self._context, request, texts.invite_usage)
                return USAGE
            revokes = words[0] == "revoke"
            return await (self._revoke if revokes else self._admit)(request, number)
        wanted = _wanted(words)
        if wanted is None:
            await say(self._context, request, texts.invite_usage)
            return USAGE
        uses, lasts = wanted
        invite, code = await self._invites.make(request.user_id, uses, lasts)
        link = invite_link(self._context.me.username or "", code)
        text = texts.invite_made(
            number=invite.id,
            uses=uses,
            until=told_at(self._context, request.user_id, invite.expires_at),
            code=spoken_code(code),
            link=link,
        )
        await say(self._context, request, text)
        await self._context.outbox.send_document(
            request.chat_id, qr_picture(link), filename=f"invite-{invite.id}.png"
        )
        return Done(f"#{invite.id}", f"made for {uses}")

    async def _list(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        lines = [
            texts.invite_line(
                number=invite.id,
                used=invite.used,
                uses=invite.uses,
                until=told_at(self._context, request.user_id, invite.expires_at),
            )
            for invite in await self._invites.list_open()
        ]
        await say(self._context, request, "\n".join(lines) or texts.invite_none)
        return SHOWN

    async def _revoke(self, request: CommandRequest, number: int) -> Done:
        texts = texts_of(request)
        done = await self._invites.revoke(number)
        said = texts.invite_revoked if done else texts.invite_unknown
        await say(self._context, request, said(number=number))
        return Done(f"#{number}", "revoked" if done else "unknown")

    async def _admit(self, request: CommandRequest, user_id: int) -> Done:
        await self._context.storage.access.admit(user_id)
        await say(self._context, request, texts_of(request).invite_admitted(number=user_id))
        return Done(str(user_id), "admitted")


def _wanted(words: list[str]) -> tuple[int, timedelta] | None:
    """How many people a code is to let in and how long it lasts; None: it cannot be read."""
    uses, lasts = 1, LASTS
    for word in words:
        if found := _SPAN.fullmatch(word):
            lasts = int(found[1]) * _UNITS[found[2]]
        elif word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= MAX_USES:
            uses = int(word[:9])
        else:
            return None
    return uses, lasts


def invite_link(bot_name: str, code: str) -> str:
    """The link that opens the bot with a code."""
    return f"https://t.me/{bot_name}?start=invite-{code}"


def spoken_code(code: str) -> str:
    """A code in groups of four, as people copy it; it is taken with and without the dashes."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def qr_picture(link: str) -> bytes:
    """A PNG of the QR code of a link."""
    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="png", scale=_PIXELS)
    return picture.getvalue()
