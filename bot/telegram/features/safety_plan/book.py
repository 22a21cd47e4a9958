"""/plan and its buttons; the plan's lines on a crisis card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.locales.plan import plan_texts_for
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Callback, Command, Feature
from bot.telegram.features.private_only import send_to_private
from bot.telegram.features.safety_plan.keyboards import (
    OF_A_LINE,
    ask_delete_plan,
    ask_wipe,
    choose_step,
    parse_plan_button,
)
from bot.telegram.features.safety_plan.pages import MAX_LINES, lines_on_card, ready_lines
from bot.timeouts import wait_for_result

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.locales.plan import PlanTexts
    from bot.telegram.context import Context
    from bot.telegram.features.safety_plan.keyboards import PressedPlanButton
    from bot.telegram.features.safety_plan.screen import PlanScreen
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)

CARD_WAITS = 0.2
"""Seconds a card waits for the plan; a database that is away must not keep it back."""


class PlanBook(Feature):
    """Shows, asks, changes and deletes safety plans, in private chats only."""

    def __init__(self, context: Context, *, screen: PlanScreen) -> None:
        self._context = context
        self._outbox = context.outbox
        self._plans = context.storage.safety_plans
        self._sleep = context.sleep
        self._screen = screen
        self.commands = (
            Command(name="plan", run=self._plan, menu=lambda t: t.command_plan, opens_by_link=True),
        )
        self.callbacks = (Callback(prefix="plan", parse=parse_plan_button, run=self._press),)

    async def on_card(self, chat_id: int, user_id: int, language: Language) -> str | None:
        """What a person wrote that helps now, for their own card. Never raises, never waits."""
        if not is_private(chat_id):  # others in a group would read it
            return None
        try:
            plan = await wait_for_result(self._plans.for_user(user_id), self._sleep(CARD_WAITS))
        except (StorageError, TimeoutError) as error:
            log.warning("plan_not_on_card", error=type(error).__name__)
            return None
        return lines_on_card(plan_texts_for(language), plan)

    async def _plan(self, request: CommandRequest) -> None:
        """Show the plan. A question that was open waits: what is written next is talk again."""
        if not request.is_private:
            await send_to_private(self._context, request, "plan")
            return
        await self._stop(request.user_id, retires=None)
        await self._screen.show_plan(request.user_id, request.language)

    async def _press(self, request: CallbackRequest, pressed: PressedPlanButton) -> str | None:
        if not (is_private(request.chat_id) and request.chat_id == request.user_id):
            return request.texts.button_expired
        texts = plan_texts_for(request.language)
        user_id, message_id = request.user_id, request.message_id
        match pressed.action:
            case "show" | "done" | "stop":
                await self._stop(user_id, retires=message_id)
                before = await self._last_word(user_id, pressed.action, texts)
                await self._screen.show_plan(
                    user_id, request.language, before=before, in_message=message_id
                )
            case "steps":
                await self._stop(user_id, retires=message_id)
                keyboard = choose_step(texts)
                await self._outbox.edit_text(user_id, message_id, texts.which, keyboard)
            case "delete":
                await self._stop(user_id, retires=message_id)
                keyboard = ask_delete_plan(texts)
                await self._outbox.edit_text(user_id, message_id, texts.delete_ask, keyboard)
            case "forget":
                await self._plans.delete(user_id)
                await self._outbox.edit_text(user_id, message_id, texts.deleted)
            case "wipe":
                keyboard = ask_wipe(texts, pressed.step)
                await self._outbox.edit_text(user_id, message_id, texts.clear_ask, keyboard)
            case _:
                return await self._at_step(request, pressed)
        return None

    async def _last_word(self, user_id: int, action: str, texts: PlanTexts) -> str:
        """What is said to a person who stops, or has written all they wanted to."""
        if action == "show":
            return ""
        if not (await self._plans.for_user(user_id)).lines:
            return texts.stopped_empty
        return texts.stopped if action == "stop" else texts.finished

    async def _at_step(self, request: CallbackRequest, pressed: PressedPlanButton) -> str | None:
        """Do what a button of a step says, and have that step be the one that is asked."""
        user_id, step, action = request.user_id, pressed.step, pressed.action
        texts = plan_texts_for(request.language)
        toast = None
        if action in OF_A_LINE:
            ready = ready_lines(texts, step)
            if not 0 <= pressed.line < len(ready):
                return request.texts.button_expired
            if action == "drop":
                await self._plans.drop(user_id, step, ready[pressed.line])
            elif not await self._plans.add(user_id, step, ready[pressed.line], at_most=MAX_LINES):
                toast = texts.full
        elif action == "clear":
            await self._plans.clear(user_id, step)
        asked = await self._plans.asked(user_id)
        walks = action != "edit"
        if action not in {"ask", "edit"} and asked is not None and asked.step is step:
            walks = asked.walks
        await self._plans.ask(user_id, step, walks=walks)
        await self._screen.ask(
            user_id,
            step,
            request.language,
            walks=walks,
            before=texts.set_aside if asked is not None and asked.is_set_aside else "",
            in_message=request.message_id,
        )
        if asked is not None and asked.shown_in != request.message_id:
            await self._screen.retire(user_id, asked.shown_in)
        return toast

    async def _stop(self, user_id: int, *, retires: int | None) -> None:
        """Ask nothing any more; a question in another message than `retires` loses its buttons."""
        asked = await self._plans.asked(user_id)
        if asked is None or asked.step is None:
            return
        await self._plans.stop(user_id)
        if asked.shown_in != retires:
            await self._screen.retire(user_id, asked.shown_in)
