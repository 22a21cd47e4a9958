"""The texts for operators, by name; read as strictly as all others."""

# ruff: noqa: TC001  (the catalog reads these types when it loads a language)

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.operators.templates import (
    AtText,
    BanLineText,
    CastReportText,
    CastStatusText,
    ComplaintCameText,
    ComplaintLineText,
    ComplaintShownText,
    DangerCountsText,
    EngineText,
    IncidentText,
    InviteLineText,
    InviteMadeText,
    LatencyText,
    LimitText,
    NamesText,
    NodeText,
    NumberCountText,
    NumberRoleText,
    NumberText,
    PeopleText,
    QueueText,
    QuotaText,
    RoleText,
    TurnsText,
)

if TYPE_CHECKING:
    from bot.locales.language import Language


@dataclass(frozen=True, slots=True)
class OperatorTexts:
    """The texts of one language; the file of the language has exactly these keys."""

    noted: str
    button_confirm: str
    button_cancel: str

    menu_head: RoleText
    menu_audit: str
    menu_bans: str
    menu_broadcast: str
    menu_complaints: str
    menu_engine: str
    menu_incident: str
    menu_invite: str
    menu_maintenance: str
    menu_roles: str
    menu_stats: str

    role_admin: str
    role_duty: str
    role_viewer: str
    role_usage: str
    role_line: NumberRoleText
    role_granted: NumberRoleText
    role_revoked: NumberText
    role_none: NumberText
    role_in_settings: NumberText

    invite_usage: str
    invite_made: InviteMadeText
    invite_line: InviteLineText
    invite_none: str
    invite_revoked: NumberText
    invite_unknown: NumberText
    invite_admitted: NumberText

    ban_usage: str
    ban_done: NumberText
    ban_has_role: NumberText
    ban_line: BanLineText
    ban_no_reason: str
    unban_done: NumberText
    unban_not_banned: NumberText

    quota_usage: str
    quota_shown: QuotaText
    quota_none: str

    maintenance_usage: str
    maintenance_on: AtText
    maintenance_off: str

    audit_usage: str
    audit_none: str
    incident_head: str
    incident_line: IncidentText
    incident_none: str

    erase_usage: str
    erase_ask: NumberText
    erase_done: NumberCountText

    stats_people: PeopleText
    stats_turns: TurnsText
    stats_failures: NamesText
    stats_latency: LatencyText
    stats_engine: EngineText
    stats_queue: QueueText
    stats_danger: DangerCountsText
    stats_chart: str

    engine_up: str
    engine_down: str
    engine_drained: str
    engine_line: NodeText
    engine_last: str
    engine_usage: str

    cast_usage: str
    cast_too_long: LimitText
    cast_ask: NumberCountText
    cast_begun: NumberCountText
    cast_gone: str
    cast_status: CastStatusText
    cast_report: CastReportText
    cast_end_ask: NumberText
    cast_draft: str
    cast_running: str
    cast_paused: str
    cast_done: str
    cast_cancelled: str
    button_pause: str
    button_resume: str
    button_end: str

    complaint_came: ComplaintCameText
    complaint_usage: str
    complaint_line: ComplaintLineText
    complaint_late: ComplaintLineText
    complaint_none: str
    complaint_unknown: NumberText
    complaint_in_private: str
    complaint_shown: ComplaintShownText
    complaint_open: str
    complaint_answered: NumberText
    complaint_not_reached: NumberText


@cache
def operator_texts_for(language: Language) -> OperatorTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(OperatorTexts, "bot.locales.operators", language)
