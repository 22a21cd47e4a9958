"""What became of everything people said: a chat's log from Telegram's side against SQL.

Knows neither HTTP nor SQL, so that its rules can be tried on made-up logs. Times are seconds of one
monotonic clock; message ids grow within a chat, so their order is what a person sees.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


SENDING, STORING = 0.2, 1.0
"""Seconds around the moment Telegram knew a message in which its id may not be stored yet."""


class Window(StrEnum):
    """Where a message can appear twice: the Bot API lets nobody close these."""

    FIRST = "first message, its id not stored yet"
    PARTS = "between the parts of a long answer"
    UNHEARD = "sendMessage whose reply was lost"


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the person's."""

    message_id: int
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Shown:
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
    `unheard` are the messages of which the bot never heard that they arrived.
    """

    said: Sequence[Said]
    shown: Sequence[Shown]
    turns: Sequence[StoredTurn]
    kills: Sequence[float] = ()
    outages: Sequence[tuple[float, float]] = ()
    unheard: frozenset[int] = frozenset()


@dataclass(slots=True)
class Account:
    """What a run found. Every turn is either answered or unanswered.

    `sent_again` counts messages that nobody can keep from being sent again, by their `Window`.
    `told_so` counts the unanswered turns whose person was told.
    """

    messages: int = 0
    turns: int = 0
    answered: int = 0
    unanswered: int = 0
    out_of_order: int = 0
    answered_twice: int = 0
    sent_again: Counter[Window] = field(default_factory=Counter)
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
        """Whether every turn was answered exactly once, in order, and SQL says the same."""
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
        self.unanswered += other.unanswered
        self.out_of_order += other.out_of_order
        self.answered_twice += other.answered_twice
        self.sent_again += other.sent_again
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


def judge(log: ChatLog, rules: Rules) -> Account:
    """Account for everything that was said in one chat."""
    return _Judge(log, rules).run()


class _Judge:
    def __init__(self, log: ChatLog, rules: Rules) -> None:
        self._log = log
        self._rules = rules
        self._account = Account(messages=len(log.said))
        self._open = list(log.said)
        self._latest: dict[int, Shown] = {shown.message_id: shown for shown in log.shown}
        self._answers: Counter[int] = Counter()
        self._parts: list[tuple[str, float]] = []
        """The later parts of long answers, and when the answer was whole."""
        self._before: tuple[int, float] = (0, 0.0)
        """Where and when the answer before this one ended."""

    def run(self) -> Account:
        account = self._account
        for position, turn in enumerate(self._log.turns, start=1):
            if turn.number != position:
                account.sql_differs += 1
                self._remark(turn, f"has number {turn.number}")
            self._turn(turn)
        # What is in no turn was lost.
        account.turns += len(self._open)
        account.unanswered += len(self._open)
        account.remarks += [f"message {said.message_id} became no turn" for said in self._open]
        self._strangers()
        return account

    def _turn(self, turn: StoredTurn) -> None:
        account = self._account
        said = self._take(turn)
        if said is None:
            return
        account.turns += 1
        parts = self._visible(turn)
        if parts is None:
            account.unanswered += 1
            shown = self._latest.get(turn.answer_message_id or 0)
            self._remark(turn, f"is {turn.state}, unanswered")
            account.told_so += turn.state == "failed" and shown is not None and shown.finished
            return
        account.answered += 1
        if tuple(part.text for part in parts) != tuple(text.strip() for text in turn.parts):
            account.sql_differs += 1
            self._remark(turn, "shows something else than SQL holds")
        if self._rules.mark is not None and not self._is_card_turn(said, parts):
            wanted = self._rules.mark(turn.text)
            if not any(wanted in part.text for part in parts):
                account.not_its_answer += 1
                self._remark(turn, "shows another one's answer")
        self._time(turn, said, parts)

    def _take(self, turn: StoredTurn) -> list[Said] | None:
        """The messages that became a turn; None if nobody said that, or it was taken before."""
        for start in range(len(self._open)):
            for end in range(start + 1, len(self._open) + 1):
                joined = "\n".join(said.text for said in self._open[start:end])
                if joined == turn.text:
                    if start > 0:
                        self._account.out_of_order += 1
                        self._remark(turn, "passed a message before it")
                    taken = self._open[start:end]
                    del self._open[start:end]
                    return taken
                if len(joined) >= len(turn.text):
                    break
        if any(said.text == turn.text for said in self._log.said):
            self._account.answered_twice += 1
            self._remark(turn, "says what an earlier one says")
        else:
            self._account.sql_differs += 1
            self._remark(turn, "says what nobody said")
        if turn.answer_message_id is not None:
            self._answers[turn.answer_message_id] += 1
        return None

    def _visible(self, turn: StoredTurn) -> list[Shown] | None:
        """The messages in which the finished answer is to be seen."""
        if turn.answer_message_id is None:
            return None
        ids = [turn.answer_message_id]
        for text in turn.parts[1:]:
            ids.append(self._part(text, behind=ids[-1]))
        self._answers.update(ids)
        parts = [self._latest[number] for number in ids if number in self._latest]
        if turn.state != "answered" or not parts or not all(part.finished for part in parts):
            return None
        return parts

    def _part(self, text: str, *, behind: int) -> int:
        """The message that shows a later part of an answer: the newest with its text.

        One that was sent before a crash may stand before it. None: the one directly behind.
        """
        later = sorted(number for number in self._latest if number > behind)
        same = [number for number in later if self._latest[number].text == text.strip()]
        return same[-1] if same else next(iter(later), 0)

    def _is_card_turn(self, said: list[Said], parts: list[Shown]) -> bool:
        """Whether a card stands between what was said and its answer: people's own words then."""
        return any(
            said[0].message_id < shown.message_id < parts[0].message_id
            and self._rules.is_card(shown.text)
            for shown in self._log.shown
        )

    def _time(self, turn: StoredTurn, said: list[Said], parts: list[Shown]) -> None:
        ids = {part.message_id for part in parts}
        history = [shown for shown in self._log.shown if shown.message_id in ids]
        asked = said[-1].at
        first, last = min(shown.at for shown in history), max(shown.at for shown in history)
        with_text = [shown.at for shown in history if shown.text != self._rules.placeholder]
        self._account.to_first_text.append(min(with_text, default=last) - asked)
        self._account.to_final_text.append(last - asked)
        lowest, earliest = self._before
        if parts[0].message_id < max(lowest, said[-1].message_id) or first < max(earliest, asked):
            self._account.out_of_order += 1
            self._remark(turn, "was answered out of order")
        self._before = (parts[-1].message_id, last)
        self._parts += [(part.text, last) for part in parts[1:]]

    def _strangers(self) -> None:
        """Count cards, and messages that are neither a card nor the answer to anything."""
        account = self._account
        for number, shown in self._latest.items():
            if self._rules.is_card(shown.text):
                account.crisis_cards += 1
                continue
            if self._answers[number] > 1:
                account.answered_twice += self._answers[number] - 1
                account.remarks.append(f"message {number} answers several turns")
            if number in self._answers:
                continue
            if self._rules.is_notice(shown.text):
                account.notices += 1
            elif (window := self._window(shown)) is not None:
                account.sent_again[window] += 1
            else:
                account.answered_twice += 1
                at = f"{shown.at:.2f}"
                account.remarks.append(f"message {number}, last changed at {at}, answers nothing")

    def _remark(self, turn: StoredTurn, what: str) -> None:
        self._account.remarks.append(
            f"turn {turn.number} (message {turn.answer_message_id}) {what}"
        )

    def _window(self, shown: Shown) -> Window | None:
        """Why a message was sent although another one shows the same answer.

        Telegram has no way to ask for a message whose id was not stored or not heard of, nor to
        send one only once: the bot cannot but send another.
        """
        number = shown.message_id
        if number in self._log.unheard:
            return Window.UNHEARD
        sent = min(item.at for item in self._log.shown if item.message_id == number)
        whole = max((at for text, at in self._parts if text == shown.text), default=None)
        if whole is not None and self._killed_between(sent, whole):
            return Window.PARTS
        return Window.FIRST if self._killed_between(sent, self._storable(sent)) else None

    def _killed_between(self, begin: float, end: float) -> bool:
        return any(begin - SENDING <= kill <= end + STORING for kill in self._log.kills)

    def _storable(self, sent: float) -> float:
        """When the id of a message sent then could be stored: not before the database is back."""
        for begin, end in sorted(self._log.outages):
            if begin - STORING <= sent <= end:
                sent = end + STORING
        return sent
