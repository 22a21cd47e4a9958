"""What a turn needs of the features: `turns` imports none of them, `wiring` hands them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from telegram import InlineKeyboardMarkup

    from bot.conversation.companion import Plan
    from bot.conversation.disclosure_policy import PendingNotice
    from bot.locales import Language, Texts
    from bot.safety import RiskLevel
    from bot.safety.occasions import Occasion
    from bot.storage import Disclosure, Turn
    from bot.telegram.inbound.incoming import IncomingText


class CardGate(Protocol):
    """Crisis cards, which go out before an answer."""

    async def before_answer(self, plan: Plan, language: Language) -> bool:
        """Note what a turn says, and return once its cards are out: whether it has one.

        Raises StorageError.
        """

    async def note(self, plan: Plan, language: Language) -> None:
        """Keep in mind what a turn says of a danger that is being answered: no card comes of it.

        Raises StorageError.
        """

    async def note_buttons(self, turn: Turn, message_id: int | None) -> None:
        """Note that the answer to a turn has the crisis buttons now. Never raises."""

    async def is_overtaken(self, turn: Turn) -> bool:
        """Whether words of danger were written behind a turn. Raises StorageError."""


class HumanHandoff(Protocol):
    """The hand-off to a human of the operators, who then has the word instead of the model."""

    async def carry_to_admin(self, turn: Turn) -> bool:
        """Carry a person's words to the human; False if none took over. Raises Expired."""

    async def carry_to_person(self, chat_id: int, user_id: int, text: str) -> bool:
        """Carry a human's words to their person; False if they are for the model."""


class Notices(Protocol):
    """What people have to be told beside the answers."""

    async def before_answer(
        self,
        turn: Turn,
        language: Language,
        known: Disclosure,
        *,
        level: RiskLevel,
        has_card: bool,
        occasions: Collection[Occasion],
    ) -> PendingNotice | None:
        """Say what cannot wait; what can wait for the answer comes back."""

    async def after_answer(self, pending: PendingNotice | None) -> None:
        """Say what `before_answer` gave back."""


class Doorkeeper(Protocol):
    """Who may use the bot, and when answers have to wait."""

    async def answers_words(
        self, user_id: int, chat_id: int, language: Language, words: str
    ) -> bool:
        """Whether words are answered; their person is told where they are not.

        Raises StorageError.
        """

    async def pause_ends(self, user_id: int, chat_id: int, language: Language) -> datetime | None:
        """When to look again at what waits for the end of a maintenance; None: answer it now.

        Raises StorageError.
        """


class ReplyTaker(Protocol):
    """What people are asked to reply to a message of the bot, in place of an answer to it."""

    async def keep_reply(self, said: IncomingText) -> bool:
        """Keep a message that is such a reply; False if it is to be answered."""


class AskedLinesTaker(Protocol):
    """Lines that people write because a feature asks for them: of a safety plan, an exercise."""

    async def take(self, said: Sequence[IncomingText]) -> list[int]:
        """Take such lines out of what waits; the ids of their updates. Raises StorageError."""


class KeyboardAfterAnswer(Protocol):
    """Makes the buttons under an answer that is whole, for a language and a turn's id."""

    def __call__(
        self,
        texts: Texts,
        turn_id: int,
        *,
        ratable: bool = False,
        version: int = 1,
        versions: int = 1,
    ) -> InlineKeyboardMarkup:
        """`ratable`: whether the answer may be rated; it is one of several `versions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKeyboards:
    """What makes the buttons under an answer, in the language of the texts."""

    while_answering: Callable[[Texts, int], InlineKeyboardMarkup]
    """For a turn's id."""
    after_answer: KeyboardAfterAnswer
    after_failure: Callable[..., InlineKeyboardMarkup]
    """For a turn's id, and the `version` of its answer that failed."""
    in_danger: Callable[..., InlineKeyboardMarkup]
    """For a person's id; `discreet` where who hurts them may look on."""
    with_care: Callable[[Texts, InlineKeyboardMarkup], InlineKeyboardMarkup]
    """For buttons: the same, and below them one that shows where else there is help."""
    with_exercise: Callable[[Plan, InlineKeyboardMarkup], InlineKeyboardMarkup]
    """For a turn and the buttons under its answer: the same, and an exercise where one fits."""
    into_private: Callable[[Texts, str | None], InlineKeyboardMarkup | None]
    """For the name of the bot, from a group."""
