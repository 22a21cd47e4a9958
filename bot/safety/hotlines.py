"""Hotlines: checked data from hotlines.toml, and the text a person sees."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from bot.locales import Language, texts_for
from bot.safety.opening import (
    ALL_DAY,
    AT_LEAST_18,
    UNCONFIRMED,
    WEEKDAYS,
    Openness,
    is_known_form,
    openness,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.locales import Texts

RECHECK_AFTER = dt.timedelta(days=180)

MAX_ON_A_CARD = 3
"""Lines of one place on a card; where several places are meant it is one of each."""

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

    POLICE = "police"
    AMBULANCE = "ambulance"
    CRISIS = "crisis"
    TEXT = "text"
    YOUTH = "youth"
    VIOLENCE = "violence"
    CHILD = "child"


EMERGENCY = frozenset({HotlineKind.POLICE, HotlineKind.AMBULANCE})
ANYBODY = (HotlineKind.CRISIS, HotlineKind.TEXT, HotlineKind.YOUTH)
"""The kinds that a card shows whatever the danger is."""


class Hotline(BaseModel):
    """One line; see the head of hotlines.toml for the meaning of the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Region
    name: Text
    number: Annotated[str, StringConstraints(pattern=r"^\d[\d -]*\d$")]
    kinds: Annotated[tuple[HotlineKind, ...], Field(min_length=1)]
    hours: Text
    languages: Annotated[tuple[Text, ...], Field(min_length=1)]
    on_card: bool
    source: Text
    verified_on: dt.date
    nationwide: bool = True
    hints: dict[HotlineKind, Text] = Field(default_factory=dict)

    @field_validator("hours")
    @classmethod
    def _known_hours(cls, hours: str) -> str:
        if is_known_form(hours):
            return hours
        raise ValueError("hours: expected 24h, at-least-18h, [Mon-Fri ]HH:MM-HH:MM or unconfirmed")

    @property
    def all_day(self) -> bool:
        """Whether a source promises somebody at every hour."""
        return self.hours == ALL_DAY

    @property
    def is_emergency(self) -> bool:
        """Whether it is for danger now only."""
        return EMERGENCY.issuperset(self.kinds)

    def due(self, today: dt.date) -> bool:
        """Whether the entry has to be checked again: more than 180 days since its source."""
        return today - self.verified_on > RECHECK_AFTER

    def openness(self, at: dt.datetime | None) -> Openness:
        """Whether it answers at a moment, None being an ordinary noon there."""
        offset = _data().utc_offset.get(self.region)
        if at is None:
            there: dt.datetime | None = _NOON
        elif offset is None:
            there = None
        else:
            there = at.astimezone(dt.timezone(dt.timedelta(hours=offset)))
        return openness(self.hours, there)


class _Data(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    utc_offset: dict[Region, int] = Field(default_factory=dict)
    hotline: tuple[Hotline, ...]


def zone_of(language: Language, region: Region | None) -> dt.tzinfo | None:
    """The time of a person's place, from the region of their lines or else their language.

    None where that is not one time all year.
    """
    regions = (region,) if region is not None else AUDIENCES[language].regions
    offsets = {_data().utc_offset.get(one) for one in regions}
    offset = offsets.pop() if len(offsets) == 1 else None
    return None if offset is None else dt.timezone(dt.timedelta(hours=offset))


_NOON = dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC)  # a Wednesday


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
    return _Data.model_validate(tomllib.loads(document)).hotline


@lru_cache(maxsize=1)
def _data() -> _Data:
    document = resources.files("bot.safety").joinpath("hotlines.toml").read_text("utf-8")
    return _Data.model_validate(tomllib.loads(document))


def all_hotlines() -> tuple[Hotline, ...]:
    """Every line of hotlines.toml, read once."""
    return _data().hotline


def hotlines_for(language: Language, region: Region | None = None) -> tuple[Hotline, ...]:
    """The lines of a region, or of a language in the order of its regions."""
    regions = audience(language, region).regions
    return tuple(line for region in regions for line in all_hotlines() if line.region is region)


def emergency(
    language: Language, region: Region | None = None, kind: HotlineKind | None = None
) -> str:
    """Whom to call in danger now: numbers, or words where none is confirmed for the place.

    `kind` is police or ambulance; None: both.
    """
    texts = texts_for(language)
    home = audience(language, region).home
    numbers = [
        line.number
        for line in all_hotlines()
        if line.region is home and line.is_emergency and (kind is None or kind in line.kinds)
    ]
    local = {
        HotlineKind.POLICE: texts.police_local,
        HotlineKind.AMBULANCE: texts.ambulance_local,
    }
    return f" {texts.or_word} ".join(numbers) or (
        texts.emergency_local if kind is None else local[kind]
    )


def numbers_for(
    language: Language,
    region: Region | None = None,
    *,
    kinds: Sequence[HotlineKind] = ANYBODY,
    at: dt.datetime | None = None,
) -> Mapping[str, str]:
    """What the placeholders of a reviewed text stand for, in one place at one moment."""
    return {
        "lines": card_hotlines(language, region, kinds=kinds, at=at),
        "emergency": emergency(language, region),
        "police": emergency(language, region, HotlineKind.POLICE),
        "ambulance": emergency(language, region, HotlineKind.AMBULANCE),
    }


def card_hotlines(
    language: Language,
    region: Region | None = None,
    *,
    kinds: Sequence[HotlineKind] = ANYBODY,
    at: dt.datetime | None = None,
) -> str:
    """The few lines a crisis card has room for, one a row, those that are open now first.

    Args:
        language: of the person.
        region: what they chose.
        kinds: what the lines have to be for, the most fitting first.
        at: the moment; None: an ordinary noon.
    """
    texts = texts_for(language)
    regions = audience(language, region).regions
    rows: list[str] = []
    for place in regions:
        of_place = [line for line in all_hotlines() if line.region is place]
        most = MAX_ON_A_CARD if len(regions) == 1 else 1
        for line in _chosen(of_place, kinds, at)[:most]:
            hint = next((line.hints[kind] for kind in kinds if kind in line.hints), None)
            rows.append(_row(line, texts, hint=hint))
    return "\n".join(rows) or f"· {texts.hotlines_elsewhere}"


def _chosen(
    lines: Sequence[Hotline], kinds: Sequence[HotlineKind], at: dt.datetime | None
) -> list[Hotline]:
    """The lines of one place for a card, best first."""
    special = [kind for kind in kinds if kind not in ANYBODY]
    hinted = [line for line in lines if any(kind in line.hints for kind in kinds)]
    fitting = [
        line
        for line in lines
        if line.openness(at) is not Openness.CLOSED and not set(line.kinds).isdisjoint(kinds)
    ]

    def fit(line: Hotline) -> tuple[int, int]:
        return -line.openness(at), min(kinds.index(kind) for kind in line.kinds if kind in kinds)

    own = [line for line in fitting if not set(line.kinds).isdisjoint(special)]
    usual = [line for line in fitting if line not in own and line.on_card]
    others = [line for line in fitting if line not in own and not line.on_card]
    chosen = [*sorted(own, key=fit), *sorted(usual, key=fit)]
    is_sure = any(line.openness(at) is Openness.OPEN for line in chosen)
    if not is_sure and (sure := [x for x in others if x.openness(at) is Openness.OPEN]):
        # What is open for a city alone may be of no use elsewhere: it is not dialled first.
        chosen.insert(0 if sure[0].nationwide else 1, sure[0])
    return [*hinted, *(chosen or others)]


def youth_hotlines(language: Language, region: Region | None = None) -> str:
    """The lines made for young people, one a row; where there is none, those of a crisis card."""
    texts = texts_for(language)
    lines = [
        line
        for line in hotlines_for(language, region)
        if not {HotlineKind.YOUTH, HotlineKind.CHILD}.isdisjoint(line.kinds)
    ]
    rows = [_row(line, texts, hours=not line.all_day) for line in lines]
    return "\n".join(rows) or card_hotlines(language, region)


def render(language: Language, region: Region | None = None) -> str:
    """The whole list for a phone: emergency first, then what is open all day and what is not."""
    texts = texts_for(language)
    lines = hotlines_for(language, region)
    if not lines:
        return texts.risk_region_elsewhere
    helpers = [line for line in lines if not line.is_emergency]
    sections = (
        (texts.hotlines_emergency, [line for line in lines if line.is_emergency]),
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


def _row(line: Hotline, texts: Texts, *, hours: bool = True, hint: str | None = None) -> str:
    row = f"· {line.number} {line.name}"
    if hint is not None:
        return f"{row} ({hint})"
    return f"{row} ({_hours(line, texts)})" if hours else row


def _hours(line: Hotline, texts: Texts) -> str:
    if line.all_day:
        return texts.hotlines_all_day.rstrip("：:")
    if line.hours == AT_LEAST_18:
        return texts.hours_at_least_18
    if line.hours == UNCONFIRMED:
        return texts.hours_unconfirmed
    if line.hours.startswith(WEEKDAYS):
        return texts.hours_weekdays(hours=line.hours.removeprefix(WEEKDAYS))
    return texts.hours_range(hours=line.hours)
