"""Hotlines: checked data from hotlines.toml, and the text a person sees."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, field_validator

from bot.locales import Language, texts_for

if TYPE_CHECKING:
    from bot.locales import Texts

RECHECK_AFTER = dt.timedelta(days=180)

_ALL_DAY = "24h"
_AT_LEAST_18 = "at-least-18h"
_UNCONFIRMED = "unconfirmed"
_RANGE = re.compile(r"(?:[01]\d|2[0-4]):[0-5]\d-(?:[01]\d|2[0-4]):[0-5]\d")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Region(StrEnum):
    """Where a line answers."""

    CN = "CN"
    TW = "TW"
    HK = "HK"
    MO = "MO"
    US = "US"
    UK = "UK"
    AU = "AU"
    SG = "SG"
    MY = "MY"
    OTHER = "other"
    """Anywhere else: no line there is known, and none of another place is shown instead."""


class HotlineKind(StrEnum):
    """What a line is for."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    TEXT = "text"
    YOUTH = "youth"
    PROTECTION = "protection"


class Hotline(BaseModel):
    """One line. Every field is required; see the head of hotlines.toml for their meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Region
    name: Text
    number: Annotated[str, StringConstraints(pattern=r"^\d[\d -]*\d$")]
    kind: HotlineKind
    hours: Text
    languages: Annotated[tuple[Text, ...], Field(min_length=1)]
    on_card: bool
    source: Text
    verified_on: dt.date

    @field_validator("hours")
    @classmethod
    def _known_hours(cls, hours: str) -> str:
        if hours in (_ALL_DAY, _AT_LEAST_18, _UNCONFIRMED) or _RANGE.fullmatch(hours):
            return hours
        raise ValueError("hours: expected 24h, at-least-18h, HH:MM-HH:MM or unconfirmed")

    @property
    def all_day(self) -> bool:
        """Whether a source promises somebody at every hour."""
        return self.hours == _ALL_DAY

    def due(self, today: dt.date) -> bool:
        """Whether the entry has to be checked again: more than 180 days since its source."""
        return today - self.verified_on > RECHECK_AFTER


@dataclass(frozen=True, slots=True)
class Audience:
    """Which lines the speakers of a language see, in this order.

    `home` is the one country whose emergency numbers may be named without asking where a person
    is; None where the language is spoken in several.
    """

    regions: tuple[Region, ...]
    home: Region | None


AUDIENCES = {
    Language.ZH_CN: Audience(regions=(Region.CN,), home=Region.CN),
    Language.ZH_TW: Audience(regions=(Region.TW, Region.HK, Region.MO), home=None),
    Language.EN: Audience(
        regions=(Region.US, Region.UK, Region.AU, Region.SG, Region.MY), home=None
    ),
}


def audience(language: Language, region: Region | None = None) -> Audience:
    """Whose lines are shown: those of the region a person chose, else of their language."""
    return AUDIENCES[language] if region is None else Audience((region,), home=region)


def region_of(code: str | None) -> Region | None:
    """The region a stored code stands for; None for none, or for one that is no longer listed."""
    return next((region for region in Region if region.value == code), None)


def parse(document: str) -> tuple[Hotline, ...]:
    """The lines of a TOML document. Raises pydantic.ValidationError naming entry and field."""
    entries = tomllib.loads(document)["hotline"]
    return TypeAdapter(tuple[Hotline, ...]).validate_python(entries)


@lru_cache(maxsize=1)
def all_hotlines() -> tuple[Hotline, ...]:
    """Every line of hotlines.toml, read once."""
    return parse(resources.files("bot.safety").joinpath("hotlines.toml").read_text("utf-8"))


def hotlines_for(language: Language, region: Region | None = None) -> tuple[Hotline, ...]:
    """The lines of a region, or of a language in the order of its regions."""
    regions = audience(language, region).regions
    return tuple(line for region in regions for line in all_hotlines() if line.region is region)


def emergency(language: Language, region: Region | None = None) -> str:
    """Whom to call in danger now: numbers, or words where none is confirmed for the place."""
    texts = texts_for(language)
    home = audience(language, region).home
    numbers = [
        line.number
        for line in all_hotlines()
        if line.region is home and line.kind is HotlineKind.EMERGENCY
    ]
    return f" {texts.or_word} ".join(numbers) or texts.emergency_local


def card_hotlines(language: Language, region: Region | None = None) -> str:
    """The few lines a crisis card has room for, one a row."""
    texts = texts_for(language)
    lines = [
        line for line in hotlines_for(language, region) if line.kind is not HotlineKind.EMERGENCY
    ]
    rows = [_row(line, texts) for line in [line for line in lines if line.on_card] or lines]
    return "\n".join(rows) or f"· {texts.hotlines_elsewhere}"


def youth_hotlines(language: Language, region: Region | None = None) -> str:
    """The lines made for young people, one a row; where there is none, those of a crisis card."""
    texts = texts_for(language)
    lines = [
        line
        for line in hotlines_for(language, region)
        if line.kind in {HotlineKind.YOUTH, HotlineKind.PROTECTION}
    ]
    rows = [_row(line, texts, hours=not line.all_day) for line in lines]
    return "\n".join(rows) or card_hotlines(language, region)


def render(language: Language, region: Region | None = None) -> str:
    """The whole list for a phone: emergency first, then what is open all day and what is not."""
    texts = texts_for(language)
    lines = hotlines_for(language, region)
    if not lines:
        return texts.risk_region_elsewhere
    helpers = [line for line in lines if line.kind is not HotlineKind.EMERGENCY]
    sections = (
        (texts.hotlines_emergency, [line for line in lines if line.kind is HotlineKind.EMERGENCY]),
        (texts.hotlines_all_day, [line for line in helpers if line.all_day]),
        (texts.hotlines_limited, [line for line in helpers if not line.all_day]),
    )
    blocks = [texts.hotlines_title]
    for heading, members in sections:
        if members:
            rows = [_row(line, texts, hours=not line.all_day) for line in members]
            blocks.append("\n".join([heading, *rows]))
    blocks.append(texts.hotlines_closing)
    return "\n\n".join(blocks)


def _row(line: Hotline, texts: Texts, *, hours: bool = True) -> str:
    row = f"· {line.number} {line.name}"
    return f"{row} ({_hours(line, texts)})" if hours else row


def _hours(line: Hotline, texts: Texts) -> str:
    if line.all_day:
        return texts.hotlines_all_day.rstrip("：:")
    if line.hours == _AT_LEAST_18:
        return texts.hours_at_least_18
    if line.hours == _UNCONFIRMED:
        return texts.hours_unconfirmed
    return texts.hours_range(hours=line.hours)
