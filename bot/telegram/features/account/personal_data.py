"""/privacy, /export and /erase: what is kept of a person, a copy of it, and its end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from bot.locales.access import access_texts_for
from bot.storage import Role
from bot.telegram.feature import Command, Feature, button_row, owned_callback
from bot.telegram.features.account.export import export_files
from bot.telegram.features.admin.erasures import ErasureDesk
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import render_one

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.feedback import AnswerFeedback
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.requests import CallbackRequest, CommandRequest
    from bot.telegram.turns.registry import RunningTurns


class PersonalData(Feature):
    """Shows people what is kept, hands it out to them alone, and deletes it when they say so."""

    def __init__(
        self,
        context: Context,
        *,
        running_turns: RunningTurns,
        desk: HandoffDesk,
        feedback: AnswerFeedback,
        hotlines: HotlineList,
    ) -> None:
        self._outbox = context.outbox
        self._access = context.access
        self._users = context.storage.users
        self._preferences = context.storage.preferences
        self._history_cache = context.storage.history_cache
        self._running_turns = running_turns
        self._desk = desk
        self._feedback = feedback
        self._hotlines = hotlines
        self.erasures = ErasureDesk(context, erase=self.erase)
        self._exporting = asyncio.Lock()
        self.commands = (
            Command(
                name="privacy",
                run=self._privacy,
                menu=lambda t: t.command_privacy,
                open_to_all=True,
            ),
            Command(
                name="export", run=self._export, menu=lambda t: t.command_export, open_to_all=True
            ),
            Command(
                name="erase", run=self._ask_erase, menu=lambda t: t.command_erase, open_to_all=True
            ),
        )
        self.callbacks = (
            owned_callback("erase", ("yes", "no"), self._answer_erase, open_to_all=True),
        )

    async def _privacy(self, request: CommandRequest) -> None:
        await self._outbox.send_text(request.chat_id, request.texts.data_privacy)
        await self._feedback.show_consent(request)

    async def _export(self, request: CommandRequest) -> None:
        texts, sent = request.texts, 0
        # One at a time, whoever asks: the files of a year take tens of megabytes.
        async with self._exporting, aclosing(export_files(self._users, request.user_id)) as files:
            # Asked for in a group, it still goes to the person alone: their chat has their id.
            try:
                async for file in files:
                    sent += 1
                    await self._outbox.send_document(
                        request.user_id,
                        file,
                        filename="shudong.json" if sent == 1 else f"shudong-{sent}.json",
                        caption=render_one(texts.export_caption) if sent == 1 else None,
                    )
            except (Unreachable, Undeliverable):
                if request.is_private:
                    raise
                await self._outbox.send_text(request.chat_id, texts.export_private)
                return
        if not sent:
            await self._outbox.send_text(request.chat_id, texts.export_nothing)

    async def _ask_erase(self, request: CommandRequest) -> None:
        if request.argument and self._access.has_role(request.user_id, Role.ADMIN):
            await self.erasures.ask(request)
            return
        texts = request.texts
        question = texts.erase_ask
        if self._access.needs_invite:
            question += f"\n\n{access_texts_for(request.language).invite_after_erase}"
        keyboard = ask_erase(texts, request.user_id)
        await self._outbox.send_text(request.chat_id, question, keyboard)

    async def _answer_erase(self, request: CallbackRequest, answer: str) -> str | None:
        texts, user_id = request.texts, request.user_id
        if answer == "no":
            await self._outbox.edit_text(request.chat_id, request.message_id, texts.erase_kept)
            return None
        await self.erase(user_id)
        await self._outbox.edit_text(request.chat_id, request.message_id, texts.erase_done)
        return None

    async def erase(self, user_id: int) -> int:
        """Erase everything kept of a person; how many turns that were.

        Raises StorageError.
        """
        await self._running_turns.stop(user_id)
        await self._desk.end_for_erasure(user_id)
        erased = await self._users.erase(user_id)
        self._access.forget(user_id)
        self._hotlines.remember_region(user_id, None)
        self._preferences.forget_language(user_id)
        await self._history_cache.forget(user_id)
        return erased


def ask_erase(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether to erase everything."""
    return button_row(
        (texts.erase_yes, f"erase:yes:{user_id}"), (texts.erase_no, f"erase:no:{user_id}")
    )
