"""An invite by command line: before any admin has a chat, or for many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.commands.opened import opened_with_keys
from bot.commands.people import BY_COMMAND_LINE
from bot.errors import StartupError
from bot.storage import Audit, Invites, utc_now
from bot.telegram.features.admin.invites import MAX_USES, invite_link, qr_picture, spoken_code

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings

MAX_DAYS = 3650


async def make_invite(
    settings: Settings, uses: int, days: int, bot_name: str | None, picture: Path | None
) -> str:
    """Make a code that lets in so many people within so many days; what to hand out.

    Args:
        settings: name the database.
        uses: how many people it lets in.
        days: how long it lasts.
        bot_name: the bot's name in Telegram, for a link; None: only the code is told.
        picture: a new file for the QR picture of the link; None: none.

    Raises:
        StartupError: a number is out of range, or the database or the file cannot be written.
    """
    if not 1 <= uses <= MAX_USES:
        raise StartupError(f"--uses: expected a number from 1 to {MAX_USES}.")
    if not 1 <= days <= MAX_DAYS:
        raise StartupError(f"--days: expected a number from 1 to {MAX_DAYS}.")
    if picture is not None and bot_name is None:
        raise StartupError("--picture: shows a link, which needs --bot NAME.")
    async with opened_with_keys(settings) as (database, _):
        invite, code = await Invites(database, utc_now).make(
            BY_COMMAND_LINE, uses, timedelta(days=days)
        )
        audit = Audit(database, utc_now)
        await audit.record(BY_COMMAND_LINE, "invite", f"#{invite.id}", f"made for {uses}")
    said = [
        f"Invite #{invite.id} lets in {uses} until {invite.expires_at:%Y-%m-%d %H:%M} UTC.",
        f"Code, told this once: {spoken_code(code)}",
    ]
    if bot_name is not None:
        link = invite_link(bot_name.removeprefix("@"), code)
        said.append(f"Link: {link}")
        if picture is not None:
            _write(picture, qr_picture(link))
            said.append(f"Picture: {picture}")
    if settings.access != "invite":
        said.append(f"ACCESS is {settings.access}: nobody is asked for an invite now.")
    return "\n".join(said)


def _write(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except OSError as error:
        raise StartupError(f"{file} cannot be written ({error.strerror}).") from None
