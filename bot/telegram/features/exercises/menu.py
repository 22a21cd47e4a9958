"""/exercises and its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.exercises import exercise_texts_for
from bot.safety import level_at, needs_card
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Callback, Command, Feature
from bot.telegram.features.exercises.catalog import FORMS, PAGES, PATTERNS, text_of
from bot.telegram.features.exercises.keyboards import (
    exercise_menu,
    parse_exercise,
    under_intro,
    under_page,
)
from bot.telegram.features.private_only import send_to_private

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.telegram.context import Context
    from bot.telegram.features.exercises.breathing import BreathingGuide
    from bot.telegram.features.exercises.catalog import Exercise
    from bot.telegram.features.exercises.keyboards import PressedExercise
    from bot.telegram.features.exercises.sheets import SheetWriter
    from bot.telegram.requests import CallbackRequest, CommandRequest

PHRASES = frozenset(("呼吸练习", "呼吸練習", "练习", "練習", "放松练习", "放鬆練習"))
"""Words that, alone in a message, ask for the exercises."""


class Exercises(Feature):
    """Shows the exercises and hands each press to what leads them, in private chats only."""

    def __init__(self, context: Context, *, breathing: BreathingGuide, sheets: SheetWriter) -> None:
        self._context = context
        self._outbox = context.outbox
        self._risk = context.storage.risk
        self._breathing = breathing
        self._sheets = sheets
        self.commands = (
            Command(
                name="exercises",
                run=self._exercises,
                menu=lambda t: t.command_exercises,
                phrases=PHRASES,
                opens_by_link=True,
            ),
        )
        self.callbacks = (Callback(prefix="ex", parse=parse_exercise, run=self._press),)

    async def _exercises(self, request: CommandRequest) -> None:
        if not request.is_private:
            await send_to_private(self._context, request, "exercises")
            return
        await self._show_menu(request.user_id, request.language)

    async def _press(self, request: CallbackRequest, pressed: PressedExercise) -> str | None:
        if not (is_private(request.chat_id) and request.chat_id == request.user_id):
            return request.texts.button_expired
        user_id, language, message_id = request.user_id, request.language, request.message_id
        match pressed.action:
            case "menu":
                await self._show_menu(user_id, language, in_message=message_id)
            case "open":
                await self._open(user_id, pressed.exercise, language, message_id)
            case "offer":
                await self._open(user_id, pressed.exercise, language, None)
            case "page":
                return await self._turn_to(request, pressed)
            case "begin":
                return await self._begin(request, pressed.exercise)
            case "halt":
                await self._breathing.stop(user_id, language)
            case _:
                done = await self._at_sheet(user_id, pressed, language, message_id)
                return None if done else exercise_texts_for(language).passed
        return None

    async def _begin(self, request: CallbackRequest, exercise: Exercise) -> str | None:
        user_id, language, message_id = request.user_id, request.language, request.message_id
        if exercise in PATTERNS:
            begun = await self._breathing.begin(user_id, message_id, exercise, language)
            return None if begun else exercise_texts_for(language).breath_busy
        if exercise not in FORMS:
            return request.texts.button_expired
        await self._sheets.begin(user_id, exercise, language, message_id)
        return None

    async def _at_sheet(
        self, user_id: int, pressed: PressedExercise, language: Language, message_id: int
    ) -> bool:
        """Do what a button of a sheet asks for; False if it is not there any more."""
        match pressed.action:
            case "kept":
                await self._sheets.show_kept(user_id, language, message_id)
                return True
            case "leave":
                return await self._sheets.leave(user_id, language, message_id)
            case "resume":
                return await self._sheets.resume(user_id, language, message_id)
            case "skip":
                return await self._sheets.skip(user_id, pressed.step, language, message_id)
            case "rate":
                return await self._sheets.rate(
                    user_id, pressed.step, pressed.number, language, message_id
                )
            case "keep":
                return await self._sheets.keep(user_id, language, message_id)
            case "toss":
                return await self._sheets.throw_away(user_id, language, message_id)
            case "drop":
                return await self._sheets.throw_away(user_id, language, message_id, pressed.number)
            case "look":
                return await self._sheets.show_sheet(user_id, pressed.number, language, message_id)
            case _:
                return False

    async def _show_menu(
        self, user_id: int, language: Language, *, in_message: int | None = None
    ) -> None:
        texts = exercise_texts_for(language)
        ends = (await self._risk.for_user(user_id)).ends
        in_danger = needs_card(level_at(ends, self._context.now()))
        text = f"{texts.menu_in_danger}\n\n{texts.menu}" if in_danger else texts.menu
        keyboard = exercise_menu(texts, await self._sheets.count_kept(user_id))
        if in_message is None:
            await self._outbox.send_text(user_id, text, keyboard)
        else:
            await self._outbox.edit_text(user_id, in_message, text, keyboard)

    async def _open(
        self, user_id: int, exercise: Exercise, language: Language, in_message: int | None
    ) -> None:
        """Say what an exercise is; nothing begins yet."""
        texts = exercise_texts_for(language)
        is_open = await self._sheets.open_exercise(user_id) == exercise
        keyboard = under_intro(texts, exercise, is_open=is_open)
        text = text_of(texts, "intro", exercise)
        if in_message is None:
            await self._outbox.send_text(user_id, text, keyboard)
        else:
            await self._outbox.edit_text(user_id, in_message, text, keyboard)

    async def _turn_to(self, request: CallbackRequest, pressed: PressedExercise) -> str | None:
        """Show a page of an exercise that is read."""
        exercise, number = pressed.exercise, pressed.number
        last = PAGES.get(exercise, 0)
        if not 1 <= number <= last:
            return request.texts.button_expired
        texts = exercise_texts_for(request.language)
        text = f"{number}/{last} · {text_of(texts, 'page', exercise, number)}"
        keyboard = under_page(texts, exercise, number)
        await self._outbox.edit_text(request.user_id, request.message_id, text, keyboard)
        return None
