"""A strict stand-in for `telegram.Bot`: it keeps a chat, a log, and fails as it is told."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from telegram.error import BadRequest

from tests.bot.telegram.updates import ME

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Call:
    at: float
    method: str
    chat_id: int
    text: str
    message_id: int = 0
    keyboard: object = None
    details: dict[str, Any] = field(default_factory=dict)


class ScriptedBot:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.calls: list[Call] = []
        """Every call that reached the bot, failed ones included."""
        self.faults: defaultdict[str, deque[BaseException | None]] = defaultdict(deque)
        """What the next calls of a method raise; None lets one pass."""
        self.chat_faults: defaultdict[int, deque[BaseException]] = defaultdict(deque)
        self.gate: asyncio.Event | None = None
        """While it is set to an event that has not happened, calls hang."""
        self.shown: dict[tuple[int, int], tuple[str, object]] = {}
        """What each chat shows: (chat, message) -> text and buttons."""
        self.deleted: set[tuple[int, int]] = set()
        """Messages that people have taken back: chat and message."""
        self.answered: list[tuple[str, str | None, bool]] = []
        self.lost_answer: BaseException | None = None
        """Raised once AFTER the effect of a send."""
        self.menus: dict[int, list[str]] = {}
        """The commands in the menu of each chat that has one of its own."""
        self.bot = ME
        self._next_id = 0

    async def _enter(self, method: str, chat_id: int, text: str = "", **more: Any) -> None:
        self.calls.append(Call(self._clock(), method, chat_id, text, **more))
        if self.gate is not None:
            await self.gate.wait()
        faults = self.faults[method]
        fault = faults.popleft() if faults else None
        if fault is None and self.chat_faults[chat_id]:
            fault = self.chat_faults[chat_id].popleft()
        if fault is not None:
            raise fault

    def _show_new(self, chat_id: int, text: str, keyboard: object) -> SimpleNamespace:
        assert text.strip()
        assert len(text.encode("utf-16-le")) // 2 <= 4096
        self._next_id += 1
        self.shown[chat_id, self._next_id] = (text, keyboard)
        return SimpleNamespace(message_id=self._next_id)

    async def send_message(
        self,
        chat_id,
        text,
        *,
        entities,
        reply_markup,
        reply_parameters,
        link_preview_options,
        message_thread_id,
    ):
        assert link_preview_options.is_disabled
        await self._enter(
            "send",
            chat_id,
            text,
            keyboard=reply_markup,
            details={
                "entities": entities,
                "reply": reply_parameters,
                "thread": message_thread_id,
            },
        )
        if reply_parameters is not None and (
            (chat_id, reply_parameters.message_id) in self.deleted
            # In a topic `allow_sending_without_reply` counts for nothing.
            and (message_thread_id is not None or not reply_parameters.allow_sending_without_reply)
        ):
            raise BadRequest("Message to be replied not found")
        message = self._show_new(chat_id, text, reply_markup)
        if self.lost_answer is not None:
            lost, self.lost_answer = self.lost_answer, None
            raise lost
        return message

    async def edit_message_text(
        self, text, chat_id, message_id, *, entities, reply_markup, link_preview_options
    ):
        await self._enter(
            "edit",
            chat_id,
            text,
            message_id=message_id,
            keyboard=reply_markup,
            details={"entities": entities},
        )
        before = self.shown.get((chat_id, message_id))
        if before is None:
            raise BadRequest("Message to edit not found")
        if before == (text, reply_markup):
            raise BadRequest(
                "Message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        self.shown[chat_id, message_id] = (text, reply_markup)
        return True

    async def edit_message_reply_markup(self, chat_id, message_id, *, reply_markup):
        await self._enter("keyboard", chat_id, message_id=message_id, keyboard=reply_markup)
        text, _ = self.shown[chat_id, message_id]
        self.shown[chat_id, message_id] = (text, reply_markup)
        return True

    async def send_document(
        self,
        chat_id,
        document,
        caption,
        *,
        caption_entities,
        reply_markup,
        filename,
        message_thread_id,
    ):
        await self._enter(
            "document", chat_id, filename, details={"caption": caption, "document": document}
        )
        return self._show_new(chat_id, filename, reply_markup)

    async def send_chat_action(self, chat_id, action, *, message_thread_id=None):
        await self._enter("typing", chat_id, details={"thread": message_thread_id})
        return True

    async def answer_callback_query(self, callback_query_id, text, *, show_alert):
        await self._enter("callback", 0, text or "")
        self.answered.append((callback_query_id, text, show_alert))
        return True

    async def set_my_commands(self, commands, scope, *, language_code):
        assert language_code is None or len(language_code) == 2
        self.menus[scope.chat_id] = [command.command for command in commands]
        return True

    async def delete_my_commands(self, scope, *, language_code):
        self.menus.pop(scope.chat_id, None)
        return True

    def texts(self, chat_id: int) -> list[str]:
        """What one chat shows now, oldest first."""
        return [text for (chat, _), (text, _) in sorted(self.shown.items()) if chat == chat_id]

    def log(self, chat_id: int | None = None) -> list[tuple[float, str, str]]:
        """Seconds since the first call, method, text."""
        start = self.calls[0].at if self.calls else 0.0
        return [
            (round(call.at - start, 3), call.method, call.text)
            for call in self.calls
            if chat_id is None or call.chat_id == chat_id
        ]
