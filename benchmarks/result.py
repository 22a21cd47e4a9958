"""What a replay found, for people and for machines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.report import percentile, seconds

if TYPE_CHECKING:
    from benchmarks.chatlog import Account


@dataclass(frozen=True, slots=True)
class Result:
    """What a replay found."""

    account: Account
    dialogues: int
    unsaid: int
    kills: int
    quotes_in_log: int
    left_in_inbox: int
    wall_seconds: float

    @property
    def flawless(self) -> bool:
        """Whether the bot kept every promise."""
        return self.account.flawless and not (
            self.unsaid or self.quotes_in_log or self.left_in_inbox
        )


def figures(result: Result) -> dict[str, object]:
    """Everything measured, for machines; times in seconds."""
    account = result.account
    times = {
        f"{name}_p{share:.0%}".rstrip("%"): None if math.isnan(value) else round(value, 4)
        for name, values in (
            ("to_first_text", account.to_first_text),
            ("to_final_text", account.to_final_text),
        )
        for share in (0.5, 0.99)
        for value in (percentile(values, share),)
    }
    return {
        "flawless": result.flawless,
        "dialogues": result.dialogues,
        "messages": account.messages,
        "turns": account.turns,
        "answered": account.answered,
        "broken_off": account.broken_off,
        "unanswered": account.unanswered,
        "unsaid": result.unsaid,
        "out_of_order": account.out_of_order,
        "answered_twice": account.answered_twice,
        "sent_again": account.sent_again.total(),
        "not_its_answer": account.not_its_answer,
        "crisis_cards": account.crisis_cards,
        "sql_differs": account.sql_differs,
        "left_in_inbox": result.left_in_inbox,
        "quotes_in_log": result.quotes_in_log,
        "kills": result.kills,
        "wall_seconds": round(result.wall_seconds, 1),
        **times,
    }


def rows(result: Result) -> list[tuple[str, str]]:
    """The table that people read."""
    account = result.account
    counts = {
        "dialogues": result.dialogues,
        "messages": account.messages,
        "turns": account.turns,
        "answered": account.answered,
        "broken off for a card": account.broken_off,
        "unanswered": account.unanswered,
        "never said, after an unanswered one": result.unsaid,
        "out of order": account.out_of_order,
        "answered twice": account.answered_twice,
        "sent again after a kill": account.sent_again.total(),
        "another message's answer": account.not_its_answer,
        "crisis cards": account.crisis_cards,
        "SQL differs": account.sql_differs,
        "updates left in the inbox": result.left_in_inbox,
        "texts found in the log": result.quotes_in_log,
        "kill -9": result.kills,
    }
    return [
        *((name, str(count)) for name, count in counts.items()),
        ("time to first text, p50 / p99", seconds(account.to_first_text)),
        ("time to final text, p50 / p99", seconds(account.to_final_text)),
        ("wall clock", f"{result.wall_seconds:.0f} s"),
    ]
