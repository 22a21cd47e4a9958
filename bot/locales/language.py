"""The languages the bot speaks, and which one a person gets."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language of the bot, by the tag that also names its file. Chinese of the mainland first."""

    ZH_CN = "zh-CN"
    ZH_TW = "zh-TW"
    EN = "en"


_TRADITIONAL_SUBTAGS = frozenset({"hant", "tw", "hk", "mo"})


def language_for(telegram_language_code: str | None) -> Language:
    """The language for an IETF tag as Telegram sends it; unknown or missing means zh-CN."""
    primary, *subtags = (telegram_language_code or "").lower().replace("_", "-").split("-")
    if primary == "zh":
        # zh-Hans-HK is written in simplified characters: the script counts before the place.
        if "hans" not in subtags and not _TRADITIONAL_SUBTAGS.isdisjoint(subtags):
            return Language.ZH_TW
        return Language.ZH_CN
    return Language.EN if primary == "en" else Language.ZH_CN
