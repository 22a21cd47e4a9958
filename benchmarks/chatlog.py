"""What happened in a chat, and what is found out about it, as values.

Times are seconds of one monotonic clock; message ids grow within a chat, so their order is what a
person sees.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Window(StrEnum):
    """Where a message can appear twice: the Bot API gives no way to close these."""

    FIRST = "first message, its id not stored yet"
    PARTS = "between the parts of a long answer"
    UNHEARD = "sendMessage whose reply was lost"


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message of the person's."""

    message_id: int
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text that the bot put into one of its messages, by sending or by editing it."""

    message_id: int
    text: str
    at: float
    finished: bool
    """Whether the person could see that nothing more is to come (no stop button)."""
    buttons: tuple[str, ...] = ()
    """What pressing the buttons under it tells the bot."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as SQL holds it, decrypted. `parts` is how the stored answer has to look."""

    number: int
    text: str
    state: str
    answer_message_id: int | None
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChatLog:
    """All that happened in one chat, and what went wrong around it.

    `kills` are the moments at which a bot was killed, `outages` the times without a database;
    `unheard` are the messages of which the bot never heard that they arrived, `stored` those whose
    ids the database knew at some time (None where that was not recorded).
    """

    said: Sequence[SentMessage]
    shown: Sequence[ShownText]
    turns: Sequence[StoredTurn]
    kills: Sequence[float] = ()
    outages: Sequence[tuple[float, float]] = ()
    unheard: frozenset[int] = frozenset()
    stored: frozenset[int] | None = None


@dataclass(slots=True)
class Account:
    """What a run found. Every turn is answered, broken off for a card, or unanswered.

    `sent_again` counts messages that cannot be kept from being sent again, by their `Window`.
    `told_so` counts the unanswered turns whose person was told.
    """

    messages: int = 0
    turns: int = 0
    answered: int = 0
    broken_off: int = 0
    """Answers that ended early because what was said next brought a crisis card."""
    unanswered: int = 0
    out_of_order: int = 0
    answered_twice: int = 0
    sent_again: Counter[Window] = field(default_factory=Counter)
    longest_unstored: float = 0.0
    """Seconds from the sending of a first message that was sent again to what kept its id away."""
    told_so: int = 0
    notices: int = 0
    not_its_answer: int = 0
    crisis_cards: int = 0
    sql_differs: int = 0
    remarks: list[str] = field(default_factory=list)
    """Where each fault was found, without a word of what was said."""
    to_first_text: list[float] = field(default_factory=list)
    to_final_text: list[float] = field(default_factory=list)

    @property
    def flawless(self) -> bool:
        """Whether every turn was answered once or gave way to a card, in order, as SQL says."""
        return not (
            self.unanswered
            or self.out_of_order
            or self.answered_twice
            or self.not_its_answer
            or self.sql_differs
        )

    def add(self, other: Account) -> None:
        """Count another chat in."""
        self.messages += other.messages
        self.turns += other.turns
        self.answered += other.answered
        self.broken_off += other.broken_off
        self.unanswered += other.unanswered
        self.out_of_order += other.out_of_order
        self.answered_twice += other.answered_twice
        self.sent_again += other.sent_again
        self.longest_unstored = max(self.longest_unstored, other.longest_unstored)
        self.told_so += other.told_so
        self.notices += other.notices
        self.not_its_answer += other.not_its_answer
        self.crisis_cards += other.crisis_cards
        self.sql_differs += other.sql_differs
        self.remarks += other.remarks
        self.to_first_text += other.to_first_text
        self.to_final_text += other.to_final_text


@dataclass(frozen=True, slots=True)
class Rules:
    """What tells the bot's messages apart.

    Args:
        is_card: whether a text is a crisis card.
        placeholder: what an answer says before it has text.
        is_notice: whether a text is said beside the answers (a place in the queue, an apology).
        mark: what the answer to a text has to contain, where the engine can be told to.
    """

    is_card: Callable[[str], bool]
    placeholder: str
    is_notice: Callable[[str], bool] = lambda _: False
    mark: Callable[[str], str] | None = None
