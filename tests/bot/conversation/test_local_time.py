"""Where a person's clock stands, and when they want to hear nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.conversation.local_time import ZONES, next_at, quiet_until, zone_for
from bot.locales import Language
from bot.safety import Region
from bot.storage import Preferences

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(hour: int, minute: int = 0) -> datetime:
    """A moment by the clock of Shanghai."""
    return datetime(2026, 11, 30, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("chosen", "language", "region", "zone"),
    [
        (None, Language.ZH_CN, None, "Asia/Shanghai"),
        (None, Language.ZH_TW, None, "Asia/Taipei"),
        (None, Language.ZH_CN, Region.AU, "Australia/Sydney"),
        (None, Language.ZH_CN, Region.OTHER, "Asia/Shanghai"),
        ("Europe/Paris", Language.ZH_CN, Region.AU, "Europe/Paris"),
        ("Mars/Olympus", Language.ZH_TW, None, "Asia/Taipei"),
    ],
)
def test_a_choice_counts_first_then_the_region_then_the_language(
    chosen: str | None, language: Language, region: Region | None, zone: str
) -> None:
    assert str(zone_for(Preferences(time_zone=chosen), language, region)) == zone


@pytest.mark.parametrize("zone", ZONES)
def test_every_zone_is_known_to_this_machine(zone: str) -> None:
    assert ZoneInfo(zone).utcoffset(at(12)) is not None


@pytest.mark.parametrize(
    ("begin", "end", "now", "until"),
    [
        (22, 8, at(23), datetime(2026, 12, 1, 8, tzinfo=SHANGHAI)),
        (22, 8, at(7, 59), datetime(2026, 11, 30, 8, tzinfo=SHANGHAI)),
        (22, 8, at(8), None),
        (22, 8, at(21, 59), None),
        (0, 8, at(0), datetime(2026, 11, 30, 8, tzinfo=SHANGHAI)),
        (8, 8, at(8), None),
        (None, None, at(3), None),
    ],
)
def test_quiet_hours_end_where_they_say(
    begin: int | None, end: int | None, now: datetime, until: datetime | None
) -> None:
    chosen = Preferences(quiet_from=begin, quiet_until=end)
    assert quiet_until(chosen, now, SHANGHAI) == until


def test_the_next_moment_of_an_hour_is_never_now() -> None:
    assert next_at(8, at(8), SHANGHAI) == datetime(2026, 12, 1, 8, tzinfo=SHANGHAI)
    assert next_at(8, at(7), SHANGHAI) == at(8)
