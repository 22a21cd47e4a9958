"""/stats and /engine: how the bot is doing, in numbers of nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.safety import RiskLevel
from bot.storage import Role
from bot.storage.statistics import DAY
from bot.telegram.features.admin.acts import SHOWN, Done, OperatorAct, say, texts_of
from bot.telegram.features.admin.chart import turns_chart
from bot.telegram.outbound.rendering import render_one

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

FAILURES_SHOWN: Final = 5
DAYS_SHOWN: Final = 14


class StatsDesk:
    """Shows the numbers of the last day.

    Args:
        context: what the features share.
        is_engine_ready: whether an answer begun now would find a model.
        count_running: how many turns this process answers now.
    """

    def __init__(
        self,
        context: Context,
        *,
        is_engine_ready: Callable[[], Awaitable[bool]],
        count_running: Callable[[], int],
    ) -> None:
        self._context = context
        self._statistics = context.storage.statistics
        self._is_engine_ready = is_engine_ready
        self._count_running = count_running
        self.acts = (OperatorAct("stats", Role.VIEWER, self._stats, lambda t: t.menu_stats),)

    async def _stats(self, request: CommandRequest) -> Done:
        texts, now = texts_of(request), self._context.now()
        people = await self._statistics.people()
        turns = await self._statistics.turns(now - DAY)
        backlog = await self._statistics.backlog()
        danger = await self._statistics.danger(now - DAY)
        waited = backlog.oldest_unanswered
        seconds = 0 if waited is None else max(round((now - waited).total_seconds()), 0)
        ready = await self._is_engine_ready()
        levels = {RiskLevel(level).label: count for level, count in danger.people.items()}
        cards = {RiskLevel(level).label: count for level, count in danger.cards.items()}
        parts = [
            texts.stats_people(
                day=people["day"], week=people["week"], month=people["month"], ever=people["ever"]
            ),
            texts.stats_turns(
                answered=turns.answered,
                stopped=turns.stopped,
                failed=turns.failed,
                unfinished=turns.unfinished,
            ),
            *(
                [
                    texts.stats_failures(
                        names=_named(dict(list(turns.by_failure.items())[:FAILURES_SHOWN]))
                    )
                ]
                if turns.by_failure
                else []
            ),
            texts.stats_latency(
                median=_seconds(turns.median_seconds), p95=_seconds(turns.p95_seconds)
            ),
            texts.stats_engine(
                model=self._context.options.serving().name or "?",
                state=texts.engine_up if ready else texts.engine_down,
            ),
            texts.stats_queue(
                waiting=backlog.updates.new,
                running=self._count_running(),
                outbox=self._context.outbox.waiting,
                seconds=seconds,
            ),
            texts.stats_danger(
                people=_named(levels) or "0", cards=_named(cards) or "0", calls=danger.open_calls
            ),
        ]
        await say(self._context, request, "\n".join(parts))
        await self._show_chart(request)
        return SHOWN

    async def _show_chart(self, request: CommandRequest) -> None:
        """Show the turns of two weeks, where there were any."""
        days = await self._statistics.by_day(DAYS_SHOWN)
        if not any(day.answered or day.failed for day in days):
            return
        picture = turns_chart(days)  # within a few milliseconds
        await self._context.outbox.send_document(
            request.chat_id,
            picture,
            filename="stats.png",
            caption=render_one(texts_of(request).stats_chart),
        )


def _named(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
