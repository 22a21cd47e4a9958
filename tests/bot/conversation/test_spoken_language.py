"""In which language and script a person writes."""

import pytest

from bot.conversation.spoken_language import language_to_ask_for, written_in
from bot.locales import Language

CN, TW, EN = Language.ZH_CN, Language.ZH_TW, Language.EN


@pytest.mark.parametrize(
    ("said", "usual", "language"),
    [
        *((said, CN, TW) for said in ("我養了十二年的貓上週走了", "牠每天在門口等我回家", "妳好")),
        *((said, TW, CN) for said in ("妈妈总说我不懂事", "我没有办法了")),
        *((said, CN, CN) for said in ("他著急了，我也没有办法", "我的后面", "用 Python 写到很晚")),
        *((said, TW, TW) for said in ("我很累", "好想哭")),
        *((said, EN, CN) for said in ("我很累", "好想哭")),
        *((said, CN, EN) for said in ("I can't sleep", "nobody at home listens to me 妈")),
        *((said, CN, None) for said in ("ok", "😭", "...", "12345")),
    ],
)
def test_the_words_tell_and_else_what_is_usual(said, usual, language):
    assert written_in(said, usual) is language


@pytest.mark.parametrize("earlier", [(), ("我睡不着",), ("我睡不着", "ok")])
def test_simplified_chinese_is_asked_for_only_after_something_else(earlier):
    assert language_to_ask_for("还是睡不着", earlier, CN) is None
    assert language_to_ask_for("还是睡不着", (*earlier, "I feel so lost"), CN) is CN


def test_other_languages_are_asked_for():
    assert language_to_ask_for("I feel so lost", ("我睡不着",), CN) is EN
    assert language_to_ask_for("牠每天在門口等我回家", (), CN) is TW


def test_a_sign_alone_is_answered_in_the_language_of_the_talk():
    assert language_to_ask_for("😭", ("I feel so lost",), CN) is EN
    assert language_to_ask_for("😭", (), EN) is None
