"""Where people find help beyond the lines: checked facts from care.toml, by page and region."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, field_validator

from bot.locales import Language
from bot.safety.hotlines import Region, audience

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class CarePage(StrEnum):
    """What a person asks: where to go, what it is like, and what holds them back."""

    SCHOOL = "school"
    HOSPITAL = "hospital"
    SAY = "say"
    COST = "cost"
    RECORDS = "records"
    HURT = "hurt"
    KNOWN = "known"
    KEPT = "kept"
    MEDICINE = "medicine"
    MONEY = "money"
    FAMILY = "family"


FEARS = (CarePage.KNOWN, CarePage.KEPT, CarePage.MEDICINE, CarePage.MONEY, CarePage.FAMILY)
"""The pages about what holds people back."""


class CareFact(BaseModel):
    """One entry; see the head of care.toml for the meaning of its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: CarePage
    region: Region | Literal["any"]
    source: Text
    dated: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}){0,2}$")]
    text: dict[Language, Text]
    only_for: Literal["minor", "adult"] | None = None
    """Whom it is true of; None: everybody."""

    @field_validator("text")
    @classmethod
    def _in_every_language(cls, text: dict[Language, str]) -> dict[Language, str]:
        if missing := set(Language) - text.keys():
            raise ValueError(f"text: missing {sorted(missing)}")
        return text

    def is_for(self, is_minor: bool | None) -> bool:
        """Whether it is shown to a person; None: their age is not known, so all is."""
        return is_minor is None or self.only_for in (None, "minor" if is_minor else "adult")


def parse(document: str) -> tuple[CareFact, ...]:
    """The entries of a TOML document. Raises pydantic.ValidationError naming entry and field."""
    entries = tomllib.loads(document)["entry"]
    return TypeAdapter(tuple[CareFact, ...]).validate_python(entries)


@lru_cache(maxsize=1)
def all_facts() -> tuple[CareFact, ...]:
    """Every entry of care.toml, read once."""
    return parse(resources.files("bot.safety").joinpath("care.toml").read_text("utf-8"))


def facts_for(
    page: CarePage,
    language: Language,
    region: Region | None = None,
    *,
    is_minor: bool | None = None,
) -> tuple[CareFact, ...]:
    """What is shown on a page: what is true everywhere, then what is of the region.

    `region` None: that of the language, where it has one. `is_minor` None: age not known.
    """
    where = region if region is not None else audience(language).home
    of_page = [fact for fact in all_facts() if fact.page is page and fact.is_for(is_minor)]
    return tuple(
        [fact for fact in of_page if fact.region == "any"]
        + [fact for fact in of_page if fact.region is where]
    )
