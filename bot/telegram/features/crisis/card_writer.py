"""What a card says: by danger and place, by what was asked before, by what its person prepared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.locales import language_for
from bot.safety import (
    WITH_CONTACT,
    WITH_PLAN,
    Danger,
    RiskLevel,
    asked_by_card,
    card,
    danger_at_age,
    danger_by_name,
    region_of,
    repeated_card,
    takes_up,
)
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.timeouts import wait_for_result

if TYPE_CHECKING:
    from bot.conversation.crisis_protocol import CrisisProtocol
    from bot.locales import Language
    from bot.storage import OwedCard
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

KNOWN_WITHIN = 0.2
"""Seconds a card waits for what is known of its person; a database that is away holds none back."""


class CardAddition(Protocol):
    """Something a person has prepared for the moment in which they read a card."""

    async def on_card(self, chat_id: int, user_id: int, language: Language) -> str | None:
        """Lines of their own on a person's card; None: none. Never raises.

        A card waits for it: it takes `KNOWN_WITHIN` seconds at most.
        """


@dataclass(frozen=True, slots=True)
class WrittenCard:
    """A card in words; `said` are the ids of what it asks and takes up."""

    text: str
    danger: Danger
    said: tuple[str, ...]


class CardWriter:
    """Writes cards.

    Args:
        context: what the features share.
        protocol: what was asked and answered before.
        contacts: whom people want to call.
        plans: what people wrote down for such an hour.
    """

    def __init__(
        self,
        context: Context,
        *,
        protocol: CrisisProtocol,
        contacts: CardAddition,
        plans: CardAddition,
    ) -> None:
        self._disclosures = context.storage.disclosures
        self._now = context.now
        self._sleep = context.sleep
        self._protocol = protocol
        self._contacts = contacts
        self._plans = plans

    async def write(self, owed: OwedCard) -> WrittenCard:
        """The text of a card for the chat in which it is read. Never raises StorageError."""
        language = language_for(owed.language_code)
        person = told_in(owed), owed.user_id, language
        contact, plan, is_minor = await asyncio.gather(
            self._contacts.on_card(*person),
            self._plans.on_card(*person),
            self._minority(owed.user_id),
        )
        danger = danger_at_age(danger_by_name(owed.danger), is_minor=is_minor)
        text, said = await self._words(owed, danger, language, is_minor)
        if plan is not None and danger in WITH_PLAN and not owed.repeated:
            text = _with_plan(text, plan, is_imminent=owed.level >= RiskLevel.IMMINENT)
        if contact is not None and danger in WITH_CONTACT:
            text = f"{contact}\n\n{text}"
        return WrittenCard(text, danger, said)

    async def note_said(self, owed: OwedCard, written: WrittenCard) -> None:
        """Keep what a card that was sent has asked. Never raises StorageError."""
        try:
            await self._protocol.note_said(owed.user_id, written.said, written.danger)
        except StorageError as error:
            log.warning("card_questions_not_kept", error=type(error).__name__)

    async def _words(
        self, owed: OwedCard, danger: Danger, language: Language, is_minor: bool | None
    ) -> tuple[str, tuple[str, ...]]:
        level, region = RiskLevel(owed.level), region_of(owed.region)
        if not owed.repeated:
            text = card(
                *(level, language, region),
                danger=danger,
                at=self._now(),
                is_minor=is_minor,
                heard=owed.heard,
            )
            heard = (f"heard:{owed.heard}",) if takes_up(owed.heard, danger) else ()
            return text, (*heard, *asked_by_card(level, danger))
        again = self._protocol.again(
            *(owed.user_id, level, danger, language, region), heard=owed.heard, number=owed.number
        )
        try:
            return await wait_for_result(again, self._sleep(KNOWN_WITHIN))
        except (StorageError, TimeoutError) as error:
            log.warning("card_without_what_was_asked", error=type(error).__name__)
            return repeated_card(level, language, owed.number, region, danger=danger), ()

    async def _minority(self, user_id: int) -> bool | None:
        """Whether a person has said that they are under 18; None: they have said nothing.

        What they have just written of it counts for more than a button they once pressed.
        """
        both = asyncio.gather(
            self._disclosures.for_user(user_id), self._protocol.tells_minority(user_id)
        )
        try:
            known, tells_minority = await wait_for_result(both, self._sleep(KNOWN_WITHIN))
        except (StorageError, TimeoutError) as error:
            log.warning("age_not_known_for_card", error=type(error).__name__)
            return None
        if tells_minority:
            return True
        return known.is_minor if known.age is not None else None


def _with_plan(text: str, plan: str, *, is_imminent: bool) -> str:
    """A card with the first lines of its person's plan.

    They have been heard first; at imminent nothing stands before whom to call.
    """
    place = text.rindex("\n\n") if is_imminent else text.index("\n\n")
    return f"{text[:place]}\n\n{plan}{text[place:]}"


def told_in(owed: OwedCard) -> int:
    """The chat in which a card is read: its person's own, also for what was said in a group.

    Others there have no part in it. A private chat has its person's id. Who speaks in the name of a
    group or a channel has none: what they said openly is met where they said it, and never written
    into their channel.
    """
    return owed.user_id if is_private(owed.user_id) else owed.chat_id
