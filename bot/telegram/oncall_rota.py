"""Who is on call when: a file of the operators, each admin's hours in their own time zone."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, tzinfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_A_DAY = 24 * 60

_SHIFT = re.compile(r"(\S+) (\d\d):(\d\d)-(\d\d):(\d\d)")
_EXAMPLE = '"Mon-Fri 09:00-18:00", "Sat,Sun 22:00-06:00" or "daily 00:00-24:00"'


class RotaError(ValueError):
    """A rota that cannot be read: what was found where, and what is expected."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours on some days of the week; those over midnight belong to the day they begin on.

    `days` count from Monday as 0, `begins` and `ends` are minutes of the day.
    """

    days: frozenset[int]
    begins: int
    ends: int

    def covers(self, there: datetime) -> bool:
        """Whether a moment, told by the clock on the wall there, lies in it."""
        minute, today = there.hour * 60 + there.minute, there.weekday()
        if self.begins < self.ends:
            return today in self.days and self.begins <= minute < self.ends
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.begins) or (
            yesterday in self.days and minute < self.ends
        )


@dataclass(frozen=True, slots=True)
class OncallAdmin:
    """One admin, and when they are on call by the clock of their place."""

    id: int
    zone: ZoneInfo
    shifts: tuple[Shift, ...]

    def is_on_call(self, at: datetime) -> bool:
        """Whether they are on call at a moment."""
        there = at.astimezone(self.zone)
        return any(shift.covers(there) for shift in self.shifts)


@dataclass(frozen=True, slots=True)
class OncallRota:
    """Who is on call; of several at once the one who stands first is told first."""

    admins: tuple[OncallAdmin, ...]
    zone: ZoneInfo | None = None
    """Of the chat that is told; None: UTC."""

    def list_on_call(self, at: datetime) -> list[int]:
        """The ids of those who are on call at a moment, in the order of the file."""
        return [admin.id for admin in self.admins if admin.is_on_call(at)]

    def zone_of(self, chat_id: int) -> ZoneInfo | None:
        """The zone in which a chat is told times; None: UTC."""
        known = (admin.zone for admin in self.admins if admin.id == chat_id)
        return next(known, self.zone)


def told_time(at: datetime, zone: tzinfo | None) -> str:
    """A moment as it is told to people of a zone: 06-01 22:10 Asia/Shanghai."""
    there = at.astimezone(zone or UTC)
    return f"{there:%m-%d %H:%M} {zone or 'UTC'}"


def parse_rota(document: str, admin_ids: Collection[int]) -> OncallRota:
    """Read a rota; `admin_ids` are those who may take over people at all.

    Raises:
        RotaError: names the entry at fault.
    """
    try:
        content = tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        raise RotaError(f"this is no TOML: {error}") from None
    _refuse_unknown(content, {"zone", "admin"}, "the file")
    entries = content.get("admin")
    if not isinstance(entries, list) or not entries:
        raise RotaError("found no [[admin]], expected one for each admin who is on call")
    admins = tuple(_admin(entry, admin_ids) for entry in entries)
    ids = [admin.id for admin in admins]
    if twice := [one for one in dict.fromkeys(ids) if ids.count(one) > 1]:
        raise RotaError(f"found [[admin]] with id {twice[0]} twice, expected all shifts in one")
    zone = content.get("zone")
    return OncallRota(admins, None if zone is None else _zone(zone, "the file"))


def _admin(entry: Any, admin_ids: Collection[int]) -> OncallAdmin:  # noqa: ANN401 (any TOML)
    if not isinstance(entry, dict):
        raise RotaError("found admin as a value, expected tables under [[admin]]")
    admin_id = entry.get("id")
    if not isinstance(admin_id, int) or isinstance(admin_id, bool):
        raise RotaError("found [[admin]] without a number as id, expected a Telegram user id")
    where = f"[[admin]] with id {admin_id}"
    _refuse_unknown(entry, {"id", "zone", "shifts"}, where)
    if admin_id not in admin_ids:
        raise RotaError(f"found {where}, expected one of ADMIN_USER_IDS or DUTY_USER_IDS")
    shifts = entry.get("shifts")
    if not isinstance(shifts, list) or not shifts:
        raise RotaError(f"found no shifts at {where}, expected a list like [{_EXAMPLE}]")
    zone = _zone(entry.get("zone"), where)
    return OncallAdmin(admin_id, zone, tuple(_shift(shift, where) for shift in shifts))


def _refuse_unknown(entry: dict[str, Any], known: set[str], where: str) -> None:
    """A key under a nearly right name would be ignored in silence."""
    if unknown := sorted(entry.keys() - known):
        raise RotaError(f"found {unknown[0]} at {where}, expected {', '.join(sorted(known))}")


def _zone(name: object, where: str) -> ZoneInfo:
    expected = "expected a time zone like Asia/Shanghai"
    if not isinstance(name, str):
        raise RotaError(f"found no zone at {where}, {expected}")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RotaError(f'found the zone "{name}" at {where}, {expected}') from None


def _shift(text: object, where: str) -> Shift:
    found = _SHIFT.fullmatch(text) if isinstance(text, str) else None
    try:
        if found is None:
            raise ValueError(text)  # noqa: TRY301 (told below, as what else is wrong)
        begins, ends = _minute(found[2], found[3]), _minute(found[4], found[5])
        if begins in {ends, MINUTES_A_DAY}:
            raise ValueError(text)  # noqa: TRY301
        return Shift(_days(found[1]), begins, ends)
    except ValueError:
        raise RotaError(f'found the shift "{text}" at {where}, expected {_EXAMPLE}') from None


def _minute(hour: str, minute: str) -> int:
    of_day = timedelta(hours=int(hour), minutes=int(minute))
    if int(minute) > 59 or of_day > timedelta(days=1):
        raise ValueError(hour)
    return int(of_day.total_seconds()) // 60


def _days(text: str) -> frozenset[int]:
    if text == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin = DAYS.index(first)
        end = DAYS.index(last) if last else begin
        found |= {day % 7 for day in range(begin, end + 1 if begin <= end else end + 8)}
    return frozenset(found)
