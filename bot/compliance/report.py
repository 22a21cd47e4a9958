"""A law's report in Markdown: its template, with the numbers of a year put in."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final, NamedTuple

from bot import __version__
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.compliance.facts import YearFacts


class Law(StrEnum):
    """A law that asks for a report, as the command line names it."""

    ORDER21 = "order21"
    SB243 = "sb243"
    SB1546 = "sb1546"
    NY = "ny"


class _Words(NamedTuple):
    """What a report says in the language of its law."""

    ages: dict[str | None, str]
    yes: str
    no: str
    changed: str
    none: str


_ENGLISH: Final = _Words(
    ages={
        "adult": "18 or older",
        "teen": "14 to 17",
        "child": "under 14",
        "minor": "under 18, no more said",
        None: "did not answer",
    },
    yes="set",
    no="not set",
    changed="changed",
    none="none",
)
_CHINESE: Final = _Words(
    ages={
        "adult": "满 18 周岁",
        "teen": "14 至 17 周岁",
        "child": "未满 14 周岁",
        "minor": "未满 18 周岁，未细说",
        None: "未回答",
    },
    yes="已设置",
    no="未设置",
    changed="已改动",
    none="无",
)

REFERRALS: Final = ("card_sent", "hotlines_shown")
"""Counters of what a law calls a referral: a card with lines to call, or the list of them."""
SEVERE: Final = ("risk_high", "risk_imminent")
_COUNTERS: Final = (
    *("risk_concern", "risk_high", "risk_imminent", "card_sent", "hotlines_shown"),
    *("check_in_sent", "handover_alert", "handover_asked", "handover_taken"),
    *("handover_unanswered", "handover_escalated", "handover_passed", "handover_released"),
    *("handover_declined", "trusted_asked", "trusted_told", "trusted_not_told"),
    *("complaint_made", "complaint_answered", "complaint_answered_late"),
)
_SETTINGS: Final = (
    *("ai_notice_every", "ai_notice_every_minors", "break_every", "heavy_use_after"),
    *("card_window", "check_in_after", "second_readers", "models_trusted_at_risk"),
    *("trusted_persons", "oncall_acknowledge_within", "answers_per_day", "complaint_days"),
)
"""The settings that decide how a duty is met, shown with their values."""
_WHETHER_SET: Final = ("admin_chat_id", "oncall_rota", "operator_contact")
"""Those whose value is nobody's business but the operator's."""


def render(law: Law, facts: YearFacts, settings: Settings) -> str:
    """The report as Markdown; what a program cannot know is marked for the operator to fill in."""
    words = _CHINESE if law is Law.ORDER21 else _ENGLISH
    template = files("bot.compliance").joinpath(f"templates/{law}.md").read_text("utf-8")
    counted = {name: str(facts.sum_of(name)) for name in _COUNTERS}
    return Template(template).substitute(
        counted,
        year=facts.year,
        made_on=facts.made_on,
        until=facts.made_on if not facts.is_over else f"{facts.year}-12-31",
        version=__version__,
        referrals=facts.sum_of(*REFERRALS),
        severe=facts.sum_of(*SEVERE),
        months=_rows(
            (
                f"{facts.year}-{month.number:02}",
                month.sum_of(*SEVERE),
                month.sum_of("card_sent"),
                month.sum_of("hotlines_shown"),
                month.sum_of("handover_taken"),
            )
            for month in facts.months
        ),
        notices=_rows(facts.sum_like("notice_").items()) or _nothing(words),
        blocked=_rows(facts.sum_like("guard_").items()) or _nothing(words),
        ages=_rows((words.ages[one.age], one.told) for one in facts.ages) or _nothing(words),
        hotlines=len(facts.hotlines),
        hotlines_checked=len(facts.checked_in_year),
        hotlines_due=sum(line.due(facts.made_on) for line in facts.hotlines),
        settings=_rows(_setting_rows(settings, words)),
    )


def _rows(rows: Iterable[tuple[object, ...]]) -> str:
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def _nothing(words: _Words) -> str:
    return f"| {words.none} | 0 |"


def _setting_rows(settings: Settings, words: _Words) -> Iterable[tuple[str, str, str]]:
    """Name, value and whether it is another than the published default."""
    for name in _SETTINGS:
        value = getattr(settings, name)
        is_default = value == Settings.model_fields[name].get_default()
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        yield name.upper(), shown or words.none, "" if is_default else words.changed
    for name in _WHETHER_SET:
        is_set = getattr(settings, name) is not None
        yield name.upper(), words.yes if is_set else words.no, ""
