"""Who is on call when, by the clock of their place; what an operator reads of a mistake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.app import load_rota
from bot.errors import SettingsError
from bot.settings import Settings
from bot.telegram.oncall_rota import RotaError, parse_rota, told_time

if TYPE_CHECKING:
    from pathlib import Path

ADMINS = {1, 2, 3}
ROTA = """
zone = "Asia/Shanghai"
[[admin]]
id = 1
zone = "Asia/Shanghai"
shifts = ["Mon-Fri 09:00-18:00", "Sat,Sun 22:00-06:00"]
[[admin]]
id = 2
zone = "America/New_York"
shifts = ["daily 00:00-24:00"]
[[admin]]
id = 3
zone = "Europe/London"
shifts = ["Fri-Mon 09:00-10:00"]
"""


def on_call(*moment: int) -> list[int]:
    return parse_rota(ROTA, ADMINS).list_on_call(datetime(*moment, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ((2026, 1, 1, 1, 0), [1, 2]),  # Thursday 09:00 in Shanghai
        ((2026, 1, 1, 10, 0), [2]),  # 18:00: over
        ((2026, 1, 3, 14, 0), [1, 2]),  # Saturday 22:00
        ((2026, 1, 3, 21, 59), [1, 2]),  # Sunday 05:59, begun on Saturday
        ((2026, 1, 3, 22, 0), [2]),
        ((2026, 1, 4, 21, 0), [1, 2]),  # Monday 05:00, begun on Sunday
        ((2026, 1, 5, 21, 0), [2]),  # Tuesday 05:00
        ((2026, 1, 4, 9, 30), [2, 3]),  # Sunday in London: Fri-Mon goes over the week's end
        ((2026, 1, 6, 9, 30), [1, 2]),  # Tuesday there
        ((2026, 7, 5, 8, 30), [2, 3]),  # summer time in London
        ((2026, 7, 5, 9, 30), [2]),
    ],
)
def test_shifts_go_by_the_clock_of_the_place(moment: tuple[int, ...], expected: list[int]) -> None:
    assert on_call(*moment) == expected


def test_times_are_told_in_the_zone_of_who_reads_them() -> None:
    rota, at = parse_rota(ROTA, ADMINS), datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
    assert told_time(at, rota.zone_of(2)) == "12-31 22:00 America/New_York"
    assert told_time(at, rota.zone_of(-900)) == "01-01 11:00 Asia/Shanghai"
    assert told_time(at, None) == "01-01 03:00 UTC"


GOOD = '[[admin]]\nid = 1\nzone = "UTC"\nshifts = ["daily 08:00-20:00"]\n'


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("zone = [", "no TOML"),
        ("", r"no \[\[admin\]\]"),
        ("admin = 3", r"no \[\[admin\]\]"),
        ("admin = [3]", "tables"),
        (GOOD + "[[admins]]\nid = 2\n", "admins at the file"),
        (GOOD.replace("shifts", "shift"), "shift at .*id 1"),
        (GOOD.replace("id = 1", ""), "without a number as id"),
        (GOOD.replace("id = 1", "id = 9"), "id 9, expected one of ADMIN_USER_IDS"),
        (GOOD + GOOD, "id 1 twice"),
        (GOOD.replace('zone = "UTC"', ""), "no zone at .*id 1"),
        (GOOD.replace("UTC", "Shanghai"), '"Shanghai" at .*like Asia/Shanghai'),
        (GOOD.replace("UTC", "../etc/passwd"), "etc/passwd"),
        ("zone = 8\n" + GOOD, "no zone at the file"),
        (GOOD.replace('["daily 08:00-20:00"]', "[]"), "no shifts at .*id 1"),
        *(
            (GOOD.replace("daily 08:00-20:00", shift), f'"{shift}" at .*Mon-Fri')
            for shift in (
                *("always", "daily 8-20", "daily 08:00-25:00", "daily 08:60-20:00"),
                *("Mon 08:00-08:00", "Mon 24:00-06:00", "Monday 08:00-20:00", "Mon- 08:00-2:00"),
            )
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_is_expected(document: str, named: str) -> None:
    with pytest.raises(RotaError, match=named) as refused:
        parse_rota(document, ADMINS)
    assert "\n" not in str(refused.value)


def test_the_bot_does_not_start_on_a_rota_it_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / "rota.toml"
    settings = Settings(_env_file=None, oncall_rota=file, admin_user_ids="1")
    with pytest.raises(SettingsError, match=r"^ONCALL_ROTA: found .*rota.toml.*expected the path"):
        load_rota(settings)
    file.write_text(GOOD.replace("id = 1", "id = 2"))
    with pytest.raises(SettingsError, match=r"^ONCALL_ROTA: .*id 2, expected one of ADMIN_USER"):
        load_rota(settings)
    file.write_text(GOOD)
    rota = load_rota(settings)
    assert rota is not None
    assert [admin.id for admin in rota.admins] == [1]
    assert load_rota(Settings(_env_file=None)) is None
