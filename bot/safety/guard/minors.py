"""Whether somebody has said to be under 18."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNDER_18 = r"(?:[6-9]|1[0-7]|[六七八九]|十[一二三四五六七]?)"
_SCHOOL = (
    r"(?:小学|初中|高中|中学|初[一二三]|高[一二三]|国[一二三]|國[一二三]"
    r"|[一二三四五六七八九]年[级級]|小[一二三四五六]|中[一二三四五六])"
)
_SAYS_SO = re.compile(
    rf"我(?:今年|才|刚|剛|现在|現在|只有|还|還|快|马上|是|就|也|，|,|\s)*{_UNDER_18}(?:周)?(?:岁"
    rf"|歲)"
    rf"|(?:今年|才|刚满|剛滿|只有){_UNDER_18}(?:周)?(?:岁|歲)"
    rf"|我(?:今年|现在|現在|才|刚|剛|还|還|在|是|正|要|就|也|，|,|\s)*(?:个|個|一名|一个"
    rf"|一個)?(?:读|讀|上|念|唸|升|在)?(?:{_SCHOOL}){{1,2}}(?:生|学生|學生|了|的学生|，|,|。|$|呢|啊|毕业班)"
    r"|我(?:还|還)?(?:是)?(?:个|個)?(?:未成年|中学生|中學生|小学生|小學生|初中生|高中生|国中生"
    r"|國中生)|我未成年|(?:我们|我們)(?:班主任|班级|班級)"
    r"|\bi(?:'m| am)(?: only| just)? (?:[6-9]|1[0-7])\b(?! (?:weeks|months|hours|days|minutes"
    r"|times|years (?!old)))",
    re.IGNORECASE,
)
_LONG_AGO = re.compile(r"(?:那年|那时|那時|时候|時候|以前|曾经|曾經|当时|當時|之前)")


def says_minor(said: Iterable[str]) -> bool:
    """Whether one of a person's messages says an age under 18 or a school grade, as of now."""
    return any(
        not _LONG_AGO.search(text, match.start(), match.end() + 6)
        for text in said
        for match in _SAYS_SO.finditer(text)
    )
