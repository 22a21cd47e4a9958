"""What an alert says: when and how serious, never who and what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety import RiskLevel
from bot.telegram.feature import button_row
from bot.telegram.oncall_rota import told_time

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.storage import AlertShows, Handover, OwedAlert


def take_over(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under an alert to the people on call."""
    return button_row((texts.desk_button_take, f"desk:take:{handover_id}"))


def alert_text(
    texts: Texts, owed: OwedAlert, zone: tzinfo | None, within: timedelta, *, has_rota: bool
) -> str:
    """A new alert; times are those of `zone`, `within` is how long the one before had."""
    handover = owed.handover
    lines = [_what_happens(texts, handover, zone)]
    if handover.asked_at is not None and handover.level >= RiskLevel.HIGH:
        lines.append(texts.desk_alert_wants)
    if handover.state == "open" and handover.declined_at is not None:
        lines.append(texts.desk_alert_declined)
    elif handover.state == "open":
        if handover.first_taken_at is not None:
            lines.append(texts.desk_alert_passed)
        if owed.kind == "everyone":
            lines.append(texts.desk_alert_everyone)
        elif owed.kind == "next":
            lines.append(texts.desk_alert_next(count=_minutes(within)))
        elif has_rota and owed.recipient > 0:  # a person, not the chat of all
            lines.append(texts.desk_alert_first)
    return "\n\n".join(lines)


def can_be_taken(handover: Handover) -> bool:
    """Whether an admin can take it over, so that its alert has a button."""
    return handover.state == "open" and handover.declined_at is None


def shows_of(handover: Handover) -> AlertShows:
    """What an alert says of a hand-over that is as it was read."""
    return "declined" if handover.declined_at is not None else handover.state


def outdated_text(texts: Texts, handover_id: int, now: AlertShows) -> str:
    """What stands in place of an alert once it calls nobody any more."""
    text = {
        "taken": texts.desk_taken,
        "declined": texts.desk_declined,
    }.get(now, texts.desk_over)
    return text(handle=handover_id)


def level_name(texts: Texts, level: int) -> str:
    """How serious it is, in a word."""
    return {
        RiskLevel.NONE: texts.desk_none,
        RiskLevel.CONCERN: texts.desk_concern,
        RiskLevel.HIGH: texts.desk_high,
        RiskLevel.IMMINENT: texts.desk_imminent,
    }[RiskLevel(level)]


def _what_happens(texts: Texts, handover: Handover, zone: tzinfo | None) -> str:
    at = told_time(handover.asked_at or handover.opened_at, zone)
    if handover.level >= RiskLevel.HIGH:
        level = level_name(texts, handover.level)
        return texts.desk_alert(handle=handover.id, level=level, at=at)
    return texts.desk_alert_asked(handle=handover.id, at=at)


def _minutes(time: timedelta) -> int:
    return max(1, round(time.total_seconds() / 60))
