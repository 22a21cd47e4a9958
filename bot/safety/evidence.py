"""What a message has in it that could be danger: what is learnt may raise nobody on less.

Most people who write from a subway, alone or at night write of nothing else. Words of place, time
and company were said in danger by those who taught the reader, and are no sign of it by themselves.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from importlib import resources

from bot.safety.normalize import BREAK
from bot.safety.signals import signals_in
from bot.safety.vocabulary import compiled

LIGHT_SIGNALS = frozenset(
    (
        *("writer", "other_person", "you", "still", "soon", "date", "asks", "denied", "joke"),
        *("told", "work", "news", "cheerful", "idiom", "long_ago", "well_now", "exam", "lover"),
        *("baby", "postponed", "promise", "hospital", "calm", "closed", "storey", "settled"),
    )
)
"""Kinds of words that are said as often where nothing is wrong."""

OF_SETTINGS = frozenset(("hides", "dies", "farewell"))
"""Kinds with words of place and company among them: 在门口, 他走了."""

_DAILY = compiled(
    "|".join(
        tomllib.loads(
            resources.files("bot.safety").joinpath("uses.toml").read_text("utf-8")
        ).values()
    )
)
_USED = "〇"
_SETTING = re.compile(
    "|".join(
        sorted(
            (
                word
                for words in tomllib.loads(
                    resources.files("bot.safety").joinpath("settings.toml").read_text("utf-8")
                ).values()
                for word in words.split()
            ),
            key=len,
            reverse=True,
        )
    )
)
_LEFT = 1  # characters


class Evidence(StrEnum):
    """How much there is to go by."""

    SETTING = "setting"
    """Nothing but when, where and with whom: no level is learnt of it."""
    PLAIN = "plain"
    """No grave kind of word: what is learnt has to be surer."""
    DAILY = "daily"
    """Grave kinds of words in what is done with them every day: 绳子 that ties up a parcel."""
    SIGNED = "signed"


def evidence(text: str, signals: frozenset[str], *, is_ruled: bool) -> Evidence:
    """What a reading has in it, by its signals and whether a rule found anything."""
    grave = signals - LIGHT_SIGNALS
    if is_ruled or not grave:
        return Evidence.SIGNED if is_ruled else _without_signs(text, _LEFT, Evidence.PLAIN)
    if _DAILY.search(text):
        grave = signals_in(without_daily_uses(text))[0] - LIGHT_SIGNALS
        if not grave:
            return Evidence.DAILY
    if grave - OF_SETTINGS:
        return Evidence.SIGNED
    return _without_signs(text, 0, Evidence.SIGNED)


def _without_signs(text: str, left: int, otherwise: Evidence) -> Evidence:
    """A setting, where at most so many characters are of anything else."""
    others = _SETTING.sub("", text.replace(BREAK, "").replace(" ", ""))
    return Evidence.SETTING if len(others) <= left else otherwise


def without_daily_uses(text: str) -> str:
    """A reading without what is done every day with things that could be a danger."""
    return _DAILY.sub(_USED, text)
