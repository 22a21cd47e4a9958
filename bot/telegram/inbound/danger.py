"""Reads what arrives for danger before it is stored: each message with what its person is in."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot import metrics, safety
from bot.conversation.known_risk import KnownRisk, RiskLookup
from bot.conversation.reading import ENCODER_WITHIN
from bot.locales import language_for
from bot.safety import RiskLevel
from bot.safety.recent import hashed
from bot.storage import RiskSignal
from bot.telegram.chat_ids import is_private
from bot.timeouts import wait_for_result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from bot.conversation.reading import FirstReading
    from bot.safety import Assessment, Utterance
    from bot.storage import PersonInChat
    from bot.telegram.context import Context
    from bot.telegram.inbound.collaborators import RiskCards
    from bot.telegram.inbound.faults import BatchFaults
    from bot.telegram.inbound.incoming import IncomingText

log = structlog.get_logger(__name__)

_READ_AT = {level: metrics.RISK_READ.labels(level.label) for level in RiskLevel}

MESSAGES_REMEMBERED = 50_000

KNOWN_WITHIN = 0.2
"""Seconds for each thing that is asked of the database before a card: what a person is in and was
asked last, and who writes to a person they took over. A database that is away or slow holds up no
card: a message is read with what was known here, and once more with its turn."""


class DangerReader:
    """Reads batches of messages for danger. A fault in one message costs no other its reading.

    Args:
        context: what the parts share.
        reading: says what is found in a message.
        cards: knows what storage needs of a sign of danger.
        is_handed_over: whether what a person writes in a chat goes to a human, not to the model.
    """

    def __init__(
        self,
        context: Context,
        reading: FirstReading,
        cards: RiskCards,
        is_handed_over: Callable[[int, int], Awaitable[bool]],
    ) -> None:
        self._reading = reading
        self._clock = context.clock
        self._lookup = RiskLookup(context.storage.risk, context.now, sleep=context.sleep)
        self._now = context.now
        self._sleep = context.sleep
        self._cards = cards
        self._is_handed_over = is_handed_over
        self._read: OrderedDict[tuple[int, int], tuple[bytes, int]] = OrderedDict()
        """Of the messages read last, by chat and id: a hash of the words, and the update."""

    async def read(self, said: Sequence[IncomingText], faults: BatchFaults) -> list[RiskSignal]:
        """The signs of danger in messages, oldest first; nothing of those that tell of none.

        All of them wait for the encoder no longer than one would: a burst holds up no card.
        """
        waits_until = self._clock() + ENCODER_WITHIN
        said = [one for one in said if not self._changes_nothing(one)]
        known = await self._known({_speaker(one) for one in said})
        signals: list[RiskSignal] = []
        for one in said:
            before = known[_speaker(one)]
            try:
                signal = await self._read_one(one, before, waits_until, faults)
                _READ_AT[RiskLevel.NONE if signal is None else RiskLevel(signal.level)].inc()
            except Exception as error:
                # The message counts more than its reading, and it is read again with its turn.
                faults.note(one.update_id, "read_for_danger", error)
                continue
            if signal is not None:
                signals.append(signal)
                level = max(before.level, RiskLevel(signal.level))
                known[_speaker(one)] = replace(before, level=level)
        # A human who asks "are you thinking of suicide" asks it of the person they took over.
        told_to_person = await self._handed_over({_person(signal) for signal in signals})
        kept = [signal for signal in signals if _person(signal) not in told_to_person]
        for signal in kept:
            self._lookup.note(_person(signal), signal.ends)
        return kept

    def _changes_nothing(self, said: IncomingText) -> bool:
        """Whether an edit has the words that were read: Telegram sends one for a preview as well.

        Days later it would bring the card of an old danger, and begin that anew.
        """
        key, words = (said.chat_id, said.message_id), hashed(said.text)
        before = self._read.pop(key, None)
        self._read[key] = words, said.update_id
        if len(self._read) > MESSAGES_REMEMBERED:
            self._read.popitem(last=False)
        if not said.is_edit or before is None or before[0] != words:
            return False
        # An update that comes again was not stored the first time.
        self._read[key] = before
        return before[1] != said.update_id

    async def _known(self, people: Collection[PersonInChat]) -> dict[PersonInChat, KnownRisk]:
        if not people:
            return {}
        try:
            return await self._lookup.for_people(people, KNOWN_WITHIN)
        except Exception as error:
            log.error("known_risk_broke", error=type(error).__name__)
        # What is stored of one person costs no other theirs.
        found = await asyncio.gather(
            *(self._lookup.for_people([person], KNOWN_WITHIN) for person in people),
            return_exceptions=True,
        )
        return {
            person: one[person] if isinstance(one, dict) else KnownRisk()
            for person, one in zip(people, found, strict=True)
        }

    async def _handed_over(self, people: Collection[PersonInChat]) -> set[PersonInChat]:
        """Those of some people who write to a person they took over, as far as that is known.

        Of one of whom it is not known in time the words are taken as their own.
        """
        if not people:
            return set()
        asked = asyncio.gather(
            *(self._is_handed_over(chat_id, user_id) for user_id, chat_id in people),
            return_exceptions=True,
        )
        try:
            found = await wait_for_result(asked, self._sleep(KNOWN_WITHIN))
        except TimeoutError as error:
            log.warning("hand_over_not_known", error=type(error).__name__)
            return set()
        return {person for person, is_so in zip(people, found, strict=True) if is_so is True}

    async def _read_one(
        self, said: IncomingText, before: KnownRisk, waits_until: float, faults: BatchFaults
    ) -> RiskSignal | None:
        """The sign of danger in one message, if there is one.

        Where a step behind the reading breaks, what was found before it goes on.
        """
        last_asked = before.talk.asked[-1] if before.talk.asked else None
        if safety.needs_card(before.level) and faults.shield(
            said.update_id, "taken_back", lambda: safety.takes_back(said.text), otherwise=False
        ):
            return None
        alone = [safety.Utterance(said.text)]
        reading = faults.shield(
            said.update_id, "asked_before", lambda: _with_question(said, before), alone
        )
        found = await self._reading.read(reading, before.level, waits_until - self._clock())
        if is_private(said.chat_id):
            read = found
            found = faults.shield(
                said.update_id,
                "read_as_answer",
                lambda: safety.read_as_answer(read, said.text, last_asked, before.talk.danger),
                found,
            )
        if found.level is RiskLevel.NONE:
            return None
        signal = faults.shield(
            said.update_id,
            "risk_signal",
            lambda: self._signal(said, found, before),
            self._bare_signal(said, found.level),
        )
        if safety.needs_card(found.level):
            signal = faults.shield(
                said.update_id,
                "told",
                lambda: _with_what_was_told(signal, said, found, before),
                signal,
            )
        return replace(signal, stops_answer=not said.is_edit)

    def _signal(self, said: IncomingText, found: Assessment, before: KnownRisk) -> RiskSignal:
        return self._cards.risk_signal(
            found,
            chat_id=said.chat_id,
            user_id=said.user_id,
            language_code=said.language_code,
            update_id=said.update_id,
            met_for=before.talk.danger,
        )

    def _bare_signal(self, said: IncomingText, level: RiskLevel) -> RiskSignal:
        """A sign of danger of which only the level is known: enough for a card."""
        ends = {step.value: end for step, end in safety.ends_of(level, self._now()).items()}
        return RiskSignal(
            update_id=said.update_id,
            chat_id=said.chat_id,
            user_id=said.user_id,
            level=level,
            language_code=said.language_code,
            ends=ends,
        )


def _with_question(said: IncomingText, before: KnownRisk) -> list[Utterance]:
    """A message behind what its person was asked outside an answer, where it may be the reply."""
    reading = [safety.Utterance(said.text)]
    if before.pending_question is not None and safety.may_be_reply(said.text):
        language = language_for(said.language_code)
        is_check_in = before.pending_question == "check_in"
        last_asked = before.talk.asked[-1] if before.talk.asked else None
        reading.insert(0, safety.asked_outside_answers(is_check_in, language, last_asked))
    return reading


def _with_what_was_told(
    signal: RiskSignal, said: IncomingText, found: Assessment, before: KnownRisk
) -> RiskSignal:
    """A signal with what its words answer of the protocol, and what has to be asked anew."""
    last_asked = before.talk.asked[-1] if before.talk.asked else None
    danger, known = safety.danger_by_name(signal.danger), before.talk.danger
    told = safety.told_by(said.text, danger, last_asked)
    heard = safety.GOODBYE if told.says_goodbye else told.heard
    signal = replace(signal, heard=heard, answers=told.answers)
    if known is not None and (danger != known or found.level > before.level):
        signal = replace(signal, asked_anew=safety.asked_anew())
    return signal


def _speaker(said: IncomingText) -> PersonInChat:
    return said.user_id, said.chat_id


def _person(signal: RiskSignal) -> PersonInChat:
    return signal.user_id, signal.chat_id
