"""What became of everything people said: a chat's log from Telegram's side against SQL.

Knows neither HTTP nor SQL, so that its rules can be tried on made-up logs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.chatlog import Account, Window

if TYPE_CHECKING:
    from benchmarks.chatlog import ChatLog, Rules, SentMessage, ShownText, StoredTurn


SENDING, STORING = 0.2, 5.0
"""Seconds around the moment Telegram knew a message in which its id may not be stored yet; on a
busy machine it takes that long to hear of it."""
ON_ITS_WAY = 2.0
"""Seconds after a kill in which a busy Telegram still does what the dead bot had asked for."""


def judge(log: ChatLog, rules: Rules) -> Account:
    """Account for everything that was said in one chat."""
    return _Judge(log, rules).run()


class _Judge:
    def __init__(self, log: ChatLog, rules: Rules) -> None:
        self._log = log
        self._rules = rules
        self._account = Account(messages=len(log.said))
        self._open = list(log.said)
        self._latest: dict[int, ShownText] = {shown.message_id: shown for shown in log.shown}
        self._answers: Counter[int] = Counter()
        self._parts: list[tuple[str, float]] = []
        """The later parts of long answers, and when the answer was whole."""
        self._before: tuple[int, float] = (0, 0.0)
        """Where and when the answer before this one ended."""
        self._stopped: StoredTurn | None = None
        """The turn before this one, if its answer was broken off, and what is seen of it."""
        self._shown_of_stopped: list[ShownText] = []

    def run(self) -> Account:
        account = self._account
        for position, turn in enumerate(self._log.turns, start=1):
            if turn.number != position:
                account.sql_differs += 1
                self._remark(turn, f"has number {turn.number}")
            self._turn(turn)
        if self._stopped is not None:
            self._unanswered(self._stopped)
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
        if self._stopped is not None:
            self._broken_off(self._stopped, turn, said)
            self._stopped = None
        if turn.state == "stopped":
            self._stopped = turn
            self._shown_of_stopped = self._parts_of(turn)
            return
        card = self._card_alone(turn, said)
        if card is not None:
            account.answered += 1
            self._time(said, [card])
            return
        parts = self._visible(turn)
        if parts is None:
            self._unanswered(turn)
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
        self._time(said, parts)
        self._place(turn, said, parts)

    def _unanswered(self, turn: StoredTurn) -> None:
        shown = self._latest.get(turn.answer_message_id or 0)
        self._account.unanswered += 1
        self._account.told_so += turn.state == "failed" and shown is not None and shown.finished
        self._remark(turn, f"is {turn.state}, unanswered")

    def _broken_off(self, stopped: StoredTurn, turn: StoredTurn, said: list[SentMessage]) -> None:
        """Account for an answer that ended early; `turn` is the next one, in which `said` is.

        Nobody has pressed "stop" here, so it was the card of what was said next that ended it. An
        answer waits for the cards of its chat: that card stands before the one of its own turn.
        """
        shown = self._shown_of_stopped
        cards = self._cards_after(said[0])
        before_its_own = cards and cards[0].message_id < (turn.answer_message_id or math.inf)
        if not (before_its_own and all(part.finished for part in shown)):
            self._unanswered(stopped)
            return
        self._account.broken_off += 1
        if not all(
            part.text.startswith(text.strip())
            for part, text in zip(shown, stopped.parts, strict=False)
        ):
            self._account.sql_differs += 1
            self._remark(stopped, "shows something else than SQL holds")

    def _take(self, turn: StoredTurn) -> list[SentMessage] | None:
        """The messages that became a turn; None if no message says that, or it was taken before."""
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
            self._remark(turn, "says what no message said")
        if turn.answer_message_id is not None:
            self._answers[turn.answer_message_id] += 1
        return None

    def _visible(self, turn: StoredTurn) -> list[ShownText] | None:
        """The messages in which the finished answer is to be seen."""
        parts = self._parts_of(turn)
        if turn.state != "answered" or not parts or not all(part.finished for part in parts):
            return None
        return parts

    def _parts_of(self, turn: StoredTurn) -> list[ShownText]:
        """The messages of an answer, in order, as they were seen last; none where none was sent."""
        if turn.answer_message_id is None:
            return []
        ids = [turn.answer_message_id]
        for text in turn.parts[1:]:
            ids.append(self._part(text, behind=ids[-1]))
        self._answers.update(ids)
        return [self._latest[number] for number in ids if number in self._latest]

    def _card_alone(self, turn: StoredTurn, said: list[SentMessage]) -> ShownText | None:
        """The card that is all the answer there is: it has asked, so nothing else does."""
        if turn.state != "answered" or turn.answer_message_id is not None:
            return None
        return next(iter(self._cards_after(said[-1])), None)

    def _cards_after(self, said: SentMessage) -> list[ShownText]:
        later = sorted(number for number in self._latest if number > said.message_id)
        return [self._latest[n] for n in later if self._rules.is_card(self._latest[n].text)]

    def _part(self, text: str, *, behind: int) -> int:
        """The message that shows a later part of an answer: the newest with its text.

        One that was sent before a crash may stand before it. None: the one directly behind.
        """
        later = sorted(number for number in self._latest if number > behind)
        same = [number for number in later if self._latest[number].text == text.strip()]
        return same[-1] if same else next(iter(later), 0)

    def _is_card_turn(self, said: list[SentMessage], parts: list[ShownText]) -> bool:
        """Whether a card stands between what was said and its answer: people's own words then."""
        return any(
            said[0].message_id < shown.message_id < parts[0].message_id
            and self._rules.is_card(shown.text)
            for shown in self._log.shown
        )

    def _time(self, said: list[SentMessage], parts: list[ShownText]) -> None:
        asked, history = said[-1].at, self._history(parts)
        last = max(shown.at for shown in history)
        with_text = [shown.at for shown in history if shown.text != self._rules.placeholder]
        self._account.to_first_text.append(min(with_text, default=last) - asked)
        self._account.to_final_text.append(last - asked)

    def _place(self, turn: StoredTurn, said: list[SentMessage], parts: list[ShownText]) -> None:
        """Look whether an answer follows the one before it; a card waits for no answer."""
        asked, history = said[-1].at, self._history(parts)
        first, last = min(shown.at for shown in history), max(shown.at for shown in history)
        lowest, earliest = self._before
        if parts[0].message_id < max(lowest, said[-1].message_id) or first < max(earliest, asked):
            self._account.out_of_order += 1
            self._remark(turn, "was answered out of order")
        self._before = (parts[-1].message_id, last)
        self._parts += [(part.text, last) for part in parts[1:]]

    def _history(self, parts: list[ShownText]) -> list[ShownText]:
        """All that was ever shown in these messages."""
        ids = {part.message_id for part in parts}
        return [shown for shown in self._log.shown if shown.message_id in ids]

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
                changes = sum(item.message_id == number for item in self._log.shown)
                later = [kill - shown.at for kill in self._log.kills if kill > shown.at - SENDING]
                after = f"a bot was killed {min(later):.2f} s later" if later else "no kill later"
                kind = "the placeholder" if shown.text == self._rules.placeholder else "a text"
                end = "finished" if shown.finished else "unfinished"
                known = "known" if number in (self._log.stored or ()) else "not known"
                account.remarks.append(
                    f"message {number} ({kind}, {end}, {known} to the database), shown {changes} "
                    f"times, answers nothing; {after}"
                )

    def _remark(self, turn: StoredTurn, what: str) -> None:
        self._account.remarks.append(
            f"turn {turn.number} (message {turn.answer_message_id}) {what}"
        )

    def _window(self, shown: ShownText) -> Window | None:
        """Why a message was sent although another one shows the same answer.

        Telegram has no way to ask for a message whose id was not stored or not heard of, nor to
        send one only once: the bot cannot but send another.
        """
        number = shown.message_id
        if number in self._log.unheard:
            return Window.UNHEARD
        sent = min(item.at for item in self._log.shown if item.message_id == number)
        whole = max((at for text, at in self._parts if text == shown.text), default=None)
        if whole is not None and self._disturbed_between(sent, whole):
            return Window.PARTS
        if self._log.stored is not None:
            return self._never_stored(number, sent, self._log.stored)
        if any(begin - SENDING <= sent <= end for begin, end in self._log.outages):
            # The bot that takes the turn over after it, killed or not, knows of no message.
            return Window.FIRST
        # The id is stored before anything is edited into a message.
        edited = sum(item.message_id == number for item in self._log.shown) > 1
        return Window.FIRST if not edited and self._killed_between(sent, sent) else None

    def _never_stored(self, number: int, sent: float, stored: frozenset[int]) -> Window | None:
        """The window of a message whose id the database never knew, if something kept it away."""
        outages = self._log.outages
        ends = [*self._log.kills, *(begin for begin, _ in outages)]
        later = [end - sent for end in ends if end >= sent - ON_ITS_WAY]
        away = any(begin <= sent <= end for begin, end in outages)
        if number in stored or not (later or away):
            return None
        waited = 0.0 if away else max(min(later), 0.0)
        self._account.longest_unstored = max(self._account.longest_unstored, waited)
        return Window.FIRST

    def _disturbed_between(self, begin: float, end: float) -> bool:
        """Whether a bot was killed, or the database away, before an answer's end was stored."""
        away = any(gone - SENDING <= end and begin <= back for gone, back in self._log.outages)
        return away or self._killed_between(begin, end)

    def _killed_between(self, begin: float, end: float) -> bool:
        return any(begin - SENDING <= kill <= end + STORING for kill in self._log.kills)
