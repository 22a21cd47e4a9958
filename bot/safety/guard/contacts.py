"""Numbers and addresses: only checked hotlines may be named, a model makes others up."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from bot.safety.hotlines import all_hotlines

_CALL = (
    r"(?:拨打?|打|热线|電話|电话|專線|专线|致电|致電|号码|號碼|短信|发送|\bcall|\bdial|\btext"
    r"|hotline|lifeline)"
)
_DIGITS = r"\+?\d(?:[\d ()-]*\d)?"
_NAMED = re.compile(
    rf"{_CALL}[^\d。！？\n]{{0,12}}?({_DIGITS})|({_DIGITS})[^\d。！？\n]{{0,8}}?(?:热线|热線|熱線"
    rf"|专线|專線|电话|電話|hotline)",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?<![\d.])(?:1[3-9]\d{9}|(?:400|800)[- ]?\d{3}[- ]?\d{4}|\(?0\d{2,3}\)?[- ]\d{7,8}"
    r"|\+\d[\d -]{7,})(?!\d)"
)
_SPOKEN = re.compile(rf"{_CALL}[^\d。！？\n]{{0,6}}?([零〇一二三四五六七八九幺]{{3,}})")
_ADDRESS = re.compile(
    r"https?:|www\.|\bt\.me\b|[\w.-]+@[\w-]+\.\w|\b[a-z0-9-]{2,}\.(?:com|cn|org|net|io|top|xyz|cc"
    r"|info|app)\b"
    r"|(?:加|添加)(?:一?下)?我的?[^，。]{0,3}(?:微信|qq|好友|wechat|line|电报)"
    r"|(?:微信|wechat|qq|vx)(?:号|群|號)?[码碼]?(?:是|为|為|[:：])?\s*[a-z0-9][\w-]{4,}"
    r"|我的(?:微信|qq|电话|手机|號碼|号码)",
    re.IGNORECASE,
)
_NOT_A_NUMBER_TO_CALL = re.compile(
    r"\s*(?:[个次分小时天年月日号岁元块条位步点%％:：]|多|遍|通|秒|hours?|minutes?|\.\d)"
)
_SPOKEN_DIGITS = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
MAY_HOLD_ONE = re.compile(
    r"\d{3}|[零〇一二三四五六七八九幺]{3}|http|www|@|\.[a-z]|微信|qq|vx|wechat|line|我的(?:电话"
    r"|手机|号码|號碼)",
    re.IGNORECASE,
)


def names_unknown_contact(text: str) -> bool:
    """Whether `text` gives a number, link or account that is not a checked hotline's."""
    text = unicodedata.normalize("NFKC", text)
    if _ADDRESS.search(text):
        return True
    return any(number not in _known() for number in _numbers(text))


def _numbers(text: str) -> list[str]:
    found = [match[0] for match in _BARE.finditer(text)]
    for match in _NAMED.finditer(text):
        group = 1 if match[1] else 2
        digits = match[group]
        if len(_digits(digits)) >= 3 and not (
            group == 1 and _NOT_A_NUMBER_TO_CALL.match(text, match.end(group))
        ):
            found.append(digits)
    found += [match[1].translate(_SPOKEN_DIGITS) for match in _SPOKEN.finditer(text)]
    return [_digits(number) for number in found]


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


@cache
def _known() -> frozenset[str]:
    """The digits of every number of hotlines.toml, those in the names included."""
    named = (found for line in all_hotlines() for found in re.findall(r"\d[\d ]*\d", line.name))
    return frozenset(_digits(number) for number in (*(x.number for x in all_hotlines()), *named))
