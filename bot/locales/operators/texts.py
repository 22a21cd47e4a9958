"""The texts for operators, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class NumberText(Template):
    """A text about one person, or one thing with a number: {number}."""

    __slots__ = ()
    placeholders = frozenset({"number"})

    def __call__(self, *, number: int) -> str:
        """The text, filled in."""
        return self.text.format(number=number)


class NumberCountText(Template):
    """A text about one person or thing, and how many: {number}, {count}."""

    __slots__ = ()
    placeholders = frozenset({"number", "count"})

    def __call__(self, *, number: int, count: int) -> str:
        """The text, filled in."""
        return self.text.format(number=number, count=count)


class InviteMadeText(Template):
    """A new code: {number}, {uses}, {until}, {code}, {link}."""

    __slots__ = ()
    placeholders = frozenset({"number", "uses", "until", "code", "link"})

    def __call__(self, *, number: int, uses: int, until: str, code: str, link: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, uses=uses, until=until, code=code, link=link)


class InviteLineText(Template):
    """A code in a list: {number}, {used}, {uses}, {until}."""

    __slots__ = ()
    placeholders = frozenset({"number", "used", "uses", "until"})

    def __call__(self, *, number: int, used: int, uses: int, until: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, used=used, uses=uses, until=until)


class BanLineText(Template):
    """A ban in a list: {number}, {by}, {at}, {reason}."""

    __slots__ = ()
    placeholders = frozenset({"number", "by", "at", "reason"})

    def __call__(self, *, number: int, by: int, at: str, reason: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, by=by, at=at, reason=reason)


class QuotaText(Template):
    """What a person has of their answers: {number}, {used}, {of}."""

    __slots__ = ()
    placeholders = frozenset({"number", "used", "of"})

    def __call__(self, *, number: int, used: int, of: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, used=used, of=of)


class NumberRoleText(Template):
    """A person and their role: {number}, {role}."""

    __slots__ = ()
    placeholders = frozenset({"number", "role"})

    def __call__(self, *, number: int, role: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, role=role)


class RoleText(Template):
    """A text with the name of a role: {role}."""

    __slots__ = ()
    placeholders = frozenset({"role"})

    def __call__(self, *, role: str) -> str:
        """The text, filled in."""
        return self.text.format(role=role)


class AtText(Template):
    """A text with a moment: {at}."""

    __slots__ = ()
    placeholders = frozenset({"at"})

    def __call__(self, *, at: str) -> str:
        """The text, filled in."""
        return self.text.format(at=at)


class IncidentText(Template):
    """A fault in a list: {event}, {count}, {at}."""

    __slots__ = ()
    placeholders = frozenset({"event", "count", "at"})

    def __call__(self, *, event: str, count: int, at: str) -> str:
        """The text, filled in."""
        return self.text.format(event=event, count=count, at=at)


@dataclass(frozen=True, slots=True)
class OperatorTexts:
    """The texts of one language; the file of the language has exactly these keys."""

    noted: str
    button_confirm: str
    button_cancel: str

    menu_head: RoleText
    menu_audit: str
    menu_bans: str
    menu_incident: str
    menu_invite: str
    menu_maintenance: str
    menu_roles: str

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


@cache
def operator_texts_for(language: Language) -> OperatorTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(OperatorTexts, "bot.locales.operators", language)
