"""Where updates enter: read for danger, stored, then acknowledged; by polling and webhook alike."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from telegram import Update

from bot import safety
from bot.conversation.reading import read_for_danger
from bot.conversation.standing import StandingRisk
from bot.locales import language_for
from bot.safety import RiskLevel
from bot.storage import NewUpdate, StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import names_of_phrases
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

    from bot.conversation.standing import Standing
    from bot.storage import Lane, PersonInChat, RiskSignal, StoredBatch
    from bot.telegram.client import RawUpdate
    from bot.telegram.context import Context
    from bot.telegram.feature import Command
    from bot.telegram.inbound.cards import RiskCards
    from bot.telegram.inbound.incoming import IncomingText

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")


STANDING_WITHIN = 0.2
"""Seconds for what a person is in and was asked last; then it is read with what was known here, and
once more with its turn: a database that is away or slow holds up no card."""

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
class _Found:
    arrival: Arrival
    said: IncomingText | None
    """All that the update may say, to be read for danger; more than what is answered."""
    command: str | None
    """The name of the command it is, if it is one."""


class Intake:
    """Keeps what arrives and tells the lanes about it; what tells of danger brings its card.

    Args:
        context: what the parts share.
        cards: are sent for what tells of danger.
        commands: what there is, by name.
        is_handed_over: whether what a person writes in a chat goes to a human, not to the model.
        on_danger: told of the chat in which an update asks for a card, and whether by an edit,
            before `on_arrival`: what is being answered there is to stop.
        on_arrival: told of each update that was stored for the first time.
    """

    def __init__(
        self,
        context: Context,
        cards: RiskCards,
        commands: Mapping[str, Command],
        *,
        is_handed_over: Callable[[int, int], Awaitable[bool]],
        on_danger: Callable[[int, bool], None],
        on_arrival: Callable[[Arrival], None],
    ) -> None:
        self._context = context
        self._inbox = context.storage.inbox
        self._cards = cards
        self._commands = commands
        self._phrases = names_of_phrases(commands)
        self._standing = StandingRisk(context.storage.risk, context.now, sleep=context.sleep)
        self._is_handed_over = is_handed_over
        self._on_danger = on_danger
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
        except StorageError as error:
            if error.is_outage:
                raise
            await self._keep_one_by_one(updates)

    async def _keep_one_by_one(self, updates: Sequence[RawUpdate]) -> None:
        """Let an update that the database will not take cost no other person theirs.

        Of that one its id and chat are kept: the express lane fails on it a few times, says so to
        the person, and keeps it as failed.
        """
        for raw in updates:
            try:
                await self._keep([raw])
            except StorageError as error:
                if error.is_outage:
                    raise
                log.error("update_refused", update=raw["update_id"])
                bare = NewUpdate(
                    raw["update_id"], _chat_id_in(raw), "express", b"", self._context.now()
                )
                if await self._inbox.add(bare):
                    self._on_arrival(Arrival(bare.update_id, bare.chat_id, bare.lane))

    async def _keep(self, updates: Sequence[RawUpdate]) -> None:
        found = [one for raw in updates if (one := self._sort(raw)) is not None]
        if not found:
            return
        arrivals = [one.arrival for one in found]
        people = {_speaker(one.said) for one in found if one.said is not None}
        standing = await self._standing.of(people, STANDING_WITHIN) if people else {}
        signals = []
        for one in found:
            if (signal := await self._read(one.said, standing)) is not None:
                signals.append(signal)
                self._note(signal, standing)
        payloads = {raw["update_id"]: json.dumps(raw, ensure_ascii=False) for raw in updates}
        topics = {raw["update_id"]: topic_of(raw) for raw in updates}
        received_at = self._context.now()
        new = [
            NewUpdate(
                update_id=arrival.update_id,
                chat_id=arrival.chat_id,
                lane=arrival.lane,
                payload=payloads[arrival.update_id].encode("utf-8", "surrogatepass"),
                received_at=received_at,
            )
            for arrival in arrivals
        ]
        kept = await self._store(new, signals, found, topics)
        for card in kept.cards:
            with within_topic(topics.get(card.update_id)):
                self._cards.send(card)
        for signal in signals:
            if signal.update_id in kept.new:
                self._stop_answer(signal)
        for arrival in arrivals:
            if arrival.update_id in kept.new:
                self._on_arrival(arrival)

    async def _store(
        self,
        new: Sequence[NewUpdate],
        signals: Sequence[RiskSignal],
        found: Sequence[_Found],
        topics: Mapping[int, tuple[int, int] | None],
    ) -> StoredBatch:
        """Store updates with the cards they ask for.

        A database that is away or slow keeps no person from a card, or from what a command does
        without it.
        """

        def send_unrecorded() -> None:
            for signal in signals:
                with within_topic(topics.get(signal.update_id)):
                    if self._cards.send_unrecorded(signal):
                        self._stop_answer(signal)
            for one in found:
                with within_topic(topics.get(one.arrival.update_id)):
                    self._run_unstored(one)

        async def send_when_late() -> None:
            await self._context.sleep(RECORD_WITHIN)
            send_unrecorded()

        late = asyncio.create_task(send_when_late(), name="late-cards")
        try:
            return await self._inbox.add_with_cards(new, signals, self._context.options.card_window)
        except StorageError:
            send_unrecorded()
            raise
        finally:
            late.cancel()

    def _run_unstored(self, found: _Found) -> None:
        command, said = self._commands.get(found.command or ""), found.said
        if said is not None and command is not None and command.run_unstored is not None:
            language = language_for(said.language_code)
            request = CommandRequest(said.chat_id, said.user_id, "", language)
            command.run_unstored(said.update_id, request)

    def _stop_answer(self, signal: RiskSignal) -> None:
        if safety.needs_card(RiskLevel(signal.level)):
            self._on_danger(signal.chat_id, not signal.stops_answer)

    def _note(self, signal: RiskSignal, standing: dict[PersonInChat, Standing]) -> None:
        """Read what the person wrote next with what has just been read, stored or not."""
        person = signal.user_id, signal.chat_id
        self._standing.note(person, signal.ends)
        before = standing[person]
        level = max(before.level, RiskLevel(signal.level))
        standing[person] = replace(before, level=level)

    async def _read(
        self, said: IncomingText | None, standing: Mapping[PersonInChat, Standing]
    ) -> RiskSignal | None:
        """The sign of danger in one message, if there is one."""
        if said is None:
            return None
        before = standing[_speaker(said)]
        last_asked = before.talk.asked[-1] if before.talk.asked else None
        if safety.needs_card(before.level) and safety.takes_back(said.text):
            return None
        reading = [safety.Utterance(said.text)]
        if before.pending_question is not None and safety.may_be_reply(said.text):
            language = language_for(said.language_code)
            check_in = before.pending_question == "check_in"
            reading.insert(0, safety.asked_outside_answers(check_in, language, last_asked))
        try:
            found = await read_for_danger(reading, before.level)
        except Exception as error:
            # The message counts more than its reading, and it is read again with its turn.
            log.error("not_read_for_danger", update=said.update_id, error=type(error).__name__)
            return None
        if said.chat_id == said.user_id:
            found = safety.read_as_answer(found, said.text, last_asked, before.talk.danger)
        # A human who asks "are you thinking of suicide" asks it of the person they took over.
        if found.level is RiskLevel.NONE or await self._is_handed_over(said.chat_id, said.user_id):
            return None
        signal = self._cards.risk_signal(
            found,
            chat_id=said.chat_id,
            user_id=said.user_id,
            language_code=said.language_code,
            update_id=said.update_id,
            met_for=before.talk.danger,
        )
        if safety.needs_card(found.level):
            danger = safety.danger_by_name(signal.danger)
            told = safety.told_by(said.text, danger, last_asked)
            heard = safety.GOODBYE if told.says_goodbye else told.heard
            signal = replace(signal, heard=heard, answers=told.answers)
            known = before.talk.danger
            if known is not None and (danger != known or found.level > before.level):
                signal = replace(signal, asked_anew=safety.asked_anew())
        return replace(signal, stops_answer=not said.is_edit)

    def _sort(self, raw: RawUpdate) -> _Found | None:
        """Where an update goes, and what was said in it; None if it is not for the bot."""
        update_id = raw["update_id"]
        try:
            update = Update.de_json(raw, self._context.client)
            lane = lane_of(update, self._context.me, self._phrases)
            chat_id = _chat_of(update)
            said = _with_all_text(read_incoming_text(update, self._context.me, 0.0), raw)
            command = self._command_of(update)
        except Exception as error:
            # Newer or odder than the library knows. Kept all the same: the express lane tries it
            # a few times and then keeps it as failed, where an operator can count it.
            log.warning("update_not_understood", update=update_id, error=type(error).__name__)
            said = read_for_danger_of(raw)
            if said is not None and not is_private(said.chat_id):
                said = None  # nothing tells whether it was said to the bot
            return _Found(Arrival(update_id, None, "express"), said, command=None)
        if lane is None:
            return None
        is_edit = update.edited_message is not None
        return _Found(Arrival(update_id, chat_id, lane, is_edit), said, command)

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


def _speaker(said: IncomingText) -> PersonInChat:
    return said.user_id, said.chat_id


def _chat_id_in(raw: RawUpdate) -> int | None:
    """The chat of an update, read with as little understanding as possible."""
    for kind in ("message", "edited_message"):
        chat = (raw.get(kind) or {}).get("chat") or {}
        if isinstance(chat.get("id"), int):
            return int(chat["id"])
    return None


def _chat_of(update: Update) -> int | None:
    if update.effective_chat is not None:
        return update.effective_chat.id
    # A button under a message that Telegram no longer gives: answered in the person's own chat.
    return update.effective_user.id if update.effective_user is not None else None
