"""Sends what is owed between a person and the one they trust, and says honestly what came of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.locales.trusted import trusted_texts_for
from bot.safety import emergency
from bot.storage import StorageError
from bot.telegram.features.trusted_person.keyboards import ask_to_tell, seen_by_trusted
from bot.telegram.features.trusted_person.telling import TELLING
from bot.telegram.outbound.failures import Closed, Expired, Undeliverable, Unreachable
from bot.telegram.outbound.numbers import render_with_numbers
from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.storage import OwedTrustedMessage
    from bot.telegram.context import Context
    from bot.telegram.features.trusted_person.telling import HelpText

    Written = tuple[str, InlineKeyboardMarkup | None]

log = structlog.get_logger(__name__)

AT_ONCE = 64
TRY_AGAIN_AFTER = timedelta(minutes=2)


class TrustedMessenger:
    """Sends; a message waits in the database, so a process that dies leaves it to another."""

    def __init__(self, context: Context, *, help_text: HelpText) -> None:
        self._outbox = context.outbox
        self._trusted = context.storage.trusted_persons
        self._calls = context.storage.trusted_calls
        self._messages = context.storage.trusted_messages
        self._audit = context.storage.audit
        self._counters = context.storage.counters
        self._language_of = context.language_of
        self._is_on = context.options.trusted_persons
        self._help_text = help_text
        self._sending: dict[int, asyncio.Task[None]] = {}

    @property
    def held(self) -> list[int]:
        """The messages being sent, whose claims have to be renewed."""
        return list(self._sending)

    async def send_due(self) -> None:
        """Ask those whose card has just gone out, and send what is owed, without waiting for it.

        Raises:
            StorageError: nothing is known to be due.
        """
        if self._is_on:
            await self._calls.owe_due(TELLING)
        for owed in await self._messages.claim(AT_ONCE, exclude=self.held):
            task = asyncio.create_task(self._send(owed), name=f"trusted {owed.id}")
            self._sending[owed.id] = task
            task.add_done_callback(partial(self._forget, owed.id))

    async def aclose(self) -> None:
        """Wait for what is being sent; call it when the outbox is closed, which ends it all."""
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

    def _forget(self, message_id: int, _task: asyncio.Task[None]) -> None:
        del self._sending[message_id]

    async def _send(self, owed: OwedTrustedMessage) -> None:
        try:
            written = await self._write(owed)
            if written is None:
                await self._end(owed, delivered=False)
            else:
                await self._deliver(owed, written)
        except StorageError as error:  # still owed, to whoever claims it next
            log.warning("trusted_message_not_noted", error=type(error).__name__)
        except Exception:
            log.exception("trusted_message_broke", message=owed.id)

    async def _deliver(self, owed: OwedTrustedMessage, written: Written) -> None:
        text, keyboard = written
        if owed.kind == "help":
            self._outbox.mark_reachable(owed.recipient)  # whatever was before, it is tried
        try:
            await self._outbox.send_parts(
                owed.recipient, render_with_numbers(text), keyboard, priority=Priority.CRISIS
            )
        except Closed:
            return  # still owed; the next process sends it
        except Expired:
            await self._messages.postpone(owed.id, TRY_AGAIN_AFTER)
        except (Unreachable, Undeliverable) as error:
            log.warning("trusted_message_refused", kind=owed.kind, error=type(error).__name__)
            await self._end(owed, delivered=False)
        else:
            await self._end(owed, delivered=True)

    async def _end(self, owed: OwedTrustedMessage, *, delivered: bool) -> None:
        if owed.kind != "help":
            await self._messages.drop(owed.id)
            return
        await self._messages.end_help(owed, delivered=delivered)
        outcome = "delivered" if delivered else "refused"
        await self._audit.record(0, "trusted tell", f"#{owed.link_id}", outcome)
        await self._counters.add("trusted_told" if delivered else "trusted_not_told")
        await self.send_due()  # the person hears of it now

    async def _write(self, owed: OwedTrustedMessage) -> Written | None:
        """The words of a message; None where nothing is to be said any more."""
        if owed.kind in {"ask", "help"}:
            return await self._write_with_help(owed)
        language = await self._language_of(owed.recipient)
        texts = trusted_texts_for(language)
        if owed.kind == "ended":
            name = owed.name
            return (texts.ended_erased if name is None else texts.ended(called=name)), None
        if owed.name is None:
            return None
        if owed.kind == "not_told":
            number = emergency(language, await self._help_text.region(owed.recipient))
            return texts.not_told(name=owed.name, emergency=number), None
        by_kind = {
            "agreed": texts.agreed,
            "declined": texts.declined,
            "left": texts.left,
            "told": texts.told,
            "seen": texts.seen,
        }
        return by_kind[owed.kind](name=owed.name), None

    async def _write_with_help(self, owed: OwedTrustedMessage) -> Written | None:
        user_id = owed.recipient if owed.kind == "ask" else owed.about
        trusted = await self._trusted.for_user(user_id) if user_id is not None else None
        if trusted is None or trusted.id != owed.link_id or not self._is_on:
            return None
        texts = trusted_texts_for(await self._language_of(owed.recipient))
        text = await self._help_text.write(trusted)
        if owed.kind == "help":
            return text, seen_by_trusted(texts, trusted.id)
        await self._counters.add("trusted_asked")
        asked = texts.ask(name=trusted.name, text=text)
        return asked, ask_to_tell(texts, trusted.user_id)
