"""What a run found, for people and for machines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.chatlog import Window
from benchmarks.report import percentile, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.chaos.run import Outcome


def figures(outcome: Outcome) -> dict[str, object]:
    """Everything measured, for machines; times in seconds."""
    account, silence = outcome.account, outcome.silence
    return {
        "passed": outcome.passed,
        "seed": outcome.config.seed,
        "setup": outcome.config.setup,
        "replicas": outcome.config.replicas,
        "chats": outcome.config.chats,
        "messages": account.messages,
        "turns": account.turns,
        "answered": account.answered,
        "broken_off": account.broken_off,
        "lost": account.unanswered,
        "lost_but_told": account.told_so,
        "twice": account.answered_twice,
        "out_of_order": account.out_of_order,
        "not_its_answer": account.not_its_answer,
        "sql_differs": account.sql_differs,
        "sent_again": {window.name.lower(): account.sent_again[window] for window in Window},
        "longest_unstored": _rounded(account.longest_unstored),
        "crisis_cards": account.crisis_cards,
        "notices": account.notices,
        "retries_pressed": outcome.retries,
        "told_engine_is_away": silence.told,
        "not_told_engine_is_away": silence.untold,
        "longest_silence": _rounded(max(silence.gaps, default=math.nan)),
        "to_final_p50": _rounded(percentile(silence.to_final, 0.5)),
        "to_final_p99": _rounded(percentile(silence.to_final, 0.99)),
        "to_final_max": _rounded(max(silence.to_final, default=math.nan)),
        "kills": outcome.kills,
        "faults": dict(sorted(outcome.faults.items())),
        "ended_by_itself": outcome.ended_by_itself,
        "left_in_inbox": outcome.left_in_inbox,
        "quotes_in_log": outcome.quotes_in_log,
        "remarks": account.remarks,
        "wall_seconds": round(outcome.wall_seconds, 1),
    }


def rows(outcome: Outcome) -> Sequence[tuple[str, str]]:
    """The table that people read."""
    account, silence = outcome.account, outcome.silence
    counts = {
        "messages": account.messages,
        "turns": account.turns,
        "answered": account.answered,
        "broken off for a card": account.broken_off,
        "lost": account.unanswered,
        "  of them told so, with a button": account.told_so,
        "twice": account.answered_twice,
        "out of order": account.out_of_order,
        "another message's answer": account.not_its_answer,
        "SQL differs": account.sql_differs,
        **{f"sent again: {window}": account.sent_again[window] for window in Window},
        "crisis cards": account.crisis_cards,
        "notices beside the answers": account.notices,
        "button under an apology pressed": outcome.retries,
        "told in time that the engine is away": silence.told,
        "not told in time": silence.untold,
        "bots that ended by themselves": outcome.ended_by_itself,
        "updates left in the inbox": outcome.left_in_inbox,
        "texts found in the log": outcome.quotes_in_log,
        **{name: outcome.faults[name] for name in sorted(outcome.faults)},
    }
    return [
        ("set-up", f"{outcome.config.setup}, {outcome.config.replicas} bot(s)"),
        ("seed", str(outcome.config.seed)),
        *((name, str(count)) for name, count in counts.items()),
        ("longest time a first message's id was not stored", f"{account.longest_unstored:.2f} s"),
        ("time to final text, p50 / p99", seconds(silence.to_final)),
        ("time to final text, longest", f"{max(silence.to_final, default=math.nan):.2f} s"),
        ("silence, p50 / p99", seconds(silence.gaps)),
        ("longest silence", f"{max(silence.gaps, default=math.nan):.2f} s"),
        ("wall clock", f"{outcome.wall_seconds:.0f} s"),
        ("verdict", "kept every promise" if outcome.passed else "BROKE A PROMISE"),
    ]


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
