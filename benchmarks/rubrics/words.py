"""The words of the rule checks (words.toml), and how a message is read for them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources

from bot.safety import all_hotlines, simplified

_QUOTED = re.compile(r"「[^」]*」|『[^』]*』|“[^”]*”|\"[^\"]*\"")
_SENTENCE = re.compile(r"[^。!?;\n]*[?]|[^。!?;\n]+")  # of text whose wide marks are narrow
_EMERGENCY_ELSEWHERE = frozenset({"911", "999", "988", "112", "995"})


@cache
def words(name: str) -> re.Pattern[str]:
    """One pattern of all that stands under a name in words.toml."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in _file()[name]))


@cache
def _file() -> dict[str, list[str]]:
    text = resources.files(__package__ or "benchmarks.rubrics").joinpath("words.toml")
    return tomllib.loads(text.read_text("utf-8"))


def plain(text: str) -> str:
    """Simplified characters, lower case, wide marks as narrow ones, ’ as '; line ends stay."""
    return simplified(unicodedata.normalize("NFKC", text)).lower().replace("’", "'")


def sentences(text: str) -> list[str]:
    """The sentences, without what stands in quotation marks: words meant for another person."""
    read = _QUOTED.sub("", plain(text)).replace(". ", ".\n")
    found = (match.group().strip() for match in _SENTENCE.finditer(read))
    return [sentence for sentence in found if sentence.strip("?. ")]


def questions(text: str) -> list[str]:
    """The sentences that ask."""
    return [sentence for sentence in sentences(text) if sentence.endswith("?")]


def has_number(text: str) -> bool:
    """Whether a number of a helpline or of the emergency services stands in it."""
    return _numbers().search(plain(text)) is not None


@cache
def _numbers() -> re.Pattern[str]:
    known = {re.sub(r"\D", "", hotline.number) for hotline in all_hotlines()}
    longest_first = sorted(known | _EMERGENCY_ELSEWHERE, key=len, reverse=True)
    spaced = ("[ -]?".join(number) for number in longest_first)
    return re.compile(r"(?<!\d)(?:" + "|".join(spaced) + r")(?!\d)")


def without_small_print(text: str) -> list[str]:
    """The sentences that say something else than what this software is, is not, and asks for."""
    return [
        sentence
        for sentence in sentences(text)
        if not words("disclaimer").search(sentence.strip(" ."))
        and not words("other_business").search(sentence)
    ]


def is_disclaimer(text: str) -> bool:
    """Whether it says nothing but what this software is and is not."""
    return bool(sentences(text)) and not without_small_print(text)
