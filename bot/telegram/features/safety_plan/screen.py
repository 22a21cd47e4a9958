"""Shows the plan and its questions, in a new message or in place of the one that was pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.locales.plan import plan_texts_for
from bot.telegram.features.safety_plan.keyboards import (
    begin_plan,
    go_on_with_plan,
    under_plan,
    under_question,
)
from bot.telegram.features.safety_plan.pages import open_steps, overview, question
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.numbers import plain_with_numbers

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Language
    from bot.storage import PlanStep
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList

log = structlog.get_logger(__name__)


class PlanScreen:
    """What people see of their plan, in their private chat, whose id is theirs."""

    def __init__(self, context: Context, hotlines: HotlineList) -> None:
        self._outbox = context.outbox
        self._plans = context.storage.safety_plans
        self._hotlines = hotlines

    async def show_plan(
        self, user_id: int, language: Language, *, before: str = "", in_message: int | None = None
    ) -> None:
        """Show the whole plan, or what it is to a person who has none; `before`: said first."""
        texts = plan_texts_for(language)
        plan = await self._plans.for_user(user_id)
        if not plan.lines:
            await self._put(user_id, before or texts.intro, begin_plan(texts), in_message)
            return
        text = overview(texts, plan, language, await self._hotlines.region(user_id))
        text = f"{before}\n\n{text}" if before else text
        await self._put(user_id, text, under_plan(texts, open_steps(plan)), in_message)

    async def ask(
        self,
        user_id: int,
        step: PlanStep,
        language: Language,
        *,
        walks: bool,
        before: str = "",
        in_message: int | None = None,
    ) -> None:
        """Ask for a step, which has to be noted as asked already; `before`: said first."""
        texts = plan_texts_for(language)
        plan = await self._plans.for_user(user_id)
        text = question(texts, step, plan, language, await self._hotlines.region(user_id))
        text = f"{before}\n\n{text}" if before else text
        keyboard = under_question(texts, step, plan.of(step), walks=walks)
        message_id = await self._put(user_id, text, keyboard, in_message)
        await self._plans.note_shown(user_id, step, message_id)

    async def retire(self, user_id: int, message_id: int | None) -> None:
        """Take the buttons away from a question that is not asked any more."""
        await self._change_buttons(user_id, message_id, None)

    async def pause(
        self, user_id: int, step: PlanStep, message_id: int | None, language: Language
    ) -> None:
        """Leave a question to wait: a button under it goes back to it."""
        keyboard = go_on_with_plan(plan_texts_for(language), step)
        await self._change_buttons(user_id, message_id, keyboard)

    async def say(self, user_id: int, text: str) -> None:
        """Say something beside the question, which stays."""
        await self._put(user_id, text, None, None)

    async def _change_buttons(
        self, user_id: int, message_id: int | None, keyboard: InlineKeyboardMarkup | None
    ) -> None:
        if message_id is None:
            return
        try:
            await self._outbox.edit_keyboard(user_id, message_id, keyboard)
        except (Unreachable, Undeliverable) as error:  # a message that is gone has no buttons
            log.info("plan_buttons_left", error=type(error).__name__)

    async def _put(
        self,
        user_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None,
        in_message: int | None,
    ) -> int:
        """Show a text in a message, or in a new one; the id of the one with the keyboard."""
        parts = plain_with_numbers(text)
        if in_message is None:
            return await self._outbox.send_parts(user_id, parts, keyboard)
        return await self._outbox.edit_parts(user_id, in_message, parts, keyboard)
