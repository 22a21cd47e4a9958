"""Exercises that people write down: asks step by step, keeps the lines, shows what was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.conversation.reading import read_for_danger
from bot.locales.exercises import exercise_texts_for
from bot.safety import Utterance
from bot.telegram.features.exercises.catalog import (
    END,
    FORMS,
    MAX_LINE,
    Exercise,
    form_step,
    step_behind,
    text_of,
)
from bot.telegram.features.exercises.keyboards import (
    at_the_end,
    back_to_menu,
    kept_sheets,
    under_sheet,
    under_step,
    while_left,
)
from bot.telegram.features.safety_plan.words import Instruction
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Language
    from bot.locales.exercises import ExerciseTexts
    from bot.storage import AskedLine, ExerciseSheet
    from bot.telegram.context import Context
    from bot.telegram.features.written_lines import WrittenLine

log = structlog.get_logger(__name__)

SHOWN_AT_ONCE = 10
"""Sheets that were kept, on one screen."""


class SheetWriter:
    """Leads people through what they write, in their private chat, whose id is theirs."""

    purpose = "exercise"
    max_length = MAX_LINE

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._sheets = context.storage.exercises
        self._asked = context.storage.asked_lines

    async def begin(
        self, user_id: int, exercise: Exercise, language: Language, message_id: int
    ) -> None:
        """Begin an exercise in place of a message."""
        await self._sheets.begin(user_id, exercise.value, FORMS[exercise][0].name)
        await self._show(user_id, language, in_message=message_id)

    async def resume(self, user_id: int, language: Language, message_id: int) -> bool:
        """Go on where the person is; False if they are at nothing."""
        if await self._sheets.open_for(user_id) is None:
            return False
        await self._show(user_id, language, in_message=message_id)
        return True

    async def skip(self, user_id: int, step: str, language: Language, message_id: int) -> bool:
        """Pass over a step; False if the person is not there any more."""
        exercise = await self._exercise_at(user_id, step)
        if exercise is None:
            return False
        await self._sheets.go(user_id, step, then=step_behind(exercise, step))
        await self._show(user_id, language, in_message=message_id)
        return True

    async def rate(
        self, user_id: int, step: str, value: int, language: Language, message_id: int
    ) -> bool:
        """Keep how strong the feeling is; False as `skip`."""
        exercise = await self._exercise_at(user_id, step)
        asked = None if exercise is None else form_step(exercise, step)
        if exercise is None or asked is None or asked.rates is None:
            return False
        then = step_behind(exercise, step)
        await self._sheets.rate(user_id, step, asked.rates, value, then=then)
        await self._show(user_id, language, in_message=message_id)
        return True

    async def leave(self, user_id: int, language: Language, message_id: int | None = None) -> bool:
        """Ask no more, what is written stays for a while; False if the person is at nothing."""
        texts = exercise_texts_for(language)
        if await self._sheets.open_for(user_id) is None:
            return False
        await self._asked.stop(user_id, self.purpose)
        await self._put(user_id, texts.left, while_left(texts), message_id)
        return True

    async def keep(self, user_id: int, language: Language, message_id: int) -> bool:
        """Keep what is written; False if nothing is."""
        return await self._close(
            user_id, language, message_id, kept=await self._sheets.keep(user_id), says="kept"
        )

    async def throw_away(
        self, user_id: int, language: Language, message_id: int, sheet_id: int | None = None
    ) -> bool:
        """Throw away the open sheet, or one that was kept; False if there is none."""
        gone = await self._sheets.throw_away(user_id, sheet_id)
        return await self._close(user_id, language, message_id, kept=gone, says="tossed")

    async def show_kept(self, user_id: int, language: Language, message_id: int) -> None:
        """List what was kept, the newest first."""
        texts = exercise_texts_for(language)
        kept = (await self._sheets.kept(user_id))[:SHOWN_AT_ONCE]
        named = [(sheet.id, _heading(texts, sheet)) for sheet in kept]
        says = texts.button_kept(count=len(kept)) if kept else texts.kept_none
        await self._put(user_id, says, kept_sheets(texts, named), message_id)

    async def show_sheet(
        self, user_id: int, sheet_id: int, language: Language, message_id: int
    ) -> bool:
        """Show a sheet that was kept; False if it is gone."""
        texts = exercise_texts_for(language)
        kept = await self._sheets.kept(user_id)
        sheet = next((one for one in kept if one.id == sheet_id), None)
        if sheet is None:
            return False
        text = f"{_heading(texts, sheet)}\n\n{written(texts, sheet)}"
        await self._put(user_id, text, under_sheet(texts, sheet.id), message_id)
        return True

    async def count_kept(self, user_id: int) -> int:
        """How many sheets a person kept."""
        return len(await self._sheets.kept(user_id))

    async def open_exercise(self, user_id: int) -> str | None:
        """The exercise that a person has begun to write; None: none."""
        sheet = await self._sheets.open_for(user_id)
        return sheet.exercise if sheet is not None else None

    # What `WrittenLines` asks for.

    async def known(self, user_id: int, message_ids: Sequence[int]) -> set[int]:
        """See `LineWriter`."""
        return await self._sheets.known_messages(user_id, message_ids)

    async def replace(self, user_id: int, message_id: int, text: str) -> bool:
        """See `LineWriter`."""
        return await self._sheets.replace(user_id, message_id, text)

    async def pause(self, user_id: int, shown_in: int | None, language: Language) -> None:
        """See `LineWriter`: a button under the question goes back to it."""
        if shown_in is None:
            return
        try:
            await self._outbox.edit_keyboard(
                user_id, shown_in, while_left(exercise_texts_for(language))
            )
        except (Unreachable, Undeliverable) as error:
            log.info("sheet_buttons_left", error=type(error).__name__)

    async def answer(
        self, user_id: int, lines: Sequence[WrittenLine], asked: AskedLine, language: Language
    ) -> None:
        """See `LineWriter`."""
        sheet = await self._sheets.open_for(user_id)
        step = None if sheet is None else form_step(Exercise(sheet.exercise), sheet.step)
        if sheet is None or step is None:
            await self._asked.stop(user_id, self.purpose)
            return
        typed = [(line.message_id, line.text) for line in lines]
        then = step_behind(Exercise(sheet.exercise), step.name)
        if not await self._sheets.write(user_id, step.name, typed, then=then):
            return
        texts = exercise_texts_for(language)
        levels = [(await read_for_danger([Utterance(line.text)])).level for line in lines]
        await self._show(user_id, language, before=texts.in_need if any(levels) else "")
        await self._retire(user_id, asked.shown_in)

    async def follow(
        self, user_id: int, order: Instruction, asked: AskedLine, language: Language
    ) -> None:
        """See `LineWriter`."""
        sheet = await self._sheets.open_for(user_id)
        if order is Instruction.STOP or sheet is None or sheet.step == END:
            await self.leave(user_id, language)
        else:
            then = step_behind(Exercise(sheet.exercise), sheet.step)
            await self._sheets.go(user_id, sheet.step, then=then)
            await self._show(user_id, language)
        await self._retire(user_id, asked.shown_in)

    async def refuse_long(self, user_id: int, language: Language) -> None:
        """See `LineWriter`."""
        await self._outbox.send_text(user_id, exercise_texts_for(language).too_long)

    async def _show(
        self, user_id: int, language: Language, *, before: str = "", in_message: int | None = None
    ) -> None:
        """Ask for the step that a person is at, or show what they wrote at the end."""
        sheet = await self._sheets.open_for(user_id)
        if sheet is None:
            return
        texts, exercise = exercise_texts_for(language), Exercise(sheet.exercise)
        step = form_step(exercise, sheet.step)
        if step is None:
            await self._asked.stop(user_id, self.purpose)
            parts = [before, written(texts, sheet), text_of(texts, "end", exercise)]
            await self._put(user_id, _joined(parts), at_the_end(texts), in_message)
            return
        steps = FORMS[exercise]
        heading = f"{steps.index(step) + 1}/{len(steps)}"
        text = _joined([before, f"{heading} · {text_of(texts, 'ask', exercise, step.name)}"])
        if step.rates is None:
            await self._asked.ask(user_id, self.purpose, in_message)
        else:
            await self._asked.stop(user_id, self.purpose)
        shown = await self._put(user_id, text, under_step(texts, step), in_message)
        if step.rates is None and shown != in_message:
            await self._asked.note_shown(user_id, self.purpose, shown)

    async def _exercise_at(self, user_id: int, step: str) -> Exercise | None:
        """The exercise whose step a person is at; None: they are not at it."""
        sheet = await self._sheets.open_for(user_id)
        if sheet is None or sheet.step != step or step == END:
            return None
        return Exercise(sheet.exercise)

    async def _close(
        self, user_id: int, language: Language, message_id: int, *, kept: bool, says: str
    ) -> bool:
        if not kept:
            return False
        texts = exercise_texts_for(language)
        await self._asked.stop(user_id, self.purpose)
        await self._put(user_id, getattr(texts, says), back_to_menu(texts), message_id)
        return True

    async def _retire(self, user_id: int, message_id: int | None) -> None:
        """Take the buttons away from a question that is answered."""
        if message_id is None:
            return
        try:
            await self._outbox.edit_keyboard(user_id, message_id, None)
        except (Unreachable, Undeliverable) as error:
            log.info("sheet_buttons_left", error=type(error).__name__)

    async def _put(
        self, user_id: int, text: str, keyboard: InlineKeyboardMarkup, in_message: int | None
    ) -> int:
        parts = plain(text)
        if in_message is None:
            return await self._outbox.send_parts(user_id, parts, keyboard)
        return await self._outbox.edit_parts(user_id, in_message, parts, keyboard)


def written(texts: ExerciseTexts, sheet: ExerciseSheet) -> str:
    """What stands on a sheet."""
    exercise = Exercise(sheet.exercise)
    rows = [
        f"{text_of(texts, 'label', exercise, step.name)}\n"
        + "\n".join(f"· {line}" for line in sheet.lines[step.name])
        for step in FORMS[exercise]
        if step.name in sheet.lines
    ]
    if sheet.before is not None and sheet.after is not None:
        rows.append(texts.changed(before=sheet.before, after=sheet.after))
    return "\n\n".join(rows)


def _heading(texts: ExerciseTexts, sheet: ExerciseSheet) -> str:
    return f"{sheet.begun_at:%m-%d} {text_of(texts, 'name', Exercise(sheet.exercise))}"


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)
