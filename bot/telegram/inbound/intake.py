"""Where updates enter: read for danger, stored, then acknowledged; by polling and webhook alike."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram import Update

from bot import metrics, safety
from bot.locales import language_for
from bot.safety import RiskLevel
from bot.safety.occasions import Occasion, occasions_in
from bot.storage import NewUpdate, StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import names_of_phrases
from bot.telegram.inbound.danger import DangerReader
from bot.telegram.inbound.faults import BatchFaults
from bot.telegram.inbound.incoming import (
    command_of,
    lane_of,
    read_for_danger_of,
    read_incoming_text,
)
from bot.telegram.requests import CommandRequest
from bot.telegram.topics import topic_of, within_topic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from prometheus_client import Counter

    from bot.conversation.reading import FirstReading
    from bot.storage import Lane, OwedCard, RiskSignal, StoredBatch
    from bot.telegram.client import RawUpdate
    from bot.telegram.context import Context
    from bot.telegram.feature import Command
    from bot.telegram.inbound.collaborators import RiskCards
    from bot.telegram.inbound.incoming import IncomingText

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")

_UPDATES: Mapping[Lane, Counter] = {
    lane: metrics.UPDATES.labels(lane) for lane in ("chat", "express")
}

_ID_LIMIT = 2**63
"""Ids are smaller; Telegram promises 52 bits."""

RECORD_WITHIN = 0.5
"""Seconds a card waits to be stored with its update; then it goes out without that."""


class IntakeClosed(Exception):
    """The bot is stopping; the process that is asked next takes the update."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update that has just been stored for the first time."""

    update_id: int
    chat_id: int | None
    lane: Lane
    is_edit: bool = False


@dataclass(frozen=True, slots=True)
class _Sorted:
    """What an update is, as far as it could be understood."""

    arrival: Arrival
    said: IncomingText | None = None
    """All that the update may say, to be read for danger; more than what is answered."""
    command: str | None = None
    """The name of the command it is, if it is one."""
    payload: bytes = b""
    """The update as Telegram sent it."""
    topic: tuple[int, int] | None = None
    """Chat and thread, in a forum."""


class Intake:
    """Keeps what arrives and tells the lanes about it; what tells of danger brings its card.

    Args:
        context: what the parts share.
        reading: says what is found in a message.
        cards: are sent for what tells of danger.
        commands: what there is, by name.
        is_handed_over: whether what a person writes in a chat goes to a human, not to the model.
        on_danger: told of the chat in which an update asks for a card, and whether by an edit,
            before `on_arrival`: what is being answered there is to stop.
        on_goodbye: told of the private chat in which a person leaves: what is being answered there
            ends.
        on_arrival: told of each update that was stored for the first time.
    """

    def __init__(
        self,
        context: Context,
        reading: FirstReading,
        cards: RiskCards,
        commands: Mapping[str, Command],
        *,
        is_handed_over: Callable[[int, int], Awaitable[bool]],
        on_danger: Callable[[int, bool], None],
        on_goodbye: Callable[[int], Awaitable[object]],
        on_arrival: Callable[[Arrival], None],
    ) -> None:
        self._context = context
        self._inbox = context.storage.inbox
        self._cards = cards
        self._commands = commands
        self._phrases = names_of_phrases(commands)
        self._reader = DangerReader(context, reading, cards, is_handed_over)
        self._on_danger = on_danger
        self._on_goodbye = on_goodbye
        self._on_arrival = on_arrival
        self.is_closed = False

    def close(self) -> None:
        """Keep nothing more: it would not be answered here."""
        self.is_closed = True

    async def keep(self, updates: Sequence[RawUpdate]) -> None:
        """Store updates, in one transaction; repeats are no-ops.

        What is not addressed to the bot (other people's talk in a group) is not kept at all. Once
        this returns, Telegram may be told that the updates have arrived.

        Raises:
            StorageError: nothing was stored; Telegram must not be told.
            IntakeClosed: the same.
        """
        if self.is_closed:
            raise IntakeClosed
        try:
            await self._keep(updates)
        except Exception as error:
            if _is_outage(error):
                raise
            await self._keep_one_by_one(updates)

    async def _keep_one_by_one(self, updates: Sequence[RawUpdate]) -> None:
        """Let an update that cannot be stored cost no other person theirs.

        Of that one its id and chat are kept: the express lane fails on it a few times, says so to
        the person, and keeps it as failed.
        """
        for raw in updates:
            try:
                await self._keep([raw])
            except Exception as error:
                if _is_outage(error):
                    raise
                log.error("update_refused", update=raw["update_id"], error=type(error).__name__)
                bare = NewUpdate(
                    raw["update_id"], _chat_id_in(raw), "express", b"", self._context.now()
                )
                if await self._inbox.add(bare):
                    self._on_arrival(Arrival(bare.update_id, bare.chat_id, bare.lane))
                await self._context.storage.counters.add("update_refused")

    async def _keep(self, updates: Sequence[RawUpdate]) -> None:
        faults = BatchFaults()
        batch = [one for raw in updates if (one := self._sort(raw, faults)) is not None]
        if not batch:
            return
        said = [one.said for one in batch if one.said is not None]
        signals = await self._reader.read(said, faults)
        kept = await self._store(batch, signals, faults)
        topics = {one.arrival.update_id: one.topic for one in batch}
        for card in kept.cards:
            faults.shield(
                card.update_id, "send", partial(self._send, card, topics.get(card.update_id)), None
            )
        for signal in signals:
            if signal.update_id in kept.new:
                faults.shield(signal.update_id, "stop", partial(self._stop_answer, signal), None)
        for one in batch:
            if (update_id := one.arrival.update_id) in kept.new:
                _UPDATES[one.arrival.lane].inc()
                await self._end_answer_at_goodbye(one)
                faults.shield(update_id, "arrive", partial(self._on_arrival, one.arrival), None)
        if faults.count:
            await self._context.storage.counters.add("update_fault", faults.count)

    async def _store(
        self, batch: Sequence[_Sorted], signals: Sequence[RiskSignal], faults: BatchFaults
    ) -> StoredBatch:
        """Store updates with the cards they ask for.

        A database that is away or slow keeps no person from a card, or from what a command does
        without it.
        """
        received_at = self._context.now()
        new = [
            NewUpdate(
                update_id=one.arrival.update_id,
                chat_id=one.arrival.chat_id,
                lane=one.arrival.lane,
                payload=one.payload,
                received_at=received_at,
            )
            for one in batch
        ]

        def send_unrecorded() -> None:
            by_id = {signal.update_id: signal for signal in signals}
            for one in batch:
                update_id = one.arrival.update_id
                faults.shield(
                    update_id, "unstored", partial(self._meet, one, by_id.get(update_id)), None
                )

        async def send_when_late() -> None:
            await self._context.sleep(RECORD_WITHIN)
            send_unrecorded()

        late = asyncio.create_task(send_when_late(), name="late-cards")
        try:
            return await self._inbox.add_with_cards(new, signals, self._context.options.card_window)
        except Exception:
            send_unrecorded()
            raise
        finally:
            late.cancel()

    def _send(self, card: OwedCard, topic: tuple[int, int] | None) -> None:
        with within_topic(topic):
            self._cards.send(card)

    def _meet(self, update: _Sorted, signal: RiskSignal | None) -> None:
        """Do what is done for an update that could not be stored (in time)."""
        with within_topic(update.topic):
            if signal is not None and self._cards.send_unrecorded(signal):
                self._stop_answer(signal)
            self._run_unstored(update)

    def _run_unstored(self, update: _Sorted) -> None:
        command, said = self._commands.get(update.command or ""), update.said
        if said is not None and command is not None and command.run_unstored is not None:
            language = language_for(said.language_code)
            request = CommandRequest(said.chat_id, said.user_id, "", language)
            command.run_unstored(said.update_id, request)

    def _stop_answer(self, signal: RiskSignal) -> None:
        if safety.needs_card(RiskLevel(signal.level)):
            self._on_danger(signal.chat_id, not signal.stops_answer)

    async def _end_answer_at_goodbye(self, found: _Sorted) -> None:
        """Who leaves does not have to read to the end."""
        said = found.said
        if said is None or said.is_edit or not is_private(said.chat_id):
            return
        if not occasions_in(said.text) & {Occasion.BYE, Occasion.NIGHT}:
            return
        try:
            await self._on_goodbye(said.chat_id)
        except StorageError as error:
            log.warning("answer_not_ended", error=type(error).__name__)

    def _sort(self, raw: RawUpdate, faults: BatchFaults) -> _Sorted | None:
        """What an update is and where it goes; None if it is not for the bot."""
        update_id = raw["update_id"]
        topic = faults.shield(update_id, "topic", lambda: topic_of(raw), None)
        payload = faults.shield(update_id, "payload", lambda: _payload_of(raw), b"")
        try:
            found = self._understand(raw)
        except Exception as error:
            # Newer or odder than the library knows. Kept all the same: the express lane tries it
            # a few times and then keeps it as failed, where an operator can count it.
            log.warning("update_not_understood", update=update_id, error=type(error).__name__)
            said = faults.shield(update_id, "words", lambda: _said_in_private(raw), None)
            found = _Sorted(Arrival(update_id, None, "express"), said)
        if found is None:
            return None
        if not payload:
            found = replace(found, arrival=Arrival(update_id, _chat_id_in(raw), "express"))
        return replace(
            found, said=self._in_chosen_language(found.said), payload=payload, topic=topic
        )

    def _in_chosen_language(self, said: IncomingText | None) -> IncomingText | None:
        """What was said, with the language its person chose in place of their Telegram's."""
        chosen = said and self._context.storage.preferences.language(said.user_id)
        return replace(said, language_code=chosen) if said and chosen else said

    def _understand(self, raw: RawUpdate) -> _Sorted | None:
        """What an update is, but for its bytes and topic; None if it is not for the bot."""
        update = Update.de_json(raw, self._context.client)
        lane = lane_of(update, self._context.me, self._phrases)
        if lane is None:
            return None
        chat_id = _chat_of(update)
        said = _with_all_text(read_incoming_text(update, self._context.me, 0.0), raw)
        ids = [] if said is None else [said.chat_id, said.user_id, said.message_id]
        if not all(map(is_id, ids)) or not (chat_id is None or is_id(chat_id)):
            raise ValueError("an id that is none")
        is_edit = update.edited_message is not None
        arrival = Arrival(update.update_id, chat_id, lane, is_edit)
        return _Sorted(arrival, said, self._command_of(update))

    def _command_of(self, update: Update) -> str | None:
        if update.message is None:
            return None
        command = command_of(update.message, self._context.me, self._phrases)
        return command[0] if command is not None else None


def _with_all_text(said: IncomingText | None, raw: RawUpdate) -> IncomingText | None:
    """What is read for danger: the words, and whatever else of an update holds text."""
    everything = read_for_danger_of(raw)
    if everything is None or (said is not None and len(everything.text) <= len(said.text)):
        return said
    return everything if said is None else replace(said, text=f"{said.text}\n{everything.text}")


def _said_in_private(raw: RawUpdate) -> IncomingText | None:
    """The words of an update that is not understood; in a group they may not be for the bot."""
    said = read_for_danger_of(raw)
    if said is None or not is_id(said.chat_id) or not is_id(said.user_id):
        return None
    return said if is_private(said.chat_id) else None


def _payload_of(raw: RawUpdate) -> bytes:
    return json.dumps(raw, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _is_outage(error: Exception) -> bool:
    """Whether the same may succeed later: then nothing is acknowledged, and all come again."""
    return isinstance(error, StorageError) and error.is_outage


def _chat_id_in(raw: RawUpdate) -> int | None:
    """The chat of an update, read with as little understanding as possible."""
    for kind in ("message", "edited_message"):
        message = raw.get(kind)
        chat = message.get("chat") if isinstance(message, dict) else None
        if isinstance(chat, dict) and is_id(chat.get("id")):
            return int(chat["id"])
    return None


def is_id(value: object) -> bool:
    """Whether Telegram can have given this as an id, and a database can keep it."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_LIMIT


def _chat_of(update: Update) -> int | None:
    if update.effective_chat is not None:
        return update.effective_chat.id
    # A button under a message that Telegram no longer gives: answered in the person's own chat.
    return update.effective_user.id if update.effective_user is not None else None
