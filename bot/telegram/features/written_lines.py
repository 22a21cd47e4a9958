"""Lines that people write because a feature asked them to, and never talk.

Read for danger first. What tells of danger is no line: it is answered as any danger is, with its
card, and the question waits. What is taken here becomes no turn, so no model ever reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.conversation.reading import read_for_danger
from bot.safety import RiskLevel, Utterance, level_at
from bot.telegram.chat_ids import is_private
from bot.telegram.features.safety_plan.words import instruction_in
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from bot.locales import Language
    from bot.storage import AskedLine
    from bot.telegram.context import Context
    from bot.telegram.features.safety_plan.words import Instruction
    from bot.telegram.inbound.incoming import IncomingText

log = structlog.get_logger(__name__)

ASKED_FOR = timedelta(hours=1)
"""A question that is older has been forgotten: what is written then is talk."""


@dataclass(slots=True)
class WrittenLine:
    """One message, as it reads after its edits."""

    message_id: int
    text: str
    received_at: float
    update_ids: list[int]


class LineWriter(Protocol):
    """A feature that asks for lines."""

    purpose: str
    """What it asks under, see `AskedLines`."""
    max_length: int
    """Characters of a line."""

    async def known(self, user_id: int, message_ids: Sequence[int]) -> set[int]:
        """Which messages are lines of it already. Raises StorageError."""

    async def replace(self, user_id: int, message_id: int, text: str) -> bool:
        """Change the line of an edited message; False if it is none. Raises StorageError."""

    async def pause(self, user_id: int, shown_in: int | None, language: Language) -> None:
        """Let a question wait, because something else comes first."""

    async def answer(
        self, user_id: int, lines: Sequence[WrittenLine], asked: AskedLine, language: Language
    ) -> None:
        """Keep lines, none of them too long, and say what comes next. Raises StorageError."""

    async def follow(
        self, user_id: int, order: Instruction, asked: AskedLine, language: Language
    ) -> None:
        """Do what a person orders instead of telling. Raises StorageError."""

    async def refuse_long(self, user_id: int, language: Language) -> None:
        """Say that a line is too long."""


class LineGuard:
    """Tells whether something comes before a line that is asked for: danger, above all.

    Args:
        context: what the features share.
        is_handed_over: whether what a person writes in a chat goes to the person they took over.
    """

    def __init__(
        self, context: Context, *, is_handed_over: Callable[[int, int], Awaitable[bool]]
    ) -> None:
        self._risk = context.storage.risk
        self._handovers = context.storage.handovers
        self._now = context.now
        self._is_handed_over = is_handed_over

    async def holds(
        self, user_id: int, texts: Sequence[str], *, asked_at: datetime, is_interrupted: bool
    ) -> bool:
        """Whether what was written is no line: the question has to wait."""
        return (
            is_interrupted
            or self._now() - asked_at > ASKED_FOR
            or await self._is_with_a_human(user_id)
            or await self._is_danger(user_id, texts)
        )

    async def _is_danger(self, user_id: int, texts: Sequence[str]) -> bool:
        standing = level_at((await self._risk.for_user(user_id)).ends, self._now())
        for text in {*texts, "\n".join(texts)}:
            if (await read_for_danger([Utterance(text)], standing)).level >= RiskLevel.HIGH:
                return True
        return False

    async def _is_with_a_human(self, user_id: int) -> bool:
        """Whether a human of the operators has the word in this chat, or its person is one."""
        if await self._is_handed_over(user_id, user_id):
            return True
        handover = await self._handovers.for_user(user_id)
        return handover is not None and handover.admin_id is not None


class WrittenLines:
    """Takes the lines that are asked for out of what waits in a private chat."""

    def __init__(
        self, context: Context, *, guard: LineGuard, writers: Sequence[LineWriter]
    ) -> None:
        self._asked = context.storage.asked_lines
        self._language_for = context.language_for
        self._guard = guard
        self._writers = {writer.purpose: writer for writer in writers}

    async def take(self, said: Sequence[IncomingText]) -> list[int]:
        """Take the messages of one person that are asked for; the ids of their updates.

        Raises:
            StorageError: nothing is known to be taken; the same messages may come again.
        """
        first = said[0]
        if not is_private(first.chat_id):
            return []
        user_id = first.user_id
        language = self._language_for(user_id, first.language_code)
        asked = await self._asked.asked(user_id)
        if asked is None or (writer := self._writers.get(asked.purpose)) is None:
            return []
        if (edited := await _take_edits(writer, said)) or all(item.is_edit for item in said):
            return edited
        written = as_written(said)
        known = await writer.known(user_id, [one.message_id for one in written])
        new = [
            one
            for one in written
            if one.message_id not in known and one.received_at >= asked.at.timestamp()
        ]
        try:
            if new and await self._has_to_wait(user_id, new, asked):
                await writer.pause(user_id, asked.shown_in, language)
                new = []
            if new:
                await _hand_over(writer, user_id, new, asked, language)
        except (Unreachable, Undeliverable) as error:
            # What was written is kept; the next message shows where the person is.
            log.warning("line_not_answered", purpose=asked.purpose, error=type(error).__name__)
        taken = [one for one in written if one.message_id in known or one in new]
        return [update_id for one in taken for update_id in one.update_ids]

    async def _has_to_wait(
        self, user_id: int, new: Sequence[WrittenLine], asked: AskedLine
    ) -> bool:
        texts = [one.text for one in new]
        held = await self._guard.holds(
            user_id, texts, asked_at=asked.at, is_interrupted=asked.is_interrupted
        )
        if held:
            await self._asked.stop(user_id, asked.purpose)
        return held


async def _hand_over(
    writer: LineWriter,
    user_id: int,
    new: Sequence[WrittenLine],
    asked: AskedLine,
    language: Language,
) -> None:
    order = instruction_in(new[0].text, None) if len(new) == 1 else None
    if order is not None:
        await writer.follow(user_id, order, asked, language)
    elif any(len(one.text) > writer.max_length for one in new):
        await writer.refuse_long(user_id, language)
    else:
        await writer.answer(user_id, new, asked, language)


async def _take_edits(writer: LineWriter, said: Sequence[IncomingText]) -> list[int]:
    """Change lines whose messages were edited."""
    taken = []
    for item in said:
        if not (item.is_edit and is_own_words(item) and len(item.text) <= writer.max_length):
            continue
        if (await read_for_danger([Utterance(item.text)])).level >= RiskLevel.HIGH:
            continue
        if await writer.replace(item.user_id, item.message_id, item.text.strip()):
            taken.append(item.update_id)
    return taken


def as_written(said: Sequence[IncomingText]) -> list[WrittenLine]:
    """The messages in which a person's own words stand alone, each with its edits."""
    written: dict[int, WrittenLine] = {}
    for item in said:
        if not is_own_words(item):
            continue
        if (known := written.get(item.message_id)) is not None:
            known.text = item.text.strip()
            known.update_ids.append(item.update_id)
        elif not item.is_edit:
            written[item.message_id] = WrittenLine(
                item.message_id, item.text.strip(), item.received_at, [item.update_id]
            )
    return list(written.values())


def is_own_words(item: IncomingText) -> bool:
    """Whether a message holds no picture and nothing of another."""
    return bool(item.text.strip()) and not item.with_media
