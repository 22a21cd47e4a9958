"""The pages of /settings: what can be chosen on each, and what is chosen now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.conversation.local_time import ZONES, zone_for
from bot.locales import Language, texts_for
from bot.safety import Region, region_of
from bot.telegram.features.crisis.keyboards import region_names

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales.settings import SettingsTexts
    from bot.storage import Preferences, User

QUIET_HOURS = ((22, 8), (23, 7), (0, 8), (1, 10))
"""Spans that a button offers, in hours of the day."""
NOTHING = "-"
"""The value of a choice that takes back what was chosen."""


class Page(StrEnum):
    """What can be set, in the order of the screen."""

    LANGUAGE = "language"
    MANNER = "manner"
    LENGTH = "length"
    QUIET = "quiet"
    ZONE = "zone"
    REGION = "region"
    CHECK_INS = "check_ins"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person has set, and the moment at which they look at it."""

    preferences: Preferences
    user: User | None
    language: Language
    now: datetime

    @property
    def region(self) -> Region | None:
        """Whose hotlines they chose."""
        return region_of(self.user.region) if self.user is not None else None

    @property
    def zone(self) -> ZoneInfo:
        """Where their clock is taken to stand."""
        return zone_for(self.preferences, self.language, self.region)

    def value(self, page: Page) -> str:
        """What is chosen on a page."""
        chosen = self.preferences
        match page:
            case Page.LANGUAGE:
                return chosen.language or NOTHING
            case Page.MANNER:
                return chosen.manner or NOTHING
            case Page.LENGTH:
                return "brief" if chosen.is_brief else NOTHING
            case Page.QUIET:
                is_set = chosen.quiet_from is not None and chosen.quiet_until is not None
                return f"{chosen.quiet_from}-{chosen.quiet_until}" if is_set else NOTHING
            case Page.ZONE:
                return str(self.zone)
            case Page.REGION:
                return self.region.value if self.region is not None else NOTHING
            case Page.CHECK_INS:
                is_off = self.user is not None and self.user.check_ins_off_at is not None
                return NOTHING if is_off else "on"


def choices(texts: SettingsTexts, page: Page, chosen: Chosen) -> dict[str, str]:
    """What can be chosen on a page: the label of each value."""
    match page:
        case Page.LANGUAGE:
            return {
                Language.ZH_CN.value: texts.language_zh_cn,
                Language.ZH_TW.value: texts.language_zh_tw,
                Language.EN.value: texts.language_en,
                NOTHING: texts.language_auto,
            }
        case Page.MANNER:
            return {
                "listen": texts.manner_listen,
                "advise": texts.manner_advise,
                NOTHING: texts.manner_both,
            }
        case Page.LENGTH:
            return {"brief": texts.length_brief, NOTHING: texts.length_usual}
        case Page.QUIET:
            spans = {f"{begin}-{end}": _span(texts, begin, end) for begin, end in QUIET_HOURS}
            return spans | {NOTHING: texts.quiet_none}
        case Page.ZONE:
            return {zone: clock_in(texts, zone, chosen.now) for zone in ZONES}
        case Page.REGION:
            names = region_names(texts_for(chosen.language))
            places = {region.value: name for region, name in names.items()}
            elsewhere = {Region.OTHER.value: texts.region_elsewhere}
            return places | elsewhere | {NOTHING: texts.region_by_language}
        case Page.CHECK_INS:
            return {"on": texts.check_ins_on, NOTHING: texts.check_ins_off}


def row(texts: SettingsTexts, page: Page, chosen: Chosen) -> str:
    """What stands on the button that opens a page."""
    if page is Page.ZONE:
        return texts.row_zone(**_clock(texts, str(chosen.zone), chosen.now))
    value = chosen.value(page)
    if page is Page.QUIET and value not in choices(texts, page, chosen):
        begin, end = value.split("-")
        label = _span(texts, int(begin), int(end))
    else:
        label = choices(texts, page, chosen)[value]
    return str(getattr(texts, f"row_{page}")(value=label))


def asks(texts: SettingsTexts, page: Page) -> str:
    """What is said over the choices of a page."""
    return str(getattr(texts, f"ask_{page}"))


def confirm_zone(texts: SettingsTexts, chosen: Chosen) -> str:
    """The question, asked once, whether the zone that is taken for a person's is theirs."""
    return texts.ask_zone_once(**_clock(texts, str(chosen.zone), chosen.now))


def clock_in(texts: SettingsTexts, zone: str, now: datetime) -> str:
    """What a clock shows in a zone, with the name of its place."""
    return texts.zone_button(**_clock(texts, zone, now))


def _clock(texts: SettingsTexts, zone: str, now: datetime) -> dict[str, str]:
    name = zone.lower().replace("/", "_")
    place = getattr(texts, f"zone_{name}", zone.rpartition("/")[2])
    return {"time": f"{now.astimezone(ZoneInfo(zone)):%H:%M}", "place": place}


def _span(texts: SettingsTexts, begin: int, end: int) -> str:
    return texts.quiet_hours(begin=f"{begin}:00", end=f"{end}:00")
