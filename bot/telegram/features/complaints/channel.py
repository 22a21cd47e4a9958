"""/complain: a person tells who runs the bot what is wrong, is given a number and a day."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.locales.complaints import complaint_texts_for
from bot.locales.operators import operator_texts_for
from bot.storage import Role
from bot.telegram.feature import Command, Feature
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import plain

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage import Complaint
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

MAX_WORDS: Final = 2000
MAX_A_DAY: Final = 5
DAY: Final = timedelta(days=1)


class ComplaintChannel(Feature):
    """Takes complaints, also of who may not use the bot, and says how they stand."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._complaints = context.storage.complaints
        self._outbox = context.outbox
        self._within = context.options.complaints_within
        self.commands = (
            Command(
                name="complain",
                run=self._complain,
                menu=lambda t: t.command_complain,
                open_to_all=True,
            ),
        )

    async def _complain(self, request: CommandRequest) -> None:
        texts = complaint_texts_for(request.language)
        if not request.is_private:
            await self._outbox.send_text(request.chat_id, texts.in_private)
            return
        if not request.argument:
            await self._show(request)
            return
        if len(request.argument) > MAX_WORDS:
            await self._outbox.send_text(request.chat_id, texts.too_long)
            return
        since = self._context.now() - DAY
        if await self._complaints.count_since(request.user_id, since) >= MAX_A_DAY:
            await self._outbox.send_text(request.chat_id, texts.too_many)
            return
        made = await self._complaints.make(request.user_id, request.argument, self._within)
        await self._context.storage.counters.add("complaint_made")
        taken = texts.taken(number=made.id, day=_day(made.due_at))
        await self._outbox.send_text(request.chat_id, taken)
        await self._tell_operators(made)

    async def _show(self, request: CommandRequest) -> None:
        """How to complain, and how the person's own complaints stand."""
        texts = complaint_texts_for(request.language)
        own = [
            texts.waits(number=one.id, day=_day(one.due_at))
            if one.answer is None
            else texts.answered(number=one.id, answer=one.answer)
            for one in await self._complaints.for_user(request.user_id)
        ]
        said = "\n\n".join([*own, texts.how(days=self._within.days)])
        await self._outbox.send_parts(request.chat_id, plain(said))

    async def _tell_operators(self, made: Complaint) -> None:
        """Say that there is one, and by when; what it says stands in none of these messages."""
        admin_chat = self._context.options.admin_chat_id
        told = (
            self._context.access.list_with_role(Role.ADMIN) if admin_chat is None else {admin_chat}
        )
        for chat_id in sorted(told):
            texts = operator_texts_for(await self._context.language_of(chat_id))
            text = texts.complaint_came(number=made.id, day=_day(made.due_at))
            with suppress(Unreachable, Undeliverable):  # it stands in /complaints
                await self._outbox.send_text(chat_id, text)


def _day(at: datetime) -> str:
    """The day of a deadline, by UTC: as it is told to a person, of whose zone nothing is known."""
    return at.date().isoformat()
