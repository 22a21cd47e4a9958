"""Shows what is remembered of a person, and changes it as they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.memory.record import KEPT_FOR, allowed, corrected
from bot.conversation.reading import read_for_danger
from bot.locales import language_for
from bot.locales.talk import talk_texts_for
from bot.safety import RiskLevel, Utterance
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Callback, Command, Feature, owned_callback, parse_id
from bot.telegram.features.memory.keyboards import (
    ask_forget,
    choose_line,
    under_line,
    under_memory,
)
from bot.telegram.features.memory.pages import by_kind, numbered, ordered, plain_line
from bot.telegram.features.private_only import send_to_private
from bot.telegram.outbound.numbers import plain_with_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Language
    from bot.locales.talk import TalkTexts
    from bot.storage import MemoryLine, MemoryRecord
    from bot.telegram.context import Context
    from bot.telegram.inbound.incoming import IncomingText
    from bot.telegram.requests import CallbackRequest, CommandRequest


@dataclass(frozen=True, slots=True)
class PressedLine:
    """A button of one line: to look at it, to correct or to delete it."""

    choice: str
    line_id: int


class MemoryBook(Feature):
    """What is remembered, in private chats only."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._outbox = context.outbox
        self._memories = context.storage.memories
        self._now = context.now
        self.commands = (
            Command(
                name="memory",
                run=self._show,
                menu=lambda t: t.command_memory,
                opens_by_link=True,
            ),
        )
        self.callbacks = (
            owned_callback(
                "memory", ("show", "change", "forget", "forget_yes", "off", "on"), self._press
            ),
            Callback(prefix="memory_line", parse=_parse_line, run=self._press_line),
        )

    async def keep_reply(self, said: IncomingText) -> bool:
        """Take a reply that says what a line should be; what tells of danger is answered."""
        if said.reply_to is None or not is_private(said.chat_id):
            return False
        line = await self._memories.asked_in(said.user_id, said.reply_to)
        if line is None:
            return False
        if (await read_for_danger([Utterance(said.text)])).level is not RiskLevel.NONE:
            return False
        texts = talk_texts_for(language_for(said.language_code))
        fact = corrected(line.fact, said.text, self._now().date())
        if not allowed(fact):
            await self._outbox.send_text(said.chat_id, texts.memory_not_kept)
            return True
        until = self._now() + KEPT_FOR[fact.kind]
        is_there = await self._memories.correct(said.user_id, line.id, fact, until)
        told = texts.memory_corrected if is_there else texts.memory_gone
        await self._outbox.send_text(said.chat_id, told)
        return True

    async def _show(self, request: CommandRequest) -> None:
        if not request.is_private:
            await send_to_private(self._context, request, "memory")
            return
        memory = await self._memories.for_user(request.user_id)
        await self._put(request.user_id, *self._page(memory, request.user_id, request.language))

    async def _press(self, request: CallbackRequest, choice: str) -> str | None:
        texts, person = talk_texts_for(request.language), request.user_id
        match choice:
            case "forget":
                keyboard = ask_forget(texts, person)
                await self._put(person, texts.memory_forget_ask, keyboard, request.message_id)
                return None
            case "forget_yes":
                await self._memories.forget(person)
                await self._put(person, texts.memory_forgotten, None, request.message_id)
                return None
            case "off" | "on":
                await self._memories.switch(person, off=choice == "off")
        memory = await self._memories.for_user(person)
        if choice == "change" and memory.lines:
            keyboard = choose_line(texts, person, [line.id for line in ordered(memory.lines)])
            text = texts.memory_choose(said=numbered(texts, memory.lines))
            await self._put(person, text, keyboard, request.message_id)
        else:
            await self._put(
                person, *self._page(memory, person, request.language), in_message=request.message_id
            )
        return None

    async def _press_line(self, request: CallbackRequest, pressed: PressedLine) -> str | None:
        texts, person = talk_texts_for(request.language), request.user_id
        memory = await self._memories.for_user(person)
        line = next((one for one in memory.lines if one.id == pressed.line_id), None)
        if line is None:
            return texts.memory_gone
        match pressed.choice:
            case "delete":
                await self._memories.delete(person, line.id)
                memory = await self._memories.for_user(person)
                await self._put(
                    person,
                    *self._page(memory, person, request.language),
                    in_message=request.message_id,
                )
            case "ask":
                asked = await self._put(person, texts.memory_ask(said=plain_line(texts, line)))
                await self._memories.ask(person, line.id, asked)
            case _:
                keyboard = under_line(texts, person, line.id, line.fact.kind)
                await self._put(person, _told(texts, line), keyboard, request.message_id)
        return None

    async def _put(
        self,
        user_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
        in_message: int | None = None,
    ) -> int:
        """Show a text, in which a person's own words are no Markdown; the id of its message."""
        parts = plain_with_numbers(text)
        if in_message is None:
            return await self._outbox.send_parts(user_id, parts, keyboard)
        return await self._outbox.edit_parts(user_id, in_message, parts, keyboard)

    def _page(
        self, memory: MemoryRecord, user_id: int, language: Language
    ) -> tuple[str, InlineKeyboardMarkup]:
        """All that is remembered, with its buttons."""
        texts = talk_texts_for(language)
        keyboard = under_memory(texts, user_id, has_lines=bool(memory.lines), is_off=memory.is_off)
        if memory.is_off:
            return texts.memory_off, keyboard
        if not memory.lines:
            return texts.memory_none, keyboard
        return texts.memory_shown(said=by_kind(texts, memory.lines)), keyboard


def _told(texts: TalkTexts, line: MemoryLine) -> str:
    return texts.memory_line(
        said=plain_line(texts, line),
        noted=line.noted_at.date().isoformat(),
        until=line.expires_at.date().isoformat(),
    )


def _parse_line(arguments: Sequence[str]) -> PressedLine:
    choice, line_id = arguments
    if choice not in {"open", "ask", "delete"}:
        raise ValueError(choice)
    return PressedLine(choice, parse_id(line_id))
