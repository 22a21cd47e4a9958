"""Chinese is answered in the script it is written in."""

from __future__ import annotations

import pytest

from bot.conversation.script import Script, script_for, script_of, write
from bot.locales import Language


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("我今天心裡好難受", Script.TRADITIONAL),
        ("我今天心里好难受", Script.SIMPLIFIED),
        ("今天下雨", None),
        ("I feel bad today", None),
        ("", None),
        ("他説的话", None),
    ],
)
def test_a_script_is_told_from_its_own_characters(text: str, script: Script | None) -> None:
    assert script_of(text) is script


@pytest.mark.parametrize(
    ("chosen", "said", "language", "script"),
    [
        (None, ["我好難受"], Language.ZH_CN, Script.TRADITIONAL),
        (None, ["我好难受"], Language.ZH_TW, Script.SIMPLIFIED),
        (None, ["下雨", "我好難受", "我好难受"], Language.ZH_CN, Script.TRADITIONAL),
        (None, ["嗯"], Language.ZH_TW, Script.TRADITIONAL),
        (None, ["嗯"], Language.ZH_CN, None),
        (None, ["hello"], Language.EN, None),
        ("zh-TW", ["我好难受"], Language.ZH_CN, Script.TRADITIONAL),
        ("zh-CN", ["我好難受"], Language.ZH_TW, Script.SIMPLIFIED),
        ("en", ["我好難受"], Language.EN, None),
    ],
)
def test_a_choice_counts_first_then_the_words_then_the_language(
    chosen: str | None, said: list[str], language: Language, script: Script | None
) -> None:
    assert script_for(chosen, said, language) is script


def test_words_stay_and_only_their_characters_change() -> None:
    assert write("后来头发乱了，软件", Script.TRADITIONAL) == "後來頭髮亂了，軟件"
    assert write("後來頭髮乾了", Script.SIMPLIFIED) == "后来头发干了"
    assert write("后来 ok", None) == "后来 ok"
