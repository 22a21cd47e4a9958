"""/help: what the bot can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.telegram.feature import Command, Feature

if TYPE_CHECKING:
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest


class Help(Feature):
    """Names the commands."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self.commands = (Command(name="help", run=self._help, menu=lambda t: t.command_help),)

    async def _help(self, request: CommandRequest) -> None:
        await self._outbox.send_text(request.chat_id, request.texts.help)
