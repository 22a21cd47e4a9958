"""What time it is where a person is, and whether they want to be left alone now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.locales import Language
from bot.safety import Region

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage import Preferences

ZONES = (
    "Asia/Shanghai",
    "Asia/Taipei",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Europe/London",
    "Europe/Paris",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
)
"""Zones a person can choose, from where most who write Chinese live to the rest."""

_OF_REGION = {
    Region.CN: "Asia/Shanghai",
    Region.TW: "Asia/Taipei",
    Region.HK: "Asia/Hong_Kong",
    Region.MO: "Asia/Hong_Kong",
    Region.SG: "Asia/Singapore",
    Region.MY: "Asia/Singapore",
    Region.AU: "Australia/Sydney",
    Region.UK: "Europe/London",
    Region.US: "America/New_York",
}
_OF_LANGUAGE = {
    Language.ZH_CN: "Asia/Shanghai",
    Language.ZH_TW: "Asia/Taipei",
    Language.EN: "Europe/London",
}


def zone_for(preferences: Preferences, language: Language, region: Region | None) -> ZoneInfo:
    """The zone a person chose, else that of the region of their hotlines, else their language's."""
    guess = _OF_REGION.get(region) if region is not None else None
    try:
        return ZoneInfo(preferences.time_zone or guess or _OF_LANGUAGE[language])
    except (ZoneInfoNotFoundError, ValueError):  # a zone that this machine does not know any more
        return ZoneInfo(_OF_LANGUAGE[language])


def quiet_until(preferences: Preferences, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end that a person is in at a moment; None: they are in none."""
    begin, end = preferences.quiet_from, preferences.quiet_until
    if begin is None or end is None or begin == end:
        return None
    local = now.astimezone(zone)
    is_quiet = (local.hour - begin) % 24 < (end - begin) % 24
    return next_at(end, now, zone) if is_quiet else None


def next_at(hour: int, now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment at which a clock of the zone shows an hour, after `now`."""
    local = now.astimezone(zone)
    then = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    while then <= local:
        then += timedelta(days=1)
    return then.astimezone(now.tzinfo)
